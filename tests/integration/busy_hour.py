"""An hour in which every sensor of a farm reports again and again, and what it makes of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from home_farm import pass_time
from homeassistant.const import EVENT_CALL_SERVICE, EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from vfarm_core.farm.roles import Role

HOUR_S = 3600
#: Each sensor has another value this often (s).
EVERY_S = 20
MINUTE_S = 60


@dataclass(slots=True)
class Busy:
    """What an hour was: reports that came in, writes of each entity with their instants (s), and
    calls of services."""

    reports: int = 0
    writes: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """Writes of all entities."""
        return sum(len(at) for at in self.writes.values())

    def worst_minute(self) -> tuple[str, int]:
        """The entity that wrote most within any minute, and how often it did."""
        return max(
            ((entity_id, in_any_minute(at)) for entity_id, at in self.writes.items()),
            key=lambda found: found[1],
        )


def in_any_minute(instants: list[float]) -> int:
    """The most of ordered instants that lie within less than a minute."""
    return max(
        sum(1 for later in instants[place:] if later < at + MINUTE_S)
        for place, at in enumerate(instants)
    )


async def busy_hour(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry
) -> Busy:
    """Let every sensor report another value three times a minute, for an hour."""
    found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    ours = {e.entity_id for e in found}
    busy = Busy()

    @callback
    def is_ours(data: Mapping[str, Any]) -> bool:
        return data["entity_id"] in ours

    @callback
    def written(event: Event[Any]) -> None:
        busy.writes[event.data["entity_id"]].append(dt_util.utcnow().timestamp())

    @callback
    def called(event: Event[Any]) -> None:
        busy.calls[f"{event.data['domain']}.{event.data['service']}"] += 1

    # What is the same again is a write, too.
    stops = [
        hass.bus.async_listen(EVENT_STATE_CHANGED, written, is_ours),
        hass.bus.async_listen(EVENT_STATE_REPORTED, written, is_ours),
        hass.bus.async_listen(EVENT_CALL_SERVICE, called),
    ]
    engine = entry.runtime_data.engine
    sensors = [b for b in engine.farm.bindings if b.entity.startswith("sensor.")]
    at_rest: dict[str, tuple[float, Mapping[str, Any]]] = {}
    for b in sensors:
        state = hass.states.get(b.entity)
        assert state is not None
        # Light is about what the lamps are told to give.
        value = engine.snapshot(b.node).ppfd_target if b.role is Role.PPFD else float(state.state)
        at_rest[b.entity] = (value, state.attributes)
    for step in range(HOUR_S // EVERY_S):
        for place, (entity_id, (value, attributes)) in enumerate(at_rest.items()):
            swing = (step * 7 + place * 3) % 10 / 20
            # Of light as large a share as of the rest.
            now = value * (1 + swing / 10) if entity_id.endswith("_ppfd") else value + swing
            hass.states.async_set(entity_id, f"{now:.2f}", attributes)
            busy.reports += 1
        await pass_time(hass, freezer, EVERY_S, step=EVERY_S)
    for stop in stops:
        stop()
    return busy
