"""The worker process that holds one camera through libgphoto2: `python -m rvr_laaf_app.camera.gphoto_worker`.

It knows the library, not what the program wants: meaning of errors, focus drives and deadlines are the other side's.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from rvr_laaf_app.camera.worker_loop import serve
from rvr_laaf_app.camera.worker_messages import Head

# Set before the import: VCAMERADIR (virtual camera of the wheel), LANGUAGE, HOME are read when the library loads.
import gphoto2 as gp  # isort: skip

BUSY: Final = -110
UNSUPPORTED: Final = -6
_BUSY_WAIT_S: Final = 0.04
_STARTED_S: Final = 0.8
_EVENT_S: Final = 0.25
_DECODABLE: Final = (".jpg", ".jpeg")
_PATIENCE_S: Final = 1.5  # how long a busy camera is asked again
_SKIPPED_SECTIONS: Final = ("other",)  # hundreds of raw PTP properties
_KINDS: Final = {
    gp.GP_WIDGET_TEXT: "text",
    gp.GP_WIDGET_RANGE: "range",
    gp.GP_WIDGET_TOGGLE: "switch",
    gp.GP_WIDGET_RADIO: "choice",
    gp.GP_WIDGET_MENU: "choice",
    gp.GP_WIDGET_DATE: "date",
}
_log_lines: deque[str] = deque(maxlen=12)
_pause = threading.Event()  # never set: a wait that is no sleep-as-synchronisation


def patient(call: Callable[[], Any], patience_s: float = _PATIENCE_S) -> Any:
    """Do the call again while the camera says that it is busy."""
    until = time.monotonic() + patience_s
    while True:
        try:
            return call()
        except gp.GPhoto2Error as error:
            if error.code != BUSY or time.monotonic() > until:
                raise
        _pause.wait(_BUSY_WAIT_S)


class Device:
    """The one camera of this process, and the requests about it: each public method is a request."""

    def __init__(self) -> None:
        # The library tells the user's reasons ("at limit") through this context, not by its codes.
        self._context = gp.Context()
        self._told = self._context.set_error_func(_tell, None)  # must stay referenced
        self._camera: Any = None
        self._ports: Any = None
        self._abilities: Any = None

    # ---- finding and holding

    def hello(self) -> tuple[Any, bytes]:
        """Say which library this is."""
        return {"version": str(gp.gp_library_version(gp.GP_VERSION_SHORT)[0]), "pid": os.getpid()}, b""

    def find(self) -> tuple[Any, bytes]:
        """List (model, port) of what is connected."""
        found = gp.Camera.autodetect()
        return [[found.get_name(i), found.get_value(i)] for i in range(found.count())], b""

    def open(self, *, port: str, model: str) -> tuple[Any, bytes]:
        """Take hold of the camera at a port."""
        self.leave()
        ports = gp.PortInfoList()
        ports.load()
        abilities = gp.CameraAbilitiesList()
        abilities.load()
        camera = gp.Camera()
        camera.set_port_info(ports[ports.lookup_path(port)])
        camera.set_abilities(abilities[abilities.lookup_model(model)])
        patient(lambda: camera.init(self._context))
        self._camera, self._ports, self._abilities = camera, ports, abilities
        able = camera.get_abilities()
        return {
            "model": able.model,
            "preview": bool(able.operations & gp.GP_OPERATION_CAPTURE_PREVIEW),
            "capture": bool(able.operations & gp.GP_OPERATION_CAPTURE_IMAGE),
        }, b""

    def leave(self) -> tuple[Any, bytes]:
        """Let the camera go."""
        camera, self._camera = self._camera, None
        if camera is not None:
            with contextlib.suppress(gp.GPhoto2Error):
                camera.exit(self._context)
        return None, b""

    def ping(self) -> tuple[Any, bytes]:
        """Ask the camera what has happened: the cheapest thing that really asks it."""
        self._held().wait_for_event(1, self._context)
        return None, b""

    # ---- settings

    def config(self) -> tuple[Any, bytes]:
        """List all settings with their values."""
        entries: list[dict[str, Any]] = []
        _walk(patient(lambda: self._held().get_config(self._context)), "", entries)
        return entries, b""

    def get(self, *, name: str) -> tuple[Any, bytes]:
        """Read one setting."""
        return _entry(patient(lambda: self._held().get_single_config(name, self._context)), ""), b""

    def set(self, *, name: str, value: Any) -> tuple[Any, bytes]:
        """Change one setting; a busy camera is asked again."""
        patient(lambda: self._put(name, value))
        return None, b""

    def drive(self, *, name: str, value: Any, rest: Any = None) -> tuple[Any, bytes]:
        """Move the lens once; True if the motor still runs (ask `moving` then), for it may not be sent off again.

        "Busy" at once means that the camera did not take the command. Nikon's driver also says so when the motor has
        not come to rest after a second.

        rest: the value that the setting must go back to before the same value counts as a change again.
        """
        until = time.monotonic() + _PATIENCE_S
        while True:
            began = time.monotonic()
            try:
                self._put(name, value)
                break
            except gp.GPhoto2Error as error:
                now = time.monotonic()
                if error.code == BUSY and now - began > _STARTED_S:
                    return True, b""
                if error.code != BUSY or now > until:
                    raise
            _pause.wait(_BUSY_WAIT_S)
        if rest is not None:
            with contextlib.suppress(gp.GPhoto2Error):
                self._put(name, rest)
        return False, b""

    def moving(self) -> tuple[Any, bytes]:
        """Wait a little for a Nikon's motor; True if it still runs. Raises what the motor ended with.

        Switching on the live view that is on already asks the camera whether it is ready and does nothing else.
        """
        try:
            patient(lambda: self._put("viewfinder", True))
        except gp.GPhoto2Error as error:
            if error.code != BUSY:
                raise
            return True, b""
        return False, b""

    # ---- pictures

    def live(self) -> tuple[Any, bytes]:
        """Fetch the present picture of the live view."""
        # The file object owns the memory: it must outlive the copy.
        file = patient(lambda: self._held().capture_preview(None, self._context))
        return None, bytes(memoryview(file.get_data_and_size()))

    def shoot(self, *, wait_s: float) -> tuple[Any, bytes]:
        """Take a picture; list the files that it made, the first one first."""
        first = patient(lambda: self._held().capture(gp.GP_CAPTURE_IMAGE, self._context))
        files = [[first.folder, first.name]]
        with contextlib.suppress(gp.GPhoto2Error):  # the picture is taken: what fails now must not lose it
            self._add_companions(files, wait_s)
        return files, b""

    def trigger(self, *, wait_s: float) -> tuple[Any, bytes]:
        """Release the shutter and list the files that are told of within the time: the way without waiting inside."""
        patient(lambda: self._held().trigger_capture(self._context))
        files: list[list[str]] = []
        until = time.monotonic() + wait_s
        while not files and (left := until - time.monotonic()) > 0:
            kind, data = self._held().wait_for_event(max(int(left * 1000), 1), self._context)
            if kind == gp.GP_EVENT_FILE_ADDED:
                files.append([data.folder, data.name])
        if files:
            with contextlib.suppress(gp.GPhoto2Error):
                self._add_companions(files, _EVENT_S)
        return files, b""

    def _add_companions(self, files: list[list[str]], wait_s: float) -> None:
        """Add the second file of raw + JPEG: told by an event, or found beside the first."""
        until = time.monotonic() + wait_s
        while (left := until - time.monotonic()) > 0:
            kind, data = self._held().wait_for_event(max(int(left * 1000), 1), self._context)
            if kind == gp.GP_EVENT_FILE_ADDED and [data.folder, data.name] not in files:
                files.append([data.folder, data.name])
            elif kind == gp.GP_EVENT_TIMEOUT:
                break
        folder, name = files[0]
        if len(files) == 1 and not name.lower().endswith(_DECODABLE):
            files += self._siblings(folder, name)

    def _siblings(self, folder: str, name: str) -> list[list[str]]:
        """List the other files of a picture: some drivers tell only of the raw file when there is a JPEG too."""
        stem = name.rpartition(".")[0]
        found = self._held().folder_list_files(folder, self._context)
        names = [found.get_name(i) for i in range(found.count())]
        return [[folder, other] for other in names if other != name and other.rpartition(".")[0] == stem]

    def size(self, *, folder: str, name: str) -> tuple[Any, bytes]:
        """Say how many bytes a file on the camera has, 0 = unknown."""
        info = self._held().file_get_info(folder, name, self._context).file
        return int(info.size) if info.fields & gp.GP_FILE_INFO_SIZE else 0, b""

    def fetch(self, *, folder: str, name: str) -> tuple[Any, bytes]:
        """Return a file's own bytes."""
        file = patient(lambda: self._held().file_get(folder, name, gp.GP_FILE_TYPE_NORMAL, None, self._context))
        return None, bytes(memoryview(file.get_data_and_size()))

    def delete(self, *, folder: str, name: str) -> tuple[Any, bytes]:
        """Delete a file from the camera (its working memory only: the other side sees to that)."""
        patient(lambda: self._held().file_delete(folder, name, self._context))
        return None, b""

    def room(self) -> tuple[Any, bytes]:
        """Say for how many pictures and kilobytes there is room on each store that tells, as [pictures, kilobytes]."""
        stores = []
        for store in self._held().get_storageinfo(self._context):
            images = store.freeimages if store.fields & gp.GP_STORAGEINFO_FREESPACEIMAGES else None
            kilobytes = store.freekbytes if store.fields & gp.GP_STORAGEINFO_FREESPACEKBYTES else None
            stores.append([images, kilobytes])
        return stores, b""

    # ---- within

    def _held(self) -> Any:
        if self._camera is None:
            raise gp.GPhoto2Error(-52)
        return self._camera

    def _put(self, name: str, value: Any) -> None:
        camera = self._held()
        widget = camera.get_single_config(name, self._context)
        kind = widget.get_type()
        if kind == gp.GP_WIDGET_RANGE:
            value = float(value)
        elif kind == gp.GP_WIDGET_TOGGLE:
            value = int(bool(value))
        else:
            value = str(value)
        widget.set_value(value)
        widget.set_changed(1)  # an action is done again although its value is the same
        camera.set_single_config(name, widget, self._context)


def _walk(widget: Any, section: str, entries: list[dict[str, Any]]) -> None:
    for child in (widget.get_child(i) for i in range(widget.count_children())):
        name = child.get_name()
        if child.get_type() in (gp.GP_WIDGET_WINDOW, gp.GP_WIDGET_SECTION):
            if name not in _SKIPPED_SECTIONS:
                _walk(child, name, entries)
        elif (entry := _entry(child, section)) is not None:
            entries.append(entry)


def _entry(widget: Any, section: str) -> dict[str, Any] | None:
    kind = _KINDS.get(widget.get_type())
    if kind is None:
        return None
    try:
        value = widget.get_value()
    except gp.GPhoto2Error:
        value = None
    entry = {
        "name": widget.get_name() or "".join(filter(str.isalnum, widget.get_label().lower())),
        "label": widget.get_label(),
        "section": section,
        "kind": kind,
        "value": value,
        "read_only": bool(widget.get_readonly()),
    }
    if kind == "choice":
        entry["choices"] = [widget.get_choice(i) for i in range(widget.count_choices())]
    elif kind == "range":
        entry["range"] = list(widget.get_range())
    return entry


def refusal(error: Exception) -> Head | None:
    """Return what the other side is told of an error of the library; None for a fault of this program."""
    if not isinstance(error, gp.GPhoto2Error):
        return None
    return {"code": error.code, "text": error.string, "detail": " | ".join(_log_lines)}


def _remember(_level: int, domain: bytes, text: bytes, *_: object) -> None:
    parts = [p.decode(errors="replace") if isinstance(p, bytes) else str(p) for p in (domain, text)]
    _log_lines.append(": ".join(parts))


def _tell(_context: object, text: str | bytes, *_: object) -> None:
    _log_lines.append(text.decode(errors="replace") if isinstance(text, bytes) else str(text))


def main() -> int:
    """Serve on the standard streams until the other side ends."""
    keep = gp.gp_log_add_func(gp.GP_LOG_ERROR, _remember)  # must stay referenced
    serve(Device(), refusal, before=_log_lines.clear)
    del keep
    return 0


if __name__ == "__main__":
    sys.exit(main())
