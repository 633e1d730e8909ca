"""The device behind a simulated camera: a lens with a motor, a sensor with noise, a card, a plug, and faults on demand.

It outlives the camera objects that reach it, as a real one does: it can be unplugged, come back under another address,
hang, or be busy. Nothing here pretends to be measured.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import CameraBusy, CameraGone, CardFull, EndStop
from rvr_laaf_app.camera.defocus import DefocusModel, paper_model
from rvr_laaf_app.camera.scene import Scene, look, shifted
from rvr_laaf_app.core.color import from_linear

FaultKind = Literal["unplug", "off", "busy", "card_full", "slow", "same_picture", "stuck", "new_address"]
FAULT_KINDS: Final[tuple[FaultKind, ...]] = (
    "unplug",
    "off",
    "busy",
    "card_full",
    "slow",
    "same_picture",
    "stuck",
    "new_address",
)
CALLS: Final = ("open", "controls", "set_control", "position", "drive", "live_frame", "capture_still")
# electrons that a white pixel collects in one frame, and the noise of reading it out
LIGHT_LEVELS: Final = {"bright": 20_000.0, "indoor": 3_000.0, "dim": 500.0}
_READ_NOISE_E: Final = 4.0
_KEPT_PICTURES: Final = 12


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the device behaves.

    drive: see FocusDrive. backlash_steps: play of the gear when it turns round. irregularity: relative spread of the
    length of each drive. reports_end: False = a lens that runs against its end says nothing.
    step_s: motor time per step; latency_s: before every answer; settle_s: how long the picture lags after a drive.
    light: one of LIGHT_LEVELS. flicker: relative swing of the exposure from picture to picture. shake_px: how far the
    picture wanders from shot to shot, as of a camera held in the hand.
    frame_interval_s: time between live frames; card_pictures: how many stills fit on the card.
    """

    drive: Literal["absolute", "relative", "none"] = "absolute"
    start: int | None = None
    backlash_steps: float = 0.0
    irregularity: float = 0.0
    reports_end: bool = True
    step_s: float = 0.0
    latency_s: float = 0.0
    settle_s: float = 0.0
    light: str = "bright"
    flicker: float = 0.0
    shake_px: float = 0.0
    frame_interval_s: float = 0.0
    card_pictures: int = 10_000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at the `at`-th call (from 1) of one kind of call ("" = of any kind).

    calls: for how many calls it lasts (busy, same_picture, stuck, card_full). seconds: how long a slow call takes, and
    after how long an unplugged camera comes back by itself (0 = it waits for `plug_in`).
    """

    kind: FaultKind
    at: int
    call: str = ""
    calls: int = 1
    seconds: float = 0.0


class SimulatedDevice:
    """One device; its calls may come from several threads, one after another.

    scene: what it sees, or a function that makes it, called when it is first needed.
    scene_clock: the time in seconds by which things in the scene move; None = real time since the device was made.
    """

    def __init__(
        self,
        scene: Scene | Callable[[], Scene],
        model: DefocusModel | None = None,
        *,
        behaviour: Behaviour | None = None,
        faults: Sequence[Fault] = (),
        name: str = "Simulated camera",
        serial: str = "SIM-1",
        scene_clock: Callable[[], float] | None = None,
    ) -> None:
        self._scene, self.model = scene, model or paper_model()
        self.behaviour = behaviour or Behaviour()
        self.name, self.serial = name, serial
        self.exposure_stops = 0.0
        self.release = threading.Event()  # set it to end every slow call
        self.calls: dict[str, int] = {}
        self.stills_taken = 0
        self._faults = list(faults)
        self._lasting: dict[str, int] = {}
        self._lock = threading.RLock()
        self._rng = np.random.default_rng(self.behaviour.seed)
        self._plugged, self._generation, self._back_at_s = True, 0, 0.0
        self._address_changes = 0
        self._motor = self._lens = self._former = float(self._start())
        self._done_s = 0.0
        self._frames = 0
        self._shown: NDArray[np.uint8] | None = None
        born_s = time.monotonic()
        self._scene_clock = scene_clock or (lambda: time.monotonic() - born_s)
        self._pictures: OrderedDict[tuple[float, float], NDArray[np.float32]] = OrderedDict()

    def _start(self) -> int:
        low, high = self.limits
        return (low + high) // 2 if self.behaviour.start is None else min(max(self.behaviour.start, low), high)

    @property
    def scene(self) -> Scene:
        """What the device sees."""
        with self._lock:
            if not isinstance(self._scene, Scene):
                self._scene = self._scene()
            return self._scene

    # ---- the plug

    @property
    def limits(self) -> tuple[int, int]:
        """The first and last position of the lens."""
        return self.model.limits

    @property
    def plugged(self) -> bool:
        """True while the device can be found."""
        with self._lock:
            if not self._plugged and self._back_at_s and time.monotonic() >= self._back_at_s:
                self.plug_in()
            return self._plugged

    @property
    def generation(self) -> int:
        """Grows each time it is plugged in; who holds an older one has lost it."""
        return self._generation

    @property
    def address_changes(self) -> int:
        """How often it came back under another address."""
        return self._address_changes

    def unplug(self, *, back_after_s: float = 0.0, new_address: bool = False) -> None:
        """Pull the plug; with `back_after_s` it comes back by itself."""
        with self._lock:
            self._plugged = False
            self._back_at_s = time.monotonic() + back_after_s if back_after_s else 0.0
            self._address_changes += new_address
            self.release.set()

    def plug_in(self) -> None:
        """Plug it in again; the lens stands where it stood."""
        with self._lock:
            if not self._plugged:
                self._plugged, self._back_at_s = True, 0.0
                self._generation += 1
                self.release.clear()

    def heal(self) -> None:
        """End every fault that lasts; those that are still to come stay."""
        with self._lock:
            self._lasting.clear()

    def set_light(self, level: str) -> None:
        """Change the light level, a name of LIGHT_LEVELS."""
        self.behaviour = replace(self.behaviour, light=level)

    def add_fault(self, fault: Fault) -> None:
        """Let something go wrong; `at` counts from the calls made so far."""
        with self._lock:
            self._faults.append(replace(fault, at=fault.at + self._count(fault.call)))

    # ---- calls

    def enter(self, call: str, generation: int) -> None:
        """Begin a call: count it, wait the latency, let the faults that are due happen."""
        with self._lock:
            self.calls[call] = self.calls.get(call, 0) + 1
            due = [f for f in self._faults if f.call in ("", call) and f.at == self._count(f.call)]
            self._faults = [f for f in self._faults if f not in due]
        if self.behaviour.latency_s:
            self.release.wait(self.behaviour.latency_s)
        for fault in due:
            self._happen(fault)
        if not self.plugged or generation != self._generation:
            raise CameraGone("the simulated camera is not there any more", where=self.name)
        if self._last("busy"):
            raise CameraBusy("the simulated camera is busy (-110)", where=self.name)

    def _count(self, call: str) -> int:
        return self.calls.get(call, 0) if call else sum(self.calls.values())

    def _happen(self, fault: Fault) -> None:
        if fault.kind in ("unplug", "off", "new_address"):
            self.unplug(back_after_s=fault.seconds, new_address=fault.kind == "new_address")
        elif fault.kind == "slow":
            self.release.wait(fault.seconds or 30.0)
        else:
            self._lasting[fault.kind] = self._lasting.get(fault.kind, 0) + fault.calls

    def _last(self, kind: str) -> bool:
        """True if such a fault holds now; each time it is asked uses up one of its calls."""
        with self._lock:
            left = self._lasting.get(kind, 0)
            self._lasting[kind] = max(0, left - 1)
            return left > 0

    # ---- the lens

    @property
    def motor_position(self) -> int:
        """What the motor's counter says."""
        return round(self._motor)

    @property
    def motor_exact(self) -> float:
        """Where the motor really stands, between whole steps too."""
        return self._motor

    @property
    def true_position(self) -> float:
        """Where the lens really stands now: behind the play of the gear, and lagging after a drive."""
        if self.behaviour.settle_s > 0:
            left = 1.0 - (time.monotonic() - self._done_s) / self.behaviour.settle_s
            if left > 0:
                return self._lens + (self._former - self._lens) * left
        return self._lens

    def move(self, target: float, *, exact: bool) -> None:
        """Drive the motor; EndStop if it was cut short (if the device reports that)."""
        low, high = self.limits
        if self._last("stuck"):
            return
        distance = target - self._motor
        if not exact and self.behaviour.irregularity:
            distance *= max(0.0, 1.0 + self.behaviour.irregularity * float(self._rng.standard_normal()))
        wanted = self._motor + distance
        reached = float(np.clip(wanted, low, high))
        if self.behaviour.step_s:
            self.release.wait(abs(reached - self._motor) * self.behaviour.step_s)
        with self._lock:
            self._former = self.true_position
            self._motor = reached
            play = self.behaviour.backlash_steps / 2.0
            self._lens = float(np.clip(np.clip(self._lens, reached - play, reached + play), low, high))
            self._done_s = time.monotonic()
        if abs(wanted - reached) > 0.5 and self.behaviour.reports_end:
            raise EndStop("the lens is at its end", where=self.name)

    # ---- the sensor

    def picture(self, *, live: bool) -> NDArray[np.uint8]:
        """Return what the sensor sees now [h, w, 3] uint8 display-encoded, noise and flicker included."""
        if self._last("same_picture") and self._shown is not None:
            return self._shown
        moment = self._scene_clock() if self.scene.moves else 0.0
        linear = self._seen(round(self.true_position * 4) / 4, round(moment, 2))
        if self.behaviour.shake_px:
            linear = shifted(linear, *(self._rng.standard_normal(2) * self.behaviour.shake_px))
        self._frames += 1
        swing = 1.0 + self.behaviour.flicker * float(np.sin(2.4 * self._frames + self.behaviour.seed))
        electrons = LIGHT_LEVELS[self.behaviour.light] * (1.0 if live else 4.0)
        gain = np.float32(swing * 2.0**self.exposure_stops)
        clean = linear * gain
        spread = np.sqrt(clean * np.float32(1 / electrons) + np.float32((_READ_NOISE_E / electrons) ** 2))
        noisy = clean + spread * self._rng.standard_normal(clean.shape, dtype=np.float32)
        shown: NDArray[np.uint8] = from_linear(np.maximum(noisy, 0.0), "srgb")
        shown.flags.writeable = False
        self._shown = shown
        return shown

    def _seen(self, position: float, moment_s: float) -> NDArray[np.float32]:
        key = (position, moment_s)
        if key not in self._pictures:
            self._pictures[key] = look(self.scene.at(moment_s), self.model, position)
            while len(self._pictures) > _KEPT_PICTURES:
                self._pictures.popitem(last=False)
        self._pictures.move_to_end(key)
        return self._pictures[key]

    def store_still(self) -> str:
        """Count one picture on the card and return its name; CardFull when there is no room."""
        if self._last("card_full") or self.stills_taken >= self.behaviour.card_pictures:
            raise CardFull(
                "the card of the simulated camera is full", where=self.name, remedy="Empty the card, then go on."
            )
        self.stills_taken += 1
        return f"SIM_{self.stills_taken:04d}"

    def empty_card(self) -> None:
        """Make room for pictures again."""
        self.stills_taken = 0
        self._lasting["card_full"] = 0
