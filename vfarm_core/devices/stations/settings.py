"""Settings and commands of devices, as data: what to write, what to ask, what to be answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .model import Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a device. `call` and `write` bring it about, `ask` with `with_` reads it back,
    `expected` is what the answer must say (empty: it cannot be read back). `each_time`: no setting
    that stays, but what every command that switches on has to carry. `source` is where this form is
    documented."""

    station: str
    point: str
    guards: tuple[Guard, ...]
    call: str
    write: Mapping[str, Any]
    source: str
    ask: str = ""
    with_: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)
    each_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An answer that is not what it must be. `found` is None where nothing is said of it."""

    point: str
    name: str
    expected: Any
    found: Any


def differences(setting: Setting, answer: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What a device says otherwise than a setting asks for. Numbers are equal to a thousandth."""
    return tuple(
        Difference(point=setting.point, name=name, expected=wanted, found=found)
        for name, wanted, found in _compare("", setting.expected, answer)
    )


def _compare(
    path: str, wanted: Mapping[str, Any], found: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    for key, value in wanted.items():
        name, said = f"{path}{key}", found.get(key)
        if isinstance(value, Mapping):
            yield from _compare(f"{name}.", value, said if isinstance(said, Mapping) else {})
        elif not _same(value, said):
            yield name, value, said


def _same(wanted: Any, said: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(said, bool):
        return wanted is said
    if isinstance(wanted, (int, float)) and isinstance(said, (int, float)):
        return abs(wanted - said) <= 1e-3
    return bool(wanted == said)
