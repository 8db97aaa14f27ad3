"""Drying: the humidity a zone holds, and when it has to be drier than the recipe alone asks.

By day a VPD target leads. From lights-off humidity itself is held, below what would let dew form on
the coldest surface; ahead of lights-on and lights-off the air is dried for what follows.
"""

from __future__ import annotations

from dataclasses import replace

from ..batches.progress import progress
from ..farm.nodes import Level
from ..recipes.model import OPEN, ClimateQuantity, PhaseKind, Setpoint
from ..science.air import (
    humidity_for_vpd_pct,
    relative_humidity_pct,
    saturation_vapour_pressure_kpa,
)
from ..science.canopy import canopy_balance
from . import readings
from .draft import Draft
from .targets import Target, dark_from, zone_target

#: Humid nights end this long before lights-on (s) (design choice: long enough for a dryer sized
#: for a closed canopy, and short beside the hours of humid night that prevent tip-burn).
DRY_AHEAD_S = 1800.0
#: Where no surface is measured, the coldest one is taken to be so much below the air (K) (design
#: choice: leaves in the dark, pipes and outer walls of an insulated room).
SURFACE_BELOW_AIR_K = 0.5
#: Devices switch this far off the target (%) (design choice; about twice the noise of a good
#: sensor): drying for a limit begins at the limit, not beyond it.
WIDTH = 3.0
#: Above this, surfaces a little colder than the air are wet: dew point within about 1 K of the air.
_MAX_HUMIDITY = 93.0
#: Leaf area index of a stand at harvest (science.md 1.7 and 4.4 work with 3).
_LAI_FULL = 3.0
#: µmol of light in a joule of white LED (science.md 1.3: 4.5 to 4.9).
_UMOL_J = 4.7


def humidity_target(
    d: Draft,
    zone: str,
    setpoints: dict[ClimateQuantity, Setpoint],
    temperature: float | None,
) -> Target | None:
    """The relative humidity to hold."""
    asked = _asked(d, zone, setpoints, temperature)
    if temperature is None or asked is None or asked.value is None or asked.overridden:
        return asked
    if d.zone(zone).day:
        caps = [("dry_for_night", _for_night(d, zone, setpoints, temperature))]
    else:
        caps = [
            ("dry_for_day", _for_day(d, zone, setpoints, temperature)),
            ("dew_guard", night_limit(d, zone, temperature)),
        ]
    for why, cap in caps:
        if cap is not None and cap < (asked.value or 0.0):
            asked = replace(asked, value=cap, why=why)
    return asked


def _asked(
    d: Draft,
    zone: str,
    setpoints: dict[ClimateQuantity, Setpoint],
    temperature: float | None,
) -> Target | None:
    """What recipe and overrides ask for. From lights-off VPD no longer leads, because it would ask
    for condensing air in the cold."""
    vpd = zone_target(d, zone, ClimateQuantity.VPD, setpoints)
    humidity = zone_target(d, zone, ClimateQuantity.HUMIDITY, setpoints)
    if vpd is None or vpd.value is None or temperature is None:
        return humidity
    if humidity is not None and humidity.overridden:
        return humidity
    if not (d.zone(zone).day or humidity is None or vpd.overridden):
        return humidity
    wanted = humidity_for_vpd_pct(temperature, vpd.value)
    limits = humidity or Target(None, OPEN, OPEN)
    return Target(
        min(max(wanted, 0.0), _MAX_HUMIDITY), limits.warning, limits.critical, vpd.overridden
    )


# -- ahead of lights-on -------------------------------------------------------------------------


def _for_day(
    d: Draft, zone: str, setpoints: dict[ClimateQuantity, Setpoint], temperature: float
) -> float | None:
    """The humidity (%) that lets a night end within the day's VPD limits; None when nothing asks
    for drying yet. No drier than the day itself, and no drier than those limits need."""
    vpd = setpoints.get(ClimateQuantity.VPD)
    low = None if vpd is None else vpd.warning(True).low
    at = dry_from(d, zone)
    if low is None or at is None or d.now.farm < at:
        return None
    limit = min(max(humidity_for_vpd_pct(temperature, low), 0.0), _MAX_HUMIDITY)
    humidity = setpoints.get(ClimateQuantity.HUMIDITY)
    by_day = None if humidity is None else humidity.at(True)
    return limit if by_day is None else max(limit, by_day)


def dry_from(d: Draft, zone: str) -> float | None:
    """When a dark zone starts to dry ahead of its next lights-on (farm time); None while it is
    lit, and where no light is planned."""
    if d.zone(zone).day:
        return None
    begins = []
    for level in d.farm.levels_of_zone[zone]:
        day = d.level(level.id).light_day
        if day is not None and day.end_s > day.start_s:
            begins.append(day.start_s if d.now.farm < day.start_s else day.next_start_s)
    return min(begins) - DRY_AHEAD_S if begins else None


# -- ahead of lights-off ------------------------------------------------------------------------


def _for_night(
    d: Draft, zone: str, setpoints: dict[ClimateQuantity, Setpoint], temperature: float
) -> float | None:
    """The humidity (%) of air that may cool down to the night without leaving its limits: after
    lights-off plants still transpire while the cooler has less to do. No drier than the limits of
    day and night allow; None when nothing asks for drying yet."""
    at = dry_for_night_from(d, zone)
    asked = setpoints.get(ClimateQuantity.AIR_TEMPERATURE)
    night = None if asked is None else asked.at(False)
    if at is None or d.now.farm < at or night is None or night >= temperature:
        return None
    humidity = setpoints.get(ClimateQuantity.HUMIDITY)
    limits = [night_limit(d, zone, night, estimated=True)]
    lowest = [0.0]
    if humidity is not None:
        limits.append(humidity.warning(False).high)
        # At lights-off the air is still warm, and the limits are those of the night at once.
        lowest += [humidity.warning(day).low or 0.0 for day in (True, False)]
    vpd = setpoints.get(ClimateQuantity.VPD)
    if vpd is not None and (high := vpd.warning(True).high) is not None:
        highest_vpd = min(high, saturation_vapour_pressure_kpa(temperature))
        lowest.append(humidity_for_vpd_pct(temperature, highest_vpd))
    known = [limit for limit in limits if limit is not None]
    if not known:
        return None
    vapour = saturation_vapour_pressure_kpa(night) * min(known) / 100.0
    # A width from those limits: the dryer goes beyond its target before it stops.
    return max(relative_humidity_pct(temperature, vapour), max(lowest) + WIDTH)


def dry_for_night_from(d: Draft, zone: str) -> float | None:
    """When a lit zone starts to dry for its night (farm time); None where nobody asks for it."""
    ahead_s = d.farm.zone[zone].dry_ahead_min * 60
    end = dark_from(d, zone) if ahead_s > 0 else None
    return None if end is None else end - ahead_s


# -- dew ----------------------------------------------------------------------------------------


def coldest_surface(d: Draft, zone: str, temperature: float) -> float:
    """Temperature (°C) of the coldest surface of a zone: measured on the zone or a level, else
    estimated from the air."""
    measured = [
        value
        for node, role in d.farm.surfaces_of_zone[zone]
        if (value := readings.value(d, node, role)) is not None
    ]
    return min(measured, default=temperature - SURFACE_BELOW_AIR_K)


def guarded(d: Draft, zone: str) -> bool:
    """Whether dew would hurt: something grows that is not all under the lids of germination."""
    return any(d.phase(b).kind is not PhaseKind.GERMINATION for b in d.zone_batches(zone))


def night_limit(
    d: Draft, zone: str, temperature: float, *, estimated: bool = False
) -> float | None:
    """The humidity (%) to hold at most in the dark, so that drying begins while the dew point is
    still the zone's margin below the coldest surface. `estimated`: of a night to come, whose
    surfaces nobody has measured yet."""
    if not guarded(d, zone):
        return None
    surface = temperature - SURFACE_BELOW_AIR_K
    if not estimated:
        surface = coldest_surface(d, zone, temperature)
    wettest = min(surface - d.farm.zone[zone].dew_margin_k, temperature)
    limit = relative_humidity_pct(temperature, saturation_vapour_pressure_kpa(wettest))
    return max(0.0, limit - WIDTH)


def condensing(
    d: Draft, zone: str, temperature: float | None, dew_point: float | None, *, was: bool
) -> bool:
    """Whether dew forms on the coldest surface; over only when the margin is there again."""
    if temperature is None or dew_point is None or not guarded(d, zone):
        return False
    margin = d.farm.zone[zone].dew_margin_k if was else 0.0
    return dew_point >= coldest_surface(d, zone, temperature) - margin


# -- what plants give to the air ----------------------------------------------------------------


def latent_share(d: Draft, zone: str, temperature: float | None, humidity: float | None) -> float:
    """What the plants give to the air now, as a share of what the zone's dehumidifiers take out at
    full output; 0 where that is not known. Graamans' balance under the light that the levels get,
    with a leaf area that grows with the age of the batch (design choice: linear)."""
    capacity = d.farm.zone[zone].drying_kg_h
    if capacity is None or temperature is None or humidity is None:
        return 0.0
    litres_h = sum(
        _transpired_l_h(d, level, temperature, humidity) for level in d.farm.levels_of_zone[zone]
    )
    return min(1.0, max(0.0, litres_h / capacity))


def _transpired_l_h(d: Draft, level: Level, temperature: float, humidity: float) -> float:
    ppfd = d.level(level.id).ppfd_now
    return transpiration_l_m2_h(d, level, ppfd, temperature, humidity) * level.area_m2


def transpiration_l_m2_h(
    d: Draft, level: Level, ppfd: float, temperature: float, humidity: float
) -> float:
    """What the plants of a level give to the air, L/m²/h. Raises ScienceError for air in which no
    leaf balances."""
    batches = d.growing(level.id)
    if not batches:
        return 0.0
    batch = batches[0]
    age = progress(batch, d.recipe(batch), d.now.farm).fraction
    ppfd = min(ppfd, 3000.0)
    lai = _LAI_FULL * min(1.0, max(0.0, age))
    balance = canopy_balance(ppfd, ppfd / _UMOL_J, temperature, humidity, lai)
    return balance.transpiration_l_m2_h
