"""Whatever goes wrong with a camera during a sweep, in any order: every picture once, whole, and truly taken there."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rvr_laaf_app.camera.base import Still
from rvr_laaf_app.camera.scene import Scene
from rvr_laaf_app.camera.session import CameraSession
from rvr_laaf_app.camera.session_values import Deadlines
from rvr_laaf_app.camera.simulated import SimulatedCamera
from rvr_laaf_app.camera.simulated_device import CALLS, FAULT_KINDS, Behaviour, Fault, SimulatedDevice
from rvr_laaf_app.camera.sweep import read_sweep
from rvr_laaf_app.camera.sweeping import SweepPlan

QUICK = Deadlines(call=0.2, open=0.5, still=0.2, slow=0.05, busy=5.0, again=0.01, card=0.01, heartbeat=0.01, close=1.0)
PLAN = (1150, 1300, 1450, 1600, 1750)
FAULTS = st.builds(
    Fault,
    kind=st.sampled_from([k for k in FAULT_KINDS if k not in ("same_picture", "stuck")]),
    at=st.integers(1, 25),
    call=st.sampled_from(["", "drive", "position", "capture_still", "open"]),
    calls=st.integers(1, 2),
    seconds=st.sampled_from([0.01, 0.03]),
)
HARD_TO_SEE = st.builds(  # one at a time: three tries in a row are all that is made
    Fault, kind=st.sampled_from(["same_picture", "stuck"]), at=st.integers(1, 25), calls=st.integers(1, 2)
)


class Witness(SimulatedCamera):
    """Writes down where the lens truly stood for each picture that it gave."""

    truth: dict[str, float]

    def capture_still(self) -> Still:
        still = super().capture_still()
        self.truth.setdefault(hashlib.sha256(still.data).hexdigest(), self.device.true_position)
        return still


@pytest.fixture(scope="module")
def scene() -> Scene:
    return SimulatedCamera.of("slope", size=(24, 32)).device.scene


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(faults=st.lists(FAULTS, max_size=4), hard=st.lists(HARD_TO_SEE, max_size=1), seed=st.integers(0, 99))
def test_no_order_of_faults_loses_or_swaps_a_picture(
    scene: Scene, faults: list[Fault], hard: list[Fault], seed: int
) -> None:
    device = SimulatedDevice(scene, behaviour=Behaviour(seed=seed), faults=[*faults, *hard])
    truth: dict[str, float] = {}

    def reach(_: object) -> Witness:
        camera = Witness(device)
        camera.truth = truth
        return camera

    with tempfile.TemporaryDirectory() as folder, CameraSession(reach(None), reopen=reach, deadlines=QUICK) as session:
        pending = True
        while pending:  # a sweep asked for while the camera is away is refused: ask again
            try:
                report = session.sweep(SweepPlan(Path(folder) / "s", PLAN, resume=True)).result(30.0)
                pending = False
            except Exception as error:
                if "not connected" not in str(error):
                    raise
        sweep = read_sweep(Path(folder) / "s", verify=True)
        assert sweep == report.sweep
        assert sweep.positions == PLAN
        assert [truth[frame.sha256] for frame in sweep.frames] == list(PLAN)
        assert len(list(sweep.folder.glob("*.png"))) == len(PLAN)
    device.release.set()


def test_the_kinds_of_calls_are_those_that_faults_can_name() -> None:
    assert set(CALLS) >= {"drive", "position", "capture_still", "open"}
