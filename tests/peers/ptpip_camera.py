"""A network camera for tests: speaks PTP/IP on loopback as a Nikon does, with live view, a driven lens and faults.

It must run in a process of its own (`NetworkCamera` starts it): libgphoto2 holds Python's lock during some calls and
would wait for itself. Written from the protocol (PIMA 15740, CIPA DC-005) and the operation codes that Nikon uses.

Commands come as JSON lines on standard input and each is answered by one line, the state: {"fault": {...}} adds a
rule, {"set": {name: value}} changes the camera, {"reset": true} makes it as it was, {"ask": true} only asks. A rule is
{"do": what, "op": code or null, "nth": n, "times": k}: from the n-th call of that operation on (of any operation if
null), k times, do "die" (the process ends at once, as when the power goes), "hang", "busy", "cut" (the connection
breaks within the answer), "garbage" (a live picture that is none) or "slow" (the answer takes `seconds`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any

OK, UNSUPPORTED, BUSY, STORE_FULL, BAD_HANDLE = 0x2001, 0x2005, 0x2019, 0x200C, 0x2009
NOT_LIVE, STEP_END, STEP_TOO_SMALL = 0xA00B, 0xA00C, 0xA00E
EVENTS, SHOOT, IN_MEMORY = 0x90C7, 0x9207, 0xFFFF0001
READY, START_LIVE, END_LIVE, LIVE_PICTURE, DRIVE = 0x90C8, 0x9201, 0x9202, 0x9203, 0x9204
CAPTURE, GET_OBJECT, GET_PROPERTY = 0x100E, 0x1009, 0x1015
OPERATIONS = [*range(0x1001, 0x100C), CAPTURE, 0x1014, 0x1015, 0x1016, READY, 0x90CA, *range(START_LIVE, DRIVE + 1)]
ISO, BATTERY, LIVE_STATUS = 0x500F, 0x5001, 0xD1A2
STORAGE, FOLDER = 0x10001, 0x0F000000

Answer = tuple[int, bytes | None, tuple[int, ...]]


def text(words: str) -> bytes:
    """A PTP string."""
    return struct.pack("<B", len(words) + 1) + (words + "\0").encode("utf-16-le") if words else b"\0"


def array(kind: str, values: list[int]) -> bytes:
    """A PTP array."""
    return struct.pack("<I", len(values)) + b"".join(struct.pack("<" + kind, v) for v in values)


class Camera:
    """The camera's state and what it answers to each operation; knows no sockets."""

    reach = 60.0  # steps per pixel of blur

    def __init__(self, *, lens: int, best: int, serial: str, plain: bool) -> None:
        # A plain camera has the standard's way to take a picture only, not Nikon's.
        self.operations = OPERATIONS if plain else [*OPERATIONS, EVENTS, SHOOT]
        self.queue: list[tuple[int, int]] = []
        self.lens, self.best, self.lens_end = lens, best, 2000
        self.smallest_step = 1
        self.motor_s = 0.0
        self.raw = False
        self.free_bytes = 1 << 33
        self.serial = serial
        self.live = False
        self.iso = 100
        self.battery = 80
        self.objects: dict[int, tuple[str, bytes]] = {FOLDER: ("100LOOPB", b"")}
        self.pending = OK
        self.ready_at = 0.0
        self.drives = 0
        self.counts: Counter[int] = Counter()
        self.calls = 0
        self.rules: list[dict[str, Any]] = []
        self.event: Any = None
        self._scene = _scene()

    def jpeg(self, quality: int) -> bytes:
        """The scene as the lens images it: the blur grows with the distance from the best position."""
        import cv2

        sigma = abs(self.lens - self.best) / self.reach
        seen = self._scene if sigma < 0.2 else cv2.GaussianBlur(self._scene, (0, 0), sigma)
        return bytes(cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())

    def fault(self, code: int) -> dict[str, Any] | None:
        """The rule that applies to this call, if any; counts the call."""
        self.counts[code] += 1
        self.calls += 1
        for rule in self.rules:
            wanted = rule.get("op")
            number = self.calls if wanted is None else self.counts[code]
            if wanted in (None, code) and number >= rule.get("nth", 1) and rule.get("times", 1) > 0:
                rule["times"] = rule.get("times", 1) - 1
                return rule
        return None

    def answer(self, code: int, p: tuple[int, ...], data: bytes) -> Answer:
        """Do one operation."""
        simple: dict[int, bytes | None] = {
            0x1002: None,
            0x1003: None,
            0x1004: array("I", [STORAGE]),
            0x1007: array("I", self._listed(p)),
            0x90CA: array("H", [LIVE_STATUS]),
        }
        if code in simple:
            return OK, simple[code], ()
        if code == 0x1001:
            return OK, self._device_info(), ()
        if code == 0x1005:
            head = struct.pack("<HHHQQI", 3, 2, 0, 1 << 34, self.free_bytes, 0xFFFFFFFF)
            return OK, head + text("card") + text("SLOT1"), ()
        if code == 0x1006:
            return OK, None, (len(self.objects),)
        if code in (0x1008, GET_OBJECT, 0x100A, 0x100B):
            return self._object(code, p[0])
        if code in (0x1014, 0x1015, 0x1016):
            return self._property(code, p[0], data)
        if code == CAPTURE:
            return self._capture()
        if code == SHOOT:
            return self._shoot(in_memory=p[1] == 1)
        if code == EVENTS:
            queue, self.queue = self.queue, []
            return OK, struct.pack("<H", len(queue)) + b"".join(struct.pack("<HI", *event) for event in queue), ()
        return self._live_operation(code, p)

    def _live_operation(self, code: int, p: tuple[int, ...]) -> Answer:
        if code == READY:
            if time.monotonic() < self.ready_at:
                return BUSY, None, ()
            answer, self.pending = self.pending, OK
            return answer, None, ()
        if code in (START_LIVE, END_LIVE):
            self.live = code == START_LIVE
            return OK, None, ()
        if code in (LIVE_PICTURE, DRIVE) and not self.live:
            return NOT_LIVE, None, ()
        if code == LIVE_PICTURE:
            return OK, bytes(128) + self.jpeg(85), ()
        if code == DRIVE:
            return self._drive(p[0], p[1])
        return UNSUPPORTED, None, ()

    def _drive(self, direction: int, steps: int) -> Answer:
        self.drives += 1
        self.ready_at = time.monotonic() + self.motor_s
        if steps < self.smallest_step:
            self.pending = STEP_TOO_SMALL
            return OK, None, ()
        wanted = self.lens + (-steps if direction == 1 else steps)
        self.lens = min(max(wanted, 0), self.lens_end)
        self.pending = OK if self.lens == wanted else STEP_END
        return OK, None, ()

    def _capture(self) -> Answer:
        if not self.free_bytes:
            return STORE_FULL, None, ()
        events = [(0x4002, handle) for handle in self._new_objects()] + [(0x400D, 0)]
        threading.Timer(0.03, lambda: [self.event(code, h) for code, h in events]).start()
        return OK, None, ()

    def _shoot(self, *, in_memory: bool) -> Answer:
        if in_memory:
            self.objects[IN_MEMORY] = ("memory.JPG", self.jpeg(95))
            self.queue += [(0xC101, IN_MEMORY), (0xC102, 0)]
            return OK, None, ()
        if not self.free_bytes:
            return STORE_FULL, None, ()
        self.queue += [*((0x4002, handle) for handle in self._new_objects()), (0x400D, 0)]
        return OK, None, ()

    def _new_objects(self) -> list[int]:
        """Put a picture on the card: a JPEG and, if so set, a raw file."""
        handle = max((h for h in self.objects if h < FOLDER), default=0) + 1
        number = 1 + sum(name.endswith("JPG") for name, _ in self.objects.values())
        self.objects[handle] = (f"DSC_{number:04d}.JPG", self.jpeg(95))
        if not self.raw:
            return [handle]
        self.objects[handle + 1] = (f"DSC_{number:04d}.NEF", b"II*\0" + bytes(5000))
        return [handle, handle + 1]

    def _listed(self, p: tuple[int, ...]) -> list[int]:
        """Handles below a parent: of the whole card (0), of its root, or of the folder."""
        card = sorted(handle for handle in self.objects if handle != IN_MEMORY)
        if len(p) < 3 or p[2] == 0:
            return card
        return [FOLDER] if p[2] == 0xFFFFFFFF else [handle for handle in card if handle != FOLDER]

    def _object(self, code: int, handle: int) -> Answer:
        if handle not in self.objects:
            return BAD_HANDLE, None, ()
        name, data = self.objects[handle]
        if code == 0x100B:
            del self.objects[handle]
            return OK, None, ()
        if code != 0x1008:
            return OK, data, ()
        kind = 0x3001 if handle == FOLDER else 0x3801 if name.endswith("JPG") else 0x3000
        parent = 0 if handle in (FOLDER, IN_MEMORY) else FOLDER
        store = 0 if handle == IN_MEMORY else STORAGE
        pixels = (640, 360, 24)
        tree = (parent, int(handle == FOLDER), 0, 0)
        head = struct.pack("<IHHIHIIIIIIIHII", store, kind, 0, len(data), 0x3801, 0, 0, 0, *pixels, *tree)
        return OK, head + text(name) + text("20260101T000000") * 2 + text(""), ()

    def _property(self, code: int, number: int, data: bytes) -> Answer:
        kinds: dict[int, tuple[str, int]] = {
            BATTERY: ("B", self.battery),
            ISO: ("H", self.iso),
            LIVE_STATUS: ("B", int(self.live)),
        }
        if number not in kinds:
            return 0x200A, None, ()
        kind, value = kinds[number]
        packed = struct.pack("<" + kind, value)
        if code == 0x1015:
            return OK, packed, ()
        if code == 0x1016:
            if number == ISO:
                self.iso = struct.unpack("<H", data[:2])[0]
            return OK, None, ()
        described = struct.pack("<HHB", number, {"B": 2, "H": 4}[kind], int(number == ISO)) + packed * 2
        if number == ISO:
            return OK, described + b"\2" + struct.pack("<H4H", 4, 100, 200, 400, 800), ()
        return OK, described + b"\0", ()

    def _device_info(self) -> bytes:
        return (
            struct.pack("<HIH", 100, 0x0A, 100)
            + text("nikon.com: 1.0")
            + struct.pack("<H", 0)
            + array("H", self.operations)
            + array("H", [0x4002, 0x400D, 0xC101, 0xC102])
            + array("H", [BATTERY, ISO, LIVE_STATUS])
            + array("H", [0x3801])
            + array("H", [0x3801, 0x3001])
            + text("Nikon Corporation")
            + text("Loopback")
            + text("V1.0")
            + text(self.serial)
        )


def _scene() -> Any:
    import cv2
    import numpy as np

    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 255, (45, 80, 3), np.uint8)
    fine = rng.integers(0, 255, (360, 640, 3), np.uint8)
    large = cv2.resize(coarse, (640, 360), interpolation=cv2.INTER_NEAREST)
    return cv2.addWeighted(large, 0.6, fine, 0.4, 0)


class Server:
    """The two connections of PTP/IP, commands and events."""

    def __init__(self, camera: Camera, port: int) -> None:
        self._events: socket.socket | None = None
        self.use(camera)
        self.listening = socket.create_server(("127.0.0.1", port))

    def use(self, camera: Camera) -> None:
        """Answer for this camera from now on."""
        self._camera = camera
        camera.event = self._send_event

    def run(self) -> None:
        """Accept connections for ever."""
        while True:
            connection, _ = self.listening.accept()
            kind, _ = _packet(connection)
            if kind == 1:
                name = "Loopback\0".encode("utf-16-le")
                body = struct.pack("<I", 1) + bytes(16) + name + struct.pack("<HH", 0, 1)
                connection.sendall(struct.pack("<II", 8 + len(body), 2) + body)
                threading.Thread(target=self._commands, args=(connection,), daemon=True).start()
            elif kind == 3:
                connection.sendall(struct.pack("<II", 8, 4))
                self._events = connection

    def _send_event(self, code: int, parameter: int) -> None:
        if self._events is not None:
            self._events.sendall(struct.pack("<IIHII", 18, 8, code, 0, parameter))

    def _commands(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                kind, body = _packet(connection)
                if kind != 6:
                    continue
                phase, code, number = struct.unpack_from("<IHI", body)
                parameters = struct.unpack(f"<{(len(body) - 10) // 4}I", body[10:])
                data = self._data(connection) if phase == 2 else b""
                self._respond(connection, code, number, parameters, data)
        except OSError:
            connection.close()

    def _data(self, connection: socket.socket) -> bytes:
        data = b""
        while True:
            kind, body = _packet(connection)
            if kind in (10, 12):
                data += body[4:]
            if kind == 12:
                return data

    def _respond(
        self, connection: socket.socket, code: int, number: int, parameters: tuple[int, ...], data: bytes
    ) -> None:
        rule = self._camera.fault(code) or {"do": ""}
        what = rule["do"]
        if what == "die":
            os._exit(9)
        if what == "hang":
            threading.Event().wait()
        if what == "slow":
            threading.Event().wait(rule["seconds"])
        if what == "busy":
            status, out, more = BUSY, None, ()
        else:
            status, out, more = self._camera.answer(code, parameters, data)
        if what == "garbage":
            out = bytes(4000)
        packets = b""
        if out is not None:
            packets += struct.pack("<IIIQ", 20, 9, number, len(out)) + struct.pack("<III", 12 + len(out), 12, number)
            packets += out
        packets += struct.pack("<IIHI", 14 + 4 * len(more), 7, status, number)
        packets += b"".join(struct.pack("<I", value) for value in more)
        if what == "cut":
            connection.sendall(packets[: len(packets) // 2])
            connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionError
        connection.sendall(packets)


def _packet(connection: socket.socket) -> tuple[int, bytes]:
    length, kind = struct.unpack("<II", _exactly(connection, 8))
    return kind, _exactly(connection, length - 8)


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise ConnectionError
        data += piece
    return data


def main() -> None:
    """Be the camera until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lens", type=int, default=1000)
    parser.add_argument("--best", type=int, default=400)
    parser.add_argument("--serial", default="L0012")
    parser.add_argument("--make", default="nikon")
    parser.add_argument("--plain", type=int, default=0)
    parser.add_argument("--port", type=int, default=0)  # 0 = a free one
    chosen = parser.parse_args()
    from tests.peers.canon_camera import CanonCamera  # which is made from the camera above

    kind = {"nikon": Camera, "canon": CanonCamera}[chosen.make]

    def new() -> Camera:
        return kind(lens=chosen.lens, best=chosen.best, serial=chosen.serial, plain=bool(chosen.plain))

    camera = new()
    camera.jpeg(50)  # the encoder loads before anybody waits for it
    server = Server(camera, chosen.port)
    threading.Thread(target=server.run, daemon=True).start()
    sys.stdout.write(f"{server.listening.getsockname()[1]}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        command = json.loads(line)
        if "reset" in command:
            camera = new()
            server.use(camera)
        if "fault" in command:
            # Counted from now on.
            camera.counts.clear()
            camera.calls = 0
            camera.rules.append(command["fault"])
        for name, value in command.get("set", {}).items():
            setattr(camera, name, value)
        state = {"lens": camera.lens, "drives": camera.drives, "live": camera.live, "iso": camera.iso}
        state |= {
            "calls": camera.calls,
            "objects": {name: hashlib.sha256(data).hexdigest() for name, data in camera.objects.values() if data},
        }
        sys.stdout.write(json.dumps(state) + "\n")
        sys.stdout.flush()


class NetworkCamera:
    """The camera's process, as tests hold it."""

    def __init__(self, **options: int | str) -> None:
        arguments = [f"--{name}={value}" for name, value in options.items()]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.peers.ptpip_camera", *arguments],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    @property
    def address(self) -> str:
        return f"ptpip:127.0.0.1:{self.port}"

    def tell(self, **command: Any) -> dict[str, Any]:
        """Send a command; return the state after it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        state: dict[str, Any] = json.loads(self.process.stdout.readline())
        return state

    def fault(self, do: str, op: int | None = None, **more: Any) -> None:
        """Add a rule; calls are counted from now on."""
        self.tell(fault={"do": do, "op": op, **more})

    def kill(self) -> None:
        """End it at once, as when the power goes."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> NetworkCamera:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue


if __name__ == "__main__":
    from tests.peers import ptpip_camera  # the one that the Canon is made from, not this second copy of it

    ptpip_camera.main()
