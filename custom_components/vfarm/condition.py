"""Conditions: how a farm is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Unpack, override

import voluptuous as vol
from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.const import (
    CONF_OPTIONS,
    CONF_TARGET,
    STATE_OFF,
    STATE_ON,
    UnitOfPressure,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_ANY,
    ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL,
    Condition,
    ConditionCheckParams,
    ConditionConfig,
    EntityNumericalConditionBase,
    EntityStateConditionBase,
)
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from vfarm_core.control.memory import ShotStage
from vfarm_core.control.snapshot import LevelSnapshot, Snapshot, Status, ZoneSnapshot
from vfarm_core.farm.nodes import NodeKind
from vfarm_core.farm.overrides import Mode

from .binary_sensor import ATTR_PROBLEMS, DOSING, EMERGENCY, FILLING, LIGHTS, PROBLEM
from .const import DOMAIN
from .data import VfarmConfigEntry
from .entity import entity_unique_id
from .reach import OurEntities, async_nodes
from .trigger import CONF_MODE, CONF_PHASE, CONF_PROBLEM

CONF_WITHIN = "within"

_TEXTS = vol.All(cv.ensure_list, [cv.string])


# -- by the state of an entity ------------------------------------------------------------------


class OurStateCondition(OurEntities, EntityStateConditionBase):
    """Whether entities of some keys are in one of some states."""


def _is(domain: str, key: str, *states: str) -> type[Condition]:
    """A condition on the states of one kind of entity."""
    return type(
        f"{key.title().replace('_', '')}Condition",
        (OurStateCondition,),
        {"_domain_specs": {domain: DomainSpec()}, "_states": set(states), "keys": (key,)},
    )


class AskedStateCondition(OurStateCondition):
    """Whether entities are in one of the states that an option lists."""

    option: ClassVar[str]

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Know the states asked for."""
        super().__init__(hass, config)
        self._states = set((config.options or {})[self.option])


class IsInPhaseCondition(AskedStateCondition):
    """Whether plants of a level are in a phase."""

    _domain_specs = {SENSOR_DOMAIN: DomainSpec()}  # noqa: RUF012 - as the base class has it
    _schema = ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL.extend(
        {vol.Required(CONF_OPTIONS): {vol.Required(CONF_PHASE): _TEXTS}}
    )
    keys = ("phase",)
    option = CONF_PHASE


class IsInModeCondition(AskedStateCondition):
    """Whether a farm is in a mode."""

    _domain_specs = {SELECT_DOMAIN: DomainSpec()}  # noqa: RUF012 - as the base class has it
    _schema = ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL.extend(
        {
            vol.Required(CONF_OPTIONS): {
                vol.Required(CONF_MODE): vol.All(
                    cv.ensure_list, [vol.In([mode.value for mode in Mode])]
                )
            }
        }
    )
    keys = ("mode",)
    option = CONF_MODE


class HasProblemCondition(OurStateCondition):
    """Whether parts of a farm have a problem, or one of those asked for."""

    _domain_specs = {  # noqa: RUF012 - as the base class has it
        BINARY_SENSOR_DOMAIN: DomainSpec(value_source=ATTR_PROBLEMS)
    }
    _states = set()  # noqa: RUF012 - problems are looked at, not states
    _schema = ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL.extend(
        {vol.Required(CONF_OPTIONS, default={}): {vol.Optional(CONF_PROBLEM): _TEXTS}}
    )
    keys = (PROBLEM.key,)

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Know the problems asked for."""
        super().__init__(hass, config)
        self._asked = frozenset((config.options or {}).get(CONF_PROBLEM) or ())

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        """Whether there is such a problem."""
        found = frozenset(self._get_tracked_value(entity_state) or ())
        return bool(found & self._asked) if self._asked else bool(found)


class VpdCondition(OurEntities, EntityNumericalConditionBase):
    """Whether the VPD of zones is above, below, between or outside of values."""

    _domain_specs = {SENSOR_DOMAIN: DomainSpec()}  # noqa: RUF012 - as the base class has it
    _valid_unit = UnitOfPressure.KPA
    keys = ("vpd",)


# -- by how a node is ---------------------------------------------------------------------------


class NodeCondition(Condition):
    """Whether one of the targeted nodes of a kind, or all of them, are as asked for. A node of
    which nothing is known is not; neither is a target without such nodes."""

    kind: ClassVar[NodeKind]
    fields: ClassVar[Mapping[vol.Marker, Any]] = {}

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate target and options."""
        behaviors = vol.In([BEHAVIOR_ANY, BEHAVIOR_ALL])
        schema = vol.Schema(
            {
                vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
                vol.Required(CONF_OPTIONS, default={}): {
                    vol.Required(ATTR_BEHAVIOR, default=BEHAVIOR_ANY): behaviors,
                    **cls.fields,
                },
            }
        )
        validated: ConfigType = schema(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Know the target."""
        super().__init__(hass, config)
        self._target = config.target or {}
        self._options = config.options or {}

    @abstractmethod
    def holds(self, entry: VfarmConfigEntry, node: str, snapshot: Snapshot) -> bool:
        """Whether a node is as asked for."""

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        found = []
        for entry, node in async_nodes(self._hass, self._target):
            if entry.runtime_data.farm.kind(node) is self.kind:
                snapshot = entry.runtime_data.engine.snapshot(node)
                found.append(snapshot is not None and self.holds(entry, node, snapshot))
        return all(found) and bool(found) if self._wants_all else any(found)

    @property
    def _wants_all(self) -> bool:
        return bool(self._options[ATTR_BEHAVIOR] == BEHAVIOR_ALL)


class VpdWithinLimitsCondition(NodeCondition):
    """Whether the VPD of zones is within the limits of what grows there."""

    kind = NodeKind.ZONE

    @override
    def holds(self, entry: VfarmConfigEntry, node: str, snapshot: Snapshot) -> bool:
        return isinstance(snapshot, ZoneSnapshot) and snapshot.vpd.status is Status.OK


class NearLightEdgeCondition(NodeCondition):
    """Whether the light day of levels began or ended, or will, within a time."""

    kind = NodeKind.LEVEL
    fields = {  # noqa: RUF012 - as with the schemas of the base classes
        vol.Required(CONF_WITHIN): cv.positive_time_period
    }

    @override
    def holds(self, entry: VfarmConfigEntry, node: str, snapshot: Snapshot) -> bool:
        if not isinstance(snapshot, LevelSnapshot):
            return False
        within: timedelta = self._options[CONF_WITHIN]
        clock = entry.runtime_data.engine.clock
        soon = within.total_seconds() * clock.speed
        change = snapshot.lights_off_at if snapshot.day else snapshot.lights_on_at
        if change is not None and change - clock.now().farm <= soon:
            return True
        unique_id = entity_unique_id(entry, node, LIGHTS.key)
        entity = er.async_get(self._hass).async_get_entity_id(
            BINARY_SENSOR_DOMAIN, DOMAIN, unique_id
        )
        shown = None if entity is None else self._hass.states.get(entity)
        return shown is not None and dt_util.utcnow() - shown.last_changed <= within


CONDITIONS: Mapping[str, type[Condition]] = {
    "dose_is_running": _is(BINARY_SENSOR_DOMAIN, DOSING.key, STATE_ON),
    "fill_is_running": _is(BINARY_SENSOR_DOMAIN, FILLING.key, STATE_ON),
    "has_problem": HasProblemCondition,
    "is_in_mode": IsInModeCondition,
    "is_in_phase": IsInPhaseCondition,
    "is_near_light_edge": NearLightEdgeCondition,
    "is_stopped": _is(BINARY_SENSOR_DOMAIN, EMERGENCY.key, STATE_ON),
    "lights_are_off": _is(BINARY_SENSOR_DOMAIN, LIGHTS.key, STATE_OFF),
    "lights_are_on": _is(BINARY_SENSOR_DOMAIN, LIGHTS.key, STATE_ON),
    "shot_is_running": _is(SENSOR_DOMAIN, "state", *(s.value for s in ShotStage)),
    "vpd_is": VpdCondition,
    "vpd_is_within_limits": VpdWithinLimitsCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """The conditions of vfarm."""
    return dict(CONDITIONS)
