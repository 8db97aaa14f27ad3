"""Bad input at every action: refused in words, and nothing happens.

What can be wrong is read from `services.yaml`: what each field takes and what it does not. A row
below says what is right for an action, so that one thing at a time can be spoiled; an action
without a row fails. Each row is carried out in the end: good data that were refused would prove
nothing of the bad.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from freezegun.api import FrozenDateTimeFactory
from home_farm import settled, somebody, start_batch
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_dose_faults import POINT, Tank, entry, hardware  # noqa: F401 - fixtures
from test_services import act
from test_translations import SHELL
from untouched import Untouched, unsaid, untouched

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.roles import ACTIONS

SERVICES: dict[str, Any] = yaml.safe_load((SHELL / "services.yaml").read_text())
BASIL = (files("vfarm_core.recipes") / "library" / "basil_sweet.yaml").read_text()
MINE = BASIL.replace("id: basil_sweet", "id: my_basil")
WARMER = MINE.replace("value: 24 °C", "value: 25 °C")


@dataclass(frozen=True)
class Row:
    """What is right for an action. `before`: actions that lead there. `late`: the refusal with
    which good data end where this farm cannot do it now; bad data are never refused so."""

    data: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    late: str | None = None
    #: What looks wrong and is not, for the reason given.
    takes: Mapping[str, str] = field(default_factory=dict)


TANK, LEVEL, BENCH, TENT = ({"node": node} for node in ("tank", "rack_level_1", "bench", "tent"))
ROLLOUT = ("start_rollout", {"recipe": "my_basil", "strategy": "new_batches", "old": "$old"})
NODE: dict[str, Any] = {
    "station": "node",
    "kind": "esphome",
    "link": "api",
    "outputs": [{"point": "tent.heater", "channel": "GPIO16"}],
}
DRILL = (("set_station", NODE), ("start_drill", {"station": "node", "loss": "controller"}))
#: `$names` stand for what the farm of a test has given a name.
ROWS: Mapping[str, Row] = {
    "start_batch": Row({**LEVEL, "recipe": "lettuce_butterhead", "plants": 2, "sown_days_ago": 30}),
    "advance_phase": Row({"batch": "$mine"}),
    "change_recipe": Row({"batch": "$mine", "recipe": "my_basil", "duration": 3600}),
    "harvest": Row({"batch": "$batch", "kg": 1.0, "waste_kg": 0.1}),
    "set_override": Row({**TENT, "quantity": "air_temperature", "value": 20, "duration": 3600}),
    "clear_override": Row(
        {**TENT, "quantity": "air_temperature"},
        before=(
            (
                "set_override",
                {**TENT, "quantity": "air_temperature", "value": 20, "duration": 3600},
            ),
        ),
    ),
    "set_mode": Row({"mode": "monitor"}),
    "emergency_stop": Row({"why": "smoke"}),
    "release_emergency_stop": Row(before=(("emergency_stop", {}),)),
    "arm_loop": Row(
        {"loop": "light"}, before=(("emergency_stop", {}), ("release_emergency_stop", {}))
    ),
    "disarm_loop": Row({"loop": "light"}),
    "clear_inhibit": Row(BENCH, late="not_inhibited"),
    "clear_latch": Row({"point": "tent.heater"}, late="not_latched"),
    "give_back": Row({"point": "tent.heater"}, late="not_taken_over"),
    "try_actuator": Row({"point": "tent.heater", "duration": 5}, late="try_in_use"),
    "self_test": Row(
        {**TENT, "pulse": False},
        takes={
            "no target": "the whole farm is tested",
            "wrong kind of node": "every part of a farm that has bindings can be tested",
        },
    ),
    "send_test_alarm": Row({"severity": "p3"}),
    "fixture_replaced": Row(LEVEL),
    "run_shot": Row({**BENCH, "duration": 60}),
    "run_dose": Row({"point": POINT, "ml": 5}, late="dose_not_ready"),
    "run_fill": Row(TANK, late="fill_not_ready"),
    "set_probe": Row({"point": "tank.solution_ec", "use": "out"}),
    "verify_probe": Row({"point": "tank.solution_ec"}),
    "calibrate_probe": Row({"point": "tank.solution_ec", "standard": 1.413, "shown": 1.5}),
    "calibrate_pump": Row({"point": POINT, "ml": 60, "duration": 60}),
    "clear_reservoir": Row({**TANK, "inhibit": "dosing"}, late="reservoir_not_inhibited"),
    "solution_changed": Row(TANK),
    "start_workflow": Row({**TANK, "workflow": "maintenance", "duration": 3600}),
    "advance_workflow": Row(
        TANK,
        before=(("start_workflow", {**TANK, "workflow": "solution_change", "duration": 3600}),),
    ),
    "end_workflow": Row(
        TANK, before=(("start_workflow", {**TANK, "workflow": "maintenance", "duration": 3600}),)
    ),
    "explain": Row(TENT),
    "trace": Row({"lot": "$batch"}),
    "batch_report": Row({"batch": "$batch", "prices": {"energy_kwh": 0.3}}),
    "audit": Row({"since": "2026-01-01 00:00:00", "until": "2027-01-01 00:00:00", "limit": 5}),
    "forget_person": Row({"person": "user:manager"}),
    "solve_nutrients": Row({"target_solution": "modified_sonneveld", "salts": ["common"]}),
    "plan_batch": Row({**LEVEL, "recipe": "basil_sweet", "sow_at": "$soon", "plants": 2}),
    "start_rollout": Row(
        {"recipe": "my_basil", "strategy": "new_batches", "old": "$old", "duration": 3600}
    ),
    "pause_rollout": Row({"rollout": "my_basil-1"}, before=(ROLLOUT,)),
    "resume_rollout": Row({"rollout": "my_basil-1"}, before=(ROLLOUT, ("pause_rollout", {}))),
    "promote_rollout": Row({"rollout": "my_basil-1"}, before=(ROLLOUT,)),
    "roll_back_rollout": Row({"rollout": "my_basil-1", "duration": 60}, before=(ROLLOUT,)),
    "get_rollouts": Row(),
    "get_calibrations": Row(),
    "compare_versions": Row({"recipe": "my_basil"}, late="compare_one_version"),
    "plan_orders": Row(
        {
            "orders": [{"recipe": "lettuce_butterhead", "kg": 0.1, "date": "$harvest_day"}],
            "seconds": 5,
        }
    ),
    "apply_plan": Row({"plan": "$plan"}),
    "reschedule_batch": Row({"batch": "$planned", "sow_at": "$later"}),
    "sow_batch": Row({"batch": "$planned"}, late="limits_disjoint"),
    "fail_batch": Row({"batch": "$planned", "why": "no order"}),
    "move_batch": Row(
        {"batch": "$batch", "from_level": "rack_level_1", "to_level": "rack_level_2", "sites": 1}
    ),
    "split_batch": Row({"batch": "$batch", "sites": {"rack_level_1": 2}}),
    "merge_batches": Row({"batch": "$batch", "other": "$other"}),
    "transplant_batch": Row({"batch": "$mine", "plants_m2": 20, "levels": ["rack_level_2"]}),
    "cut_batch": Row({"batch": "$batch", "plants": 1, "kg": 0.1, "waste_kg": 0.0}),
    "lose_plants": Row({"batch": "$batch", "plants": 1, "why": "rot"}),
    "receive_lot": Row({"lot": "S-2", "kind": "seed", "amount": 5}),
    "use_lot": Row({"lot": "$lot", "place": "rack_level_1"}),
    "close_lot": Row({"lot": "$used", "place": "rack_level_1"}),
    "log_labour": Row({"minutes": 15, "task": "harvest"}),
    "export_farm": Row({"file": "new.zip"}),
    "import_farm": Row({"file": "$bundle"}),
    "list_recipes": Row(),
    "get_recipe": Row({"recipe": "my_basil"}),
    "check_recipe": Row(
        {**LEVEL, "recipe": "my_basil", "plants": 2},
        takes={
            "plants=1000001": "it answers that there is no room for them",
            "no target": "it checks for the only farm",
        },
    ),
    "save_recipe": Row({"document": MINE}),
    "import_recipe": Row({"format": "yaml", "text": MINE}),
    "export_recipe": Row({"recipe": "my_basil"}),
    "diff_recipes": Row({"old": "my_basil", "new": "basil_sweet"}),
    "install_blueprints": Row(),
    "set_station": Row(NODE),
    "remove_station": Row({"station": "node"}, before=(("set_station", NODE),)),
    "station_package": Row({"station": "node"}, before=(("set_station", NODE),)),
    "station_check": Row(),
    "start_drill": Row({"station": "node", "loss": "controller"}, before=(("set_station", NODE),)),
    "advance_drill": Row(before=DRILL),
    "confirm_drill": Row({"point": "tent.heater"}, before=DRILL, late="drill_not_watched"),
    "end_drill": Row(before=DRILL),
    "note_protection": Row({"point": "tent.heater", "protection": "auto_off", "after_s": 12}),
}

#: Fields that count what cannot be halved.
WHOLE = {"plants", "sites", "limit", "rest_days", "min_harvested"}
#: Moments that have to come.
FUTURE = {("plan_batch", "sow_at"), ("reschedule_batch", "sow_at"), ("plan_orders", "start")}
#: Fields that name what exists, and a name that nothing has.
NAMES = {
    "recipe", "batch", "other", "lot", "point", "rollout", "plan", "level", "levels", "from_level",
    "to_level", "place", "old", "new", "seed_lot", "person", "salts", "target_solution", "base",
    "batches", "based_on", "station",
}  # fmt: skip
#: Fields that take a name that nothing has: it begins to exist, or nothing is found.
NEW_NAMES = {("receive_lot", "lot"), ("audit", "person"), ("set_station", "station")}


@dataclass(frozen=True)
class World:
    """A farm in which something grows, and the names of what is in it."""

    hass: HomeAssistant
    farm: MockConfigEntry
    hardware: Tank
    folder: Path
    names: Mapping[str, str]
    foreign_device: str
    foreign_entity: str
    foreign_entry: str
    empty_area: str

    async def now(self) -> Untouched:
        """How everything is."""
        await settled(self.hass)
        return await untouched(self.hass, self.farm, self.hardware.calls, self.folder)

    def filled(self, value: Any) -> Any:
        """Data with the names of this farm."""
        if isinstance(value, str) and value.startswith("$"):
            return self.names[value[1:]]
        if isinstance(value, Mapping):
            return {key: self.filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        return value


@pytest.fixture
async def world(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    farm: MockConfigEntry,
    hardware: Tank,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """Two batches of lettuce and one of an older basil grow, one is planned, lots have come in."""
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    recipes = tmp_path / DOMAIN / "recipes"
    recipes.mkdir(parents=True)
    (recipes / "mine.yaml").write_text(MINE)
    engine = farm.runtime_data.engine
    now = dt.datetime.fromtimestamp(engine.clock.now().farm, tz=dt.UTC)
    soon, later = ((now + dt.timedelta(days=days)).isoformat() for days in (1, 2))
    grown: dict[str, Any] = {"recipe": "lettuce_butterhead", "sown_days_ago": 30}
    batch = (await start_batch(hass, **grown, node=["rack_level_1"], plants=8))["batch"]
    other = (await start_batch(hass, **grown, node=["rack_level_2"], plants=4))["batch"]
    basil: dict[str, Any] = {"recipe": "my_basil", "sown_days_ago": 12}
    mine = (await start_batch(hass, **basil, node=["rack_level_2"], plants=2))["batch"]
    old = engine.runtime.memory.batches[mine].recipe_version
    (recipes / "mine.yaml").write_text(WARMER)
    planned = await act(
        hass, "plan_batch", node="rack_level_1", recipe="basil_sweet", sow_at=soon, plants=2
    )
    for lot in ("K-1", "K-2"):
        await act(hass, "receive_lot", lot=lot, kind="substrate")
    await act(hass, "use_lot", lot="K-2", place="rack_level_1")
    harvest_day = (now + dt.timedelta(days=90)).date().isoformat()
    order = {"recipe": "lettuce_butterhead", "kg": 0.1, "date": harvest_day}
    plan = await act(hass, "plan_orders", orders=[order])
    assert plan["batches"], plan["conflicts"]
    bundle = await act(hass, "export_farm", file="before.zip")
    elsewhere = MockConfigEntry(domain="elsewhere", title="Elsewhere")
    elsewhere.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=elsewhere.entry_id, identifiers={("elsewhere", "1")}, name="Kettle"
    )
    kettle = er.async_get(hass).async_get_or_create(
        "switch", "elsewhere", "kettle", device_id=device.id, config_entry=elsewhere
    )
    area = ar.async_get(hass).async_create("Kitchen")
    dr.async_get(hass).async_update_device(device.id, area_id=area.id)
    somebody(hass, "viewer", is_owner=False)
    hass.config_entries.async_update_entry(farm, options={"roles": {"viewer": "viewer"}})
    await settled(hass)
    engine.feed_now()
    await settled(hass)
    names = {
        "batch": batch, "other": other, "mine": mine, "old": old, "planned": planned["batch"],
        "lot": "K-1", "used": "K-2", "soon": soon, "later": later, "harvest_day": harvest_day,
        "plan": plan["plan"], "bundle": bundle["file"],
    }  # fmt: skip
    return World(
        hass, farm, hardware, tmp_path, names, device.id, kettle.entity_id, elsewhere.entry_id,
        area.id,
    )  # fmt: skip


@dataclass(frozen=True)
class Bad:
    """One thing that is wrong. `keys`: the refusals that say so, where there are only these."""

    what: str
    data: Mapping[str, Any]
    keys: frozenset[str] = frozenset()


def keys(*names: str) -> frozenset[str]:
    """Keys of refusals."""
    return frozenset(names)


def spoiled(action: str, name: str, selector: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Values that a field does not take, and the key that says so, if it is always the same."""
    if "number" in selector:
        limits = selector["number"] or {}
        yield from ((bad, "field_number") for bad in ("many", "nan", float("inf"), "1e999", True))
        yield from ((bad, "field_number") for bad in ([], {}, None))
        if name in WHOLE:
            yield 1.5, "field_whole"
        if isinstance(least := limits.get("min"), int | float):
            yield least - 1, ""
        if isinstance(most := limits.get("max"), int | float):
            yield most * 10 + 1, ""
    elif "select" in selector:
        yield from ((bad, "field_choice") for bad in ("mango", 7, [], None))
    elif "boolean" in selector:
        yield from ((bad, "field_invalid") for bad in ("perhaps", []))
    elif "duration" in selector:
        bad_durations: tuple[Any, ...] = ("soon", "nan", 1e300, {"days": 1e12}, [], {"moons": 2})
        yield from ((bad, "field_duration") for bad in bad_durations)
        yield -3600, ""
    elif "datetime" in selector:
        for bad in ("someday", 5, [], "0001-01-01 00:00:00", "9999-12-31 00:00:00"):
            yield bad, "field_time"
        if (action, name) in FUTURE:
            yield "2020-01-01 08:00:00", ""
    elif "date" in selector:
        yield from ((bad, "field_date") for bad in ("someday", [], "0001-01-01", "9999-12-31"))
        if (action, name) in FUTURE:
            yield "2020-01-01", ""
    elif "config_entry" in selector:
        yield "moon", "service_config_entry_not_found"
        yield "$$foreign", "service_config_entry_wrong_domain"
    elif "object" in selector:
        yield "nonsense", ""
        yield 7, ""
        yield [{"moon": "cheese"}], ""
    else:
        assert "text" in selector, selector
        # A document is a text or its values.
        yield ({"a": 1}, "") if name == "document" else ({"a": 1}, "field_invalid")
        if not (selector["text"] or {}).get("multiple"):
            yield None, "field_invalid"
        if name in NAMES and (action, name) not in NEW_NAMES:
            yield "moon", ""


def bad_data(world: World, action: str, good: Mapping[str, Any]) -> Iterator[Bad]:
    """Everything that can be wrong with the data of an action, one thing at a time."""
    described = SERVICES[action]
    fields: dict[str, Any] = described.get("fields") or {}
    yield Bad("unknown field", {**good, "moon": 1}, keys("field_unknown"))
    for name, about in fields.items():
        if about.get("required"):
            left = {key: value for key, value in good.items() if key != name}
            yield Bad(f"no {name}", left, keys("field_missing"))
        for value, key in spoiled(action, name, about["selector"]):
            given = world.foreign_entry if value == "$$foreign" else value
            yield Bad(f"{name}={given!r}", {**good, name: given}, keys(key) if key else keys())
    if "target" in described:
        aimed = {key: value for key, value in good.items() if key not in ("node", "batch")}
        yield Bad("no target", aimed, keys("no_target"))
        one = good.get("node", "rack_level_1")
        for what, data, key in (
            ("unknown node", {"node": "moon"}, "node_unknown"),
            ("wrong kind of node", {"node": "pump"}, "wrong_kind"),
            (
                "one node of two",
                {"node": [one, "moon"]},
                "node_unknown",
            ),
            ("unknown device", {"device_id": "moon"}, ""),
            ("foreign device", {"device_id": world.foreign_device}, ""),
            ("foreign entity", {"entity_id": world.foreign_entity}, ""),
            ("entity without device", {"entity_id": "sensor.tent_air"}, "not_ours"),
            ("area without a farm", {"area_id": world.empty_area}, "no_target"),
            ("unknown area", {"area_id": "moon"}, "no_target"),
        ):
            yield Bad(what, {**aimed, **data}, keys(key) if key else keys())


async def refused(world: World, action: str, data: Mapping[str, Any], by: Context | None) -> str:
    """The key of the refusal of an action, or what is wrong with how it is refused."""
    try:
        await act(world.hass, action, context=by, **data)
    except ServiceValidationError as err:
        return unsaid(err) or str(err.translation_key)
    except HomeAssistantError as err:
        return unsaid(err) or f"is an error of Home Assistant: {err}"
    except Exception as err:
        return f"falls over: {err!r}"
    return "is taken"


def test_every_action_has_a_row() -> None:
    assert set(ROWS) == set(SERVICES)


@pytest.mark.parametrize("action", SERVICES)
async def test_bad_data_are_refused_in_words_and_nothing_happens(world: World, action: str) -> None:
    row = ROWS[action]
    for service, data in row.before:
        await act(world.hass, service, **world.filled(data))
    good = world.filled(row.data)
    wrong: list[str] = []
    before = await world.now()
    for bad in bad_data(world, action, good):
        if bad.what in row.takes:
            continue
        said = await refused(world, action, bad.data, None)
        if " " in said or said == row.late or (bad.keys and said not in bad.keys):
            wrong.append(f"{bad.what}: {said}")
        if differs := before.differs(await world.now()):
            wrong.append(f"{bad.what}: {said}: changed {', '.join(differs)}")
            before = await world.now()
    assert not wrong, "\n".join(wrong)
    said = await refused(world, action, good, None)
    assert said == (row.late or "is taken"), "good data"


@pytest.mark.parametrize("action", [a for a in SERVICES if not ACTIONS[a].nothing])
async def test_who_may_not_changes_nothing_but_the_record_that_it_was_refused(
    world: World, action: str
) -> None:
    row = ROWS[action]
    for service, data in row.before:
        await act(world.hass, service, **world.filled(data))
    before = await world.now()
    viewer = Context(user_id="viewer")
    assert await refused(world, action, world.filled(row.data), viewer) == "not_allowed"
    after = await world.now()
    assert set(before.differs(after)) <= {"journal", "memory", "ledger"}
    (noted,) = [record for record in after.journal if record not in before.journal]
    assert (noted["kind"], noted["by"]) == ("request_refused", "user:viewer")


@pytest.mark.parametrize("action", SERVICES)
async def test_without_a_running_farm_an_action_says_so(world: World, action: str) -> None:
    row = ROWS[action]
    for service, data in row.before:
        await act(world.hass, service, **world.filled(data))
    assert await world.hass.config_entries.async_unload(world.farm.entry_id)
    before = await world.now()
    fields: dict[str, Any] = SERVICES[action].get("fields") or {}
    good = world.filled(row.data)
    if "config_entry_id" in fields:
        said = await refused(world, action, good, None)
        assert said in {"service_config_entry_not_loaded", "not_running"}, said
        named = {**good, "config_entry_id": world.farm.entry_id}
        assert await refused(world, action, named, None) == "service_config_entry_not_loaded"
    if "target" in SERVICES[action]:
        entities = er.async_entries_for_config_entry(er.async_get(world.hass), world.farm.entry_id)
        aimed = {key: value for key, value in good.items() if key not in ("node", "batch")}
        said = await refused(world, action, {**aimed, "entity_id": entities[0].entity_id}, None)
        assert " " not in said, said
    assert not before.differs(await world.now())
