"""Reports that come from elsewhere, from before, in another unit, under another name, or once."""

from __future__ import annotations

from ....control.memory import Quality
from ....farm.overrides import Quantity
from ....farm.roles import Role
from ...faults import FaultKind
from ..conditions import (
    AirAtMost,
    Because,
    Condition,
    Happened,
    Not,
    Output,
    Reads,
    SentFor,
    Shown,
    Trusted,
    Unsent,
    every,
    off,
    on,
)
from ..happenings import Air, Breaks, Converts, Killed, Overrides, Renames, Swaps, TellsChanges
from ..model import Scenario
from ..setup import (
    CO2,
    CO2_VALVE,
    HEATER,
    HUMIDIFIER,
    HUMIDITY,
    LAMP,
    TANK,
    TEMPERATURE,
    ZONE,
    Setup,
)
from .sensors import COLD, GROUP, HOUR, HUNGRY

EC = f"{TANK}.solution_ec"
#: How long a process is away: shorter and longer than a thermometer and a CO2 probe stay fresh.
_SHORT_S = 240.0
_LONG_S = 1800.0

_PROBED = Setup(sensors=((TANK, Role.SOLUTION_EC),))


def _restored(key: str, title: str, point: str, down_s: float, **more: object) -> Scenario:
    return Scenario(
        key=key,
        group=GROUP,
        title=title,
        story=(
            Breaks(point=point, kind=FaultKind.SILENT),
            Killed(down_s=down_s, restored=(point,), incident=True),
        ),
        **more,  # type: ignore[arg-type]
    )


def _converted(key: str, title: str, setup: Setup, story: Converts, expect: Condition) -> Scenario:
    return Scenario(
        key=key,
        group=GROUP,
        title=title,
        setup=setup,
        story=(story,),
        expect=expect,
        deadline_s=300,
        run_s=900,
        invariant="no_opposing",
    )


def _step(before: float, after: float, point: str = TEMPERATURE) -> tuple[Breaks, ...]:
    """A sensor says nearly one value for a quarter of an hour, then that one, and a minute later
    another one for good."""
    stuck = FaultKind.STUCK_VALUE
    return (
        Breaks(point=point, kind=stuck, value=before - 1.0, at=2 * HOUR - 900),
        Breaks(point=point, kind=stuck, value=before, at=2 * HOUR - 60),
        Breaks(point=point, kind=stuck, value=after, at=2 * HOUR, incident=True),
    )


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        key="zones_swapped",
        group=GROUP,
        title="One of two thermometers of a full room and one of a nearly empty one report under "
        "each other's names: neither room overheats",
        setup=Setup(levels=21, probes=2),
        story=(Swaps(one=TEMPERATURE, other="zone_2.air_temperature"),),
        expect=every(AirAtMost(ZONE, 34.0), AirAtMost("zone_2", 34.0)),
        deadline_s=0,
        run_s=6 * HOUR,
        invariant="maximum_on",
    ),
    Scenario(
        key="zones_swapped_heat",
        group=GROUP,
        title="The only thermometers of two rooms report under each other's names, and one room is "
        "cold: the heater of the warm one runs for it, no longer than it may",
        setup=Setup(levels=21, planted=False, outside_c=10.0, step_s=300.0),
        story=(
            Swaps(one=TEMPERATURE, other="zone_2.air_temperature"),
            Overrides(node=ZONE, quantity=Quantity.AIR_TEMPERATURE, value=24.0, lasts_s=86_400.0),
            Air(zone="zone_2", temperature_c=12.0),
        ),
        expect=SentFor(HEATER, "max_on"),
        deadline_s=7200 + 600,
        run_s=3 * HOUR,
        invariant="maximum_on",
    ),
    _restored(
        "restored_temperature_old",
        "A thermometer comes back with the value of half an hour ago and says nothing new",
        TEMPERATURE,
        _LONG_S,
        setup=COLD,
        given=on(HEATER),
        expect=every(
            off(HEATER),
            Trusted(TEMPERATURE, Quality.STALE),
            Shown(ZONE, "no_temperature"),
            Output(LAMP, 0.1, 0.5),
        ),
        deadline_s=_LONG_S + 65,
        run_s=_LONG_S + HOUR,
        invariant="maximum_on",
        after=(Happened("over_temperature", "p2"),),
    ),
    _restored(
        "restored_temperature_young",
        "A thermometer comes back with the value of four minutes ago: it counts until it is as "
        "old as it would have become",
        TEMPERATURE,
        _SHORT_S,
        setup=COLD,
        given=on(HEATER),
        expect=every(off(HEATER), Trusted(TEMPERATURE, Quality.STALE)),
        deadline_s=900,
        run_s=HOUR,
        invariant="maximum_on",
    ),
    _restored(
        "restored_co2",
        "A CO2 probe comes back with a low value of half an hour ago: nothing is injected for it",
        CO2,
        _LONG_S,
        setup=HUNGRY,
        given=on(CO2_VALVE),
        expect=every(off(CO2_VALVE), Trusted(CO2, Quality.STALE), Because(CO2_VALVE, "no_reading")),
        deadline_s=_LONG_S + 5,
        run_s=_LONG_S + HOUR,
        invariant="co2_safe",
    ),
    _converted(
        "temperature_in_fahrenheit",
        "The thermometer is set to Fahrenheit while the heater runs: the same temperature is read",
        COLD,
        Converts(point=TEMPERATURE, unit="°F"),
        every(Trusted(TEMPERATURE, Quality.GOOD), Reads(TEMPERATURE, 5.0, 26.0), on(HEATER)),
    ),
    _converted(
        "temperature_without_unit",
        "The thermometer says a unit that is none of temperature: no guess, no reading",
        COLD,
        Converts(point=TEMPERATURE, unit="%"),
        every(Trusted(TEMPERATURE, Quality.MISSING), off(HEATER), Output(LAMP, 0.1, 0.5)),
    ),
    _converted(
        "ec_in_microsiemens",
        "The EC probe is set to microsiemens: the same EC is read",
        _PROBED,
        Converts(point=EC, unit="µS/cm"),
        every(Trusted(EC, Quality.GOOD), Reads(EC, 1.0, 1.6)),
    ),
    _converted(
        "ec_in_ppm",
        "The EC probe is set to ppm, of which there are three: no guess, no reading",
        _PROBED,
        Converts(point=EC, unit="ppm"),
        every(Trusted(EC, Quality.MISSING), Shown(TANK, "sensor_missing")),
    ),
    Scenario(
        key="thermometer_renamed",
        group=GROUP,
        title="The thermometer gets another name while the heater runs: control goes on",
        setup=COLD,
        story=(Renames(point=TEMPERATURE),),
        given=on(HEATER),
        expect=every(Trusted(TEMPERATURE, Quality.GOOD), on(HEATER)),
        deadline_s=125,
        run_s=900,
        invariant="maximum_on",
        after=(Not(Shown(ZONE, "no_temperature")),),
    ),
    Scenario(
        key="heater_renamed",
        group=GROUP,
        title="The heater's switch gets another name while it is on: it is known on, and counted",
        setup=COLD,
        story=(Renames(point=HEATER),),
        given=on(HEATER),
        expect=on(HEATER),
        deadline_s=0,
        run_s=600,
        invariant="maximum_on",
        after=(Unsent(HEATER), Unsent(HEATER, 0.0)),
    ),
    Scenario(
        key="jump_reported_once_down",
        group=GROUP,
        title="A thermometer that reports on change falls from 26 to 12 °C and says nothing more: "
        "believed after five minutes",
        story=(TellsChanges(point=TEMPERATURE, by=0.3), *_step(26.0, 12.0)),
        given=off(HEATER),
        expect=every(Trusted(TEMPERATURE, Quality.GOOD), on(HEATER)),
        deadline_s=365,
        run_s=2 * HOUR + 500,
        invariant="maximum_on",
        after=(SentFor(HEATER, "below_target"),),
    ),
    Scenario(
        key="jump_reported_once_up",
        group=GROUP,
        title="A thermometer that reports on change rises from 15 to 26.5 °C while it is heated: "
        "no heat while that is in doubt",
        story=(TellsChanges(point=TEMPERATURE, by=0.3), *_step(15.0, 26.5)),
        given=on(HEATER),
        expect=off(HEATER),
        deadline_s=62,
        run_s=2 * HOUR + 1800,
        invariant="maximum_on",
        after=(SentFor(HEATER, "doubted"),),
    ),
    Scenario(
        key="humidity_jump_reported_once_up",
        group=GROUP,
        title="A hygrometer that reports on change rises from 35 to 75 % while it is humidified: "
        "no fog while that is in doubt",
        story=(TellsChanges(point=HUMIDITY, by=1.0), *_step(35.0, 75.0, HUMIDITY)),
        given=on(HUMIDIFIER),
        expect=off(HUMIDIFIER),
        deadline_s=62,
        run_s=2 * HOUR + 1800,
        invariant="no_opposing",
        after=(SentFor(HUMIDIFIER, "doubted"),),
    ),
    Scenario(
        key="humidity_flat_line",
        group=GROUP,
        title="The only hygrometer is stuck at 35 %: after hours of humidifying it is found out",
        story=(Breaks(point=HUMIDITY, kind=FaultKind.STUCK_VALUE, value=35.0),),
        expect=every(
            off(HUMIDIFIER),
            Trusted(HUMIDITY, Quality.IMPLAUSIBLE),
            Shown(ZONE, "sensor_flat_line"),
        ),
        deadline_s=4 * HOUR + 65,
        run_s=5 * HOUR,
        invariant="no_opposing",
        after=(Happened("sensor_flat_line", "p2"), Not(Shown(ZONE, "no_temperature"))),
    ),
)
