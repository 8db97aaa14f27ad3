"""Phased recipes of the OpenAg device software (`openag-phased-environment-v1`).

Holds, of each phase: its name, whole days, light and darkness in hours, PPFD and air temperature.
It has a spectrum by nm, which vfarm's lamps cannot follow. Everything else is the base's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from math import isclose
from typing import Any

from ..errors import Problem, RecipeError, problem
from ..model import ClimateQuantity, Phase, Recipe
from .notes import Note
from .onto import Imported, PhaseValues, put_onto, slug

FORMAT = "openag-phased-environment-v1"
#: What recipes of ours say and this form cannot hold.
LOSES = tuple(
    Note(code=code)
    for code in (
        "no_humidity",
        "no_solution",
        "no_irrigation",
        "no_limits",
        "no_exits",
        "no_densities",
        "no_light_extras",
        "no_origin",
        "no_part_days",
    )
)
#: Their files spell it both ways.
_TEMPERATURE = ("air_temperature_celsius", "air_temperature_celcius")
_PPFD = "light_ppfd_umol_m2_s"


def read(text: str, base: Recipe, *, file: str = "<text>") -> Imported:
    """The recipe in `text`, put onto `base`. Raises RecipeError."""
    reader = _Reader(file)
    data = reader.json(text)
    environments = reader.mapping(data, "environments", "")
    phases = reader.phases(data, environments)
    if reader.problems:
        raise RecipeError(reader.problems)
    name = str(data.get("name") or "recipe")
    given = data.get("cultivars")
    cultivars = given if isinstance(given, list) else []
    cultivar = next((c.get("name") for c in cultivars if isinstance(c, Mapping)), None)
    found = put_onto(
        base,
        phases,
        source="openag",
        text=f"OpenAg recipe “{name}” ({data.get('uuid') or 'without uuid'})",
        id=slug(name),
        title=name,
        cultivar=None if cultivar is None else str(cultivar),
    )
    remarks = list(found.remarks)
    if any("light_spectrum_nm_percent" in e for e in environments.values()):
        remarks.append(Note(code="spectrum_not_taken"))
    return Imported(recipe=found.recipe, remarks=tuple(remarks))


def write(recipe: Recipe) -> str:
    """The recipe in this form; `LOSES` says what is gone."""
    environments: dict[str, Any] = {}
    phases = []
    for phase in recipe.phases:
        cycles = []
        for name, hours, ppfd, temperature in _parts(phase):
            key = f"{phase.name}_{name.lower()}"
            environments[key] = {
                "name": f"{phase.name} {name.lower()}",
                _PPFD: ppfd,
                **({} if temperature is None else {_TEMPERATURE[0]: temperature}),
            }
            cycles.append({"name": name, "environment": key, "duration_hours": hours})
        phases.append({"name": phase.name, "repeat": max(1, round(phase.days)), "cycles": cycles})
    cultivars = [] if recipe.cultivar is None else [{"name": recipe.cultivar, "uuid": None}]
    data = {
        "format": FORMAT,
        "version": "1",
        "name": recipe.title,
        "uuid": recipe.version[:32],
        "parent_recipe_uuid": None if recipe.parent is None else recipe.parent[:32],
        "support_recipe_uuids": None,
        "description": {"brief": recipe.summary or recipe.title, "verbose": recipe.summary},
        "authors": [],
        "cultivars": cultivars,
        "cultivation_methods": [],
        "environments": environments,
        "phases": phases,
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _parts(phase: Phase) -> list[tuple[str, float, float, float | None]]:
    air = phase.climate.get(ClimateQuantity.AIR_TEMPERATURE)
    lit = 0.0 if phase.is_dark else phase.light.photoperiod_h
    parts = []
    if lit > 0:
        parts.append(("Day", lit, phase.light.ppfd, None if air is None else air.day))
    if lit < 24:
        parts.append(("Night", 24 - lit, 0.0, None if air is None else air.night))
    return parts


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def problem(self, path: str, code: str, **params: float | str) -> None:
        self.problems.append(problem(code, path, file=self.file, params=params))

    def json(self, text: str) -> Mapping[str, Any]:
        try:
            data = json.loads(text)
        except ValueError as err:
            self.problem("", "no_json", why=str(err))
            raise RecipeError(self.problems) from err
        if not isinstance(data, Mapping) or data.get("format") != FORMAT:
            self.problem("format", "no_openag", known=FORMAT)
            raise RecipeError(self.problems)
        return data

    def mapping(self, data: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
        value = data.get(key)
        if isinstance(value, Mapping) and all(isinstance(v, Mapping) for v in value.values()):
            return value
        self.problem(f"{path}{key}", "no_environments")
        return {}

    def number(self, value: Any, path: str, low: float, high: float) -> float | None:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            self.problem(path, "not_between", value=repr(value), low=low, high=high)
            return None
        return float(value)

    def phases(self, data: Mapping[str, Any], environments: Mapping[str, Any]) -> list[PhaseValues]:
        given = data.get("phases")
        if not isinstance(given, list) or not given:
            self.problem("phases", "no_phases")
            return []
        found: list[PhaseValues] = []
        for index, item in enumerate(given):
            path = f"phases[{index}]"
            if not isinstance(item, Mapping) or not isinstance(item.get("cycles"), list):
                self.problem(path, "no_cycles")
                continue
            values = self.phase(item, environments, path)
            if values is None:
                continue
            if any(other.name == values.name for other in found):
                values = replace(values, name=f"{values.name}_{len(found) + 1}")
            found.append(values)
        return found

    def phase(
        self, item: Mapping[str, Any], environments: Mapping[str, Any], path: str
    ) -> PhaseValues | None:
        repeat = self.number(item.get("repeat"), f"{path}.repeat", 1, 1000)
        lit: list[tuple[float, float, float | None]] = []
        dark: list[tuple[float, float, float | None]] = []
        for number, cycle in enumerate(item["cycles"]):
            where = f"{path}.cycles[{number}]"
            name = cycle.get("environment") if isinstance(cycle, Mapping) else None
            environment = environments.get(name) if isinstance(name, str) else None
            if environment is None:
                self.problem(
                    f"{where}.environment",
                    "unknown_environment",
                    name=repr(name),
                    known=", ".join(environments),
                )
                continue
            hours = self.number(cycle.get("duration_hours"), f"{where}.duration_hours", 0, 24)
            ppfd = self.number(environment.get(_PPFD), f"environments.{name}.{_PPFD}", 0, 2500)
            key = next((k for k in _TEMPERATURE if k in environment), None)
            temperature = (
                None
                if key is None
                else self.number(environment[key], f"environments.{name}.{key}", -5, 45)
            )
            if hours is not None and ppfd is not None:
                (lit if ppfd > 0 else dark).append((hours, ppfd, temperature))
        if repeat is None or self.problems:
            return None
        hours = sum(part[0] for part in (*lit, *dark))
        if not isclose(hours, 24.0, abs_tol=1e-6):
            self.problem(f"{path}.cycles", "no_day", hours=hours)
            return None
        photoperiod = sum(part[0] for part in lit)
        air = (_mean(lit), _mean(dark))
        return PhaseValues(
            name=slug(str(item.get("name") or "phase")),
            days=repeat,
            photoperiod_h=photoperiod,
            ppfd=sum(h * p for h, p, _ in lit) / photoperiod if photoperiod else 0.0,
            climate={ClimateQuantity.AIR_TEMPERATURE: air},
        )


def _mean(parts: list[tuple[float, float, float | None]]) -> float | None:
    known = [(hours, t) for hours, _, t in parts if t is not None]
    if len({t for _, t in known}) == 1:
        # A mean of one value is that value, without what arithmetic makes of it.
        return known[0][1]
    total = sum(hours for hours, _ in known)
    return sum(hours * t for hours, t in known) / total if total else None
