"""Repairs: what is wrong is told once, mended by a person who may, and refused where it must be."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import AIR, PUMP, VALVE, Hardware, bound, declared, settled, small_farm, sub
from homeassistant.components.backup.config import ScheduleRecurrence
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vfarm.asking import ask
from custom_components.vfarm.const import DOMAIN
from vfarm_core.control.inputs import AcceptLoss, LossCheck
from vfarm_core.farm.overrides import Mode
from vfarm_core.ledger.store import Ledger

FIX = "/api/repairs/issues/fix"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A farm of these tests waits for nothing that is not there."""
    for name in ("actuators.TIMEOUT_S", "engine.STOP_S", "engine.WAIT_RUNNING_S"):
        monkeypatch.setattr(f"custom_components.vfarm.{name}", 0.1)


class Repairs:
    """The repairs of a farm as the frontend of an administrator uses them."""

    def __init__(self, hass: HomeAssistant, logged_in: ClientSessionGenerator) -> None:
        self._hass = hass
        self._logged_in = logged_in
        self._client: Any = None
        self.flow = ""

    def issue(self, issue_id: str) -> ir.IssueEntry | None:
        found = ir.async_get(self._hass).async_get_issue(DOMAIN, issue_id)
        return found if found is not None and found.active else None

    async def begin(self, issue_id: str) -> dict[str, Any]:
        # Not before the farm is set up: nothing can be added to a server that is in use.
        self._client = self._client or await self._logged_in()
        answer = await self._client.post(FIX, json={"handler": DOMAIN, "issue_id": issue_id})
        assert answer.status == 200, await answer.text()
        told: dict[str, Any] = await answer.json()
        self.flow = told["flow_id"]
        return told

    async def go_on(self, **said: Any) -> dict[str, Any]:
        answer = await self._client.post(f"{FIX}/{self.flow}", json=said)
        assert answer.status == 200, await answer.text()
        told: dict[str, Any] = await answer.json()
        await settled(self._hass)
        return told

    async def choose(self, step: str) -> dict[str, Any]:
        return await self.go_on(next_step_id=step)

    async def cancel(self) -> None:
        answer = await self._client.delete(f"{FIX}/{self.flow}")
        assert answer.status == 200


@pytest.fixture
async def repairs(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Repairs:
    assert await async_setup_component(hass, "repairs", {})
    return Repairs(hass, hass_client)


def bindings(entry: MockConfigEntry, part: str) -> dict[str, dict[str, Any]]:
    return {b["id"]: b for b in sub(entry, part).data["bindings"]}


# -- an entity that is gone -----------------------------------------------------------------------


@pytest.fixture
async def vanished(hass: HomeAssistant, farm: MockConfigEntry) -> str:
    hass.states.async_remove(AIR)
    await settled(hass)
    return f"{farm.entry_id}_missing_tent.air_temperature"


async def test_another_entity_takes_the_place_of_one_that_is_gone(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs, vanished: str
) -> None:
    engine = farm.runtime_data.engine
    warm = {"unit_of_measurement": "°C", "device_class": "temperature"}
    hass.states.async_set("sensor.new_air", "23.5", warm)
    menu = await repairs.begin(vanished)
    assert menu["menu_options"] == ["choose", "remove"]
    form = await repairs.choose("choose")
    assert form["description_placeholders"]["node"] == "Tent"
    assert "sensor.new_air" in form["description_placeholders"]["suggestions"]
    done = await repairs.go_on(entity="sensor.new_air")
    assert done["type"] == "create_entry"
    assert bindings(farm, "zone")["tent.air_temperature"]["entity"] == "sensor.new_air"
    assert repairs.issue(vanished) is None
    assert farm.runtime_data.engine is engine, "the farm goes on with the difference"
    assert engine.snapshot("tent").air_temperature.value == 23.5


@pytest.mark.parametrize(
    ("entity", "state", "unit", "why"),
    [
        ("sensor.nowhere", None, None, "does not exist"),
        ("sensor.words", "warm", "°C", "no number"),
        ("sensor.pressure", "1013", "hPa", "hPa is no unit"),
    ],
)
async def test_an_entity_that_cannot_be_read_is_refused_and_nothing_changes(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    repairs: Repairs,
    vanished: str,
    entity: str,
    state: str | None,
    unit: str | None,
    why: str,
) -> None:
    if state is not None:
        hass.states.async_set(entity, state, {"unit_of_measurement": unit})
    before = dict(sub(farm, "zone").data)
    await repairs.begin(vanished)
    await repairs.choose("choose")
    form = await repairs.go_on(entity=entity)
    assert form["errors"] == {"base": "refused"}
    assert why in form["description_placeholders"]["why"]
    assert dict(sub(farm, "zone").data) == before
    assert repairs.issue(vanished) is not None


async def test_what_was_said_of_the_old_entity_holds_only_if_a_person_says_so(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs
) -> None:
    zone = sub(farm, "zone")
    changed = [{**b, "offset": -0.5} if b["entity"] == AIR else b for b in zone.data["bindings"]]
    hass.config_entries.async_update_subentry(farm, zone, data={**zone.data, "bindings": changed})
    hass.states.async_remove(AIR)
    hass.states.async_set("sensor.new_air", "23.5", {"unit_of_measurement": "°C"})
    await settled(hass)
    await repairs.begin(f"{farm.entry_id}_missing_tent.air_temperature")
    form = await repairs.choose("choose")
    assert form["description_placeholders"]["reading"] == "Offset: -0.5"
    await repairs.go_on(entity="sensor.new_air", keep=False)
    assert "offset" not in bindings(farm, "zone")["tent.air_temperature"]


async def test_an_actuator_of_another_kind_or_another_master_is_refused(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs
) -> None:
    hass.states.async_remove(PUMP)
    await settled(hass)
    issue = f"{farm.entry_id}_missing_pump.irrigation_pump"
    await repairs.begin(issue)
    await repairs.choose("choose")
    for entity, why in (("switch.heater", "already driven"), ("sensor.tent_air", "be switched")):
        form = await repairs.go_on(entity=entity)
        assert why in form["description_placeholders"]["why"]
    hass.states.async_set("switch.spare_pump", "off")
    assert (await repairs.go_on(entity="switch.spare_pump"))["type"] == "create_entry"
    new = bindings(farm, "pump")["pump.irrigation_pump"]
    assert new["entity"] == "switch.spare_pump"
    assert new["declaration"]["max_on_s"] == 900.0, "what was declared of it stays"


async def test_a_binding_is_removed_after_it_was_confirmed(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs, vanished: str
) -> None:
    await repairs.begin(vanished)
    await repairs.choose("remove")
    assert "tent.air_temperature" in bindings(farm, "zone"), "asking removes nothing"
    assert (await repairs.go_on())["type"] == "create_entry"
    assert "tent.air_temperature" not in bindings(farm, "zone")
    assert repairs.issue(vanished) is None


async def test_a_binding_that_others_need_is_not_removed(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs
) -> None:
    pump = sub(farm, "pump")
    kept = [
        {**b, "declaration": {**b["declaration"], "isolation": "bench.irrigation_valve"}}
        for b in pump.data["bindings"]
    ]
    hass.config_entries.async_update_subentry(farm, pump, data={**pump.data, "bindings": kept})
    hass.states.async_remove(VALVE)
    await settled(hass)
    await repairs.begin(f"{farm.entry_id}_missing_bench.irrigation_valve")
    await repairs.choose("remove")
    form = await repairs.go_on()
    assert "names the isolation" in form["description_placeholders"]["why"]
    assert "bench.irrigation_valve" in bindings(farm, "circuit")


async def test_a_repair_that_is_cancelled_changes_nothing_and_stays(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs, vanished: str
) -> None:
    before = dict(sub(farm, "zone").data)
    await repairs.begin(vanished)
    await repairs.choose("remove")
    await repairs.cancel()
    assert dict(sub(farm, "zone").data) == before
    assert repairs.issue(vanished) is not None


async def test_what_was_mended_in_the_meantime_is_said_so(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs, vanished: str
) -> None:
    await repairs.begin(vanished)
    hass.config_entries.async_remove_subentry(farm, sub(farm, "rack").subentry_id)
    hass.config_entries.async_remove_subentry(farm, sub(farm, "zone").subentry_id)
    await settled(hass)
    told = await repairs.choose("choose")
    assert (told["type"], told["reason"]) == ("abort", "gone")
    assert repairs.issue(vanished) is None


async def test_only_an_administrator_mends(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    repairs: Repairs,
    vanished: str,
    hass_client: ClientSessionGenerator,
    hass_read_only_access_token: str,
) -> None:
    client = await hass_client(hass_read_only_access_token)
    answer = await client.post(FIX, json={"handler": DOMAIN, "issue_id": vanished})
    assert answer.status == 401


# -- an actuator that is not safe -----------------------------------------------------------------


@pytest.fixture
async def undeclared(hass: HomeAssistant, hardware: Hardware) -> AsyncGenerator[MockConfigEntry]:
    """The small farm with a pump without a declaration and a valve without a longest on-time."""
    parts = small_farm()
    parts["pump"]["data"] = {
        **parts["pump"]["data"],
        "bindings": [bound("pump", "irrigation_pump", PUMP)],
    }
    parts["circuit"]["data"] = {
        **parts["circuit"]["data"],
        "bindings": [bound("bench", "irrigation_valve", VALVE, declaration=declared("on"))],
    }
    entry = MockConfigEntry(
        domain=DOMAIN, title="Odd", data={"kind": "farm"}, subentries_data=list(parts.values())
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


async def test_an_actuator_without_a_declaration_is_declared_after_a_confirmation(
    hass: HomeAssistant, undeclared: MockConfigEntry, repairs: Repairs
) -> None:
    issue = f"{undeclared.entry_id}_unsafe_pump.irrigation_pump"
    told = repairs.issue(issue)
    assert told is not None
    assert told.translation_placeholders is not None
    assert told.translation_placeholders["node"] == "Pump"
    assert "has no declaration" in told.translation_placeholders["problem"]
    await repairs.begin(issue)
    said = {"danger": "on", "proof": "state"}
    form = await repairs.go_on(**said, max_on_s=600, confirm=False)
    assert form["errors"] == {"confirm": "not_confirmed"}
    form = await repairs.go_on(**said, confirm=True)
    assert form["errors"] == {"base": "still_unsafe"}
    assert "longest on-time" in form["description_placeholders"]["why"]
    assert "declaration" not in bindings(undeclared, "pump")["pump.irrigation_pump"]
    assert not undeclared.runtime_data.farm.bound.get(("pump", "irrigation_pump"))
    done = await repairs.go_on(**said, max_on_s=600, confirm=True)
    assert done["type"] == "create_entry"
    assert undeclared.runtime_data.farm.binding["pump.irrigation_pump"].declaration.max_on_s == 600
    assert repairs.issue(issue) is None


async def test_what_a_declaration_said_beside_stays(
    hass: HomeAssistant, undeclared: MockConfigEntry, repairs: Repairs
) -> None:
    await repairs.begin(f"{undeclared.entry_id}_unsafe_bench.irrigation_valve")
    await repairs.go_on(danger="on", proof="state", max_on_s=1200, confirm=True)
    kept = bindings(undeclared, "circuit")["bench.irrigation_valve"]["declaration"]
    assert (kept["deadline_s"], kept["safe_on"], kept["max_on_s"]) == (5.0, False, 1200)


# -- the history ----------------------------------------------------------------------------------


@pytest.fixture
def where(journals: Path, entry: MockConfigEntry) -> Path:
    return journals / f"{entry.entry_id}.ledger.db"


def block(where: Path) -> None:
    """Put something where the ledger would be."""
    where.mkdir()


def unblock(where: Path) -> None:
    where.rmdir()


DAMAGED = b"this is no database" * 100


def damage(where: Path) -> None:
    where.write_bytes(DAMAGED)


def content(where: Path) -> bytes:
    return where.read_bytes()


async def failing(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await entry.runtime_data.engine.ledger.async_retry()
    await settled(hass)
    return f"{entry.entry_id}_ledger_failing"


async def test_the_history_is_tried_again_when_a_person_says_so(
    hass: HomeAssistant,
    hardware: Hardware,
    entry: MockConfigEntry,
    repairs: Repairs,
    where: Path,
) -> None:
    block(where)
    issue = await failing(hass, entry)
    assert repairs.issue(issue) is not None
    await repairs.begin(issue)
    form = await repairs.choose("retry")
    assert form["errors"] == {"base": "still_failing"}
    assert form["description_placeholders"]["error"]
    assert repairs.issue(issue) is not None
    unblock(where)
    assert (await repairs.go_on())["type"] == "create_entry"
    assert repairs.issue(issue) is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_damaged_history_is_kept_beside_a_new_one_that_the_journal_fills(
    hass: HomeAssistant,
    hardware: Hardware,
    entry: MockConfigEntry,
    repairs: Repairs,
    where: Path,
) -> None:
    damage(where)
    issue = await failing(hass, entry)
    await repairs.begin(issue)
    form = await repairs.choose("set_aside")
    assert form["type"] == "form"
    assert content(where) == DAMAGED, "asking moves nothing"
    assert (await repairs.go_on())["type"] == "create_entry"
    assert repairs.issue(issue) is None
    await hass.config_entries.async_unload(entry.entry_id)
    (aside,) = where.parent.glob("*.ledger.unreadable-*.db")
    assert content(aside) == DAMAGED
    with closing(Ledger(where)), closing(sqlite3.connect(where)) as db:
        kinds = [kind for (kind,) in db.execute("SELECT kind FROM records")]
    assert "running" in kinds


# -- lost memory ------------------------------------------------------------------------------


CHECKS = ("water", "solution", "batches", "people")


@pytest.fixture
async def lost(
    hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry, journals: Path
) -> AsyncGenerator[str]:
    damage(journals / f"{entry.entry_id}.db")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    yield f"{entry.entry_id}_memory_lost"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_new_memory_is_accepted_when_every_check_is_confirmed(
    hass: HomeAssistant, entry: MockConfigEntry, repairs: Repairs, lost: str
) -> None:
    told = repairs.issue(lost)
    assert told is not None
    assert told.severity is ir.IssueSeverity.CRITICAL
    assert (await repairs.begin(lost))["menu_options"] == ["restore", "accept"]
    await repairs.choose("accept")
    checked = dict.fromkeys(CHECKS, True)
    form = await repairs.go_on(**{**checked, "solution": False}, mode="auto")
    assert form["errors"] == {"solution": "not_checked"}
    farm = entry.runtime_data.engine.runtime
    assert farm.memory.farm.lost_memory, "the hold stands"
    assert (await repairs.go_on(**checked, mode="monitor"))["type"] == "create_entry"
    assert not farm.memory.farm.lost_memory
    assert farm.memory.farm.mode == "monitor"
    assert repairs.issue(lost) is None
    (changed,) = await entry.runtime_data.engine.journal.async_events("mode_changed")
    assert changed["by"].startswith("user:")


async def test_the_last_backup_from_before_the_loss_is_named_and_the_hold_stands(
    hass: HomeAssistant, entry: MockConfigEntry, repairs: Repairs, lost: str
) -> None:
    now = dt_util.utcnow()
    with backups(hass, now - timedelta(days=3), now - timedelta(days=2), now + timedelta(hours=1)):
        await repairs.begin(lost)
        form = await repairs.choose("restore")
    named = dt_util.as_local(now - timedelta(days=2))
    assert f"{named:%Y-%m-%d %H:%M}" in form["description_placeholders"]["backup"]
    told = await repairs.go_on()
    assert (told["type"], told["reason"]) == ("abort", "restore_backup")
    assert repairs.issue(lost) is not None
    assert entry.runtime_data.engine.runtime.memory.farm.lost_memory


async def test_without_a_backup_none_is_named(
    hass: HomeAssistant, entry: MockConfigEntry, repairs: Repairs, lost: str
) -> None:
    await repairs.begin(lost)
    form = await repairs.choose("restore")
    assert form["description_placeholders"]["backup"] == "–"


async def test_a_mode_that_is_chosen_elsewhere_lets_nothing_go(
    hass: HomeAssistant, entry: MockConfigEntry, repairs: Repairs, lost: str
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call(DOMAIN, "set_mode", {"mode": "auto"}, blocking=True)
    assert "memory of the farm is lost" in str(refused.value)
    await settled(hass)
    assert repairs.issue(lost) is not None


async def test_a_loss_that_is_accepted_elsewhere_ends_the_repair(
    hass: HomeAssistant, entry: MockConfigEntry, repairs: Repairs, lost: str
) -> None:
    await repairs.begin(lost)
    await ask(entry, AcceptLoss(mode=Mode.AUTO, checked=frozenset(LossCheck), by="grower"))
    await settled(hass)
    assert repairs.issue(lost) is None
    told = await repairs.choose("accept")
    assert (told["type"], told["reason"]) == ("abort", "gone")


# -- backups ----------------------------------------------------------------------------------


class Manager:
    """The part of Home Assistant's backup manager that says which backups there are."""

    def __init__(self, *made: datetime) -> None:
        self.made = list(made)
        self.listeners: list[Any] = []
        self.errors: dict[str, Exception] = {}
        never = SimpleNamespace(recurrence=ScheduleRecurrence.NEVER)
        self.config = SimpleNamespace(data=SimpleNamespace(schedule=never))

    async def async_get_backups(self) -> tuple[dict[str, Any], dict[str, Exception]]:
        found = {
            str(at): SimpleNamespace(
                date=at.isoformat(), name=f"Backup {at:%d}", homeassistant_included=True
            )
            for at in self.made
        }
        return found, self.errors

    def async_subscribe_events(self, listener: Any) -> Any:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def done(self, at: datetime) -> None:
        self.made.append(at)
        for listener in self.listeners:
            listener(SimpleNamespace(manager_state="idle"))


@contextmanager
def backups(hass: HomeAssistant, *made: datetime) -> Iterator[Manager]:
    """Backups that were made when."""
    manager = Manager(*made)
    hass.config.components.add("backup")
    with patch("homeassistant.components.backup.async_get_manager", return_value=manager):
        yield manager
    hass.config.components.remove("backup")


async def look(hass: HomeAssistant, freezer: FrozenDateTimeFactory, days: float) -> None:
    freezer.tick(timedelta(days=days))
    async_fire_time_changed(hass)
    await settled(hass)


async def test_a_farm_without_a_fresh_backup_is_told_until_there_is_one(
    hass: HomeAssistant,
    hardware: Hardware,
    entry: MockConfigEntry,
    repairs: Repairs,
    freezer: FrozenDateTimeFactory,
) -> None:
    issue = f"{entry.entry_id}_backup_stale"
    with backups(hass, dt_util.utcnow() - timedelta(days=30)) as manager:
        assert await hass.config_entries.async_setup(entry.entry_id)
        await settled(hass)
        assert repairs.issue(issue) is None, "a new farm has had no time for one"
        await look(hass, freezer, 8.5)
        told = repairs.issue(issue)
        assert told is not None
        assert not told.is_fixable
        manager.done(dt_util.utcnow())
        await settled(hass)
        assert repairs.issue(issue) is None, "it goes away by itself"
        manager.errors["cloud"] = HomeAssistantError("away")
        manager.made.clear()
        await look(hass, freezer, 9)
        assert repairs.issue(issue) is None, "what nobody can say is not told"
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert manager.listeners == []


async def test_what_is_told_of_a_farm_goes_when_it_is_disabled_and_comes_back_with_it(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs, vanished: str
) -> None:
    assert repairs.issue(vanished) is not None
    assert await hass.config_entries.async_set_disabled_by(farm.entry_id, ConfigEntryDisabler.USER)
    assert not [key for key in ir.async_get(hass).issues if key[0] == DOMAIN]
    await hass.config_entries.async_set_disabled_by(farm.entry_id, None)
    await settled(hass)
    assert repairs.issue(vanished) is not None


async def test_an_entity_that_came_back_while_the_farm_was_unloaded_is_not_told_any_more(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    repairs: Repairs,
    vanished: str,
) -> None:
    assert await hass.config_entries.async_unload(farm.entry_id)
    hardware.air(22.0)
    assert await hass.config_entries.async_setup(farm.entry_id)
    await settled(hass)
    assert repairs.issue(vanished) is None


# -- what a person ignores, and how it is said ----------------------------------------------------


def ignore(hass: HomeAssistant, issue_id: str) -> None:
    ir.async_get(hass).async_ignore(DOMAIN, issue_id, True)


def ignored(repairs: Repairs, issue_id: str) -> bool:
    found = repairs.issue(issue_id)
    assert found is not None
    return found.dismissed_version is not None


async def test_what_is_ignored_stays_so_when_the_farm_is_reloaded(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs, vanished: str
) -> None:
    ignore(hass, vanished)
    for _ in range(2):
        assert await hass.config_entries.async_reload(farm.entry_id)
        await settled(hass)
        assert ignored(repairs, vanished)


async def test_what_is_ignored_stays_so_when_home_assistant_starts_anew(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs, vanished: str
) -> None:
    ignore(hass, vanished)
    registry = ir.async_get(hass)
    assert await hass.config_entries.async_unload(farm.entry_id)
    # What a new process reads: of an issue that is not persistent, that it is ignored.
    hass.data[ir.DATA_REGISTRY] = started = ir.IssueRegistry(hass)
    with patch.object(started._store, "async_load", return_value=registry._data_to_save()):
        await started.async_load()
    assert await hass.config_entries.async_setup(farm.entry_id)
    await settled(hass)
    assert ignored(repairs, vanished)


async def test_what_was_ignored_and_mended_is_told_when_it_comes_again(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    repairs: Repairs,
    vanished: str,
) -> None:
    ignore(hass, vanished)
    assert await hass.config_entries.async_unload(farm.entry_id)
    hardware.air(22.0)
    assert await hass.config_entries.async_setup(farm.entry_id)
    await settled(hass)
    assert repairs.issue(vanished) is None
    hass.states.async_remove(AIR)
    await settled(hass)
    assert not ignored(repairs, vanished)


async def test_nothing_of_a_farm_that_was_removed_is_kept(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs, vanished: str
) -> None:
    ignore(hass, vanished)
    await hass.config_entries.async_remove(farm.entry_id)
    assert not [key for key in ir.async_get(hass).issues if key[1].startswith(farm.entry_id)]


@pytest.mark.parametrize(
    ("language", "role"),
    [
        ("en", "Air temperature"),
        ("de", "Lufttemperatur"),
        ("fr", "Température de l’air"),
        ("nl", "Luchttemperatuur"),
        ("es", "Temperatura del aire"),
    ],
)
async def test_an_entity_that_is_gone_is_told_with_the_names_that_people_use(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    repairs: Repairs,
    language: str,
    role: str,
) -> None:
    await hass.config.async_update(language=language)
    await settled(hass)
    hass.states.async_remove(AIR)
    await settled(hass)
    told = repairs.issue(f"{farm.entry_id}_missing_tent.air_temperature")
    assert told is not None
    assert told.translation_placeholders == {
        "farm": "Home farm",
        "node": "Tent",
        "role": role,
        "entity": AIR,
    }


async def test_an_entity_that_was_deleted_from_the_registry_is_told_by_what_it_was_called(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs
) -> None:
    registry = er.async_get(hass)
    made = registry.async_get_or_create("sensor", "test", "probe", suggested_object_id="old_probe")
    zone = sub(farm, "zone")
    changed = [{**b, "entity": made.id} if b["entity"] == AIR else b for b in zone.data["bindings"]]
    hass.config_entries.async_update_subentry(farm, zone, data={**zone.data, "bindings": changed})
    await settled(hass)
    registry.async_remove(made.entity_id)
    await settled(hass)
    told = repairs.issue(f"{farm.entry_id}_missing_tent.air_temperature")
    assert told is not None
    assert told.translation_placeholders is not None
    assert told.translation_placeholders["entity"] == "sensor.old_probe"


async def test_what_is_wrong_with_a_farm_is_told_with_the_names_that_people_use(
    hass: HomeAssistant, farm: MockConfigEntry, repairs: Repairs
) -> None:
    await hass.config.async_update(language="de")
    pump = sub(farm, "pump")
    kept = [
        {**b, "declaration": {**b["declaration"], "isolation": "bench.irrigation_valve"}}
        for b in pump.data["bindings"]
    ]
    hass.config_entries.async_update_subentry(farm, pump, data={**pump.data, "bindings": kept})
    hass.config_entries.async_remove_subentry(farm, sub(farm, "rack").subentry_id)
    await settled(hass)
    placeholders = [
        issue.translation_placeholders or {}
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN
    ]
    assert placeholders
    for said in (text for one in placeholders for text in one.values()):
        assert "irrigation" not in said, "no key of a role"
        assert "pump." not in said, "no key of a binding"
        assert "Bench" in said or "bench" not in said, "no key of a part that is there"
