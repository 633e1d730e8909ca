"""What the selected targets hold: strength, how long, whether they follow, how the plane lies, and their group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from rvr_laaf_app.ui.panels.slider_row import SliderRow, SliderScale

if TYPE_CHECKING:
    from rvr_laaf_app.document.project import FocusTarget
    from rvr_laaf_app.pipeline.focus_group import GroupNeed

STRENGTHS = ("firm", "soft", "suggested")
MAX_HOLD_FRAMES = 600
USUAL_HOLD_FRAMES = 48
CONTROL_PX = 168


class TargetDetails(QWidget):
    """Shows the values of one target; what the user changes is told, for all that are selected."""

    strength_chosen = Signal(str)
    hold_edited = Signal(object)  # frames, or None: until the next target
    follow_toggled = Signal()
    offset_edited = Signal(float)
    gesture_ended = Signal()
    group_asked = Signal()
    ungroup_asked = Signal()
    close_lens_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("target_details")
        self._make()
        self._arrange()
        self._connect()
        self.show_target(None, ())

    def _make(self) -> None:
        self.strength = QComboBox(self)
        self.strength.setObjectName("target_strength")
        self.strength.setAccessibleName(self.tr("Strength"))
        self.strength.addItems([self.tr("Firm"), self.tr("Soft"), self.tr("Suggested")])
        self.effect = QLabel(self)
        self.effect.setObjectName("strength_effect")
        self.effect.setProperty("role", "quiet")
        self.effect.setWordWrap(True)
        self.until_next = QCheckBox(self.tr("Until the next target"), self)
        self.until_next.setObjectName("hold_until_next")
        self.hold = SliderRow(
            "hold_length", self.tr("Hold"), SliderScale(1, MAX_HOLD_FRAMES, step=1), suffix=self.tr(" frames"),
            hint=self.tr("How long the subject must stay sharp; after that the plane rests where it is"),
        )  # fmt: skip
        self.keep = QCheckBox(self.tr("Hold this plane"), self)
        self.keep.setObjectName("hold_this_plane")
        self.keep.setToolTip(self.tr("The plane stays at this depth, whatever the subject does  H"))
        self.offset = SliderRow(
            "plane_offset", self.tr("Plane"), SliderScale(-0.2, 0.2, step=0.01, decimals=2),
            hint=self.tr("Nearer (+) or farther (-) than the subject, as a share of the depth of the shot  . ,"),
        )  # fmt: skip
        self.together = QWidget(self)  # stands where its owner puts it: near the list of targets
        self.together.setObjectName("group_part")
        self.group_text = QLabel(self.together)
        self.group_text.setObjectName("group_text")
        self.group_text.setWordWrap(True)
        self.group = QPushButton(self.tr("Keep all sharp"), self.together)
        self.group.setObjectName("group_targets_button")
        self.group.setToolTip(self.tr("The plane goes to the middle of the selected subjects  G"))
        self.ungroup = QPushButton(self.tr("End group"), self.together)
        self.ungroup.setObjectName("end_group_button")
        self.close_lens = QPushButton(self.tr("Close the lens"), self.together)
        self.close_lens.setObjectName("group_f_number_button")

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        line = QHBoxLayout()
        label = QLabel(self.tr("Strength"), self)
        label.setBuddy(self.strength)
        self.strength.setFixedWidth(CONTROL_PX)
        line.addWidget(label, 1)
        line.addWidget(self.strength)
        column.addLayout(line)
        column.addWidget(self.effect)
        column.addWidget(self.hold)
        column.addWidget(self.until_next)
        column.addWidget(self.offset)
        column.addWidget(self.keep)
        together = QVBoxLayout(self.together)
        together.setContentsMargins(0, 0, 0, 0)
        together.setSpacing(8)
        together.addWidget(self.group_text)
        buttons = QHBoxLayout()
        buttons.addWidget(self.group, 1)
        buttons.addWidget(self.close_lens, 1)
        buttons.addWidget(self.ungroup, 1)
        together.addLayout(buttons)

    def _connect(self) -> None:
        self.strength.activated.connect(self._strength_activated)
        self.until_next.clicked.connect(self._until_next_clicked)
        self.hold.value_edited.connect(self._hold_edited)
        self.hold.gesture_ended.connect(self.gesture_ended)
        self.keep.clicked.connect(self.follow_toggled)
        self.offset.value_edited.connect(self.offset_edited)
        self.offset.gesture_ended.connect(self.gesture_ended)
        self.group.clicked.connect(self.group_asked)
        self.ungroup.clicked.connect(self.ungroup_asked)
        self.close_lens.clicked.connect(self.close_lens_asked)

    def show_target(self, target: FocusTarget | None, selection: tuple[FocusTarget, ...]) -> None:
        """Show the values of the leading target; tells nobody."""
        self.setEnabled(target is not None)
        self.together.setVisible(target is not None and (len(selection) > 1 or bool(target.group)))
        with QSignalBlocker(self.strength), QSignalBlocker(self.until_next), QSignalBlocker(self.keep):
            self.strength.setCurrentIndex(STRENGTHS.index(target.strength) if target else 0)
            self.until_next.setChecked(target is None or target.hold_frames is None)
            self.keep.setChecked(target is not None and not target.follow)
        hold = target.hold_frames if target is not None else None
        self.hold.setEnabled(hold is not None)
        self.hold.set_value(USUAL_HOLD_FRAMES if hold is None else hold)
        self.offset.set_value(target.offset if target is not None else 0.0)
        self.effect.setText(self._effect_of(target.strength if target else "firm"))
        grouped = bool(target is not None and target.group)
        together = grouped and len({t.group for t in selection}) == 1
        self.group.setVisible(len(selection) > 1 and not together)
        self.ungroup.setVisible(grouped)
        if not grouped:
            self.group_text.setVisible(len(selection) > 1)
            self.group_text.setText(self.tr("{0} targets selected").replace("{0}", str(len(selection))))
            self.close_lens.hide()

    def _effect_of(self, strength: str) -> str:
        if strength == "soft":
            return self.tr("Sharp, but the plane moves no more than it must; gives way to a firm one close behind.")
        if strength == "suggested":
            return self.tr("Only shown: it does not move the focus until it is accepted.")
        return self.tr("The plane meets the subject exactly, before its time.")

    def show_group(self, need: GroupNeed | None, f_number: float) -> None:
        """Say what the group of the shown target needs. f_number: as it is."""
        if need is None:
            self.close_lens.hide()
            return
        self.group_text.show()
        self.close_lens.hide()
        if not need.known:
            self.group_text.setText(self.tr("Group: the depth of its subjects is not known yet."))
            return
        if need.f_number is None:
            self.group_text.setText(self.tr("Group: all sharp with this blur strength or less."))
            self._offer(self.tr("Set the blur"))
            return
        asked = f"f/{need.f_number:.1f}"
        if not need.possible:
            text = self.tr("Too far apart: all sharp would need {0}; the smallest opening is f/{1}.")
            self.group_text.setText(text.replace("{0}", asked).replace("{1}", f"{need.reachable or 0:.0f}"))
            self._offer(self.tr("Use f/{0}").replace("{0}", f"{need.reachable or 0:.0f}"))
        elif f_number + 0.05 >= need.f_number:
            text = self.tr("Group: all sharp (needs {0}, is f/{1}).")
            self.group_text.setText(text.replace("{0}", asked).replace("{1}", f"{f_number:.1f}"))
        else:
            text = self.tr("Group: all sharp needs {0}; it is f/{1}.")
            self.group_text.setText(text.replace("{0}", asked).replace("{1}", f"{f_number:.1f}"))
            self._offer(self.tr("Use {0}").replace("{0}", asked))

    def _offer(self, text: str) -> None:
        self.close_lens.setText(text)
        self.close_lens.show()

    @Slot(str)
    def say(self, text: str) -> None:
        """Show one line about the group."""
        self.group_text.setText(text)
        self.group_text.show()
        self.together.show()

    @Slot(int)
    def _strength_activated(self, number: int) -> None:
        self.strength_chosen.emit(STRENGTHS[number])

    @Slot(bool)
    def _until_next_clicked(self, checked: bool) -> None:
        self.hold_edited.emit(None if checked else round(self.hold.value))
        self.gesture_ended.emit()

    @Slot(float)
    def _hold_edited(self, value: float) -> None:
        self.hold_edited.emit(round(value))
