"""Targets, problems and the lanes of the timeline as a feature of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.timeline.layout import OPTIONAL

if TYPE_CHECKING:
    from rvr_laaf_app.ui.main_window import MainWindow


class FocusFeature(Feature):
    """Binds the actions of focus to the window's `editing`, `focus` and timeline."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        settings, actions = window.session.settings, window.menus.actions
        for lane in OPTIONAL:
            actions[f"lane_{lane}"].setChecked(lane not in settings.hidden_lanes)
        window.workspace.timeline.set_hidden(settings.hidden_lanes)
        actions["zone_bars"].setChecked(settings.zone_bars)
        actions["problem_list"].setChecked(settings.problem_list)

    def handlers(self) -> Handlers:
        """Return what each action does."""
        editing, focus = self._window.editing, self._window.focus
        actions, timeline = self._window.menus.actions, self._window.workspace.timeline
        return {
            "remove_target": editing.remove_selected,
            "zone_bars": lambda: focus.show_bars(actions["zone_bars"].isChecked()),
            "problem_list": lambda: focus.show_list(actions["problem_list"].isChecked()),
            **{f"lane_{lane}": self._choose_lanes for lane in OPTIONAL},
            "zoom_in": lambda: timeline.zoom(1.5),
            "zoom_out": lambda: timeline.zoom(1 / 1.5),
            "target_here": self._target_here,
            "previous_target": lambda: editing.go_to_neighbour(-1),
            "next_target": lambda: editing.go_to_neighbour(1),
            "next_problem": lambda: focus.walk(1),
            "previous_problem": lambda: focus.walk(-1),
            "shorter_pull": lambda: editing.change_pull(-1),
            "longer_pull": lambda: editing.change_pull(1),
            "track_again": editing.track_again,
        }

    def _target_here(self) -> None:
        point = self._window.workspace.picture.point_under_cursor()
        if point is not None:
            self._window.editing.set_target(point)

    def _choose_lanes(self) -> None:
        actions = self._window.menus.actions
        hidden = tuple(lane for lane in OPTIONAL if not actions[f"lane_{lane}"].isChecked())
        self._window.workspace.timeline.set_hidden(hidden)
        self._window.session.remember_lanes(hidden)
