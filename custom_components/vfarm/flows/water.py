"""Flows of the water: reservoir, pump, circuit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from vfarm_core.farm.nodes import Method

from ..const import SubentryType
from .node import CONF_LEAD, NodeFlow, choice, number

CONF_FILL = "fill"
#: Fields of the automatic fill: shares of the capacity, and litres.
_SHARES = ("below", "to")
_LITRES = ("max_l", "day_l", "drain_back_l")


class ReservoirFlow(NodeFlow):
    """A tank of nutrient solution."""

    type = SubentryType.RESERVOIR

    @override
    def fields(self) -> dict[vol.Marker, Any]:
        return {
            vol.Required("capacity_l"): number("L"),
            vol.Required("volume_min_l"): number("L"),
            **self.lead_field(),
            vol.Optional("mixing_l_min"): number("L/min"),
            vol.Optional("source_ec"): number("mS/cm"),
            vol.Required("probe_days", default=30): number("d"),
            vol.Required("pump_days", default=180): number("d"),
            vol.Optional("fill_below_pct"): number("%"),
            vol.Optional("fill_to_pct"): number("%"),
            vol.Optional("fill_max_l"): number("L"),
            vol.Optional("fill_day_l"): number("L"),
            vol.Optional("fill_drain_back_l"): number("L"),
        }

    @override
    def suggested(self) -> Mapping[str, Any]:
        fill = self.draft.get(CONF_FILL) or {}
        shares = {f"fill_{key}_pct": 100 * fill[key] for key in _SHARES if key in fill}
        litres = {f"fill_{key}": fill[key] for key in _LITRES if key in fill}
        return {**self.shown_draft(), **shares, **litres}

    @override
    def apply(self, draft: dict[str, Any], values: Mapping[str, Any]) -> None:
        """A tank with any field of the automatic fill has one; the core says what it lacks."""
        fill = {k: values[f"fill_{k}_pct"] / 100 for k in _SHARES if f"fill_{k}_pct" in values}
        fill |= {k: values[f"fill_{k}"] for k in _LITRES if f"fill_{k}" in values}
        draft.update({k: v for k, v in values.items() if not k.startswith("fill_")})
        draft[CONF_LEAD] = values.get(CONF_LEAD)
        for field in ("mixing_l_min", "source_ec"):
            draft[field] = values.get(field)
        draft[CONF_FILL] = {**dict.fromkeys((*_SHARES, *_LITRES), 0.0), **fill} if fill else None


class PumpFlow(NodeFlow):
    """A pump that draws from one reservoir."""

    type = SubentryType.PUMP
    needs = (SubentryType.RESERVOIR, "no_reservoir")

    @override
    def fields(self) -> dict[vol.Marker, Any]:
        return {
            vol.Required("reservoir"): choice(self.nodes(SubentryType.RESERVOIR)),
            vol.Required("flow_l_min"): number("L/min"),
            vol.Required("meter_timeout_s", default=120): number("s"),
            vol.Optional("pressure_min_kpa"): number("kPa"),
        }

    @override
    def apply(self, draft: dict[str, Any], values: Mapping[str, Any]) -> None:
        """A field that was emptied is gone."""
        draft.update({"pressure_min_kpa": None, **values})


#: Fields of a circuit that may be left empty.
_OF_CIRCUIT = ("daily_cap_l", "substrate_l", "drippers", "dripper_l_h")


class CircuitFlow(NodeFlow):
    """What one pump waters, by one method."""

    type = SubentryType.CIRCUIT
    needs = (SubentryType.PUMP, "no_pump")
    #: A valve is bound after the circuit was named.
    later = frozenset({"circuit_without_valve"})

    @override
    def fields(self) -> dict[vol.Marker, Any]:
        return {
            vol.Required("pump"): choice(self.nodes(SubentryType.PUMP)),
            vol.Required("levels"): choice(self.levels(), multiple=True),
            vol.Required("method"): SelectSelector(
                SelectSelectorConfig(
                    options=[method.value for method in Method],
                    translation_key="method",
                    mode=SelectSelectorMode.DROPDOWN,
                )
            ),
            vol.Required("drain_s", default=900): number("s"),
            vol.Optional("daily_cap_l"): number("L"),
            vol.Optional("substrate_l"): number("L"),
            vol.Optional("drippers"): number(),
            vol.Optional("dripper_l_h"): number("L/h"),
        }

    @override
    def apply(self, draft: dict[str, Any], values: Mapping[str, Any]) -> None:
        """A field that was emptied is gone."""
        draft.update({**dict.fromkeys(_OF_CIRCUIT), **values})
