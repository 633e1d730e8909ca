"""Public depth networks of the `transformers` library as estimators, from folders that the user installed.

The folder's files are hashed before they are used; weights are safetensors, no code of the folder runs, nothing is
fetched. The networks give relative disparity or metres; both become disparity on one scale per clip. They know nothing
of light (it is borrowed from our own network) nor of their own errors (the confidence is a constant).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.estimate.borrowed_light import BorrowedLight
from rvr_laaf_app.estimate.level_range import LevelRange
from rvr_laaf_app.estimate.model_store import InstalledNet
from rvr_laaf_app.estimate.net_files import CONFIG, KINDS, LIBRARY, PREPARATION, read_json
from rvr_laaf_app.estimate.preparation import Preparation
from rvr_laaf_app.estimate.rvr import as_shown

MAP_LONG_SIDE: Final = 640
# Raise when anything between network and result changes, so that cached products are made again.
STEPS_VERSION: Final = 1
LOOKS: Final = 12  # frames, evenly spaced, from which the clip's range is told
# An assumption, not a measurement: these networks do not say where they are wrong.
CONFIDENCE: Final = 0.9
_OFFLINE: Final = (
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_HUB_DISABLE_TELEMETRY",
    "HF_HUB_DISABLE_PROGRESS_BARS",
)
_NEAREST_M: Final = 0.05  # nearer than any camera focuses; keeps 1 / distance finite


class PretrainedEstimator:
    """Disparity by an installed network, light by ours. The state is the range of levels of the shot or clip.

    After `look_ahead` every shot has the clip's range. Without it a shot has the range of its first frame.
    """

    context = (0, 0)

    def __init__(self, net: InstalledNet, *, device: str | None = None) -> None:
        self.name = net.name
        self._light = BorrowedLight()
        self.version = f"{net.name}-{net.digest[:16]}-{STEPS_VERSION}+{self._light.version}"
        self._installed = net
        self._preparation = Preparation.of(
            read_json(net.folder / PREPARATION), kind=net.kind, where=net.folder / PREPARATION
        )
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._net: Any = None
        self._range = LevelRange()

    def look_ahead(self, read: Callable[[int], Frame], frames: int) -> Iterator[tuple[int, int]]:
        """Find the range of levels in a few frames of the whole clip; yields (frames seen, frames in all)."""
        found = LevelRange()
        wanted = np.unique(np.linspace(0, frames - 1, min(LOOKS, frames)).round().astype(int))
        for seen, index in enumerate(wanted, start=1):
            found = found.including(self._levels(_shown(read(int(index)))))
            yield seen, len(wanted)
        self._range = found

    def close(self) -> None:
        """Nothing is open."""

    def start(self, clip: ClipTrait) -> LevelRange:
        """Load the network; return the clip's range, empty if it is not known."""
        self._loaded()
        return self._range

    def step(self, frames: Sequence[Frame], state: LevelRange) -> tuple[RgbdFrame, LevelRange]:
        """Return the estimate of the middle frame; maps have its aspect and a long side of at most 640."""
        frame = frames[len(frames) // 2]
        shown = _shown(frame)
        levels = self._levels(shown)
        known = state if not state.empty else LevelRange().including(levels)
        disparity = known.disparity(levels)
        height, width = disparity.shape
        boost = self._light.boost_stops(frame, (width, height))
        confidence = np.full((height, width), CONFIDENCE, np.float16)
        return RgbdFrame(frame.index, disparity.astype(np.float16), boost, confidence), known

    @torch.inference_mode()
    def _levels(self, shown: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what the network says of a picture [H, W, 3] uint8, larger = nearer, [H, W] float32."""
        net = self._loaded()
        given = self._preparation.to_input(shown).to(self._device)
        raw = net(pixel_values=given).predicted_depth[0]
        levels = self._preparation.from_output(raw, (shown.shape[1], shown.shape[0]))
        if not np.isfinite(levels).all():
            raise CheckpointError("the network gives numbers that are not finite", where=self._installed.folder)
        if self._installed.output == "distance":
            levels = np.reciprocal(np.maximum(levels, np.float32(_NEAREST_M)))
        return levels

    def _loaded(self) -> Any:
        if self._net is None:
            self._installed.verify()
            self._net = load_net(self._installed.folder, self._installed.kind).to(self._device)
        return self._net


def estimator_class(net: InstalledNet) -> type[PretrainedEstimator]:
    """Return the class of estimators that use this network, as the registry wants it."""

    class Installed(PretrainedEstimator):
        """An installed network."""

        def __init__(self) -> None:
            super().__init__(net)

    return Installed


def load_net(folder: Path, kind: str) -> Any:
    """Return the network in `folder`, ready for use; raise CheckpointError if its weights do not fit its settings."""
    transformers = _transformers()
    where = folder / CONFIG
    try:
        net, report = getattr(transformers, KINDS[kind]).from_pretrained(
            str(folder),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            dtype=torch.float32,
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, ImportError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"the network cannot be built ({reason})", where=where) from error
    odd = [f"{name}" for key in ("missing_keys", "mismatched_keys") for name in report.get(key) or ()]
    if odd:
        raise CheckpointError(f"the weights do not fit the settings: {len(odd)} are missing ({odd[0]})", where=where)
    return net.eval().requires_grad_(False)


def _transformers() -> Any:
    """Import the library with its way to the net switched off, and its bars and advice silent."""
    for switch in (
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "HF_HUB_DISABLE_TELEMETRY",
        "HF_HUB_DISABLE_PROGRESS_BARS",
    ):
        os.environ[switch] = "1"
    try:
        import transformers
    except ImportError as error:
        raise CheckpointError(
            f"installed networks need the package {error.name}", remedy=f"Install it: pip install {LIBRARY}"
        ) from error
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def _shown(frame: Frame) -> NDArray[np.uint8]:
    """The frame as a screen would show it, no larger than the maps."""
    scale = MAP_LONG_SIDE / max(frame.size)
    rgb = frame.rgb
    if scale < 1.0:
        width, height = (max(round(side * scale), 1) for side in frame.size)
        rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    return as_shown(rgb, frame.transfer, frame.primaries)
