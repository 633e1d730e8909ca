"""The figures of `rvr-laaf eval` as Markdown tables, ready to be read or pasted into a model card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

MOST_SKIPPED = 8


def tables_of(report: dict[str, Any]) -> list[str]:
    """Return the lines of every table that the report has figures for."""
    lines = [f"{report['estimator']} ({report['version']}), {report['data']}, {report['seconds']:.0f} s"]
    makers: dict[str, Callable[[Any], Iterator[str]]] = {
        "order": _order,
        "scenes": _scenes,
        "bokeh": _bokeh,
        "video": _video,
        "light": _light,
        "steady": _steady,
    }
    for part, maker in makers.items():
        figures = report.get(part)
        if figures:
            lines += ["", *maker(figures)]
            lines += _skipped(figures["skipped"]) if isinstance(figures, dict) else []
    return lines


def _order(figures: dict[str, Any]) -> Iterator[str]:
    yield f"**order of points**, split {figures['split']}: {figures['photos']} photographs, {figures['pairs']} pairs"
    if not figures["pairs"]:
        return
    low, high = figures["interval_95"]
    rows = [("all", figures["pairs"], figures["wrong_order_rate"], figures["lower_is_nearer"])]
    names = {"nearest": "with the nearest level", "beyond": "beyond the nearest level", "adjacent": "next levels"}
    rows += [(text, figures[n]["pairs"], figures[n]["wrong"], figures[n]["ramp"]) for n, text in names.items()]
    yield from _table(("pairs", "number", "wrong order", "lower is nearer"), rows)
    yield f"wrong order {figures['wrong_order_rate']:.4f}, 95 % interval {low:.4f} to {high:.4f}"
    yield ""
    keys = ("pairs", "said_right", "was_right")
    yield from _table(("pairs", "said right", "was right"), [[row[k] for k in keys] for row in figures["confidence"]])


def _scenes(figures: dict[str, Any]) -> Iterator[str]:
    yield "**aligned disparity error** (share of range) and **edges** (F1, 2 px)"
    keys = ("error", "ramp", "plane", "edge_f1", "edge_f1_bilinear")
    rows = [[row["name"], *(row[key] for key in keys)] for row in figures["scenes"]]
    rows += [[f"mean of {len(rows)}", *(figures["mean"][key] for key in keys)]]
    rows += [["mean of folders", *(figures["mean_of_groups"][key] for key in keys)]]
    yield from _table(("scene", "error", "ramp", "plane", "edges", "edges, bilinear"), rows)
    for name in ("mean", "mean_of_groups"):
        mean = figures[name]
        if mean["error"] is not None and mean["ramp"]:
            yield f"{name.replace('_', ' ')}: error {100 * (mean['error'] / mean['ramp'] - 1):+.0f} % against the ramp"
    yield f"worse than the ramp: {', '.join(figures['worse_than_ramp']) or 'none'}"


def _bokeh(figures: dict[str, Any]) -> Iterator[str]:
    yield "**refocused pictures**, PSNR in dB against true shallow shots; columns: the light that was rendered"
    lights = ("true", "estimated", "clipped")
    mean = figures["mean"]
    rows = [[f"{d} disparity", *(mean[d].get(light) for light in lights)] for d in mean if "deep" not in d]
    rows += [[d, *(mean[d].get(light) for light in lights)] for d in mean if "deep" in d]
    yield from _table((f"mean of {len(figures['shots'])} shots", *lights), rows)
    yield ""
    columns = (("true", "true"), ("predicted", "true"), ("predicted", "estimated"), ("plane", "clipped"))
    rows = [[r["scene"], r["shot"], *(r["psnr"][d][light] for d, light in columns)] for r in figures["shots"]]
    yield from _table(("scene", "shot", *(f"{d} disparity, {light} light" for d, light in columns)), rows)


def _video(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield "**rank correlation with a reference disparity video**"
    keys = ("clip", "frames", "rank_correlation", "lowest", "ramp")
    yield from _table(("clip", "frames", "mean", "lowest", "ramp"), [[row[key] for key in keys] for row in rows])


def _light(figures: dict[str, Any]) -> Iterator[str]:
    yield "**lost light**: error in stops on clipped channels; touched = unclipped channels changed by over 0.1 stop"
    keys = ("error_stops", "network_error_stops", "clipped_input_stops", "bias_stops")
    rows = [[r["name"], r["views"], *(r[k] for k in keys), _percent(r["touched_share"])] for r in figures["maps"]]
    mean = figures["mean"]
    rows += [["mean", "", *(mean[k] for k in keys), _percent(mean["touched_share"])]]
    yield from _table(("map", "views", "error", "of the network", "clipped input", "bias", "touched"), rows)


def _steady(figures: dict[str, Any]) -> Iterator[str]:
    yield "**steadiness**: change of static pixels as a share of the range, and smear at moving edges"
    yield "frame by frame -> steadied, and their ratio"
    rows: list[list[Any]] = []
    for row in figures["clips"]:
        cells: list[Any] = [row["clip"], row["frames"], _percent(row["static_share"])]
        for name in ("jitter", "drift", "smear"):
            part = row[name]
            plain = "" if part is None else f"{part['frame_by_frame']:.4f} -> {part['steadied']:.4f}"
            cells += [plain, "" if part is None else part["ratio"]]
        cells.append("" if row["truth_smear"] is None else row["truth_smear"])
        rows.append(cells)
    mean = figures["mean"]
    rows.append(["mean", "", "", "", mean["jitter"], "", mean["drift"], "", mean["smear"], mean["truth_smear"]])
    head = (
        "clip",
        "frames",
        "static",
        "jitter",
        "ratio",
        "drift in 25 frames",
        "ratio",
        "smear",
        "ratio",
        "of the truth",
    )
    yield from _table(head, rows)


def _skipped(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    for row in rows[:MOST_SKIPPED]:
        yield f"skipped {row['what']}: {row['why']}"
    if len(rows) > MOST_SKIPPED:
        yield f"skipped {len(rows) - MOST_SKIPPED} more (all are in the JSON)"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for number, row in enumerate(cells):
        yield "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
        if number == 0:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"
