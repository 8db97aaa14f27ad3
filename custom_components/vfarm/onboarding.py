"""The tasks of setting a farm up tick themselves when the facts say so: everything is bound and
heard of, a test alarm was acknowledged on a phone, backups are made by a schedule, and light and
water ran for a week as they should. A person may tick them all the same. When the last one is done
they are put away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_change, async_track_time_interval
from homeassistant.util import dt as dt_util

from vfarm_core.batches.agenda import Kind
from vfarm_core.batches.tasks import ONBOARDING
from vfarm_core.control import alarm_test, dry_run
from vfarm_core.control.effects import Event
from vfarm_core.control.furnishing import Gap, gaps
from vfarm_core.control.inputs import FinishTask, RemoveTasks
from vfarm_core.control.memory import Stage
from vfarm_core.runtime.journal import JournalError

from .const import CONF_DRY_DAYS, CONF_DRY_MISSING
from .data import VfarmConfigEntry
from .words import async_words

#: Days of the dry run that have to count: a week, by the name of the task.
DRY_DAYS: Final = 7
#: Who has ticked a task of which the facts say that it is done.
BY: Final = "vfarm"

#: The facts of which nothing is told are looked at this often.
_LOOK: Final = timedelta(minutes=15)


def backups_are_scheduled(hass: HomeAssistant) -> bool:
    """Whether Home Assistant makes backups by itself."""
    if "backup" not in hass.config.components:
        return False
    from homeassistant.components.backup import async_get_manager
    from homeassistant.components.backup.config import ScheduleRecurrence

    schedule = async_get_manager(hass).config.data.schedule
    return schedule.recurrence is not ScheduleRecurrence.NEVER


def dry_days(entry: VfarmConfigEntry) -> int:
    """How many days have counted for the dry run."""
    return len(entry.data.get(CONF_DRY_DAYS, ()))


def dry_missing(entry: VfarmConfigEntry) -> tuple[str, ...]:
    """Why the last day that has ended did not count; nothing where it did, or none has ended."""
    return tuple(entry.data.get(CONF_DRY_MISSING, ()))


class Onboarding:
    """Looks at the facts of a farm that is being set up."""

    def __init__(self, hass: HomeAssistant, entry: VfarmConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._stops: list[CALLBACK_TYPE] = []
        #: What was open when the facts were looked at last.
        self._open: tuple[Gap, ...] = ()

    @callback
    def start(self) -> None:
        """Look at the facts from now on, as long as there is something to be done."""
        data = self._entry.runtime_data
        self._stops = [
            async_track_time_interval(self._hass, self._look, _LOOK, cancel_on_shutdown=True),
            async_track_time_change(self._hass, self._midnight, hour=0, minute=0, second=0),
            data.engine.listen_events(self._happened),
            data.listen_topology(lambda: self._soon(self._async_look)),
        ]
        self._soon(self._async_look)

    @callback
    def stop(self) -> None:
        """Look no longer."""
        for stop in self._stops:
            stop()
        self._stops = []

    def _soon(self, look: Callable[..., Any], *args: Any) -> None:
        # Not before this step is over: what is found out may be asked of the farm at once.
        self._entry.async_create_background_task(
            self._hass, look(*args), "vfarm set-up", eager_start=False
        )

    @callback
    def _look(self, _: datetime) -> None:
        self._soon(self._async_look)

    @callback
    def _happened(self, event: Event) -> None:
        # Only the test alarm: that another one was acknowledged says nothing of this phone.
        if event.kind == alarm_test.ENDED and event.params["end"] == "acknowledged":
            self._soon(self._async_done, "alarm")

    @callback
    def _midnight(self, now: datetime) -> None:
        self._soon(self._async_count, now)

    async def _async_count(self, now: datetime) -> None:
        """Count the day that has ended, or keep why it does not count."""
        known = list(self._entry.data.get(CONF_DRY_DAYS, ()))
        began = dt_util.start_of_local_day(dt_util.as_local(now) - timedelta(days=1))
        ended = began.date().isoformat()
        if not self._is_running() or ended in known or len(known) >= DRY_DAYS:
            return
        engine = self._entry.runtime_data.engine
        try:
            events = await engine.journal.async_events_since(began.timestamp(), dry_run.matters)
        except JournalError:
            # Nobody can say what happened: the day is neither counted nor blamed.
            return
        if not self._is_running():
            return
        memory = engine.runtime.memory
        why = dry_run.missing(engine.farm, memory, events, began=began.timestamp())
        self._hass.config_entries.async_update_entry(
            self._entry,
            data={
                **self._entry.data,
                CONF_DRY_DAYS: known if why else [*known, ended],
                CONF_DRY_MISSING: [reason.value for reason in why],
            },
        )
        self._entry.runtime_data.agenda.tell()
        await self._async_look()

    def _is_running(self) -> bool:
        engine = self._entry.runtime_data.engine
        return engine.running and engine.runtime.memory.farm.stage is Stage.RUNNING

    def _is_done(self, key: str) -> bool:
        task = self._entry.runtime_data.engine.runtime.memory.tasks.get(_task(key))
        return task is not None and task.done_at is not None

    async def _async_look(self) -> None:
        if not self._is_running():
            return
        engine = self._entry.runtime_data.engine
        found = () if self._is_done("bind") else gaps(engine.farm, engine.runtime.memory)
        if not self._is_done("bind") and not found:
            await self._async_done("bind")
        if found != self._open:
            self._open = found
            self._entry.runtime_data.agenda.tell()
        if not self._is_done("backup") and backups_are_scheduled(self._hass):
            await self._async_done("backup")
        if not self._is_done("dry_week") and dry_days(self._entry) >= DRY_DAYS:
            await self._async_done("dry_week")
        self._put_away()

    async def _async_done(self, key: str) -> None:
        """Tick a task, unless somebody has."""
        title = (await async_words(self._hass)).option("onboarding", key)
        if self._is_running() and not self._is_done(key):
            engine = self._entry.runtime_data.engine
            engine.request(FinishTask(task=_task(key), title=title, by=BY))
            self._put_away()

    @callback
    def _put_away(self) -> None:
        """The farm is set up: what was ticked for it is of no use on the list any more."""
        if not all(self._is_done(key) for key in ONBOARDING):
            return
        engine = self._entry.runtime_data.engine
        tasks = engine.runtime.memory.tasks
        shown = tuple(_task(key) for key in ONBOARDING if not tasks[_task(key)].hidden)
        if shown:
            engine.request(RemoveTasks(tasks=shown, by=BY))
        self.stop()


def _task(key: str) -> str:
    return f"{Kind.ONBOARDING}:{key}"


@callback
def async_watch(hass: HomeAssistant, entry: VfarmConfigEntry) -> CALLBACK_TYPE:
    """Look at the facts of a farm until it is set up. Returns what ends it."""
    watch = Onboarding(hass, entry)
    watch.start()
    return watch.stop
