"""The lens as a feature of the window: keys of the f-number, presets, and the live picture of the bokeh."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt, QTimer, Slot
from PySide6.QtWidgets import QDoubleSpinBox

from rvr_laaf_app.app.lens_presets import (
    BUILT_IN,
    LensPreset,
    applied,
    load_presets,
    renamed,
    save_presets,
    with_preset,
    without,
)
from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.document.lens_keys import (
    MAX_F_NUMBER,
    MIN_F_NUMBER,
    LensKey,
    f_number_of,
    key_at,
    stops_of,
    with_key,
    without_key,
)
from rvr_laaf_app.document.project import LensSettings
from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.newest import NewestWorker
from rvr_laaf_app.ui.qt_image import to_qimage
from rvr_laaf_app.ui.timeline.lens_lane import THIRDS, LensLane, nominal

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QImage

    from rvr_laaf_app.ui.main_window import MainWindow

log = logging.getLogger(__name__)
_Sample = tuple[LensSettings, tuple[int, int]]


class LensFeature(Feature):
    """Binds the lens panel and the lens lane to the session."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._session, self._stage = window.session, window.stage
        self._panel = window.workspace.inspector.lens
        lane = window.workspace.timeline.lane("lens")
        assert isinstance(lane, LensLane)
        self._lane = lane
        self._own: tuple[LensPreset, ...] = ()
        self._gesture = 0
        self._drag_of: int | None = None  # frame of the key that the slider in the panel is moving
        self._sampled: _Sample | None = None
        self._worker: NewestWorker[_Sample] = NewestWorker(self._render, name="bokeh sample")
        self._typing: QDoubleSpinBox | None = None
        self._connect()
        self._load_presets()

    def _connect(self) -> None:
        panel, lane, presets = self._panel, self._lane, self._panel.presets
        lane.key_set.connect(self._key_set)
        lane.key_removed.connect(self._remove)
        lane.typing_asked.connect(self._type)
        panel.f_number_keyed.connect(self._keyed_by_slider)
        panel.gesture_ended.connect(self._gesture_ended)
        panel.key_asked.connect(self._key_asked)
        panel.sample.wanted.connect(self._sample)
        presets.save_asked.connect(self._save_preset)
        presets.rename_asked.connect(self._rename_preset)
        presets.delete_asked.connect(self._delete_preset)
        self._stage.index_changed.connect(self._index_changed)

    def handlers(self) -> Handlers:
        """Return what each action does."""
        return {
            "open_lens": lambda: self._step(-1),
            "close_lens": lambda: self._step(1),
            "lens_key": self._toggle,
            "remove_lens_key": lambda: self._remove(self._here_or_chosen()),
            "previous_lens_key": lambda: self._go(-1),
            "next_lens_key": lambda: self._go(1),
            "clear_lens_keys": self._clear,
            "save_lens_preset": self._begin_save,
            **{f"lens_preset_{name}": self._chooser(preset) for name, preset in BUILT_IN.items()},
        }

    def show_state(self) -> None:
        """Bring panel and sample up to date."""
        self._panel.show_frame(self._stage.index)
        self._sample()

    def ask_to_end(self) -> None:
        """Draw no further sample."""
        self._worker.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread of the sample."""
        return self._worker.close(timeout_s)

    @property
    def _lens(self) -> LensSettings:
        return self._session.project.lens

    # Keys of the f-number

    def _set_keys(self, keys: tuple[LensKey, ...], label: str, gesture: int | None = None) -> None:
        lens = replace(self._lens, f_number_keys=keys)
        self._window.attempt(lambda: self._session.set_lens(lens, label=label, gesture=gesture))

    @Slot(object, int)
    def _key_set(self, key: LensKey, moved_from: int) -> None:
        before = None if moved_from < 0 else moved_from
        label = "Add f-number key" if before is None else "Change f-number key"
        self._set_keys(with_key(self._lens.f_number_keys, key, moved_from=before), label)
        self._lane.choose(key.frame)

    @Slot(int)
    def _remove(self, frame: int) -> None:
        keys = without_key(self._lens.f_number_keys, frame)
        if keys == self._lens.f_number_keys:
            return
        lens = self._lens if keys else self._lens.at(frame)  # the last key leaves its value behind
        self._window.attempt(
            lambda: self._session.set_lens(replace(lens, f_number_keys=keys), label="Remove f-number key")
        )
        self._lane.choose(None)

    def _clear(self) -> None:
        lens = self._lens.at(self._stage.index)
        self._session.set_lens(lens, label="Remove all f-number keys")
        self._lane.choose(None)

    def _here_or_chosen(self) -> int:
        index, chosen = self._stage.index, self._lane.chosen
        here = key_at(self._lens.f_number_keys, index)
        return index if here is not None or chosen is None else chosen

    def _toggle(self) -> None:
        index = self._stage.index
        if key_at(self._lens.f_number_keys, index) is not None:
            self._remove(index)
        else:
            self._key_set(LensKey(index, nominal(self._lens.at(index).lens.f_number)), -1)

    def _go(self, direction: int) -> None:
        index = self._stage.index
        frames = [k.frame for k in self._lens.f_number_keys if (k.frame - index) * direction > 0]
        if frames:
            nearest = min(frames, key=lambda f: abs(f - index))
            self._stage.seek(nearest)
            self._lane.choose(nearest)

    def _step(self, thirds: int) -> None:
        """Open (negative) or close the lens: at the playhead if it is keyed, else for the whole clip."""
        index = self._stage.index
        now = stops_of(self._lens.at(index).lens.f_number)
        wanted = nominal(f_number_of((round(now * THIRDS) + thirds) / THIRDS))
        if self._lens.f_number_keys:
            self._set_at(index, wanted, None)
        else:
            lens = replace(self._lens, lens=replace(self._lens.lens, f_number=wanted))
            self._session.set_lens(lens, label="Change aperture")

    def _set_at(self, frame: int, f_number: float, gesture: int | None) -> None:
        """Set the value of the key at a frame; there is one from now on."""
        inside = min(max(f_number, MIN_F_NUMBER), MAX_F_NUMBER)
        here = key_at(self._lens.f_number_keys, frame)
        key = LensKey(frame, inside) if here is None else replace(here, f_number=inside)
        label = "Add f-number key" if here is None and gesture is None else "Change f-number key"
        self._set_keys(with_key(self._lens.f_number_keys, key), label, gesture)

    @Slot(float)
    def _keyed_by_slider(self, value: float) -> None:
        if self._drag_of is None:
            self._drag_of = self._stage.index
            self._gesture += 1
        self._set_at(self._drag_of, value, self._gesture)
        self._lane.choose(self._drag_of)

    @Slot()
    def _gesture_ended(self) -> None:
        if self._drag_of is not None:
            self._drag_of = None
            self._window.attempt(self._session.end_gesture)

    @Slot(str)
    def _key_asked(self, what: str) -> None:
        if what == "toggle":
            self._toggle()
        else:
            self._go(1 if what == "next" else -1)

    @Slot(int, QPointF)
    def _type(self, frame: int, place: QPointF) -> None:
        """Let the value of a key be typed where it stands."""
        key = key_at(self._lens.f_number_keys, frame)
        if key is None:
            return
        timeline = self._window.workspace.timeline
        box = QDoubleSpinBox(timeline)
        box.setObjectName("f_number_typing")
        box.setAccessibleName(self.tr("f-number of this key"))
        box.setPrefix("f/")
        box.setDecimals(1)
        box.setRange(MIN_F_NUMBER, MAX_F_NUMBER)
        box.setSingleStep(0.1)
        box.setValue(key.f_number)
        box.setKeyboardTracking(False)
        box.adjustSize()
        left = min(max(place.x() - box.width() / 2, 0.0), timeline.width() - box.width())
        top = min(max(place.y() - box.height() / 2, 0.0), timeline.height() - box.height())
        box.move(round(left), round(top))
        box.editingFinished.connect(self._typed)
        box.setProperty("key_frame", frame)
        if self._typing is not None:
            self._typing.deleteLater()
        self._typing = box
        box.show()
        box.setFocus(Qt.FocusReason.OtherFocusReason)
        box.selectAll()

    @Slot()
    def _typed(self) -> None:
        box, self._typing = self._typing, None
        if box is None:
            return
        box.interpretText()  # Return tells of its end before the text has become the value
        frame, value = int(box.property("key_frame")), box.value()
        box.hide()
        box.deleteLater()
        self._window.workspace.timeline.setFocus()
        key = key_at(self._lens.f_number_keys, frame)
        if key is not None and key.f_number != value:
            self._set_at(frame, value, None)

    @Slot(int)
    def _index_changed(self, index: int) -> None:
        self._panel.show_frame(index)
        if self._lens.follows_keys and not self._stage.player.playing:
            self._sample()

    # Presets

    def _load_presets(self) -> None:
        try:
            self._own = load_presets()
        except RvrError as error:
            self._window.show_error(error)
        self._panel.presets.set_own(self._own)

    def _chooser(self, preset: LensPreset) -> Callable[[], None]:
        def choose() -> None:
            self._session.set_lens(applied(preset, self._lens), label="Choose lens preset")

        return choose

    def _begin_save(self) -> None:
        """Ask for the name in the inspector, which comes into view for it."""
        inspector, presets = self._window.workspace.inspector, self._panel.presets
        self._window.docks.reveal("inspector")
        presets.begin_save()
        QTimer.singleShot(0, inspector, lambda: inspector.ensureWidgetVisible(presets))  # when it has its place

    def _keep(self, change: Callable[[tuple[LensPreset, ...]], tuple[LensPreset, ...]]) -> None:
        """Change the user's presets, on disk first; the line goes back to its list only if that worked."""

        def keep() -> None:
            own = change(self._own)
            save_presets(own)
            self._own = own
            self._panel.presets.set_own(own)
            self._panel.presets.end_typing()

        self._window.attempt(keep)

    @Slot(str)
    def _save_preset(self, name: str) -> None:
        self._keep(lambda own: with_preset(own, name, self._lens.at(self._stage.index)))

    @Slot(str, str)
    def _rename_preset(self, old: str, new: str) -> None:
        self._keep(lambda own: renamed(own, old, new))

    @Slot(str)
    def _delete_preset(self, name: str) -> None:
        self._keep(lambda own: without(own, name))

    # The picture of the bokeh

    @Slot()
    def _sample(self) -> None:
        """Ask for the picture if the lens or the room for it has changed."""
        sample = self._panel.sample
        if not sample.isVisible():
            return
        size = sample.picture_size
        lens = replace(self._lens.at(self._stage.index), breathing=0.0, confidence_guard=0.0)
        wanted = lens, (max(size.width(), 16), max(size.height(), 16))
        if wanted != self._sampled:
            self._sampled = wanted
            self._worker.submit(wanted)

    def _render(self, wanted: _Sample) -> None:
        """In the thread: make the picture and hand it over."""
        from rvr_laaf_app.pipeline.bokeh_sample import bokeh_sample

        try:
            image = to_qimage(bokeh_sample(*wanted))
        except Exception:
            log.warning("the picture of the bokeh failed", exc_info=True)
            return
        self._window.bridge.post(lambda: self._show_sample(wanted, image))

    def _show_sample(self, wanted: _Sample, image: QImage) -> None:
        if wanted == self._sampled:
            self._panel.sample.set_image(image)
