"""Addresses, settings, exposure times and the meaning of errors of the gphoto cameras: no device, no library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rvr_laaf_app.camera import gphoto_address as addresses
from rvr_laaf_app.camera import gphoto_errors as errors
from rvr_laaf_app.camera.base import CameraBusy, CameraError, CameraGone, CardFull, EndStop, NotOffered
from rvr_laaf_app.camera.gphoto_settings import check_value, controls, exposure_s
from rvr_laaf_app.camera.worker_link import Refused
from rvr_laaf_app.core.errors import UsageError


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ("ptpip:192.168.1.1", "ptpip:192.168.1.1:15740:15740"),
        ("ptpip:camera.local:15745", "ptpip:camera.local:15745:15745"),
        ("ptpip:10.0.0.2:1:2", "ptpip:10.0.0.2:1:2"),
        ("usb:001,005", "usb:001,005"),
        ("serial:6006012", "serial:6006012"),
    ],
)
def test_addresses_in_full_form(given: str, full: str) -> None:
    assert addresses.check_address(given) == full


@pytest.mark.parametrize(
    "given",
    [
        "",
        "usb",
        "usb:1,5",
        "ptpip:",
        "ptpip:a b",
        "ptpip:h:0",
        "ptpip:h:99999",
        "ptpip:h:1:2:3",
        "serial:0000",
        "disk:/",
    ],
)
def test_addresses_that_make_no_sense(given: str) -> None:
    with pytest.raises(UsageError):
        addresses.check_address(given)


def test_host_names_are_looked_up_and_numbers_left_alone() -> None:
    assert addresses.numeric("ptpip:10.1.2.3:5:5") == "ptpip:10.1.2.3:5:5"
    assert addresses.numeric("ptpip:localhost:5:6") == "ptpip:127.0.0.1:5:6"
    assert addresses.numeric("usb:001,002") == "usb:001,002"


def usb_device(folder: Path, name: str, **files: object) -> None:
    (folder / name).mkdir(parents=True)
    for file, content in files.items():
        (folder / name / file).write_text(f"{content}\n")


def test_serial_numbers_come_from_sysfs_unless_they_tell_nothing(tmp_path: Path) -> None:
    usb_device(tmp_path, "1-1", busnum=1, devnum=5, serial="6006012")
    usb_device(tmp_path, "1-2", busnum=1, devnum=6, serial="000000000000")
    usb_device(tmp_path, "1-3", busnum=1, devnum=7, serial="same")
    usb_device(tmp_path, "2-1", busnum=2, devnum=2, serial="same")
    usb_device(tmp_path, "usb1", busnum=1)
    assert addresses.serials_by_port(tmp_path) == {"usb:001,005": "6006012"}
    before = addresses.bus_state(tmp_path)
    assert before == addresses.bus_state(tmp_path)
    (tmp_path / "1-1" / "devnum").write_text("9\n")  # switched off and on
    assert addresses.bus_state(tmp_path) != before
    assert addresses.bus_state(tmp_path / "nothing") is None
    assert addresses.serials_by_port(tmp_path / "nothing") == {}


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        (-7, "", CameraGone),
        (-52, "", CameraGone),
        (-105, "", CameraGone),
        (-10, "", CameraGone),
        (-110, "", CameraBusy),
        (-53, "", CameraBusy),
        (-115, "", CardFull),
        (-1, "PTP Store Full", CardFull),
        (-113, "Nikon manual focus at limit.", EndStop),
        (-113, "Nikon manual focus stepping too small.", errors.StepTooSmall),
        (-1, "Nikon manual focus works only in LiveView mode.", errors.NeedsLiveView),
        (-6, "", NotOffered),
        (-2, "", NotOffered),
        (-113, "", CameraError),
    ],
)
def test_meaning_of_errors(code: int, said: str, kind: type[CameraError]) -> None:
    found = errors.meaning(Refused(code, "text", said), "My camera")
    assert type(found) is kind
    assert "My camera" in str(found)


def test_a_held_camera_is_told_with_what_to_do() -> None:
    assert "gio mount" in str(errors.meaning(Refused(-53, "Could not claim the USB device"), "D750", "usb:001,005"))


def test_a_device_without_rights_is_told_apart_from_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.exists", lambda path: path == "/dev/bus/usb/001/005")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    found = errors.meaning(Refused(-7, "I/O problem"), "D750", "usb:001,005")
    assert isinstance(found, CameraBusy)
    assert "udev" in str(found)
    assert isinstance(errors.meaning(Refused(-7, "I/O problem"), "D750", "usb:001,006"), CameraGone)


def entry(name: str, kind: str, value: object, **more: Any) -> dict[str, Any]:
    known = {"name": name, "label": name.title(), "section": "settings", "kind": kind, "value": value}
    return known | {"read_only": False} | more


def test_settings_become_controls() -> None:
    shown = controls(
        [
            entry("iso", "choice", "100", choices=["100", "200"]),
            entry("iso", "choice", "900", choices=["900"]),  # a second one of that name cannot be reached
            entry("zoom", "range", 3.0, range=[0.0, 10.0, 1.0]),
            entry("sound", "switch", 2),
            entry("owner", "text", "me"),
            entry("datetime", "date", 12),
            entry("batterylevel", "text", "60%", section="status"),
            entry("opcode", "text", "0x1001", section="actions"),
            entry("5001", "text", "80", section="other"),
            entry("empty", "choice", "", choices=[]),
            entry("broken", "text", None),
        ]
    )
    found = {c.name: c for c in shown}
    assert list(found) == ["iso", "zoom", "sound", "owner", "datetime", "batterylevel"]
    assert found["iso"].choices == ("100", "200")
    assert (found["zoom"].minimum, found["zoom"].maximum, found["zoom"].step) == (0.0, 10.0, 1.0)
    assert found["sound"].value is False
    assert found["datetime"].read_only
    assert found["batterylevel"].read_only
    assert check_value(found["iso"], "200") == "200"
    assert check_value(found["zoom"], "4") == 4.0
    assert check_value(found["sound"], True) is True
    assert check_value(found["owner"], "you") == "you"
    for name, value in [
        ("iso", "300"),
        ("zoom", 11),
        ("zoom", "far"),
        ("sound", "yes"),
        ("batterylevel", "1"),
        ("owner", 3),
    ]:
        with pytest.raises(UsageError):
            check_value(found[name], value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1/60", 1 / 60), ("0.0100s", 0.01), ("30", 30.0), ('2.5"', 2.5), ("Bulb", 0.0), ("Auto", 0.0), ("1/0", 0.0)],
)
def test_exposure_times(text: str, seconds: float) -> None:
    assert exposure_s({"shutterspeed": {"value": text}}) == pytest.approx(seconds)
