"""Depth repair as a feature of the window: tool, brush over the picture, panel, and what is shown of the changes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QImage

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.repair import LARGEST_RADIUS, SMALLEST_RADIUS, BrushSettings, Repair, RepairKind
from rvr_laaf_app.document.repair_edits import find_repair
from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.panels.repair_panel import RepairPanel, RepairRow
from rvr_laaf_app.ui.repair_pictures import ChangePictures
from rvr_laaf_app.ui.timeline.scale import clock_text
from rvr_laaf_app.ui.viewer.repair_brush import RepairBrush

if TYPE_CHECKING:
    from rvr_laaf_app.document.document import Change
    from rvr_laaf_app.jobs.scheduler import JobStatus
    from rvr_laaf_app.ui.main_window import MainWindow

SIZE_STEP = 1.2  # of the radius, for one press of a key
JOB = "repair"
TALL_PX = 1000  # a window in which inspector and panel stand one above the other


class RepairFeature(Feature):
    """Holds the brush, the sample and which repair is selected; everything else is in the project."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        actions = window.menus.actions
        self._kind: RepairKind = "nearer"
        self._brush = BrushSettings()
        self._sample: tuple[int, Point, float] | None = None  # frame, place, what repairs below add to the estimate
        self._selected: str | None = None
        self._gestures = itertools.count(1)
        self._gesture: int | None = None
        self._share: float | None = None
        self._possible = False
        self._shown_version: object = None
        self.brush = RepairBrush(window.workspace.picture)
        self.panel = RepairPanel(actions)
        self.changes = ChangePictures(window.bridge, self._changes_ready)
        self.dock = window.add_dock("repair", self.tr("Depth Repair"), self.panel, "right", shown=False)
        actions["repair_nearer"].setChecked(True)
        actions["show_repairs"].setChecked(True)
        self.panel.shown.setChecked(True)
        self._connect()
        self._show()

    def _connect(self) -> None:
        self.brush.stroke_drawn.connect(self._drawn)
        self.brush.sample_wanted.connect(self._take_sample)
        self.brush.resize_wanted.connect(self._resize)
        self.brush.given_up.connect(self._leave)
        self.panel.brush_edited.connect(self._brush_edited)
        self.panel.gesture_ended.connect(self._gesture_ended)
        self.panel.repair_selected.connect(self._select)
        self.panel.repair_activated.connect(self._go_to)
        self.panel.repair_switched.connect(self._switch)
        self._window.stage.index_changed.connect(self._index_changed)
        self._window.stage.playing_changed.connect(self._playing_changed)
        session = self._window.session
        self._unsubscribe = [session.on_change(self._changed), session.on_job(self._job_told)]

    def handlers(self) -> Handlers:
        """Return what each action does."""
        return {
            "repair_tool": self._toggle,
            "repair_nearer": lambda: self._choose("nearer"),
            "repair_farther": lambda: self._choose("farther"),
            "repair_same": lambda: self._choose("same"),
            "sample_depth": self._sample_here,
            "brush_smaller": lambda: self._resize(-1),
            "brush_larger": lambda: self._resize(1),
            "show_repairs": self._show_changes,
            "previous_repair": lambda: self._walk(-1),
            "next_repair": lambda: self._walk(1),
            "switch_repair": self._switch_selected,
            "remove_repair": self._remove,
        }

    def show_state(self) -> None:
        """Leave the tool when there is nothing to repair any more."""
        products = self._window.session.products
        if self.brush.active and (products is None or products.meta.done == 0):
            self._set_tool(False)

    def ask_to_end(self) -> None:
        """Hear no more of the session, draw no further picture."""
        for end in self._unsubscribe:
            end()
        self._unsubscribe = []
        self.changes.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread."""
        return self.changes.close(timeout_s)

    # The tool

    def _toggle(self) -> None:
        self._set_tool(self._window.menus.actions["repair_tool"].isChecked())

    @Slot()
    def _leave(self) -> None:
        self._set_tool(False)

    def _set_tool(self, on: bool) -> None:
        actions = self._window.menus.actions
        actions["repair_tool"].setChecked(on)
        if on:
            self._window.stage.stop()
            if not actions["dock_repair"].isChecked():
                actions["dock_repair"].trigger()
            self._make_room()
            self.dock.raise_()
        self.brush.set_active(on)
        self._window.show_state()
        self._show()

    def _make_room(self) -> None:
        """In a low window the panel comes over the inspector, as a tab: one above the other both would be too low."""
        window = self._window
        inspector = window.docks.docks.get("inspector")
        if inspector is None or window.height() >= TALL_PX or self.dock.isFloating() or not inspector.isVisible():
            return
        right = Qt.DockWidgetArea.RightDockWidgetArea
        if window.dockWidgetArea(self.dock) == right == window.dockWidgetArea(inspector):
            window.tabifyDockWidget(inspector, self.dock)

    def _choose(self, kind: RepairKind) -> None:
        self._kind = kind
        self._window.menus.actions[f"repair_{kind}"].setChecked(True)
        self._select("")

    @Slot(int)
    def _resize(self, steps: int) -> None:
        radius = self._brush.radius * SIZE_STEP**steps
        self._brush = replace(self._brush, radius=min(max(radius, SMALLEST_RADIUS), LARGEST_RADIUS))
        self._select("")

    def _sample_here(self) -> None:
        if self.brush.active and self.brush.place is not None:
            self._take_sample(self.brush.place)

    @Slot(object)
    def _take_sample(self, place: Point) -> None:
        """Take the depth of a place of the shown frame for "same as here"."""
        index, products = self._window.stage.index, self._window.session.products
        if products is None or not products.has(index):
            return
        from rvr_laaf_app.pipeline.repaired import level_around

        repairs = self._window.session.project.repairs
        shown, below = products.rgbd(index, repairs), products.rgbd(index)
        shift = level_around(shown, place.x, place.y) - level_around(below, place.x, place.y)
        self._sample = index, place, min(max(shift, -1.0), 1.0)
        self._choose("same")

    @Slot(object)
    def _drawn(self, stroke: tuple[float, ...]) -> None:
        session, index = self._window.session, self._window.stage.index
        products = session.products
        if products is None or not products.has(index):
            self.panel.show_hint(self.tr("The depth of this frame is not known yet."))
            return
        sample = self._sample
        if self._kind == "same" and (sample is None or sample[0] != index):
            self.panel.show_hint(self.tr("Alt+click a place of this frame that has the right depth first."))
            return
        place, shift = (sample[1], sample[2]) if sample is not None and self._kind == "same" else (None, 0.0)
        made: list[str] = []
        self._window.attempt(
            lambda: made.append(
                session.add_repair(self._kind, index, stroke, brush=self._brush, sample=place, shift=shift)
            )
        )
        if made:
            self._select(made[0])

    # The selected repair

    @property
    def selected(self) -> Repair | None:
        """The repair that the panel's numbers belong to."""
        return None if self._selected is None else find_repair(self._window.session.project, self._selected)

    @Slot(str)
    def _select(self, repair_id: str) -> None:
        self._selected = repair_id or None
        chosen = self.selected
        if chosen is not None:
            self._brush = chosen.brush
        self._show()

    @Slot(str)
    def _go_to(self, repair_id: str) -> None:
        repair = find_repair(self._window.session.project, repair_id)
        if repair is not None:
            self._window.stage.seek(repair.frame)
            self._select(repair_id)

    def _walk(self, direction: int) -> None:
        """Go to the next repair in time; behind the last one comes the first."""
        ordered = sorted(self._window.session.project.repairs, key=lambda r: r.frame)
        if not ordered:
            return
        ids = [r.id for r in ordered]
        if self._selected in ids:
            number = ids.index(self._selected) + direction
        else:
            index = self._window.stage.index
            later = sum(r.frame <= index for r in ordered)
            number = later if direction > 0 else later - 1
        self._go_to(ids[number % len(ids)])

    @Slot(str, bool)
    def _switch(self, repair_id: str, on: bool) -> None:
        self._window.attempt(lambda: self._window.session.switch_repair(repair_id, on))

    def _switch_selected(self) -> None:
        chosen = self.selected
        if chosen is not None:
            self._switch(chosen.id, not chosen.on)

    def _remove(self) -> None:
        chosen = self.selected
        if chosen is not None:
            self._window.attempt(lambda: self._window.session.remove_repair(chosen.id))

    @Slot(str, object)
    def _brush_edited(self, field: str, value: object) -> None:
        given: dict[str, Any] = {field: value}
        self._brush = replace(self._brush, **given)
        chosen = self.selected
        if chosen is not None:
            if self._gesture is None:
                self._gesture = next(self._gestures)
            gesture = self._gesture
            self._window.attempt(lambda: self._window.session.change_repair(chosen.id, gesture=gesture, **given))
        self._show()

    @Slot()
    def _gesture_ended(self) -> None:
        if self._gesture is not None:
            self._gesture = None
            self._window.attempt(self._window.session.end_gesture)

    # What happened

    def _changed(self, change: Change) -> None:
        if change.kind == "open":
            self._selected = self._sample = None
        if change.old.repairs is not change.new.repairs or change.kind == "open":
            chosen = self.selected
            self._selected = None if chosen is None else chosen.id
            if chosen is not None:
                self._brush = chosen.brush
            self._show()

    def _job_told(self, status: JobStatus) -> None:
        products = self._window.session.products
        possible = products is not None and products.meta.done > 0
        if possible != self._possible:
            self._possible = possible
            self._window.show_state()
        if status.name != JOB:
            return
        self._share = None if status.finished else status.progress.fraction
        version = None if products is None else products.carried.version
        if version != self._shown_version:
            self._shown_version = version
            self._window.stage.refresh()
            self._window.stage.lanes.look(self._window.session.project)
            self._window.focus.show_clip()  # subjects may have another depth now
            self._show_changes()
        self._show_rows()

    @Slot(int)
    def _index_changed(self, _index: int) -> None:
        self._show_changes()
        self._show_brush()

    @Slot(bool)
    def _playing_changed(self, playing: bool) -> None:
        if playing:
            self.brush.set_changes(QImage())
        else:
            self._show_changes()

    # What is shown

    def _show(self) -> None:
        self._show_brush()
        self._show_rows()
        self._show_changes()

    def _show_brush(self) -> None:
        index, chosen = self._window.stage.index, self.selected
        self.brush.set_brush(self._kind, self._brush)
        sample = self._sample
        self.brush.set_sample(None if sample is None else sample[1], here=sample is not None and sample[0] == index)
        self.brush.set_marked(chosen.stroke if chosen is not None and chosen.frame == index else ())
        heading = (
            self.tr("NEXT STROKE") if chosen is None else self.tr("STROKE AT {0}").replace("{0}", self._time(chosen))
        )
        self.panel.show_brush(self._brush, heading)
        self.panel.show_hint(self._hint())

    def _hint(self) -> str:
        if not self.brush.active:
            return self.tr("Press P and draw over what is blurred, or sharp, by mistake.")
        if self._kind == "same":
            if self._sample is None or self._sample[0] != self._window.stage.index:
                return self.tr("Alt+click a place of this frame that has the right depth, then draw.")
            return self.tr("Draw over what belongs to the marked place. Alt+click samples another one.")
        return self.tr("Draw over what has the wrong depth. [ and ] change the size, Esc leaves the brush.")

    def _show_rows(self) -> None:
        repairs = self._window.session.project.repairs
        names = {"nearer": self.tr("nearer"), "farther": self.tr("farther"), "same": self.tr("same as sample")}
        rows = tuple(
            RepairRow(r.id, self._time(r), names[r.kind], r.on) for r in sorted(repairs, key=lambda r: r.frame)
        )
        share = "" if self._share is None else self.tr("carrying {0}").replace("{0}", f"{self._share:.0%}")
        self.panel.show_rows(rows, self._selected, state=share or str(len(rows)))

    def _time(self, repair: Repair) -> str:
        info = self._window.session.clip
        table = None if info is None else info.table
        if table is None or repair.frame >= len(table):
            return str(repair.frame)
        return clock_text(table.seconds_of(repair.frame))

    def _show_changes(self) -> None:
        window = self._window
        wanted = window.menus.actions["show_repairs"].isChecked() and self.brush.active
        products = window.session.products if wanted and not window.stage.player.playing else None
        self.changes.ask(products, window.session.project.repairs, window.stage.index)

    def _changes_ready(self, image: QImage) -> None:
        self.brush.set_changes(image)
