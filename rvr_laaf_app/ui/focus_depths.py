"""Depth behind the target panel, looked up in a thread: planes of the shown frame, what a group needs of the lens."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.ui.newest import NewestWorker, close_all

if TYPE_CHECKING:
    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.pipeline.focus_group import GroupNeed
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.editing import Editing
    from rvr_laaf_app.ui.focus_tools import FocusTools
    from rvr_laaf_app.ui.stage import Stage

log = logging.getLogger(__name__)


class FocusDepths(QObject):
    """Asks the pipeline in a thread of its own; what is told is of the newest question."""

    planes_found = Signal(object)  # FramePlanes, or None: the depth of this frame is not known yet
    group_told = Signal(object, float)  # GroupNeed or None: nothing selected that is a group; the f-number as it is

    def __init__(self, session: Session, stage: Stage, editing: Editing, tools: FocusTools, bridge: GuiBridge) -> None:
        super().__init__(editing)
        self._session, self._stage, self._editing, self._tools = session, stage, editing, tools
        self._bridge = bridge
        self._asked: object = None
        self._need: GroupNeed | None = None
        self._closed = False
        self._planes: NewestWorker[Callable[[], None]] = NewestWorker(lambda work: work(), name="depth-planes")
        self._groups: NewestWorker[Callable[[], None]] = NewestWorker(lambda work: work(), name="group-depth")

    def ask_to_end(self) -> None:
        """Measure nothing more; does not wait."""
        self._closed = True
        self._planes.ask_to_end()
        self._groups.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the threads; False if one did not end in time."""
        self.ask_to_end()
        return close_all((self._planes, self._groups), timeout_s)

    @Slot()
    def ask_planes(self) -> None:
        """Find the depth planes of the shown frame; `planes_found` tells."""
        products, project, index = self._session.products, self._session.project, self._stage.index
        if products is None or not products.has(index):
            self.planes_found.emit(None)
            return

        def work() -> None:
            from rvr_laaf_app.pipeline.focus_planes import planes_at

            try:
                found = planes_at(products, project, index)
            except RvrError:
                log.info("no planes can be found here", exc_info=True)
                return
            except Exception:  # the thread must live on, but this is a fault of ours
                log.exception("finding planes failed")
                return
            self._bridge.post(lambda: None if self._closed else self.planes_found.emit(found))

        self._planes.submit(work)

    @Slot()
    def look(self) -> None:
        """Measure what the group of the leading target needs, if anything of it changed."""
        members, project, products = self._tools.selected_group(), self._session.project, self._session.products
        meta = products.meta if products is not None else None
        tracks = tuple(project.track_of(t) for t in members)
        asked = (members, tracks, project.lens, project.repairs, meta.final if meta is not None else None)
        if asked == self._asked:
            return
        self._asked = asked
        if not members or products is None:
            self._need = None
            self.group_told.emit(None, 0.0)
            return

        def work() -> None:
            from rvr_laaf_app.pipeline.focus_group import group_need

            try:
                need = group_need(products, project, members)
            except RvrError:
                log.info("the group cannot be measured", exc_info=True)
                return
            except Exception:
                log.exception("measuring the group failed")
                return
            self._bridge.post(lambda: self._tell(asked, need))

        self._groups.submit(work)

    def _tell(self, asked: object, need: GroupNeed) -> None:
        if asked == self._asked and not self._closed:
            self._need = need
            settings = self._session.project.lens
            self.group_told.emit(need, settings.at(need.frame).lens.f_number)

    @Slot()
    def close_lens(self) -> None:
        """Set the smallest f-number that keeps the group sharp: keyed where the f-number is keyed, else for all."""
        need, settings = self._need, self._session.project.lens
        if need is None or not need.known:
            return
        if need.blur_px is not None:
            changed = replace(settings, blur_px=need.blur_px)
        elif need.reachable is not None and settings.f_number_keys:
            from rvr_laaf_app.document.lens_keys import LensKey, with_key

            keys = with_key(settings.f_number_keys, LensKey(need.start, need.reachable))
            changed = replace(settings, f_number_keys=keys)
        elif need.reachable is not None:
            changed = replace(settings, lens=replace(settings.lens, f_number=need.reachable))
        else:
            return
        self._editing.attempt(lambda: self._session.set_lens(changed, label="Keep the group sharp"))
