"""Frames of Flower Care sensors, live and kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.devices.ble import miflora
from vfarm_core.devices.ble.errors import FrameError, Problem
from vfarm_core.devices.ble.values import LIMITS, Hint, Quantity, Value

Q = Quantity
LIVE = bytes.fromhex("ea0000ab00000015b200023c00fb349b")
SUNNY = bytes.fromhex("250100f7260000280e01000000000000")
ENTRY = bytes.fromhex("70e72000eb00005a00000015b3000000")
DARK_ENTRY = bytes.fromhex("30421500c10000000000001e87020000")
#: What the sensor answers when nobody switched it to measuring before.
NOT_MEASURING = bytes.fromhex("aabbccddeeff99887766000000000000")


def numbers(values: tuple[Value, ...]) -> dict[Quantity, float]:
    return {v.quantity: v.value for v in values}


@pytest.mark.parametrize(
    ("frame", "temperature", "lux", "moisture", "ec"),
    [(LIVE, 23.4, 171, 21, 0.178), (SUNNY, 29.3, 9975, 40, 0.270)],
)
def test_live_frames_decode(
    frame: bytes, temperature: float, lux: float, moisture: float, ec: float
) -> None:
    assert numbers(miflora.decode_live(frame)) == pytest.approx(
        {Q.TEMPERATURE: temperature, Q.ILLUMINANCE: lux, Q.MOISTURE: moisture, Q.EC: ec}
    )


@pytest.mark.parametrize(
    ("frame", "seconds", "temperature", "lux", "moisture", "ec"),
    [(ENTRY, 2_156_400, 23.5, 90, 21, 0.179), (DARK_ENTRY, 1_393_200, 19.3, 0, 30, 0.647)],
)
def test_kept_entries_decode(
    frame: bytes, seconds: int, temperature: float, lux: float, moisture: float, ec: float
) -> None:
    entry = miflora.decode_entry(frame, device_time=2_158_345)
    assert entry.seconds == seconds
    assert numbers(entry.values) == pytest.approx(
        {Q.TEMPERATURE: temperature, Q.ILLUMINANCE: lux, Q.MOISTURE: moisture, Q.EC: ec}
    )


def test_its_ec_is_that_of_the_substrate_as_a_whole() -> None:
    hints = {v.quantity: v.hint for v in miflora.decode_live(LIVE)}
    assert hints[Q.EC] is Hint.BULK
    assert hints[Q.MOISTURE] is Hint.MEASURED


def test_counts_clocks_and_batteries_decode() -> None:
    assert miflora.decode_history_count(bytes.fromhex("2b007b04")) == 43
    assert miflora.decode_device_time(bytes.fromhex("09ef2000")) == 2_158_345
    battery, firmware = miflora.decode_battery(bytes.fromhex("6328332e312e39"))
    assert (battery.value, battery.unit, firmware) == (99, "%", "3.1.9")


def test_frost_is_read_with_its_sign() -> None:
    frame = (-52).to_bytes(2, "little", signed=True) + LIVE[2:]
    assert numbers(miflora.decode_live(frame))[Q.TEMPERATURE] == -5.2


def test_an_entry_is_asked_for_by_its_number() -> None:
    assert miflora.select(0) == bytes.fromhex("a10000")
    assert miflora.select(0x0102) == bytes.fromhex("a10201")


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (LIVE[:-1], Problem.LENGTH),
        (LIVE + b"\x00", Problem.LENGTH),
        (bytes(16), Problem.EMPTY),
        (b"\xff" * 16, Problem.RANGE),
        (NOT_MEASURING, Problem.RANGE),
        (LIVE[:7] + b"\x65" + LIVE[8:], Problem.RANGE),
    ],
)
def test_a_bad_live_frame_is_refused(frame: bytes, problem: Problem) -> None:
    with pytest.raises(FrameError) as caught:
        miflora.decode_live(frame)
    assert caught.value.problem is problem


def test_an_entry_of_another_life_of_its_clock_is_refused() -> None:
    with pytest.raises(FrameError) as caught:
        miflora.decode_entry(ENTRY, device_time=2_156_399)
    assert caught.value.problem is Problem.CONTRADICTION


def test_an_entry_that_was_never_written_is_refused() -> None:
    for frame, problem in ((bytes(16), Problem.EMPTY), (b"\xff" * 16, Problem.RANGE)):
        with pytest.raises(FrameError) as caught:
            miflora.decode_entry(frame, device_time=0xFFFFFFFF)
        assert caught.value.problem is problem


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (b"\x63\x28", Problem.LENGTH),
        (b"\x65\x28" + b"3.1.9", Problem.RANGE),
        (b"\x63\x28" + b"\xff\xfe", Problem.TEXT),
        (b"\x63\x28" + b"3\x07", Problem.TEXT),
    ],
)
def test_a_bad_battery_frame_is_refused(frame: bytes, problem: Problem) -> None:
    with pytest.raises(FrameError) as caught:
        miflora.decode_battery(frame)
    assert caught.value.problem is problem


def test_bad_counts_and_clocks_are_refused() -> None:
    with pytest.raises(FrameError):
        miflora.decode_history_count(b"\x01")
    with pytest.raises(FrameError):
        miflora.decode_device_time(b"\x01\x02\x03")


@given(st.binary(max_size=40) | st.binary(min_size=16, max_size=16))
def test_no_bytes_crash_it_and_nothing_that_cannot_be_is_given_out(frame: bytes) -> None:
    for values in (
        lambda: miflora.decode_live(frame),
        lambda: miflora.decode_entry(frame, device_time=2**32 - 1).values,
        lambda: (miflora.decode_battery(frame)[0],),
    ):
        try:
            found = values()
        except FrameError:
            continue
        for value in found:
            limits = LIMITS[value.quantity]
            assert limits.low <= value.value <= limits.high
