"""A farm goes to a file and comes back from it, for administrators, never over one that runs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import AIR, HEATER, LAMP, Hardware, settled, start_batch
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.farm_data import entry_dict, farm_dict, farm_parts
from vfarm_core.farm.build import farm_from_dict
from vfarm_core.runtime.bundle import open_bundle
from vfarm_core.twin.demo import demo_farm

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def folder(hass: HomeAssistant, journals: Path) -> Generator[Path]:
    """A configuration folder and journals of the test's own."""
    with (
        patch.object(hass.config, "config_dir", str(journals / "config")),
        patch(
            "custom_components.vfarm.bundles.journal_path",
            lambda hass, entry_id: journals / f"{entry_id}.db",
        ),
    ):
        yield journals / "config" / "vfarm"


@pytest.fixture
def admin(hass: HomeAssistant) -> Context:
    return Context(user_id=MockUser(is_owner=True).add_to_hass(hass).id)


async def act(hass: HomeAssistant, service: str, by: Context | None, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, service, data, blocking=True, return_response=True, context=by
    )
    await settled(hass)
    assert answer is not None
    return answer


async def refused(
    hass: HomeAssistant, service: str, by: Context | None, **data: Any
) -> ServiceValidationError:
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, service, by, **data)
    assert caught.value.translation_key is not None
    assert "{" not in str(caught.value)
    return caught.value


def state_of(entry: Any) -> tuple[Any, ...]:
    """What a farm remembers that is not measured anew."""
    memory = entry.runtime_data.engine.runtime.memory
    return memory.batches, memory.recipes, memory.farm.mode, memory.farm.disarmed


async def test_a_running_farm_is_written_to_a_file(
    hass: HomeAssistant, farm: MockConfigEntry, folder: Path, admin: Context
) -> None:
    (folder / "recipes").mkdir(parents=True)
    (folder / "recipes" / "mine.yaml").write_text("id: mine\n", encoding="utf-8")
    await start_batch(hass)
    told = await act(hass, "export_farm", admin)
    path = folder / "bundles" / told["file"]
    assert told["path"] == str(path)
    assert told["file"].startswith("home_farm-")
    memory = farm.runtime_data.engine.runtime.memory
    with open_bundle(path) as bundle:
        assert bundle.farm == farm.runtime_data.farm
        assert bundle.memory is not None
        assert bundle.memory.batches == memory.batches
        assert bundle.memory.recipes == memory.recipes
        assert bundle.recipes == {"mine.yaml": "id: mine\n"}
    assert farm.runtime_data.engine.running
    named = await act(hass, "export_farm", admin, file="mine.zip")
    assert named["file"] == "mine.zip"
    again = await refused(hass, "export_farm", admin, file="mine.zip")
    assert again.translation_key == "bundle_file_exists"


async def test_only_administrators_export_and_import(
    hass: HomeAssistant, farm: MockConfigEntry, admin: Context
) -> None:
    await act(hass, "export_farm", admin, file="farm.zip")
    user = Context(user_id=MockUser().add_to_hass(hass).id)
    for service in ("export_farm", "import_farm"):
        for by in (None, user):
            err = await refused(hass, service, by, file="farm.zip")
            assert err.translation_key == "not_allowed"
    hass.config_entries.async_update_entry(farm, options={"roles": {user.user_id: "manager"}})
    for service in ("export_farm", "import_farm"):
        err = await refused(hass, service, user, file="farm.zip")
        assert err.translation_key == "bundle_admin"


async def test_an_automation_exports_where_the_options_allow_it_and_never_imports(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    folder: Path,
    admin: Context,
    freezer: FrozenDateTimeFactory,
) -> None:
    hass.config_entries.async_update_entry(farm, options={"automations_export": True})
    await settled(hass)
    first = await act(hass, "export_farm", None)
    again = await act(hass, "export_farm", None)
    assert again["file"] == first["file"], "the file of this week"
    names = {first["file"]}
    for _ in range(5):
        freezer.tick(7 * 86400)
        names.add((await act(hass, "export_farm", None))["file"])
    assert names == {f"home_farm-week-{n}.zip" for n in (1, 2, 3, 4)}
    with open_bundle(folder / "bundles" / first["file"]) as bundle:
        assert bundle.farm == farm.runtime_data.farm
    err = await refused(hass, "export_farm", None, file="elsewhere.zip")
    assert err.translation_key == "bundle_no_choice"
    err = await refused(hass, "import_farm", None, file=first["file"])
    assert err.translation_key == "not_allowed"
    await settled(hass)
    noted = await farm.runtime_data.engine.journal.async_events(kind="farm_exported")
    assert [record["file"] for record in noted[:2]] == [first["file"]] * 2
    assert {record["by"] for record in noted} == {"automation"}
    operator = Context(user_id=MockUser(id="bob").add_to_hass(hass).id)
    err = await refused(hass, "export_farm", operator)
    assert err.translation_key == "not_allowed", "the option is for automations alone"


@pytest.mark.parametrize("name", ["../farm.zip", "/etc/farm.zip", "a/b.zip", "farm.db", ""])
async def test_a_file_outside_of_the_folder_is_refused(
    hass: HomeAssistant, farm: MockConfigEntry, admin: Context, name: str
) -> None:
    assert (await refused(hass, "import_farm", admin, file=name)).translation_key == "bundle_name"


async def test_a_dry_run_tells_and_a_running_farm_is_left_alone(
    hass: HomeAssistant, farm: MockConfigEntry, admin: Context
) -> None:
    await start_batch(hass)
    await act(hass, "export_farm", admin, file="farm.zip")
    before = state_of(farm)
    told = await act(hass, "import_farm", admin, file="farm.zip")
    assert told["imported"] is False
    assert told["running"] is True
    assert told["refusals"] == []
    assert not [c for c in told["changes"] if c["what"] not in ("memory",)]
    assert {use["known"] for use in told["entities"]} == {True}
    err = await refused(hass, "import_farm", admin, file="farm.zip", dry_run=False)
    assert err.translation_key == "bundle_running"
    assert state_of(farm) == before


async def test_a_disabled_farm_goes_back_to_what_it_was(
    hass: HomeAssistant, farm: MockConfigEntry, admin: Context, journals: Path
) -> None:
    answer = await start_batch(hass)
    await act(hass, "export_farm", admin, file="farm.zip")
    before, described = state_of(farm), farm.runtime_data.farm
    await act(hass, "harvest", admin, batch=answer["batch"], kg=1.0)
    rack = next(s for s in farm.subentries.values() if s.subentry_type == "rack")
    hass.config_entries.async_update_subentry(farm, rack, title="Other rack")
    circuit = next(s for s in farm.subentries.values() if s.subentry_type == "circuit")
    hass.config_entries.async_remove_subentry(farm, circuit.subentry_id)
    await settled(hass)
    assert state_of(farm) != before
    await hass.config_entries.async_set_disabled_by(farm.entry_id, ConfigEntryDisabler.USER)
    await settled(hass)
    told = await act(hass, "import_farm", admin, file="farm.zip", dry_run=False)
    assert told["imported"] is True
    changed = {(c["what"], c["id"], c["how"]) for c in told["changes"]}
    assert ("rack", "rack", "changed") in changed
    assert ("circuit", "bench", "added") in changed
    assert ("batch", answer["batch"], "changed") in changed
    assert farm.state is ConfigEntryState.NOT_LOADED, "an import starts nothing"
    assert any(".before-" in name for name in os.listdir(journals)), "what was there is kept"
    await hass.config_entries.async_set_disabled_by(farm.entry_id, None)
    await settled(hass)
    assert farm.state is ConfigEntryState.LOADED
    assert farm.runtime_data.farm == described
    assert state_of(farm) == before
    events = await farm.runtime_data.engine.journal.async_events(kind="farm_imported")
    assert [event["node"] for event in events] == [farm.entry_id]


async def test_a_farm_comes_to_another_house_under_new_names(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    admin: Context,
) -> None:
    await start_batch(hass)
    await act(hass, "export_farm", admin, file="farm.zip")
    before, described = state_of(farm), farm.runtime_data.farm
    # The other house: the farm is not there, a sensor has another name, a switch is registered.
    await hass.config_entries.async_remove(farm.entry_id)
    await settled(hass)
    hass.states.async_remove(AIR)
    hass.states.async_set("sensor.other_air", "22.0", {"unit_of_measurement": "°C"})
    registered = er.async_get(hass).async_get_or_create(
        "switch", "test", "heater", suggested_object_id="new_heater"
    )
    hass.states.async_set("switch.new_heater", "off")
    told = await act(hass, "import_farm", admin, file="farm.zip")
    assert [(r["key"], r["params"]["entity"]) for r in told["refusals"]] == [
        ("entity_unknown", AIR)
    ]
    err = await refused(hass, "import_farm", admin, file="farm.zip", dry_run=False)
    assert err.translation_key == "bundle_refused"
    assert AIR in str(err)
    assert hass.config_entries.async_get_entry(farm.entry_id) is None
    names = {AIR: "sensor.other_air", HEATER: registered.entity_id}
    await act(hass, "import_farm", admin, file="farm.zip", remap=names, dry_run=False)
    entry = hass.config_entries.async_get_entry(farm.entry_id)
    assert entry is not None
    assert entry.disabled_by is ConfigEntryDisabler.USER
    hass.states.async_set(LAMP, "off", {"supported_color_modes": ["brightness"]})
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await settled(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.engine.running
    assert state_of(entry) == before
    assert entry.runtime_data.farm.binding["tent.heater"].entity == registered.id
    assert entry.runtime_data.farm.binding["tent.air_temperature"].entity == "sensor.other_air"
    same = {b.id for b in described.bindings} - {"tent.heater", "tent.air_temperature"}
    for point in same:
        assert entry.runtime_data.farm.binding[point] == described.binding[point]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_entities_of_the_same_name_are_taken_when_that_is_asked_for(
    hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry, admin: Context
) -> None:
    registry = er.async_get(hass)
    old = registry.async_get_or_create("switch", "test", "a", suggested_object_id="warm")
    hass.states.async_set("switch.warm", "off")
    zone = next(s for s in entry.subentries.values() if s.subentry_type == "zone")
    bindings = [
        {**b, "entity": old.id} if b["entity"] == HEATER else b for b in zone.data["bindings"]
    ]
    hass.config_entries.async_update_subentry(entry, zone, data={**zone.data, "bindings": bindings})
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    await act(hass, "export_farm", admin, file="farm.zip")
    await hass.config_entries.async_remove(entry.entry_id)
    registry.async_remove(old.entity_id)
    hass.states.async_remove("switch.warm")
    new = registry.async_get_or_create("switch", "test", "b", suggested_object_id="warm")
    hass.states.async_set("switch.warm", "off")
    assert new.id != old.id
    told = await act(hass, "import_farm", admin, file="farm.zip")
    assert "(switch.warm)" in told["refusals"][0]["message"]
    told = await act(hass, "import_farm", admin, file="farm.zip", same_names=True)
    assert told["refusals"] == []
    assert {use["entity"]: use["new"] for use in told["entities"]}[old.id] == new.id


async def test_damage_and_bad_tables_are_told(
    hass: HomeAssistant, farm: MockConfigEntry, admin: Context, folder: Path
) -> None:
    err = await refused(hass, "import_farm", admin, file="none.zip")
    assert err.translation_key == "bundle_not_read"
    await act(hass, "export_farm", admin, file="farm.zip")
    err = await refused(hass, "import_farm", admin, file="farm.zip", remap=[{"old": "a"}])
    assert err.translation_key == "bundle_remap"
    path = folder / "bundles" / "farm.zip"
    path.write_bytes(path.read_bytes()[:-200])
    err = await refused(hass, "import_farm", admin, file="farm.zip")
    assert err.translation_key == "bundle_no_bundle"


def test_every_farm_is_put_together_again_from_its_parts() -> None:
    farm = demo_farm()
    parts, bindings = farm_parts(farm)
    again = farm_dict(farm.id, farm.name, farm.time_zone, parts, bindings)
    made = farm_from_dict({**again, "takeover_min": farm.takeover_min})
    assert sorted(made.bindings, key=str) == sorted(farm.bindings, key=str)
    for group in ("zones", "racks", "levels", "reservoirs", "pumps", "circuits", "supplies"):
        assert getattr(made, group) == getattr(farm, group)


async def test_what_a_person_made_is_kept_as_it_is_kept_by_the_forms(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    parts, _ = farm_parts(farm.runtime_data.farm)
    data = farm_dict(farm.entry_id, farm.title, "UTC", parts)
    assert {p.type for p in parts} == {"zone", "rack", "reservoir", "pump", "circuit"}
    kept = entry_dict(farm, "UTC")
    assert [z["id"] for z in data["zones"]] == [z["id"] for z in kept["zones"]]
    assert farm_from_dict(data).levels == farm_from_dict(kept).levels


def test_every_refusal_of_the_core_has_words() -> None:
    said = json.loads(
        (ROOT / "custom_components/vfarm/translations/en.json").read_text(encoding="utf-8")
    )["exceptions"]
    core = (ROOT / "vfarm_core" / "runtime" / name for name in ("bundle.py", "restore.py"))
    text = "".join(path.read_text(encoding="utf-8") for path in core)
    keys = {f"bundle_{key}" for key in re.findall(r'BundleError\(\s*"(\w+)"', text)}
    keys |= {f"bundle_{key}" for key in re.findall(r'"(damaged)"', text)}
    assert len(keys) > 8
    assert keys <= set(said)
