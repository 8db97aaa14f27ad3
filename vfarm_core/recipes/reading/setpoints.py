"""Setpoints and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from .. import quantities as q
from ..model import (
    OPEN,
    Band,
    Setpoint,
)
from .values import NOTHING, ORIGIN_REQUIRED, ValueReader

_NO_SETPOINT = Setpoint(
    day=None,
    night=None,
    warning_day=OPEN,
    warning_night=OPEN,
    critical_day=OPEN,
    critical_night=OPEN,
    provenance=NOTHING,
)


class SetpointReader(ValueReader):
    """Targets by day and night, each with its warning and critical limits."""

    def setpoints[Q: StrEnum](
        self,
        entries: Mapping[str, Any],
        key: str,
        path: str,
        kind: type[Q],
        targets: Mapping[Q, q.Kind],
        limits: Mapping[Q, q.Kind],
    ) -> dict[Q, Setpoint]:
        if key not in entries:
            return {}
        inner = self.mapping(entries[key], f"{path}.{key}", optional=tuple(kind))
        return {
            kind(name): self.setpoint(
                value,
                f"{path}.{key}.{name}",
                targets[kind(name)],
                limits[kind(name)],
                name == "co2",
            )
            for name, value in (inner or {}).items()
        }

    def setpoint(
        self, value: Any, path: str, target: q.Kind, limit: q.Kind, lit_only: bool
    ) -> Setpoint:
        entries = self.mapping(
            value,
            path,
            required=ORIGIN_REQUIRED,
            optional=("value", "day", "night", "warning", "critical", "note"),
        )
        if entries is None:
            return _NO_SETPOINT
        if lit_only and (refused := [key for key in ("value", "night") if key in entries]):
            self.problem(f"{path}.{refused[0]}", "co2_lit")
            return _NO_SETPOINT
        both = self.number(entries, "value", path, target)
        if "value" in entries and (twice := [key for key in ("day", "night") if key in entries]):
            self.problem(f"{path}.{twice[0]}", "beside_value")
        day = both if both is not None else self.number(entries, "day", path, target)
        night = both if both is not None else self.number(entries, "night", path, target)
        warning = self.bands(entries, "warning", path, limit)
        critical = self.bands(entries, "critical", path, limit)
        if not any(key in entries for key in ("value", "day", "night", "warning", "critical")):
            self.problem(path, "no_setpoint")
        for name, wanted, warn, crit in (
            ("day", day, warning[0], critical[0]),
            ("night", night, warning[1], critical[1]),
        ):
            self.check_order(entries, path, name, wanted, warn, crit)
        return Setpoint(
            day=day,
            night=night,
            warning_day=warning[0],
            warning_night=warning[1],
            critical_day=critical[0],
            critical_night=critical[1],
            provenance=self.provenance(entries, path),
        )

    def check_order(
        self,
        entries: Mapping[str, Any],
        path: str,
        name: str,
        wanted: float | None,
        warning: Band,
        critical: Band,
    ) -> None:
        key = name if name in entries else "value"
        for label, band in (("warning", warning), ("critical", critical)):
            if wanted is not None and not band.contains(wanted):
                self.problem(
                    f"{path}.{key}",
                    "outside_limits",
                    value=wanted,
                    when=name,
                    limit=label,
                    band=band.span,
                )
        if not warning.is_open and not critical.covers(warning):
            self.problem(
                f"{path}.warning",
                "warning_beyond",
                warning=warning.span,
                when=name,
                critical=critical.span,
            )
