"""Words mean what the profile says, and what is no reading is missing."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.devices.modbus.codec import (
    EncodeError,
    State,
    Why,
    decode,
    encode,
    merged,
    same,
)
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.profile import WORDS, Access, DataType, Order, Register, Space

PLAIN = Register(
    key="value", address=0, type=DataType.INT16, space=Space.HOLDING, access=Access.BOTH
)


def of(kind: DataType, **facts: object) -> Register:
    return replace(PLAIN, type=kind, words=WORDS.get(kind, 1), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "byte", "words"),
    [
        (Order.BIG, Order.BIG, [0x418D, 0x0000]),
        (Order.LITTLE, Order.BIG, [0x0000, 0x418D]),
        (Order.BIG, Order.LITTLE, [0x8D41, 0x0000]),
        (Order.LITTLE, Order.LITTLE, [0x0000, 0x8D41]),
    ],
)
def test_a_float_is_found_in_each_of_the_four_orders(
    word: Order, byte: Order, words: list[int]
) -> None:
    register = of(DataType.FLOAT32, word_order=word, byte_order=byte)
    assert decode(register, words).value == 17.625
    assert list(encode(register, 17.625)) == words


def test_a_negative_temperature_is_one() -> None:
    assert decode(of(DataType.INT16, scale=0.1), [0xFF9F]).value == -9.7
    assert decode(of(DataType.UINT16, scale=0.01, offset=-100.0), [9000]).value == -10.0


@pytest.mark.parametrize(
    ("register", "words", "why"),
    [
        (of(DataType.INT16, missing=frozenset({9999})), [9999], Why.FAILED_SENSOR),
        (of(DataType.INT16, missing=frozenset({0x8000})), [0x8000], Why.FAILED_SENSOR),
        (of(DataType.INT16, missing=frozenset({-32768})), [0x8000], Why.FAILED_SENSOR),
        (of(DataType.UINT16, missing=frozenset({0xFFFF})), [0xFFFF], Why.FAILED_SENSOR),
        (of(DataType.FLOAT32), [0x7FC0, 0], Why.NOT_A_NUMBER),
        (of(DataType.FLOAT32), [0x7F80, 0], Why.NOT_A_NUMBER),
        (of(DataType.INT16, decimals_from="decimals"), [1234], Why.NO_DECIMALS),
        (replace(PLAIN, type=DataType.STRING, words=1), [0x07FF], Why.NO_TEXT),
    ],
)
def test_a_code_of_a_failed_sensor_is_no_value(
    register: Register, words: list[int], why: Why
) -> None:
    reading = decode(register, words)
    assert (reading.value, reading.state, reading.why) == (None, State.MISSING, why)


def test_a_value_beyond_the_range_is_told_as_such_and_not_hidden() -> None:
    register = of(DataType.UINT16, scale=0.1, range=(0.0, 100.0))
    assert decode(register, [1000]).state is State.GOOD
    over = decode(register, [1001])
    assert (over.value, over.state) == (100.1, State.OUT_OF_RANGE)


def test_decimals_that_are_none_give_no_value() -> None:
    register = of(DataType.INT16, decimals_from="decimals")
    assert decode(register, [1234], decimals=1).value == 123.4
    for nonsense in (-1, 10, 0.5):
        assert decode(register, [1234], decimals=nonsense).why is Why.NO_DECIMALS


def test_codes_and_bits_have_names() -> None:
    mode = of(DataType.UINT16, codes={0: "auto", 4: "cool"})
    assert decode(mode, [4]).label == "cool"
    assert decode(mode, [9]).label is None
    assert encode(mode, "cool") == encode(mode, 4) == (4,)
    status = of(DataType.UINT16, bits={0: "fatal", 5: "out of range"})
    assert decode(status, [0x21]).bits == ("fatal", "out of range")
    assert decode(status, [0]).bits == ()


def test_a_part_of_a_word_is_read_and_written_without_its_neighbours() -> None:
    low = of(DataType.UINT16, mask=0x00FF)
    high = of(DataType.UINT16, mask=0xFF00, shift=8)
    assert decode(low, [0x1203]).value == 3
    assert decode(high, [0x1203]).value == 0x12
    assert encode(high, 5) == (0x0500,)
    assert merged(high, (0x0500,), (0x1203,)) == (0x0503,)
    assert same(high, (0x0500,), (0x05AA,))
    assert not same(high, (0x0500,), (0x06AA,))
    with pytest.raises(EncodeError, match="does not fit"):
        encode(low, 256)


@pytest.mark.parametrize(
    ("register", "value", "code"),
    [
        (of(DataType.INT16), 40_000, "does_not_fit"),
        (of(DataType.UINT16), -1, "does_not_fit"),
        (of(DataType.UINT16, range=(0.0, 10.0)), 10.5, "out_of_range"),
        (of(DataType.FLOAT32), math.nan, "no_number"),
        (of(DataType.FLOAT32), 1e39, "does_not_fit"),
        (of(DataType.UINT16), "many", "no_number"),
        (of(DataType.UINT16, codes={0: "off"}), "on", "no_code"),
        (of(DataType.UINT16, codes={0: "off"}), 3, "no_code"),
        (of(DataType.INT16, decimals_from="decimals"), 1.5, "no_decimals"),
        (replace(PLAIN, type=DataType.BOOL, space=Space.COIL), 2, "no_switch"),
        (replace(PLAIN, type=DataType.STRING, words=1), "long", "no_text"),
    ],
)
def test_what_a_register_cannot_hold_is_refused_before_it_is_sent(
    register: Register, value: float | str, code: str
) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(register, value)
    assert caught.value.code == code


def test_a_switch_takes_words() -> None:
    coil = replace(PLAIN, type=DataType.BOOL, space=Space.COIL)
    assert encode(coil, "on") == encode(coil, True) == encode(coil, 1) == (1,)
    assert encode(coil, "off") == encode(coil, False) == (0,)
    assert decode(coil, [1]).value is True
    assert same(coil, (1,), (1,))
    assert not same(coil, (1,), (0,))


def test_a_text_survives() -> None:
    register = replace(PLAIN, type=DataType.STRING, words=3)
    assert decode(register, encode(register, "AB1")).value == "AB1"


def test_a_board_that_answers_with_other_codes_is_understood() -> None:
    relay = shelf().get("eletechsup_relay_fc6").register("relay1")
    assert same(relay, encode(relay, "on"), (1,))
    assert not same(relay, encode(relay, "on"), (0,))
    assert decode(relay, [1]).label == "on"


def test_a_device_that_keeps_fewer_digits_has_obeyed() -> None:
    register = of(DataType.FLOAT32)
    sent = encode(register, 1013.2512)
    assert same(register, sent, encode(register, 1013.25))
    assert not same(register, sent, encode(register, 1010.0))


@given(
    raw=st.binary(min_size=8, max_size=8),
    kind=st.sampled_from([kind for kind in WORDS if kind is not DataType.BOOL]),
    word=st.sampled_from(Order),
    byte=st.sampled_from(Order),
)
def test_what_is_decoded_is_encoded_as_it_was(
    raw: bytes, kind: DataType, word: Order, byte: Order
) -> None:
    register = of(kind, word_order=word, byte_order=byte)
    words = struct.unpack(">4H", raw)[: register.words]
    reading = decode(register, words)
    if kind in (DataType.INT64, DataType.UINT64):
        # Beyond 53 bits a float has not all of them.
        assert reading.value is not None
    elif reading.value is not None and not isinstance(reading.value, str):
        assert encode(register, reading.value) == words or reading.value == 0
    else:
        assert reading.why is Why.NOT_A_NUMBER
