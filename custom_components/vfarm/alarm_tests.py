"""Test alarms: sent like real ones, and acknowledged where a real one would be.

A test alarm is an event on the bus as every alarm is; automations tell it to phones as they tell
every alarm. Which press of a button answers it is known by contexts alone: the automation that
it has set off runs in a context whose parent is that of the event, and its button carries the id of
that run. So the acknowledgement of another alarm never counts for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.components.automation import EVENT_AUTOMATION_TRIGGERED
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, ServiceCall, callback

from vfarm_core.control.alarm_test import KIND
from vfarm_core.control.effects import Severity
from vfarm_core.control.inputs import AcknowledgeTestAlarm, SendTestAlarm

from .asking import ask
from .const import EVENT_VFARM
from .data import VfarmConfigEntry
from .entity import async_by
from .people import by_of
from .targets import ENTRY_SCHEMA, async_entry

#: What a phone says when a button of a notification is pressed, and how ours begin.
PRESSED: Final = "mobile_app_notification_action"
ACKNOWLEDGED: Final = "VFARM_ACKNOWLEDGE_"

_SEVERITY: Final = "severity"
TEST_SCHEMA = vol.Schema(
    {
        **ENTRY_SCHEMA,
        vol.Optional(_SEVERITY, default=Severity.P2.value): vol.All(
            vol.In([s.value for s in Severity if s is not Severity.INFO]), vol.Coerce(Severity)
        ),
    }
)


async def async_send(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """Raise a test alarm."""
    by = await async_by(hass, call.context)
    request = SendTestAlarm(severity=call.data[_SEVERITY], by=by)
    return await ask(async_entry(hass, call), request)


class _Watch:
    """Follows the test alarm of a farm from the bus to the button that answers it."""

    def __init__(self, hass: HomeAssistant, entry: VfarmConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        #: The context of the newest test alarm, and of the runs that it has set off.
        self._alarm = ""
        self._runs: set[str] = set()

    @callback
    def raised(self, event: Event) -> None:
        """A test alarm is on the bus."""
        self._alarm, self._runs = event.context.id, set()

    @callback
    def mine(self, data: Mapping[str, Any]) -> bool:
        """Whether an event of the bus is a test alarm of this farm."""
        return bool(data["kind"] == KIND and data["entry_id"] == self._entry.entry_id)

    @callback
    def set_off(self, event: Event) -> None:
        """An automation runs."""
        if self._alarm and event.context.parent_id == self._alarm:
            self._runs.add(event.context.id)

    @callback
    def pressed(self, event: Event) -> None:
        """A button was pressed on a phone."""
        action = str(event.data.get("action", ""))
        if action.removeprefix(ACKNOWLEDGED) not in self._runs:
            return
        engine = self._entry.runtime_data.engine
        if engine.running:
            self._alarm, self._runs = "", set()
            # One that has ended meanwhile is answered too late: nothing is left to be said.
            engine.request(AcknowledgeTestAlarm(by=by_of(self._hass, event.context)))


@callback
def async_watch(hass: HomeAssistant, entry: VfarmConfigEntry) -> CALLBACK_TYPE:
    """Follow the test alarms of a farm. Returns what ends it."""
    watch = _Watch(hass, entry)
    ends = (
        hass.bus.async_listen(EVENT_VFARM, watch.raised, event_filter=watch.mine),
        hass.bus.async_listen(EVENT_AUTOMATION_TRIGGERED, watch.set_off),
        hass.bus.async_listen(PRESSED, watch.pressed),
    )

    @callback
    def stop() -> None:
        for end in ends:
            end()

    return stop
