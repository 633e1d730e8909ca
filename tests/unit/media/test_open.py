from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import av.error
import pytest
from cards import Card, number_of, write_clip

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.media.open import check_file, media_errors, open_media, shown_path
from rvr_laaf_app.media.probe import fingerprint, probe
from rvr_laaf_app.media.reader import ClipReader


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_clip(tmp_path_factory.mktemp("open") / "one.mp4", Card(frames=1)).read_bytes()


NAMES = [
    "plain.mp4", "name with spaces.mp4", "名前-ü-🎬.mp4", "a'b\"c;$(touch pwned).mp4", "-rf.mp4", " lead.mp4",
    "trail.mp4 ",
    "new\nline.mp4", "%03d.mp4", "a%d.mp4", "concat:a.mp4", "http:x.mp4", "file:x.mp4", "data:,x.mp4", "pipe:0",
    "subfile,,start,0,end,10,,:x.mp4", "crypto:x.mp4", "x" * 240 + ".mp4", "é (NFD).mp4", "é (NFC).mp4", "CON.mp4",
    "noextension", ".hidden.mp4", "UPPER.MP4", "clip.txt", "clip.m3u8", b"nonutf8-\xff.mp4",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_have_any_name(
    name: str | bytes, clip: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(clip)
    for given in (path, os.fsencode(path), os.fsdecode(name)):
        with ClipReader(given) as reader:
            assert reader.info.frames == 1
            assert number_of(reader.read(0).rgb) == 0
    assert os.listdir(tmp_path) == [os.fsdecode(name)]


def test_what_is_no_file_is_refused_without_being_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    cases = {
        tmp_path: "folder",
        tmp_path / "pipe.mp4": "device or pipe",
        Path("/dev/zero"): "device or pipe",
        tmp_path / "empty.mp4": "empty",
        tmp_path / "missing.mp4": "does not exist",
        tmp_path / "loop.mp4": "cannot be opened",
    }
    for path, reason in cases.items():
        with pytest.raises(MediaError, match=reason):
            probe(path)
        with pytest.raises(MediaError, match=reason), open_media(path):
            pass
        with pytest.raises(MediaError, match=reason):
            fingerprint(path) if path.is_file() and path.stat().st_size else check_file(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_forbidden_file_says_so(clip: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(clip)
    path.chmod(0)
    with pytest.raises(MediaError, match="permission"):
        probe(path)


def test_a_name_with_a_nul_is_an_error_of_ours() -> None:
    with pytest.raises(MediaError):
        probe("a\0b.mp4")


@pytest.fixture
def listener() -> Iterator[tuple[int, list[int]]]:
    """A local server that counts who calls."""
    server, calls = socket.create_server(("127.0.0.1", 0)), []

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            calls.append(1)
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.getsockname()[1], calls
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def _playlists(secret: Path, url: str) -> dict[str, str]:
    def hls(target: str) -> str:
        return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n{target}\n#EXT-X-ENDLIST\n"

    return {
        "hls to a file": hls(f"file://{secret}"),
        "hls to a neighbour": hls(secret.name),
        "hls to the network": hls(url + ".ts"),
        "concat of a file": f"ffconcat version 1.0\nfile '{secret}'\n",
        "concat of a neighbour": f"ffconcat version 1.0\nfile '{secret.name}'\n",
        "concat of the network": f"ffconcat version 1.0\nfile '{url}.mp4'\n",
        "master playlist": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nfile://{secret}\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 0 RTP/AVP 96\n",
        "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet '
        f'mimeType="video/mp4"><Representation id="1"><BaseURL>{url}.mp4</BaseURL></Representation></AdaptationSet>'
        "</Period></MPD>",
        "smil": f'<smil><body><video src="{url}.mp4"/></body></smil>',
        "plain text": "This is not a video.\n" * 50,
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}.png"/></svg>',
    }


@pytest.mark.parametrize("suffix", ["mp4", "m3u8", "ffconcat", "ts"])
def test_playlists_are_refused_and_open_nothing_else(
    suffix: str, clip: bytes, tmp_path: Path, listener: tuple[int, list[int]]
) -> None:
    port, calls = listener
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(clip)
    os.utime(secret, (1, 1))
    for number, text in enumerate(_playlists(secret, f"http://127.0.0.1:{port}/x").values()):
        path = tmp_path / f"list{number}.{suffix}"
        path.write_text(text)
        with pytest.raises(MediaError):
            probe(path)
    assert calls == []
    assert secret.stat().st_atime == 1 or secret.stat().st_atime_ns == 1_000_000_000  # not read


def test_errors_of_the_library_become_one_clear_line() -> None:
    raised = [UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), AttributeError("x"), IndexError(), MemoryError()]
    raised += [av.error.InvalidDataError(1, "x"), OSError(5, "Input/output error"), EOFError()]
    for error in raised:
        with pytest.raises(MediaError) as caught, media_errors("/some/clip.mp4"):
            raise error
        line = str(caught.value)
        assert line.startswith("'/some/clip.mp4'")
        assert "\n" not in line
        assert caught.value.remedy
        assert caught.value.__cause__ is error


def test_our_own_errors_and_interrupts_pass_unchanged() -> None:
    for error in (MediaError("mine"), KeyboardInterrupt(), AssertionError()):
        with pytest.raises(type(error)) as caught, media_errors("x"):
            raise error
        assert caught.value is error


def test_names_that_are_no_text_can_be_shown() -> None:
    assert shown_path(b"/a/\xff.mp4").encode()


def test_the_fingerprint_follows_the_content_not_the_name(clip: bytes, tmp_path: Path) -> None:
    large = clip + bytes(3 << 20)
    for name, data in (("a", large), ("b", large), ("c", large[:-1] + b"x"), ("d", large[:-1])):
        (tmp_path / name).write_bytes(data)
    a, b, c, d = (fingerprint(tmp_path / n) for n in "abcd")
    assert a == b
    assert len({a, c, d}) == 3
