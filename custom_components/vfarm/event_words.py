"""What happened in a farm as a sentence, in the language of the system.

The logbook knows no language of a reader, and a message to a phone has none: both are in that of
the house. The core tells a kind and keys; words and names come in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .naming import Naming
from .people import named

#: Parameters that are keys with a word, by the kind of event: the selector that has it.
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "phase_changed": {"was": "recipe_word", "phase": "recipe_word"},
    "mode_changed": {"was": "mode", "mode": "mode"},
    "loop_armed": {"loop": "loop"},
    "loop_disarmed": {"loop": "loop"},
    "override_set": {"quantity": "quantity"},
    "override_ended": {"quantity": "quantity"},
    "role_changed": {"value": "user_role", "was": "user_role"},
    "request_refused": {"role": "user_role", "needs": "user_role"},
    "rollout_started": {"strategy": "rollout_strategy"},
    "rollout_paused": {"why": "rollout_gate"},
    "probe_set": {"use": "probe_use"},
    "reservoir_cleared": {"what": "inhibit"},
    "workflow_started": {"workflow": "workflow"},
    "workflow_step": {"workflow": "workflow"},
    "workflow_ended": {"workflow": "workflow"},
    "shot_ended": {"end": "shot_end"},
    "circuit_inhibited": {"end": "shot_end"},
    "dose_ended": {"end": "dose_end"},
    "fill_ended": {"end": "dose_end"},
    "actuator_tried": {"end": "pulse_end"},
    "memory_accepted": {"mode": "mode"},
    "test_alarm_ended": {"end": "alarm_test_end"},
    "device_set": {"end": "write_end"},
    "drill_started": {"loss": "station_loss"},
    "protection_worked": {"protection": "station_protection"},
    "protection_failed": {"protection": "station_protection"},
    "over_temperature": {"stage": "heat_stage"},
    "temperature_rising": {"stage": "heat_stage"},
}
#: Why a person has to look: said as the problem that is shown.
_PROBLEM: Final = f"component.{DOMAIN}.entity.binary_sensor.problem.state_attributes.problems.state"
_INHIBITED: Final = ("dosing_inhibited", "fill_inhibited")
#: Parameters that are keys of nodes or bindings; of a batch, only where it was and is.
_PLACES: Final = ("point",)
_MOVED: Final = ("was", "now")


class _Known(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


@callback
def async_sentence(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """What happened, from the data of an event on the bus."""
    data = named(hass, data)
    kind: str = data["kind"]
    texts = _texts(hass, "selector")
    message = texts.get(f"component.{DOMAIN}.selector.event.options.{kind}")
    if message is None:
        return kind.replace("_", " ")
    said = _Said(hass, data, texts)
    return message.format_map(_Known({key: said.param(key) for key in data["params"]}))


def _texts(hass: HomeAssistant, category: str) -> Mapping[str, str]:
    return async_get_cached_translations(hass, hass.config.language, category, DOMAIN)


class _Said:
    """The parameters of one event, as they are said."""

    def __init__(
        self, hass: HomeAssistant, data: Mapping[str, Any], texts: Mapping[str, str]
    ) -> None:
        self._hass = hass
        self._kind: str = data["kind"]
        self._params: Mapping[str, Any] = data["params"]
        entry = hass.config_entries.async_get_entry(data.get("entry_id", ""))
        self._texts = texts
        self._naming = None if entry is None else Naming(entry=entry, words=texts)

    def param(self, key: str) -> str:
        """A parameter in words."""
        value = self._params[key]
        match value:
            case None:
                return "?"
            case float():
                text = f"{value:g}"
                return text if self._hass.config.language.startswith("en") else _comma(text)
            case str():
                return self._word(key, value)
        return str(value)

    def _word(self, key: str, value: str) -> str:
        if (selector := _WORDS.get(self._kind, {}).get(key)) is not None:
            path = f"component.{DOMAIN}.selector.{selector}.options.{value}"
            return self._texts.get(path, value.replace("_", " "))
        if key == "by":
            return self._texts.get(f"component.{DOMAIN}.selector.event_by.options.{value}", value)
        if key == "why" and self._kind in _INHIBITED:
            return _texts(self._hass, "entity").get(f"{_PROBLEM}.{value}", value.replace("_", " "))
        if key == "what":
            service = value.removeprefix(f"{DOMAIN}.")
            path = f"component.{DOMAIN}.services.{service}.name"
            return _texts(self._hass, "services").get(path, value)
        place = key in _PLACES or (self._kind == "batch_moved" and key in _MOVED)
        return self._naming.place(value) if place and self._naming is not None else value


def _comma(text: str) -> str:
    return text.replace(".", ",")
