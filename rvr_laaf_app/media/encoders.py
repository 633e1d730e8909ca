"""Which codec goes into which file, in which pixel format and with which settings; nothing is opened or written here.

Choices made here, and why:
- H.264 is 8 bit 4:2:0, what every player can show; HLG and PQ clips get 10 bit, since 8 bit shows steps in every sky.
- HEVC is 10 bit 4:2:0 (Main 10), ProRes is 422 HQ, DNxHR is HQ for 8 bit sources and HQX (10 bit) for the others.
- An odd width or height cannot be 4:2:0. It is kept exactly, in 4:4:4 (H.264 High 4:4:4, HEVC RExt): some hardware
  players refuse these, none shows a wrong size. ProRes goes to 4444 for an odd width, DNxHR keeps odd sizes.
- The number of encoder threads is fixed, because x264 with one thread and with four gives different files.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal, get_args

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.media.hdr_metadata import HdrMetadata
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.media.yuv import WEIGHTS

Codec = Literal["h264", "hevc", "prores", "dnxhr", "png", "exr"]
AudioPolicy = Literal["auto", "encode", "none"]
CODECS: Final = get_args(Codec)
FRAME_CODECS: Final = ("png", "exr")

# Suffix -> FFmpeg's name of the container.
CONTAINERS: Final = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
_HOLDS: Final = {
    "mp4": ("h264", "hevc"),
    "mov": ("h264", "hevc", "prores", "dnxhr"),
    "matroska": ("h264", "hevc", "prores"),
}
_NOTHING_SAID: Final = HdrMetadata()
_DNXHR_SMALLEST: Final = (256, 120)
_HEVC_SMALLEST: Final = 16
_LARGE_PIXELS: Final = 1 << 22  # beyond, the encoder looks ahead less far: at 4K each frame it holds takes 12 to 30 MB
_HEVC_SHORT: Final = 16  # with fewer frames than it wants to reorder, x265 returns decoding times of random memory


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What the user chose. crf: None = visually lossless for the codec; audio "auto" copies where that is possible."""

    codec: Codec = "h264"
    crf: int | None = None
    threads: int = 2
    audio: AudioPolicy = "auto"

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise UsageError(f"unknown codec {self.codec!r}", remedy=f"Choose one of: {', '.join(CODECS)}.")
        if self.crf is not None and not 0 <= self.crf <= 51:
            raise UsageError("the quality (crf) must be between 0 (best) and 51")
        if not 1 <= self.threads <= 64:
            raise UsageError("the number of encoder threads must be between 1 and 64")


@dataclass(frozen=True, slots=True)
class VideoEncoding:
    """Everything an encoder is told about pictures. The tags are code points of ITU-T H.273; range 1 limited, 2 full.

    matrix: the same as matrix_tag, in the words of `media.yuv`.
    """

    encoder: str
    pix_fmt: str
    options: dict[str, str]
    matrix: str
    full_range: bool
    matrix_tag: int
    transfer_tag: int
    primaries_tag: int
    codec_tag: str | None = None


@dataclass(frozen=True, slots=True)
class SourceTags:
    """Colour code points as the source's stream has them (2 = not said), and what an HDR clip says of its screen."""

    matrix: int = 2
    transfer: int = 2
    primaries: int = 2
    hdr: HdrMetadata = _NOTHING_SAID


def default_settings(path: Path, info: ClipInfo) -> ExportSettings:
    """Return settings that suit the name of the result: frames for .png and .exr, HEVC for HDR, else H.264."""
    suffix = path.suffix.lower()
    if suffix in (".png", ".exr"):
        return ExportSettings(codec="png" if suffix == ".png" else "exr")
    return ExportSettings(codec="hevc" if info.transfer in ("hlg", "pq") else "h264")


def container_of(path: Path, codec: Codec) -> str:
    """Return FFmpeg's name of the container for this file name; raise UsageError for pairs that do not exist."""
    container = CONTAINERS.get(path.suffix.lower())
    if container is None and path.suffix.lower().removeprefix(".") in FRAME_CODECS:
        raise UsageError(f"{codec} does not go into a {path.suffix} file", where=path, remedy="Use .mp4, .mov or .mkv.")
    if container is None:
        raise UsageError(
            f"the kind of video file {path.suffix!r} is not known",
            where=path,
            remedy="Use .mp4, .mov or .mkv; for pictures .png or .exr, or a folder with the codec png or exr.",
        )
    if codec not in _HOLDS[container]:
        fitting = " or ".join(suffix for suffix, name in CONTAINERS.items() if codec in _HOLDS[name])
        raise UsageError(f"{codec} does not go into a {path.suffix} file", where=path, remedy=f"Use {fitting}.")
    return container


def video_encoding(
    info: ClipInfo, settings: ExportSettings, *, tags: SourceTags, size: tuple[int, int], frames: int
) -> VideoEncoding:
    """Return how `frames` pictures of coded size (width, height) are encoded; raise UsageError if they cannot be."""
    check_size(settings.codec, size)
    encoder, pix_fmt, options = _codec_choice(info, settings, size)
    large = size[0] * size[1] > _LARGE_PIXELS
    if encoder == "libx265" and (large or frames <= _HEVC_SHORT):
        _add(options, encoder, "bframes=0")  # at 4K frames that wait to be reordered take 0.6 GiB
    if encoder in ("libx264", "libx265") and large:
        _add(options, encoder, "rc-lookahead=10" if encoder == "libx264" else "rc-lookahead=4")
    if encoder in ("libx264", "libx265") and info.transfer in ("hlg", "pq"):
        for name, value in tags.hdr.encoder_parameters(encoder).items():
            _add(options, encoder, f"{name}={value}")
    full = info.color_range == "full" and info.matrix != "rgb" and settings.codec in ("h264", "hevc")
    matrix = _matrix(info, settings.codec)
    return VideoEncoding(
        encoder=encoder,
        pix_fmt=pix_fmt,
        options=options,
        matrix=matrix,
        full_range=full,
        matrix_tag=_matrix_tag(matrix, tags, size, codec=settings.codec),
        transfer_tag=_transfer_tag(info, tags),
        primaries_tag=_primaries_tag(info, matrix, tags, size),
        codec_tag="hvc1" if settings.codec == "hevc" else None,  # the name that Apple's players accept
    )


def _add(options: dict[str, str], encoder: str, parameter: str) -> None:
    """Add a private parameter of libx264 or libx265."""
    key = f"{encoder.removeprefix('lib')}-params"
    options[key] = f"{options[key]}:{parameter}" if key in options else parameter


def estimated_bytes(info: ClipInfo, settings: ExportSettings, frames: int) -> int:
    """Return a generous guess of the size of the result, for the check of free space.

    Bits per pixel: several times what soft backgrounds take in H.264 and HEVC (0.05 to 0.1), about a fifth more than
    the nearly constant rates of the others. A guess that is too low costs nothing but a later message.
    """
    width, height = info.display_size
    bits = {"h264": 0.3, "hevc": 0.25, "prores": 6.0, "dnxhr": 4.5, "png": 16.0, "exr": 32.0}[settings.codec]
    if settings.codec == "png" and info.bit_depth > 8:
        bits *= 2
    if settings.crf is not None and settings.codec in ("h264", "hevc"):
        bits *= 2.0 ** ((18 - settings.crf) / 6.0)
    seconds = info.table.duration_s if info.table is not None else 0.0
    sound = sum(40_000 * audio.channels for audio in info.audio) * seconds
    return int(width * height * frames * bits / 8 + sound) + (1 << 20)


def check_size(codec: Codec, size: tuple[int, int]) -> None:
    """Raise UsageError if the codec cannot hold pictures of this size (width, height)."""
    width, height = size
    if codec == "dnxhr" and (width < _DNXHR_SMALLEST[0] or height < _DNXHR_SMALLEST[1]):
        raise UsageError(
            f"DNxHR needs pictures of at least 256 x 120, this clip has {width} x {height}",
            remedy="Choose ProRes or H.264.",
        )
    if codec == "hevc" and min(width, height) < _HEVC_SMALLEST:
        raise UsageError(
            f"HEVC needs pictures of at least 16 x 16, this clip has {width} x {height}", remedy="Choose H.264."
        )


def _codec_choice(info: ClipInfo, settings: ExportSettings, size: tuple[int, int]) -> tuple[str, str, dict[str, str]]:
    threads = settings.threads
    odd = bool(size[0] % 2 or size[1] % 2)
    gop = _gop(info)
    if settings.codec == "h264":
        depth = "10le" if info.transfer in ("hlg", "pq") else ""
        crf = 17 if settings.crf is None else settings.crf
        options = {"preset": "fast", "crf": str(crf), "threads": str(threads), "g": gop}
        return "libx264", f"yuv{'444' if odd else '420'}p{depth}", options
    if settings.codec == "hevc":
        crf = 18 if settings.crf is None else settings.crf
        extra = f"log-level=none:pools={threads}:frame-threads=1"
        if info.transfer in ("hlg", "pq"):
            extra += ":hdr10-opt=1:repeat-headers=1" if info.transfer == "pq" else ":repeat-headers=1"
        options = {"preset": "superfast", "crf": str(crf), "g": gop, "forced-idr": "1", "x265-params": extra}
        return "libx265", f"yuv{'444' if odd else '420'}p10le", options
    if settings.codec == "prores":
        if size[0] % 2:
            # In 4:2:2 the encoders refuse an odd width, or leave the chroma of the last column black (seen as green).
            return "prores_ks", "yuv444p10le", {"profile": "4444", "vendor": "apl0", "threads": str(threads)}
        # prores_aw: the same quality and size as prores_ks in a third of its time.
        return "prores_aw", "yuv422p10le", {"profile": "3", "vendor": "apl0", "threads": str(threads)}
    if settings.codec == "dnxhr":
        deep = info.bit_depth > 8
        options = {"profile": "dnxhr_hqx" if deep else "dnxhr_hq", "threads": str(threads)}
        return "dnxhd", "yuv422p10le" if deep else "yuv422p", options
    raise UsageError(f"{settings.codec} frames are not a video")


def _gop(info: ClipInfo) -> str:
    """Key frames two seconds apart: seeking stays quick and the cost is small."""
    rate = info.table.average_rate if info.table is not None else Fraction(25)
    return str(min(max(round(2 * rate), 1), 250))


def _is_pal(size: tuple[int, int]) -> bool:
    return 576 in size


def _matrix(info: ClipInfo, codec: Codec) -> str:
    """Return the matrix of the source where the codec can name it: DNxHR as written here is BT.709, always."""
    known = ("bt601", "bt709", "bt2020") if codec == "prores" else ("bt709",) if codec == "dnxhr" else tuple(WEIGHTS)
    return info.matrix if info.matrix in known else "bt709"


def _matrix_tag(matrix: str, tags: SourceTags, size: tuple[int, int], *, codec: Codec) -> int:
    if matrix == "bt601" and codec != "prores":  # whose frames know only 6; 5 is the same matrix
        if tags.matrix in (5, 6):
            return tags.matrix
        return 5 if _is_pal(size) else 6
    return {"bt601": 6, "bt709": 1, "bt2020": 9, "smpte240m": 7, "fcc": 4}[matrix]


def _transfer_tag(info: ClipInfo, tags: SourceTags) -> int:
    named = {"hlg": 18, "pq": 16, "srgb": 13, "linear": 8}.get(info.transfer)
    if named is not None:
        return named
    if tags.transfer not in (0, 2, 3):
        return tags.transfer
    return 6 if info.matrix == "bt601" else 1


def _primaries_tag(info: ClipInfo, matrix: str, tags: SourceTags, size: tuple[int, int]) -> int:
    if tags.primaries not in (0, 2, 3):
        return tags.primaries
    if info.primaries == "bt2020":
        return 9
    if matrix == "bt601":
        return 5 if _is_pal(size) else 6
    return 1
