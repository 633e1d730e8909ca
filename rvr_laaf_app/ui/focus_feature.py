"""Targets, problems and the lanes of the timeline as a feature of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QMenu

from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.focus_depths import FocusDepths
from rvr_laaf_app.ui.focus_seed import SeedBoxes
from rvr_laaf_app.ui.focus_tools import FocusTools
from rvr_laaf_app.ui.newest import close_all
from rvr_laaf_app.ui.timeline.layout import OPTIONAL

if TYPE_CHECKING:
    from rvr_laaf_app.core.geometry import Point
    from rvr_laaf_app.ui.main_window import MainWindow

_MENU_OF_TARGET = (
    ("cut_targets", "copy_targets", "paste_targets", "remove_target"),
    ("accept_target", "refuse_target"),
    ("strength_firm", "strength_soft", "strength_suggested"),
    ("hold_plane", "end_hold", "hold_on"),
    ("group_targets", "group_f_number", "end_group"),
    ("reacquire", "track_again", "track_forwards", "track_backwards", "forget_corrections"),
)
_MENU_OF_TIME = (("paste_targets", "select_all_targets"), ("snapping", "zoom_fit", "zoom_frames"))
LEAP_FRAMES = 10


class FocusFeature(Feature):
    """Binds the actions of focus to the window's `editing`, `focus` and timeline."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        settings, actions = window.session.settings, window.menus.actions
        self.tools = FocusTools(window.session, window.stage, window.editing)
        self.seeds = SeedBoxes(window.bridge, self)
        window.editing.use_seeds(self.seeds)
        self.depths = FocusDepths(window.session, window.stage, window.editing, self.tools, window.bridge)
        for lane in OPTIONAL:
            actions[f"lane_{lane}"].setChecked(lane not in settings.hidden_lanes)
        window.workspace.timeline.set_hidden(settings.hidden_lanes)
        window.workspace.timeline.targets.menu_filler = self._fill_menu
        actions["zone_bars"].setChecked(settings.zone_bars)
        actions["problem_list"].setChecked(settings.problem_list)
        actions["snapping"].setChecked(True)
        self._connect_panel()

    def _connect_panel(self) -> None:
        panel, editing = self._window.workspace.inspector.targets, self._window.editing
        panel.details.strength_chosen.connect(self._strength_chosen)
        panel.details.hold_edited.connect(self.tools.edit_hold)
        panel.details.follow_toggled.connect(self.tools.toggle_plane)
        panel.details.offset_edited.connect(self.tools.edit_offset)
        panel.details.gesture_ended.connect(editing.end_gesture)
        panel.details.group_asked.connect(self.tools.make_group)
        panel.details.ungroup_asked.connect(self.tools.end_group)
        panel.details.close_lens_asked.connect(self.depths.close_lens)
        panel.planes.planes_asked.connect(self.depths.ask_planes)
        panel.planes.plane_chosen.connect(self.tools.set_plane)
        panel.planes.dropper_asked.connect(self._plane_here)
        panel.planes.dropper_left.connect(lambda: editing.take_next_point(None))
        picture = self._window.workspace.picture
        picture.given_up.connect(lambda: editing.take_next_point(None))
        picture.adds = True
        picture.point_added.connect(self.tools.keep_too)
        editing.taking_changed.connect(panel.planes.show_picking)
        self.depths.planes_found.connect(panel.planes.show_planes)
        self.depths.group_told.connect(panel.details.show_group)
        self.tools.told.connect(panel.details.say)
        editing.selection_changed.connect(self.depths.look)
        self._window.stage.index_changed.connect(panel.planes.forget)

    @Slot(str)
    def _strength_chosen(self, strength: str) -> None:
        self.tools.set_strength(strength)  # type: ignore[arg-type]

    def handlers(self) -> Handlers:
        """Return what each action does."""
        editing, focus, tools = self._window.editing, self._window.focus, self.tools
        actions, timeline = self._window.menus.actions, self._window.workspace.timeline
        return {
            "remove_target": editing.remove_selected,
            "cut_targets": tools.cut,
            "copy_targets": tools.copy,
            "paste_targets": tools.paste,
            "select_all_targets": tools.select_every,
            "zone_bars": lambda: focus.show_bars(actions["zone_bars"].isChecked()),
            "problem_list": lambda: focus.show_list(actions["problem_list"].isChecked()),
            **{f"lane_{lane}": self._choose_lanes for lane in OPTIONAL},
            "zoom_in": lambda: timeline.zoom(1.5),
            "zoom_out": lambda: timeline.zoom(1 / 1.5),
            "zoom_fit": timeline.zoom_fit,
            "zoom_frames": timeline.zoom_frames,
            "snapping": self._choose_snapping,
            "target_here": lambda: self._with_pointer(editing.set_target),
            "keep_too": lambda: self._with_pointer(tools.keep_too),
            "plane_here": self._plane_here,
            "previous_target": lambda: editing.go_to_neighbour(-1),
            "next_target": lambda: editing.go_to_neighbour(1),
            "next_problem": lambda: focus.walk(1),
            "previous_problem": lambda: focus.walk(-1),
            "shorter_pull": lambda: editing.change_pull(-1),
            "longer_pull": lambda: editing.change_pull(1),
            **self._handlers_of_selection(),
        }

    def _handlers_of_selection(self) -> Handlers:
        tools = self.tools
        return {
            "nudge_back": lambda: tools.nudge(-1),
            "nudge_on": lambda: tools.nudge(1),
            "leap_target_back": lambda: tools.nudge(-LEAP_FRAMES),
            "leap_target_on": lambda: tools.nudge(LEAP_FRAMES),
            "end_hold": tools.end_hold,
            "hold_on": tools.hold_on,
            "strength_suggested": lambda: tools.set_strength("suggested"),
            "strength_soft": lambda: tools.set_strength("soft"),
            "strength_firm": lambda: tools.set_strength("firm"),
            "hold_plane": tools.toggle_plane,
            "plane_nearer": lambda: tools.nudge_plane(1),
            "plane_farther": lambda: tools.nudge_plane(-1),
            "group_targets": tools.make_group,
            "group_f_number": self.depths.close_lens,
            "end_group": tools.end_group,
            "reacquire": lambda: tools.reacquire(self._window.workspace.picture.point_under_cursor()),
            "track_again": lambda: tools.track_part(forwards=True, backwards=True),
            "track_forwards": lambda: tools.track_part(forwards=True, backwards=False),
            "track_backwards": lambda: tools.track_part(forwards=False, backwards=True),
            "forget_corrections": tools.forget_corrections,
        }

    def show_state(self) -> None:
        """Bring the panel of the selected target up to date."""
        self.depths.look()

    def ask_to_end(self) -> None:
        """Measure and grow nothing more."""
        self.depths.ask_to_end()
        self.seeds.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the threads."""
        return close_all((self.depths, self.seeds), timeout_s)

    def _with_pointer(self, use: Callable[[Point], object]) -> None:
        point = self._window.workspace.picture.point_under_cursor()
        if point is not None:
            use(point)

    @Slot()
    def _plane_here(self) -> None:
        """Focus on the depth under the pointer; with the pointer elsewhere, the next click says where."""
        point = self._window.workspace.picture.point_under_cursor()
        if point is not None:
            self.tools.set_plane(point)
        else:
            self._window.editing.take_next_point(self.tools.set_plane)

    def _choose_lanes(self) -> None:
        actions = self._window.menus.actions
        hidden = tuple(lane for lane in OPTIONAL if not actions[f"lane_{lane}"].isChecked())
        self._window.workspace.timeline.set_hidden(hidden)
        self._window.session.remember_lanes(hidden)

    def _choose_snapping(self) -> None:
        self._window.workspace.timeline.targets.snapping = self._window.menus.actions["snapping"].isChecked()

    def _fill_menu(self, menu: QMenu, target_id: str, frame: int) -> None:
        """Offer actions in the target lane: with a target what can be done with it, else what can be done there."""
        if not target_id:
            here = menu.addAction(self.tr("Paste Here"))
            here.triggered.connect(lambda: self.tools.paste(frame))
        for part in _MENU_OF_TARGET if target_id else _MENU_OF_TIME:
            for name in part:
                action = self._window.menus.actions[name]
                if action.isEnabled():
                    menu.addAction(action)
            menu.addSeparator()
