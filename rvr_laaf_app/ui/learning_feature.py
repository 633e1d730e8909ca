"""Learning from use as a feature of the window: a switch that is off at first, and one click that adds a clip."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.app.learning import Decisions, Learned, decisions_of, learn_job, learning_folder
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.jobs.scheduler import FinishReason, Task
from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.panels.learning_strip import LearningStrip
from rvr_laaf_app.ui.plural import counted

if TYPE_CHECKING:
    from rvr_laaf_app.ui.main_window import MainWindow


class LearningFeature(Feature):
    """Binds the switch and the strip to the session."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._session = window.session
        inspector = window.workspace.inspector
        self.strip = LearningStrip(inspector.content)
        inspector.add_below_targets(self.strip)
        self.strip.add_asked.connect(lambda: window.menus.run("add_to_data_set"))
        self._running = False
        self._added: dict[str, Decisions] = {}  # by path of the clip: what this window has added

    def handlers(self) -> Handlers:
        """Return what each action does."""
        return {"learn": self.toggle, "add_to_data_set": self.add}

    def met(self) -> Collection[str]:
        """Return "learnable" if there is something that can be added."""
        return ("learnable",) if self._possible() else ()

    def show_state(self) -> None:
        """Bring switch and strip up to date."""
        on = self._session.settings.learn
        self._window.menus.actions["learn"].setChecked(on)
        self.strip.setVisible(on and self._session.clip is not None)
        if on:
            self.strip.show_state(self._text(), self._words(), possible=self._possible())

    def toggle(self) -> None:
        """Allow or forbid that decisions are added; nothing is added by that."""
        on = self._window.menus.actions["learn"].isChecked()
        self._session.remember(lambda s: replace(s, learn=on))
        self._window.show_state()
        if on:
            self._window.say(self.tr("On. Nothing is added until you choose Add Decisions."))

    def add(self) -> None:
        """Add what was decided on the shown clip; in the background."""
        clip, decisions = self._session.clip, self._decisions()
        if clip is None or not self._possible():
            raise UsageError("there is nothing to add", remedy="Set a target or decide on a suggestion first.")
        path = str(clip.path)
        self._running = True
        self._session.run(
            learn_job(Path(path), decisions, learning_folder()),
            "learn",
            subject=path,
            done=lambda task: self._done(task, path, decisions),
        )
        self._window.show_state()

    def _done(self, task: Task[Learned], path: str, decisions: Decisions) -> None:
        self._running = False
        if task.status.reason is FinishReason.COMPLETED:
            self._added[path] = decisions
            learned = task.result()
            text = self.tr("Added to your data set: {0} targets, {1} refused")
            self._window.say(text.replace("{0}", str(learned.targets)).replace("{1}", str(learned.refused)))
        elif isinstance(task.status.error, Exception):
            self._window.show_error(task.status.error)
        self._window.show_state()

    def _decisions(self) -> Decisions:
        return decisions_of(self._session.project)

    def _possible(self) -> bool:
        clip = self._session.clip
        if clip is None or not self._session.settings.learn or self._running:
            return False
        decisions = self._decisions()
        return decisions.count > 0 and self._added.get(str(clip.path)) != decisions

    def _text(self) -> str:
        clip, decisions = self._session.clip, self._decisions()
        if self._running:
            return self.tr("Adding…")
        if clip is not None and decisions.count and self._added.get(str(clip.path)) == decisions:
            return self.tr("Added. What you change from here on can be added again.")
        if not decisions.count:
            return self.tr("Nothing is decided on this clip yet.")
        parts = (
            (len(decisions.accepted), "one suggestion accepted", "{0} suggestions accepted"),
            (len(decisions.refused), "one refused", "{0} refused"),
            (len(decisions.own), "one target of your own", "{0} targets of your own"),
        )
        return ", ".join(counted(self.tr, one, many, count) for count, one, many in parts if count)

    def _words(self) -> str:
        text = self.tr(
            "On this machine only: your targets and refusals are written to {0}, with a link to the clip. The clip is"
            " not copied and nothing is sent anywhere. Delete the folder to forget it all."
        )
        return text.replace("{0}", str(learning_folder()))
