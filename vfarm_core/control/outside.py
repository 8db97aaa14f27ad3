"""Outside air: whether exhausting brings in air that cools or dries a zone.

Measured on the zone or on the farm. Where it is not measured, or not surely, exhaust works as if it
helped: that is how it was bound. What clears the air in an emergency never asks here.
"""

from __future__ import annotations

from ..farm.roles import Role
from ..science.air import absolute_humidity_g_m3, enthalpy_kj_kg
from . import readings
from .draft import Draft
from .intents import Intent
from .reasons import Reason
from .strategy import OFF, Hysteresis, StrategyState

#: Outside air helps from this much colder (K) or drier (g/m³) until so much is left (design choice:
#: about three times what two good sensors err).
_COLDER = Hysteresis(sign=-1, width=0.7)
_COLDER_LEFT_K = 0.3
_DRIER = Hysteresis(sign=-1, width=0.5)
_DRIER_LEFT_G_M3 = 0.3


def outside(d: Draft, zone: str) -> tuple[float | None, float | None]:
    """Temperature (°C) and humidity (%) of the air outside, as far as they are surely known."""
    found = []
    for role in (Role.OUTSIDE_TEMPERATURE, Role.OUTSIDE_HUMIDITY):
        node = zone if d.of(zone, role) else d.farm.id
        found.append(readings.reading(d, node, role).value)
    return found[0], found[1]


def refused(
    d: Draft,
    zone: str,
    role: Role,
    temperature: float | None,
    humidity: float | None,
    loops: dict[str, StrategyState],
) -> Intent | None:
    """Exhaust in place of a cooler or dehumidifier that would not help: the intent to stay off."""
    out_t, out_rh = outside(d, zone)
    key = f"outside.{role}"
    if out_t is None or temperature is None:
        loops.pop(key, None)
        return None
    moist = out_rh is not None and humidity is not None
    if role is Role.COOLER:
        state, helps = _COLDER.decide(loops.get(key, OFF), temperature - out_t, _COLDER_LEFT_K)
        code, inside, out = "outside_warmer", round(temperature, 1), round(out_t, 1)
        if moist and helps:
            assert out_rh is not None
            assert humidity is not None
            # Air that is colder but carries more heat as vapour is a load, not a help.
            helps = enthalpy_kj_kg(out_t, out_rh) < enthalpy_kj_kg(temperature, humidity)
            code = code if helps else "outside_heavier"
    elif not moist:
        loops.pop(key, None)
        return None
    else:
        assert out_rh is not None
        assert humidity is not None
        water = absolute_humidity_g_m3(temperature, humidity)
        out_water = absolute_humidity_g_m3(out_t, out_rh)
        state, helps = _DRIER.decide(loops.get(key, OFF), water - out_water, _DRIER_LEFT_G_M3)
        code, inside, out = "outside_moister", round(water, 1), round(out_water, 1)
    if state == OFF:
        loops.pop(key, None)
    else:
        loops[key] = state
    return None if helps else Intent(0.0, Reason(code, {"value": inside, "outside": out}))
