"""The project as an immutable value. An edit is a function Project -> Project; undo keeps the old value.

Nothing here is derived: depth, flow and focus curves are products of the clip and are computed elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.frame import digest_of
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.document.depth_source import DEFAULT_SOURCE, DepthSource
from rvr_laaf_app.document.lens_keys import LensKey, f_number_at, f_numbers
from rvr_laaf_app.document.play_range import PlayRange
from rvr_laaf_app.document.refusal import Refusal
from rvr_laaf_app.document.repair import Repair

Ease = Literal["linear", "in", "out", "in_out"]
Strength = Literal["suggested", "soft", "firm"]
WHOLE_CLIP = PlayRange()
DEFAULT_PULL_FRAMES = 10  # rvr-laaf.txt, section 5: about 0.67 s at 15 fps


@dataclass(frozen=True, slots=True)
class ClipRef:
    """The clip that is edited: where it lies and how to know it again.

    fingerprint: hash of size and content ends (media.probe.fingerprint); "" until the clip was opened once.
    """

    path: str
    fingerprint: str = ""
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Correction:
    """Where the subject of a target is at another frame, as the user showed it: its track is led through here."""

    frame: int
    place: Point | Box


@dataclass(frozen=True, slots=True)
class FocusTarget:
    """A New Focus Target: from `frame` on, the subject at `place` must be sharp (the pull ends before it).

    place: what the user gave, a point or a box at `frame`. pull_frames: length of the pull that arrives at `frame`.
    hold_frames: how long the subject must stay sharp; None = until the next target. follow: False = the plane stays at
    the depth that the subject has at `frame` ("hold this plane"). offset: of the plane from the subject in disparity,
    positive = nearer. group: targets in a row with one name are kept sharp together. corrections: by frame.
    """

    id: str
    frame: int
    place: Point | Box
    tracker: str = "kcf"
    pull_frames: int = DEFAULT_PULL_FRAMES
    ease: Ease = "linear"
    strength: Strength = "firm"
    source: str = "user"
    reason: str = ""
    hold_frames: int | None = None
    follow: bool = True
    offset: float = 0.0
    group: str = ""
    corrections: tuple[Correction, ...] = ()

    def __post_init__(self) -> None:
        if self.frame < 0 or self.pull_frames < 0:
            raise ValueError("frame and pull_frames must not be negative")
        if self.hold_frames is not None and self.hold_frames < 1:
            raise ValueError("hold_frames must be at least 1")


@dataclass(frozen=True, slots=True, eq=False)
class SubjectTrack:
    """Where the subject of a target was found, frame by frame from `start` on.

    boxes [N, 4] float32 (x, y, width, height; 0..1); confidence [N] float32, 0 = not found, box held from before.
    `for_place` repeats the target's place and frame, so that a moved target makes its old track stale; so does
    `corrections`. sought_from: the frame back to which the subject was looked for, None = not known.
    Compared and hashed by content.
    """

    target_id: str
    start: int
    boxes: NDArray[np.float32]
    confidence: NDArray[np.float32]
    by: str = "kcf"
    for_place: tuple[int, Point | Box] | None = None
    corrections: tuple[Correction, ...] = ()
    sought_from: int | None = None
    _digest: list[str] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        boxes, confidence = self.boxes, self.confidence
        if boxes.ndim != 2 or boxes.shape[1] != 4 or confidence.shape != boxes.shape[:1]:
            raise ValueError(f"track arrays must be [N, 4] and [N], not {boxes.shape} and {confidence.shape}")
        for array in (boxes, confidence):
            array.flags.writeable = False

    @property
    def stop(self) -> int:
        """First frame after the track."""
        return self.start + len(self.boxes)

    @property
    def digest(self) -> str:
        """Content hash of everything but the id, computed once."""
        if not self._digest:
            told = (self.start, self.by, self.for_place, self.corrections, self.sought_from)
            header = np.frombuffer("|".join(map(str, told)).encode(), np.uint8)
            self._digest.append(digest_of(header, self.boxes, self.confidence))
        return self._digest[0]

    def box_at(self, frame: int) -> Box | None:
        """Return the box at `frame`, or None outside the track."""
        if not self.start <= frame < self.stop:
            return None
        return Box(*(float(v) for v in self.boxes[frame - self.start]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SubjectTrack):
            return NotImplemented
        return self.target_id == other.target_id and self.digest == other.digest

    def __hash__(self) -> int:
        return hash((self.target_id, self.digest))


@dataclass(frozen=True, slots=True)
class ApertureSettings:
    """The shape of the opening, hence of a blurred light.

    blades: 0 = round, 5..9 = polygon turned by rotation_deg; squeeze: width over height of an out-of-focus light,
    0.5..2 (1 = round, about 0.5 = anamorphic upright oval); cats_eye: 0..1, clipping of the disc towards the corners.
    """

    blades: int = 0
    rotation_deg: float = 0.0
    squeeze: float = 1.0
    cats_eye: float = 0.0

    def __post_init__(self) -> None:
        if self.blades != 0 and not 5 <= self.blades <= 9:
            raise ValueError("an aperture has 0 (round) or 5 to 9 blades")
        if not 0.5 <= self.squeeze <= 2.0:
            raise ValueError("squeeze must be between 0.5 and 2")
        if not 0.0 <= self.cats_eye <= 1.0:
            raise ValueError("cats_eye must be between 0 and 1")


@dataclass(frozen=True, slots=True)
class LensSettings:
    """How the synthetic lens blurs.

    blur_px: if set, the blur radius in pixels of the full-size clip for something one unit of relative disparity
    (the whole depth of the shot) away from the focal plane; if None, `lens` decides.
    highlight_boost: 0..1, how much of the estimated exposure above display white is used.
    max_near_coc_px: as max_coc_px, for what lies in front of the focal plane.
    breathing: -0.2..0.2, by how much the picture is larger when focus is at the nearest thing than at the farthest.
    confidence_guard: 0..1, how far blur is held back where the depth is doubtful.
    f_number_keys: sorted by frame; with any, they give the f-number of each frame instead of lens.f_number. A plain
    blur strength (blur_px) knows no f-number, so keys wait until the lens decides again.
    """

    lens: Lens = Lens()
    blur_px: float | None = None
    aperture: ApertureSettings = ApertureSettings()
    highlight_boost: float = 1.0
    max_coc_px: float = 160.0  # diameter at full size; bounds the time of a frame
    max_near_coc_px: float = 160.0
    breathing: float = 0.0
    confidence_guard: float = 0.5
    f_number_keys: tuple[LensKey, ...] = ()

    @property
    def follows_keys(self) -> bool:
        """True if the f-number changes from frame to frame as the keys say."""
        return bool(self.f_number_keys) and self.blur_px is None

    def at(self, frame: int) -> LensSettings:
        """Return the lens as it stands at one frame: without keys, with the f-number that they give there."""
        if not self.f_number_keys:
            return self
        if self.blur_px is not None:
            return replace(self, f_number_keys=())
        f_number = f_number_at(self.f_number_keys, frame)
        return replace(self, lens=replace(self.lens, f_number=f_number), f_number_keys=())

    def blur_gain_px(self, width_px: int, full_width_px: int) -> float:
        """Coc diameter in pixels per unit of disparity in a picture `width_px` wide of a clip `full_width_px` wide.

        It is that of `lens` itself: ask `at(frame)` or `gains_px` where keys may move the f-number.
        """
        if self.blur_px is not None:
            return 2.0 * self.blur_px * width_px / full_width_px
        return self.lens.blur_gain_px(width_px)

    def f_numbers(self, frames: int) -> NDArray[np.float32]:
        """Return the f-number of every frame [frames] float32."""
        if self.follows_keys:
            return f_numbers(self.f_number_keys, frames)
        return np.full(frames, self.lens.f_number, np.float32)

    def gains_px(self, frames: int, width_px: int) -> NDArray[np.float32]:
        """Return `blur_gain_px` of every frame [frames] float32, at the full width of the clip."""
        gain = np.float32(self.blur_gain_px(width_px, width_px))
        if not self.follows_keys:
            return np.full(frames, gain, np.float32)
        return gain * np.float32(self.lens.f_number) / self.f_numbers(frames)


@dataclass(frozen=True, slots=True)
class Project:
    """Everything the user decided about one clip.

    targets are sorted by frame; tracks are keyed by their target_id; `metadata` keeps keys of newer versions.
    """

    clip: ClipRef | None = None
    targets: tuple[FocusTarget, ...] = ()
    tracks: tuple[SubjectTrack, ...] = ()
    lens: LensSettings = LensSettings()
    metadata: tuple[tuple[str, str], ...] = ()  # key -> JSON text
    repairs: tuple[Repair, ...] = ()  # of the depth, each over those before it
    play_range: PlayRange = WHOLE_CLIP  # the I and O marks
    refusals: tuple[Refusal, ...] = ()  # suggestions that the user does not want, by frame
    depth: DepthSource = DEFAULT_SOURCE

    def target(self, target_id: str) -> FocusTarget | None:
        """Return the target with this id, or None."""
        return next((t for t in self.targets if t.id == target_id), None)

    def track_of(self, target: FocusTarget) -> SubjectTrack | None:
        """Return the track of this target if it still fits the target's place, frame and tracker."""
        for track in self.tracks:
            if track.target_id == target.id:
                return track if _fits(track, target) else None
        return None

    def fitting_tracks(self) -> tuple[SubjectTrack | None, ...]:
        """Return `track_of` each target, at once."""
        known = {track.target_id: track for track in self.tracks}
        found = ((target, known.get(target.id)) for target in self.targets)
        return tuple(track if track is not None and _fits(track, target) else None for target, track in found)

    def with_targets(self, targets: tuple[FocusTarget, ...]) -> Project:
        """Return the project with these targets, sorted; tracks of vanished targets go."""
        ordered = tuple(sorted(targets, key=lambda t: (t.frame, t.id)))
        known = {t.id for t in ordered}
        return replace(self, targets=ordered, tracks=tuple(t for t in self.tracks if t.target_id in known))


def _fits(track: SubjectTrack, target: FocusTarget) -> bool:
    same_place = track.for_place in (None, (target.frame, target.place))
    return same_place and track.by == target.tracker and track.corrections == target.corrections
