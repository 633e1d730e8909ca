"""Playing, stepping, marks, views and zoom as a feature of the window: actions, and what the widgets tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeySequence

from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.playback.held_keys import HeldKeys
from rvr_laaf_app.ui.playback.player import SLOW
from rvr_laaf_app.ui.playback.timecode import timecode_of
from rvr_laaf_app.ui.timeline.range_marks import RangeMarks

if TYPE_CHECKING:
    from rvr_laaf_app.document.play_range import PlayRange
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.ui.main_window import MainWindow
    from rvr_laaf_app.ui.playback.player import Pace

LEAP_FRAMES = 10
_HALF = 0.5


class PlaybackFeature(Feature):
    """Binds playing and viewing to the window's stage, picture, transport and timeline."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._stage = window.stage
        self._picture, self._transport = window.workspace.picture, window.workspace.transport
        self._info: ClipInfo | None = None
        self._wiped_at = _HALF
        self.marks = RangeMarks(window.workspace.timeline)
        self.held = HeldKeys(window.menus.actions, self)
        self._connect()
        window.session.on_change(lambda _change: self._show_marks())

    def _connect(self) -> None:
        stage, picture, transport = self._stage, self._picture, self._transport
        stage.before_changed.connect(picture.set_before)
        stage.pace_changed.connect(self._show_pace)
        stage.ready_changed.connect(self.marks.set_ready)
        stage.view_changed.connect(self._show_legend)
        picture.zoom_changed.connect(self._zoomed)
        picture.resized.connect(self._zoomed)
        picture.wipe_moved.connect(self._wipe_moved)
        picture.space_tapped.connect(self._space_tapped)
        transport.time_chosen.connect(stage.seek)
        transport.keys_left.connect(self._keys_to_picture)
        self.marks.mark_dragged.connect(self._mark_dragged)
        self.marks.drag_ended.connect(self._drag_ended)
        self.held.step.connect(self._step)
        self.held.slow.connect(self._slow)

    def handlers(self) -> Handlers:
        """Return what each action does."""
        stage = self._stage
        return {
            **self._view_handlers(),
            **self._mark_handlers(),
            "play": stage.toggle_play,
            "shuttle_back": lambda: self._shuttle(-1),
            "stop": stage.stop,
            "shuttle_forward": lambda: self._shuttle(1),
            "play_range": stage.play_range,
            "loop": lambda: stage.set_loop(self._checked("loop")),
            "mute": lambda: stage.player.set_muted(self._checked("mute")),
            "step_back": lambda: self._step(-1),
            "step_forward": lambda: self._step(1),
            "leap_back": lambda: self._step(-LEAP_FRAMES),
            "leap_forward": lambda: self._step(LEAP_FRAMES),
            "to_start": lambda: stage.seek(0),
            "to_end": lambda: stage.seek(stage.last_index),
            "previous_cut": lambda: self._go_to_cut(-1),
            "next_cut": lambda: self._go_to_cut(1),
            "go_to_time": self._transport.time.begin,
        }

    def _view_handlers(self) -> Handlers:
        stage, picture = self._stage, self._picture
        return {
            "view_refocused": lambda: stage.set_view("refocused"),
            "view_original": lambda: stage.set_view("original"),
            "view_disparity": lambda: stage.set_view("disparity"),
            "view_confidence": lambda: stage.set_view("confidence"),
            "wipe": self._toggle_wipe,
            "picture_fit": lambda: picture.zoom_to(0.0),
            "picture_100": lambda: picture.zoom_to_pixels(1.0),
            "picture_200": lambda: picture.zoom_to_pixels(2.0),
            "picture_in": lambda: picture.zoom_step(1),
            "picture_out": lambda: picture.zoom_step(-1),
        }

    def _mark_handlers(self) -> Handlers:
        stage = self._stage
        return {
            "mark_in": lambda: self._mark(self._marked.with_start(stage.index), self.tr("Mark in")),
            "mark_out": lambda: self._mark(self._marked.with_last(stage.index), self.tr("Mark out")),
            "go_in": lambda: stage.seek(stage.range[0]),
            "go_out": lambda: stage.seek(stage.range[1] - 1),
            "clear_marks": lambda: self._mark(type(self._marked)(), self.tr("Clear marks")),
        }

    def show_state(self) -> None:
        """Follow what is open."""
        info = self._stage.info
        if info is not self._info:
            self._info = info
            table = None if info is None else info.table
            self._transport.set_code(None if table is None else timecode_of(table))
            self.marks.set_clip(table)
            self._show_marks()
            self._show_zoom()

    @property
    def _marked(self) -> PlayRange:
        return self._window.session.project.play_range

    def _checked(self, name: str) -> bool:
        return self._window.menus.actions[name].isChecked()

    # Playing

    def _shuttle(self, direction: int) -> None:
        if self.held.take(direction):
            return
        self._stage.shuttle(direction)

    @Slot(int)
    def _step(self, frames: int) -> None:
        self._stage.seek(self._stage.index + frames)

    @Slot(int)
    def _slow(self, direction: int) -> None:
        if direction:
            self._stage.crawl(SLOW * direction)
        else:
            self._stage.stop()

    def _go_to_cut(self, direction: int) -> None:
        products, index = self._window.session.products, self._stage.index
        cuts = () if products is None else products.cuts
        places = [0, *cuts, self._stage.last_index]
        after = [place for place in places if (place - index) * direction > 0]
        if after:
            self._stage.seek(min(after, key=lambda place: abs(place - index)))

    @Slot(object)
    def _show_pace(self, pace: Pace) -> None:
        self._transport.show_pace(pace, self._stage.player.rate)

    @Slot()
    def _keys_to_picture(self) -> None:
        self._picture.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _space_tapped(self) -> None:
        """Do what the space bar does elsewhere."""
        space = QKeySequence(Qt.Key.Key_Space)
        for action in self._window.menus.actions.values():
            if action.isEnabled() and space in action.shortcuts():
                action.trigger()

    # Marks

    def _mark(self, marked: PlayRange, label: str) -> None:
        self._window.session.set_play_range(marked, label=label)

    @Slot(str, int, int)
    def _mark_dragged(self, edge: str, frame: int, gesture: int) -> None:
        marked, session = self._marked, self._window.session
        count = self._stage.last_index + 1
        start, stop = marked.start, marked.stop
        if edge == "start":
            start = min(max(frame, 0), (count if stop is None else stop) - 1)
        else:
            stop = min(max(frame, (start or 0) + 1), count)
        self._window.attempt(
            lambda: session.set_play_range(type(marked)(start, stop), label=self.tr("Move mark"), gesture=gesture)
        )

    @Slot()
    def _drag_ended(self) -> None:
        self._window.session.end_gesture()

    def _show_marks(self) -> None:
        self.marks.set_marked(self._marked)

    # Views

    def _toggle_wipe(self) -> None:
        wanted = self._checked("wipe")
        self._stage.set_before(wanted)
        self._picture.set_wipe(self._wiped_at if wanted else None)

    @Slot(float)
    def _wipe_moved(self, share: float) -> None:
        self._wiped_at = share

    @Slot()
    def _zoomed(self) -> None:
        self._stage.set_room(self._picture.picture_pixels(), exact=not self._picture.zoom.fits)
        self._show_zoom()

    @Slot(str)
    def _show_legend(self, view: str) -> None:
        legends = {
            "disparity": self.tr("white: near   black: far"),
            "confidence": self.tr("red: depth is doubtful"),
        }
        self._picture.set_legend(legends.get(view, ""))

    def _show_zoom(self) -> None:
        self._transport.show_zoom(self._picture.zoom_factor, fits=self._picture.zoom.fits)
