"""Phases of a recipe: how long, and what each wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import quantities as q
from ..model import (
    ClimateQuantity,
    Exit,
    Phase,
    PhaseKind,
    Regrowth,
    Ripe,
    SolutionQuantity,
)
from .irrigation import IrrigationReader
from .light import DARK, LightReader
from .setpoints import SetpointReader
from .values import ORIGIN_REQUIRED

#: What a phase can wait for.
_RIPE: Mapping[Ripe, q.Kind] = {
    Ripe.DEGREE_DAYS: q.DEGREE_DAYS,
    Ripe.LIGHT: q.LIGHT_INTEGRAL,
    Ripe.DRYBACK_POINTS: q.POINTS,
    Ripe.CANOPY_COVER: q.COVER,
}


class PhaseReader(SetpointReader, LightReader, IrrigationReader):
    """Phases in their order, and the one that regrowth goes back to."""

    def phases(self, entries: Mapping[str, Any]) -> tuple[Phase, ...]:
        found: list[Phase] = []
        for index, item in enumerate(self.list_of(entries, "phases", "")):
            path = f"phases[{index}]"
            phase = self.phase(item, path)
            if phase is not None:
                if phase.name and any(other.name == phase.name for other in found):
                    self.problem(f"{path}.name", "phase_twice", name=repr(phase.name))
                found.append(phase)
        return tuple(found)

    def phase(self, value: Any, path: str) -> Phase | None:
        entries = self.mapping(
            value,
            path,
            required=("name", "kind", "days", "climate", "light", *ORIGIN_REQUIRED),
            optional=("solution", "irrigation", "density", "notes", "note", "exit"),
        )
        if entries is None:
            return None
        light = self.light(entries.get("light"), f"{path}.light") if "light" in entries else None
        phase = Phase(
            name=self.name(entries, "name", path),
            kind=self.choice(entries, "kind", path, PhaseKind) or PhaseKind.VEGETATIVE,
            days=self.number(entries, "days", path, q.DAYS) or 0.0,
            climate=self.setpoints(
                entries, "climate", path, ClimateQuantity, q.CLIMATE, q.CLIMATE_LIMITS
            ),
            solution=self.setpoints(
                entries, "solution", path, SolutionQuantity, q.SOLUTION, q.SOLUTION
            ),
            light=light or DARK,
            irrigation=self.irrigation(entries, path, light),
            density_plants_m2=self.number(entries, "density", path, q.DENSITY),
            provenance=self.provenance(entries, path),
            notes=self.texts(entries, "notes", path),
            exit=self.exit(entries, path),
        )
        if light is not None and isinstance(entries.get("climate"), Mapping):
            self.check_climate(phase, path, entries["climate"])
        return phase

    def exit(self, entries: Mapping[str, Any], path: str) -> Exit | None:
        if "exit" not in entries:
            return None
        days = self.number(entries, "days", path, q.DAYS)
        path = f"{path}.exit"
        inner = self.mapping(
            entries["exit"],
            path,
            required=("max_days", *ORIGIN_REQUIRED),
            optional=(*_RIPE, "min_days", "note"),
        )
        if inner is None:
            return None
        given = [ripe for ripe in _RIPE if ripe in inner]
        if len(given) != 1:
            self.problem(path, "exit_one", known=", ".join(_RIPE))
        most = self.number(inner, "max_days", path, q.DAYS)
        least = self.number(inner, "min_days", path, q.DAYS) or 0.0
        if days is not None and most is not None and not least <= days <= most:
            self.problem(path, "exit_days", days=days, least=least, most=most)
        if len(given) != 1 or most is None:
            return None
        needed = self.number(inner, given[0], path, _RIPE[given[0]])
        if needed is None:
            return None
        return Exit(
            ripe=given[0],
            needed=needed,
            min_days=least,
            max_days=most,
            provenance=self.provenance(inner, path),
        )

    def check_climate(self, phase: Phase, path: str, given: Mapping[str, Any]) -> None:
        """A phase must say what it wants of the air whenever it is lit, and whenever it is dark."""
        times = [(True, "day")] if not phase.is_dark else []
        times += [(False, "night")] if not phase.is_always_lit else []
        for day, name in times:
            for wanted in (("air_temperature",), ("humidity", "vpd")):
                if not any(
                    (s := phase.climate.get(ClimateQuantity(key))) is not None
                    and s.at(day) is not None
                    for key in wanted
                ):
                    # What was given but could not be read has its problem already.
                    if any(
                        f"{path}.climate.{key}" in p.path for p in self.problems for key in wanted
                    ):
                        continue
                    self.problem(
                        f"{path}.climate.{wanted[0]}",
                        "no_target_at" if wanted[0] in given else "target_missing",
                        when=name,
                        keys=" / ".join(wanted),
                    )
        co2 = given.get("co2")
        if phase.is_dark and isinstance(co2, Mapping) and "day" in co2:
            self.problem(f"{path}.climate.co2.day", "co2_lit")

    def regrowth(self, entries: Mapping[str, Any], phases: tuple[Phase, ...]) -> Regrowth | None:
        path = "regrowth"
        if path not in entries:
            return None
        inner = self.mapping(
            entries[path],
            path,
            required=("phase", "days", *ORIGIN_REQUIRED),
            optional=("cuts", "share", "note"),
        )
        if inner is None:
            return None
        name = self.name(inner, "phase", path)
        names = [phase.name for phase in phases]
        if name and name not in names:
            self.problem(f"{path}.phase", "no_phase", name=repr(name), known=", ".join(names))
        cuts = self.number(inner, "cuts", path, q.CUTS)
        return Regrowth(
            phase=name,
            days=self.number(inner, "days", path, q.DAYS) or 0.0,
            cuts=None if cuts is None else int(cuts),
            share=self.number(inner, "share", path, q.FRACTION),
            provenance=self.provenance(inner, path),
        )
