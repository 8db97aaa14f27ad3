"""What entities share through which a person holds a target in place of the recipe's, for some
hours."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any, Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from vfarm_core.control.effects import Event
from vfarm_core.control.inputs import ClearOverride, SetOverride
from vfarm_core.farm.overrides import Override, Quantity

from .entity import SnapshotEntity, async_by
from .people import people_of

ATTR_UNTIL: Final = "until"
ATTR_BY: Final = "by"

_TOLD = ("override_set", "override_ended")


class OverridingEntity[V](SnapshotEntity[V]):
    """An entity that shows targets of its node and sets overrides of them."""

    discrete = False
    _soon: asyncio.Handle | None = None

    def held(self, quantity: Quantity) -> Override | None:
        """The override of a target of the node, if there is one."""
        return self.engine.runtime.memory.overrides.get(f"{self.node}.{quantity}")

    async def async_hold(self, quantity: Quantity, value: float) -> None:
        """Hold a target for as long as the farm says. Raises ServiceValidationError."""
        by = await async_by(self.hass, self._context)
        hours = self.entry.runtime_data.override_h
        until = self.engine.clock.now().farm + hours * 3600.0
        asked = Override(node=self.node, quantity=quantity, value=value, expires_at=until, by=by)
        await self.async_ask(SetOverride(override=asked, by=by))

    async def async_let_go(self, *quantities: Quantity) -> None:
        """Leave targets that are held to the recipe again."""
        by = await async_by(self.hass, self._context)
        for quantity in quantities:
            if self.held(quantity) is not None:
                await self.async_ask(ClearOverride(node=self.node, quantity=quantity, by=by))

    @override
    async def async_added_to_hass(self) -> None:
        """Hear besides of an override that changes its end alone, which no snapshot shows."""
        await super().async_added_to_hass()
        self.async_on_remove(self.engine.listen_events(self._told))
        self.async_on_remove(self._forget)

    @callback
    def _told(self, event: Event) -> None:
        if event.kind in _TOLD and event.node == self.node and self._soon is None:
            # The snapshot that goes with it comes after the event.
            self._soon = self.hass.loop.call_soon(self._look)

    @callback
    def _look(self) -> None:
        self._soon = None
        if self.snapshot is not None:
            self._changed(self.snapshot)

    @callback
    def _forget(self) -> None:
        if self._soon is not None:
            self._soon.cancel()


def told(hass: HomeAssistant, held: Override | None) -> dict[str, Any]:
    """The attributes that tell of an override."""
    if held is None:
        return {}
    by = people_of(hass).call(held.by)
    return {ATTR_UNTIL: _instant(held.expires_at), ATTR_BY: by}


def _instant(at: float) -> dt.datetime:
    return dt_util.utc_from_timestamp(round(at))
