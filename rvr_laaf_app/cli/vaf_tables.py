"""The tables of `rvr-laaf vaf`, as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST_LINES = 200
_ROLES = {"check": " (check clips)", "refused": " (refused suggestions)"}
_FIGURES = {  # name -> heading, factor, unit, decimals
    "found": ("targets both have", 100.0, "%", 0),
    "time_s": ("apart in time", 1.0, "s", 2),
    "in_window": ("in each other's window", 100.0, "%", 0),
    "overlap": ("overlap of boxes", 1.0, "", 2),
    "distance": ("middles apart", 1.0, "", 3),
    "same_place": ("same place", 100.0, "%", 0),
    "same_words": ("subjects share a word", 100.0, "%", 0),
    "kappa": ("kappa of subjects", 1.0, "", 2),
    "same_focus": ("time on the same subject", 100.0, "%", 0),
}


def stats_tables(report: dict[str, Any]) -> list[str]:
    """Return clips, what is set aside, annotators."""
    minutes = report["seconds"] / 60.0
    lines = [f"{report['clips']} clips, {report['usable']} to annotate ({minutes:.1f} minutes)"]
    lines += [f"  set aside   {row['name']}: {row['reason']}" for row in report["set_aside"]]
    lines += [f"  unreadable  {row['name']}: {row['reason']}" for row in report["unreadable"]]
    lines += [f"  copy        {row['name']}: shows the same frames as {row['of']}" for row in report["copies"]]
    if report["annotators"]:
        header = ("annotator", "done", "begun", "aside", "left", "targets", "per min", "edits")
        rows = [
            (
                row["annotator"] + _ROLES.get(row["role"], ""),
                *(str(row[k]) for k in ("done", "begun", "set_aside", "left", "targets")),
                "-" if row["rate"] is None else f"{row['rate']:.1f}",
                str(row["edits"]),
            )
            for row in report["annotators"]
        ]
        lines += ["", *aligned(header, rows)]
    split = report["split"]
    if any(split.values()):
        lines += ["", f"split: {split['train']} train, {split['test']} test"]
    if "list" in report:
        rows = [
            (
                c["name"],
                f"{c['seconds']:.1f} s",
                str(len(c["cuts"])),
                c["split"] or "-",
                ", ".join(c["annotators"]) or "-",
            )
            for c in report["list"]
        ]
        lines += ["", *aligned(("clip", "length", "cuts", "split", "annotated by"), rows)]
    return lines


def check_tables(report: dict[str, Any]) -> list[str]:
    """Return problems, remarks, how the targets' frames were found."""
    lines = _some("problem", report["problems"]) + _some("remark", report["remarks"])
    ways = {"exact": "same frame", "alike": "re-encoded", "moved": "elsewhere", "lost": "not found"}
    counts = [f"{report['targets'][w]} {title}" for w, title in ways.items() if report["targets"].get(w)]
    lines.append("frames of targets: " + (", ".join(counts) or "none to look for"))
    if report["adopted"]:
        taken = ", ".join(f"{n} {ways.get(w, w)}" for w, n in sorted(report["adopted"].items()))
        lines += [f"taken over: {taken}", *(f"left out: {note}" for note in report["left_out"])]
    lines.append(f"{len(report['problems'])} problems" if report["problems"] else "no problems")
    return lines


def agreement_tables(found: Sequence[dict[str, Any]], title: str = "") -> list[str]:
    """Return a table for every two annotators: figure, 95 % interval, what it rests on."""
    lines: list[str] = []
    for row in found:
        head = f"{row['first']} and {row['second']}: {row['clips']} clips, {row['pairs']} targets of both"
        lines += [*([""] if lines or title else []), f"{head}{', ' + title if title else ''}"]
        table = [_figure(heading, row["figures"][name]) for name, heading in _FIGURES.items()]
        lines += aligned(("figure", "value", "95 % interval", "of"), table)
    return lines


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as columns of text, the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    return [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in [header, *rows]
    ]


def _figure(heading: tuple[str, float, str, int], estimate: dict[str, Any]) -> tuple[str, str, str, str]:
    title, factor, unit, decimals = heading
    if estimate["value"] is None:
        return title, "-", "-", "0"

    def text(value: float) -> str:
        return f"{factor * value:.{decimals}f}{' ' + unit if unit else ''}"

    low, high = estimate["low"], estimate["high"]
    interval = "-" if low is None or high is None else f"{text(low)} to {text(high)}"
    return title, text(estimate["value"]), interval, str(estimate["count"])


def _some(title: str, texts: Sequence[str]) -> list[str]:
    lines = [f"{title}: {text}" for text in texts[:MOST_LINES]]
    if len(texts) > MOST_LINES:
        lines.append(f"... and {len(texts) - MOST_LINES} more")
    return lines
