"""How a place is, and why its devices do what they do, in sentences to be read out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from vfarm_core.control.snapshot import (
    ActuatorView,
    CircuitSnapshot,
    FarmSnapshot,
    LevelSnapshot,
    Measured,
    ReservoirSnapshot,
    Snapshot,
    ZoneSnapshot,
)
from vfarm_core.control.text import clock_time
from vfarm_core.farm.nodes import Farm

from .texts import Texts

#: Nobody listens to more.
MOST_PROBLEMS = 3
MOST_DEVICES = 4
MOST_LEVELS = 6

_DAY_S = 86_400.0
_UNITS: Mapping[str, tuple[str, int]] = {
    "air_temperature": ("°C", 1),
    "humidity": ("%", 0),
    "vpd": ("kPa", 2),
    "co2": ("ppm", 0),
    "ec": ("mS/cm", 2),
    "ph": ("", 1),
    "solution_temperature": ("°C", 1),
    "dissolved_oxygen": ("mg/L", 1),
}


class Speaker:
    """Says what a farm's places are like, in one language, at one moment of farm time."""

    def __init__(
        self, farm: Farm, seen: Callable[[str], Snapshot | None], texts: Texts, now: float
    ) -> None:
        """Speak of a farm whose snapshots `seen` gives."""
        self._farm = farm
        self._seen = seen
        self._t = texts
        self._now = now

    # -- how is it? -----------------------------------------------------------------------------

    def how_is(self, node: str, name: str) -> str:
        """How a place is; "" where nothing is known of it."""
        if any(rack.id == node for rack in self._farm.racks):
            return self._rack(node, name)
        snapshot = self._seen(node)
        if snapshot is None:
            return ""
        return _joined([f"{name}: {self._status(snapshot)}", *self._facts(snapshot)])

    def _status(self, snapshot: Snapshot) -> str:
        return self._t(f"status_{snapshot.status.value}")

    def _facts(self, snapshot: Snapshot) -> Iterator[str]:
        yield from self._problems(snapshot.problems)
        match snapshot:
            case FarmSnapshot():
                yield from self._of_farm(snapshot)
            case ZoneSnapshot():
                yield from self._of_zone(snapshot)
            case LevelSnapshot():
                yield from self._of_level(snapshot)
            case ReservoirSnapshot():
                yield from self._of_reservoir(snapshot)
            case CircuitSnapshot():
                yield from self._of_circuit(snapshot)

    def _problems(self, keys: Iterable[str]) -> Iterator[str]:
        said = [self._t.either(f"problem_{key}", _words(key)) for key in keys]
        yield from said[:MOST_PROBLEMS]
        if len(said) > MOST_PROBLEMS:
            yield self._t("more_problems", n=len(said) - MOST_PROBLEMS)

    def _of_farm(self, seen: FarmSnapshot) -> Iterator[str]:
        if seen.emergency:
            yield self._t("emergency_active")
        yield self._t(f"mode_{seen.mode.value}")
        if seen.batches:
            first = min(seen.batches, key=lambda batch: batch.expected_harvest_at)
            yield f"{self._t('batches')}: {len(seen.batches)}"
            yield f"{first.title or self._crop(first.crop)}: " + self._harvest(
                first.expected_harvest_at
            )

    def _of_zone(self, seen: ZoneSnapshot) -> Iterator[str]:
        yield self._t("zone_day" if seen.day else "zone_night")
        for key in ("air_temperature", "humidity", "vpd", "co2"):
            yield from self._measured(key, getattr(seen, key))

    def _of_level(self, seen: LevelSnapshot) -> Iterator[str]:
        yield self._growing(seen)
        at = seen.lights_off_at if seen.day else seen.lights_on_at
        if at is None:
            yield self._t("light_on" if seen.day else "light_off")
        else:
            key = "light_on_until" if seen.day else "light_off_until"
            yield self._t(key, time=clock_time(at, self._farm.tz))
        if seen.dli is not None and seen.dli_target is not None:
            of = {"value": self._n(seen.dli, 1), "target": self._n(seen.dli_target, 1)}
            yield f"{self._t('dli')}: {self._t('dli_of', **of)}"
        if seen.expected_harvest_at is not None:
            yield self._harvest(seen.expected_harvest_at)

    def _growing(self, seen: LevelSnapshot) -> str:
        if seen.crop is None or seen.phase is None:
            return self._t("empty")
        phase = self._t.either(f"phase_{seen.phase}", _words(seen.phase))
        day = int(seen.day_of_phase or 0) + 1
        return f"{self._crop(seen.crop)}: {self._t('phase_day', phase=phase, day=day)}"

    def _crop(self, crop: str) -> str:
        return self._t.either(f"crop_{crop}", _words(crop))

    def _harvest(self, at: float) -> str:
        if at <= self._now:
            return self._t("harvest_due")
        return self._t("harvest_on", date=self._until(at))

    def _of_reservoir(self, seen: ReservoirSnapshot) -> Iterator[str]:
        for key, measured in (("ec", seen.ec), ("ph", seen.ph)):
            yield from self._measured(key, measured)
        yield from self._measured("solution_temperature", seen.temperature)
        yield from self._measured("dissolved_oxygen", seen.oxygen)
        if seen.fill_fraction is not None:
            share = self._t("percent", n=self._n(seen.fill_fraction * 100))
            yield f"{self._t('volume')}: {share}"

    def _of_circuit(self, seen: CircuitSnapshot) -> Iterator[str]:
        if seen.cycling:
            yield self._t("cycling")
        elif seen.stage is not None:
            yield self._t(f"shot_stage_{seen.stage.value}")
        elif seen.next_shot_at is not None:
            yield self._t("next_shot", when=self._until(seen.next_shot_at))
        else:
            yield self._t("no_next_shot")
        if seen.last_shot_at is not None and seen.last_end is not None:
            when = self._since(seen.last_shot_at)
            yield self._t("last_shot", when=when, end=self._t(f"end_{seen.last_end.value}"))

    def _measured(self, key: str, measured: Measured) -> Iterator[str]:
        if measured.value is None:
            if measured.target is not None:
                yield f"{self._t(key)}: {self._t('quality_missing')}"
            return
        unit, digits = _UNITS[key]
        said = f"{self._t(key)}: {self._n(measured.value, digits)} {unit}".strip()
        if measured.target is not None:
            said += f", {self._t('target', value=self._n(measured.target, digits))}"
        yield said

    def _rack(self, rack: str, name: str) -> str:
        levels = [level for level in self._farm.levels if level.rack == rack]
        said = [f"{name}: {len(levels)}"] if len(levels) > MOST_LEVELS else []
        for level in levels[:MOST_LEVELS]:
            seen = self._seen(level.id)
            if not isinstance(seen, LevelSnapshot):
                continue
            parts = [f"{level.name}: {self._growing(seen)}", *self._problems(seen.problems)]
            said.append(", ".join(parts))
        if not said:
            return ""
        if len(levels) > MOST_LEVELS:
            said.append(self._t("more_problems", n=len(levels) - MOST_LEVELS))
        return _joined(said)

    # -- why is it so? --------------------------------------------------------------------------

    def why(self, nodes: Iterable[str], kind: str = "") -> str:
        """Why the devices of places are as they are: those of one kind (what their role begins or
        ends with) or all; "" where there are none."""
        views = [
            view
            for node in nodes
            for view in getattr(self._seen(node), "actuators", ())
            if _is_called(view.role.value, kind)
        ]
        said = [self._reason(view) for view in views[:MOST_DEVICES]]
        if len(views) > MOST_DEVICES:
            said.append(self._t("more_problems", n=len(views) - MOST_DEVICES))
        return _joined(said)

    def _reason(self, view: ActuatorView) -> str:
        name = self._t.either(f"role_{view.role.value}", _words(view.role.value))
        if view.reported is None:
            state = self._t("state_unknown")
        elif view.role.value.startswith("grow_light") and 0 < view.reported < 1:
            state = self._t("percent", n=self._n(view.reported * 100))
        else:
            state = self._t("on" if view.reported > 0 else "off")
        if not view.code:
            return f"{name}: {state}"
        params: dict[str, Any] = dict(view.params)
        if (quantity := params.get("quantity")) is not None:
            params["quantity"] = self._t.either(f"quantity_{quantity}", str(quantity))
        reason = _capital(self._t.either(f"reason_{view.code}", view.reason, **params))
        change = self._t.either(f"change_{view.change}", "", **params) if view.change else ""
        return f"{name}: {state}. {reason} {change}".strip()

    # -- numbers and times ----------------------------------------------------------------------

    def _n(self, value: float, digits: int = 0) -> str:
        return self._t.number(value, digits)

    def _until(self, at: float) -> str:
        return self._apart(at - self._now, "in_under_a_minute", "in_{}")

    def _since(self, at: float) -> str:
        return self._apart(self._now - at, "just_now", "{}_ago")

    def _apart(self, seconds: float, little: str, key: str) -> str:
        if seconds < 60:
            return self._t(little)
        if seconds < 5400:
            return self._t(key.format("minutes"), n=round(seconds / 60))
        if seconds < 2 * _DAY_S:
            return self._t(key.format("hours"), n=round(seconds / 3600))
        return self._t(key.format("days"), n=round(seconds / _DAY_S))


def _is_called(role: str, kind: str) -> bool:
    """Whether a role is of a kind: `exhaust_fan` is a `fan`, `dehumidifier` is no `humidifier`."""
    return not kind or role == kind or role.startswith(f"{kind}_") or role.endswith(f"_{kind}")


def _words(key: str) -> str:
    return _capital(key.replace("_", " "))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _joined(sentences: Iterable[str]) -> str:
    """Sentences one after the other, each with its end."""
    said = (sentence.strip() for sentence in sentences)
    return " ".join(s if s.endswith((".", "!", "?")) else f"{s}." for s in said if s)
