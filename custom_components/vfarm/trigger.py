"""Triggers: what happens in a farm, and what its values come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, override

import voluptuous as vol
from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.const import CONF_OPTIONS, CONF_TARGET, UnitOfPressure
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, State, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR,
    EntityNumericalStateCrossedThresholdTriggerBase,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType

from vfarm_core.control import dose, shot
from vfarm_core.control.effects import Severity
from vfarm_core.farm.overrides import Mode

from .binary_sensor import ATTR_PROBLEMS, PROBLEM
from .const import DOMAIN, EVENT_VFARM
from .data import VfarmConfigEntry
from .devices import async_device_id
from .event_words import async_sentence
from .reach import OurEntities, Reach

CONF_PHASE = "phase"
CONF_MODE = "mode"
CONF_SEVERITY = "severity"
CONF_PROBLEM = "problem"
CONF_SHARE = "share"

_TEXTS = vol.All(cv.ensure_list, [cv.string])

#: What is grave enough unless somebody says otherwise.
_GRAVE = [Severity.P1.value, Severity.P2.value]


# -- what happens -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Happening:
    """What a trigger waits for: events of some kinds (none: of any), of which `wanted` may choose
    by the data of the event and the options."""

    kinds: frozenset[str] = frozenset()
    options: Mapping[vol.Marker, Any] = field(default_factory=dict)
    wanted: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = lambda data, options: True


def _of(*kinds: str) -> Happening:
    return Happening(kinds=frozenset(kinds))


def _one_of(option: str, param: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool]:
    """Whether a parameter of the event is among what an option lists; no list means any."""
    return lambda data, options: (
        not options.get(option) or data["params"].get(param) in options[option]
    )


HAPPENINGS: Mapping[str, Happening] = {
    "alarm_raised": Happening(
        options={
            vol.Required(CONF_SEVERITY, default=_GRAVE): vol.All(
                cv.ensure_list, [vol.In([s.value for s in Severity if s is not Severity.INFO])]
            )
        },
        wanted=lambda data, options: data["severity"] in options[CONF_SEVERITY],
    ),
    "batch_harvested": _of("batch_harvested", "batch_cut"),
    "batch_ready": _of("batch_ready"),
    "batch_started": _of("batch_started"),
    "dose_failed": Happening(
        kinds=frozenset({"dose_ended"}),
        wanted=lambda data, options: data["params"]["end"] in dose.FAILED_ENDS,
    ),
    "door_left_open": _of("door_open"),
    "inhibited": _of("circuit_inhibited", "dosing_inhibited", "fill_inhibited"),
    "leak_detected": _of("leak"),
    "lights_turned_off": _of("lights_off"),
    "lights_turned_on": _of("lights_on"),
    "mode_changed": Happening(
        kinds=frozenset({"mode_changed"}),
        options={
            vol.Optional(CONF_MODE): vol.All(cv.ensure_list, [vol.In([m.value for m in Mode])])
        },
        wanted=_one_of(CONF_MODE, "mode"),
    ),
    "phase_changed": Happening(
        kinds=frozenset({"phase_changed"}),
        options={vol.Optional(CONF_PHASE): _TEXTS},
        wanted=_one_of(CONF_PHASE, "phase"),
    ),
    "reservoir_low": _of("volume_low"),
    "shot_failed": Happening(
        kinds=frozenset({"shot_ended"}),
        wanted=lambda data, options: data["params"]["end"] in shot.FAILED_ENDS,
    ),
    "smoke_detected": _of("smoke"),
    "stop_pressed": _of("emergency_stop"),
    "stop_released": _of("emergency_released"),
    "taken_over": _of("takeover"),
}


class HappeningTrigger(Trigger):
    """Fires when something happens to a targeted node or to a part of one; without a target,
    anywhere. It listens to the bus, so a farm may be unloaded and come back meanwhile."""

    happening: ClassVar[Happening]

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate target and options."""
        schema = vol.Schema(
            {
                vol.Optional(CONF_TARGET): cv.TARGET_FIELDS,
                vol.Required(CONF_OPTIONS, default={}): dict(cls.happening.options),
            }
        )
        validated: ConfigType = schema(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Know the target and what is wanted."""
        super().__init__(hass, config)
        self._reach = Reach(hass, config.target)
        self._options = config.options or {}

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Follow the farms until the returned function is called."""
        described = self.happening

        @callback
        def is_of_kind(data: Mapping[str, Any]) -> bool:
            return (not described.kinds or data["kind"] in described.kinds) and described.wanted(
                data, self._options
            )

        @callback
        def happened(event: Event) -> None:
            nodes = self._nodes(event.data)
            if self._is_meant(event.data, nodes):
                told = {key: value for key, value in event.data.items() if key != "params"}
                message = f"{event.data['name']}: {async_sentence(self._hass, event.data)}"
                payload = {
                    **told,
                    "params": dict(event.data["params"]),
                    "device_ids": self._devices(event.data, nodes),
                    "message": message,
                }
                run_action(
                    payload,
                    f"vfarm: {message}",
                    event.context,
                )

        ends = (
            self._hass.bus.async_listen(EVENT_VFARM, happened, event_filter=is_of_kind),
            self._reach.async_follow(),
        )

        @callback
        def stop() -> None:
            for end in ends:
                end()

        return stop

    def _entry(self, data: Mapping[str, Any]) -> VfarmConfigEntry | None:
        entry: VfarmConfigEntry | None = self._hass.config_entries.async_get_entry(data["entry_id"])
        return entry

    def _nodes(self, data: Mapping[str, Any]) -> tuple[str, ...]:
        """Where it happened: at a node, and at all levels of a batch."""
        entry = self._entry(data)
        if entry is None:
            return ()
        batches = entry.runtime_data.engine.runtime.memory.batches
        batch = batches.get(data["params"].get("batch", ""))
        levels = () if batch is None else batch.levels
        return (data["node"], *(level for level in levels if level != data["node"]))

    def _devices(self, data: Mapping[str, Any], nodes: tuple[str, ...]) -> list[str]:
        """The devices of some nodes."""
        entry = self._entry(data)
        if entry is None:
            return []
        found = (async_device_id(self._hass, entry, node) for node in nodes)
        return [device for device in found if device is not None]

    def _is_meant(self, data: Mapping[str, Any], nodes: tuple[str, ...]) -> bool:
        """Whether it happened to a targeted node, to a part of one or to plants on it."""
        return self._reach.async_reaches(self._entry(data), nodes)


def _triggers_on_happenings() -> dict[str, type[Trigger]]:
    return {
        key: type(f"{key.title().replace('_', '')}Trigger", (HappeningTrigger,), {"happening": h})
        for key, h in HAPPENINGS.items()
    }


# -- what values come to ------------------------------------------------------------------------


class VpdCrossedThresholdTrigger(OurEntities, EntityNumericalStateCrossedThresholdTriggerBase):
    """Fires when the VPD of a zone crosses a threshold."""

    _domain_specs = {SENSOR_DOMAIN: DomainSpec()}  # noqa: RUF012 - as the base class has it
    _valid_unit = UnitOfPressure.KPA
    keys = ("vpd",)


_DLI_SCHEMA = ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR.extend(
    {
        vol.Required(CONF_OPTIONS, default={}): {
            vol.Required(CONF_SHARE, default=100.0): vol.All(
                vol.Coerce(float), vol.Range(min=1, max=200)
            )
        }
    }
)


class DliReachedTrigger(OurEntities, EntityTriggerBase):
    """Fires when a level has got a share of the light of its day."""

    _domain_specs = {SENSOR_DOMAIN: DomainSpec()}  # noqa: RUF012 - as the base class has it
    _schema = _DLI_SCHEMA
    keys = ("dli",)

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Whether it was less before."""
        return not self.is_valid_state(from_state, _say_nothing)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Whether the light is that share of what the recipe asks for, as precisely as it is
        shown."""
        target = self._target_of(state.entity_id)
        if target is None:
            report_not_triggered("no_dli_target", entity_id=state.entity_id)
            return False
        try:
            got = float(state.state)
        except ValueError:
            return False
        share: float = self._options[CONF_SHARE]
        return got >= round(target * share / 100, 1)

    def _target_of(self, entity_id: str) -> float | None:
        """What the level of a light integral is to get today, mol/m²."""
        registry = er.async_get(self._hass)
        registered = registry.async_get(entity_id)
        if registered is None:
            return None
        other = registry.async_get_entity_id(
            SENSOR_DOMAIN, DOMAIN, f"{registered.unique_id}_target"
        )
        state = None if other is None else self._hass.states.get(other)
        try:
            return None if state is None else float(state.state)
        except ValueError:
            return None


def _say_nothing(reason: str, /, **data: Any) -> None:
    """A look at how it was before is nothing to report."""


class ProblemRaisedTrigger(OurEntities, EntityTriggerBase):
    """Fires when a part of a farm has a problem that it did not have."""

    _domain_specs = {  # noqa: RUF012 - as the base class has it
        BINARY_SENSOR_DOMAIN: DomainSpec(value_source=ATTR_PROBLEMS)
    }
    _schema = ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR.extend(
        {vol.Required(CONF_OPTIONS, default={}): {vol.Optional(CONF_PROBLEM): _TEXTS}}
    )
    keys = (PROBLEM.key,)

    def _problems(self, state: State) -> frozenset[str]:
        """The problems that are asked for."""
        found = frozenset(self._get_tracked_value(state) or ())
        asked = self._options.get(CONF_PROBLEM)
        return found & frozenset(asked) if asked else found

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Whether there is one more than before."""
        return bool(self._problems(to_state) - self._problems(from_state))

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Whether there is a problem."""
        return bool(self._problems(state))


TRIGGERS: Mapping[str, type[Trigger]] = {
    **_triggers_on_happenings(),
    "dli_reached": DliReachedTrigger,
    "problem_raised": ProblemRaisedTrigger,
    "vpd_crossed_threshold": VpdCrossedThresholdTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """The triggers of vfarm."""
    return dict(TRIGGERS)
