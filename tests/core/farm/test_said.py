"""A farm is written as a person would: without what says no more than its default."""

from __future__ import annotations

from tests.core.support import bench_farm
from tests.core.tank import tank_farm
from vfarm_core.farm.build import farm_from_dict
from vfarm_core.farm.codec import encode_said


def test_what_is_left_unsaid_is_understood() -> None:
    for farm in (bench_farm(), tank_farm()):
        said = encode_said(farm)
        assert farm_from_dict(said) == farm
        assert "takeover_min" not in said
        assert "supplies" not in said
        assert all("scale" not in binding for binding in said["bindings"])


def test_what_is_needed_or_differs_is_said() -> None:
    said = encode_said(tank_farm())
    (tank,) = said["reservoirs"]
    assert tank["mixing_l_min"] == 20.0
    assert tank["fill"] == {"below": 0.4, "to": 0.7, "max_l": 60, "day_l": 150, "drain_back_l": 30}
    heater = next(b for b in said["bindings"] if b["id"] == "zone.heater")
    assert heater["role"] == "heater"
    assert heater["declaration"]["danger"]
