"""Every example of the documentation is tried: each block of code belongs to a test that carries it
out, and one that belongs to none fails here.

Automations, actions and templates are carried out inside Home Assistant, by
`tests/integration/test_examples.py`.
"""

from __future__ import annotations

import ast
import asyncio
import json
import re
import shlex
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from modbus_connection import ModbusTcpParams
from typer.testing import CliRunner

from tests.core.devices.modbus.fake import FakeUnit
from tests.core.devices.modbus.servers import filled
from vfarm_core import cli
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.farm.remap import Device, Renamed, read_table
from vfarm_core.recipes.load import load_recipe

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
#: Blocks that Home Assistant's own test carries out have one of these keys.
IN_HOME_ASSISTANT = ("triggers", "actions", "action", "template")


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    page: str
    language: str
    text: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The first keys of YAML."""
        found = yaml.safe_load(self.text.replace("{id: home, …}", "{}"))
        return tuple(found) if isinstance(found, dict) else ()


def blocks() -> Iterator[Block]:
    """Every block of code of README and docs."""
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        text = page.read_text(encoding="utf-8")
        for language, code in re.findall(r"^```(\w*)\n(.*?)^```", text, re.M | re.S):
            yield Block(name, language, code)


def tried_by(block: Block) -> str | None:
    """The test that carries a block out."""
    match block.page, block.language:
        case _, "mermaid":
            return "nobody: it is a picture"
        case _, "yaml" if any(key in block.keys for key in IN_HOME_ASSISTANT):
            return "tests/integration/test_examples.py"
        case "docs/nutrients.md", "yaml" | "console":
            return "tests/core/cli/test_cli_nutrients.py"
        case "docs/stations.md", "yaml":
            return "tests/core/cli/test_cli_station.py"
        case "docs/recipes.md", "yaml":
            return "test_the_recipes_of_the_handbook_are_taken"
        case "docs/planning.md", "yaml":
            return "test_the_orders_of_the_page_become_a_plan"
        case "docs/bundle.md", "csv":
            return "test_the_table_of_new_names_is_read"
        case "docs/ledger.md", "python":
            return "test_python_of_the_pages_runs"
        case "docs/modbus.md", "python":
            return "test_python_of_the_page_on_modbus_reads_a_sensor"
        case _, "console" | "bash" | "text" | "":
            return "tests/core/test_doc_commands.py"
    return None


def test_every_example_is_tried_by_a_test() -> None:
    left = [f"{b.page}: {b.language}: {b.text[:60]}" for b in blocks() if tried_by(b) is None]
    assert not left, "\n".join(left)
    for test in {found for b in blocks() if (found := tried_by(b)) is not None}:
        if test.startswith("tests/"):
            assert (ROOT / test).is_file(), test
        elif test.startswith("test_"):
            assert test in globals(), test


# -- command lines ------------------------------------------------------------------------------


def command_lines() -> Iterator[tuple[str, str]]:
    """Every `vfarm …` of the documentation, and its page."""
    for block in blocks():
        if block.language in ("console", "bash", "text", ""):
            for line in re.sub(r"\\\n\s*", " ", block.text).splitlines():
                found = re.match(r"(?:\$ )?(?:uv run )?(vfarm .*)", line)
                if found is not None:
                    yield block.page, re.split(r"\s{3,}|\s#\s", found[1])[0]


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words lead to, and the words that are left."""
    command: Any = typer.main.get_command(cli.build())
    # A command without commands of its own has none of that name.
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words[0]]
        words = words[1:]
    return command, words


@pytest.mark.parametrize(("page", "line"), list(command_lines()))
def test_every_command_and_option_exists(page: str, line: str) -> None:
    words = shlex.split(line.replace("[", " ").replace("]", " "))[1:]
    command, left = command_of(words)
    alone = not hasattr(command, "commands") or command.invoke_without_command
    assert alone, f"{line}: no such command"
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word.partition("=")[0] for word in left if word.startswith("--")} <= known, line


def test_there_are_commands() -> None:
    assert len(list(command_lines())) >= 30


# -- files and code -----------------------------------------------------------------------------


def _of(page: str, language: str) -> list[str]:
    return [b.text for b in blocks() if (b.page, b.language) == (page, language)]


def _whole(part: Any, recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe with a part of the handbook in it."""
    made = deepcopy(recipe)
    (phase,) = made["phases"]
    if isinstance(part, list):
        (told,) = part
        phase |= told
        made["growth"]["base_temperature"] = {"value": 4, "source": "us", "confidence": "D"}
        made["growth"]["optimum_temperature"] = {"value": 24, "source": "us", "confidence": "D"}
    elif "light" in part:
        phase["light"] = part["light"]
    elif "regrowth" in part:
        phase["name"] = part["regrowth"]["phase"]
        made["regrowth"] = part["regrowth"]
    else:
        phase["irrigation"] = part
    return made


def test_the_recipes_of_the_handbook_are_taken() -> None:
    first, *parts = [yaml.safe_load(text) for text in _of("docs/recipes.md", "yaml")]
    plain = load_recipe(yaml.safe_dump(first, allow_unicode=True))
    versions = {plain.version}
    for part in parts:
        text = yaml.safe_dump(_whole(part, first), allow_unicode=True, sort_keys=False)
        versions.add(load_recipe(text).version)
    assert len(versions) == 1 + len(parts) >= 7, "each part makes another recipe"


def test_the_orders_of_the_page_become_a_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (orders,) = (text for text in _of("docs/planning.md", "yaml") if "# orders.yaml" in text)
    Path("orders.yaml").write_text(orders, encoding="utf-8")
    (session,) = _of("docs/planning.md", "console")
    words = shlex.split(session.replace("--farm farm.yaml", ""))[2:]
    result = CliRunner().invoke(cli.build(words), [*words, "--json"])
    told = json.loads(result.stdout)
    named = {one["order"] for one in told["batches"]} | {one["order"] for one in told["conflicts"]}
    assert named == {"Shop", "Market"}


def test_the_table_of_new_names_is_read() -> None:
    (table,) = _of("docs/bundle.md", "csv")
    assert read_table(table) == {
        "sensor.rack_a_air": Renamed(new="sensor.tent_air"),
        "switch.old_acid_pump": Renamed(new="switch.new_acid_pump", device=Device.OTHER),
    }


def test_python_of_the_pages_runs(tmp_path: Path) -> None:
    (code,) = _of("docs/ledger.md", "python")
    there = "postgresql://vfarm@localhost/farm"
    assert there in code
    names: dict[str, Any] = {}
    exec(compile(code.replace(there, f"{tmp_path}/ledger.db"), "docs/ledger.md", "exec"), names)
    assert names["ledger"].head().seq == 0
    names["ledger"].close()


class _Line:
    """A line with one sensor on it, in place of the one of the page."""

    def __init__(self, params: ModbusTcpParams) -> None:
        self.host = params.host

    def for_unit(self, unit: int) -> FakeUnit:
        return FakeUnit(filled(shelf().get("xy_md02")))


def test_python_of_the_page_on_modbus_reads_a_sensor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("modbus_connection.tmodbus.ModbusConnection", _Line)
    (code,) = _of("docs/modbus.md", "python")
    made = compile(code, "docs/modbus.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    asyncio.run(eval(made, {}))
    assert "value=" in capsys.readouterr().out
