"""Flows of the water: reservoir, pump, circuit."""

from __future__ import annotations

from typing import Any, override

import voluptuous as vol
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from vfarm_core.farm.nodes import Method

from ..const import SubentryType
from .node import NodeFlow, choice, number


class ReservoirFlow(NodeFlow):
    """A tank of nutrient solution."""

    type = SubentryType.RESERVOIR

    @override
    def fields(self) -> dict[vol.Marker, Any]:
        return {
            vol.Required("capacity_l"): number("L"),
            vol.Required("volume_min_l"): number("L"),
        }


class PumpFlow(NodeFlow):
    """A pump that draws from one reservoir."""

    type = SubentryType.PUMP
    needs = (SubentryType.RESERVOIR, "no_reservoir")

    @override
    def fields(self) -> dict[vol.Marker, Any]:
        return {
            vol.Required("reservoir"): choice(self.nodes(SubentryType.RESERVOIR)),
            vol.Required("flow_l_min"): number("L/min"),
        }


class CircuitFlow(NodeFlow):
    """What one pump waters, by one method."""

    type = SubentryType.CIRCUIT
    needs = (SubentryType.PUMP, "no_pump")

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
        }
