"""Check that what the integration claims of its quality is backed by what is there.

Usage: ``python scripts/check_quality.py [ROOT]`` (default: this checkout).
Prints one line for each claim that is not backed and exits 1 when there is any: a rule that the
scale does not know or the file leaves out, a rule that is done without the test, text or code it
asks for, an exemption without a comment or against what the code does, a text that is used and not
there or there and not used, an entity, action, trigger or condition without an icon, a platform
that does not say how many updates run at once, types that are not checked strictly.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("en", "de", "es", "fr", "nl")

#: The rules of Home Assistant's Integration Quality Scale.
RULES = frozenset(
    {
        "action-exceptions",
        "action-setup",
        "appropriate-polling",
        "async-dependency",
        "brands",
        "common-modules",
        "config-entry-unloading",
        "config-flow",
        "config-flow-test-coverage",
        "dependency-transparency",
        "devices",
        "diagnostics",
        "discovery",
        "discovery-update-info",
        "docs-actions",
        "docs-conditions",
        "docs-configuration-parameters",
        "docs-data-update",
        "docs-examples",
        "docs-high-level-description",
        "docs-installation-instructions",
        "docs-installation-parameters",
        "docs-known-limitations",
        "docs-removal-instructions",
        "docs-supported-devices",
        "docs-supported-functions",
        "docs-triggers",
        "docs-troubleshooting",
        "docs-use-cases",
        "dynamic-devices",
        "entity-category",
        "entity-device-class",
        "entity-disabled-by-default",
        "entity-event-setup",
        "entity-translations",
        "entity-unavailable",
        "entity-unique-id",
        "exception-translations",
        "has-entity-name",
        "icon-translations",
        "inject-websession",
        "integration-owner",
        "log-when-unavailable",
        "parallel-updates",
        "reauthentication-flow",
        "reconfiguration-flow",
        "repair-issues",
        "runtime-data",
        "stale-devices",
        "strict-typing",
        "test-before-configure",
        "test-before-setup",
        "test-coverage",
        "unique-config-entry",
    }
)

SHELL = "custom_components/vfarm"
MANUAL = "docs/home-assistant.md"
DAILY = "docs/manual/daily.md"
CORE_DOCS = "tests/core/test_docs.py"
#: What says how much of the code a run of the tests has to reach.
MEASURE = "scripts/check_coverage.py"


class Evidence(NamedTuple):
    """A file, and what has to stand in it: the name of a test (it must be there as a function that
    asserts or expects something) or, beginning with ``~``, a pattern of its text."""

    path: str
    what: str


def _inside(folder: str, *pairs: str) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(f"{folder}/{path}", what) for path, what in (p.split(" ", 1) for p in pairs)
    )


def _tests(*pairs: str) -> tuple[Evidence, ...]:
    return _inside("tests/integration", *pairs)


#: What a rule that is done has to show. Rules with a check of their own stand in CHECKS.
EVIDENCE: dict[str, tuple[Evidence, ...]] = {
    "action-setup": (
        *_inside(SHELL, r"__init__.py ~async def async_setup\((?s:.*?)services\.async_setup"),
        *_tests("test_services.py test_a_farm_that_does_not_run_yet_says_so"),
    ),
    "config-flow": _inside(
        SHELL, "config_flow.py ~class VfarmConfigFlow", "translations/en.json ~data_description"
    ),
    "config-flow-test-coverage": _tests(
        "test_config_flow.py test_a_template_creates_every_node_at_once",
        "test_config_flow.py test_what_the_core_refuses_stands_in_the_form_and_can_be_mended",
        "test_config_flow.py test_there_is_one_demo_at_most",
        "test_subentry_flows.py test_a_node_is_added_to_the_running_farm",
        "test_subentry_flows.py test_a_binding_is_changed_and_removed",
        "test_subentry_flows.py test_a_wrong_entity_is_refused_with_its_reason",
    ),
    "docs-actions": (Evidence(CORE_DOCS, "test_every_action_is_listed_with_its_fields"),),
    "docs-triggers": (
        Evidence(CORE_DOCS, "test_every_trigger_and_condition_is_listed_with_its_options"),
        Evidence("docs/manual/automations.md", "~^## Triggers"),
    ),
    "docs-conditions": (
        Evidence(CORE_DOCS, "test_every_trigger_and_condition_is_listed_with_its_options"),
        Evidence("docs/manual/automations.md", "~^## Conditions"),
    ),
    "docs-high-level-description": (Evidence("README.md", "~^vfarm turns .*Home Assistant"),),
    "docs-installation-instructions": (Evidence("README.md", "~^## Install"),),
    "docs-removal-instructions": (Evidence(MANUAL, "~^## Removing it"),),
    "entity-event-setup": _inside(
        SHELL, r"entity.py ~async def async_added_to_hass(?s:.*?)async_on_remove\("
    ),
    "entity-unique-id": _inside(
        SHELL, "entity.py ~_attr_unique_id = ", "hardware.py ~_attr_unique_id = "
    ),
    "has-entity-name": _inside(
        SHELL,
        "entity.py ~_attr_has_entity_name = True",
        "hardware.py ~_attr_has_entity_name = True",
    ),
    "runtime-data": _inside(SHELL, r"__init__.py ~entry\.runtime_data = "),
    "test-before-setup": _tests(
        "test_lifecycle.py test_data_of_the_wrong_shape_does_not_start",
        "test_lifecycle.py test_a_set_up_that_fails_half_way_closes_what_it_opened",
    ),
    "unique-config-entry": _tests("test_config_flow.py test_there_is_one_demo_at_most"),
    "action-exceptions": _tests("test_services.py test_what_is_refused_says_why"),
    "config-entry-unloading": _tests(
        "test_lifecycle.py test_unloading_leaves_nothing_behind",
        "test_lifecycle.py test_unloading_in_mid_shot_closes_first",
    ),
    "docs-configuration-parameters": (
        Evidence(CORE_DOCS, "test_every_field_of_a_part_and_of_a_declaration_is_explained"),
        Evidence(CORE_DOCS, "test_every_choice_is_named"),
    ),
    "docs-installation-parameters": (Evidence(MANUAL, "~^## Setting up"),),
    "entity-unavailable": _inside(SHELL, r"entity.py ~def available\("),
    "integration-owner": _inside(SHELL, 'manifest.json ~"codeowners": \\["@'),
    "devices": _tests("test_lifecycle.py test_devices_stand_as_the_farm_does"),
    "diagnostics": _tests(
        "test_diagnostics.py test_diagnostics_reproduce_without_telling_who",
        "test_diagnostics.py test_diagnostics_of_a_level",
    ),
    "docs-data-update": (Evidence(MANUAL, "~^## How often data moves"),),
    "docs-examples": _tests(
        "test_examples.py test_there_are_examples", "test_examples.py test_an_automation_is_taken"
    ),
    "docs-known-limitations": (Evidence(MANUAL, "~^## What this version does not do"),),
    "docs-supported-devices": (
        Evidence(MANUAL, "~^## What it works with"),
        Evidence(CORE_DOCS, "test_every_role_is_explained_with_its_places_and_unit"),
    ),
    "docs-supported-functions": (
        Evidence(CORE_DOCS, "test_every_entity_is_listed"),
        Evidence(DAILY, "~^## Entities"),
    ),
    "docs-troubleshooting": (
        Evidence(CORE_DOCS, "test_every_problem_is_explained_and_no_other"),
        Evidence(CORE_DOCS, "test_every_repair_is_explained"),
    ),
    "docs-use-cases": (Evidence(MANUAL, "~^## What it is for"),),
    "appropriate-polling": _tests(
        "test_modbus_devices.py test_a_value_is_written_at_most_once_a_minute_but_what_is_bound"
        "_is_reported_each_time",
    ),
    "test-before-configure": _tests(
        "test_modbus_flow.py test_an_error_says_what_is_wrong_and_the_form_goes_on",
        "test_modbus_flow.py test_silence_and_noise_are_no_device",
    ),
    "log-when-unavailable": _tests(
        "test_modbus_devices.py test_a_dead_device_is_told_once_and_its_return_once",
    ),
    "dynamic-devices": _tests(
        "test_subentry_flows.py test_a_node_is_added_to_the_running_farm",
        "test_subentry_flows.py test_levels_come_and_go_with_their_entities",
    ),
    "stale-devices": _tests(
        "test_subentry_flows.py test_levels_come_and_go_with_their_entities",
        "test_lifecycle.py test_removing_what_others_need_stops_them_and_says_so",
        "test_lifecycle.py test_a_device_of_the_farm_cannot_be_deleted_and_a_stale_one_can",
        "test_lifecycle.py test_the_devices_and_entities_of_a_removed_part_go_with_it",
    ),
    "entity-category": _inside(SHELL, "sensor.py ~entity_category=EntityCategory"),
    "entity-disabled-by-default": _tests(
        "test_lifecycle.py test_at_most_eight_entities_of_a_level_are_enabled"
    ),
    "discovery": (
        *_tests(
            "test_bluetooth.py "
            "test_a_tester_that_is_discovered_becomes_a_part_of_the_farm_that_is_chosen",
            "test_bluetooth.py test_what_is_not_for_a_farm_is_said_so",
            "test_bluetooth.py test_a_discovery_can_be_ignored",
        ),
        *_inside(SHELL, "config_flow.py ~async def async_step_bluetooth"),
        *_inside(SHELL, 'manifest.json ~"bluetooth"'),
    ),
    "reconfiguration-flow": (
        *_tests(
            "test_config_flow.py test_a_farm_can_be_renamed",
            "test_subentry_flows.py test_renaming_a_node_keeps_its_id",
        ),
        *_inside(SHELL, "config_flow.py ~async def async_step_reconfigure"),
    ),
    "repair-issues": _tests(
        "test_ledger.py test_a_ledger_that_cannot_be_written_is_a_repair_and_stops_nothing",
        "test_lifecycle.py test_broken_data_is_left_out_and_reported",
        "test_repairs.py test_another_entity_takes_the_place_of_one_that_is_gone",
        "test_repairs.py test_an_actuator_without_a_declaration_is_declared_after_a_confirmation",
        "test_repairs.py test_a_damaged_history_is_kept_beside_a_new_one_that_the_journal_fills",
        "test_repairs.py test_a_new_memory_is_accepted_when_every_check_is_confirmed",
        "test_repairs.py test_a_farm_without_a_fresh_backup_is_told_until_there_is_one",
    ),
}

#: Code that contradicts an exemption.
AGAINST = {
    "appropriate-polling": r"SCAN_INTERVAL|_attr_should_poll = True|DataUpdateCoordinator",
    "common-modules": "DataUpdateCoordinator",
    "discovery": r"async_step_(zeroconf|bluetooth|dhcp|ssdp|usb|mqtt|homekit|hassio)\b",
    # A Bluetooth address is not where a device is, but what it is called.
    "discovery-update-info": r"async_step_(zeroconf|dhcp|ssdp|usb|mqtt|homekit|hassio)\b",
    "inject-websession": r"^[ \t]*(import|from) (aiohttp|httpx2?|requests|urllib\.request)\b"
    "|ClientSession",
    "reauthentication-flow": r"ConfigEntryAuthFailed|async_step_reauth",
}

#: Home Assistant draws an icon for these by itself.
DRAWN_DOMAINS = frozenset({"fan", "humidifier", "light", "valve"})
#: Errors that people read.
SHOWN = frozenset(
    {
        "HomeAssistantError",
        "ServiceValidationError",
        "ConfigEntryError",
        "ConfigEntryNotReady",
        "ConfigEntryAuthFailed",
    }
)
#: Errors raised here are caught where commands are sent, and told as the cause of a failed one.
CAUGHT = frozenset({"entity_values.py"})
#: Calls of the core whose first argument is the key of an exception, and what stands before it.
REFUSING = {"Refusal": "", "Clash": "", "BatchError": "batch_", "RolloutError": "rollout_"}


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


@dataclass(frozen=True)
class Said:
    """Every text in a source: whole ones, and patterns of those with places to fill in."""

    texts: frozenset[str]
    patterns: frozenset[str]


@cache
def _said(source: str) -> Said:
    texts: set[str] = set()
    patterns: set[str] = set()
    for node in ast.walk(_parsed(source)):
        match node:
            case ast.Constant(value=str(text)):
                texts.add(text)
            case ast.JoinedStr(values=parts):
                whole = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts
                )
                patterns.update(_patterns(whole))
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Name(id="auto") | ast.Attribute(attr="auto")),
            ):
                texts.add(name.lower())
            case _:
                pass
    return Said(frozenset(texts), frozenset(patterns))


def _patterns(text: str) -> Iterator[str]:
    """The keys that a text with places to fill in can become, as patterns; a key may stand within
    a path with dots."""
    for part in text.split("."):
        if re.search("[a-z]{3}", re.sub(r"{\w*}", "", part)) and re.fullmatch(
            r"(\w|{\w*})*{\w*}(\w|{\w*})*", part
        ):
            yield re.sub(r"{\w*}", r"(\\w+)", part)


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(_parsed(source)) if isinstance(node, ast.Call))


def _keywords(call: ast.Call) -> dict[str, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}


def _constants(node: ast.expr | None) -> list[str]:
    """The texts an expression can be; none where they are worked out."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return [*_constants(one), *_constants(other)]
        case _:
            return []


class Tree:
    """A checkout, read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.shell = root / SHELL

    def text(self, path: str) -> str | None:
        """The text of a file, or None when there is none."""
        file = self.root / path
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def json(self, path: str) -> Any:
        """What a JSON file of the integration holds."""
        return json.loads((self.shell / path).read_text(encoding="utf-8"))

    @cached_property
    def modules(self) -> dict[str, str]:
        """Every module of the integration: path in it and source."""
        return self._sources(self.shell)

    @cached_property
    def core(self) -> dict[str, str]:
        """Every module of the core: path in it and source."""
        return self._sources(self.root / "vfarm_core")

    def _sources(self, folder: Path) -> dict[str, str]:
        return {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.py"))
        }

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every text of integration and core."""
        sources = (*self.modules.values(), *self.core.values())
        return frozenset(text for source in sources for text in _said(source).texts)

    @cached_property
    def english(self) -> dict[str, Any]:
        """The texts in English."""
        found: dict[str, Any] = self.json("translations/en.json")
        return found

    @cached_property
    def platforms(self) -> list[str]:
        """The modules that add entities."""
        return [
            path
            for path, source in self.modules.items()
            if "/" not in path
            and any(
                isinstance(node, ast.AsyncFunctionDef)
                and node.name == "async_setup_entry"
                and len(node.args.args) == 3
                for node in _parsed(source).body
            )
        ]

    def described(self, kind: str) -> set[str]:
        """The actions, triggers or conditions that a file describes."""
        found = yaml.safe_load((self.shell / f"{kind}.yaml").read_text(encoding="utf-8"))
        return {key for key in found if not key.startswith(".")}


# -- the file of the scale ------------------------------------------------------------------------


def check_scale(tree: Tree) -> Iterator[str]:
    """Every rule of the scale has a status that is backed, and no other is there."""
    rules: dict[str, Any] = yaml.safe_load(tree.text(f"{SHELL}/quality_scale.yaml") or "")["rules"]
    yield from (f"{rule}: not in the file" for rule in sorted(RULES - rules.keys()))
    yield from (f"{rule}: no rule of the scale" for rule in sorted(rules.keys() - RULES))
    for rule, told in rules.items():
        status = told.get("status") if isinstance(told, dict) else told
        comment = str(told.get("comment") or "").strip() if isinstance(told, dict) else ""
        if status == "done":
            yield from (f"{rule}: done, but {why}" for why in _unbacked(tree, rule))
        elif status == "exempt":
            if not comment:
                yield f"{rule}: exempt without a comment"
            for path, source in tree.modules.items():
                if rule in AGAINST and (found := re.search(AGAINST[rule], source, re.MULTILINE)):
                    yield f"{rule}: exempt, but {path} has {found.group().strip()}"
        elif status != "todo":
            yield f"{rule}: {status!r} is no status"
        if rule == "dependency-transparency":
            yield from (f"{rule}: says nothing of {name}" for name in _unnamed(tree, comment))


def _unbacked(tree: Tree, rule: str) -> Iterator[str]:
    if rule not in EVIDENCE and rule not in CHECKS:
        yield "nothing here says what would show it"
    for path, what in EVIDENCE.get(rule, ()):
        source = tree.text(path)
        if source is None:
            yield f"there is no {path}"
        elif what.startswith("~"):
            if not re.search(what[1:], source, re.MULTILINE):
                yield f"{path} has no {what[1:]}"
        elif not _is_tested(source, what):
            yield f"{path} has no {what} that expects something"
    if rule in CHECKS:
        yield from CHECKS[rule](tree)


def _is_tested(source: str, name: str) -> bool:
    """Whether a test is there, runs, and expects something (itself, or a helper it hands on to)."""
    for node in _parsed(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            skipped = any(
                re.search(r"\b(skip|skipif|xfail)\b", ast.unparse(d)) for d in node.decorator_list
            )
            expects = any(
                isinstance(inner, ast.Assert)
                or (isinstance(inner, ast.Call) and _name(inner) in ("raises", "fail"))
                for inner in ast.walk(node)
            )
            return expects and not skipped
    return False


def _unnamed(tree: Tree, comment: str) -> Iterator[str]:
    """What is asked for, in the manifest or when a function is used, and the comment leaves out."""
    asked = list(tree.json("manifest.json").get("requirements", []))
    for source in tree.modules.values():
        for node in _parsed(source).body:
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.List)
                and any(
                    isinstance(target, ast.Name) and target.id in ("REQUIREMENTS", "POSTGRESQL")
                    for target in node.targets
                )
            ):
                asked += [text for item in node.value.elts for text in _constants(item)]
    names = {re.split(r"[<>=!~\[; ]", item, maxsplit=1)[0] for item in asked}
    yield from sorted(name for name in names if name.lower() not in comment.lower())


# -- texts -----------------------------------------------------------------------------------------


def _described(tree: Tree) -> Iterator[tuple[str, str, bool]]:
    """Entities that are described by a constant: domain, key, and whether they have a class."""
    for path in tree.platforms:
        for call in _calls(tree.modules[path]):
            words = _keywords(call)
            if _name(call).endswith("Description"):
                for key in _constants(words.get("translation_key")):
                    yield path.removesuffix(".py"), key, "device_class" in words


def check_entity_texts(tree: Tree) -> Iterator[str]:
    """Every described entity has a name, and no name stands for an entity that nothing makes."""
    named = {(d, key) for d, keys in tree.english["entity"].items() for key in keys}
    for domain, key, _ in _described(tree):
        if (domain, key) not in named:
            yield f"entity.{domain}.{key} has no text"
    for domain, key in sorted(named):
        if not _is_said(tree, key, tree.modules):
            yield f"entity.{domain}.{key} is not used"


def _is_said(tree: Tree, key: str, sources: dict[str, str]) -> bool:
    """Whether sources hold a key, whole or made of a pattern and a text of shell or core."""
    said = [_said(source) for source in sources.values()]
    if any(key in one.texts for one in said):
        return True
    return any(
        all(part in tree.vocabulary for part in match.groups())
        for one in said
        for pattern in one.patterns
        if (match := re.fullmatch(pattern, key))
    )


def check_error_texts(tree: Tree) -> Iterator[str]:
    """Every error that people read has a text by key, and no text is left that nothing says."""
    used: dict[str, str] = {}
    for path, source in tree.modules.items():
        for call in _calls(source):
            words = _keywords(call)
            key = words.get("translation_key")
            if _name(call) in SHOWN:
                if key is None and path not in CAUGHT:
                    yield f"{path}:{call.lineno}: an error without a translation key"
                used |= dict.fromkeys(_constants(key), path)
            elif _name(call) == "error" and call.args:
                used |= dict.fromkeys(_constants(call.args[0]), path)
    for path, source in tree.core.items():
        if path.split("/")[0] in ("control", "batches"):
            for call in _calls(source):
                if _name(call) in REFUSING and call.args:
                    before = REFUSING[_name(call)]
                    used |= {before + text: path for text in _constants(call.args[0])}
    texts = tree.english["exceptions"]
    yield from (f"exceptions.{k} of {used[k]} has no text" for k in sorted(used.keys() - texts))
    both = {**tree.modules, **{f"core/{path}": source for path, source in tree.core.items()}}
    for key in sorted(texts.keys() - used.keys()):
        if not _is_said(tree, key, both):
            yield f"exceptions.{key} is not used"


def check_issue_texts(tree: Tree) -> Iterator[str]:
    """Every repair has a text, and no text is left that no repair uses."""
    texts = tree.english["issues"]
    for call in _calls(tree.modules["issues.py"]):
        if _name(call) == "_async_replace":
            for key in _constants(call.args[2]):
                if key not in texts:
                    yield f"issues.{key} has no text"
    for key in sorted(texts):
        if not _is_said(tree, key, tree.modules):
            yield f"issues.{key} is not used"


def check_languages(tree: Tree) -> Iterator[str]:
    """The five languages are there, with the same keys."""
    english = set(_leaves(tree.english))
    for language in LANGUAGES:
        path = f"translations/{language}.json"
        if not (tree.shell / path).is_file():
            yield f"{path} is missing"
            continue
        there = set(_leaves(tree.json(path)))
        yield from (f"{language}: {key} is missing" for key in sorted(english - there))
        yield from (f"{language}: {key} is not in English" for key in sorted(there - english))


def _leaves(node: Any, path: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    else:
        yield path


# -- icons -----------------------------------------------------------------------------------------


def check_icons(tree: Tree) -> Iterator[str]:
    """Every action, trigger, condition and entity has an icon and a text, and nothing else has."""
    icons = tree.json("icons.json")
    for kind in ("services", "triggers", "conditions"):
        wanted = tree.described(kind)
        for where, has in (("an icon", set(icons[kind])), ("a text", set(tree.english[kind]))):
            yield from (f"{kind}.{key} has no {where.split()[1]}" for key in sorted(wanted - has))
            for key in sorted(has - wanted):
                yield f"{kind}.{key} has {where} and is not there"
    classed = {(domain, key) for domain, key, has_class in _described(tree) if has_class}
    by_role = _classed_roles(tree)
    drawn = icons["entity"]
    for domain, keys in tree.english["entity"].items():
        for key in keys:
            role = key.removeprefix("hardware_")
            if (
                key not in drawn.get(domain, {})
                and domain not in DRAWN_DOMAINS
                and (domain, key) not in classed
                and not (key.startswith("hardware_") and _ends_with(role, by_role))
            ):
                yield f"entity.{domain}.{key} has neither an icon nor a device class"
    for domain, keys in drawn.items():
        known = tree.english["entity"].get(domain, {})
        yield from (
            f"entity.{domain}.{key} has an icon and is not there"
            for key in keys
            if key not in known
        )


def _ends_with(role: str, roles: set[str]) -> bool:
    return any(role == known or role.endswith(f"_{known}") for known in roles)


def _classed_roles(tree: Tree) -> set[str]:
    """The roles whose simulated sensors and contacts have a device class."""
    found: set[str] = set()
    for node in ast.walk(_parsed(tree.modules["hardware.py"])):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(key, ast.Attribute)
                    and isinstance(value, ast.Attribute)
                    and ast.unparse(value.value).endswith("DeviceClass")
                ):
                    found.add(key.attr.lower())
    return found


# -- code ------------------------------------------------------------------------------------------


def check_parallel_updates(tree: Tree) -> Iterator[str]:
    """Every platform says how many updates run at once."""
    if not tree.platforms:
        yield "there are no platforms"
    for path in tree.platforms:
        if not re.search(r"^PARALLEL_UPDATES = \d", tree.modules[path], re.MULTILINE):
            yield f"{path} has no PARALLEL_UPDATES"


def check_strict_typing(tree: Tree) -> Iterator[str]:
    """Core and shell are checked strictly, the core says that it is typed, entries are typed."""
    mypy = tomllib.loads(tree.text("pyproject.toml") or "").get("tool", {}).get("mypy", {})
    if mypy.get("strict") is not True:
        yield "mypy is not strict"
    if "vfarm_core" not in mypy.get("files", []):
        yield "mypy does not look at the core"
    lint = tree.text("scripts/lint") or ""
    if not re.search(r"^[^#\n]*mypy.* custom_components/vfarm\b", lint, re.MULTILINE):
        yield "scripts/lint does not check the types of the integration"
    if tree.text("vfarm_core/py.typed") is None:
        yield "the core has no py.typed"
    for path, source in tree.modules.items():
        for node in _parsed(source).body:
            if isinstance(node, ast.AsyncFunctionDef) and node.name in (
                "async_setup_entry",
                "async_unload_entry",
            ):
                kind = node.args.args[1].annotation
                if kind is None or ast.unparse(kind) != "VfarmConfigEntry":
                    yield f"{path}: {node.name} does not take a VfarmConfigEntry"


def check_brands(tree: Tree) -> Iterator[str]:
    """The integration brings its pictures."""
    for name in ("icon.png", "logo.png"):
        if not (tree.shell / "brand" / name).is_file():
            yield f"there is no brand/{name}"


def check_device_classes(tree: Tree) -> Iterator[str]:
    """Where Home Assistant has a class for a quantity of the field, entities have it."""
    known = {"air_temperature", "humidity", "co2", "ph", "ec", "solution_temperature", "volume"}
    classed = {key for domain, key, has_class in _described(tree) if has_class}
    yield from (f"sensor.{key} has no device class" for key in sorted(known - classed))


def check_coverage(tree: Tree) -> Iterator[str]:
    """Every whole run of the tests is measured, and fails below the share that they must reach."""
    least = re.search(r"^LEAST = ([\d.]+)$", tree.text(MEASURE) or "", re.MULTILINE)
    if least is None or float(least[1]) < 95:
        yield f"{MEASURE} does not ask for 95 %"
    run = "\n".join(
        line.partition("#")[0] for line in (tree.text("scripts/test") or "").splitlines()
    )
    if "--cov=" not in run or MEASURE not in run or "measured custom_components.vfarm " not in run:
        yield "scripts/test does not measure coverage"
    if not re.search(r"^[^#\n]*\bscripts/test( all)?$", tree.text(".ci/run") or "", re.MULTILINE):
        yield ".ci/run does not run scripts/test"


def check_flow_coverage(tree: Tree) -> Iterator[str]:
    """A whole run of the tests fails when any of the config flow was not reached."""
    complete = re.search(r"^COMPLETE = \((.*)\)$", tree.text(MEASURE) or "", re.MULTILINE)
    for path in ("config_flow.py", "flows/"):
        if complete is None or f'"{SHELL}/{path}"' not in complete[1]:
            yield f"{MEASURE} does not ask for all of {path}"
    yield from check_coverage(tree)


type Check = Callable[[Tree], Iterator[str]]

#: Rules that are read from the code itself.
CHECKS: dict[str, Check] = {
    "brands": check_brands,
    "config-flow-test-coverage": check_flow_coverage,
    "entity-device-class": check_device_classes,
    "entity-translations": check_entity_texts,
    "exception-translations": check_error_texts,
    "icon-translations": check_icons,
    "parallel-updates": check_parallel_updates,
    "repair-issues": check_issue_texts,
    "strict-typing": check_strict_typing,
    "test-coverage": check_coverage,
}


def problems(root: Path) -> list[str]:
    """What the checkout in `root` claims and does not back, one sentence each."""
    tree = Tree(root)
    return sorted({*check_scale(tree), *check_languages(tree)})


def main(arguments: list[str]) -> int:
    """Check the checkout named in `arguments`, or this one."""
    found = problems(Path(arguments[0]) if arguments else ROOT)
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
