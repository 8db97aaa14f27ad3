"""Flows of the places: zone, rack with its levels, supply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.config_entries import SOURCE_RECONFIGURE, SubentryFlowResult
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TimeSelector,
)

from vfarm_core.farm.roles import Loop, Role, spec
from vfarm_core.science.light import Lamp

from ..const import CONF_BINDINGS, SubentryType
from .copying import CopySteps
from .node import CONF_LEAD, CONF_NAME, NodeFlow, choice, count, number

CONF_LEVEL = "level"
CONF_LEVELS = "levels"
CONF_DEVICES = "devices"
CONF_ZONE = "zone"
CONF_FIXTURE = "fixture"
CONF_LEVEL_COUNT = "level_count"
CONF_DRYING = "drying_kg_h"

CONF_LAMPS = "lamps"
CONF_OFFSETS = "offsets"

#: Fields of a lamp in a level's form; without both a level has no fixture.
_FIXTURE = ("ppfd_full", "power_w")
#: What more can be said of a lamp.
_LAMPS = (
    "dim_min",
    "lamp",
    "lux_per_ppfd",
    "l90_h",
    "l70_h",
    "white_ppfd",
    "blue_ppfd",
    "red_ppfd",
    "far_red_pfd",
)
_OFFSETS = ("ppfd_offset_pct", "photoperiod_offset_h")


def level_fields() -> dict[vol.Marker, Any]:
    """The form of one level, without its name."""
    return {
        vol.Required("area_m2"): number("m²"),
        vol.Required("sites"): number(step=1),
        vol.Required("lights_on", default="06:00:00"): TimeSelector(),
        vol.Optional("ppfd_full"): number("μmol/m²/s"),
        vol.Optional("power_w"): number("W"),
    }


def more_level_fields() -> dict[vol.Marker, Any]:
    """What more can be said of a level, folded away at first."""
    ppfd = "μmol/m²/s"
    lamps = {
        vol.Optional("dim_min"): number("%"),
        vol.Optional("lamp"): SelectSelector(
            SelectSelectorConfig(
                options=[lamp.value for lamp in Lamp],
                translation_key="lamp",
                mode=SelectSelectorMode.DROPDOWN,
            )
        ),
        vol.Optional("lux_per_ppfd"): number(),
        vol.Optional("l90_h"): number("h"),
        vol.Optional("l70_h"): number("h"),
        vol.Optional("white_ppfd"): number(ppfd),
        vol.Optional("blue_ppfd"): number(ppfd),
        vol.Optional("red_ppfd"): number(ppfd),
        vol.Optional("far_red_pfd"): number(ppfd),
    }
    offsets = {
        vol.Optional("ppfd_offset_pct"): number("%"),
        vol.Optional("photoperiod_offset_h"): number("h"),
    }
    return {
        vol.Optional(CONF_LAMPS): section(vol.Schema(lamps), {"collapsed": True}),
        vol.Optional(CONF_OFFSETS): section(vol.Schema(offsets), {"collapsed": True}),
    }


def level_data(level_id: str, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A level's data from its form."""
    data: dict[str, Any] = {
        "id": level_id,
        "name": name,
        "area_m2": values["area_m2"],
        "sites": values["sites"],
        "lights_on": values["lights_on"],
    }
    lamp = {key: values[key] for key in _FIXTURE if values.get(key) is not None}
    more = {k: v for k in _LAMPS if (v := values.get(CONF_LAMPS, {}).get(k)) is not None}
    if "dim_min" in more:
        more["dim_min"] /= 100
    if lamp or more:
        data[CONF_FIXTURE] = {**dict.fromkeys(_FIXTURE, 0.0), **lamp, **more}
    offsets = values.get(CONF_OFFSETS, {})
    return data | {key: offsets[key] for key in _OFFSETS if offsets.get(key)}


def level_values(level: Mapping[str, Any]) -> dict[str, Any]:
    """A level's data as its form shows it."""
    fixture = level.get(CONF_FIXTURE) or {}
    lamps = {key: fixture[key] for key in _LAMPS if key in fixture}
    if "dim_min" in lamps:
        lamps["dim_min"] = round(lamps["dim_min"] * 100, 1)
    offsets = {key: level[key] for key in _OFFSETS if key in level}
    return {**level, **fixture, CONF_LAMPS: lamps, CONF_OFFSETS: offsets}


class ZoneFlow(NodeFlow):
    """A space that shares one body of air."""

    type = SubentryType.ZONE

    @override
    def fields(self) -> dict[vol.Marker, Any]:
        return {
            vol.Required("volume_m3"): number("m³"),
            **self.lead_field(),
            vol.Required("ramp_min", default=0.0): number("min"),
            vol.Required("dry_ahead_min", default=30.0): number("min"),
            vol.Required("dew_margin_k", default=0.5): number("K"),
            vol.Optional(CONF_DRYING): number("kg/h"),
            vol.Required("reheat", default=False): BooleanSelector(),
            vol.Required("co2_detector", default=False): BooleanSelector(),
        }

    @override
    def apply(self, draft: dict[str, Any], values: Mapping[str, Any]) -> None:
        super().apply(draft, values)
        draft[CONF_LEAD] = values.get(CONF_LEAD)
        if values.get(CONF_DRYING) is None:
            # Emptied: its size is not known any more.
            draft.pop(CONF_DRYING, None)


class SupplyFlow(NodeFlow):
    """An electrical circuit with a limit."""

    type = SubentryType.SUPPLY

    @override
    def fields(self) -> dict[vol.Marker, Any]:
        return {
            vol.Required("limit_kw"): number("kW"),
            vol.Required(CONF_LEVELS, default=list): choice(self.levels(), multiple=True),
            vol.Optional(CONF_DEVICES, default=list): choice(self._rated(), multiple=True),
        }

    def _rated(self) -> list[tuple[str, str]]:
        """Id and words of the devices beside lamps of which the electrical power is declared."""
        names = {part.data["id"]: part.title for part in self.others()}
        return [
            (
                b["id"],
                f"{names.get(b['node'], b['node'])}: {self.role_name(b['role'])}",
            )
            for part in self.others()
            for b in part.data.get(CONF_BINDINGS, ())
            if (b.get("declaration") or {}).get("rating_w")
            and spec(Role(b["role"])).loop is not Loop.LIGHT
        ]

    @override
    def suggested(self) -> Mapping[str, Any]:
        """Without devices that have been unbound since."""
        rated = {point for point, _ in self._rated()}
        devices = [point for point in self.draft.get(CONF_DEVICES, ()) if point in rated]
        return {**self.draft, CONF_DEVICES: devices}


class RackFlow(CopySteps):
    """A shelving unit and its levels."""

    type = SubentryType.RACK
    needs = (SubentryType.ZONE, "no_zone")

    def __init__(self) -> None:
        """Begin with no level in hand."""
        super().__init__()
        self._level: str | None = None

    @override
    def fields(self) -> dict[vol.Marker, Any]:
        zone: dict[vol.Marker, Any] = {
            vol.Required(CONF_ZONE): choice(self.nodes(SubentryType.ZONE))
        }
        if CONF_LEVELS in self.draft:
            return zone
        levels = {vol.Required(CONF_LEVEL_COUNT, default=4): count(), **level_fields()}
        return {**zone, **levels, **more_level_fields()}

    @override
    def apply(self, draft: dict[str, Any], values: Mapping[str, Any]) -> None:
        draft[CONF_ZONE] = values[CONF_ZONE]
        if CONF_LEVELS in draft:
            return
        draft[CONF_LEVELS] = []
        for index in range(1, int(values[CONF_LEVEL_COUNT]) + 1):
            level_id = self.fresh_id(f"{draft['id']} level {index}", draft["id"])
            draft[CONF_LEVELS].append(level_data(level_id, f"{index}", values))

    @override
    def menu(self) -> list[str]:
        more = ["change_level", "remove_level"] if self.draft[CONF_LEVELS] else []
        # What is not saved yet has no entities by whose number one could say how many copies fit.
        copy = ["copy"] if self.source == SOURCE_RECONFIGURE else []
        return ["add_level", *more, *copy]

    async def async_step_add_level(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin a new level."""
        self._level = None
        return await self.async_step_level()

    async def async_step_change_level(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which level to change."""
        if user_input is not None:
            self._level = user_input[CONF_LEVEL]
            return await self.async_step_level()
        return self.async_show_form(step_id="change_level", data_schema=self._which_level())

    def _which_level(self) -> vol.Schema:
        names = [(level["id"], level["name"]) for level in self.draft[CONF_LEVELS]]
        return vol.Schema({vol.Required(CONF_LEVEL): choice(names)})

    async def async_step_level(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for one level's fields."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            levels = list(self.draft[CONF_LEVELS])
            taken = [level["id"] for level in levels]
            level_id = self._level or self.fresh_id(
                f"{self.draft['id']} level {name}", self.draft["id"], *taken
            )
            made = level_data(level_id, name, user_input)
            if self._level is None:
                levels.append(made)
            else:
                levels[taken.index(level_id)] = made
            draft = {**self.draft, CONF_LEVELS: levels}
            errors, placeholders = await self.async_errors(
                self.problems(self.title, draft), user_input
            )
            if not name:
                errors = {CONF_NAME: "name_empty"}
            if not errors:
                self.draft = draft
                return await self.async_step_menu()
        schema = vol.Schema(
            {vol.Required(CONF_NAME): TextSelector(), **level_fields(), **more_level_fields()}
        )
        return self.async_show_form(
            step_id="level",
            data_schema=self.add_suggested_values_to_schema(
                schema, user_input or self._shown_level()
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _shown_level(self) -> dict[str, Any]:
        for level in self.draft[CONF_LEVELS]:
            if level["id"] == self._level:
                return level_values(level)
        return {}

    async def async_step_remove_level(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which level to remove; one that is still watered or fed stays."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            gone = user_input[CONF_LEVEL]
            draft = {
                **self.draft,
                CONF_LEVELS: [lv for lv in self.draft[CONF_LEVELS] if lv["id"] != gone],
                CONF_BINDINGS: [b for b in self.draft[CONF_BINDINGS] if b["node"] != gone],
            }
            errors, placeholders = await self.async_errors(self.problems(self.title, draft), ())
            if not errors:
                self.draft = draft
                return await self.async_step_menu()
        return self.async_show_form(
            step_id="remove_level",
            data_schema=self._which_level(),
            errors=errors,
            description_placeholders=placeholders,
        )
