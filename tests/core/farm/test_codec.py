"""Dataclasses go to JSON and back, strictly."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest

from vfarm_core.farm.codec import DecodeError, decode, encode


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Part:
    size: float
    at: dt.time = dt.time(6, 30)


@dataclass(frozen=True)
class Whole:
    name: str
    parts: tuple[Part, ...]
    by_key: Mapping[str, int]
    colours: frozenset[Colour] = frozenset()
    span: tuple[float, float] | None = None
    on: bool = False


WHOLE = Whole(
    "x", (Part(1.5), Part(2.0, dt.time(7))), {"a": 1}, frozenset({Colour.RED, Colour.BLUE}), (1, 2)
)


def test_a_value_survives_the_way_through_json() -> None:
    assert decode(Whole, json.loads(json.dumps(encode(WHOLE)))) == WHOLE


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": 3}, "name"),
        ({"parts": "no list"}, "parts"),
        ({"parts": [{"size": "big"}]}, "parts[0].size"),
        ({"parts": [{"size": True}]}, "parts[0].size"),
        ({"parts": [{}]}, "parts[0].size"),
        ({"parts": [{"size": 1, "at": "noon"}]}, "parts[0].at"),
        ({"parts": [{"size": 1, "weight": 2}]}, "parts[0].weight"),
        ({"by_key": {"a": 1.5}}, "by_key.a"),
        ({"by_key": []}, "by_key"),
        ({"colours": ["green"]}, "colours[0]"),
        ({"span": [1, 2, 3]}, "span"),
        ({"on": "yes"}, "on"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(change: dict[str, object], path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(Whole, {**encode(WHOLE), **change})
    assert caught.value.path == path


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(DecodeError):
        decode(Whole, [])


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_number_without_a_json_form_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no JSON form"):
        encode(value)
    with pytest.raises(DecodeError):
        decode(Part, {"size": value})


def test_only_known_kinds_have_a_form() -> None:
    with pytest.raises(TypeError):
        encode(object())
    with pytest.raises(TypeError):
        decode(object, {})


@dataclass(frozen=True)
class Told:
    """Values that may be of several plain kinds, and a table by number."""

    params: Mapping[str, str | float | int] = field(default_factory=dict)
    raw: float | str | bool | None = None
    seconds: Mapping[float, float] = field(default_factory=dict)


@pytest.mark.parametrize("raw", [None, 1, 1.5, "on", True])
def test_plain_values_of_several_kinds_come_back_as_they_were(raw: float | str | None) -> None:
    told = Told(params={"a": 1, "b": 2.5, "c": "x"}, raw=raw, seconds={22.5: 60.0})
    again = decode(Told, json.loads(json.dumps(encode(told))))
    assert again == told
    assert type(again.raw) is type(raw)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"raw": []}, "raw"),
        ({"params": {"a": None}}, "params.a"),
        ({"seconds": {"x": 1}}, "seconds"),
    ],
)
def test_no_plain_value_and_no_number_as_a_key_are_refused(data: Any, path: str) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(Told, data)
    assert refused.value.path == path
