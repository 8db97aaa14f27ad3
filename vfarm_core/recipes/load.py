"""Recipes from YAML, strictly: every problem is found and named, nothing is guessed.

The form of the document is described in docs/recipes.md. What makes sense as a document but not
for the crop is found by `validate`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..farm.document import Document
from ..farm.nodes import Method
from ..science.light import dli_mol_m2_d
from . import quantities as q
from .document import read_document
from .errors import Problem, RecipeError, problem
from .model import (
    OPEN,
    Band,
    Channel,
    ClimateQuantity,
    CropSteering,
    DayLength,
    Estimate,
    Exit,
    FarRed,
    Growth,
    GrowthModel,
    IrrigationPlan,
    LightPlan,
    MistCycle,
    Phase,
    PhaseKind,
    Provenance,
    Recipe,
    Regrowth,
    Ripe,
    Setpoint,
    Shift,
    ShotTrigger,
    SolutionQuantity,
    Yield,
)
from .ramps import Shape
from .version import content_hash

#: The version of the document's form.
FORMAT = 1

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VERSION = re.compile(r"[0-9a-f]{64}")
_CONFIDENCE = re.compile(r"(A|B|C|D|computed|design)([/+](A|B|C|D|computed|design))*")
#: ppfd × photoperiod and a stated dli may differ by rounding alone.
_DLI_TOLERANCE = 0.02
#: Shares of channels may miss the whole by rounding.
_SHARES_TOLERANCE = 0.011
_NOTHING = Provenance(source="", confidence="")


def load_recipe(text: str, *, file: str = "<text>") -> Recipe:
    """The recipe in `text`. `file` is what problems name. Raises RecipeError with all of them."""
    document = read_document(text, file)
    reader = _Reader(document)
    recipe = reader.recipe(document.value)
    if reader.problems or recipe is None:
        raise RecipeError(sorted(reader.problems, key=lambda problem: problem.line or 0))
    return replace(recipe, version=content_hash(recipe))


def load_file(path: Path | str) -> Recipe:
    """The recipe in a file. Raises RecipeError, also when it cannot be read."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as err:
        why = {"why": err.strerror or str(err)}
        raise RecipeError([problem("cannot_read", "", file=str(path), params=why)]) from err
    except UnicodeDecodeError as err:
        where = {"byte": err.start}
        raise RecipeError([problem("not_utf8", "", file=str(path), params=where)]) from err
    return load_recipe(text, file=str(path))


def is_name(value: Any) -> bool:
    """Whether a value can be the id of a recipe or the name of a phase."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


class _Reader:
    """Reads on after a problem, with placeholders that never leave `load_recipe`."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.sources: frozenset[str] = frozenset()

    def problem(self, path: str, code: str, **params: float | str) -> None:
        self.problems.append(
            problem(
                code,
                path,
                file=self.document.file,
                line=self.document.line(path),
                params=params,
            )
        )

    # --- Parts ------------------------------------------------------------------------------

    def recipe(self, value: Any) -> Recipe | None:
        entries = self.mapping(
            value,
            "",
            required=(
                "format",
                "id",
                "title",
                "crop",
                "ec_includes_source_water",
                "sources",
                "growth",
                "phases",
            ),
            optional=(
                "cultivar",
                "summary",
                "day_length",
                "expected_yield",
                "conflicts",
                "notes",
                "parent",
                "changelog",
                "regrowth",
            ),
        )
        if entries is None:
            return None
        if "format" in entries and (
            isinstance(entries["format"], bool) or entries["format"] != FORMAT
        ):
            shown = repr(entries["format"])
            self.problem("format", "unknown_format", value=shown, known=str(FORMAT))
        sources = self.texts_by_name(entries, "sources", "")
        self.sources = frozenset(sources)
        phases, growth = self.phases(entries), self.growth(entries)
        self.check_exits(phases, growth)
        return Recipe(
            id=self.name(entries, "id", ""),
            title=self.text(entries, "title", ""),
            crop=self.name(entries, "crop", ""),
            cultivar=self.text(entries, "cultivar", "") or None,
            ec_includes_source_water=self.flag(entries, "ec_includes_source_water", ""),
            phases=phases,
            growth=growth,
            expected_yield=self.expected_yield(entries),
            sources=sources,
            version="",
            summary=self.text(entries, "summary", ""),
            day_length=self.choice(entries, "day_length", "", DayLength),
            conflicts=self.texts(entries, "conflicts", ""),
            notes=self.texts(entries, "notes", ""),
            regrowth=self.regrowth(entries, phases),
            parent=self._value(entries, "parent", "", _is_version, "version") or None,
            changelog=self.texts(entries, "changelog", ""),
        )

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

    def check_exits(self, phases: tuple[Phase, ...], growth: Growth) -> None:
        """Thermal time has a base temperature."""
        for index, phase in enumerate(phases):
            if phase.exit is None or phase.exit.ripe is not Ripe.DEGREE_DAYS:
                continue
            if growth.base_temperature is None:
                self.problem(f"phases[{index}].exit.degree_days", "no_base_temperature")

    def regrowth(self, entries: Mapping[str, Any], phases: tuple[Phase, ...]) -> Regrowth | None:
        path = "regrowth"
        if path not in entries:
            return None
        inner = self.mapping(
            entries[path],
            path,
            required=("phase", "days", *_ORIGIN_REQUIRED),
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

    def phase(self, value: Any, path: str) -> Phase | None:
        entries = self.mapping(
            value,
            path,
            required=("name", "kind", "days", "climate", "light", *_ORIGIN_REQUIRED),
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
            light=light or _DARK,
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
            required=("max_days", *_ORIGIN_REQUIRED),
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
            required=_ORIGIN_REQUIRED,
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

    def bands(
        self, entries: Mapping[str, Any], key: str, path: str, kind: q.Kind
    ) -> tuple[Band, Band]:
        if key not in entries:
            return OPEN, OPEN
        value, inner = entries[key], f"{path}.{key}"
        if isinstance(value, Mapping) and ("day" in value or "night" in value):
            times = self.mapping(value, inner, optional=("day", "night")) or {}
            return (
                self.band(times["day"], f"{inner}.day", kind) if "day" in times else OPEN,
                self.band(times["night"], f"{inner}.night", kind) if "night" in times else OPEN,
            )
        band = self.band(value, inner, kind)
        return band, band

    def band(self, value: Any, path: str, kind: q.Kind) -> Band:
        entries = self.mapping(value, path, optional=("low", "high"))
        if entries is None:
            return OPEN
        if not entries:
            self.problem(path, "empty_band")
        low = self.number(entries, "low", path, kind)
        high = self.number(entries, "high", path, kind)
        if low is not None and high is not None and low >= high:
            self.problem(path, "low_not_below", low=low, high=high)
            return OPEN
        return Band(low, high)

    def light(self, value: Any, path: str) -> LightPlan | None:
        entries = self.mapping(
            value,
            path,
            required=("photoperiod", "ppfd", *_ORIGIN_REQUIRED),
            optional=(
                "dli",
                "ppfd_max",
                "dli_max",
                "ramp",
                "ramp_shape",
                "channels",
                "far_red",
                "shift",
                "note",
            ),
        )
        if entries is None:
            return None
        hours = self.number(entries, "photoperiod", path, q.PHOTOPERIOD)
        ppfd = self.number(entries, "ppfd", path, q.PPFD)
        dli = self.number(entries, "dli", path, q.DLI)
        ppfd_max = self.number(entries, "ppfd_max", path, q.PPFD)
        dli_max = self.number(entries, "dli_max", path, q.DLI)
        ramp = self.number(entries, "ramp", path, q.RAMP) or 0.0
        provenance = self.provenance(entries, path)
        if hours is None or ppfd is None:
            return None
        if (hours > 0) != (ppfd > 0):
            self.problem(path, "light_both")
        if hours > 0:
            for key in ("ppfd_max", "dli_max"):
                if key not in entries:
                    self.problem(f"{path}.{key}", "no_ceiling")
        computed = dli_mol_m2_d(ppfd, hours)
        if dli is not None and abs(dli - computed) > _DLI_TOLERANCE * max(dli, computed):
            self.problem(f"{path}.dli", "dli_contradicts", dli=dli, computed=computed)
        dli = computed if dli is None else dli
        for key, most, planned in (("ppfd_max", ppfd_max, ppfd), ("dli_max", dli_max, dli)):
            if most is not None and planned > most:
                self.problem(f"{path}.{key}", "below_plan", most=most, planned=planned)
        if 2 * ramp > hours * 60:
            self.problem(f"{path}.ramp", "ramp_long")
        shape = self.choice(entries, "ramp_shape", path, Shape)
        if shape is not None and ramp == 0:
            self.problem(f"{path}.ramp_shape", "no_ramp")
        return LightPlan(
            photoperiod_h=hours,
            ppfd=ppfd,
            dli=dli,
            ppfd_max=ppfd_max or 0.0,
            dli_max=dli_max or 0.0,
            ramp_min=ramp,
            provenance=provenance,
            # Left out where it is what it would be anyway: the same recipe, the same version.
            ramp_shape=shape if shape is not Shape.LINEAR else None,
            channels=self.channels(entries, path),
            far_red=self.far_red(entries, path, hours),
            shift=self.shift(entries, path, hours),
        )

    def channels(self, entries: Mapping[str, Any], path: str) -> dict[Channel, float]:
        if "channels" not in entries:
            return {}
        path = f"{path}.channels"
        inner = self.mapping(entries["channels"], path, optional=tuple(Channel)) or {}
        shares = {Channel(key): self.number(inner, key, path, q.FRACTION) for key in inner}
        total = sum(share or 0.0 for share in shares.values())
        if None not in shares.values() and abs(total - 1.0) > _SHARES_TOLERANCE:
            self.problem(path, "shares_total", total=100 * total)
        return {channel: share or 0.0 for channel, share in shares.items()}

    def far_red(self, entries: Mapping[str, Any], path: str, hours: float) -> FarRed | None:
        if "far_red" not in entries:
            return None
        path = f"{path}.far_red"
        inner = self.mapping(
            entries["far_red"],
            path,
            required=("duration", *_ORIGIN_REQUIRED),
            optional=("pfd", "share", "note"),
        )
        if inner is None:
            return None
        minutes = self.number(inner, "duration", path, q.FAR_RED)
        pfd = self.number(inner, "pfd", path, q.PFD)
        share = self.number(inner, "share", path, q.FRACTION)
        if ("pfd" in inner) == ("share" in inner):
            self.problem(path, "far_red_amount")
        if minutes is not None and minutes > (24 - hours) * 60:
            self.problem(f"{path}.duration", "beyond_night", hours=24 - hours)
        return FarRed(
            minutes=minutes or 0.0, pfd=pfd, share=share, provenance=self.provenance(inner, path)
        )

    def shift(self, entries: Mapping[str, Any], path: str, hours: float) -> Shift | None:
        if "shift" not in entries:
            return None
        path = f"{path}.shift"
        inner = self.mapping(entries["shift"], path, required=("hours", "dark_min"))
        if inner is None:
            return None
        by = self.number(inner, "hours", path, q.SHIFT)
        dark = self.number(inner, "dark_min", path, q.PHOTOPERIOD)
        if not 0 < hours < 24:
            self.problem(path, "nothing_to_shift")
        elif dark is not None and dark > 24 - hours:
            self.problem(f"{path}.dark_min", "beyond_night", hours=24 - hours)
        return Shift(hours=by, dark_min_h=dark) if by and dark is not None else None

    def irrigation(
        self, entries: Mapping[str, Any], path: str, light: LightPlan | None
    ) -> dict[Method, IrrigationPlan]:
        if "irrigation" not in entries:
            return {}
        path = f"{path}.irrigation"
        inner = self.mapping(entries["irrigation"], path, optional=tuple(Method))
        return {
            Method(name): self.plan(value, f"{path}.{name}", Method(name), light)
            for name, value in (inner or {}).items()
        }

    def plan(
        self, value: Any, path: str, method: Method, light: LightPlan | None
    ) -> IrrigationPlan:
        entries = self.mapping(
            value,
            path,
            required=_ORIGIN_REQUIRED,
            optional=(
                "continuous",
                "events_per_day",
                "night_events",
                "duration",
                "cycle",
                "steering",
                "trigger",
                "runoff",
                "note",
            ),
        )
        if entries is None:
            return _NO_PLAN
        self.check_method(entries, path, method)
        by_event = [k for k in ("events_per_day", "night_events", "duration") if k in entries]
        events, nights, duration = 1, 0, 86400.0
        if "cycle" in entries:
            events, duration = 0, 0.0
            for key in ("continuous", *by_event, "trigger"):
                if key in entries:
                    self.problem(f"{path}.{key}", "beside", other="cycle")
        elif "continuous" in entries and self.flag(entries, "continuous", path):
            if by_event:
                self.problem(f"{path}.{by_event[0]}", "beside", other="continuous")
        else:
            for key in ("events_per_day", "duration"):
                if key not in entries:
                    self.problem(f"{path}.{key}", "no_events")
            events = int(self.number(entries, "events_per_day", path, q.EVENTS) or 0)
            nights = int(self.number(entries, "night_events", path, q.EVENTS) or 0)
            duration = self.number(entries, "duration", path, q.DURATION) or 0.0
            if light is not None:
                self.check_events(path, events, nights, duration, light.photoperiod_h)
        return IrrigationPlan(
            method=method,
            events_per_day=events,
            night_events=nights,
            duration_s=duration,
            provenance=self.provenance(entries, path),
            cycle=self.cycle(entries, path),
            steering=self.steering(entries, path),
            trigger=self.trigger(entries, path),
            runoff_pct=self.band(entries["runoff"], f"{path}.runoff", q.SHARE)
            if "runoff" in entries
            else None,
        )

    def check_method(self, entries: Mapping[str, Any], path: str, method: Method) -> None:
        """Mist is of aeroponics; moisture and runoff are of a substrate."""
        for key, methods in (
            ("cycle", (Method.AEROPONICS,)),
            ("steering", (Method.DRIP,)),
            ("runoff", (Method.DRIP,)),
            ("trigger", (Method.DRIP, Method.EBB_FLOW)),
        ):
            if key in entries and method not in methods:
                self.problem(
                    f"{path}.{key}", "wrong_method", method=method, known=", ".join(methods)
                )
        both = [key for key in ("steering", "trigger") if key in entries]
        if len(both) > 1:
            self.problem(f"{path}.trigger", "beside", other="steering")

    def cycle(self, entries: Mapping[str, Any], path: str) -> MistCycle | None:
        if "cycle" not in entries:
            return None
        path = f"{path}.cycle"
        inner = self.mapping(
            entries["cycle"],
            path,
            required=("mist", "pause"),
            optional=("night_mist", "night_pause"),
        )
        if inner is None:
            return None
        on = self.number(inner, "mist", path, q.DURATION) or 0.0
        off = self.number(inner, "pause", path, q.DURATION) or 0.0
        night_on, night_off = on, off
        if "night_mist" in inner:
            night_on = self.number(inner, "night_mist", path, q.NIGHT_MIST) or 0.0
        if "night_pause" in inner:
            night_off = self.number(inner, "night_pause", path, q.DURATION) or 0.0
        return MistCycle(on_s=on, off_s=off, night_on_s=night_on, night_off_s=night_off)

    def steering(self, entries: Mapping[str, Any], path: str) -> CropSteering | None:
        if "steering" not in entries:
            return None
        path = f"{path}.steering"
        kinds = q.STEERING
        inner = self.mapping(
            entries["steering"], path, required=(*kinds, *_ORIGIN_REQUIRED), optional=("note",)
        )
        if inner is None:
            return None
        values = {key: self.number(inner, key, path, kind) for key, kind in kinds.items()}
        provenance = self.provenance(inner, path)
        if any(value is None for value in values.values()):
            return None
        found = {key: value or 0.0 for key, value in values.items()}
        levels = ("floor_vwc", "p2_threshold_vwc", "p1_target_vwc")
        for low, high in pairwise(levels):
            if found[low] >= found[high]:
                self.problem(f"{path}.{low}", "not_below", other=high, value=found[high])
        return CropSteering(
            p0_dryback_points=found["p0_dryback_points"],
            p0_max_wait_min=found["p0_max_wait"],
            p1_target_vwc_pct=found["p1_target_vwc"],
            p1_shot_pct=found["p1_shot"],
            p1_increment_pct=found["p1_increment"],
            p1_interval_min=found["p1_interval"],
            p1_max_shots=int(found["p1_max_shots"]),
            p2_threshold_vwc_pct=found["p2_threshold_vwc"],
            p2_shot_pct=found["p2_shot"],
            p2_interval_min=found["p2_interval"],
            p3_last_shot_before_lights_off_h=found["p3_last_shot_before_lights_off"],
            p3_dryback_points=found["p3_dryback_points"],
            floor_vwc_pct=found["floor_vwc"],
            max_shots_per_day=int(found["max_shots_per_day"]),
            provenance=provenance,
        )

    def trigger(self, entries: Mapping[str, Any], path: str) -> ShotTrigger | None:
        if "trigger" not in entries:
            return None
        path = f"{path}.trigger"
        inner = self.mapping(
            entries["trigger"],
            path,
            required=("min_interval", "max_shots_per_day", *_ORIGIN_REQUIRED),
            optional=(*_TRIGGERS, "note"),
        )
        if inner is None:
            return None
        given = {key for key in _TRIGGERS if key in inner}
        if len(given) != 1 and given != {"transpiration", "light"}:
            self.problem(path, "trigger_one")
        return ShotTrigger(
            moisture_below_pct=self.number(inner, "moisture_below", path, q.MOISTURE),
            light_mol_m2=self.number(inner, "light", path, q.LIGHT_SUM),
            transpiration_l_m2=self.number(inner, "transpiration", path, q.WATER_SUM),
            min_interval_min=self.number(inner, "min_interval", path, q.INTERVAL) or 0.0,
            max_shots_per_day=int(self.number(inner, "max_shots_per_day", path, q.EVENTS) or 0),
            provenance=self.provenance(inner, path),
        )

    def check_events(
        self, path: str, events: int, nights: int, duration_s: float, lit_h: float
    ) -> None:
        for key, count, hours, name in (
            ("events_per_day", events, lit_h, "lit"),
            ("night_events", nights, 24.0 - lit_h, "dark"),
        ):
            if count * duration_s > hours * 3600:
                self.problem(
                    f"{path}.{key}",
                    "events_long",
                    count=count,
                    duration=duration_s,
                    hours=hours,
                    when=name,
                )

    def growth(self, entries: Mapping[str, Any]) -> Growth:
        path = "growth"
        inner = self.mapping(
            entries.get(path),
            path,
            required=("model",),
            optional=(
                "dry_matter_fraction",
                "harvest_index",
                "lue",
                "base_temperature",
                "optimum_temperature",
                "start_dry_mass",
            ),
            missing=path not in entries,
        )
        inner = inner or {}
        model = self.choice(inner, "model", path, GrowthModel) or GrowthModel.LIGHT_USE
        if inner.get("model") == GrowthModel.LIGHT_USE and "lue" not in inner:
            self.problem(f"{path}.lue", "no_lue", range=q.LUE.accepted)
        return Growth(
            model=model,
            dry_matter_fraction=self.estimate(inner, "dry_matter_fraction", q.FRACTION),
            harvest_index=self.estimate(inner, "harvest_index", q.FRACTION),
            lue_g_mol=self.estimate(inner, "lue", q.LUE),
            base_temperature=self.estimate(inner, "base_temperature", q.TEMPERATURE),
            optimum_temperature=self.estimate(inner, "optimum_temperature", q.TEMPERATURE),
            start_dry_mass_g=self.estimate(inner, "start_dry_mass", q.MASS),
        )

    def estimate(self, entries: Mapping[str, Any], key: str, kind: q.Kind) -> Estimate | None:
        if key not in entries:
            return None
        path = f"growth.{key}"
        inner = self.mapping(
            entries[key], path, required=("value", *_ORIGIN_REQUIRED), optional=("note",)
        )
        if inner is None:
            return None
        value = self.number(inner, "value", path, kind)
        provenance = self.provenance(inner, path)
        return None if value is None else Estimate(value=value, provenance=provenance)

    def expected_yield(self, entries: Mapping[str, Any]) -> Yield | None:
        path = "expected_yield"
        if path not in entries:
            return None
        inner = self.mapping(
            entries[path], path, required=("low", "high", *_ORIGIN_REQUIRED), optional=("note",)
        )
        if inner is None:
            return None
        low = self.number(inner, "low", path, q.AREA_MASS)
        high = self.number(inner, "high", path, q.AREA_MASS)
        if low is not None and high is not None and low > high:
            self.problem(path, "low_above_high", low=low, high=high)
        return Yield(
            low_kg_m2=low or 0.0,
            high_kg_m2=high or 0.0,
            provenance=self.provenance(inner, path),
        )

    def provenance(self, entries: Mapping[str, Any], path: str) -> Provenance:
        given = entries.get("source")
        names = given if isinstance(given, list) else [given] if "source" in entries else []
        for name in names:
            if not isinstance(name, str) or name not in self.sources:
                known = ", ".join(sorted(self.sources))
                code = "unknown_source" if known else "no_source_yet"
                self.problem(f"{path}.source", code, name=repr(name), known=known)
        if isinstance(given, list) and not given:
            self.problem(f"{path}.source", "empty_source")
        confidence = self.text(entries, "confidence", path)
        if confidence and not _CONFIDENCE.fullmatch(confidence):
            self.problem(f"{path}.confidence", "unknown_confidence", value=repr(confidence))
        return Provenance(
            source=", ".join(str(name) for name in names),
            confidence=confidence,
            note=self.text(entries, "note", path),
        )

    # --- Values -----------------------------------------------------------------------------

    def mapping(
        self,
        value: Any,
        path: str,
        *,
        required: Collection[str] = (),
        optional: Collection[str] = (),
        missing: bool = False,
    ) -> dict[str, Any] | None:
        if missing:
            return None
        known = (*required, *optional)
        if not isinstance(value, dict):
            code = "empty_mapping" if value is None else "no_mapping"
            self.problem(path, code, known=", ".join(known))
            return None
        prefix = f"{path}." if path else ""
        for key in value:
            if key not in known:
                self.problem(f"{prefix}{key}", "unknown_key", known=", ".join(known))
        for key in required:
            if key not in value:
                self.problem(f"{prefix}{key}", "missing")
        return {key: item for key, item in value.items() if key in known}

    def number(self, entries: Mapping[str, Any], key: str, path: str, kind: q.Kind) -> float | None:
        if key not in entries:
            return None
        try:
            return q.parse(entries[key], kind)
        except q.QuantityError as err:
            self.problem(f"{path}.{key}" if path else key, err.code, **err.params)
            return None

    def text(self, entries: Mapping[str, Any], key: str, path: str) -> str:
        return self._value(entries, key, path, _is_text, "text")

    def name(self, entries: Mapping[str, Any], key: str, path: str) -> str:
        return self._value(entries, key, path, is_name, "name")

    def _value(
        self,
        entries: Mapping[str, Any],
        key: str,
        path: str,
        fits: Callable[[Any], bool],
        kind: str,
    ) -> str:
        if key not in entries:
            return ""
        value = entries[key]
        if fits(value):
            return str(value).strip()
        code = f"empty_{kind}" if value in (None, "") else f"no_{kind}"
        self.problem(f"{path}.{key}" if path else key, code, value=repr(value))
        return ""

    def flag(self, entries: Mapping[str, Any], key: str, path: str) -> bool:
        value = entries.get(key, False)
        if not isinstance(value, bool):
            self.problem(f"{path}.{key}" if path else key, "no_flag", value=repr(value))
            return False
        return value

    def choice[E: StrEnum](
        self, entries: Mapping[str, Any], key: str, path: str, kind: type[E]
    ) -> E | None:
        if key not in entries:
            return None
        try:
            return kind(entries[key])
        except ValueError:
            self.problem(
                f"{path}.{key}" if path else key,
                "unknown_choice",
                key=key,
                value=repr(entries[key]),
                known=", ".join(kind),
            )
            return None

    def list_of(self, entries: Mapping[str, Any], key: str, path: str) -> Iterable[Any]:
        if key not in entries:
            return ()
        value = entries[key]
        if not isinstance(value, list) or not value:
            code = "no_list" if value and not isinstance(value, list) else "empty_list"
            self.problem(f"{path}.{key}" if path else key, code)
            return ()
        return value

    def texts(self, entries: Mapping[str, Any], key: str, path: str) -> tuple[str, ...]:
        inner = f"{path}.{key}" if path else key
        found = []
        for index, item in enumerate(self.list_of(entries, key, path)):
            if _is_text(item):
                found.append(item.strip())
            else:
                self.problem(f"{inner}[{index}]", "no_text", value=repr(item))
        return tuple(found)

    def texts_by_name(self, entries: Mapping[str, Any], key: str, path: str) -> dict[str, str]:
        if key not in entries:
            return {}
        value = entries[key]
        if not isinstance(value, dict) or not value:
            self.problem(key, "no_sources")
            return {}
        for name, text in value.items():
            if not _NAME.fullmatch(name):
                self.problem(f"{key}.{name}", "no_name", value=repr(name))
            if not _is_text(text):
                self.problem(f"{key}.{name}", "no_text", value=repr(text))
        return {name: text.strip() for name, text in value.items() if _is_text(text)}


def _is_version(value: Any) -> bool:
    return isinstance(value, str) and _VERSION.fullmatch(value) is not None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


#: What a phase can wait for.
_RIPE: Mapping[Ripe, q.Kind] = {
    Ripe.DEGREE_DAYS: q.DEGREE_DAYS,
    Ripe.LIGHT: q.LIGHT_INTEGRAL,
    Ripe.DRYBACK_POINTS: q.POINTS,
    Ripe.CANOPY_COVER: q.COVER,
}
#: What can bring a shot.
_TRIGGERS = ("moisture_below", "light", "transpiration")
_ORIGIN_REQUIRED = ("source", "confidence")
_NO_SETPOINT = Setpoint(
    day=None,
    night=None,
    warning_day=OPEN,
    warning_night=OPEN,
    critical_day=OPEN,
    critical_night=OPEN,
    provenance=_NOTHING,
)
_NO_PLAN = IrrigationPlan(
    method=Method.EBB_FLOW, events_per_day=0, night_events=0, duration_s=0.0, provenance=_NOTHING
)
_DARK = LightPlan(
    photoperiod_h=0.0,
    ppfd=0.0,
    dli=0.0,
    ppfd_max=0.0,
    dli_max=0.0,
    ramp_min=0.0,
    provenance=_NOTHING,
)
