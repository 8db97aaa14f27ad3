"""Frozen dataclasses to JSON-able values and back, strictly.

One codec for the farm, the memory and the journal: the dataclass is the schema. Decoding names
the path of what is wrong; unknown keys are refused, missing ones must have a default.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, TypeAliasType, Union, get_args, get_origin


class DecodeError(ValueError):
    """A value that does not fit. `path` says where, `accepted` what would."""

    def __init__(self, path: str, message: str, accepted: str = "") -> None:
        self.path = path
        self.message = message
        self.accepted = accepted
        super().__init__(
            f"{path or '.'}: {message}" + (f" (accepted: {accepted})" if accepted else "")
        )


def encode(value: Any) -> Any:
    """Dataclass, enum, time, mapping or sequence as JSON-able values. Infinite numbers are refused:
    JSON has none."""
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    if kind is float:
        if value - value != 0.0:
            raise ValueError(f"{value} has no JSON form")
        return value
    return _encoder(kind)(value)


@cache
def _encoder(kind: type) -> Callable[[Any], Any]:
    """What encodes the values of a type that is no plain one."""
    if dataclasses.is_dataclass(kind):
        return _fields_encoder(kind)
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, dt.time):
        return dt.time.isoformat
    if issubclass(kind, Mapping):
        return lambda value: {str(key): encode(item) for key, item in value.items()}
    if issubclass(kind, (tuple, list)):
        return _encode_items
    if issubclass(kind, frozenset):
        return lambda value: _encode_items(sorted(value))
    raise TypeError(f"no JSON form for {kind.__name__}")


def _fields_encoder(cls: type) -> Callable[[Any], dict[str, Any]]:
    names = tuple(f.name for f in dataclasses.fields(cls))
    # More than one, so that it gives a tuple.
    values = attrgetter(*names, "__class__")

    def fields(value: Any) -> dict[str, Any]:
        made = dict(zip(names, values(value), strict=False))
        for name, item in made.items():
            # A slice of memory is mostly numbers and flags: no call for each of them.
            kind = type(item)
            if kind is float:
                if item - item != 0.0:
                    raise ValueError(f"{item} has no JSON form")
            elif kind not in _PLAIN:
                made[name] = encode(item)
        return made

    return fields


def encode_said(value: Any) -> Any:
    """As `encode`, without the fields that say no more than their default."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: encode_said(item)
            for f in dataclasses.fields(value)
            if not _unsaid(f, item := getattr(value, f.name))
        }
    if isinstance(value, Mapping):
        return {encode(key): encode_said(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [encode_said(item) for item in value]
    return encode(value)


def _unsaid(field: dataclasses.Field[Any], value: Any) -> bool:
    if field.default is not dataclasses.MISSING:
        return bool(value == field.default)
    if field.default_factory is not dataclasses.MISSING:
        return bool(value == field.default_factory())
    return False


def _encode_items(items: Iterable[Any]) -> list[Any]:
    made = list(items)
    for at, item in enumerate(made):
        kind = type(item)
        if kind is float:
            if item - item != 0.0:
                raise ValueError(f"{item} has no JSON form")
        elif kind is tuple:
            made[at] = _encode_items(item)
        elif kind not in _PLAIN:
            made[at] = encode(item)
    return made


def decode[T](cls: type[T], data: Any, path: str = "") -> T:
    """`data` as an instance of `cls`. Raises DecodeError."""
    return typing.cast(T, _decoder(typing.cast(Any, cls))(data, path))


_PLAIN = frozenset({type(None), bool, int, str})


type _Decoder = Callable[[Any, str], Any]


@cache
def _decoder(annotation: Any) -> _Decoder:
    if annotation is Any:
        return lambda data, path: data
    if isinstance(annotation, TypeAliasType):
        return _decoder(annotation.__value__)
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _union(get_args(annotation))
    if origin is tuple:
        return _sequence(get_args(annotation), tuple)
    if origin is frozenset:
        return _sequence((*get_args(annotation), ...), frozenset)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(*get_args(annotation))
    if isinstance(annotation, type):
        if dataclasses.is_dataclass(annotation):
            return _dataclass(annotation)
        if issubclass(annotation, Enum):
            return _enum(annotation)
        if annotation in _SCALARS:
            return _SCALARS[annotation]
    raise TypeError(f"no decoder for {annotation!r}")


def _union(options: tuple[Any, ...]) -> _Decoder:
    others = [option for option in options if option is not type(None)]
    if len(others) > 1 and all(option in (bool, int, float, str) for option in others):
        return _either(tuple(options))
    if len(others) != 1:
        raise TypeError(f"only optional values can be decoded, not {options!r}")
    inner = _decoder(others[0])
    return lambda data, path: None if data is None else inner(data, path)


def _either(kinds: tuple[type, ...]) -> _Decoder:
    """Numbers, texts and flags are themselves; a number that is whole may stand for any other."""
    accepted = frozenset({*kinds, int} if float in kinds else kinds)

    def read(data: Any, path: str) -> Any:
        if type(data) not in accepted:
            raise DecodeError(path, f"{data!r} is no such value", ", ".join(_named(kinds)))
        return data

    return read


def _named(kinds: tuple[type, ...]) -> list[str]:
    return [kind.__name__ for kind in kinds]


def _sequence(args: tuple[Any, ...], build: Callable[[Any], Any]) -> _Decoder:
    if len(args) == 2 and args[1] is ...:
        inner = _decoder(args[0])

        def many(data: Any, path: str) -> Any:
            if not isinstance(data, (list, tuple)):
                raise DecodeError(path, f"{data!r} is no list", "a list")
            return build(inner(item, f"{path}[{i}]") for i, item in enumerate(data))

        return many
    inners = [_decoder(arg) for arg in args]

    def fixed(data: Any, path: str) -> Any:
        if not isinstance(data, (list, tuple)) or len(data) != len(inners):
            raise DecodeError(
                path, f"{data!r} is no list of {len(inners)}", f"{len(inners)} values"
            )
        return build(
            inner(item, f"{path}[{i}]")
            for i, (inner, item) in enumerate(zip(inners, data, strict=True))
        )

    return fixed


def _float_key(data: Any, path: str) -> float:
    """A number that is a key, which JSON has as text."""
    try:
        return float(data)
    except (TypeError, ValueError) as err:
        raise DecodeError(path, f"{data!r} is no number", "a number") from err


def _mapping(key: Any, value: Any) -> _Decoder:
    keys, values = _float_key if key is float else _decoder(key), _decoder(value)

    def read(data: Any, path: str) -> Any:
        if not isinstance(data, Mapping):
            raise DecodeError(path, f"{data!r} is no mapping", "a mapping")
        return {
            keys(k, path): values(v, f"{path}.{k}" if path else str(k)) for k, v in data.items()
        }

    return read


def _dataclass(cls: type) -> _Decoder:
    fields = dataclasses.fields(cls)
    hints: dict[str, Any] = {}

    def read(data: Any, path: str) -> Any:
        if not hints:
            # Resolved on first use: a slice may refer to itself.
            hints.update(typing.get_type_hints(cls))
        if not isinstance(data, Mapping):
            raise DecodeError(path, f"{data!r} is no {cls.__name__}", "a mapping")
        prefix = f"{path}." if path else ""
        unknown = set(data) - {f.name for f in fields}
        if unknown:
            raise DecodeError(
                f"{prefix}{min(unknown)}", "unknown field", ", ".join(f.name for f in fields)
            )
        values = {}
        for f in fields:
            if f.name in data:
                values[f.name] = _decoder(hints[f.name])(data[f.name], f"{prefix}{f.name}")
            elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
                raise DecodeError(f"{prefix}{f.name}", "missing")
        return cls(**values)

    return read


def _enum(cls: type[Enum]) -> _Decoder:
    def read(data: Any, path: str) -> Any:
        try:
            return cls(data)
        except ValueError:
            accepted = ", ".join(str(member.value) for member in cls)
            raise DecodeError(path, f"unknown {cls.__name__.lower()} {data!r}", accepted) from None

    return read


def _float(data: Any, path: str) -> float:
    if isinstance(data, bool) or not isinstance(data, (int, float)) or not math.isfinite(data):
        raise DecodeError(path, f"{data!r} is no number", "a finite number")
    return float(data)


def _int(data: Any, path: str) -> int:
    if isinstance(data, bool) or not isinstance(data, (int, float)) or data != int(data):
        raise DecodeError(path, f"{data!r} is no whole number", "a whole number")
    return int(data)


def _str(data: Any, path: str) -> str:
    if not isinstance(data, str):
        raise DecodeError(path, f"{data!r} is no text", "text")
    return data


def _bool(data: Any, path: str) -> bool:
    if not isinstance(data, bool):
        raise DecodeError(path, f"{data!r} is neither true nor false", "true, false")
    return data


def _time(data: Any, path: str) -> dt.time:
    try:
        return dt.time.fromisoformat(data)
    except (TypeError, ValueError):
        raise DecodeError(path, f"{data!r} is no time of day", "HH:MM or HH:MM:SS") from None


_SCALARS: Mapping[type, _Decoder] = {
    float: _float,
    int: _int,
    str: _str,
    bool: _bool,
    dt.time: _time,
}
