"""Algorithm 1 line by line with networks that are told what to say; the belief of ours; the published weights."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import FocusRange, Patch
from rvr_laaf_app.autofocus.learned import AlgorithmOne, middle
from rvr_laaf_app.autofocus.modern import BlurReader, FocusBelief, ModernAutofocus, Reading
from rvr_laaf_app.autofocus.run import run_search
from rvr_laaf_app.autofocus.weights import load_blur_net, load_paper_nets
from rvr_laaf_app.camera.defocus import apply_defocus, paper_model
from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.estimate.checkpoints import models_folder
from rvr_laaf_app.nets.autofocus_nets import RingSpectra

LIMITS = FocusRange(1050, 2100, 20)


class Told(AlgorithmOne):
    """Algorithm 1 whose networks know the truth: the patch holds where it was taken."""

    def __init__(self, z0: int, error: float = 0.0, tolerance: float = 10) -> None:
        self.z0, self.error, self.tolerance = z0, error, tolerance

    def read(self, patch: Patch) -> tuple[float, float]:
        away = abs(float(patch[0, 0]) - self.z0)
        return away * (1 + self.error), float(away <= self.tolerance)


def see(z: int) -> Patch:
    return np.full((4, 4), z, np.float32)


def places(method: AlgorithmOne, start: int, seed: int = 0) -> list[int]:
    return [step.position for step in run_search(method, LIMITS, see, start=start, seed=seed).result.steps]


def test_in_focus_at_once() -> None:
    run = run_search(Told(1403), LIMITS, see, start=1400)
    assert (run.result.position, run.moves) == (1400, 0)


def test_one_side_outside_means_one_move() -> None:
    assert places(Told(1800), 1100) == [1100, 1800]
    assert places(Told(1300), 2000) == [2000, 1300]


def test_both_inside_are_both_looked_at_and_the_nearer_is_kept() -> None:
    run = run_search(Told(1500), LIMITS, see, start=1400)
    assert [step.position for step in run.result.steps] == [1400, 1500, 1300]
    assert run.result.position == 1500
    assert run.moves == 3  # there, to the other side, and back
    assert places(Told(1300), 1400) == [1400, 1500, 1300]


def test_verified_positions_are_not_looked_at_again() -> None:
    # f_e says 20 % too much: 1400 -> 1520 and 1280; the better one, 1520, is 24 away by its own account
    assert places(Told(1500, error=0.2), 1400) == [1400, 1520, 1280, 1544, 1496]


def test_both_outside_means_anywhere_by_the_seed() -> None:
    wild = Told(1500, error=9.0)
    first, again, other = places(wild, 1400, 1), places(wild, 1400, 1), places(wild, 1400, 2)
    assert first == again
    assert first != other
    assert all(LIMITS.minimum <= place <= LIMITS.maximum for place in first)


def test_it_ends_though_nothing_ever_looks_in_focus() -> None:
    run = run_search(Told(1500, tolerance=-1), LIMITS, see, start=1400)
    assert not run.result.found
    assert run.result.position == 1500


def test_a_patch_is_cut_or_mirrored_but_never_resized() -> None:
    large = np.arange(600 * 700, dtype=np.float32).reshape(600, 700)
    assert np.array_equal(middle(large)[0].numpy(), large[44:556, 94:606])
    small = np.random.default_rng(0).random((200, 512), dtype=np.float32)
    whole = middle(small)[0].numpy()
    assert whole.shape == (512, 512)
    assert np.array_equal(whole[156:356], small)
    assert np.array_equal(whole[155], small[0])


def reading(radius: float, spread: float = 0.02) -> Reading:
    radii = np.linspace(0.0, 170.0, 400)
    return Reading(radii, -0.5 * ((radii - radius) / (spread * radius + 0.3)) ** 2)


def test_one_picture_leaves_two_places_and_the_second_decides() -> None:
    model = paper_model()
    belief = FocusBelief(LIMITS, model, None)
    belief.see(1500, reading(float(model.radius_at(1700, 1500))), 1.0)
    chance = belief.chance()
    other = float(belief.places[belief.places < 1500][int(chance[belief.places < 1500].argmax())])
    near = [float(chance[np.abs(belief.places - place) < 25].sum()) for place in (1700, other)]
    assert sum(near) > 0.8
    assert min(near) > 0.2
    assert float(model.radius_at(other, 1500)) == pytest.approx(float(model.radius_at(1700, 1500)), rel=0.05)
    belief.see(round(other), reading(float(model.radius_at(1700, other))), 0.5)
    assert float(belief.places[int(belief.chance().argmax())]) == pytest.approx(1700, abs=6)


def test_the_sharper_of_two_pictures_is_nearer_to_focus_even_if_readings_say_nothing() -> None:
    nothing = Reading(np.array([0.0, 170.0]), np.zeros(2))
    belief = FocusBelief(LIMITS, paper_model(), None)
    belief.see(1200, nothing, 1.0)
    belief.see(1400, nothing, 2.0)
    chance = belief.chance()
    assert chance[belief.places > 1310].sum() > 0.95


def test_without_a_calibration_the_rate_of_blur_is_learnt_from_the_pictures() -> None:
    belief = FocusBelief(LIMITS, None, None)
    for z in (1100, 1900, 1500):
        belief.see(z, reading(0.3 * abs(z - 1600)), 1.0 / (1 + abs(z - 1600)))
    assert float(belief.places[int(belief.chance().argmax())]) == pytest.approx(1600, abs=12)
    rate = float(belief.scales[np.exp(belief.log_belief).sum(axis=1).argmax()]) * 0.15
    assert rate == pytest.approx(0.3, rel=0.12)


@pytest.fixture(scope="module")
def light() -> NDArray[np.float32]:
    rng = np.random.default_rng(4)
    blocks = np.kron(rng.random((110, 110)), np.ones((8, 8)))
    return np.asarray(0.1 + 0.3 * rng.random((880, 880)) + 0.5 * blocks, np.float32)


@pytest.mark.parametrize(("z0", "start"), [(1250, 2000), (1620, 1400)])
def test_the_published_network_finds_focus_in_few_moves(light: NDArray[np.float32], z0: int, start: int) -> None:
    model = paper_model()
    rng = np.random.default_rng(0)

    def look(z: int) -> Patch:
        seen = apply_defocus(light, float(model.radius_at(z0, z)), magnification=float(model.magnification_at(z0, z)))[
            184:696, 184:696
        ]
        noisy = seen * 0.4 + 0.004 * rng.standard_normal(seen.shape, dtype=np.float32)
        return np.asarray(np.round(255 * np.clip(noisy, 0, 1) ** (1 / 2.2)) / 255, np.float32)

    run = run_search(ModernAutofocus(model), LIMITS, look, start=start)
    assert run.result.found
    assert abs(run.result.position - z0) <= 10
    assert run.moves <= 3


def test_the_published_network_reads_the_radius_from_any_size_of_patch(light: NDArray[np.float32]) -> None:
    reader = BlurReader()
    seen = apply_defocus(light, 12.0)
    shown = np.asarray(np.clip(seen * 0.4, 0, 1) ** (1 / 2.2), np.float32)
    for high, wide in ((512, 512), (300, 420), (256, 256)):
        told = reader.read(shown[180 : 180 + high, 180 : 180 + wide])
        best = float(told.radii_px[int(told.log_likelihood.argmax())])
        assert best == pytest.approx(12.0, rel=0.15)


def test_exposure_does_not_change_the_spectra() -> None:
    rng = np.random.default_rng(0)
    linear = torch.from_numpy(rng.random((1, 128, 128), dtype=np.float32)) * 0.4

    def encoded(x: torch.Tensor) -> torch.Tensor:
        # the inverse of the cubic that the network uses would be exact; the curve itself is near enough
        return torch.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)

    net = RingSpectra()
    assert torch.allclose(net(encoded(linear)), net(encoded(linear * 2)), atol=0.05)


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path) -> None:
    folder = models_folder()
    for name in ("manifest.json", "autofocus-1.safetensors", "autofocus-paper-1.safetensors"):
        shutil.copy(folder / name, tmp_path)
    assert load_blur_net(tmp_path).config.bins > 0
    load_blur_net.cache_clear()
    data = bytearray((tmp_path / "autofocus-1.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "autofocus-1.safetensors").write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="sha256"):
        load_blur_net(tmp_path)
    listing = json.loads((tmp_path / "manifest.json").read_text())
    listing["roles"]["autofocus"] = listing["roles"]["autofocus_paper"]
    (tmp_path / "manifest.json").write_text(json.dumps(listing))
    with pytest.raises(CheckpointError, match="another network"):
        load_blur_net(tmp_path)
    with pytest.raises(CheckpointError, match="list of weights"):
        load_paper_nets(tmp_path / "nowhere")


def test_a_measured_model_is_trusted_less_than_a_formula() -> None:
    formula = paper_model()
    measured = replace(formula, measured=True)
    exact, rough = (FocusBelief(LIMITS, model, None).scales for model in (formula, measured))
    assert np.ptp(exact) < np.ptp(rough) < np.ptp(FocusBelief(LIMITS, None, None).scales)
