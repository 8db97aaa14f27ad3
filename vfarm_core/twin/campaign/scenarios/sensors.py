"""Sensors that fall silent, freeze, lie, or are right about something terrible."""

from __future__ import annotations

from ....control.memory import Quality
from ...faults import FaultKind
from ..conditions import (
    AirAtMost,
    Because,
    GasAtMost,
    Happened,
    Not,
    Output,
    Sent,
    SentFor,
    Shown,
    Trusted,
    Unsent,
    every,
    off,
    on,
)
from ..happenings import Air, Breaks, Drifts, Garbles, People, Swaps
from ..model import Happening, Scenario
from ..setup import (
    CO2,
    CO2_VALVE,
    COOLER,
    DEHUMIDIFIER,
    EXHAUST,
    FAN,
    HEATER,
    HUMIDIFIER,
    HUMIDITY,
    LAMP,
    OCCUPANCY,
    TEMPERATURE,
    ZONE,
    Setup,
)

GROUP = "Sensors"
HOUR = 3600.0
#: The heater runs, the humidifier runs, CO2 flows from the beginning.
COLD = Setup(air_c=15.0, outside_c=0.0)
DRY = Setup(humidity_pct=35.0)
HUNGRY = Setup(co2_ppm=500.0)
#: The hottest report of a thermometer that lags by 30 s and reports every minute.
_SEEN_S = 130.0

_LOST = every(off(HEATER, COOLER), Shown(ZONE, "no_temperature"), on(FAN), Output(LAMP, 0.1, 0.5))


def _lost(key: str, title: str, story: Happening) -> Scenario:
    return Scenario(
        key=key,
        group=GROUP,
        title=title,
        setup=COLD,
        story=(story,),
        given=on(HEATER),
        expect=_LOST,
        deadline_s=65,
        run_s=HOUR,
        invariant="maximum_on",
        after=(Happened("over_temperature", "p2"),),
    )


def _gas(key: str, title: str, story: Happening, deadline_s: float) -> Scenario:
    return Scenario(
        key=key,
        group=GROUP,
        title=title,
        setup=HUNGRY,
        story=(story,),
        given=on(CO2_VALVE),
        expect=off(CO2_VALVE),
        deadline_s=deadline_s,
        run_s=1500,
        invariant="co2_safe",
        after=(Sent(CO2_VALVE, 0.0),),
    )


SCENARIOS: tuple[Scenario, ...] = (
    _lost(
        "temperature_unavailable",
        "The only air thermometer is lost while the heater is on",
        Breaks(point=TEMPERATURE, kind=FaultKind.UNAVAILABLE),
    ),
    _lost(
        "temperature_nan",
        "The air thermometer reports “not a number”",
        Garbles(point=TEMPERATURE, raw=float("nan")),
    ),
    _lost(
        "temperature_text",
        "The air thermometer reports a text",
        Garbles(point=TEMPERATURE, raw="unknown"),
    ),
    _lost(
        "temperature_impossible",
        "The air thermometer reports -127 °C, as a broken one-wire probe does",
        Garbles(point=TEMPERATURE, raw=-127.0),
    ),
    Scenario(
        key="temperature_silent",
        group=GROUP,
        title="The air thermometer freezes: it reports nothing more, its last value stands",
        setup=COLD,
        story=(Breaks(point=TEMPERATURE, kind=FaultKind.SILENT),),
        given=on(HEATER),
        expect=every(off(HEATER), Trusted(TEMPERATURE, Quality.STALE), Output(LAMP, 0.1, 0.5)),
        deadline_s=900,
        run_s=HOUR,
        invariant="maximum_on",
    ),
    Scenario(
        key="temperature_steady",
        group=GROUP,
        title="A steady thermometer reports the same value for three hours: it is right",
        story=(Breaks(point=TEMPERATURE, kind=FaultKind.STUCK_VALUE, value=24.0),),
        expect=every(Trusted(TEMPERATURE, Quality.GOOD), Output(LAMP, 0.6, 1.0)),
        deadline_s=0,
        run_s=3 * HOUR,
        invariant="dark",
        after=(Not(Happened("over_temperature")),),
    ),
    Scenario(
        key="temperature_stuck_low",
        group=GROUP,
        title="The only thermometer is stuck at 15 °C: the heater would run for ever",
        story=(Breaks(point=TEMPERATURE, kind=FaultKind.STUCK_VALUE, value=15.0),),
        expect=SentFor(HEATER, "max_on"),
        deadline_s=7200 + 65,
        run_s=3 * HOUR,
        invariant="maximum_on",
    ),
    Scenario(
        key="temperature_spikes",
        group=GROUP,
        title="Every tenth report is 85 °C, the power-on value of a common probe",
        story=(Garbles(point=TEMPERATURE, raw=85.0, nth=10),),
        expect=Output(LAMP, 0.1, 1.0),
        deadline_s=0,
        run_s=2 * HOUR,
        invariant="no_opposing",
        after=(Not(Happened("over_temperature", "p1")), Unsent(LAMP, 0.0)),
    ),
    Scenario(
        key="temperature_drift_up",
        group=GROUP,
        title="One of two thermometers drifts up by 2 K an hour: the trip takes any of them",
        setup=Setup(probes=2),
        story=(Drifts(point=f"{TEMPERATURE}.2", per_h=2.0),),
        expect=every(Output(LAMP, 0.1, 0.6), off(HEATER)),
        deadline_s=2.5 * HOUR,
        run_s=3 * HOUR,
        invariant="no_opposing",
    ),
    Scenario(
        key="temperature_drift_down",
        group=GROUP,
        title="One of two thermometers drifts down by 6 K an hour: the other one stops the heater",
        setup=Setup(probes=2),
        story=(Drifts(point=f"{TEMPERATURE}.2", per_h=-6.0),),
        expect=AirAtMost(ZONE, 32.0),
        deadline_s=0,
        run_s=5 * HOUR,
        invariant="maximum_on",
        after=(off(HEATER), Happened("over_temperature")),
    ),
    Scenario(
        key="temperature_humidity_swapped",
        group=GROUP,
        title="Thermometer and hygrometer report under each other's names",
        setup=COLD,
        story=(Swaps(one=TEMPERATURE, other=HUMIDITY),),
        given=on(HEATER),
        expect=every(
            Trusted(TEMPERATURE, Quality.MISSING),
            Trusted(HUMIDITY, Quality.MISSING),
            off(HEATER, HUMIDIFIER, DEHUMIDIFIER),
        ),
        deadline_s=65 + 180,
        run_s=HOUR,
        invariant="no_opposing",
    ),
    Scenario(
        key="heat_real_45",
        group=GROUP,
        title="The air really is at 45 °C and the cooler is dead",
        story=(
            Breaks(point=COOLER, kind=FaultKind.STUCK_OFF),
            Air(zone=ZONE, temperature_c=45.0, incident=True),
        ),
        expect=every(off(LAMP, HEATER, CO2_VALVE), on(EXHAUST)),
        deadline_s=_SEEN_S,
        run_s=600,
        invariant="no_opposing",
        after=(Happened("over_temperature", "p1"), Sent(COOLER, 1.0)),
    ),
    Scenario(
        key="heat_real_45_one_of_two",
        group=GROUP,
        title="The air really is at 45 °C and one of two thermometers is stuck at 24 °C",
        setup=Setup(probes=2),
        story=(
            Breaks(point=TEMPERATURE, kind=FaultKind.STUCK_VALUE, value=24.0),
            Air(zone=ZONE, temperature_c=45.0, incident=True),
        ),
        expect=every(off(LAMP, HEATER), on(COOLER)),
        deadline_s=_SEEN_S,
        run_s=300,
        invariant="no_opposing",
        after=(Happened("over_temperature", "p1"),),
    ),
    Scenario(
        key="both_probes_wrong",
        group=GROUP,
        title="Both redundant thermometers report what cannot be",
        setup=Setup(probes=2, air_c=15.0, outside_c=0.0),
        story=(
            Garbles(point=TEMPERATURE, raw=-127.0),
            Garbles(point=f"{TEMPERATURE}.2", raw=300.0),
        ),
        given=on(HEATER),
        expect=_LOST,
        deadline_s=65,
        run_s=HOUR,
        invariant="maximum_on",
    ),
    Scenario(
        key="both_probes_stuck",
        group=GROUP,
        title="Both redundant thermometers are stuck at 15 °C: only the maximum on-time is left",
        setup=Setup(probes=2),
        story=(
            Breaks(point=TEMPERATURE, kind=FaultKind.STUCK_VALUE, value=15.0),
            Breaks(point=f"{TEMPERATURE}.2", kind=FaultKind.STUCK_VALUE, value=15.0),
        ),
        expect=SentFor(HEATER, "max_on"),
        deadline_s=7200 + 65,
        run_s=3 * HOUR,
        invariant="maximum_on",
    ),
    Scenario(
        key="humidity_unavailable",
        group=GROUP,
        title="The hygrometer is lost while the humidifier is on",
        setup=DRY,
        story=(Breaks(point=HUMIDITY, kind=FaultKind.UNAVAILABLE),),
        given=on(HUMIDIFIER),
        expect=off(HUMIDIFIER, DEHUMIDIFIER),
        deadline_s=65,
        run_s=HOUR,
        invariant="no_opposing",
    ),
    Scenario(
        key="humidity_spikes",
        group=GROUP,
        title="Every tenth report of the hygrometer is 150 %",
        setup=DRY,
        story=(Garbles(point=HUMIDITY, raw=150.0, nth=10),),
        expect=off(DEHUMIDIFIER),
        deadline_s=0,
        run_s=HOUR,
        invariant="no_opposing",
        after=(Unsent(DEHUMIDIFIER),),
    ),
    _gas(
        "co2_unavailable",
        "The CO2 probe is lost while the valve is open",
        Breaks(point=CO2, kind=FaultKind.UNAVAILABLE),
        2,
    ),
    _gas(
        "co2_nan",
        "The CO2 probe reports “not a number” while the valve is open",
        Garbles(point=CO2, raw=float("nan")),
        62,
    ),
    _gas(
        "co2_silent",
        "The CO2 probe falls silent while the valve is open",
        Breaks(point=CO2, kind=FaultKind.SILENT),
        300,
    ),
    Scenario(
        key="co2_stuck_low",
        group=GROUP,
        title="The only CO2 probe is stuck at 500 ppm: maximum on-time and daily cap are left",
        setup=HUNGRY,
        story=(Breaks(point=CO2, kind=FaultKind.STUCK_VALUE, value=500.0),),
        expect=every(off(CO2_VALVE), Because(CO2_VALVE, "daily_cap")),
        deadline_s=5 * HOUR,
        run_s=7 * HOUR,
        invariant="daily_cap",
        after=(SentFor(CO2_VALVE, "max_on"), off(CO2_VALVE)),
    ),
    Scenario(
        key="co2_one_of_two_stuck",
        group=GROUP,
        title="One of two CO2 probes is stuck at 500 ppm: the other one limits",
        setup=Setup(probes=2, co2_ppm=500.0),
        story=(Breaks(point=CO2, kind=FaultKind.STUCK_VALUE, value=500.0),),
        expect=GasAtMost(ZONE, 2000.0),
        deadline_s=0,
        run_s=4 * HOUR,
        invariant="co2_safe",
    ),
    Scenario(
        key="co2_real_20000",
        group=GROUP,
        title="A bottle leaks: CO2 really is at 20,000 ppm",
        story=(Air(zone=ZONE, co2_ppm=20_000.0),),
        expect=every(off(CO2_VALVE), Sent(EXHAUST, 1.0), SentFor(EXHAUST, "exhaust_co2")),
        deadline_s=120,
        run_s=240,
        invariant="co2_safe",
        after=(Unsent(CO2_VALVE),),
    ),
    _gas(
        "people_enter",
        "Somebody enters while CO2 flows",
        People(zone=ZONE, present=True),
        2,
    ),
    _gas(
        "occupancy_unavailable",
        "The occupancy contact is lost while CO2 flows",
        Breaks(point=OCCUPANCY, kind=FaultKind.UNAVAILABLE),
        2,
    ),
)
