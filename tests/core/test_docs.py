"""The manual names what the code has: a new role, action or problem has to be explained in it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from vfarm_core.control.effects import Severity
from vfarm_core.control.memory import DoseEnd, FillEnd, ProofState, Quality, ShotEnd
from vfarm_core.control.plausible import TOLD
from vfarm_core.control.shot import FAILED_ENDS
from vfarm_core.control.view import ASKS_FOR_PEOPLE
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.farm.bindings import Danger, OnLoss, Proof
from vfarm_core.farm.nodes import Method
from vfarm_core.farm.overrides import OVERRIDE_RANGES, Mode, WorkflowKind
from vfarm_core.farm.roles import SPECS, Loop, RoleKind
from vfarm_core.recipes.library import catalogue

ROOT = Path(__file__).resolve().parents[2]
SHELL = ROOT / "custom_components" / "vfarm"
CONTROL = ROOT / "vfarm_core" / "control"
PAGES = (ROOT / "docs" / "home-assistant.md", *sorted((ROOT / "docs" / "manual").glob("*.md")))
ENTITY_PLATFORMS = (
    *("sensor", "binary_sensor", "select", "button", "event", "calendar", "todo"),
    *("climate", "number", "switch", "time"),
)

type Row = list[str]


# -- the manual ---------------------------------------------------------------------------------


@cache
def page(name: str) -> str:
    return next(path for path in PAGES if path.name == name).read_text(encoding="utf-8")


@cache
def section(name: str, title: str) -> str:
    """The text of a page under a heading, its lower headings included."""
    found = re.search(rf"^(#+) {re.escape(title)}$", page(name), re.MULTILINE)
    assert found is not None, f"{name} has no section {title!r}"
    rest = page(name)[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", _without_code(rest), re.MULTILINE)
    return rest if end is None else rest[: end.start()]


def _without_code(text: str) -> str:
    """The text with code blanked out: a comment in YAML is no heading."""
    return re.sub(
        r"^```.*?^```", lambda m: re.sub(r"\S", " ", m[0]), text, flags=re.MULTILINE | re.DOTALL
    )


def rows(text: str) -> Iterator[Row]:
    """The cells of every row of every table."""
    for line in text.splitlines():
        if line.startswith("|") and not set(line) <= set("|-: "):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def keys(cell: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", cell)


def first_keys(text: str) -> set[str]:
    """What the first cells of the tables name."""
    return {key for row in rows(text) for key in keys(row[0])}


# -- the code -----------------------------------------------------------------------------------


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _calls(tree: ast.AST, name: str, of: str = "") -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Attribute):
            owner = called.value.id if isinstance(called.value, ast.Name) else ""
            if called.attr == name and owner == of:
                yield node
        elif isinstance(called, ast.Name) and called.id == name and not of:
            yield node


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts an expression can be: one, either of two, or those of a mapping with a default."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        mapping = node.func.value
        assert isinstance(mapping, ast.Dict), ast.dump(node)
        for value in (*mapping.values, *node.args[1:]):
            yield from _texts(value)


#: Problems that are put together from an enum, by what they begin with.
_COMPOSED = {
    "sensor_": {f"sensor_{why}" for why in (*TOLD, *Quality) if why is not Quality.GOOD},
    "shot_": {f"shot_{end}" for end in FAILED_ENDS},
}


def problem_keys() -> set[str]:
    """Every problem a node can show: those of `view.py`, and what forbids a circuit its water."""
    tree = _tree(CONTROL / "view.py")
    found: set[str] = set()
    passed_on = 0
    for call in (*_calls(tree, "add", "problems"), *_calls(tree, "add", "found")):
        (argument,) = call.args
        if isinstance(argument, ast.JoinedStr):
            start = argument.values[0]
            assert isinstance(start, ast.Constant)
            found |= _COMPOSED[str(start.value)]
        elif isinstance(argument, ast.Attribute):
            passed_on += 1
        else:
            texts = set(_texts(argument))
            assert texts, ast.dump(argument)
            found |= texts
    assert passed_on == 1, "only what blocks a circuit is passed on as it is"
    for function in _tree(CONTROL / "watering.py").body:
        if isinstance(function, ast.FunctionDef) and function.name in ("held", "forbidden"):
            for call in _calls(function, "Reason"):
                found |= set(_texts(call.args[0]))
    found |= ASKS_FOR_PEOPLE
    # Workflows say themselves why they keep water away.
    return found | {"maintenance", "solution_change", "sanitation", "rinse"}


def event_kinds() -> set[str]:
    found: set[str] = set()
    for path in CONTROL.glob("*.py"):
        for call in _calls(_tree(path), "event", "d"):
            texts = set(_texts(call.args[0]))
            assert texts, f"{path.name}: {ast.dump(call.args[0])}"
            found |= texts
    return found


@cache
def actions() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((SHELL / "services.yaml").read_text(encoding="utf-8"))
    return found


@cache
def texts() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SHELL / "translations/en.json").read_text(encoding="utf-8"))
    return found


# -- what has to agree --------------------------------------------------------------------------


def test_every_role_is_explained_with_its_places_and_unit() -> None:
    measures = section("devices.md", "Measured values and contacts")
    devices = section("devices.md", "Devices")
    said = {key: row for text in (measures, devices) for row in rows(text) for key in keys(row[0])}
    assert set(said) == set(SPECS)
    for role, facts in SPECS.items():
        row = said[role]
        assert tuple(row[1].split(", ")) == facts.nodes, role
        if facts.kind is RoleKind.MEASURE:
            assert row[2] == facts.unit, role
        elif facts.is_actuator:
            assert row[2] == facts.loop, role
        elif facts.kind is RoleKind.CONTACT:
            assert row[2].startswith("on: "), role
        else:
            assert row[2] == "a list of prices", role
        assert row[-1], f"{role}: say what happens"


def test_every_action_is_listed_with_its_fields() -> None:
    said = {keys(row[0])[0]: row for row in rows(section("daily.md", "Actions")) if keys(row[0])}
    listed = {name.removeprefix("vfarm."): row for name, row in said.items() if "vfarm." in name}
    assert set(listed) == set(actions())
    for name, action in actions().items():
        fields = set(action.get("fields", {})) - {"node", "config_entry_id"}
        row = listed[name]
        assert {key for cell in row[1:] for key in keys(cell)} >= fields, name


def test_every_role_is_listed_with_the_actions_it_adds() -> None:
    tree = _tree(SHELL / "roles.py")
    needs = {"_EVERYBODY": "viewer", "_OPERATOR": "operator", "_GROWER": "grower"}
    needs |= {"_PERSON": "operator", "_GROWER_PERSON": "grower"}
    needs |= {"_MANAGER": "manager", "_MANAGER_PERSON": "manager"}
    needs["_MANAGER_OR_AUTOMATION"] = "manager"
    table = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == "ACTIONS"
    )
    assert table is not None
    adds: dict[str, set[str]] = {}
    for call in _calls(table, "_each"):
        need, *names = call.args
        assert isinstance(need, ast.Name)
        role = adds.setdefault(needs[need.id], set())
        role |= {f"vfarm.{text}" for name in names for text in _texts(name)}
    said = {row[0]: set(keys(row[1])) for row in rows(section("daily.md", "Who may do what"))}
    del said["role"]
    assert said == adds
    assert {f"vfarm.{name}" for name in actions()} == set().union(*adds.values())


def test_every_tool_of_a_language_model_is_listed_and_no_other() -> None:
    tree = _tree(SHELL / "roles.py")
    (table,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == "TOOLS"
    )
    assert table is not None
    tools = {text for node in ast.walk(table) for text in _texts(node) if "__" in text}
    assert tools
    assert first_keys(section("voice.md", "A language model")) == tools


def test_every_problem_is_explained_and_no_other() -> None:
    said = section("trouble.md", "Every problem")
    assert first_keys(said) == problem_keys()
    for row in rows(said):
        assert all(row), row


def test_every_mode_is_explained() -> None:
    said = {key: row for row in rows(section("daily.md", "Modes")) for key in keys(row[0])}
    assert set(said) == set(Mode)
    for mode in Mode:
        assert said[mode][1] == texts()["selector"]["mode"]["options"][mode]


def test_every_event_is_listed() -> None:
    said = section("daily.md", "Every `vfarm_event`")
    assert first_keys(said) == event_kinds()
    assert all(f"`{severity}`" in said for severity in Severity)


def told_of_events() -> dict[str, set[str]]:
    """What events say, by kind, of those whose parameters stand where they are told."""
    found: dict[str, set[str]] = {}
    open_ended: set[str] = set()
    for path in CONTROL.glob("*.py"):
        for call in _calls(_tree(path), "event", "d"):
            for kind in _texts(call.args[0]):
                found.setdefault(kind, set()).update(k.arg for k in call.keywords if k.arg)
                if any(k.arg is None for k in call.keywords):
                    open_ended.add(kind)
    return {kind: said for kind, said in found.items() if kind not in open_ended}


def test_every_event_has_a_sentence_that_says_what_it_is_told() -> None:
    sentences = texts()["selector"]["event"]["options"]
    # What the shell tells by itself of a demo.
    assert set(sentences) == event_kinds() | {"past_simulated"}
    told = told_of_events()
    assert len(told) > 70
    for kind, said in told.items():
        assert set(re.findall(r"{(\w+)}", sentences[kind])) <= said, kind


@pytest.mark.parametrize(
    ("kind", "title"), [("triggers", "Triggers"), ("conditions", "Conditions")]
)
def test_every_trigger_and_condition_is_listed_with_its_options(kind: str, title: str) -> None:
    listed = {
        key.removeprefix("vfarm."): row
        for row in rows(section("automations.md", title))
        for key in keys(row[0])
    }
    written = yaml.safe_load((SHELL / f"{kind}.yaml").read_text(encoding="utf-8"))
    assert set(listed) == {key for key in written if not key.startswith(".")}
    for key, row in listed.items():
        fields = set(written[key].get("fields", {}))
        told = set(keys(row[2])) - {"p1", "p2", "p4"}
        assert told == fields - ({"behavior", "for"} if kind == "conditions" else set()), key


def test_every_blueprint_is_listed() -> None:
    listed = {key for row in rows(section("automations.md", "Blueprints")) for key in keys(row[0])}
    assert listed == {path.stem for path in (ROOT / "blueprints").glob("*/vfarm/*.yaml")}


def test_every_entity_is_listed() -> None:
    said = {row[1] for row in rows(section("daily.md", "Entities"))}
    named = {name.split(" *(")[0].strip() for cell in said for name in re.split(r",", cell)}
    wanted = {
        entity["name"]
        for platform in ENTITY_PLATFORMS
        for key, entity in texts()["entity"][platform].items()
        if not key.startswith(("hardware_", "modbus_", "meter_"))
    }
    assert wanted <= named, wanted - named


def test_every_entity_of_a_bluetooth_meter_is_told_of() -> None:
    said = page("bluetooth.md")
    for platform in ENTITY_PLATFORMS:
        for key, entity in texts()["entity"][platform].items():
            if key.startswith("meter_"):
                assert re.search(re.escape(entity["name"]), said, re.IGNORECASE), entity["name"]


def test_every_name_of_a_register_and_every_modbus_device_is_listed() -> None:
    said = " ".join(section("modbus.md", "What appears").split())
    for platform in ENTITY_PLATFORMS:
        for key, entity in texts()["entity"][platform].items():
            if key.startswith("modbus_"):
                assert re.search(rf"{re.escape(entity['name'])}[,.]", said), entity["name"]
    listed = {
        row[1].strip("`"): (row[0], row[3])
        for row in rows(section("modbus.md", "Devices that ship with vfarm"))
        if row[0] != "device"
    }
    assert listed == {p.id: (p.name, p.confidence) for p in shelf().profiles.values()}


def test_every_field_of_a_part_and_of_a_declaration_is_explained() -> None:
    place = page("place.md")
    for kind in ("zone", "rack", "reservoir", "pump", "circuit", "supply"):
        steps = texts()["config_subentries"][kind]["step"]
        for label in steps["node"]["data"].values():
            assert label in place, (kind, label)
    declared = page("devices.md").lower()
    steps = texts()["config_subentries"]["zone"]["step"]
    advanced = steps["entity"]["sections"]["advanced"]["data"]
    for label in (*steps["declaration"]["data"].values(), *advanced.values()):
        assert label.lower() in declared, label


@pytest.mark.parametrize(
    ("name", "title", "wanted"),
    [
        ("devices.md", "How its state is proved", {*Proof}),
        ("devices.md", "How an entity is read", {*Quality}),
        ("daily.md", "How a shot ended", {*ShotEnd}),
        ("daily.md", "How a dose or a fill ended", {*DoseEnd, *FillEnd}),
        ("daily.md", "Why is it so?", {*ProofState}),
        ("daily.md", "A warmer night", {*OVERRIDE_RANGES}),
        ("place.md", "Circuit", {*Method}),
        ("trouble.md", "Starting again", {*Loop}),
        ("daily.md", "People at work", {*WorkflowKind}),
    ],
)
def test_every_choice_is_named(name: str, title: str, wanted: set[str]) -> None:
    assert wanted <= set(keys(section(name, title))), title


def test_the_ranges_of_overrides_are_those_of_the_code() -> None:
    said = {key: row for row in rows(section("daily.md", "A warmer night")) for key in keys(row[0])}
    for quantity, accepted in OVERRIDE_RANGES.items():
        assert said[quantity][1] == accepted.node
        assert f"{accepted.low:g} to {accepted.high:g}" in said[quantity][2]


def test_every_danger_and_loss_can_be_found_by_its_name() -> None:
    said = section("devices.md", "What a device may do: the declaration")
    for danger in Danger:
        assert f"*{texts()['selector']['danger']['options'][danger]}*" in said
    # What a device does by itself is kept; the manual says so once, for all of them.
    assert set(texts()["selector"]["on_loss"]["options"]) == set(OnLoss)


def test_the_shipped_recipes_are_named() -> None:
    said = set(keys(section("daily.md", "Recipes of your own")))
    assert set(catalogue().recipes) <= said


def test_every_repair_is_explained() -> None:
    said = section("trouble.md", "Repairs")
    for key, issue in texts()["issues"].items():
        fixed = re.split(r"\{\w+\}:?", issue["title"])
        assert all(part.strip().lower() in said.lower() for part in fixed), key


# -- the manual itself --------------------------------------------------------------------------


def _examples() -> list[tuple[str, str]]:
    return [
        (path.name, code)
        for path in PAGES
        for code in re.findall(
            r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
    ]


def _used(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if str(value.get("action", "")).startswith("vfarm."):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _used(item)


def test_the_examples_use_actions_and_fields_that_exist() -> None:
    used = [call for _, code in _examples() for call in _used(yaml.safe_load(code))]
    assert len(used) >= 6
    for call in used:
        fields = actions()[call["action"].removeprefix("vfarm.")].get("fields", {})
        given = call.get("data", {})
        assert set(given) <= set(fields), call
        needed = {name for name, field in fields.items() if field.get("required")}
        assert needed <= set(given), call


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        aimed = (path.parent / file).resolve() if file else path
        assert aimed.exists(), target
        if anchor:
            text = _without_code(aimed.read_text(encoding="utf-8"))
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, target
