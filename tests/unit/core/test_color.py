from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.core.color import (
    TRANSFERS,
    decode_transfer,
    encode_transfer,
    from_linear,
    linear_table,
    linear_to_log,
    log_to_linear,
    luminance,
    to_linear,
    white_limit,
)


def _grey(codes: np.ndarray) -> np.ndarray:
    return np.repeat(codes[None, :, None], 3, axis=2)


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("primaries", ["bt709", "bt2020"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_grey_code_comes_back_as_itself(transfer: str, primaries: str, dtype: type) -> None:
    codes = _grey(np.arange(np.iinfo(dtype).max + 1).astype(dtype))
    back = from_linear(to_linear(codes, transfer, primaries), transfer, primaries, dtype=dtype)
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, codes)


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_every_colour_comes_back_in_bt709(transfer: str) -> None:
    picture = np.random.default_rng(3).integers(0, 65536, (40, 61, 3)).astype(np.uint16)
    np.testing.assert_array_equal(from_linear(to_linear(picture, transfer), transfer, dtype=picture.dtype), picture)


@pytest.mark.parametrize(("transfer", "codes"), [("hlg", 64), ("pq", 128), ("bt709", 1)])
def test_wide_colours_come_back_within_two_ten_bit_codes(transfer: str, codes: int) -> None:
    picture = np.random.default_rng(4).integers(0, 65536, (50, 50, 3)).astype(np.uint16)
    back = from_linear(to_linear(picture, transfer, "bt2020"), transfer, "bt2020", dtype=np.uint16)
    assert np.abs(back.astype(int) - picture).max() <= codes


@pytest.mark.parametrize(
    ("transfer", "encoded", "linear"),
    [
        ("srgb", 0.5, 0.214041),
        ("bt709", 0.5, 0.214041),
        ("linear", 0.5, 0.5),
        ("hlg", 0.75, 1.0),  # BT.2408: reference white
        ("hlg", 0.5, (1 / 12) / 0.264963),
        ("hlg", 1.0, 1 / 0.264963),
        ("pq", 0.580689, 1.0),  # 203 cd/m2
        ("pq", 1.0, 10000 / 203),
        ("pq", 0.508078, 100 / 203),
    ],
)
def test_known_values(transfer: str, encoded: float, linear: float) -> None:
    assert decode_transfer(np.array([encoded]), transfer)[0] == pytest.approx(linear, rel=2e-5)
    assert encode_transfer(np.array([linear]), transfer)[0] == pytest.approx(encoded, rel=2e-5)


def test_reference_white_codes_of_ten_bits_are_display_white() -> None:
    hlg = round((64 + 876 * 0.75 - 64) / 876 * 65535)
    assert to_linear(_grey(np.array([hlg], np.uint16)), "hlg")[0, 0, 0] == pytest.approx(1.0, abs=1e-3)
    assert to_linear(_grey(np.array([255], np.uint8)), "srgb")[0, 0, 0] == 1.0
    assert white_limit("bt709") == 1.0
    assert white_limit("hlg") == pytest.approx(3.774, abs=1e-3)
    assert white_limit("pq") == pytest.approx(49.26, abs=1e-2)


def test_bt2020_white_stays_white_and_red_leaves_bt709() -> None:
    white = to_linear(np.full((1, 1, 3), 255, np.uint8), "srgb", "bt2020")
    np.testing.assert_allclose(white, 1.0, atol=1e-6)
    red = to_linear(np.array([[[255, 0, 0]]], np.uint8), "srgb", "bt2020")[0, 0]
    np.testing.assert_allclose(red, [1.6605, -0.1246, -0.0182], atol=1e-4)  # BT.2087
    assert luminance(red[None, None])[0, 0] == pytest.approx(0.2627, abs=1e-3)  # luminance does not depend on primaries


def test_light_outside_the_range_is_clipped() -> None:
    light = np.array([[[-1.0, 2.0, np.inf], [0.0, -0.0, 1e-30]]], np.float32)
    np.testing.assert_array_equal(from_linear(light, "bt709"), [[[0, 255, 255], [0, 0, 0]]])
    np.testing.assert_array_equal(from_linear(light, "pq", dtype=np.uint16)[0, 0, ::2], [0, 65535])


def test_rounding_is_right_between_the_codes() -> None:
    light = np.linspace(0, 1, 100_001, dtype=np.float32)[:, None, None].repeat(3, 2)
    exact = encode_transfer(light[:, 0, 0], "srgb")
    assert np.abs(from_linear(light, "srgb")[:, 0, 0] - 255 * exact).max() < 0.56
    deep = from_linear(light, "srgb", dtype=np.uint16)[:, 0, 0]
    assert np.abs(deep - 65535 * exact).max() < 0.6


def test_brighter_light_never_gives_a_lower_code() -> None:
    light = np.geomspace(1e-9, 60, 50_000).astype(np.float32)[:, None, None].repeat(3, 2)
    for transfer in TRANSFERS:
        assert np.all(np.diff(from_linear(light, transfer)[:, 0, 0].astype(int)) >= 0)
        assert np.all(np.diff(from_linear(light, transfer, dtype=np.uint16)[:, 0, 0].astype(int)) >= 0)


def test_odd_sizes_and_views_are_accepted() -> None:
    picture = np.arange(5 * 3 * 6, dtype=np.uint8).reshape(5, 6, 3)[:, ::2]
    np.testing.assert_array_equal(from_linear(to_linear(picture, "bt709"), "bt709"), picture)
    one = np.array([[[1, 2, 3]]], np.uint8)
    np.testing.assert_array_equal(from_linear(to_linear(one, "bt709"), "bt709"), one)


def test_the_input_is_not_changed() -> None:
    light = np.full((2, 2, 3), 0.25, np.float32)
    from_linear(light, "pq", "bt2020", dtype=np.uint16)
    assert np.all(light == 0.25)


def test_log_exposure_is_in_stops_from_display_white() -> None:
    np.testing.assert_allclose(linear_to_log(np.array([1.0, 4.0, 0.25, 0.0], np.float32)), [0, 2, -2, -16])
    np.testing.assert_allclose(log_to_linear(np.array([0.0, -1.0, 3.0], np.float16)), [1, 0.5, 8])


def test_tables_are_made_once_and_read_only() -> None:
    assert linear_table("srgb") is linear_table("srgb")
    with pytest.raises(ValueError, match="read-only"):
        linear_table("srgb")[0] = 1


@pytest.mark.parametrize("call", [lambda p: to_linear(p, "gamma"), lambda p: to_linear(p, "srgb", "p3")])
def test_unknown_names_are_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="unknown"):
        call(np.zeros((1, 1, 3), np.uint8))


def test_other_types_are_refused() -> None:
    with pytest.raises(ValueError, match="uint8 or uint16"):
        to_linear(np.zeros((1, 1, 3), np.int32), "srgb")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="uint8 or uint16"):
        from_linear(np.zeros((1, 1, 3), np.float32), "srgb", dtype=np.float32)
