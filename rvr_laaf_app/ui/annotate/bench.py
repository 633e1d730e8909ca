"""The page at work: clicks and keys become edits of the desk, and the desk's state becomes what the page shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, SignalInstance, Slot

from rvr_laaf_app.annotation.schema import VafTarget
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.ui.annotate.background import OpenedClip
from rvr_laaf_app.ui.annotate.commands import MOST_SUBJECTS
from rvr_laaf_app.ui.annotate.following import Following
from rvr_laaf_app.ui.annotate.late_places import LatePlaces
from rvr_laaf_app.ui.annotate.presenting import marks_of, strip_of, subject_under, text_of, where_text
from rvr_laaf_app.ui.annotate.show import Attended, ClipShow, Look, rgb_of
from rvr_laaf_app.ui.newest import close_all
from rvr_laaf_app.ui.timeline.film import FilmStrip
from rvr_laaf_app.ui.timeline.scale import clock_text

if TYPE_CHECKING:
    from rvr_laaf_app.annotation.making import Limit
    from rvr_laaf_app.ui.annotate.desk import Desk
    from rvr_laaf_app.ui.annotate.page import AnnotatePage
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.playback.sound import Sound

REACTION_S = 0.25  # from seeing that attention moves to pressing a key, of a person who expects it
MODES: tuple[Attended, ...] = ("off", "over", "beside")


class Bench(QObject):
    """One page, one desk. Handlers raise RvrError; the window shows it."""

    said_something = Signal(str)  # for the bottom line
    attention_changed = Signal(str)

    def __init__(self, page: AnnotatePage, desk: Desk, bridge: GuiBridge, sound: Sound, parent: QObject) -> None:
        super().__init__(parent)
        self.page, self.desk = page, desk
        self._bridge = bridge
        self.show = ClipShow(bridge, sound, self)
        self.following = Following(bridge, self)
        self._late = LatePlaces(bridge, self)
        self.reaction = True
        self._attention: Attended = "off"
        self._look: Look | None = None
        self._film: FilmStrip | None = None
        self._films: list[FilmStrip] = []
        self._waiting: dict[str, int] = {}  # targets whose place is still that of another frame: id -> their frame
        self._opened_s = 0.0
        self._source = ""
        self._connect()

    def _connect(self) -> None:
        self.show.shown.connect(self._show_look)
        self.show.index_changed.connect(self._index_changed)
        self.show.waveform_changed.connect(self._waveform)
        self.show.playing_changed.connect(self._playing)
        self.following.changed.connect(self._followed)
        self.desk.changed.connect(self.show_state)
        self._late.found.connect(self.desk.found_in)
        for signal, slot in self._of_page():
            signal.connect(slot)

    def _of_page(self) -> tuple[tuple[SignalInstance, Callable[..., object]], ...]:
        """Return what the page tells, and who hears it; the page outlives this bench."""
        page = self.page
        return (
            (page.picture.resized, self._resized),
            (page.picture.zoom_changed, self._resized),
            (page.strip.seek_asked, self.show.seek),
            (page.strip.chosen, self.desk.choose),
        )

    @property
    def show_is_empty(self) -> bool:
        """True until the first picture of the open clip is there."""
        return self._look is None

    # Opening

    def open(self, clip: OpenedClip, *, play: bool) -> None:
        """Work on a clip."""
        self._late.take_over(self.show.info, self.desk, self._waiting)
        self._let_go_film()
        self.show.close_clip()  # its frames mean nothing in the next clip
        self._look, self._waiting = None, {}
        page, info = self.page, clip.info
        page.picture.set_aspect(*info.display_size)
        page.strip.set_clip(clip.ground.table, clip.facts.cuts)
        page.strip.set_waveform(None, self.tr("listening") if info.audio else self.tr("no sound"))
        self._film = FilmStrip(info, self._bridge, self._film_came)
        page.strip.set_film(self._film)
        self.following.open(info, clip.facts.cuts)
        self.desk.open(clip.facts, clip.ground)
        self._waiting = self.desk.copied()
        self._resized()
        self.show.open(info, self.desk.folder, clip.facts.clip.name, clip.facts.cuts)
        self._opened_s = time.monotonic()
        page.picture.setFocus()
        if play:
            self.show.play(1.0)

    def leave(self) -> None:
        """Work on nothing, and hear no more of the page."""
        for signal, slot in self._of_page():
            signal.disconnect(slot)
        self._let_go_film()
        self.show.close_clip()
        self.following.close_clip()
        self.page.picture.set_aspect(0, 0)
        self.page.strip.set_clip(None, ())
        self.desk.leave()

    def _let_go_film(self) -> None:
        if self._film is not None:
            self._film.ask_to_end()
            self._films = [*(f for f in self._films if not f.ended), self._film]
            self._film = None
            self.page.strip.set_film(None)

    def ask_to_end(self) -> None:
        """Let every thread end."""
        self._let_go_film()
        for part in (self.show, self.following, self._late):
            part.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join every thread; False if one did not end in time."""
        self.ask_to_end()
        return close_all((self.show, self.following, self._late, *self._films), timeout_s)

    # Setting targets

    def click(self, point: Point) -> None:
        """Let what is at a place get the focus, here and now."""
        known = self._subject_at(point)
        if known is not None:
            self.focus_on(known)
            return
        look = self._look
        if look is None:
            raise UsageError("the picture is not there yet", remedy="Try again in a moment.")
        from rvr_laaf_app.pipeline.follow_place import grown_box

        self._set(grown_box(rgb_of(look.plain), point))

    def draw(self, box: Box) -> None:
        """Let what is in a box get the focus, here and now."""
        self._set(box)

    def correct(self, place: Point | Box) -> None:
        """Show where the chosen subject (or who has the focus) is, without setting a target."""
        target, look = self.desk.chosen or self.desk.ruling(self.show.index), self._look
        if target is None or look is None:
            raise UsageError("no subject is chosen", remedy="Go to one of its targets first, with Up or Down.")
        from rvr_laaf_app.pipeline.follow_place import grown_box

        box = place if isinstance(place, Box) else grown_box(rgb_of(look.plain), place)
        self.desk.hint(target.subject, self.show.index, box)
        self.said_something.emit(self.tr("{0} is here").replace("{0}", target.subject))

    def _set(self, place: Box) -> None:
        frame, shown_at = self._now(), self.show.index
        target_id = self.desk.point_at(frame, place, shown_at=shown_at)
        if frame != shown_at:
            self._waiting[target_id] = frame
        self._tell_set(frame, shown_at)

    def focus_on(self, subject: str) -> None:
        """Let a known subject get the focus, here and now, where it was followed to."""
        frame, shown_at = self._now(), self.show.index
        path = self.following.paths.get(subject)
        sure = path.at(frame) if path is not None else None
        place = sure[0] if sure is not None else path.near(frame) if path is not None else None
        if place is None:
            place = next(t.box for t in reversed(self._targets()) if t.subject == subject)
        target_id = self.desk.point_at(frame, place, subject=subject)
        if sure is None:
            self._waiting[target_id] = frame
        self._tell_set(frame, shown_at)

    def focus_on_number(self, number: int) -> None:
        """Let the subject of this number (from 0) get the focus."""
        subjects = self.desk.subjects
        if number >= len(subjects):
            raise UsageError(f"there is no subject {number + 1} in this clip yet", remedy="Click it in the picture.")
        self.focus_on(subjects[number])

    def focus_under_pointer(self) -> None:
        """Let what is under the mouse pointer get the focus."""
        point = self.page.picture.point_under_cursor()
        if point is None:
            raise UsageError("the pointer is not over the picture", remedy="Point at who or what gets the focus.")
        self.click(point)

    def give_to(self, number: int) -> None:
        """Let the chosen target be on the subject of this number (from 0)."""
        subjects, chosen = self.desk.subjects, self.desk.chosen
        if number < len(subjects) and chosen is not None and subjects[number] != chosen.subject:
            self.desk.give_to(subjects[number], self._place_of(subjects[number], chosen.at.frame))

    def _now(self) -> int:
        """Return the frame that is meant: while playing, the one that was seen when the hand began to move."""
        ground, rate = self.desk.ground, self.show.player.rate
        if not self.reaction or rate == 0 or ground is None:
            return self.show.index
        return ground.shifted(self.show.index, -REACTION_S * rate)

    def _tell_set(self, frame: int, shown_at: int) -> None:
        ground = self.desk.ground
        if ground is None:
            return
        text = self.tr("Focus from {0}").replace("{0}", clock_text(ground.table.seconds_of(frame)))
        if frame != shown_at:
            text += self.tr(", your reaction time taken off")
        self.said_something.emit(text)

    def _targets(self) -> tuple[VafTarget, ...]:
        said = self.desk.said
        return () if said is None else said.targets

    def _subject_at(self, point: Point) -> str | None:
        """Return the subject whose box is surely under a place of the shown frame, the smallest if there are several.

        Not on the frame of a target: there a click says where its subject really is.
        """
        index = self.show.index
        if any(t.at.frame == index for t in self._targets()) and not self.show.player.playing:
            return None
        return subject_under(self.following.paths, index, point)

    def _place_of(self, subject: str, frame: int) -> Box | None:
        path = self.following.paths.get(subject)
        here = path.at(frame) if path is not None else None
        return None if here is None or here[1] <= 0 else here[0]

    # Changing the chosen target

    def move(self, frames: int) -> None:
        """Move the chosen target in time, and the playhead with it."""
        self.desk.move(frames, self._place_of)
        self._go_to_chosen()

    @Slot(str, int)
    def move_to(self, target_id: str, frame: int) -> None:
        """Move a target to a frame."""
        self.desk.choose(target_id)
        chosen = self.desk.chosen
        if chosen is not None:
            self.move(frame - chosen.at.frame)

    def set_limit(self, limit: Limit, *, clear: bool = False) -> None:
        """Set a time of the chosen target to the shown frame, or to its usual."""
        self.desk.set_limit(limit, None if clear else self.show.index)

    def step(self, direction: int) -> None:
        """Go to the next (1) or previous (-1) target."""
        self.desk.step(self.show.index, direction)
        self._go_to_chosen()

    def _go_to_chosen(self) -> None:
        chosen = self.desk.chosen
        if chosen is not None:
            self.show.seek(chosen.at.frame)

    def finish(self) -> str:
        """Say that the clip is done; return how it went, in a sentence."""
        facts, targets = self.desk.facts, len(self._targets())
        if facts is not None and self.desk.state_of(facts) == "aside":
            raise UsageError("this clip is set aside", remedy="Go on with the next one: Page Down.")
        if not targets:
            raise UsageError("this clip has no target yet", remedy="Set one, or set the clip aside (X).")
        self.show.player.pause()
        self.desk.set_state("done")
        took_s = max(time.monotonic() - self._opened_s, 1.0)
        text = self.tr("Done: {0} targets in {1} s, {2} a minute")
        rate = f"{60 * targets / took_s:.1f}"
        return text.replace("{0}", str(targets)).replace("{1}", f"{took_s:.0f}").replace("{2}", rate)

    # Showing

    def set_attention(self, mode: Attended) -> None:
        """Show where people look: not, over the picture, or beside it."""
        self._attention = mode
        if mode == "beside" and self._look is not None:
            self.page.beside.show_map(self._look.plain, None, self.tr("Looking…"))
        self.page.beside.setVisible(mode == "beside")
        if mode != "off":
            self.said_something.emit(self.show.attention_text(self.tr))
        self.show.set_attention(mode)
        if self.show.player.playing:
            self.show.play(self.show.player.rate)
        self.attention_changed.emit(mode)

    def next_attention(self) -> None:
        """Show it the next way."""
        self.set_attention(MODES[(MODES.index(self._attention) + 1) % len(MODES)])

    @Slot(object)
    def _show_look(self, look: Look) -> None:
        self._look = look
        self.page.picture.set_image(look.image)
        if self._attention == "beside":
            self.page.beside.show_map(look.image, look.heat, self.show.attention_text(self.tr))

    @Slot(int)
    def _index_changed(self, index: int) -> None:
        self.page.strip.set_frame(index)
        self._show_marks()
        self._show_where()

    @Slot(object)
    def _waveform(self, outline: object) -> None:
        info = self.show.info
        if info is not None and info.audio:
            self.page.strip.set_waveform(outline, self.tr("listening"))  # type: ignore[arg-type]

    @Slot(bool)
    def _playing(self, playing: bool) -> None:
        self.following.allow(not playing or self.following.busy)
        if self._film is not None:
            self._film.allow(not playing)

    def _film_came(self) -> None:
        self.page.strip.set_film(self._film)

    @Slot()
    def _resized(self) -> None:
        self.show.set_room(self.page.picture.picture_pixels())

    @Slot()
    def _followed(self) -> None:
        """Take what is known of the subjects now: boxes to show, and places for targets that wait for theirs."""
        places: dict[str, Box] = {}
        for target in self._targets():
            if self._waiting.get(target.id) != target.at.frame:
                self._waiting.pop(target.id, None)
                continue
            place = self._place_of(target.subject, target.at.frame)
            if place is not None:
                places[target.id] = place
                del self._waiting[target.id]
        if places and self.desk.facts is not None:
            self.desk.found_in(self.desk.facts.clip, places)
        self._show_marks()

    @Slot()
    def show_state(self) -> None:
        """Bring strip, marks and form up to date with the desk."""
        desk, page = self.desk, self.page
        said, ground, chosen = desk.said, desk.ground, desk.chosen
        self.following.want(desk.places())
        subjects = desk.subjects
        if said is not None and ground is not None:
            page.strip.set_targets(strip_of(said, subjects), None if chosen is None else chosen.id)
        ruling = desk.ruling(self.show.index)
        page.form.show_subjects(
            subjects[:MOST_SUBJECTS], chosen.subject if chosen else "", ruling.subject if ruling else ""
        )
        page.form.show_target(None if chosen is None or said is None else text_of(chosen, said))
        page.note.show_note("" if said is None else said.note, possible=said is not None)
        self._show_banner()
        self._show_marks()
        self._show_where()

    def _show_banner(self) -> None:
        facts, said = self.desk.facts, self.desk.said
        aside = facts is not None and self.desk.state_of(facts) == "aside"
        self.page.banner.setVisible(aside)
        if aside and facts is not None:
            reason = facts.set_aside if not facts.usable else (said.reason if said is not None else "")
            text = self.tr("Set aside: {0}").replace("{0}", reason or self.tr("by you"))
            self.page.banner_text.setText(text)

    def _show_marks(self) -> None:
        desk, index = self.desk, self.show.index
        ruling = desk.ruling(index)
        subjects, targets = marks_of(
            self._targets(), desk.subjects, self.following.paths, index, chosen=desk.chosen, ruling=ruling
        )
        self.page.picture.set_marks(subjects, targets)
        hint = ""
        if desk.facts is not None and not self._targets() and not self.page.banner.isVisible():
            hint = self.tr("Click who or what has the focus")
        self.page.picture.set_notice(hint)

    def _show_where(self) -> None:
        facts, ground = self.desk.facts, self.desk.ground
        text = "" if facts is None or ground is None else where_text(facts, ground, self.show.index)
        self.page.where.setText(text)
