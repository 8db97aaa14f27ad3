"""Who advertises."""

from __future__ import annotations

import pytest

from vfarm_core.devices.ble.kinds import Kind, kind_of

XIAOMI = "0000FE95-0000-1000-8000-00805F9B34FB"


@pytest.mark.parametrize(
    ("name", "service_data", "kind"),
    [
        ("BLE-C600", (), Kind.WATER_TESTER),
        ("BLE-9909-12", (), Kind.WATER_TESTER),
        ("Flower care", (XIAOMI,), Kind.PLANT_SENSOR),
        ("Flower care", (), Kind.PLANT_SENSOR),
        ("Flower care", ("0000180f-0000-1000-8000-00805f9b34fb",), None),
        ("LYWSD03MMC", (XIAOMI,), None),
        ("BLE-Keyboard", (), None),
        ("", (), None),
        (None, (XIAOMI,), None),
    ],
)
def test_a_meter_is_known_by_its_name(
    name: str | None, service_data: tuple[str, ...], kind: Kind | None
) -> None:
    assert kind_of(name, service_data) is kind
