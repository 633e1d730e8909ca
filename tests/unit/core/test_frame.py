from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.core.frame import Frame, RgbdFrame
from rvr_laaf_app.core.registry import Registry, Unavailable


def rgbd(value: float = 0.5) -> RgbdFrame:
    plane = np.full((4, 6), value, np.float16)
    return RgbdFrame(0, plane, np.zeros((4, 6, 3), np.float16), np.ones((4, 6), np.float16))


def test_wrong_shapes_and_types_are_refused() -> None:
    with pytest.raises(ValueError, match="rgb"):
        Frame(0, 0, np.zeros((4, 6), np.uint8))
    with pytest.raises(ValueError, match="rgb"):
        Frame(0, 0, np.zeros((4, 6, 3), np.float32))
    with pytest.raises(ValueError, match="boost_stops"):
        RgbdFrame(0, np.zeros((4, 6), np.float16), np.zeros((4, 6), np.float16), np.ones((4, 6), np.float16))


def test_digest_follows_the_content() -> None:
    assert rgbd(0.5).digest == rgbd(0.5).digest
    assert rgbd(0.5).digest != rgbd(0.25).digest


def test_an_error_is_one_line_with_what_where_and_what_to_do() -> None:
    error = RvrError("cannot be\nread", where="a\nb.mp4", remedy="Copy it again.")
    assert str(error) == "'a\\nb.mp4': cannot be read. Copy it again."


def test_registry_loads_late_and_says_why_not() -> None:
    registry: Registry[object] = Registry("thing", {"list": "builtins:list", "none": "no_such_package.x:Y"})
    assert registry.load("list") is list
    missing = registry.find("none")
    assert isinstance(missing, Unavailable)
    assert "no_such_package" in missing.reason
    with pytest.raises(RvrError, match="Choose one of: list, none"):
        registry.load("other")
