"""Simulated patches are what the defocus model says; networks trained and published come back the same."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import scipy.fft
import torch

from rvr_laaf_app.autofocus.weights import load_blur_net, load_paper_nets
from rvr_laaf_app.camera.blur import disk_kernel
from rvr_laaf_app.camera.defocus import paper_model
from rvr_laaf_app.nets.autofocus_nets import FEATURES, BlurNet, BlurNetConfig
from rvr_laaf_app.training.data_autofocus import (
    Exposure,
    blurred,
    disk,
    exposed,
    magnified,
    random_position,
    random_scene,
    random_surface,
    write_pool,
)
from rvr_laaf_app.training.data_autofocus_drawn import SIDE
from rvr_laaf_app.training.train_autofocus import (
    PaperPair,
    Pool,
    Settings,
    blur_errors,
    fit_blur,
    joined,
    label_of,
    publish,
    train_paper,
)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pool")
    write_pool(folder, [], surfaces=4, views=4, seed=3)
    return folder


@pytest.mark.parametrize("radius", [0.4, 1.7, 3.9, 4.2, 17.3, 60.8])
def test_the_fast_disk_is_the_exact_one(radius: float) -> None:
    fast, exact = disk(radius), disk_kernel(radius)
    assert float(fast.sum()) == pytest.approx(1.0, abs=1e-4)
    half = (exact.shape[0] - fast.shape[0]) // 2
    padded = np.pad(fast, half) if half >= 0 else fast[-half:half, -half:half]
    assert float(np.abs(padded - exact).sum()) < 0.03


def test_blur_keeps_light_and_size_is_about_the_middle() -> None:
    surface = random_surface(np.random.default_rng(1), [])
    seen = blurred(scipy.fft.rfft2(surface), 30.0)
    assert seen.shape == (SIDE, SIDE)
    assert float(seen.mean()) == pytest.approx(float(surface.mean()), rel=1e-3)
    assert float(seen.std()) < float(surface.std())
    dot = np.zeros((SIDE, SIDE), np.float32)
    dot[SIDE // 2 - 1 : SIDE // 2 + 1, SIDE // 2 + 99 : SIDE // 2 + 101] = 1.0
    place = np.unravel_index(int(magnified(dot, 1.1).argmax()), (512, 512))
    assert abs(int(place[1]) - (256 + 110)) <= 1
    assert abs(int(place[0]) - 256) <= 1


def test_noise_grows_with_light_and_the_same_seed_gives_the_same_picture() -> None:
    steps = np.repeat(np.array([0.05, 0.4], np.float32), 256)[None].repeat(512, 0)
    exposure = Exposure(1.0, 1e-3, 1e-3)
    picture = exposed(steps, exposure, np.random.default_rng(5))
    light = (picture / 255.0) ** 2.2
    assert float(light[:, 300:].std()) > 1.8 * float(light[:, :200].std())
    assert np.array_equal(picture, exposed(steps, exposure, np.random.default_rng(5)))


def test_a_pool_says_what_the_model_says(pool: Path) -> None:
    facts, model = np.load(pool / "facts.npz"), paper_model()
    assert np.allclose(facts["radius_px"], model.signed_radius_at(facts["z0"], facts["z"]))
    assert set(facts["surface"]) == {0.0, 1.0, 2.0, 3.0}
    assert np.load(pool / "patches.npy").shape == (16, 512, 512)
    rng = np.random.default_rng(0)
    places = [random_position(rng, 1500.0, (1050, 2100)) for _ in range(400)]
    assert all(1050 <= place <= 2100 for place in places)
    assert 0.02 < np.mean(np.array(places) == 1500) < 0.2
    scene = random_scene(np.random.default_rng(4), [], model, two=1.0)
    assert scene.mask is not None
    light, radius, _ = scene.seen(scene.subject.z0 + 40, model)
    assert light.shape == (512, 512)
    assert radius == pytest.approx(float(model.radius_at(scene.subject.z0, scene.subject.z0 + 40)))


def test_labels_are_probabilities_around_the_radius() -> None:
    config = BlurNetConfig()
    label = label_of(torch.tensor([0.0, 3.3, 170.0]), config)
    assert torch.allclose(label.sum(1), torch.ones(3), atol=1e-4)
    assert int(label[0].argmax()) == 0
    assert int(label[2].argmax()) >= config.bins - 2


def test_one_batch_is_learnt_and_what_is_published_comes_back_the_same(pool: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    some = Pool.open([pool])
    features, radius = some.spectra(), torch.from_numpy(some.radius_px).float()
    assert features.shape == (16, FEATURES)
    assert some.spectra(cut=True).shape == (16, FEATURES)
    net = BlurNet(BlurNetConfig(width=48, members=2, dropout=0.01))
    before = blur_errors(net, features, radius)["loss"]
    fit_blur(net, features, radius, Settings(blur_steps=150, blur_batch=16, blur_jitter=0.0, blur_decay=0.0))
    after = blur_errors(net, features, radius)["loss"]
    assert after < before / 2
    name, role = "autofocus-7", "autofocus"
    path = publish(
        net, name=name, role=role, kind="blur_net", config=asdict(net.config), models=tmp_path, card="# card\n"
    )
    assert path.stat().st_size < 1_000_000
    assert (tmp_path / "autofocus-7.md").read_text() == "# card\n"
    again = load_blur_net(tmp_path)
    with torch.inference_mode():
        assert torch.equal(again(features), net(features))


def test_joined_networks_give_the_mean_of_their_answers() -> None:
    torch.manual_seed(3)
    nets = [BlurNet(BlurNetConfig(width=16, members=2, bins=20)).eval() for _ in range(2)]
    nets[1].mean.fill_(0.7)
    nets[1].scale.fill_(1.9)
    features = torch.randn(5, FEATURES)
    with torch.inference_mode():
        both = joined(nets)(features).exp()
        assert torch.allclose(both, (nets[0](features).exp() + nets[1](features).exp()) / 2, atol=1e-5)


def test_the_paper_s_networks_are_trained_resumed_and_published(pool: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    some = Pool.open([pool])
    pictures = some.pictures(np.array([3, 7]))
    assert pictures.shape == (2, 1, 512, 512)
    assert float(pictures[0].mean()) == pytest.approx(0.0, abs=1e-4)
    quick = Settings(paper_epochs=2, discriminator_epochs=1, paper_batch=8, discriminator_batch=8)
    train_paper(some, some, tmp_path, quick)
    assert (tmp_path / "f_e.csv").read_text().count("\n") == 3
    train_paper(some, some, tmp_path, Settings(paper_epochs=3, discriminator_epochs=1, paper_batch=8))
    assert (tmp_path / "f_e.csv").read_text().count("\n") == 4
    pair = PaperPair().eval()
    role = "autofocus_paper"
    config = asdict(pair.estimator.config)
    publish(pair, name="paper-7", role=role, kind=role, config=config, models=tmp_path, card=None)
    again = load_paper_nets(tmp_path)
    with torch.inference_mode():
        assert torch.equal(again.estimator(pictures), pair.estimator(pictures))
        assert torch.equal(again.discriminator(pictures), pair.discriminator(pictures))
