"""The two weeks before a demo farm began, for graphs that are full from its first day.

The twin runs them once, in a thread that rests as long as it works, and what each sensor would have
shown becomes its long-term statistics. They are simulated, as all of a demo is, and the logbook
says so. A real farm never has any of this.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from homeassistant.components.sensor import SensorEntity, SensorStateClass
from homeassistant.components.sensor.const import UNIT_CONVERTERS
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_platform
from homeassistant.util import dt as dt_util

from vfarm_core.control.effects import Event
from vfarm_core.farm.nodes import Farm
from vfarm_core.recipes.model import Recipe
from vfarm_core.twin.demo import demo_batches_before, demo_config
from vfarm_core.twin.past import HOUR_S, Curve, Hour, Past

from .const import DOMAIN, EVENT_VFARM
from .data import VfarmConfigEntry
from .happenings import event_data
from .hardware import HardwareSensor
from .sensor import VfarmSensor
from .usage import UsageSensor

if TYPE_CHECKING:
    from homeassistant.components.recorder.models import StatisticData, StatisticMetaData

_LOGGER = logging.getLogger(__name__)

DAYS = 14
#: How often the simulated farm is looked at (s of its time).
_EVERY_S = 300.0
#: How long the thread rests after each look, as a share of what it took: half of one core is enough
#: for something that nobody waits for.
_REST = 1.0
_RECORDER = "recorder"

type Look = Callable[[Past], float | None]


class CancelledError(Exception):
    """The demo stopped while its past was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """When a demo began: farm time, and the real instant of it (epoch s). `told`: its past is in
    the statistics."""

    farm: float
    real: float
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A sensor entity, and how its value is read in the simulated farm."""

    entity_id: str
    unit: str | None
    device_class: str | None
    counts: bool
    look: Look


@callback
def async_can_tell(hass: HomeAssistant) -> bool:
    """Whether there is anything that keeps statistics."""
    return _RECORDER in hass.config.components


@callback
def async_shown(hass: HomeAssistant, entry: VfarmConfigEntry, farm: Farm) -> list[Shown]:
    """The enabled sensors of a demo that have statistics."""
    found: list[Shown] = []
    for platform in entity_platform.async_get_platforms(hass, DOMAIN):
        if platform.config_entry is not entry:
            continue
        for entity in platform.entities.values():
            if not isinstance(entity, SensorEntity) or entity.state_class is None:
                continue
            if (look := _look_of(entity, entry, farm)) is None:
                continue
            found.append(
                Shown(
                    entity_id=entity.entity_id,
                    # What is counted ("batches") has its unit from the translations.
                    unit=entity.native_unit_of_measurement or entity.unit_of_measurement,
                    device_class=entity.device_class,
                    counts=entity.state_class is SensorStateClass.TOTAL_INCREASING,
                    look=look,
                )
            )
    return found


def _look_of(entity: SensorEntity, entry: VfarmConfigEntry, farm: Farm) -> Look | None:
    if isinstance(entity, HardwareSensor):
        point = entity.point
        return lambda past: _number(past.point(point).value)
    if not isinstance(entity, VfarmSensor | UsageSensor):
        return None
    # The running farm has the id of its entry; the twin's has one of its own.
    node = farm.id if entity.node == entry.runtime_data.farm.id else entity.node
    if isinstance(entity, UsageSensor):
        used = entity.entity_description.value_fn
        return lambda past: used(past.totals, node)
    value_fn = entity.entity_description.value_fn

    def look(past: Past) -> float | None:
        snapshot = past.snapshots.get(node)
        return None if snapshot is None else _number(value_fn(snapshot))

    return look


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def past_hours(
    farm: Farm,
    recipes: Mapping[str, Recipe],
    beginning: Beginning,
    shown: list[Shown],
    cancelled: threading.Event,
) -> dict[str, tuple[Hour, ...]]:
    """The whole hours, in real time, before a demo began, by entity. Blocking, for a minute or
    more. Raises CancelledError, SimulationError."""
    ahead = beginning.real - beginning.farm
    until = beginning.real // HOUR_S * HOUR_S - ahead
    since = until - DAYS * 24 * HOUR_S
    past = Past(
        farm,
        demo_batches_before(beginning.farm, (beginning.farm - since) / 86400.0, recipes),
        recipes,
        since=since,
        config=demo_config(),
    )
    curves = {one.entity_id: Curve() for one in shown}
    began = time.perf_counter()
    for at in past.walk(until, _EVERY_S):
        for one in shown:
            curves[one.entity_id].add(at + ahead, one.look(past))
        if cancelled.wait((time.perf_counter() - began) * _REST):
            raise CancelledError
        began = time.perf_counter()
    return {entity_id: curve.hours() for entity_id, curve in curves.items()}


@callback
def async_tell(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    shown: list[Shown],
    hours: Mapping[str, tuple[Hour, ...]],
) -> None:
    """Hand the hours to the recorder. What it has of the same hours is replaced."""
    from homeassistant.components.recorder.statistics import async_import_statistics

    for one in shown:
        if rows := hours[one.entity_id]:
            async_import_statistics(hass, _metadata(one), _rows(one, rows))
    node = entry.runtime_data.farm.id
    now = dt_util.utcnow().timestamp()
    told = Event(kind="past_simulated", node=node, at=now, params={"days": DAYS})
    hass.bus.async_fire(EVENT_VFARM, event_data(hass, entry, told))


def _metadata(one: Shown) -> StatisticMetaData:
    from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
    from homeassistant.components.recorder.statistics import STATISTIC_UNIT_TO_UNIT_CONVERTER

    # As the sensors' own statistics find it: by the class, or else by the unit.
    converter = None if one.device_class is None else UNIT_CONVERTERS.get(one.device_class)
    if converter is None or one.unit not in converter.VALID_UNITS:
        converter = STATISTIC_UNIT_TO_UNIT_CONVERTER.get(one.unit)
    return StatisticMetaData(
        mean_type=StatisticMeanType.NONE if one.counts else StatisticMeanType.ARITHMETIC,
        has_sum=one.counts,
        name=None,
        source=_RECORDER,
        statistic_id=one.entity_id,
        unit_class=None if converter is None else converter.UNIT_CLASS,
        unit_of_measurement=one.unit,
    )


def _rows(one: Shown, hours: tuple[Hour, ...]) -> list[StatisticData]:
    from homeassistant.components.recorder.models import StatisticData

    def start(hour: Hour) -> datetime:
        return datetime.fromtimestamp(hour.start, UTC)

    if not one.counts:
        return [
            StatisticData(start=start(h), mean=h.mean, min=h.lowest, max=h.highest) for h in hours
        ]
    # The recorder begins to count at 0 with the first hour it sees itself: what came before ends
    # there.
    end = hours[-1].total
    return [StatisticData(start=start(h), state=h.last, sum=h.total - end) for h in hours]
