"""One camera behind libgphoto2 as a `Camera`: settings, live view, stills and the make's own way to drive the lens.

The library runs in a worker process (worker_link): a call that hangs or crashes there ends that process, never this
one; the camera then counts as gone and can be opened again, also at another USB address, since it is known by its
serial number.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera import gphoto_address as addresses
from rvr_laaf_app.camera import gphoto_errors as errors
from rvr_laaf_app.camera.base import (
    DEADLINE_S,
    CameraBusy,
    CameraError,
    CameraGone,
    CameraInfo,
    CardFull,
    Control,
    EndStop,
    FocusDrive,
    LiveFrame,
    NotOffered,
    Still,
)
from rvr_laaf_app.camera.gphoto_drives import Entry, LensDrive, commands, find_drive
from rvr_laaf_app.camera.gphoto_home import own_folder, worker_environment
from rvr_laaf_app.camera.gphoto_settings import by_name, check_value, controls, exposure_s
from rvr_laaf_app.camera.gphoto_steps import load_sizes, save_sizes
from rvr_laaf_app.camera.picture_bytes import decode_jpeg
from rvr_laaf_app.camera.worker_link import LinkLost, Refused, Worker

OPEN_S: Final = 10.0  # taking hold of a camera and reading its settings, longer than any other call
FIND_S: Final = 3.0
START_LIVE_S: Final = 8.0  # the mirror goes up
SHOOT_S: Final = 8.0  # shutter delays, mirror, writing to the card; a pulled plug is told at once all the same
WORKER: Final = "rvr_laaf_app.camera.gphoto_worker"
_COMPANIONS_S: Final = 0.25  # how long a second file (raw beside JPEG) of a picture is waited for
_SILENCE_S: Final = 0.5  # after that long without an answer the camera is asked whether it is there
_LONGEST_DRIVE_S: Final = 15.0
_DAMAGED_IN_A_ROW: Final = 3  # pictures of the live view; the first after its start often is
_SLOWEST_TRANSFER: Final = 500_000  # bytes per second, below which a transfer counts as broken
_DECODABLE: Final = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
T = TypeVar("T")


class GphotoCamera:
    """One camera behind libgphoto2. Opening takes up to OPEN_S, a still its exposure and transfer; else DEADLINE_S.

    longest_call_s: this camera keeps its deadlines itself and gives up on what hangs; a call that takes longer than
    DEADLINE_S (the mirror goes up for the live view, the motor runs through its whole range) is not lost before that.
    """

    longest_call_s: Final = 25.0

    def __init__(self, info: CameraInfo, *, usb_devices: Path = addresses.USB_DEVICES) -> None:
        self.info = info
        self.lens = ""
        self.companions: tuple[Still, ...] = ()
        self._address = info.id.partition(":")[2]
        self._usb_devices = usb_devices
        self._worker: Worker | None = None
        self._port = ""
        self._settings: dict[str, Entry] = {}
        self._drive: LensDrive | None = None
        self._live = False
        self._number = 0
        self._last_command_s = 0.0
        self._answered_s = 0.0
        self._pause = threading.Event()

    # ---- holding

    def open(self) -> None:
        """Take hold of the device; the one with the same serial number, wherever it is plugged in now."""
        self.close()
        worker = Worker(WORKER, worker_environment())
        self._worker = worker
        try:
            self._ask_worker(worker.start)
            self._take(worker)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let the device go."""
        worker, self._worker = self._worker, None
        self._live = False
        if worker is not None:
            worker.close()

    def _take(self, worker: Worker) -> None:
        refusal: CameraError | None = None
        for model, port in self._candidates():
            try:
                self._port = port
                self._call("open", deadline_s=OPEN_S, port=addresses.numeric(port), model=model)
                # A Canon tells of lens, serial number and live view only after it was asked for its events.
                self._call("ping", deadline_s=OPEN_S)
                entries, _ = self._call("config", deadline_s=OPEN_S)
            except OSError as error:
                raise CameraGone("this host is unknown", where=port, remedy="Check the address.") from error
            except CameraError as error:
                if not worker.running:
                    raise
                refusal = error
                continue
            self._settings = by_name(entries)
            serials = self._serials()
            if not self.info.serial or not serials or self.info.serial in serials or self._is_same_usb(port):
                self._describe(model, serials[0] if serials else "")
                return
        raise refusal or CameraGone("this camera is not connected", where=self.info.name, remedy=errors.PLUG)

    def _candidates(self) -> list[tuple[str, str]]:
        """(model, port) where the camera may be, most likely first."""
        if self._address.startswith("ptpip:"):
            return [(addresses.PTPIP_MODEL, self._address)]
        found, _ = self._call("find", deadline_s=FIND_S)
        serials = addresses.serials_by_port(self._usb_devices)
        known = self.info.serial or self._address.removeprefix("serial:")
        wanted = [(m, p) for m, p in found if serials.get(p) == known]
        if self._address.startswith("usb:"):
            wanted += [(m, p) for m, p in found if p == self._address and not (serials.get(p) and self.info.serial)]
        if not serials or not wanted:  # the system does not tell: look into each that may be it
            wanted += [(m, p) for m, p in found if p not in serials and (m, p) not in wanted and self.info.serial]
        return list(dict.fromkeys(wanted))

    def _is_same_usb(self, port: str) -> bool:
        return addresses.serials_by_port(self._usb_devices).get(port) == self.info.serial

    def _serials(self) -> list[str]:
        """The numbers that tell this camera apart; a Canon has two, and does not always tell the better one."""
        values = [str(self._settings.get(n, {}).get("value") or "") for n in ("eosserialnumber", "serialnumber")]
        return [value for value in values if addresses.is_serial(value)]

    def _describe(self, model: str, serial: str) -> None:
        def text(name: str) -> str:
            return str(self._settings.get(name, {}).get("value") or "").strip()

        maker, name = text("manufacturer"), text("cameramodel")
        if model == addresses.PTPIP_MODEL and name:
            model = name if maker.split(" ")[0] in name else f"{maker} {name}".strip()
        self.lens = text("lensname")
        note = ", ".join(part for part in (self.lens, self.battery()) if part)
        if self.info.simulated:
            note = self.info.note
        self.info = replace(self.info, name=model, serial=self.info.serial or serial, note=note)
        self._drive = self._with_learned(find_drive(self._settings, f"{maker} {model}"))

    def _with_learned(self, drive: LensDrive | None) -> LensDrive | None:
        if drive is None or drive.style != "sizes":
            return drive
        sizes = load_sizes(own_folder(), self.info.serial, self.lens)
        return replace(drive, sizes=sizes, learned=True) if set(sizes) == set(drive.sizes) else drive

    def battery(self) -> str:
        """Return what the camera said of its battery when the settings were read last, e.g. "battery 60%"."""
        value = str(self._settings.get("batterylevel", {}).get("value") or "")
        return f"battery {value}" if value else ""

    # ---- settings

    def controls(self) -> tuple[Control, ...]:
        """Return what can be set, read from the camera now."""
        entries, _ = self._call("config", deadline_s=OPEN_S)
        self._settings = by_name(entries)
        return controls(entries)

    def set_control(self, name: str, value: float | str | bool) -> None:
        """Set one control; UsageError for a value outside what was advertised."""
        control = next((c for c in controls(self._settings.values()) if c.name == name), None)
        if control is None:
            raise NotOffered(f"the camera has no setting {name!r}", where=self.info.name)
        self._call("set", name=name, value=check_value(control, value))
        entry, _ = self._call("get", name=name)
        if entry is not None:
            self._settings[name] = dict(entry) | {"section": self._settings[name]["section"]}

    # ---- focus

    @property
    def focus_drive(self) -> FocusDrive:
        """How the lens can be driven."""
        return self._drive.focus_drive() if self._drive is not None else FocusDrive("none")

    @property
    def lens_drive(self) -> LensDrive | None:
        """The make's own drive, for `gphoto_steps.learn_sizes`."""
        return self._drive

    def use_drive(self, drive: LensDrive) -> None:
        """Drive by learned sizes of steps from now on, and whenever this lens is on this camera."""
        self._drive = drive
        with contextlib.suppress(OSError):
            save_sizes(own_folder(), self.info.serial, self.lens, drive.sizes)

    def nudge(self, size: int, *, to_far: bool) -> None:
        """Make one step of a size, for `gphoto_steps.learn_sizes`."""
        drive = self._driven()
        self._command(drive, drive.word(size, to_far=to_far))
        self._pause.wait(drive.settle_s)

    def position(self) -> int | None:
        """Return where the lens says it is; most cameras do not say, but it is noticed if one is not there any more."""
        drive = self._drive
        if drive is None or drive.style != "absolute":
            if time.monotonic() - self._answered_s > _SILENCE_S:
                self._call("ping")
            return None
        return int(float(self._value(drive.setting)))

    def drive_to(self, position: int) -> None:
        """Drive to a position; only few makes (Fuji) have positions."""
        drive = self._driven()
        if drive.style != "absolute":
            raise NotOffered("this lens can only be driven by steps", where=self.info.name)
        if not drive.minimum <= position <= drive.maximum:
            raise EndStop(f"the lens goes from {drive.minimum} to {drive.maximum}", where=self.info.name)
        self._command(drive, position)

    def drive_by(self, steps: int) -> None:
        """Drive so many of the camera's smallest steps, positive towards far."""
        drive = self._driven()
        if steps == 0:
            return
        if drive.style == "absolute":
            here = self.position()
            self.drive_to((here if here is not None else drive.minimum) + steps)
            return
        before = self._read_back(drive)
        for value in commands(drive, steps)[0]:
            self._command(drive, value)
        after = self._read_back(drive)
        if before is not None and before == after and after == (100 if steps > 0 else 0):
            raise EndStop("the lens is at its end", where=self.info.name, remedy="Drive it the other way.")

    def _driven(self) -> LensDrive:
        if self._drive is None:
            raise NotOffered("the lens of this camera is focused by hand", where=self.info.name)
        if self._drive.needs_live_view and not self._live:
            self._start_live_view()
        return self._drive

    def _command(self, drive: LensDrive, value: int | str) -> None:
        wait_s = self._last_command_s + drive.pause_s - time.monotonic()
        if wait_s > 0:
            self._pause.wait(wait_s)
        try:
            self._drive_once(drive, value)
        except errors.StepTooSmall:
            self._drive = replace(drive, smallest=max(2 * drive.smallest, abs(int(value)) + 1))
            raise
        finally:
            self._last_command_s = time.monotonic()

    def _drive_once(self, drive: LensDrive, value: int | str) -> None:
        try:
            moving, _ = self._call("drive", name=drive.setting, value=value, rest=drive.rest)
        except errors.NeedsLiveView:  # the camera left it by itself (after a picture, or to cool down)
            self._start_live_view()
            moving, _ = self._call("drive", name=drive.setting, value=value, rest=drive.rest)
        until = time.monotonic() + _LONGEST_DRIVE_S
        while moving:
            if time.monotonic() > until:
                raise CameraBusy("the lens does not come to rest", where=self.info.name)
            moving, _ = self._call("moving")

    def _read_back(self, drive: LensDrive) -> int | None:
        return int(float(self._value(drive.read_back))) if drive.read_back else None

    def _value(self, name: str) -> Any:
        entry, _ = self._call("get", name=name)
        return entry["value"] if entry is not None else 0

    # ---- pictures

    def live_frame(self) -> LiveFrame:
        """Return the next picture of the live view."""
        rgb = self._live_picture()
        self._number += 1
        return LiveFrame(rgb, self._number, time.monotonic(), self.position())

    def _live_picture(self) -> NDArray[np.uint8]:
        for left in reversed(range(_DAMAGED_IN_A_ROW)):
            try:
                _, data = self._call("live", deadline_s=DEADLINE_S if self._live else START_LIVE_S)
                rgb = decode_jpeg(data, self.info.name)
            except (CameraGone, CameraBusy, NotOffered):
                raise
            except CameraError:
                if not left:
                    raise
            else:
                self._live = True
                return rgb
        raise AssertionError("unreachable")

    def _start_live_view(self) -> None:
        self._live = False
        self._live_picture()

    def capture_still(self) -> Still:
        """Take a picture and return its file; a second file of the same picture (raw) is in `companions`."""
        long_s = 2 * exposure_s(self._settings)  # the camera may take as long again to remove noise
        self.companions = ()
        files = self._shoot(SHOOT_S + long_s + _COMPANIONS_S)
        position = self.position()
        stills = []
        for folder, name in files:
            stills.append(self._fetch(folder, name, position))
        stills.sort(key=lambda still: still.suffix not in _DECODABLE)
        self.companions = tuple(stills[1:])
        return stills[0]

    def _shoot(self, deadline_s: float) -> list[list[str]]:
        try:
            files: list[list[str]] = self._call("shoot", deadline_s=deadline_s, wait_s=_COMPANIONS_S)[0]
        except (CameraGone, CameraBusy, CardFull):
            raise
        except CameraError as error:
            if self._is_full():  # the library has no code for it
                raise errors.card_full(self.info.name) from error
            raise
        return files

    def _is_alive(self) -> bool:
        """Ask the camera something else: a connection that broke within an answer is no more than "unspecified"."""
        try:
            if self._worker is not None:
                self._worker.call("room", deadline_s=DEADLINE_S)
        except LinkLost:
            return False
        except Refused as error:
            return error.code not in errors.GONE | {errors.UNSPECIFIED}
        return True

    def _is_full(self) -> bool:
        try:
            stores, _ = self._call("room")
        except CameraError:
            return False
        return bool(stores) and all(images == 0 or kilobytes == 0 for images, kilobytes in stores)

    def _fetch(self, folder: str, name: str, position: int | None) -> Still:
        size, _ = self._call("size", folder=folder, name=name)
        deadline_s = DEADLINE_S + size / _SLOWEST_TRANSFER
        try:
            _, data = self._call("fetch", deadline_s=deadline_s, folder=folder, name=name)
        except CameraError as error:
            error.what += f"; the picture {name} is still in the camera"
            raise
        if not data or (size and len(data) != size):
            raise CameraError(f"the picture {name} came incomplete ({len(data)} of {size} bytes)", where=self.info.name)
        if folder == "/":
            # Working memory, which holds a few pictures only. A card is the user's and never touched.
            with contextlib.suppress(CameraError):
                self._call("delete", folder=folder, name=name)
        return Still(data, Path(name).suffix.lower(), position, name)

    # ---- the worker

    def _call(self, name: str, /, *, deadline_s: float = DEADLINE_S, **arguments: Any) -> tuple[Any, bytes]:
        worker = self._worker
        if worker is None:
            raise CameraGone("the camera is not open", where=self.info.name)
        answer = self._ask_worker(lambda: worker.call(name, deadline_s=deadline_s, **arguments))
        self._answered_s = time.monotonic()
        return answer

    def _ask_worker(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except LinkLost as error:
            self.close()
            raise errors.lost(error, self.info.name) from error
        except Refused as error:
            found = errors.meaning(error, self.info.name, self._port)
            if error.code == errors.UNSPECIFIED and not self._is_alive():
                found = errors.gone(self.info.name)
            if isinstance(found, CameraGone) and self._worker is not None:
                self._worker.kill()  # nothing to leave in order; it is started again by `open`
                self.close()
            raise found from error
