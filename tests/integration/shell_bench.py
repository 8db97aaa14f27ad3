"""What `scripts/bench shell` measures. Not a test by its name: it takes minutes."""

from __future__ import annotations

import json

import pytest
from busy_hour import busy_hour
from freezegun.api import FrozenDateTimeFactory
from home_farm import settled
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from test_scale import LEVELS, grown, of, trivial_s

from custom_components.vfarm.const import DOMAIN


def row(name: str, value: float, unit: str, peer: str | None = None, ratio: float = 0.0) -> None:
    """One line for programs."""
    measured = {"name": name, "value": round(value, 3), "unit": unit}
    print(json.dumps({**measured, "peer": peer, "ratio": round(ratio, 2) if peer else None}))


@pytest.mark.timeout(1800)
async def test_a_thousand_levels(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    entry, took = await grown(hass, LEVELS)
    found = of(hass, entry)
    enabled = [e for e in found if e.disabled_by is None]
    bare = await trivial_s(hass, len(enabled), len(found) - len(enabled))
    with capsys.disabled():
        print()
        row("shell_entities_enabled", len(enabled), "entities")
        peer = "as many entities that do nothing"
        row("shell_setup_1000_levels", took, "s of processor", peer, took / bare)

    sow = {
        "node": [level.id for level in entry.runtime_data.farm.levels],
        "recipe": "lettuce_butterhead",
        "sown_days_ago": 20,
    }
    await hass.services.async_call(DOMAIN, "start_batch", sow, blocking=True)
    await settled(hass)
    busy = await busy_hour(hass, freezer, entry)
    _, most = busy.worst_minute()
    with capsys.disabled():
        row("shell_busy_hour_reports", busy.reports, "reports/h")
        row("shell_busy_hour_writes", busy.total, "writes/h")
        row("shell_busy_hour_writes_per_entity", busy.total / len(enabled), "writes/entity/h")
        row("shell_busy_hour_worst_entity", most, "writes in any minute")
        row("shell_busy_hour_calls", busy.calls.total(), "calls/h")

    await hass.config_entries.async_remove(entry.entry_id)
    await settled(hass)
    devices = dr.async_get(hass)
    left = len(of(hass, entry)) + len(dr.async_entries_for_config_entry(devices, entry.entry_id))
    left += len(dr.async_child_entries_for_config_entry(devices, entry.entry_id))
    with capsys.disabled():
        row("shell_left_after_removal", left, "entities and devices")
