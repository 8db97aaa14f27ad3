"""Bad input and bad moments at every repair: an error or an end in words, and nothing is changed.

Each form of each repair is opened as an administrator's frontend does it. Then the farm is
unloaded, removed or mended by somebody else before the form is sent, or the form is sent with what
it does not take, or by somebody who may not.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from home_farm import AIR, PUMP, Hardware, bound, declared, settled, small_farm, sub
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from test_repairs import FIX, Repairs, bindings, damage
from test_translations import LANGUAGES, texts
from untouched import untouched

from custom_components.vfarm.asking import ask
from custom_components.vfarm.blueprint_shelf import ISSUE as BLUEPRINTS
from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.repairs import _FLOWS
from vfarm_core.control.inputs import AcceptLoss, LossCheck
from vfarm_core.farm.overrides import Mode
from vfarm_core.runtime.journal import Journal, JournalError

ISSUES = {language: texts(language)["issues"] for language in LANGUAGES}
FULL = OSError(28, "No space left on device")

type Broken = Callable[[HomeAssistant, Hardware, Path], Awaitable[MockConfigEntry]]


async def _set_up(hass: HomeAssistant, parts: Mapping[str, Any]) -> MockConfigEntry:
    made = MockConfigEntry(
        domain=DOMAIN, title="Odd", data={"kind": "farm"}, subentries_data=list(parts.values())
    )
    made.add_to_hass(hass)
    assert await hass.config_entries.async_setup(made.entry_id)
    await settled(hass)
    return made


async def _vanished(hass: HomeAssistant, hardware: Hardware, folder: Path) -> MockConfigEntry:
    made = await _set_up(hass, small_farm())
    hass.states.async_remove(AIR)
    hass.states.async_set("sensor.new_air", "23.5", {"unit_of_measurement": "°C"})
    await settled(hass)
    return made


async def _undeclared(hass: HomeAssistant, hardware: Hardware, folder: Path) -> MockConfigEntry:
    parts = small_farm()
    pump = {**parts["pump"]["data"], "bindings": [bound("pump", "irrigation_pump", PUMP)]}
    parts["pump"]["data"] = pump
    return await _set_up(hass, parts)


async def _unwritten(hass: HomeAssistant, hardware: Hardware, folder: Path) -> MockConfigEntry:
    made = await _set_up(hass, small_farm())
    await hass.config_entries.async_unload(made.entry_id)
    damage(folder / f"{made.entry_id}.ledger.db")
    assert await hass.config_entries.async_setup(made.entry_id)
    await settled(hass)
    assert await made.runtime_data.engine.ledger.async_retry()
    await settled(hass)
    return made


async def _forgotten(hass: HomeAssistant, hardware: Hardware, folder: Path) -> MockConfigEntry:
    made = await _set_up(hass, small_farm())
    await hass.config_entries.async_unload(made.entry_id)
    damage(folder / f"{made.entry_id}.db")
    assert await hass.config_entries.async_setup(made.entry_id)
    await settled(hass)
    return made


@dataclass(frozen=True)
class Form:
    """A form of a repair: how it comes about, the menu's step to it, what is right for it.

    `bad`: what it does not take, one thing at a time. `part`: the subentry it is about.
    """

    step: str
    broken: Broken
    issue: str
    words: str
    menu: bool = True
    good: tuple[tuple[str, Any], ...] = ()
    bad: tuple[dict[str, Any], ...] = ({"moon": 1},)
    part: str | None = None
    mended: Callable[[HomeAssistant, Hardware, MockConfigEntry], Any] | None = None

    @property
    def data(self) -> dict[str, Any]:
        """What is right for the form."""
        return dict(self.good)


def _air_is_back(hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry) -> None:
    zone = sub(entry, "zone")
    kept = [b for b in zone.data["bindings"] if b["entity"] != AIR]
    hass.config_entries.async_update_subentry(entry, zone, data={**zone.data, "bindings": kept})


def _pump_is_taken_out(hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry) -> None:
    pump = sub(entry, "pump")
    hass.config_entries.async_update_subentry(entry, pump, data={**pump.data, "bindings": []})


async def _is_accepted(hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry) -> None:
    """Somebody else has gone through the checks of the same repair."""
    checked = frozenset(LossCheck)
    await ask(entry, AcceptLoss(mode=Mode.MONITOR, checked=checked, by="grower"))


_AIR = Form(
    "choose",
    _vanished,
    "missing_tent.air_temperature",
    "entity_vanished",
    good=(("entity", "sensor.new_air"),),
    part="zone",
    mended=_air_is_back,
)
_SAID = {"danger": "on", "proof": "state", "max_on_s": 600, "confirm": True}
_CHECKED = {**dict.fromkeys(("water", "solution", "batches", "people"), True), "mode": "monitor"}
_LEDGER = Form("retry", _unwritten, "ledger_failing", "ledger_failing")
FORMS = [
    replace(
        _AIR,
        bad=(
            {},
            {"entity": 7},
            {"entity": "no entity"},
            {"entity": "sensor.nothing"},
            {"entity": "sensor.kettle"},
            {"entity": "sensor.weather"},
            {"entity": "sensor.off_in_the_registry"},
            {"entity": "$own"},
            {"entity": "sensor.new_air", "moon": 1},
        ),
    ),
    replace(_AIR, step="remove", good=()),
    Form(
        "declare",
        _undeclared,
        "unsafe_pump.irrigation_pump",
        "actuator_unsafe",
        menu=False,
        good=tuple(_SAID.items()),
        bad=(
            {},
            {**_SAID, "danger": "moon"},
            {**_SAID, "proof": None},
            {**_SAID, "proof": "pulse"},
            {**_SAID, "proof": "feedback"},
            {**_SAID, "max_on_s": "many"},
            {**_SAID, "max_on_s": "nan"},
            {**_SAID, "max_on_s": -5},
            {key: value for key, value in _SAID.items() if key != "max_on_s"},
            {**_SAID, "confirm": False},
            {**_SAID, "moon": 1},
        ),
        part="pump",
        mended=_pump_is_taken_out,
    ),
    _LEDGER,
    replace(_LEDGER, step="set_aside"),
    Form("restore", _forgotten, "memory_lost", "memory_lost", mended=_is_accepted),
    Form(
        "accept",
        _forgotten,
        "memory_lost",
        "memory_lost",
        good=tuple(_CHECKED.items()),
        bad=(
            {},
            {**_CHECKED, "mode": "hold"},
            {**_CHECKED, "mode": None},
            {**_CHECKED, "water": False},
            {**_CHECKED, "people": False},
            {**_CHECKED, "moon": 1},
        ),
        mended=_is_accepted,
    ),
]
NAMES = [form.step for form in FORMS]


def test_every_repair_of_a_farm_has_its_forms_here() -> None:
    kinds = {form.issue.partition("_")[0] for form in FORMS}
    assert kinds == {str(kind) for kind in _FLOWS}


class Opened:
    """A form that is open."""

    def __init__(
        self, hass: HomeAssistant, repairs: Repairs, form: Form, entry: MockConfigEntry
    ) -> None:
        self.hass = hass
        self.repairs = repairs
        self.form = form
        self.entry = entry

    async def open(self) -> dict[str, Any]:
        shown = await self.repairs.begin(f"{self.entry.entry_id}_{self.form.issue}")
        if self.form.menu:
            shown = await self.repairs.choose(self.form.step)
        assert (shown["type"], shown["step_id"]) == ("form", self.form.step)
        return shown

    async def send(self, said: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send the form: the status of the answer and what it says."""
        client = self.repairs._client
        answer = await client.post(f"{FIX}/{self.repairs.flow}", json=dict(said))
        told = (answer.status, await answer.json())
        await settled(self.hass)
        return told

    def unsaid(self, kind: str, key: str, filled: Mapping[str, Any]) -> str | None:
        """What is wrong with the words of an error or an end; None when all are said."""
        for language, issues in ISSUES.items():
            found = issues[self.form.words]["fix_flow"].get(kind, {})
            if key not in found:
                return f"{language}: no {kind} {key}"
            lacks = set(re.findall(r"{(\w+)}", found[key])) - set(filled)
            if lacks:
                return f"{language}: {key} lacks {', '.join(lacks)}"
        return None


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A farm of these tests waits for nothing that is not there."""
    for name in ("actuators.TIMEOUT_S", "engine.STOP_S", "engine.WAIT_RUNNING_S"):
        monkeypatch.setattr(f"custom_components.vfarm.{name}", 0.1)


@pytest.fixture
async def opened(
    hass: HomeAssistant,
    hardware: Hardware,
    hass_client: ClientSessionGenerator,
    journals: Path,
    request: pytest.FixtureRequest,
) -> AsyncGenerator[Opened]:
    """The form of a repair, on the screen of an administrator."""
    form: Form = request.param
    assert await async_setup_component(hass, "repairs", {})
    hass.states.async_set("sensor.weather", "sunny")
    hass.states.async_set("sensor.kettle", "4", {"unit_of_measurement": "bar"})
    er.async_get(hass).async_get_or_create(
        "sensor",
        "test",
        "off",
        suggested_object_id="off_in_the_registry",
        disabled_by=er.RegistryEntryDisabler.USER,
    )
    entry = await form.broken(hass, hardware, journals)
    made = Opened(hass, Repairs(hass, hass_client), form, entry)
    await made.open()
    yield made
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


async def _ends(opened: Opened, hardware: Hardware, folder: Path, said: Mapping[str, Any]) -> None:
    """A form that is sent ends with words, and changes nothing."""
    hass = opened.hass
    before = await untouched(hass, opened.entry, hardware.calls, folder)
    status, told = await opened.send(said)
    assert (status, told["type"], told["reason"]) == (200, "abort", "gone")
    assert opened.unsaid("abort", "gone", told.get("description_placeholders") or {}) is None
    assert not before.differs(await untouched(hass, opened.entry, hardware.calls, folder))


@pytest.mark.parametrize("opened", FORMS, ids=NAMES, indirect=True)
async def test_a_repair_of_a_farm_that_does_not_run_any_more_ends(
    opened: Opened, hardware: Hardware, journals: Path
) -> None:
    assert await opened.hass.config_entries.async_unload(opened.entry.entry_id)
    await settled(opened.hass)
    await _ends(opened, hardware, journals, opened.form.data)


@pytest.mark.parametrize("opened", FORMS, ids=NAMES, indirect=True)
async def test_a_repair_of_a_farm_that_was_removed_ends(
    opened: Opened, hardware: Hardware, journals: Path
) -> None:
    await opened.hass.config_entries.async_remove(opened.entry.entry_id)
    await settled(opened.hass)
    await _ends(opened, hardware, journals, opened.form.data)


PARTS = [form for form in FORMS if form.part is not None]


@pytest.mark.parametrize("opened", PARTS, ids=[form.step for form in PARTS], indirect=True)
async def test_a_repair_of_a_part_that_was_removed_ends(
    opened: Opened, hardware: Hardware, journals: Path
) -> None:
    gone = sub(opened.entry, str(opened.form.part))
    opened.hass.config_entries.async_remove_subentry(opened.entry, gone.subentry_id)
    await settled(opened.hass)
    await _ends(opened, hardware, journals, opened.form.data)


MENDED = [form for form in FORMS if form.mended is not None]


@pytest.mark.parametrize("opened", MENDED, ids=[form.step for form in MENDED], indirect=True)
async def test_a_repair_of_what_was_mended_elsewhere_ends(
    opened: Opened, hardware: Hardware, journals: Path
) -> None:
    assert opened.form.mended is not None
    doing = opened.form.mended(opened.hass, hardware, opened.entry)
    if doing is not None:
        await doing
    await settled(opened.hass)
    await _ends(opened, hardware, journals, opened.form.data)


@pytest.mark.parametrize("opened", FORMS, ids=NAMES, indirect=True)
async def test_what_a_form_does_not_take_is_an_error_in_words_and_changes_nothing(
    opened: Opened, hardware: Hardware, journals: Path
) -> None:
    hass, entry = opened.hass, opened.entry
    own = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"{entry.entry_id}:tent:air_temperature"
    )
    before = await untouched(hass, entry, hardware.calls, journals)
    wrong = []
    for bad in opened.form.bad:
        said = {key: own if value == "$own" else value for key, value in bad.items()}
        status, told = await opened.send(said)
        if status == 400:
            # The schema that the form was sent with: Home Assistant refuses it.
            continue
        if told["type"] != "form" or not told["errors"]:
            wrong.append(f"{bad}: is taken")
            continue
        filled = told["description_placeholders"] or {}
        lacks = (opened.unsaid("error", key, filled) for key in told["errors"].values())
        wrong += [f"{bad}: {lack}" for lack in lacks if lack is not None]
    assert not wrong, "\n".join(wrong)
    assert not before.differs(await untouched(hass, entry, hardware.calls, journals))


@pytest.mark.parametrize("opened", FORMS, ids=NAMES, indirect=True)
async def test_nobody_but_an_administrator_goes_on_with_an_open_repair(
    opened: Opened,
    hardware: Hardware,
    journals: Path,
    hass_client: ClientSessionGenerator,
    hass_read_only_access_token: str,
) -> None:
    hass, repairs = opened.hass, opened.repairs
    before = await untouched(hass, opened.entry, hardware.calls, journals)
    visitor = await hass_client(hass_read_only_access_token)
    issue = {"handler": DOMAIN, "issue_id": f"{opened.entry.entry_id}_{opened.form.issue}"}
    assert (await visitor.post(FIX, json=issue)).status == 401
    flow = f"{FIX}/{repairs.flow}"
    assert (await visitor.get(flow)).status == 401
    assert (await visitor.post(flow, json=opened.form.data)).status == 401
    await settled(hass)
    assert not before.differs(await untouched(hass, opened.entry, hardware.calls, journals))


@pytest.mark.parametrize("opened", FORMS, ids=NAMES, indirect=True)
async def test_what_is_ignored_of_a_farm_that_does_not_run_cannot_be_mended(
    opened: Opened, hardware: Hardware, journals: Path
) -> None:
    hass, issue = opened.hass, f"{opened.entry.entry_id}_{opened.form.issue}"
    ir.async_get(hass).async_ignore(DOMAIN, issue, True)
    assert await hass.config_entries.async_unload(opened.entry.entry_id)
    before = await untouched(hass, opened.entry, hardware.calls, journals)
    told = await opened.repairs.begin(issue)
    assert (told["type"], told["reason"]) == ("abort", "gone")
    assert not before.differs(await untouched(hass, opened.entry, hardware.calls, journals))


# -- a disk that is full --------------------------------------------------------------------------


def aside(folder: Path) -> list[Path]:
    return list(folder.glob("*.unreadable-*"))


@pytest.mark.parametrize("opened", [replace(_LEDGER, step="set_aside")], indirect=True)
async def test_a_damaged_history_stays_where_it_is_while_the_disk_is_full(
    opened: Opened, journals: Path
) -> None:
    with patch("custom_components.vfarm.ledger._set_aside", side_effect=FULL):
        _, told = await opened.send({})
    assert told["errors"] == {"base": "still_failing"}
    filled = told["description_placeholders"]
    assert "No space left" in filled["error"]
    assert opened.unsaid("error", "still_failing", filled) is None
    assert not aside(journals)
    assert opened.repairs.issue(f"{opened.entry.entry_id}_ledger_failing") is not None
    assert (await opened.send({}))[1]["type"] == "create_entry", "when there is room again"


_ACCEPT = next(form for form in FORMS if form.step == "accept")


@pytest.mark.parametrize("opened", [_ACCEPT], indirect=True)
async def test_a_new_memory_that_cannot_be_written_down_is_said_so(opened: Opened) -> None:
    before = Journal.append

    def full(self: Journal, records: Any) -> None:
        raise JournalError("the disk is full")

    with patch.object(Journal, "append", full):
        _, told = await opened.send(opened.form.data)
    assert (told["type"], told["reason"]) == ("abort", "not_kept")
    filled = told["description_placeholders"]
    assert "the disk is full" in filled["why"]
    assert opened.unsaid("abort", "not_kept", filled) is None
    assert Journal.append is before
    await settled(opened.hass)


@pytest.mark.parametrize("opened", [_ACCEPT], indirect=True)
async def test_a_new_memory_is_refused_in_the_words_of_the_reader_while_the_farm_stops(
    opened: Opened,
) -> None:
    engine = opened.entry.runtime_data.engine
    await opened.hass.config.async_update(language="de")
    with patch.object(engine, "running", False):
        _, told = await opened.send(opened.form.data)
    assert told["errors"] == {"base": "refused"}
    assert told["description_placeholders"]["why"] == "Odd läuft noch nicht."
    assert engine.runtime.memory.farm.lost_memory, "the hold stands"


async def test_blueprints_that_cannot_be_written_are_told_and_offered_again(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    tmp_path: Path,
) -> None:
    hass.config.config_dir = str(tmp_path)
    for domain in ("automation", "repairs"):
        assert await async_setup_component(hass, domain, {})
    with ExitStack() as stack:
        from custom_components.vfarm.blueprint_shelf import async_offer

        await async_offer(hass)
        repairs = Repairs(hass, hass_client)
        shown = await repairs.begin(BLUEPRINTS)
        assert shown["step_id"] == "confirm"
        opened = Opened(hass, repairs, replace(_LEDGER, words="blueprints"), farm)
        assert (await opened.send({"replace_edited": "moon"}))[0] == 400
        assert (await opened.send({"moon": True}))[0] == 400
        stack.enter_context(
            patch("custom_components.vfarm.blueprint_shelf._write", side_effect=FULL)
        )
        _, told = await opened.send({"replace_edited": False})
    assert (told["type"], told["reason"]) == ("abort", "not_written")
    assert opened.unsaid("abort", "not_written", {}) is None
    assert not list((tmp_path / "blueprints").glob("*/vfarm/*"))
    assert repairs.issue(BLUEPRINTS) is not None


# -- entities that may not take the place ---------------------------------------------------------

_PUMP = Form(
    "choose",
    _vanished,
    "missing_pump.irrigation_pump",
    "entity_vanished",
    part="pump",
)


async def _gone(
    hass: HomeAssistant, entity: str, change: Mapping[str, Any] | None = None
) -> MockConfigEntry:
    """The small farm without an entity that it is bound to; `change`: of the pump's binding."""
    parts: Any = small_farm()
    (pump,) = parts["pump"]["data"]["bindings"]
    parts["pump"]["data"]["bindings"] = [{**pump, **(change or {})}]
    made = await _set_up(hass, parts)
    hass.states.async_remove(entity)
    await settled(hass)
    return made


async def _refused(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    point: str,
    entity: str,
) -> str:
    """Why an entity is refused in the place of one that is gone; the key where that says it all."""
    assert await async_setup_component(hass, "repairs", {})
    made = Opened(hass, Repairs(hass, hass_client), replace(_PUMP, issue=f"missing_{point}"), entry)
    await made.open()
    kept = {key: dict(one.data) for key, one in entry.subentries.items()}
    _, told = await made.send({"entity": entity})
    assert told["type"] == "form"
    filled = told["description_placeholders"]
    (key,) = told["errors"].values()
    assert made.unsaid("error", key, filled) is None
    assert {key: dict(one.data) for key, one in entry.subentries.items()} == kept
    await hass.config_entries.async_unload(entry.entry_id)
    return filled["why"] or key


PULSED = {"declaration": declared("on", max_on_s=900.0, proof="pulse")}


@pytest.mark.parametrize(
    ("change", "entity", "state", "attributes", "why"),
    [
        (None, "select.speed", "none", {"options": ["none", "full"]}, "options_unsaid"),
        (PULSED, "switch.spare", "off", {}, "A pulse needs a number"),
        (
            None,
            "number.speed",
            "0",
            {"min": 0, "max": 30, "step": 1, "unit_of_measurement": "min"},
            "is a setting in min",
        ),
        (None, "fan.hall", "off", {"supported_features": 0}, "cannot be switched"),
    ],
)
async def test_a_device_that_cannot_do_the_work_is_refused(
    hass: HomeAssistant,
    hardware: Hardware,
    hass_client: ClientSessionGenerator,
    change: Mapping[str, Any] | None,
    entity: str,
    state: str,
    attributes: dict[str, Any],
    why: str,
) -> None:
    if change is PULSED:
        before = {"min": 0, "max": 900, "step": 1, "unit_of_measurement": "s"}
        hass.states.async_set("number.pulse", "0", before)
        change = {**PULSED, "entity": "number.pulse"}
    entry = await _gone(hass, PUMP if change is None else "number.pulse", change)
    hass.states.async_set(entity, state, attributes)
    told = await _refused(hass, hass_client, entry, "pump.irrigation_pump", entity)
    assert why in told


async def test_a_device_of_another_farm_is_refused(
    hass: HomeAssistant, hardware: Hardware, hass_client: ClientSessionGenerator
) -> None:
    parts: Any = small_farm()
    hass.states.async_set("switch.theirs", "off")
    (pump,) = parts["pump"]["data"]["bindings"]
    parts["pump"]["data"]["bindings"] = [{**pump, "entity": "switch.theirs"}]
    for key in ("rack", "zone", "circuit"):
        parts[key]["data"]["bindings"] = []
    other = await _set_up(hass, parts)
    entry = await _gone(hass, PUMP)
    told = await _refused(hass, hass_client, entry, "pump.irrigation_pump", "switch.theirs")
    assert "is driven by the farm Odd" in told
    await hass.config_entries.async_unload(other.entry_id)


async def test_a_sensor_that_has_the_role_already_is_refused(
    hass: HomeAssistant, hardware: Hardware, hass_client: ClientSessionGenerator
) -> None:
    parts: Any = small_farm()
    hass.states.async_set("sensor.second", "22", {"unit_of_measurement": "°C"})
    again = bound("tent", "air_temperature", "sensor.second")
    parts["zone"]["data"]["bindings"].append({**again, "id": "second"})
    entry = await _set_up(hass, parts)
    hass.states.async_remove(AIR)
    await settled(hass)
    told = await _refused(hass, hass_client, entry, "tent.air_temperature", "sensor.second")
    assert "already has this role" in told


async def test_a_contact_that_is_neither_on_nor_off_is_refused(
    hass: HomeAssistant, hardware: Hardware, hass_client: ClientSessionGenerator
) -> None:
    parts: Any = small_farm()
    hass.states.async_set("binary_sensor.leak", "off")
    parts["zone"]["data"]["bindings"].append(bound("tent", "leak", "binary_sensor.leak"))
    entry = await _set_up(hass, parts)
    hass.states.async_remove("binary_sensor.leak")
    hass.states.async_set("binary_sensor.words", "wet")
    await settled(hass)
    told = await _refused(hass, hass_client, entry, "tent.leak", "binary_sensor.words")
    assert "neither on nor off" in told


async def test_a_valve_that_drives_by_options_keeps_those_of_the_old_one(
    hass: HomeAssistant, hardware: Hardware, hass_client: ClientSessionGenerator
) -> None:
    parts: Any = small_farm()
    (valve,) = parts["circuit"]["data"]["bindings"]
    options = {"on_option": "open", "off_option": "shut"}
    parts["circuit"]["data"]["bindings"] = [{**valve, "entity": "select.old", **options}]
    hass.states.async_set("select.old", "shut", {"options": ["shut", "open"]})
    hass.states.async_set("select.new", "shut", {"options": ["shut", "open", "half"]})
    hass.states.async_set("select.other", "0", {"options": ["0", "1"]})
    entry = await _set_up(hass, parts)
    hass.states.async_remove("select.old")
    await settled(hass)
    assert await async_setup_component(hass, "repairs", {})
    made = Opened(
        hass,
        Repairs(hass, hass_client),
        replace(_PUMP, issue="missing_bench.irrigation_valve"),
        entry,
    )
    await made.open()
    _, told = await made.send({"entity": "select.other"})
    assert told["errors"] == {"base": "options_unsaid"}, "it has no such options"
    _, told = await made.send({"entity": "select.new"})
    assert told["type"] == "create_entry"
    kept = bindings(entry, "circuit")["bench.irrigation_valve"]
    assert (kept["entity"], kept["on_option"], kept["off_option"]) == ("select.new", "open", "shut")

    @callback
    def choose(call: ServiceCall) -> None:
        hass.states.async_set(call.data["entity_id"], call.data["option"])

    hass.services.async_register("select", "select_option", choose)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_device_whose_options_drive_another_part_is_refused(
    hass: HomeAssistant, hardware: Hardware, hass_client: ClientSessionGenerator
) -> None:
    parts: Any = small_farm()
    options = {"on_option": "open", "off_option": "shut"}
    for part, entity in (("circuit", "select.old"), ("pump", "select.taken")):
        (device,) = parts[part]["data"]["bindings"]
        parts[part]["data"]["bindings"] = [{**device, "entity": entity, **options}]
        hass.states.async_set(entity, "shut", {"options": ["shut", "open"]})
    entry = await _set_up(hass, parts)
    hass.states.async_remove("select.old")
    await settled(hass)
    told = await _refused(hass, hass_client, entry, "bench.irrigation_valve", "select.taken")
    assert "already driven elsewhere" in told


async def test_a_dosing_pump_is_declared_with_its_limits_and_as_what_its_number_is(
    hass: HomeAssistant, hardware: Hardware, hass_client: ClientSessionGenerator
) -> None:
    parts: Any = small_farm()
    parts["reservoir"]["data"]["bindings"].append(
        bound("tank", "dosing_pump_ph_down", "number.acid")
    )
    seconds = {"min": 0, "max": 60, "step": 0.1, "unit_of_measurement": "s"}
    hass.states.async_set("number.acid", "0", seconds)
    entry = await _set_up(hass, parts)
    assert await async_setup_component(hass, "repairs", {})
    form = replace(
        next(form for form in FORMS if form.step == "declare"),
        issue="unsafe_tank.dosing_pump_ph_down",
    )
    made = Opened(hass, Repairs(hass, hass_client), form, entry)
    shown = await made.open()
    (danger,) = (field for field in shown["data_schema"] if field["name"] == "danger")
    assert danger["description"] == {"suggested_value": "on"}, "acid harms when it runs on"
    limits = {"max_dose_ml": 5, "max_hour_ml": 10, "max_day_ml": 20, "max_tank_ml": 40}
    said = {**_SAID, **limits, "max_on_s": 60}
    _, told = await made.send(said)
    assert told["errors"] == {"base": "still_unsafe"}
    assert "is a setting in s" in told["description_placeholders"]["why"]
    _, told = await made.send({**said, "proof": "pulse", "max_day_ml": 1})
    assert told["errors"] == {"base": "still_unsafe"}
    assert "none smaller" in told["description_placeholders"]["why"]
    assert "declaration" not in bindings(entry, "reservoir")["tank.dosing_pump_ph_down"]
    _, told = await made.send({**said, "proof": "pulse"})
    assert told["type"] == "create_entry"
    kept = bindings(entry, "reservoir")["tank.dosing_pump_ph_down"]["declaration"]
    assert kept["dosing"] == limits
    await hass.config_entries.async_unload(entry.entry_id)
