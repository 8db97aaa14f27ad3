"""Frames of Yinmik water testers: the captured ones say what the display said, others nothing."""

from __future__ import annotations

from struct import pack_into

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.devices.ble.errors import FrameError, Problem
from vfarm_core.devices.ble.values import LIMITS, Hint, Quantity, Reading
from vfarm_core.devices.ble.yinmik import LENGTH, decode, descramble

FIRST = bytes.fromhex("FFA9FE7AFCECFFFFFFBFFFBDFF75FD0EFAED75FEACDDBB57")
PLAIN = bytes.fromhex("01020b0262010100800080000100e70b700003e700891300")
BACKLIT = bytes.fromhex("FFA9FE78FCEEFFFFFFBFFFBDFF7FFD2BFAEC71FEACDDBA57")
ON_HOLD = bytes.fromhex("FFA9FE78FCECFFFCFFBDFFBDFF77FD2BDAEC75FE86DDBA57")

Q = Quantity


def scramble(plain: bytes) -> bytes:
    """What the meter does: the way back of `descramble`, written from its description."""
    frame = bytearray(plain)
    for i in range(1, len(frame)):
        here, before = 0xFF ^ frame[i], 0xFF ^ frame[i - 1]
        frame[i] = (here & 0xAA) >> 1 | (before & 0x55) << 1
        frame[i - 1] = (before & 0xAA) >> 1 | (here & 0x55) << 1
    return bytes(frame)


def changed(offset: int, number: int) -> bytes:
    plain = bytearray(PLAIN)
    pack_into(">h", plain, offset, number)
    return scramble(plain)


def numbers(reading: Reading) -> dict[Quantity, float]:
    return {v.quantity: v.value for v in reading.values}


def refused(frame: bytes) -> FrameError:
    with pytest.raises(FrameError) as caught:
        decode(frame)
    return caught.value


def test_a_captured_frame_says_what_the_display_said() -> None:
    assert numbers(decode(FIRST)) == pytest.approx(
        {
            Q.PH: 6.10,
            Q.EC: 0.257,
            Q.TDS: 128,
            Q.SALINITY: 128,
            Q.ORP: 137,
            Q.SPECIFIC_GRAVITY: 0.999,
            Q.TEMPERATURE: 23.1,
            Q.BATTERY_VOLTAGE: 2928,
        }
    )


def test_its_values_are_in_the_units_of_the_core() -> None:
    units = {v.quantity: v.unit for v in decode(FIRST).values}
    assert (units[Q.EC], units[Q.PH], units[Q.TEMPERATURE], units[Q.ORP]) == (
        "mS/cm",
        "pH",
        "°C",
        "mV",
    )


def test_what_the_meter_works_out_is_no_measurement() -> None:
    hints = {v.quantity: v.hint for v in decode(FIRST).values}
    assert {q for q, hint in hints.items() if hint is Hint.DERIVED} == {
        Q.TDS,
        Q.SALINITY,
        Q.SPECIFIC_GRAVITY,
    }


def test_the_second_capture_has_its_light_on_and_is_live() -> None:
    reading = decode(BACKLIT)
    found = numbers(reading)
    assert (found[Q.PH], found[Q.TEMPERATURE], found[Q.ORP]) == (6.11, 23.2, 139)
    assert reading.is_live


def test_a_frozen_display_is_told_from_a_live_one() -> None:
    reading = decode(ON_HOLD)
    found = numbers(reading)
    assert (found[Q.EC], found[Q.TEMPERATURE], found[Q.ORP]) == (0.259, 23.6, 158)
    assert not reading.is_live
    assert {v.hint for v in reading.values} == {Hint.HELD}


def test_the_scrambling_is_undone_as_captured() -> None:
    assert descramble(FIRST) == PLAIN


@given(st.binary(max_size=40))
def test_no_scrambled_byte_is_lost(plain: bytes) -> None:
    assert descramble(scramble(plain)) == plain


def test_a_short_or_long_frame_is_refused() -> None:
    assert refused(FIRST[:-1]).problem is Problem.LENGTH
    assert refused(FIRST + b"\x00").problem is Problem.LENGTH
    assert refused(b"").problem is Problem.LENGTH


def test_another_head_is_refused() -> None:
    assert refused(scramble(b"\x01\x03" + PLAIN[2:])).problem is Problem.HEADER


def test_a_meter_with_another_product_code_is_not_guessed() -> None:
    error = refused(scramble(PLAIN[:2] + b"\x01" + PLAIN[3:]))
    assert (error.problem, error.found) == (Problem.PRODUCT, "0x01")


@pytest.mark.parametrize(
    ("offset", "number", "quantity"),
    [
        (3, 1401, "ph"),
        (3, -1, "ph"),
        (5, 20_001, "ec"),
        (13, 801, "temperature"),
        (20, -1501, "orp"),
        (18, 2000, "specific_gravity"),
        (15, -5, "battery_voltage"),
    ],
)
def test_a_value_that_cannot_be_refuses_the_frame(offset: int, number: int, quantity: str) -> None:
    error = refused(changed(offset, number))
    assert (error.problem, error.what) == (Problem.RANGE, quantity)


def test_dissolved_salt_that_does_not_fit_the_ec_refuses_the_frame() -> None:
    error = refused(changed(5, 2570))
    assert (error.problem, error.what) == (Problem.CONTRADICTION, "tds")


def test_salinity_that_is_two_things_refuses_the_frame() -> None:
    error = refused(changed(11, 12))
    assert (error.problem, error.what) == (Problem.CONTRADICTION, "salinity")


def test_a_probe_in_pure_water_is_believed() -> None:
    plain = bytearray(PLAIN)
    for offset in (5, 7, 9, 11):
        pack_into(">h", plain, offset, 0)
    assert numbers(decode(scramble(plain)))[Q.EC] == 0.0


@given(st.integers(8 * 3, 8 * 17 - 1))
def test_a_flipped_bit_gives_nothing_that_cannot_be(bit: int) -> None:
    plain = bytearray(PLAIN)
    plain[bit // 8] ^= 1 << bit % 8
    _gives_only_what_can_be(scramble(plain))


@given(st.binary(max_size=60) | st.binary(min_size=LENGTH, max_size=LENGTH))
def test_no_bytes_crash_it(frame: bytes) -> None:
    _gives_only_what_can_be(frame)


@given(st.binary(min_size=LENGTH - 3, max_size=LENGTH - 3))
def test_no_bytes_behind_a_right_head_crash_it(rest: bytes) -> None:
    _gives_only_what_can_be(scramble(PLAIN[:3] + rest))


def _gives_only_what_can_be(frame: bytes) -> None:
    try:
        reading = decode(frame)
    except FrameError:
        return
    for value in reading.values:
        limits = LIMITS[value.quantity]
        assert limits.low <= value.value <= limits.high
        assert value.unit == limits.unit
