"""The irrigation of a phase."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from ...farm.nodes import Method
from .. import quantities as q
from ..model import (
    CropSteering,
    IrrigationPlan,
    LightPlan,
    MistCycle,
    ShotTrigger,
)
from .values import NOTHING, ORIGIN_REQUIRED, ValueReader

#: What can bring a shot.
_TRIGGERS = ("moisture_below", "light", "transpiration")
_NO_PLAN = IrrigationPlan(
    method=Method.EBB_FLOW, events_per_day=0, night_events=0, duration_s=0.0, provenance=NOTHING
)


class IrrigationReader(ValueReader):
    """Shots by the clock, by a trigger or by crop steering, and cycles of mist."""

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
            required=ORIGIN_REQUIRED,
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
            entries["steering"], path, required=(*kinds, *ORIGIN_REQUIRED), optional=("note",)
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
            required=("min_interval", "max_shots_per_day", *ORIGIN_REQUIRED),
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
