"""Sequences for AF-Net out of a folder of annotated clips: what people set, or what a user decided in the editor.

    python -m rvr_laaf_app.training.vaf_events CLIPS --out POOL

CLIPS is a folder that `rvr-laaf vaf check` accepts (`rvr-laaf annotate` makes one, learning from use another); POOL is
what `train_af --pool` reads, alone or beside the composed sequences of `focus_events`. Only clips that are done and
are not held out for testing are used. Around each change of focus lies one sequence, cut off well before its
neighbours; where focus stays, and where a suggestion was refused, sequences say that there is no change.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.annotation.audit import check_scores
from rvr_laaf_app.annotation.schema import ClipAnnotation, VafTarget
from rvr_laaf_app.annotation.split import load_split
from rvr_laaf_app.annotation.store import Book, read_books
from rvr_laaf_app.annotation.work import ClipFacts, surveyed
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.training.focus_events import LENGTH, RATE, SHARD, SIZE, EventSequence

APART_S = 1.0  # so far from other changes a sequence ends
EDGE = 8  # frames of a sequence before and behind its change, at least
FREE_S = 0.1  # a target so close to the start opens the clip and is no change


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said about one clip: where focus is, and at which seconds it was refused to move."""

    targets: tuple[VafTarget, ...]
    refused_s: tuple[float, ...]


def sequences_of(folder: Path, *, seed: int = 0) -> Iterator[EventSequence]:
    """Yield the sequences of a folder, clip after clip; the same folder and seed give the same."""
    survey, sides = surveyed(folder), load_split(folder)
    books = read_books(folder)[0]
    for facts in survey.clips:
        key = facts.clip.pictures
        if not facts.usable or sides.get(key) == "test":
            continue
        rng = np.random.default_rng((seed, int(key[:8], 16)))
        for said in _said_about(key, books):
            yield from _of_clip(folder, facts, said, rng)


def _said_about(key: str, books: Sequence[Book]) -> Iterator[_Said]:
    """Yield what each annotator who is done with a clip said about it."""
    refused = [a for b in books if b.role == "refused" for a in [b.said.get(key)] if a is not None]
    refused_s = tuple(t.at.seconds for a in refused for t in a.targets)
    for book in books:
        said: ClipAnnotation | None = book.said.get(key) if book.role == "annotator" else None
        if said is not None and said.state == "done" and (said.targets or refused_s):
            yield _Said(said.targets, refused_s)


def _of_clip(folder: Path, facts: ClipFacts, said: _Said, rng: np.random.Generator) -> Iterator[EventSequence]:
    """Yield a sequence about each change, and about as many moments at which there is none."""
    changes = [t.at.seconds for t in said.targets if t.at.seconds > FREE_S]
    frames, boxes = _seen(folder, facts, said.targets)
    if len(frames) < 2 * EDGE:
        return
    for at_s in changes:
        others = [c for c in changes if abs(c - at_s) > 1e-6]
        low = max((c + APART_S for c in others if c < at_s), default=0.0)
        high = min((c - APART_S for c in others if c > at_s), default=len(frames) / RATE)
        if not low < at_s < high:
            continue  # the next change is so near that nothing around this one is its own
        at = min(round(at_s * RATE), len(frames) - 1)
        begin = at - int(rng.integers(EDGE, LENGTH - EDGE))
        index = np.clip(np.arange(begin, begin + LENGTH), round(low * RATE), max(round(high * RATE) - 1, at))
        index = np.clip(index, 0, len(frames) - 1)
        index[at - begin] = at  # whatever was cut off around it
        yield EventSequence(frames[index], boxes[index], at - begin)
    free = [s for s in said.refused_s if all(abs(s - c) > APART_S for c in changes)]
    quiet = [s for s in rng.uniform(0, len(frames) / RATE, 50) if all(abs(s - c) > APART_S for c in changes)]
    for at_s in [*free, *quiet[: max(len(changes), 1)]]:
        low = max((c + APART_S / 2 for c in changes if c < at_s), default=0.0)
        high = min((c - APART_S / 2 for c in changes if c > at_s), default=len(frames) / RATE)
        begin = round(at_s * RATE) - LENGTH // 2
        index = np.clip(np.arange(begin, begin + LENGTH), round(low * RATE), max(round(high * RATE) - 1, 0))
        index = np.clip(index, 0, len(frames) - 1)
        yield EventSequence(frames[index], boxes[index], -1)


def _seen(
    folder: Path, facts: ClipFacts, targets: Sequence[VafTarget]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the clip at RATE [T, h, w, 3] and who has the focus [T, 4]; before the first target, its place."""
    table = facts.table
    times_s = np.arange(0.0, table.duration_s, 1.0 / RATE)
    frames = []
    with ClipReader(str(folder / facts.clip.name)) as reader:
        for seconds in times_s:
            rgb = reader.read(table.index_at(float(seconds))).rgb8
            frames.append(cv2.resize(rgb, SIZE, interpolation=cv2.INTER_AREA))
    boxes = np.tile(np.array([0.25, 0.25, 0.5, 0.5], np.float32), (len(frames), 1))  # nobody said: the middle
    for number, target in enumerate(targets):
        box = target.box
        from_s = 0.0 if number == 0 else target.at.seconds
        boxes[times_s >= from_s - 1e-6] = (box.x, box.y, max(box.width, 0.05), max(box.height, 0.05))
    return np.stack(frames), boxes


def write_pool(folder: Path, out: Path, *, seed: int = 0) -> int:
    """Write the sequences of a folder as shards of a pool; return how many there are."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("events_vaf_*.npz"):
        old.unlink()
    waiting: list[EventSequence] = []
    written = 0
    for sequence in sequences_of(folder, seed=seed):
        waiting.append(sequence)
        if len(waiting) == SHARD:
            written += _write(out, written // SHARD, waiting)
            waiting = []
    return written + _write(out, written // SHARD, waiting) if waiting else written


def _write(out: Path, number: int, sequences: Sequence[EventSequence]) -> int:
    path = out / f"events_vaf_{number:04d}.npz"
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            rgb=np.stack([s.rgb for s in sequences]),
            boxes=np.stack([s.boxes for s in sequences]),
            target=np.array([s.target for s in sequences], np.int64),
        )
    os.replace(partial, path)
    return len(sequences)


def main() -> None:
    """Write the pool, and say how far annotators can be trusted where that is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, metavar="CLIPS")
    parser.add_argument("--out", type=Path, required=True, metavar="POOL")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for score in check_scores(read_books(options.clips)[0]):
        print(f"{score.first}: {score.pairs} of the known targets found in {score.clips} check clips")
    count = write_pool(options.clips, options.out, seed=options.seed)
    print(f"{count} sequences; now: python -m rvr_laaf_app.training.train_af --pool {options.out}")


if __name__ == "__main__":
    main()
