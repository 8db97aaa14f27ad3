"""What a farm's events look like in the logbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN, EVENT_VFARM
from .people import named

#: English, as the logbook has no translations for integrations.
_MESSAGES = {
    "batch_started": "batch {title} started by {by}",
    "recipe_changed": "batch {title} moves to another version of {recipe} over {hours} h",
    "batch_cut": "batch {title} grows on after harvest number {number}, {kg} kg",
    "phase_changed": "batch {title} went from {was} to {phase}",
    "batch_harvested": "batch {title} harvested by {by}",
    "batch_ready": "batch {title} is ready for harvest",
    "batch_planned": "batch {title} planned by {by}",
    "batch_rescheduled": "batch {title} is to be sown at another time, by {by}",
    "batch_moved": "{sites} sites of batch {title} moved from {was} to {now} by {by}",
    "batch_split": "batch {title}: {plants} plants split off by {by}",
    "batch_merged": "batch {title}: {plants} plants merged by {by}",
    "batch_transplanted": "batch {title} transplanted by {by}",
    "batch_loss": "batch {title} lost {plants} plants ({why})",
    "batch_failed": "batch {title} given up by {by} ({why})",
    "task_done": "{title} done by {by}",
    "task_reopened": "{title} is not done after all, says {by}",
    "lot_received": "lot {lot} ({name}) received by {by}",
    "labour_logged": "{minutes:g} min of work {task}, by {by}",
    "farm_exported": "written to {file} by {by}",
    "device_set": "{what} of {device} set from {was} to {value} by {by} ({end})",
    "role_changed": "{who} is {value} and no longer {was}, by {by}",
    "request_refused": "{what} refused to {by}, who is {role}: it takes {needs}",
    "lot_opened": "lot {lot} in use, by {by}",
    "lot_loaded": "lot {lot} loaded into {point} by {by}",
    "lot_used": "lot {lot} given to batch {title}",
    "lot_closed": "lot {lot} no longer in use, by {by}",
    "rollout_started": "new version of {recipe} is rolled out ({strategy}) by {by}",
    "rollout_paused": "roll-out {rollout} paused by {by} ({why})",
    "rollout_resumed": "roll-out {rollout} goes on, by {by}",
    "rollout_promoted": "roll-out {rollout} promoted by {by}: the new version is for everybody",
    "rollout_rolled_back": "roll-out {rollout} rolled back by {by} ({why})",
    "rollout_done": "roll-out {rollout} is done",
    "rollout_batch_stays": "batch {title} keeps its version in roll-out {rollout} ({why})",
    "override_set": "{quantity} set to {value} by {by}",
    "override_ended": "override of {quantity} ended ({why})",
    "mode_changed": "mode changed from {was} to {mode} by {by}",
    "emergency_stop": "emergency stop by {by}",
    "emergency_released": "emergency stop released by {by}",
    "loop_armed": "{loop} armed by {by}",
    "loop_disarmed": "{loop} disarmed by {by}",
    "shot_started": "shot of {planned_s} s started by {by}",
    "shot_ended": "shot ended ({end}), {delivered_l} L delivered",
    "circuit_inhibited": "no more shots until a person has looked ({end})",
    "dose_ended": "dose of {point} ended ({end}), {delivered_ml} mL given",
    "dosing_inhibited": "no more doses until a person has looked ({why})",
    "fill_inhibited": "no more fills until a person has looked ({why})",
    "volume_low": "volume below its minimum",
    "leak": "leak at {point}",
    "smoke": "smoke at {point}",
    "door_open": "door open for {minutes} min",
    "not_proved": "{point} could not be proved after {attempts} attempts",
    "drill_started": "drill at {station} begun by {by}: {loss} is cut",
    "drill_ended": "drill at {station} ended ({end}): {worked} worked, {failed} failed",
    "protection_worked": "{protection} of {point} worked",
    "protection_failed": "{protection} of {point} did not work when it was tried",
    "takeover": "{point} was taken over",
    "latch_cleared": "latch of {point} cleared by {by}",
    "actuator_pulse": "{point} is tried for {seconds} s by {by}",
    "actuator_tried": "the try of {point} ended ({end}, {proof})",
    "given_back": "{point} was given back by {by}",
    "clock_set": "the clock was set by {by_s} s",
    "memory_lost": "the memory of the farm is lost; it is held until a person has looked",
    "memory_accepted": "the lost memory was accepted by {by}, who has looked; mode {mode}",
    "past_simulated": "its history of the {days} days before it began is simulated",
    "would_send": "monitor: {point} would be set to {value}",
    "would_protect": "monitor: for protection {point} would be set to {value}; it is not",
}


class _Known(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def sentence(data: Mapping[str, Any]) -> str:
    """What happened, from the data of an event on the bus."""
    kind: str = data["kind"]
    message = _MESSAGES.get(kind, kind.replace("_", " "))
    return message.format_map(_Known(data["params"]))


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Describe the events of farms."""

    @callback
    def describe(event: Event) -> dict[str, str]:
        return {
            LOGBOOK_ENTRY_NAME: event.data["name"],
            LOGBOOK_ENTRY_MESSAGE: sentence(named(hass, event.data)),
        }

    async_describe_event(DOMAIN, EVENT_VFARM, describe)
