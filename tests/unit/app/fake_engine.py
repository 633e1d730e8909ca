"""An engine without pixels: clips are small text files, analysis and tracking obey the test."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.core.errors import ExportError, MediaError
from rvr_laaf_app.core.evidence import Suggestion
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.depth_source import DEFAULT_SOURCE, DepthSource
from rvr_laaf_app.document.project import Project, SubjectTrack
from rvr_laaf_app.jobs.job import Job, Progress


@dataclass
class FakeProducts:
    """Stands for ClipProducts: only whether it is complete matters here."""

    info: Any
    key: str = ""
    complete: bool = False
    writers: int = 0
    let_gos: int = 0

    def let_go(self) -> None:
        self.let_gos += 1

    @property
    def meta(self) -> SimpleNamespace:
        return SimpleNamespace(done=int(self.complete), final=int(self.complete), frames=1)


@dataclass
class FakeEngine:
    """A clip file holds its number of frames as text. `gate` stops every job at each step while it is cleared."""

    gate: threading.Event = field(default_factory=threading.Event)
    log: list[str] = field(default_factory=list)
    fail: dict[str, Exception] = field(default_factory=dict)
    steps: int = 5

    def __post_init__(self) -> None:
        self.gate.set()

    def fingerprint(self, path: str) -> str:
        self._raise("fingerprint")
        return hashlib.blake2b(Path(path).read_bytes(), digest_size=8).hexdigest()

    def probe(self, path: str) -> Any:
        self._pass("probe")
        try:
            frames = int(Path(path).read_text())
        except (OSError, ValueError):
            raise MediaError("not a clip", where=path) from None
        return SimpleNamespace(path=path, frames=frames, fingerprint=self.fingerprint(path), display_size=(64, 36))

    def products_of(self, info: Any, source: DepthSource = DEFAULT_SOURCE) -> Any:
        self._raise("products")
        return FakeProducts(info, key=source.estimator)

    def analyse_job(self, products: Any) -> Job[Any]:
        assert products.writers == 0, "two jobs write the products of one clip"
        products.writers += 1
        try:
            for step in range(self.steps):
                self._pass("analyse")
                yield Progress(step + 1, self.steps, "analysing")
            products.complete = True
            return products
        finally:
            products.writers -= 1

    def track_job(self, products: Any, project: Project, target_id: str) -> Job[SubjectTrack]:
        assert products.complete
        target = project.target(target_id)
        assert target is not None
        stop = min((t.frame for t in project.targets if t.frame > target.frame), default=products.info.frames)
        for _ in range(2):
            self._pass(f"track {target_id}")
            yield Progress(0, None, "tracking")
        count = stop - target.frame
        return SubjectTrack(
            target_id,
            target.frame,
            np.full((count, 4), 0.25, np.float32),
            np.ones(count, np.float32),
            by=target.tracker,
            for_place=(target.frame, target.place),
        )

    def suggest_job(self, info: Any, mode: str) -> Job[list[Suggestion]]:
        for step in range(self.steps):
            self._pass(f"suggest {mode}")
            yield Progress(step + 1, self.steps, "looking")
        box, other = Box(0.1, 0.2, 0.2, 0.3), Box(0.6, 0.2, 0.2, 0.3)
        return [
            Suggestion(n, box, 0.9, "voice", f"{mode} {n}", ready=max(n - 6, 0), runner_up="other", runner_up_box=other)
            for n in range(5, info.frames, 20)
        ]

    def check_export(self, choice: ExportChoice, info: Any) -> None:
        if Path(choice.path).exists() and not choice.overwrite:
            raise ExportError("the output exists already", where=choice.path)

    def export_job(self, products: Any, project: Project, choice: ExportChoice) -> Job[Any]:
        assert products.complete
        assert all(project.track_of(t) is not None for t in project.targets)
        for step in range(self.steps):
            self._pass("export")
            yield Progress(step + 1, self.steps, "exporting")
        Path(choice.path).write_text(f"{len(project.targets)} targets")
        return SimpleNamespace(path=choice.path, frames=products.info.frames, audio=0)

    def _pass(self, what: str) -> None:
        self.log.append(what)
        assert self.gate.wait(20)
        self._raise(what.split()[0])

    def _raise(self, what: str) -> None:
        if what in self.fail:
            raise self.fail[what]
