"""Light: photon integrals, photoperiods in elapsed hours, lux to PPFD, lamp energy.

Units: PPFD µmol/m²/s, DLI mol/m²/d, photoperiods elapsed hours, instants epoch seconds.
Sources: Apogee Instruments conversion factors (after Thimijan & Heins 1983); spectral factors
computed from the CIE 015:2018 illuminants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from math import ceil
from types import MappingProxyType

from .errors import FactorNeededError, ScienceError, require

PPFD_HIGH = 5000.0
_MOL_PER_UMOL_HOUR = 0.0036
_DAY_S = 86400.0

#: The largest forward step of a clock in use today is 2 h (Antarctica/Troll).
_CLOCK_STEP_S = 7200.0
#: A year of days holds every step that can still delay a light day.
_LOOK_BACK_DAYS = 400


class Lamp(StrEnum):
    """Light sources by spectrum, for conversions between lux, photons and watts."""

    SUNLIGHT = "sunlight"
    FLUORESCENT_COOL_WHITE = "fluorescent_cool_white"
    HPS_SE = "hps_se"
    HPS_DE = "hps_de"
    METAL_HALIDE = "metal_halide"
    CMH_4200K = "cmh_4200k"
    CMH_3100K = "cmh_3100k"
    LED_WHITE = "led_white"
    LED_WHITE_HIGH_CRI = "led_white_high_cri"
    LED_WHITE_RED_15 = "led_white_red_15"
    LED_WHITE_RED_30 = "led_white_red_30"
    LED_WHITE_RED_50 = "led_white_red_50"
    LED_RED_BLUE = "led_red_blue"
    LED_DEEP_RED = "led_deep_red"
    LED_BLUE = "led_blue"


#: lux per µmol/m²/s. Sun, discharge and fluorescent lamps: measured, Apogee. White phosphor LED:
#: CIE LED-B1…B5 span 67 … 72; high CRI: mean of LED-V1 and V2; with red: LED-B3 plus 660 nm by
#: photons. Red/blue lamps are left out: a lux meter sees them 8 to 9 times too dark.
LUX_PER_PPFD: Mapping[Lamp, float] = MappingProxyType(
    {
        Lamp.SUNLIGHT: 54.0,
        Lamp.FLUORESCENT_COOL_WHITE: 74.0,
        Lamp.HPS_SE: 82.0,
        Lamp.HPS_DE: 77.0,
        Lamp.METAL_HALIDE: 71.0,
        Lamp.CMH_4200K: 65.0,
        Lamp.CMH_3100K: 59.0,
        Lamp.LED_WHITE: 1 / 0.0145,
        Lamp.LED_WHITE_HIGH_CRI: 1 / 0.0183,
        Lamp.LED_WHITE_RED_15: 60.49941,
        Lamp.LED_WHITE_RED_30: 51.29123,
        Lamp.LED_WHITE_RED_50: 39.01365,
    }
)

#: µmol of photons per joule of PAR (400-700 nm), from spectra: D65, FL2, HP1 for both sodium
#: lamps, HP3 for the metal halide family, LED-B3, LED-V1/V2, LED-B3 plus 660 nm, 450/660 nm.
UMOL_PER_J_PAR: Mapping[Lamp, float] = MappingProxyType(
    {
        Lamp.SUNLIGHT: 4.52839,
        Lamp.FLUORESCENT_COOL_WHITE: 4.53228,
        Lamp.HPS_SE: 4.9039,
        Lamp.HPS_DE: 4.9039,
        Lamp.METAL_HALIDE: 4.7576,
        Lamp.CMH_4200K: 4.7576,
        Lamp.CMH_3100K: 4.7576,
        Lamp.LED_WHITE: 4.67944,
        Lamp.LED_WHITE_HIGH_CRI: 4.7666,
        Lamp.LED_WHITE_RED_15: 4.7885,
        Lamp.LED_WHITE_RED_30: 4.90277,
        Lamp.LED_WHITE_RED_50: 5.06389,
        Lamp.LED_RED_BLUE: 4.94075,
        Lamp.LED_DEEP_RED: 5.51717,
        Lamp.LED_BLUE: 3.76171,
    }
)


def dli_mol_m2_d(ppfd: float, hours: float) -> float:
    """Daily light integral of a constant PPFD over `hours` of light. Raises RangeError."""
    _require_ppfd(ppfd)
    require("hours", hours, 0.0, 24.0, "h")
    return ppfd * hours * _MOL_PER_UMOL_HOUR


def ppfd_for_dli(dli: float, hours: float) -> float:
    """The constant PPFD that delivers `dli` in `hours` of light.

    Raises RangeError; ScienceError when there is no light time for a DLI above zero.
    """
    _require_dli(dli)
    require("hours", hours, 0.0, 24.0, "h")
    if dli == 0.0:
        return 0.0
    if hours == 0.0:
        raise ScienceError("hours", hours, f"more than 0 h for a DLI of {dli:g} mol/m²/d")
    return dli / (hours * _MOL_PER_UMOL_HOUR)


def hours_for_dli(dli: float, ppfd: float) -> float:
    """Hours of light of this PPFD that deliver `dli`; may exceed 24, which no day can give.

    Raises RangeError; ScienceError without light for a DLI above zero.
    """
    _require_dli(dli)
    _require_ppfd(ppfd)
    if dli == 0.0:
        return 0.0
    if ppfd == 0.0:
        raise ScienceError("ppfd", ppfd, f"more than 0 µmol/m²/s for a DLI of {dli:g} mol/m²/d")
    return dli / (ppfd * _MOL_PER_UMOL_HOUR)


def photons_mol_m2(ppfd_from: float, ppfd_to: float, seconds: float) -> float:
    """Photons mol/m² between two measurements `seconds` apart, by the trapezoid.

    Raises RangeError.
    """
    _require_ppfd(ppfd_from)
    _require_ppfd(ppfd_to)
    require("seconds", seconds, 0.0, 366 * _DAY_S, "s")
    return (ppfd_from + ppfd_to) / 2.0 * seconds * 1e-6


def lights_on(now: float, anchor: float, photoperiod_h: float, cycle_h: float = 24.0) -> bool:
    """Whether light is planned at `now` for a cycle that began with light at `anchor`.

    Both in epoch seconds; elapsed hours, no wall clock. Raises RangeError.
    """
    require("cycle", cycle_h, 0.1, 240.0, "h")
    require("photoperiod", photoperiod_h, 0.0, cycle_h, "h")
    if photoperiod_h == cycle_h:
        return True
    return (now - anchor) % (cycle_h * 3600.0) < photoperiod_h * 3600.0


@dataclass(frozen=True, slots=True)
class LightDay:
    """One light day: light from `start_s` to `end_s`, dark to `next_start_s` (epoch seconds)."""

    start_s: float
    end_s: float
    next_start_s: float

    def lit(self, now: float) -> bool:
        """Whether light is planned at `now`, an instant of this day."""
        return self.start_s <= now < self.end_s

    def contains(self, now: float) -> bool:
        """Whether `now` belongs to this light day."""
        return self.start_s <= now < self.next_start_s

    @property
    def photoperiod_s(self) -> float:
        """Seconds of light."""
        return self.end_s - self.start_s

    @property
    def dark_s(self) -> float:
        """Seconds of darkness after the light."""
        return self.next_start_s - self.end_s


def light_day(
    now_epoch_s: float, lights_on_local: time, photoperiod_h: float, tz: tzinfo
) -> LightDay:
    """The light day that holds `now_epoch_s`; it starts at this local time in this time zone.

    The photoperiod is counted in elapsed hours from lights-on, so the dark period alone takes up
    a change of the clocks. A local time that the clocks skip comes one step later, 24 hours after
    the last lights-on; one that comes twice counts once, the first time. A photoperiod that does
    not fit into a short day delays the next lights-on until it is complete. Continuous light
    (24 h) has no dark to give: it is always lit and its days follow the wall clock.
    Raises RangeError; ScienceError for a lights-on time that carries a zone of its own.
    """
    require("photoperiod", photoperiod_h, 0.0, 24.0, "h")
    require("now", now_epoch_s, 0.0, 2.5e11, "s")
    if lights_on_local.tzinfo is not None:
        raise ScienceError("lights_on", lights_on_local, "a local time without a zone")
    light_s = photoperiod_h * 3600.0
    continuous = photoperiod_h == 24.0
    spare_s = _DAY_S - light_s
    back = 2
    if not continuous and spare_s < _CLOCK_STEP_S:
        back += min(_LOOK_BACK_DAYS, ceil(_CLOCK_STEP_S / spare_s))
    today = datetime.fromtimestamp(now_epoch_s, tz).date()
    nominal = [
        _local_instant(today + timedelta(days=offset), lights_on_local, tz)
        for offset in range(-back, 4)
    ]
    start = nominal[0]
    for wanted in nominal[1:]:
        # A zone that jumps over the date line has two dates with one lights-on.
        if wanted <= start:
            continue
        following = wanted if continuous else max(wanted, start + light_s)
        if following > now_epoch_s:
            end = following if continuous else start + light_s
            return LightDay(start, end, following)
        start = following
    raise AssertionError("three days ahead always hold the next lights-on")  # pragma: no cover


def ppfd_from_lux(lux: float, lamp: Lamp, factor: float | None = None) -> float:
    """Estimated PPFD under this lamp; `factor`, µmol/m²/s per lux, replaces the tabled one.

    A lux meter weighs light as an eye does: expect 10 % and show the result as estimated.
    Raises RangeError; FactorNeededError for red/blue light without a measured factor.
    """
    require("lux", lux, 0.0, 500000.0, "lx")
    return lux * _lux_factor(lamp, factor)


def lux_from_ppfd(ppfd: float, lamp: Lamp, factor: float | None = None) -> float:
    """Estimated lux under this lamp, the inverse of `ppfd_from_lux` with the same refusals."""
    _require_ppfd(ppfd)
    return ppfd / _lux_factor(lamp, factor)


def par_w_m2(ppfd: float, lamp: Lamp) -> float:
    """Radiant power W/m² within 400-700 nm of this PPFD under this lamp. Raises RangeError."""
    _require_ppfd(ppfd)
    return ppfd / UMOL_PER_J_PAR[lamp]


def lamp_power_w_m2(ppfd: float, efficacy_umol_j: float, utilisation: float) -> float:
    """Electrical W per m² cultivated for this PPFD at the canopy.

    `efficacy_umol_j` of the fixture; `utilisation` is the share of its photons that reach the
    canopy. Raises RangeError.
    """
    _require_ppfd(ppfd)
    return ppfd / _useful_efficacy(efficacy_umol_j, utilisation)


def lamp_energy_kwh_m2_d(dli: float, efficacy_umol_j: float, utilisation: float) -> float:
    """Electrical kWh per m² cultivated and day for this DLI at the canopy. Raises RangeError."""
    _require_dli(dli)
    return dli / _useful_efficacy(efficacy_umol_j, utilisation) / 3.6


def lamp_energy_kwh_kg(
    dry_matter_fraction: float, lue_g_mol: float, efficacy_umol_j: float, utilisation: float
) -> float:
    """Lamp kWh per kg of fresh mass; `lue_g_mol` g dry mass per incident mol. Raises RangeError."""
    require("dry_matter_fraction", dry_matter_fraction, 0.001, 1.0)
    require("lue", lue_g_mol, 0.01, 5.0, "g/mol")
    useful = _useful_efficacy(efficacy_umol_j, utilisation)
    return dry_matter_fraction / (lue_g_mol * useful * 3.6e-3)


def light_left(hours: float, l90_h: float | None, l70_h: float | None) -> float:
    """Share of a lamp's first light that is left after `hours` at full output.

    `l90_h` and `l70_h` are the hours after which 90 % and 70 % are left; between and beyond what is
    declared the light falls exponentially (the model of IES TM-21). Raises RangeError.
    """
    require("hours", hours, 0.0, 1e7, "h")
    points = [(0.0, 1.0)]
    points += [(at, left) for at, left in ((l90_h, 0.9), (l70_h, 0.7)) if at is not None]
    if len(points) == 1:
        return 1.0
    after = next((i for i, (at, _) in enumerate(points) if i and hours <= at), len(points) - 1)
    (since, before), (until, left) = points[after - 1], points[after]
    return before * float((left / before) ** ((hours - since) / (until - since)))


def _local_instant(day: date, at: time, tz: tzinfo) -> float:
    # fold=0: the first of two, and for a skipped time the offset that held before.
    return datetime.combine(day, at.replace(fold=0), tz).timestamp()


def _lux_factor(lamp: Lamp, factor: float | None) -> float:
    if factor is not None:
        require("factor", factor, 0.001, 1.0, "µmol/m²/s per lx")
        return factor
    known = LUX_PER_PPFD.get(lamp)
    if known is None:
        raise FactorNeededError(
            "lamp", lamp.value, "a factor measured with a quantum sensor under this lamp"
        )
    return 1.0 / known


def _useful_efficacy(efficacy_umol_j: float, utilisation: float) -> float:
    require("efficacy", efficacy_umol_j, 0.1, 6.0, "µmol/J")
    require("utilisation", utilisation, 0.01, 1.0)
    return efficacy_umol_j * utilisation


def _require_ppfd(ppfd: float) -> None:
    require("ppfd", ppfd, 0.0, PPFD_HIGH, "µmol/m²/s")


def _require_dli(dli: float) -> None:
    require("dli", dli, 0.0, PPFD_HIGH * 24.0 * _MOL_PER_UMOL_HOUR, "mol/m²/d")
