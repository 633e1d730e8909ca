"""Eases begin at 0, end at 1, never fall, and do what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.laaf.pull import eased


@pytest.mark.parametrize("ease", ["linear", "in", "out", "in_out"])
def test_eases_rise_from_0_to_1(ease: str) -> None:
    way = [eased(float(t), ease) for t in np.linspace(-0.2, 1.2, 100)]
    assert way[0] == 0.0
    assert way[-1] == 1.0
    assert (np.diff(way) >= 0).all()


def test_eases_are_gentle_where_they_say() -> None:
    assert eased(0.1, "in") < 0.1 < eased(0.1, "out")
    assert eased(0.9, "in") < 0.9 < eased(0.9, "out")
    assert eased(0.1, "in_out") < 0.1
    assert eased(0.9, "in_out") > 0.9
    assert eased(0.5, "in_out") == eased(0.5, "linear") == 0.5
