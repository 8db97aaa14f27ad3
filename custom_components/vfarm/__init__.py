"""vfarm: the operating system of a vertical farm."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE, Platform
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType

from vfarm_core.control.memory import Memory
from vfarm_core.farm.build import FarmError
from vfarm_core.farm.nodes import Farm

from . import (
    access,
    alarm_tests,
    backups,
    blueprint_shelf,
    issues,
    onboarding,
    questions,
    recipe_socket,
    rollout_judge,
    safety_socket,
    services,
    websocket,
)
from .ble.history import Histories
from .ble.manager import FarmMeters
from .clock import FarmClock, RealClock
from .const import CONF_KIND, DEMO_PLATFORMS, DOMAIN, PLATFORMS, FarmKind
from .data import VfarmConfigEntry, VfarmData
from .demo import Demo
from .devices import async_is_kept, async_sync_devices
from .engine import Engine
from .farm_data import entry_dict, usable_farm
from .happenings import async_tell
from .journal import JournalThread, journal_path, remove_journal
from .ledger import FarmLedger
from .migrations import async_migrate, async_tell_newer
from .modbus.manager import FarmModbus
from .panel_files import async_setup_frontend
from .people import async_setup_people
from .stations import FarmStations, async_begin

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what is there once: actions, websocket commands, the frontend's files."""
    async_tell_newer(hass)
    await async_setup_people(hass)
    access.async_setup(hass)
    questions.async_setup(hass)
    services.async_setup_services(hass)
    websocket.async_setup(hass)
    recipe_socket.async_setup(hass)
    safety_socket.async_setup(hass)
    await async_setup_frontend(hass)
    async_at_started(hass, blueprint_shelf.async_offer)
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: VfarmConfigEntry) -> bool:
    """Bring what an older version has stored to this one; what a newer one has added stays."""
    return async_migrate(entry)


async def async_setup_entry(hass: HomeAssistant, entry: VfarmConfigEntry) -> bool:
    """Run a farm."""
    clock: FarmClock = RealClock()
    demo: Demo | None = None
    if entry.data[CONF_KIND] == FarmKind.DEMO:
        demo = await Demo.async_create(hass, entry)
        clock = demo.clock
    try:
        farm, problems = usable_farm(entry_dict(entry, hass.config.time_zone))
    except FarmError as err:
        said = await issues.async_said(hass, entry, err.problems)
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="farm_broken",
            translation_placeholders={"problems": said},
        ) from err
    await issues.async_tell_problems(hass, entry, problems)
    journal = JournalThread(hass, journal_path(hass, entry.entry_id))
    memory, lost = await journal.async_open()
    engine = _engine(hass, entry, clock, journal, memory, lost, farm)
    entry.runtime_data = data = VfarmData(entry=entry, engine=engine, demo=demo)
    data.modbus = FarmModbus(hass, entry)
    data.meters = FarmMeters(hass, entry)
    try:
        async_sync_devices(hass, entry, farm)
        data.meters.load()
        await data.modbus.async_load()
        entry.async_on_unload(async_tell(hass, entry))
        entry.async_on_unload(rollout_judge.async_watch(hass, entry))
        await hass.config_entries.async_forward_entry_setups(entry, _platforms(entry))
        if demo is not None:
            # The hardware is registered now; its ids are what the bindings keep.
            demo.async_bind()
            farm, _ = usable_farm(entry_dict(entry, hass.config.time_zone))
            engine.replace_farm(farm)
        data.modbus.async_start()
        data.meters.async_start()
    except BaseException:
        await data.modbus.async_close()
        await data.meters.async_close()
        await engine.async_close()
        raise
    _tell_lost_memory(hass, entry)
    backups.async_watch(hass, entry)
    engine.ledger = FarmLedger(hass, entry, journal)
    entry.async_create_background_task(hass, engine.ledger.async_start(), "vfarm ledger")
    entry.async_on_unload(entry.add_update_listener(_async_edited))
    entry.async_on_unload(_follow_time_zone(hass, entry))
    entry.async_on_unload(hass.async_add_shutdown_job(HassJob(_stopper(entry))))
    new = memory is None and not lost
    stations = await async_begin(hass, entry, engine)
    entry.async_on_unload(entry.runtime_data.close_stations)
    if engine.points.waiting() or stations is not None:
        entry.async_create_background_task(hass, _async_start(entry, new, stations), "vfarm start")
    else:
        await _async_start(entry, new)
    entry.async_on_unload(alarm_tests.async_watch(hass, entry))
    if demo is None:
        entry.async_on_unload(onboarding.async_watch(hass, entry))
    return True


@callback
def _tell_lost_memory(hass: HomeAssistant, entry: VfarmConfigEntry) -> None:
    """Tell while the farm is held because nobody remembers what was."""
    engine = entry.runtime_data.engine
    known: bool | None = None

    @callback
    def look(_: object) -> None:
        nonlocal known
        lost = engine.runtime.memory.farm.lost_memory
        if lost != known:
            known = lost
            issues.async_tell_memory(hass, entry, lost=lost)

    entry.async_on_unload(engine.listen_node(entry.entry_id, look))
    # Whatever of a farm is told is true while it runs.
    entry.async_on_unload(lambda: issues.async_rest(hass, entry))


def _platforms(entry: VfarmConfigEntry) -> tuple[Platform, ...]:
    demo = entry.data[CONF_KIND] == FarmKind.DEMO
    return (*PLATFORMS, *DEMO_PLATFORMS) if demo else PLATFORMS


def _engine(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    clock: FarmClock,
    journal: JournalThread,
    memory: Memory | None,
    lost: bool,
    farm: Farm,
) -> Engine:
    return Engine(
        hass,
        farm,
        clock=clock,
        journal=journal,
        memory=memory,
        lost=lost,
        missing_changed=lambda missing: issues.async_tell_missing(hass, entry, missing),
    )


async def _async_start(
    entry: VfarmConfigEntry, new: bool, stations: FarmStations | None = None
) -> None:
    data = entry.runtime_data
    await data.engine.async_start(stations)
    if data.demo is not None and data.engine.running:
        await data.demo.async_start(new=new)


def _stopper(entry: VfarmConfigEntry) -> Callable[[], Coroutine[Any, Any, None]]:
    """Stop the farm when Home Assistant stops: before the integrations it commands do."""

    async def stop() -> None:
        await _async_stop(entry)

    return stop


async def _async_stop(entry: VfarmConfigEntry) -> None:
    data = entry.runtime_data
    await data.engine.async_stop()
    if data.demo is not None:
        await data.demo.async_stop()
    # Last: what was open was closed through them.
    await data.modbus.async_close()
    await data.meters.async_close()


@callback
def _follow_time_zone(hass: HomeAssistant, entry: VfarmConfigEntry) -> CALLBACK_TYPE:
    """A farm lives in Home Assistant's time zone."""

    async def changed(event: Event) -> None:
        await _async_edited(hass, entry)

    return hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, changed)


async def _async_edited(hass: HomeAssistant, entry: VfarmConfigEntry) -> None:
    """The entry or a subentry was edited: go on with the difference."""
    if entry.state is not ConfigEntryState.LOADED:
        return  # It ends, and begins anew with what is there then.
    data = entry.runtime_data
    await data.modbus.async_edited()
    await data.meters.async_edited()
    try:
        farm, problems = usable_farm(entry_dict(entry, hass.config.time_zone))
    except FarmError as err:
        await issues.async_tell_problems(hass, entry, err.problems)
        return
    await issues.async_tell_problems(hass, entry, problems)
    if data.engine.ledger is not None:
        await data.engine.ledger.async_edited()
    if farm != data.farm:
        data.engine.replace_farm(farm)
        async_sync_devices(hass, entry, farm)
        data.topology_changed()


async def async_unload_entry(hass: HomeAssistant, entry: VfarmConfigEntry) -> bool:
    """Stop the farm in order, then let go of its entities."""
    await _async_stop(entry)
    entry.runtime_data.unloaded()
    return await hass.config_entries.async_unload_platforms(entry, _platforms(entry))


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: VfarmConfigEntry, device: AnyDeviceEntry
) -> bool:
    """Whether a person may delete a device: one of a part that is there would come back."""
    return not async_is_kept(entry, device)


async def async_remove_entry(hass: HomeAssistant, entry: VfarmConfigEntry) -> None:
    """Forget a farm that was removed."""
    issues.async_forget(hass, entry)
    await hass.async_add_executor_job(remove_journal, journal_path(hass, entry.entry_id))
    await Histories(hass, entry.entry_id).async_forget()
    await Demo.async_forget(hass, entry)
