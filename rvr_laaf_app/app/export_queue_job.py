"""One export in the queue, as a value: what, how, where, of which state of the project, and how it stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Final, Literal, cast, get_args

from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.document.limits import MAX_FRAMES, check_number, check_path, check_text
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.strict_json import Fields, JsonObject

QueueState = Literal["waiting", "running", "paused", "interrupted", "done", "failed", "cancelled"]
LEFT: Final = ("waiting", "running", "paused", "interrupted")  # there is something to do yet
AGAIN: Final = ("failed", "cancelled", "interrupted")  # may be tried again
_MAX_MESSAGE: Final = 2000


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an export failed: what, where, what to do."""

    what: str
    where: str = ""
    remedy: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Trouble:
        """Return what to say about an error; one that is not of our family is unexpected."""
        if isinstance(error, RvrError):
            return cls(clean(error.what)[:_MAX_MESSAGE], error.where or "", clean(error.remedy)[:_MAX_MESSAGE])
        what = f"this should not have happened: {type(error).__name__}: {error}"
        return cls(clean(what)[:_MAX_MESSAGE], remedy="Try again; your project is safe. Please report this.")

    @property
    def sentence(self) -> str:
        """What, where and what to do, in one line."""
        return str(RvrError(self.what, where=self.where or None, remedy=self.remedy))


def clean(text: str) -> str:
    """Return text for people: bytes of a file name that are no text become question marks."""
    return text.replace("\0", " ").encode(errors="replace").decode()


@dataclass(frozen=True, slots=True)
class ExportJob:
    """One export.

    project: as it was when the job was added, None once it is not needed any more. title: the name of the clip.
    frames: how many are written. seconds: time worked on it; size_bytes: of the result; both once it is done.
    """

    id: str
    title: str
    preset: str
    choice: ExportChoice
    project: Project | None
    frames: int
    state: QueueState = "waiting"
    trouble: Trouble | None = None
    added: str = ""
    seconds: float = 0.0
    size_bytes: int = 0

    @property
    def left(self) -> bool:
        """True if there is something to do yet."""
        return self.state in LEFT

    @property
    def can_retry(self) -> bool:
        """True if it may be tried again."""
        return self.state in AGAIN and self.project is not None

    def standing(self, state: QueueState, trouble: Trouble | None = None) -> ExportJob:
        """Return the job in another state."""
        return replace(self, state=state, trouble=trouble)


def encode_job(job: ExportJob, project: str) -> JsonObject:
    """Return the job as JSON values; `project` names where the project is kept, "" = nowhere."""
    return {
        "id": job.id,
        "title": job.title,
        "preset": job.preset,
        "choice": asdict(job.choice),
        "project": project,
        "frames": job.frames,
        "state": job.state,
        "trouble": None if job.trouble is None else asdict(job.trouble),
        "added": job.added,
        "seconds": float(job.seconds),
        "size_bytes": int(job.size_bytes),
    }


def decode_job(item: object, where: str) -> tuple[ExportJob, str]:
    """Return the job without its project, and where that is kept; raise ValueError naming the field that is wrong."""
    fields = Fields(cast("JsonObject", item), where)
    state = fields.text("state")
    if state not in get_args(QueueState):
        raise ValueError(f"{fields.name('state')} is none: {state[:40]!r}")
    job = ExportJob(
        id=_text(fields, "id", 100),
        title=_text(fields, "title", 1000),
        preset=_text(fields, "preset", 200),
        choice=_choice(fields.inner("choice")),
        project=None,
        frames=_count(fields, "frames", MAX_FRAMES),
        state=cast("QueueState", state),
        trouble=_trouble(fields.inner("trouble")) if fields.has("trouble") else None,
        added=_text(fields, "added", 100),
        seconds=max(fields.real("seconds", 0.0), 0.0),
        size_bytes=_count(fields, "size_bytes", 2**62),
    )
    project = _text(fields, "project", 100)
    _nothing_else(fields)
    if not job.id:
        raise ValueError(f"{fields.name('id')} must not be empty")
    return job, project


def _choice(fields: Fields) -> ExportChoice:
    path = fields.text("path")
    check_path(fields.name("path"), path)
    quality, audio = fields.text("quality", "final"), fields.text("audio", "auto")
    if quality not in ("final", "preview") or audio not in ("auto", "encode", "none"):
        raise ValueError(f"{fields.name('quality')} or audio is none: {quality[:40]!r}, {audio[:40]!r}")
    overwrite = fields.raw("overwrite")
    if not isinstance(overwrite, bool):
        raise ValueError(f"{fields.name('overwrite')} must be true or false")
    choice = ExportChoice(
        path,
        codec=_text(fields, "codec", 40) if fields.has("codec") else None,
        quality=quality,  # type: ignore[arg-type]
        start_s=fields.optional_real("start_s"),
        stop_s=fields.optional_real("stop_s"),
        overwrite=overwrite,
        crf=fields.integer("crf") if fields.has("crf") else None,
        audio=audio,  # type: ignore[arg-type]
        long_side=fields.integer("long_side") if fields.has("long_side") else None,
    )
    _nothing_else(fields)
    return choice


def _trouble(fields: Fields) -> Trouble:
    trouble = Trouble(*(_text(fields, key, _MAX_MESSAGE * 4) for key in ("what", "where", "remedy")))
    _nothing_else(fields)
    return trouble


def _text(fields: Fields, key: str, longest: int) -> str:
    value = fields.text(key)
    check_path(fields.name(key), value) if key == "where" else check_text(fields.name(key), value, longest)
    return value


def _count(fields: Fields, key: str, largest: int) -> int:
    value = fields.integer(key)
    check_number(fields.name(key), value, 0, largest)
    return value


def _nothing_else(fields: Fields) -> None:
    for key in fields.rest():
        raise ValueError(f"unknown field {fields.name(key)[:120]!r}")
