"""What the commands of the annotation page do, by id."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from rvr_laaf_app.ui.annotate.commands import REASONS

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLineEdit

    from rvr_laaf_app.ui.annotate.bench import Bench

Handlers = dict[str, Callable[[], object]]


def handlers_of(bench: Bench) -> Handlers:
    """Return what each command does with a bench."""
    show, desk, form = bench.show, bench.desk, bench.page.form
    return {
        "play": show.toggle_play,
        "step_back": lambda: show.seek(show.index - 1),
        "step_on": lambda: show.seek(show.index + 1),
        "ten_back": lambda: show.seek(show.index - 10),
        "ten_on": lambda: show.seek(show.index + 10),
        "to_start": lambda: show.seek(0),
        "to_end": lambda: show.seek(show.last_index),
        "previous_target": lambda: bench.step(-1),
        "next_target": lambda: bench.step(1),
        "focus_here": bench.focus_under_pointer,
        "earlier": lambda: bench.move(-1),
        "later": lambda: bench.move(1),
        "much_earlier": lambda: bench.move(-5),
        "much_later": lambda: bench.move(5),
        "set_early": lambda: bench.set_limit("early"),
        "set_late": lambda: bench.set_limit("late"),
        "set_arrive": lambda: bench.set_limit("arrive"),
        "set_hold": lambda: bench.set_limit("hold"),
        "clear_hold": lambda: bench.set_limit("hold", clear=True),
        "remove_target": desk.remove,
        "attention": bench.next_attention,
        "attention_off": lambda: bench.set_attention("off"),
        "attention_over": lambda: bench.set_attention("over"),
        "attention_beside": lambda: bench.set_attention("beside"),
        "name_subject": lambda: _type_in(form.subject),
        "write_reason": lambda: _type_in(form.reason),
        "write_note": lambda: _type_in(bench.page.note.field),
        **{f"reason_{n}": partial(desk.set_reason, reason) for n, reason in enumerate(REASONS)},
    }


def _type_in(field: QLineEdit) -> None:
    field.setFocus()
    field.selectAll()
