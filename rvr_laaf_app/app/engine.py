"""What the session needs of media and pipeline, as one small contract, and the real thing behind it.

Tests and notebooks give a session another engine. The real one imports what is heavy only when it is first used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from rvr_laaf_app.document.depth_source import DEFAULT_SOURCE, DepthSource
from rvr_laaf_app.document.project import Project, SubjectTrack
from rvr_laaf_app.jobs.job import Job

if TYPE_CHECKING:
    from rvr_laaf_app.core.evidence import Suggestion
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.depth_export import DepthRequest
    from rvr_laaf_app.pipeline.export import ExportReport, ExportRequest
    from rvr_laaf_app.pipeline.products import ClipProducts
    from rvr_laaf_app.pipeline.suggested import Mode

_DEPTH, _MATTE = "depth_", "matte_"


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """What the user wants exported. codec None = by the output's name; start_s, stop_s None = the whole clip.

    codec: of media.encoders, or depth_exr, depth_png16, depth_ffv1 for the disparity instead of the picture, or
    matte_png16 for a matte of what is in focus.
    crf: None = visually lossless. long_side: of the written pictures in pixels, None = as the clip.
    """

    path: str
    codec: str | None = None
    quality: Literal["final", "preview"] = "final"
    start_s: float | None = None
    stop_s: float | None = None
    overwrite: bool = False
    crf: int | None = None
    audio: Literal["auto", "encode", "none"] = "auto"
    long_side: int | None = None

    @property
    def depth_form(self) -> str | None:
        """exr, png16 or ffv1 if the disparity is wanted, else None."""
        codec = self.codec or ""
        return codec.removeprefix(_DEPTH) if codec.startswith(_DEPTH) else None

    @property
    def matte_form(self) -> str | None:
        """png16 if a matte of the focus is wanted, else None."""
        codec = self.codec or ""
        return codec.removeprefix(_MATTE) if codec.startswith(_MATTE) else None

    @property
    def plane_form(self) -> str | None:
        """How planes are written instead of pictures; None for pictures."""
        return self.depth_form or self.matte_form


class Engine(Protocol):
    """The work that a session asks for. Only `check_export` is called by the thread that owns the session."""

    def fingerprint(self, path: str) -> str:
        """Return the hash by which a clip is known again; raise MediaError if the file cannot be read."""
        ...

    def probe(self, path: str) -> ClipInfo:
        """Find out what a clip is; raise MediaError."""
        ...

    def products_of(self, info: ClipInfo, source: DepthSource = DEFAULT_SOURCE) -> ClipProducts:
        """Return the analysis of a clip as far as it is in the cache, with depth from there."""
        ...

    def analyse_job(self, products: ClipProducts) -> Job[ClipProducts]:
        """Analyse what is missing."""
        ...

    def track_job(self, products: ClipProducts, project: Project, target_id: str) -> Job[SubjectTrack]:
        """Follow the subject of a target."""
        ...

    def suggest_job(self, info: ClipInfo, mode: Mode) -> Job[list[Suggestion]]:
        """Look and listen for New Focus Targets; needs no depth."""
        ...

    def repair_job(self, products: ClipProducts, project: Project) -> Job[int]:
        """Carry the repairs of the depth through their shots, as far as the clip is analysed."""
        ...

    def check_export(self, choice: ExportChoice, info: ClipInfo) -> None:
        """Raise UsageError or ExportError for a choice that cannot work."""
        ...

    def export_job(self, products: ClipProducts, project: Project, choice: ExportChoice) -> Job[ExportReport]:
        """Write the refocused clip."""
        ...


class PipelineEngine:
    """The engine that does the work with `media` and `pipeline`."""

    def fingerprint(self, path: str) -> str:
        """See Engine."""
        from rvr_laaf_app.media.probe import fingerprint

        return fingerprint(path)

    def probe(self, path: str) -> ClipInfo:
        """See Engine."""
        from rvr_laaf_app.media.probe import probe

        return probe(path)

    def products_of(self, info: ClipInfo, source: DepthSource = DEFAULT_SOURCE) -> ClipProducts:
        """See Engine."""
        from rvr_laaf_app.pipeline.sourced import products_from

        return products_from(info, source)

    def analyse_job(self, products: ClipProducts) -> Job[ClipProducts]:
        """See Engine."""
        from rvr_laaf_app.pipeline.analyse import analyse_job

        return (yield from analyse_job(products))

    def track_job(self, products: ClipProducts, project: Project, target_id: str) -> Job[SubjectTrack]:
        """See Engine."""
        from rvr_laaf_app.pipeline.focus import track_job

        return (yield from track_job(products, project, target_id))

    def suggest_job(self, info: ClipInfo, mode: Mode) -> Job[list[Suggestion]]:
        """See Engine."""
        from rvr_laaf_app.pipeline.suggested import suggest_job

        return (yield from suggest_job(info, mode))

    def repair_job(self, products: ClipProducts, project: Project) -> Job[int]:
        """See Engine."""
        from rvr_laaf_app.pipeline.repair_carry import carry_job

        return (yield from carry_job(products, project.repairs))

    def check_export(self, choice: ExportChoice, info: ClipInfo) -> None:
        """See Engine."""
        if choice.plane_form is not None:
            from rvr_laaf_app.pipeline.depth_export import check_depth_request

            check_depth_request(_depth_request(choice), info)
            return
        from rvr_laaf_app.pipeline.export import check_request

        check_request(_request(choice), info)

    def export_job(self, products: ClipProducts, project: Project, choice: ExportChoice) -> Job[ExportReport]:
        """See Engine."""
        if choice.plane_form is not None:
            return (yield from _depth_job(products, project, choice))
        from rvr_laaf_app.pipeline.export import export_job
        from rvr_laaf_app.pipeline.focus import curve_of

        curve = curve_of(products, project)
        return (yield from export_job(products, project, curve, _request(choice)))


def _request(choice: ExportChoice) -> ExportRequest:
    from rvr_laaf_app.pipeline.export import ExportRequest

    return ExportRequest(
        out_path=choice.path,
        codec=choice.codec,
        quality=choice.quality,
        start_s=choice.start_s,
        stop_s=choice.stop_s,
        overwrite=choice.overwrite,
        crf=choice.crf,
        audio=choice.audio,
        long_side=choice.long_side,
    )


def _depth_request(choice: ExportChoice) -> DepthRequest:
    from rvr_laaf_app.core.errors import UsageError
    from rvr_laaf_app.pipeline.depth_export import DepthRequest

    form = choice.plane_form
    if form not in (("png16",) if choice.matte_form is not None else ("exr", "png16", "ffv1")):
        known = "depth_exr, depth_png16, depth_ffv1 or matte_png16"
        raise UsageError(f"unknown codec {choice.codec!r}", remedy=f"Choose {known}.")
    return DepthRequest(choice.path, form, choice.start_s, choice.stop_s, overwrite=choice.overwrite)  # type: ignore[arg-type]


def _depth_job(products: ClipProducts, project: Project, choice: ExportChoice) -> Job[ExportReport]:
    from rvr_laaf_app.pipeline.depth_export import depth_export_job
    from rvr_laaf_app.pipeline.export import ExportReport

    request = replace(_depth_request(choice), repairs=project.repairs)
    if choice.matte_form is not None:
        from rvr_laaf_app.pipeline.focus import curve_of
        from rvr_laaf_app.pipeline.matte_export import mattes_of

        plane = mattes_of(project, curve_of(products, project), products.info)
        report = yield from depth_export_job(products, request, plane=plane)
    else:
        report = yield from depth_export_job(products, request)
    return ExportReport(report.path, report.frames, 0)
