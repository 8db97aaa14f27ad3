"""A farm moves to where its entities have other names: a table says which is which.

A table is CSV with the head `old,new` or `old,new,device`, or JSON: an object of old to new. Where
`device` is `other`, the new entity is another device, and what people measured of the old one (a
probe that was checked, a pump that was calibrated) does not hold for it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from .nodes import Farm


class Device(StrEnum):
    """Whether a new name stands for the device that had the old one."""

    SAME = "same"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """One entity under its new name."""

    new: str
    device: Device = Device.SAME


type Table = Mapping[str, Renamed]


class RemapError(ValueError):
    """A table that cannot be read; the message names the line and what is accepted."""


def read_table(text: str) -> Table:
    """The table of a CSV or JSON text. Raises RemapError."""
    if text.lstrip().startswith(("{", "[")):
        try:
            data = json.loads(text)
        except ValueError as err:
            raise RemapError(f"no JSON: {err}") from err
        return table_of(data)
    rows = [row for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))) if any(row)]
    if not rows or [cell.strip().lower() for cell in rows[0]] not in (
        ["old", "new"],
        ["old", "new", "device"],
    ):
        raise RemapError("line 1: accepted: the head old,new or old,new,device")
    return _table((f"line {n}", tuple(row)) for n, row in enumerate(rows[1:], start=2))


def table_of(data: Any) -> Table:
    """The table of an object of old to new, or a list of objects with `old`, `new` and perhaps
    `device`. Raises RemapError."""
    if isinstance(data, Mapping):
        return _table((str(old), (old, new)) for old, new in data.items())
    if not isinstance(data, list):
        raise RemapError("accepted: an object of old to new, or a list of rows")
    rows = []
    for number, row in enumerate(data, start=1):
        if not isinstance(row, Mapping) or not {"old", "new"} <= row.keys():
            raise RemapError(f"row {number}: accepted: old, new and perhaps device")
        rows.append((f"row {number}", (row["old"], row["new"], row.get("device", ""))))
    return _table(rows)


def _table(rows: Iterable[tuple[str, tuple[Any, ...]]]) -> Table:
    found: dict[str, Renamed] = {}
    for where, row in rows:
        if not 2 <= len(row) <= 3 or not all(isinstance(cell, str) for cell in row):
            raise RemapError(f"{where}: accepted: two or three texts")
        old, new, device = (cell.strip() for cell in (*row, "")[:3])
        if not old or not new:
            raise RemapError(f"{where}: an entity has no name")
        if device not in ("", *Device):
            raise RemapError(f"{where}: device {device!r}; accepted: {', '.join(Device)}")
        if old in found:
            raise RemapError(f"{where}: {old} has a new name already")
        found[old] = Renamed(new=new, device=Device(device or Device.SAME))
    return found


def by_reference(table: Table, names: Mapping[str, str]) -> Table:
    """The table with the references that bindings keep where it has the names that people know them
    by. `names` are by reference."""
    references: dict[str, list[str]] = {}
    for reference, name in names.items():
        references.setdefault(name, []).append(reference)
    found: dict[str, Renamed] = {}
    for old, renamed in table.items():
        known = [old] if old in names else references.get(old, [old])
        for reference in known:
            if reference in found:
                raise RemapError(f"{old} has a new name already")
            found[reference] = renamed
    return found


def with_same_names(table: Table, names: Mapping[str, str], known: Collection[str]) -> Table:
    """The table, and what it leaves out under the name it had, where such an entity is known."""
    same = {
        reference: Renamed(new=name)
        for reference, name in names.items()
        if reference not in table and reference not in known and name in known
    }
    return {**table, **same}


def remapped(farm: Farm, table: Table) -> Farm:
    """The farm with the new names, unchecked."""
    if not table:
        return farm
    bindings = tuple(
        replace(b, entity=table[b.entity].new) if b.entity in table else b for b in farm.bindings
    )
    return replace(farm, bindings=bindings)


def points_of_other_devices(farm: Farm, table: Table) -> tuple[str, ...]:
    """The bindings of a farm, still with its old names, that become other devices."""
    return tuple(
        b.id for b in farm.bindings if b.entity in table and table[b.entity].device is Device.OTHER
    )
