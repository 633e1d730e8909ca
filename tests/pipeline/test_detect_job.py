"""The detectors over a clip: kept on disk, resumed, stopped, mended; and what a project takes over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.evidence import ClipEvidence, Suggestion
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.project import Correction, FocusTarget, Project
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.pipeline import detect_job as job_module
from rvr_laaf_app.pipeline import evidence_store
from rvr_laaf_app.pipeline.analyse import products_of
from rvr_laaf_app.pipeline.detect_job import detect_job, evidence_key
from rvr_laaf_app.pipeline.evidence_store import EvidenceStore
from rvr_laaf_app.pipeline.suggested import as_printed_job, planes_of, suggest_job, with_suggestions
from tests.clips import write_clip

FRAMES = 50


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "CHUNK_FRAMES", 20)
    monkeypatch.setattr(evidence_store, "CHUNK_FRAMES", 20)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames=FRAMES, size=(320, 192), cut_at=30)


def same(a: ClipEvidence, b: ClipEvidence) -> bool:
    names = ("motion", "saliency", "camera", "faces", "blobs", "sound")
    return a.cuts == b.cuts and all(np.array_equal(getattr(a, n), getattr(b, n)) for n in names)


def test_a_job_that_was_stopped_goes_on_and_ends_the_same(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = probe(clip)
    job = detect_job(info)
    steps = [next(job).done for _ in range(33)]
    assert steps == sorted(steps)
    job.close()
    store = EvidenceStore(info.fingerprint, evidence_key())
    assert store.has(0)
    assert not store.has(20)
    resumed = run_job(detect_job(info))
    store.clear()
    assert not store.has(0)
    whole = run_job(detect_job(info))
    assert same(resumed, whole)
    assert whole.frames == FRAMES
    assert whole.cuts == (30,)
    assert whole.motion.shape[0] == len(whole.camera) == FRAMES
    assert whole.sound is not None

    def no_decoding(*_: object, **__: object) -> None:
        raise AssertionError("the cache holds everything")

    monkeypatch.setattr(job_module, "ClipReader", no_decoding)
    assert same(run_job(detect_job(info)), whole)


def test_a_damaged_chunk_is_computed_again(clip: Path) -> None:
    info = probe(clip)
    whole = run_job(detect_job(info))
    store = EvidenceStore(info.fingerprint, evidence_key())
    path = next(store.folder.glob("*20.npz"))
    path.write_bytes(path.read_bytes()[:-40])
    assert same(run_job(detect_job(info)), whole)


def test_each_shot_gets_a_target_and_a_silent_clip_is_no_trouble(tmp_path: Path) -> None:
    info = probe(write_clip(tmp_path / "mute.mp4", frames=40, size=(320, 192), cut_at=20, sound=False))
    for mode in ("auto", "action", "conversation"):
        found = run_job(suggest_job(info, mode))
        assert [s.frame for s in found if s.frame in (0, 20)] == [0, 20]
        assert all(0 <= s.ready <= s.frame < 40 for s in found)


def test_section_5_2_runs_on_estimated_depth(clip: Path) -> None:
    products = products_of(probe(clip), "lower-is-nearer")
    found = run_job(as_printed_job(products, "action"))
    assert all(s.detector == "section 5.2: action and saliency" for s in found)
    with pytest.raises(UsageError, match=r"section 5\.2 knows"):
        run_job(as_printed_job(products, "auto"))
    planes = run_job(planes_of(products, [Suggestion(0, Box(0.1, 0.4, 0.2, 0.3), 1.0, "face", "")]))
    assert planes.shape == (FRAMES,)


def test_af_net_says_that_its_weights_are_missing(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifest.json").write_text('{"roles": {}, "checkpoints": {}}')
    monkeypatch.setenv("RVR_MODELS_DIR", str(tmp_path))
    with pytest.raises(UsageError, match="no weights of AF-Net"):
        run_job(suggest_job(probe(clip), "af-net"))


def test_a_project_takes_suggestions_over_beside_its_own_targets() -> None:
    box, wider = Box(0.9, 0.4, 0.1, 0.2), Box(0.7, 0.3, 0.2, 0.4)
    speaks = Suggestion(50, box, 0.9, "voice", "begins to speak", ready=44, earlier=(44, wider))
    enters = Suggestion(80, box, 0.9, "action", "enters the picture", ready=74, later=(95, wider))
    mine = FocusTarget("auto-0", 0, box)
    project = with_suggestions(Project(targets=(mine,)), [speaks, enters], pull_frames=8)
    assert project.targets[0] == mine
    assert [t.frame for t in project.targets] == [0, 44, 80]
    first, second = project.targets[1:]
    assert len({t.id for t in project.targets}) == 3
    assert (first.place, first.source, first.reason) == (wider, "detector:voice", "begins to speak")
    assert (second.place, second.corrections) == (box, (Correction(95, wider),))
    assert first.pull_frames == second.pull_frames == 8
