"""Look-ahead on a live stream: each picture is shown some seconds late, refocused with what has been seen since.

Pictures go into a ring; as many as the machine manages are analysed (depth, light, what moves, faces) in the order they
came, the others are passed over, and the rates are told as they are. Focus goes where the fusion that also serves whole
clips sends it (`laaf.fusion`), over the seconds that the ring holds; pulls arrive before their subject matters.
One worker thread calls `step`; `push` may be called by any other.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import LiveFrame
from rvr_laaf_app.core.evidence import GRID, ClipEvidence, Finding, Suggestion
from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.core.geometry import Box, fit_long_side
from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.detect.base import DETECTORS, Look, SeeingDetector
from rvr_laaf_app.document.project import LensSettings
from rvr_laaf_app.estimate.base import DEFAULT_ESTIMATOR, ESTIMATORS, RgbdEstimator
from rvr_laaf_app.laaf.fusion import suggest
from rvr_laaf_app.laaf.pull import eased
from rvr_laaf_app.pipeline.compose import prepare, refocus
from rvr_laaf_app.pipeline.resolve import RenderRequest, aperture_of
from rvr_laaf_app.render.base import DEFAULT_RENDERER, RENDERERS
from rvr_laaf_app.track.base import TRACKERS, Tracker
from rvr_laaf_app.track.disparity import subject_disparity

PICTURE_PX: Final = 640  # long side of what is kept, analysed and shown
HISTORY_S: Final = 4.0  # behind the shown picture: what the fusion needs to know of the past
_RETHINK_S: Final = 0.7
_PULL_S: Final = 0.6
_RATE_S: Final = 3.0  # over which rates are measured
_FEWEST: Final = 6  # analysed pictures before anything is concluded
_SMOOTH: Final = 0.35  # of a new plane in what is shown while it is followed
_SIGHT: Final = ("action", "face", "saliency")
Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AheadSettings:
    """delay_s: how far behind life pictures are shown; f_number: of the imitated lens, on a full frame with 50 mm."""

    delay_s: float = 3.0
    f_number: float = 1.8
    estimator: str = DEFAULT_ESTIMATOR


@dataclass(frozen=True, slots=True)
class Decision:
    """Where focus goes: when it matters (seconds of the stream's clock), and why."""

    seconds: float
    box: Box
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class AheadPicture:
    """One refocused picture [h, w, 3] uint8, how late it is, and the rates: shown, analysed and live a second."""

    rgb: NDArray[np.uint8]
    late_s: float
    fps: float
    analysed_fps: float
    live_fps: float
    box: Box | None
    reason: str


@dataclass(slots=True, eq=False)
class _Entry:
    """An analysed picture; boxes: where the subject of each decision is in it, by the decision's number."""

    number: int
    seconds: float
    frame: Frame
    rgbd: RgbdFrame
    found: dict[str, Finding]
    boxes: dict[int, Box] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Subject:
    """A decision that is followed: its tracker's state after the entry `at`."""

    number: int
    decision: Decision
    ready_s: float
    state: object
    at: int


class _Rate:
    """How often something happens a second, over the last few."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=400)

    def tick(self, now_s: float) -> None:
        self._times.append(now_s)

    def at(self, now_s: float) -> float:
        recent = [t for t in self._times if now_s - t <= _RATE_S]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 and recent[-1] > recent[0] else 0.0


class LiveLookAhead:
    """The ring, what is known of it, and the picture that is due."""

    def __init__(self, settings: AheadSettings | None = None, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings or AheadSettings()
        self._now = now_s
        self._lock = threading.Lock()
        self._newest: LiveFrame | None = None
        self._live, self._analysed, self._shown = _Rate(), _Rate(), _Rate()
        self._entries: deque[_Entry] = deque()
        self._subjects: list[_Subject] = []
        self._next_subject = self._next_entry = 0
        self._thought_s = self._shown_s = -1e9
        self._plane: float | None = None
        self._estimator: RgbdEstimator[object] | None = None
        self._state: object = None
        self._detectors: dict[str, SeeingDetector] = {}
        self._tracker: Tracker[object] = TRACKERS.load("kcf")()
        self._renderer = RENDERERS.load(DEFAULT_RENDERER)()

    def push(self, frame: LiveFrame) -> None:
        """Take a live picture; only the newest is kept until the worker takes it."""
        with self._lock:
            self._newest = frame
            self._live.tick(frame.monotonic_s)

    def set(self, settings: AheadSettings) -> None:
        """Change delay and lens; what is in the ring stays. The estimator is that of the beginning."""
        self._settings = replace(settings, estimator=self._settings.estimator)

    @property
    def decisions(self) -> Sequence[Decision]:
        """Where focus goes in the time that the ring holds, in order."""
        return [s.decision for s in self._subjects]

    def step(self) -> tuple[bool, AheadPicture | None]:
        """Analyse one picture if there is a new one; return whether there was, and the picture that is due, if one is.

        Raises RvrError if depth cannot be estimated here.
        """
        with self._lock:
            frame, self._newest = self._newest, None
        if frame is not None:
            self._analyse(frame)
        return frame is not None, self._due()

    # Analysing

    def _analyse(self, live: LiveFrame) -> None:
        height, width = live.rgb.shape[:2]
        size = fit_long_side((width, height), PICTURE_PX) if max(width, height) > PICTURE_PX else (width, height)
        rgb = live.rgb if size == (width, height) else cv2.resize(live.rgb, size, interpolation=cv2.INTER_AREA)
        frame = Frame(self._next_entry, self._next_entry, np.ascontiguousarray(rgb, np.uint8), "srgb")
        if self._entries and self._entries[-1].frame.rgb.shape != frame.rgb.shape:
            self._forget()
        if self._estimator is None:
            self._estimator = ESTIMATORS.load(self._settings.estimator)()
            self._state = self._estimator.start(ClipTrait(size[0], size[1], 0, 0.0))
            self._detectors = {name: cast("SeeingDetector", DETECTORS.load(name)()) for name in _SIGHT}
        rgbd, self._state = self._estimator.step([frame] * (1 + sum(self._estimator.context)), self._state)
        look = Look(self._next_entry, live.monotonic_s, frame.rgb8)
        found = {}
        for name, detector in self._detectors.items():
            told = detector.look(look)
            found[name] = told[-1] if told else Finding(look.index)
        entry = _Entry(self._next_entry, live.monotonic_s, frame, rgbd, found)
        self._next_entry += 1
        self._entries.append(entry)
        self._analysed.tick(self._now())
        self._follow(entry)
        oldest = entry.seconds - self._settings.delay_s - HISTORY_S
        while self._entries[0].seconds < oldest:
            self._entries.popleft()
        if entry.seconds - self._thought_s >= _RETHINK_S:
            self._thought_s = entry.seconds
            self._think()

    def _forget(self) -> None:
        self._entries.clear()
        self._subjects = []
        self._plane = None
        self._estimator = None

    def _follow(self, entry: _Entry) -> None:
        for subject in self._subjects:
            if subject.at == entry.number - 1:
                box, confidence, subject.state = self._tracker.step(entry.frame.rgb8, subject.state)
                before = self._entry(subject.at)
                held = before.boxes.get(subject.number, subject.decision.box) if before else subject.decision.box
                entry.boxes[subject.number] = box if confidence > 0 else held
                subject.at = entry.number

    def _entry(self, number: int) -> _Entry | None:
        first = self._entries[0].number if self._entries else 0
        place = number - first
        return self._entries[place] if 0 <= place < len(self._entries) else None

    # Deciding

    def _think(self) -> None:
        """Ask the fusion about what the ring holds; decisions about what was shown already are not changed."""
        if len(self._entries) < _FEWEST:
            return
        evidence = self._evidence()
        shown_s = self._now() - self._settings.delay_s
        kept = [s for s in self._subjects if s.ready_s <= shown_s]
        proposed = suggest(evidence, "action", lead_frames=max(1, round(0.2 * evidence.rate)))
        for suggestion in proposed:
            subject = self._subject_of(suggestion)
            if subject.ready_s > shown_s or not kept:
                kept.append(self._same(subject) or subject)
        current = [s for s in kept if s.ready_s <= shown_s][-1:]
        self._subjects = current + sorted((s for s in kept if s.ready_s > shown_s), key=lambda s: s.ready_s)

    def _same(self, subject: _Subject) -> _Subject | None:
        """Return the known decision that this one repeats."""
        for known in self._subjects:
            near = abs(known.ready_s - subject.ready_s) <= _RETHINK_S
            if near and known.decision.box.overlap(subject.decision.box) > 0.2:
                return known
        return None

    def _subject_of(self, suggestion: Suggestion) -> _Subject:
        first = self._entries[0].number
        at = self._entries[min(suggestion.frame, len(self._entries) - 1)]
        ready = self._entries[min(suggestion.ready, len(self._entries) - 1)]
        box = suggestion.box.clipped()
        decision = Decision(at.seconds, box, suggestion.reason)
        made = _Subject(self._next_subject, decision, ready.seconds, self._tracker.start(at.frame.rgb8, box), at.number)
        self._next_subject += 1
        at.boxes[made.number] = box
        for number in range(at.number + 1, first + len(self._entries)):
            entry = self._entry(number)
            if entry is not None:
                moved, confidence, made.state = self._tracker.step(entry.frame.rgb8, made.state)
                entry.boxes[made.number] = moved if confidence > 0 else self._held(made, number - 1)
                made.at = number
        return made

    def _held(self, subject: _Subject, number: int) -> Box:
        entry = self._entry(number)
        return subject.decision.box if entry is None else entry.boxes.get(subject.number, subject.decision.box)

    def _evidence(self) -> ClipEvidence:
        first = self._entries[0].number
        columns, rows = GRID
        blank = np.zeros((rows, columns), np.float16)
        faces, blobs, camera = [], [], []
        for entry in self._entries:
            at = float(entry.number - first)
            for region in entry.found["face"].regions:
                box = region.box
                faces.append((at, region.subject, box.x, box.y, box.width, box.height, region.score, *region.measures))
            for region in entry.found["action"].regions:
                box = region.box
                blobs.append((at, box.x, box.y, box.width, box.height, region.score, *region.measures))
            camera.append(entry.found["action"].measures or (0.0, 0.0, 1.0))

        def heats(name: str) -> NDArray[np.float16]:
            maps = (e.found[name].heat for e in self._entries)
            return np.stack([blank if m is None else m.astype(np.float16) for m in maps])

        return ClipEvidence(
            np.array([e.seconds for e in self._entries], np.float64),
            (),
            heats("action"),
            heats("saliency"),
            np.array(camera, np.float32),
            np.array(faces, np.float32).reshape(-1, 10),
            np.array(blobs, np.float32).reshape(-1, 9),
        )

    # Showing

    def _due(self) -> AheadPicture | None:
        now = self._now()
        wanted = now - self._settings.delay_s
        due = [e for e in self._entries if self._shown_s < e.seconds <= wanted]
        if not due:
            return None
        entry = due[-1]
        self._shown_s = entry.seconds
        focus, subject = self._focus(entry)
        rgb = self._rendered(entry, focus)
        self._shown.tick(self._now())
        now = self._now()
        box = entry.boxes.get(subject.number) if subject is not None else None
        reason = subject.decision.reason if subject is not None else ""
        return AheadPicture(
            rgb, now - entry.seconds, self._shown.at(now), self._analysed.at(now), self._live.at(now), box, reason
        )

    def _focus(self, entry: _Entry) -> tuple[float, _Subject | None]:
        """Return the plane of a picture: that of the subject that matters now, on its way to the next one."""
        current = next((s for s in reversed(self._subjects) if s.ready_s <= entry.seconds), None)
        coming = next((s for s in self._subjects if s.ready_s > entry.seconds), None)
        plane = self._plane_of(entry, current)
        if plane is None:
            plane = self._plane if self._plane is not None else float(np.median(entry.rgbd.disparity))
        if self._plane is not None:
            plane = self._plane + _SMOOTH * (plane - self._plane)
        self._plane = plane
        if coming is None or coming.ready_s - entry.seconds > _PULL_S:
            return plane, current
        goal = self._plane_of(self._nearest(coming, entry), coming)
        share = eased(1.0 - (coming.ready_s - entry.seconds) / _PULL_S, "in_out")
        return plane + share * ((plane if goal is None else goal) - plane), current

    def _nearest(self, subject: _Subject, entry: _Entry) -> _Entry:
        """Return this picture if the subject is known in it, else the first one in which it is."""
        if subject.number in entry.boxes:
            return entry
        return next((e for e in self._entries if subject.number in e.boxes), entry)

    def _plane_of(self, entry: _Entry, subject: _Subject | None) -> float | None:
        box = entry.boxes.get(subject.number) if subject is not None else None
        if box is None:
            return None
        plane = subject_disparity(entry.rgbd.disparity.astype(np.float32), box)
        return None if np.isnan(plane) else plane

    def _rendered(self, entry: _Entry, focus: float) -> NDArray[np.uint8]:
        width, height = entry.frame.size
        lens = LensSettings(lens=Lens(f_number=self._settings.f_number))
        request = RenderRequest(
            index=entry.number,
            size=(width, height),
            focus_disparity=focus,
            blur_gain_px=lens.blur_gain_px(width, width),
            max_coc_px=lens.max_coc_px * width / 1920,
            aperture=aperture_of(lens.aperture),
            highlight_boost=lens.highlight_boost,
            quality="preview",
            guard=lens.confidence_guard,
        )
        picture = refocus(prepare(entry.frame, entry.rgbd), request, self._renderer)
        return cast("NDArray[np.uint8]", picture)
