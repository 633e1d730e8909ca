"""One autofocus run of a window: on a region, or on the nearest subject, which is looked for first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.camera.base import LiveFrame
from rvr_laaf_app.camera.focusing import Seen
from rvr_laaf_app.camera.session import CameraSession
from rvr_laaf_app.camera.session_values import SessionTask

if TYPE_CHECKING:
    from rvr_laaf_app.camera.defocus import DefocusModel
    from rvr_laaf_app.core.geometry import Box
    from rvr_laaf_app.pipeline.capture_focus import FocusLook
    from rvr_laaf_app.pipeline.capture_nearest import Nearest

Region = Callable[[LiveFrame], "Box | None"]


@dataclass(slots=True)
class Focusing:
    """How it is done; told gets each look in the session's thread. model, width_px: as `begin_search` takes them."""

    session: CameraSession
    limits: tuple[int, int]
    method: str
    depth_of_field: int
    model: DefocusModel | None
    width_px: int | None
    told: Callable[[FocusLook], None]
    _count: int = field(default=0)

    def on(self, region: Region, *, start: int) -> SessionTask[Any]:
        """Search for focus on a region, from a lens position on."""
        from rvr_laaf_app.pipeline.capture_focus import begin_search, region_for

        search = begin_search(
            self.method,
            self.limits,
            start=start,
            depth_of_field=self.depth_of_field,
            model=self.model,
            width_px=self.width_px,
        )
        return self.session.run_autofocus(search, region=region_for(region), on_step=self._seen)

    def nearest(self) -> SessionTask[Nearest]:
        """Look where the nearest subject is."""
        from rvr_laaf_app.pipeline.capture_nearest import nearest_search

        search = nearest_search(self.limits, near_is_low=self.session.status.drive.near_is_low)
        return self.session.run_autofocus(search, on_step=lambda seen: self._seen(seen, scanning=True))

    def after(
        self, region: Region, *, start: int, told: Callable[[Box], None]
    ) -> Callable[[Nearest], SessionTask[Any]]:
        """Return what goes on once the nearest subject is known, and tells it; without one the region is taken."""

        def found(subject: Nearest) -> SessionTask[Any]:
            box = subject.box
            if box is None:
                return self.on(region, start=start)
            told(box)
            return self.on(lambda _frame: box, start=subject.place)

        return found

    def _seen(self, seen: Seen, *, scanning: bool = False) -> None:
        from rvr_laaf_app.pipeline.capture_focus import look_of

        self._count += 1
        self.told(look_of(seen, self._count, scanning=scanning))
