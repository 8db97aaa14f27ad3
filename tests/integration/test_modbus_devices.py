"""Modbus devices of a farm, on a real line: they tell, they obey or say that they did not, and they
come and go without disturbing the farm."""

from __future__ import annotations

from typing import Any

import pytest
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from modbus_bench import bank_of, device, entity_id, lined, place, said, until
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.const import DOMAIN

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_a_probe_tells_what_it_measures(hass: HomeAssistant) -> None:
    async with lined({1: bank_of("xy_md02")}) as port:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Farm",
            data={"kind": "farm"},
            subentries_data=[device(place(port))],
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        air = entity_id(hass, entry, "sensor", "temperature")
        await until(lambda: said(hass, air) not in (None, STATE_UNAVAILABLE))
        print(hass.states.get(air), hass.states.async_all())
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
