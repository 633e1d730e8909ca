"""From a folder and what was said about it to the rows of the list, and the words that are used in it."""

from __future__ import annotations

from collections.abc import Callable

from rvr_laaf_app.annotation.schema import is_named
from rvr_laaf_app.annotation.work import ClipFacts
from rvr_laaf_app.ui.annotate.clip_list import ClipRow, short_name
from rvr_laaf_app.ui.annotate.desk import Desk
from rvr_laaf_app.ui.plural import counted
from rvr_laaf_app.ui.timeline.scale import clock_text

Tr = Callable[[str], str]


def rows_of(desk: Desk, tr: Tr) -> list[ClipRow]:
    """Return the rows of the list; hidden check clips are rows like all others."""
    order = desk.order()
    work = [f for f in order if f.usable]
    aside = [f for f in order if not f.usable]
    rows = [ClipRow("", tr("TO ANNOTATE"), "", "heading")] if work else []
    rows += [_row(desk, facts, tr) for facts in work]
    if aside:
        rows.append(ClipRow("", tr("SET ASIDE"), "", "heading"))
        rows += [ClipRow(f.clip.pictures, short_name(f.clip.name), f.set_aside, desk.state_of(f)) for f in aside]
    others = [(u.name, u.reason) for u in desk.survey.unreadable]
    others += [(n, tr("the same as {0}").replace("{0}", short_name(o))) for n, o in desk.survey.copies]
    if others:
        rows.append(ClipRow("", tr("NOT USED"), "", "heading"))
        rows += [ClipRow("", short_name(name), reason, "aside") for name, reason in others]
    return rows


def _row(desk: Desk, facts: ClipFacts, tr: Tr) -> ClipRow:
    said = desk.store.said.get(facts.clip.pictures)
    state = desk.state_of(facts)
    detail = clock_text(facts.clip.duration_s, digits=0 if facts.clip.duration_s >= 10 else 1)
    if said is not None and said.targets:
        detail += " \u00b7 " + counted(tr, "one target", "{0} targets", len(said.targets))
    if state == "aside" and said is not None and said.reason:
        detail += f" \u00b7 {said.reason}"
    if said is not None and said.note:
        detail += f" \u00b7 {said.note}"
    return ClipRow(facts.clip.pictures, short_name(facts.clip.name), detail, state)


def progress_text(desk: Desk, tr: Tr, *, looking: tuple[int, int] | None) -> str:
    """Return what is to be said below the list."""
    if looking is not None:
        done, total = looking
        return tr("Looking at the clips: {0} of {1}").replace("{0}", str(done)).replace("{1}", str(total))
    return tr("Saved: {0} edits").replace("{0}", str(desk.store.edits))


def words_of(desk: Desk) -> list[str]:
    """Return the names of subjects in this annotator's work, in the order in which they came up.

    So a word keeps its number, whatever is annotated.
    """
    names = (t.subject for said in desk.store.said.values() for t in said.targets if is_named(t.subject))
    return list(dict.fromkeys(names))
