"""How well stacks are aligned and fused: on stacks drawn by seed, with truth, and on pictures that lie in a folder.

Drawn stacks need nothing. With a folder: photographs become textures, rendered sets with an all-in-focus truth
(NAME_near, NAME_far, NAME_all) give PSNR, and pairs of real slices give the measures that need no truth. Every method
gets the same slices. Capturing is measured in `stack_capture`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.measure.fusion_quality import (
    edges_kept,
    grey_of,
    mutual_information,
    psnr,
    ssim,
    structure_kept,
)
from rvr_laaf_app.measure.stack_scenes import StackSpec, TrueStack, draw_stack
from rvr_laaf_app.media.stills import read_still
from rvr_laaf_app.stack.align import align_stack
from rvr_laaf_app.stack.fuse import METHODS, fuse
from rvr_laaf_app.stack.slices import AlignedSlices, Alignment, ListedSlices, Rgb

Tell = Callable[[str], None]
Picture = NDArray[np.uint8]
BORDER_PX: Final = 4
DEEP: Final = StackSpec(noise=0.01)
PAIR: Final = StackSpec(layers=2, slices=2, max_radius_px=6.0, noise=0.004)
FAULTS: Final = {
    "breathing 4 %": StackSpec(slices=8, max_radius_px=12.0, breathing=0.04, noise=0.005),
    "shake": StackSpec(slices=8, shake_px=6.0, shake_deg=0.4, noise=0.005),
    "all, flicker": StackSpec(slices=8, breathing=0.04, shake_px=3.0, shake_deg=0.3, flicker_stops=0.2, noise=0.01),
}
MOST_PAIRS: Final = 20
PHOTOS: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Slices to fuse and, if it is known, what the fused picture should be."""

    name: str
    group: str
    slices: tuple[Picture, ...]
    truth: Picture | None = None


def measure_fusion(seed: int, data: Path | None, *, stacks: int = 3, tell: Tell = lambda _: None) -> dict[str, Any]:
    """Return {"groups": {group: {method: {measure: mean}}}, "cases": {group: count}}."""
    cases = [*drawn_cases(seed, stacks), *(found_cases(data, seed, stacks) if data else [])]
    groups: dict[str, dict[str, list[dict[str, float]]]] = {}
    for number, case in enumerate(cases):
        tell(f"fusing {number + 1} of {len(cases)}: {case.name}")
        for method in METHODS:
            fused = fuse(ListedSlices(case.slices), method=method)
            figures = _figures(case, np.asarray(fused.rgb >> 8, np.uint8))
            groups.setdefault(case.group, {}).setdefault(method, []).append(figures)
    means = {
        group: {method: {key: float(np.mean([r[key] for r in rows])) for key in rows[0]} for method, rows in of.items()}
        for group, of in groups.items()
    }
    counts = {group: sum(case.group == group for case in cases) for group in groups}
    return {"groups": means, "cases": counts}


def _figures(case: Case, fused: Picture) -> dict[str, float]:
    figures = {}
    if case.truth is not None:
        figures["psnr"] = psnr(fused, case.truth, border=BORDER_PX)
        figures["ssim"] = ssim(fused, case.truth, border=BORDER_PX)
    if len(case.slices) == 2:
        sources, grey = [grey_of(s) for s in case.slices], grey_of(fused)
        figures["q_abf"] = edges_kept(sources, grey)
        figures["q_mi"] = mutual_information(sources, grey)
        figures["q_y"] = structure_kept(sources[0], sources[1], grey)
    return figures


def drawn_cases(seed: int, stacks: int) -> list[Case]:
    """Return stacks and pairs of this seed, drawn."""
    cases = []
    for number in range(stacks):
        for group, spec, offset in (("drawn stacks", DEEP, 0), ("drawn pairs", PAIR, 500)):
            stack = draw_stack(seed * 1000 + offset + number, spec)
            cases.append(Case(f"{group} {number + 1}", group, stack.slices, stack.truth))
    return cases


def found_cases(data: Path, seed: int, stacks: int) -> list[Case]:
    """Return cases from a folder: `photos`, rendered sets and pairs, wherever below it they lie."""
    cases = []
    photos = _photos(data, seed)
    for number in range(stacks if len(photos) >= 2 else 0):
        chosen = [photos[(2 * number + k) % len(photos)] for k in range(4)]
        for group, spec in (("photo stacks", DEEP), ("photo pairs", PAIR)):
            stack = draw_stack(seed * 1000 + number, spec, photos=chosen[: spec.layers])
            cases.append(Case(f"{group} {number + 1}", group, stack.slices, stack.truth))
    for path in sorted(data.rglob("*_all.*")):
        stem = path.stem.removesuffix("_all")
        for suffix in ("", "2"):
            sides = [path.with_name(f"{stem}_{side}{suffix}{path.suffix}") for side in ("near", "far")]
            if all(side.is_file() for side in sides):
                cases.append(Case(stem, "rendered truth", tuple(_read(s) for s in sides), _read(path)))
    for name, one, two in find_pairs(data)[:MOST_PAIRS]:
        first, second = _read(one), _read(two)
        if first.shape == second.shape:
            cases.append(Case(name, "real pairs", (first, second)))
    return cases


def find_pairs(data: Path) -> list[tuple[str, Path, Path]]:
    """Return (name, first, second): NAME-A and NAME-B, or the first and last slice of NNN_SS (lytro)."""
    pairs = []
    for one in sorted(data.rglob("*-A.*")):
        two = one.with_name(f"{one.stem[:-1]}B{one.suffix}")
        if two.is_file():
            pairs.append((one.stem[:-2], one, two))
    for folder in sorted(p for p in data.rglob("lytro") if p.is_dir()):
        scenes: dict[str, list[Path]] = {}
        for path in sorted(folder.glob("*_*.jpg")):
            scenes.setdefault(path.stem.split("_")[0], []).append(path)
        pairs += [(f"lytro {name}", of[0], of[-1]) for name, of in scenes.items() if len(of) >= 2]
    return pairs


def _photos(data: Path, seed: int) -> list[Picture]:
    """Return a few photographs of this seed, those with the finest detail of a larger draw."""
    paths = sorted((data / "photos").rglob("*.jpg")) if (data / "photos").is_dir() else []
    if not paths:
        return []
    random = np.random.default_rng(seed)
    drawn = [_read(paths[i]) for i in random.choice(len(paths), min(len(paths), 4 * PHOTOS), replace=False)]
    large = [p for p in drawn if min(p.shape[:2]) >= 160]
    return sorted(large, key=_detail, reverse=True)[:PHOTOS]


def _detail(picture: Picture) -> float:
    grey = grey_of(picture)
    return float(np.median(np.abs(np.diff(grey, axis=1))))


def _read(path: Path) -> Picture:
    return read_still(path).rgb8


def measure_alignment(seed: int, *, stacks: int = 2, tell: Tell = lambda _: None) -> dict[str, dict[str, float]]:
    """Return, by fault of the capture, the error of alignment at the corner where it is largest, and of exposure."""
    rows = {}
    for fault, spec in FAULTS.items():
        found = []
        for number in range(stacks):
            tell(f"aligning: {fault} {number + 1} of {stacks}")
            stack = draw_stack(seed * 1000 + 700 + number, spec)
            found.append(alignment_error(stack, align_stack(ListedSlices(stack.slices), reference=spec.slices - 1)))
        rows[fault] = {key: float(np.mean([f[key] for f in found])) for key in found[0]}
    return rows


def alignment_error(stack: TrueStack, alignment: Alignment) -> dict[str, float]:
    """Return px before and after aligning (mean and worst over slices, at the worst corner), and stops of exposure."""
    height, width = stack.truth.shape[:2]
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]], np.float64)
    away = [np.hypot(*((m - t) @ corners.T)).max() for m, t in zip(alignment.to_reference, stack.to_truth, strict=True)]
    raw = [np.hypot(*((np.eye(2, 3) - t) @ corners.T)).max() for t in stack.to_truth]
    light = np.log2(alignment.gains.mean(axis=1) * stack.gains)
    return {
        "raw_px": float(np.max(raw)),
        "mean_px": float(np.mean(away)),
        "worst_px": float(np.max(away)),
        "stops": float(np.abs(light - light[alignment.reference]).max()),
    }


def aligned_psnr(stack: TrueStack, *, align: bool, method: str = METHODS[0]) -> float:
    """Return the PSNR of the fused picture to the truth, with and without aligning (same frame)."""
    slices: Sequence[Rgb] = stack.slices
    listed = ListedSlices(slices)
    alignment = align_stack(listed, reference=listed.count - 1)
    left, top, width, height = alignment.common
    if not align:
        still = np.tile(np.eye(2, 3), (listed.count, 1, 1))
        alignment = replace(alignment, to_reference=still, gains=np.ones_like(alignment.gains))
    fused = fuse(AlignedSlices(listed, alignment), method=method)
    truth = stack.truth[top : top + height, left : left + width]
    return psnr(np.asarray(fused.rgb >> 8, np.uint8), truth, border=BORDER_PX)
