"""Suggested targets as a feature of the window: asked for in the background, looked at, accepted, swapped, refused.

For the user there is one kind of suggestion: what the detectors found, and targets of the project whose strength is
"suggested". The same keys walk through both and decide on both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QMenu

from rvr_laaf_app.app.suggestions import Offer, offers_of, preview_of
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.jobs.scheduler import FinishReason, JobStatus
from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.panels.suggestion_panel import SuggestionPanel, SuggestionText
from rvr_laaf_app.ui.plural import counted
from rvr_laaf_app.ui.timeline.scale import clock_text
from rvr_laaf_app.ui.timeline.suggestion_lane import SuggestionLane
from rvr_laaf_app.ui.viewer.ghost_mark import Ghost, GhostMark

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

    from rvr_laaf_app.app.suggesting import SuggestWork
    from rvr_laaf_app.document.project import FocusTarget, Project
    from rvr_laaf_app.pipeline.suggested import Mode
    from rvr_laaf_app.ui.main_window import MainWindow

HOVER_MS = 120  # so long the mouse rests on a diamond before the picture follows
_MARK_AFTER = 12  # frames after its moment for which a suggestion's box is shown
_MENU = (
    ("accept_target", "swap_suggestion", "refuse_target"),
    ("accept_all", "bring_back"),
    ("suggest_auto", "suggest_conversation", "suggest_action"),
)


class SuggestFeature(Feature):
    """Binds the suggestions lane, the panel and the mark in the picture to the session."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._session, self._stage, self._editing = window.session, window.stage, window.editing
        lane = window.workspace.timeline.lane("suggestions")
        assert isinstance(lane, SuggestionLane)
        self._lane = lane
        actions = window.menus.actions
        inspector = window.workspace.inspector
        self.panel = SuggestionPanel([actions["previous_suggestion"], actions["next_suggestion"]], inspector.content)
        inspector.add_below_targets(self.panel)
        self.mark = GhostMark(window.workspace.picture)
        self._work: SuggestWork | None = None
        self._offers: tuple[Offer, ...] = ()
        self._made_of: Hashable = None
        self._swapped: frozenset[tuple[int, Box]] = frozenset()
        self._chosen: tuple[int, Box] | None = None
        self._hovered = -1
        self._ended: FinishReason | None = None  # of the last search, if it came to nothing
        self._share: float | None = None
        self._previewed: tuple[Offer, Project] | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(HOVER_MS)
        self._rest.timeout.connect(self._preview)
        self._unsubscribe = self._session.on_job(self._job_told)
        self._connect()

    def _connect(self) -> None:
        self._lane.chosen.connect(self.choose)
        self._lane.hovered.connect(self._hover)
        self._lane.accept_asked.connect(self._accept_number)
        self._lane.menu_filler = self._fill_menu
        self.panel.asked.connect(self._ask)
        self.panel.stop_asked.connect(self._session.stop_suggesting)
        self.panel.action_asked.connect(self._window.menus.run)
        self._editing.selection_changed.connect(self._target_selected)
        self._stage.index_changed.connect(self._show_mark)

    def handlers(self) -> Handlers:
        """Return what each action does."""
        return {
            "suggest_auto": lambda: self.ask("auto"),
            "suggest_conversation": lambda: self.ask("conversation"),
            "suggest_action": lambda: self.ask("action"),
            "accept_target": self.accept,
            "accept_all": self.accept_all,
            "swap_suggestion": self.swap,
            "refuse_target": self.refuse,
            "bring_back": self.bring_back,
            "next_suggestion": lambda: self.walk(1),
            "previous_suggestion": lambda: self.walk(-1),
        }

    def met(self) -> Collection[str]:
        """Return which needs of deciding are met: something is chosen, something is waiting."""
        self._look()
        offer, waiting = self.chosen, bool(self._suggested(selected=True))
        met = []
        if offer is not None or waiting:
            met.append("suggestion")
        if (offer is not None and offer.state == "open") or waiting:
            met.append("refusable")
        if self._open() or self._suggested():
            met.append("suggestions")
        if offer is not None and offer.suggestion.runner_up_box is not None:
            met.append("runner_up")
        return met

    def ask_to_end(self) -> None:
        """Hear no more of the session."""
        self._rest.stop()
        self._unsubscribe()

    # What is there

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What was found, beside the project."""
        return self._offers

    @property
    def chosen(self) -> Offer | None:
        """The offer that is being looked at."""
        return next((o for o in self._offers if o.key == self._chosen), None)

    def _open(self) -> list[Offer]:
        return [o for o in self._offers if o.state == "open"]

    def _suggested(self, *, selected: bool = False) -> list[FocusTarget]:
        """Return the project's targets that are only suggested; selected: of these the selected ones."""
        ids = self._editing.selection if selected else ()
        found = [t for t in self._session.project.targets if t.strength == "suggested"]
        return [t for t in found if t.id in ids] if selected else found

    # Asking

    @Slot(str)
    def _ask(self, mode: str) -> None:
        self._window.attempt(lambda: self.ask(mode))  # type: ignore[arg-type]

    def ask(self, mode: Mode) -> None:
        """Look for suggestions in the background; what is known already is shown at once."""
        self._ended, self._share = None, None
        self.panel.show_mode(mode)
        self._session.start_suggesting(mode)
        self._window.show_state()

    def _job_told(self, status: JobStatus) -> None:
        if status.name != "suggest":
            return
        work = self._session.suggesting
        if not status.finished:
            self._share = status.progress.fraction
            self._show_texts()
        elif work is not None and work.task is not None and work.task.status.id == status.id:
            self._ended = None if status.reason is FinishReason.COMPLETED else status.reason
            self._window.show_state()

    # Deciding

    def accept(self) -> None:
        """Make a target of the chosen offer and go on to the next; make a suggested target firm."""
        offer = self.chosen
        if offer is not None and offer.state != "taken":
            made = self._session.accept_offers([offer])
            self._go_on(offer, made)
            return
        ids = [t.id for t in self._suggested(selected=True)]
        if ids:
            self._session.change_targets(ids, label="Accept suggestion", strength="firm")

    def accept_all(self) -> None:
        """Accept everything that is open, as one step."""
        with self._session.transaction("Accept all suggestions"):
            self._session.accept_offers(self._open())
            ids = [t.id for t in self._suggested()]
            if ids:
                self._session.change_targets(ids, label="Accept suggestion", strength="firm")
        self.choose(-1)

    def refuse(self) -> None:
        """Do not offer the chosen one again and go on to the next; remove a target that is only suggested."""
        offer = self.chosen
        if offer is not None and offer.state == "open":
            self._session.refuse_offers([offer])
            self._go_on(offer, ())
            return
        ids = [t.id for t in self._suggested(selected=True)]
        if ids and offer is None:
            self._session.remove_targets(ids)

    def bring_back(self) -> None:
        """Offer the chosen refused one again; without one, all of them."""
        offer = self.chosen
        if offer is not None and offer.state == "refused":
            self._session.bring_back([offer])
        else:
            self._session.bring_all_back()

    def swap(self) -> None:
        """Let the chosen offer be its runner-up, or itself again."""
        if self._chosen is not None:
            self._swapped = self._swapped ^ {self._chosen}
            self._window.show_state()

    def _go_on(self, after: Offer, made: tuple[str, ...]) -> None:
        """Choose the next open offer; behind the last one, what was made of it."""
        following = [o for o in self._open() if (o.frame, o.key[0]) > (after.frame, after.key[0])]
        if following:
            self.choose(self._offers.index(following[0]))
            return
        self.choose(-1)
        if made:
            self._editing.select(made[0])

    # Walking

    def walk(self, direction: int) -> None:
        """Go to the next (1) or previous (-1) suggestion from here; behind the last one comes the first."""
        stops: list[tuple[int, int, str]] = [(o.frame, self._offers.index(o), "") for o in self._open()]
        stops += [(t.frame, -1, t.id) for t in self._suggested()]
        if not stops:
            return
        stops.sort()
        here = self._stage.index
        chosen = self.chosen
        at = next((n for n, stop in enumerate(stops) if self._is_chosen(stop)), None)
        if at is not None:
            number = at + direction
        elif direction > 0:
            after = here if chosen is None else here + 1
            number = next((n for n, stop in enumerate(stops) if stop[0] >= after), 0)
        else:
            number = next((n for n in reversed(range(len(stops))) if stops[n][0] < here), -1)
        _, offer, target_id = stops[number % len(stops)]
        if target_id:
            self._editing.go_to(target_id)
        else:
            self.choose(offer)

    def _is_chosen(self, stop: tuple[int, int, str]) -> bool:
        _, offer, target_id = stop
        return target_id == self._editing.selected if target_id else self._offers[offer].key == self._chosen

    @Slot(int)
    def choose(self, number: int) -> None:
        """Look at one of the offers: its frame, its box, and the picture as it would be; -1: at none."""
        offer = self._offers[number] if 0 <= number < len(self._offers) else None
        self._chosen = None if offer is None else offer.key
        if offer is not None:
            self._editing.select(None)
            self._stage.seek(offer.frame)
        self._window.show_state()
        if offer is not None:
            inspector = self._window.workspace.inspector
            layout = inspector.content.layout()
            if layout is not None:
                layout.activate()  # the panel has just become higher
            inspector.ensureWidgetVisible(self.panel)

    @Slot(int)
    def _accept_number(self, number: int) -> None:
        self.choose(number)
        self._window.attempt(self.accept)

    @Slot(object)
    def _target_selected(self, target_id: str | None) -> None:
        if target_id is not None and self._chosen is not None:
            self._chosen = None
            self.show_state()

    # Showing

    def show_state(self) -> None:
        """Bring lane, panel, mark and preview up to date."""
        self._look()
        work = self._work
        if work is not None and work.running is None and work.mode is not None:
            self.panel.show_mode(work.mode)
        self._show_texts()
        self.panel.enable(self._window.menus.actions)
        self._show_mark()
        self._preview()

    def _look(self) -> None:
        """Take note of what is found and decided by now."""
        work, project = self._session.suggesting, self._session.project
        if work is not self._work:
            self._work, self._chosen, self._swapped, self._hovered = work, None, frozenset(), -1
            self._ended = self._previewed = None
        found = work.found if work is not None else None
        cuts = self._session.products.cuts if self._session.products is not None else ()
        made_of = (found, project.targets, project.refusals, self._swapped, cuts)
        if made_of != self._made_of:
            self._made_of = made_of
            self._offers = offers_of(project, found or (), swapped=self._swapped, cuts=cuts)
        chosen = self.chosen
        if chosen is not None and chosen.state == "taken":
            self._chosen = None

    def _show_texts(self) -> None:
        chosen, refused = self.chosen, len(self._session.project.refusals)
        text = self._state_text()
        number = self._offers.index(chosen) if chosen is not None else -1
        self._lane.show_offers(self._offers, number, text)
        running = self._work is not None and self._work.running is not None
        waiting = len(self._open()) + len(self._suggested())
        self.panel.show_state(text, running=running, open_count=waiting, refused_count=refused)
        self.panel.show_chosen(None if chosen is None else self._text_of(chosen))

    def _state_text(self) -> str:
        work = self._work
        if work is None:
            return ""
        if work.running is not None:
            share = "" if self._share is None else f"   {self._share:.0%}"
            return self.tr("Looking for who speaks and what moves") + share
        if self._ended is FinishReason.CANCELLED:
            return self.tr("Stopped. Suggest Focus goes on from here.")
        if self._ended is not None:
            return self.tr("The search failed. Suggest Focus tries again.")
        if work.found is None:
            key = self._window.menus.actions["suggest_auto"].shortcut().toString()
            return self.tr("Suggest Focus ({0}) looks ahead for who speaks and what moves.").replace("{0}", key)
        if not work.found:
            return self.tr("Nothing to suggest was found. Try another mode, or click a subject.")
        return self._count_text()

    def _count_text(self) -> str:
        waiting = len(self._open())
        if not waiting:
            return self.tr("All suggestions are decided on.")
        return counted(self.tr, "One suggestion is open.", "{0} suggestions are open.", waiting)

    def _text_of(self, offer: Offer) -> SuggestionText:
        found, info = offer.suggestion, self._session.clip
        shown = [o for o in self._offers if o.state != "taken"]
        place = ""
        if offer in shown:
            both = str(shown.index(offer) + 1), str(len(shown))
            place = self.tr("{0} of {1}").replace("{0}", both[0]).replace("{1}", both[1])
        when = ""
        if info is not None and info.table is not None and found.frame < len(info.table):
            when = clock_text(info.table.seconds_of(found.frame))
        lead = found.frame - offer.frame
        facts = [when, self.tr("{0} sure").replace("{0}", f"{found.score:.0%}")]
        if lead > 0:
            facts.append(counted(self.tr, "sharp one frame before", "sharp {0} frames before", lead))
        if offer.state == "refused":
            facts.append(self.tr("refused"))
        second = found.runner_up
        if offer.swapped:
            facts.append(self.tr("runner-up"))
        return SuggestionText(place, found.reason, "   ".join(facts), second)

    @Slot()
    def _show_mark(self) -> None:
        """Draw the box of the chosen offer while the shown frame is about its moment."""
        offer, index = self.chosen, self._stage.index
        ghost = None
        if offer is not None and offer.frame <= index <= offer.suggestion.frame + _MARK_AFTER:
            found = offer.suggestion
            box = offer.box if index < found.frame else found.box
            ghost = Ghost(box, f"{found.reason}  {found.score:.0%}", found.runner_up_box, found.runner_up)
        self.mark.set_ghost(ghost)
        if ghost is not None:
            self.mark.raise_()

    @Slot(int)
    def _hover(self, number: int) -> None:
        self._hovered = number
        self._rest.start()

    @Slot()
    def _preview(self) -> None:
        """Show picture and curve as they would be with the offer under the mouse, or the chosen one, accepted."""
        offer = self._offers[self._hovered] if 0 <= self._hovered < len(self._offers) else self.chosen
        project = self._session.project
        wanted = None if offer is None or offer.state == "taken" else (offer, project)
        if wanted == self._previewed and (wanted is None or wanted[1] is project):
            return
        self._previewed = wanted
        if wanted is None:
            self._stage.show_project(project)
        else:
            self._stage.show_project(preview_of(project, wanted[0], self._session.settings.pull_frames))

    def _fill_menu(self, menu: QMenu) -> None:
        """Offer what is possible now."""
        for part in _MENU:
            for name in part:
                action = self._window.menus.actions[name]
                if action.isEnabled():
                    menu.addAction(action)
            menu.addSeparator()
