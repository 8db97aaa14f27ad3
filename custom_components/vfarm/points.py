"""The bound entities: what they report, under whatever entity id they have."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import (
    CALLBACK_TYPE,
    Context,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
)

from vfarm_core.control.inputs import Cause, Input, PricesKnown, Report
from vfarm_core.control.prices import Prices
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import Role

from .clock import FarmClock
from .entity_values import is_on_the_way, raw_of
from .prices import prices_of

#: Fired with the context under which an automation acts.
_AUTOMATION_EVENT = "automation_triggered"
#: Fired with the context under which a script acts; a script may be how a device is switched.
_SCRIPT_EVENT = "script_started"
#: So many contexts of automations and scripts are remembered, of each.
_CONTEXTS = 256


class Points:
    """Follows exactly the bound entities of a farm and tells what they report."""

    def __init__(
        self,
        hass: HomeAssistant,
        clock: FarmClock,
        report: Callable[[Sequence[Input]], None],
        is_own: Callable[[Context], bool],
        missing_changed: Callable[[Mapping[str, Binding]], None],
    ) -> None:
        self._hass = hass
        self._clock = clock
        self._report = report
        self._is_own = is_own
        self._missing_changed = missing_changed
        self._registry = er.async_get(hass)
        self._bindings: tuple[Binding, ...] = ()
        self._followed: dict[str, Binding] = {}
        self._entities: dict[str, str] = {}
        self._by_entity: dict[str, list[Binding]] = {}
        #: What the bindings name, and whether one of them names nothing: entities come by the
        #: thousand when farms are set up, and each is looked at.
        self._named: set[str] = set()
        self._unresolved = False
        self._states: list[CALLBACK_TYPE] = []
        self._missing: Mapping[str, Binding] = {}
        self._told = False
        self._started = False
        self._prices: Prices | None = None
        self._automations: OrderedDict[str, None] = OrderedDict()
        self._scripts: OrderedDict[str, None] = OrderedDict()
        self._others = [
            hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._registry_updated),
            hass.bus.async_listen(_AUTOMATION_EVENT, self._automation_ran),
            hass.bus.async_listen(_SCRIPT_EVENT, self._script_ran),
        ]

    @callback
    def follow(self, farm: Farm) -> None:
        """Follow the bindings of a farm from now on."""
        self._bindings = farm.bindings
        self._followed = {b.id: b for b in farm.bindings}
        self._prices = None
        self._resolve()

    def entity_of(self, binding: Binding) -> str | None:
        """The entity id a binding has now; None when it does not exist. Also of a binding that is
        not followed any more: what was let go still has to be switched off."""
        if self._followed.get(binding.id) == binding:
            return self._entities.get(binding.id)
        return er.async_resolve_entity_id(self._registry, binding.entity)

    @property
    def entities(self) -> Mapping[str, str]:
        """Entity id by binding id, of all that exist."""
        return self._entities

    def is_bound(self, entity_id: str) -> bool:
        """Whether a binding follows this entity."""
        return entity_id in self._by_entity

    @property
    def missing(self) -> Mapping[str, Binding]:
        """The bindings whose entity does not exist, as last told."""
        return self._missing

    @callback
    def _resolve(self) -> None:
        before = set(self._by_entity)
        self._named = {binding.entity for binding in self._bindings}
        self._entities = {}
        self._by_entity = {}
        for binding in self._bindings:
            entity_id = er.async_resolve_entity_id(self._registry, binding.entity)
            if entity_id is None:
                continue
            self._entities[binding.id] = entity_id
            self._by_entity.setdefault(entity_id, []).append(binding)
        self._unresolved = any(b.id not in self._entities for b in self._bindings)
        if before != set(self._by_entity):
            self._listen()
        self.look_for_missing()

    @callback
    def start(self) -> None:
        """Tell what is missing from now on: what was set up with us is there by now."""
        self._started = True
        self.look_for_missing()
        self.tell_prices()

    @callback
    def look_for_missing(self) -> None:
        """Tell which bindings have an entity that does not exist.

        An entity that is not in the registry only exists through its state, which comes late while
        Home Assistant starts. One that is disabled there has no state until it is enabled again.
        """
        missing = {
            b.id: b
            for b in self._bindings
            if (entity_id := self.entity_of(b)) is None
            or (
                self._hass.is_running
                and self._hass.states.get(entity_id) is None
                and ((known := self._registry.async_get(entity_id)) is None or known.disabled)
            )
        }
        if self._started and (missing != self._missing or not self._told):
            self._missing, self._told = missing, True
            self._missing_changed(missing)

    @callback
    def _listen(self) -> None:
        for stop in self._states:
            stop()
        entities = list(self._by_entity)
        self._states = [
            async_track_state_change_event(self._hass, entities, self._changed),
            async_track_state_report_event(self._hass, entities, self._reported),
        ]

    @callback
    def _registry_updated(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        data = event.data
        if data["action"] == "create":
            bound = data["entity_id"] in self._named
        else:
            old = data.get("old_entity_id", data["entity_id"])
            known = old in self._by_entity or data["entity_id"] in self._by_entity
            bound = known or self._unresolved
        if not bound:
            return
        before = dict(self._entities)
        self._resolve()
        changed = [b for b in self._bindings if before.get(b.id) != self._entities.get(b.id)]
        self._report(self.reports(changed))

    @callback
    def tell_prices(self) -> None:
        """Tell what electricity costs when that is news. Prices that were published stay true when
        their entity is away; they run out by themselves."""
        for binding in self._bindings:
            entity_id = self.entity_of(binding) if binding.role is Role.ENERGY_PRICE else None
            state = self._hass.states.get(entity_id) if entity_id else None
            if not self._started or state is None or state.state == STATE_UNAVAILABLE:
                continue
            prices = prices_of(state)
            if prices != self._prices:
                self._prices = prices
                self._report([PricesKnown(prices)])

    @callback
    def _automation_ran(self, event: Event) -> None:
        _remember(self._automations, event.context)

    @callback
    def _script_ran(self, event: Event) -> None:
        _remember(self._scripts, event.context)

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        self._take(event.data["entity_id"], event.data["new_state"])

    @callback
    def _reported(self, event: Event[EventStateReportedData]) -> None:
        self._take(event.data["entity_id"], event.data["new_state"])

    @callback
    def _take(self, entity_id: str, state: State | None) -> None:
        if state is not None and is_on_the_way(state):
            return
        self._report([self._as_report(b, state) for b in self._by_entity.get(entity_id, ())])
        if any(b.role is Role.ENERGY_PRICE for b in self._by_entity.get(entity_id, ())):
            self.tell_prices()
        if state is None or any(b.id in self._missing for b in self._by_entity.get(entity_id, ())):
            self.look_for_missing()

    def reports(self, bindings: Iterable[Binding]) -> list[Report]:
        """What the entities of bindings say now."""
        found = []
        for binding in bindings:
            entity_id = self.entity_of(binding)
            state = self._hass.states.get(entity_id) if entity_id else None
            if state is None or not is_on_the_way(state):
                found.append(self._as_report(binding, state, known=False))
        return found

    def _as_report(self, binding: Binding, state: State | None, *, known: bool = True) -> Report:
        raw, unit = raw_of(state, binding)
        if state is None:
            return Report(binding.id, None, None, self._clock.now().farm)
        return Report(
            binding.id,
            raw,
            unit,
            self._clock.farm_at(state.last_reported_timestamp),
            self._cause(state.context) if known else Cause.UNKNOWN,
        )

    def _cause(self, context: Context) -> Cause:
        if context.id in self._automations:
            # Also when it was triggered by what we switched, which makes us its parent.
            return Cause.OTHER
        if self._is_own(context):
            return Cause.OWN
        if context.user_id is not None:
            return Cause.PERSON
        if context.id in self._scripts or context.parent_id is not None:
            return Cause.OTHER
        return Cause.UNKNOWN

    def waiting(self) -> list[str]:
        """Bound entities that exist but have nothing to say yet."""
        return [
            entity_id
            for entity_id, bindings in self._by_entity.items()
            # Nothing waits for a forecast.
            if any(b.role is not Role.ENERGY_PRICE for b in bindings)
            and (
                (state := self._hass.states.get(entity_id)) is None
                or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN)
            )
        ]

    @callback
    def close(self) -> None:
        """Stop following."""
        for stop in (*self._states, *self._others):
            stop()
        self._states, self._others = [], []


def _remember(contexts: OrderedDict[str, None], context: Context) -> None:
    contexts[context.id] = None
    if len(contexts) > _CONTEXTS:
        contexts.popitem(last=False)
