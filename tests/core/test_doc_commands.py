"""Every command of the documentation is carried out, with the files that it names beside it.

What stands for something (`ADDRESS`, `…`, `[--json]`) is filled in below, by the line as it is
written. What cannot be carried out here is listed with the reason; both lists hold nothing that the
documentation does not say any more.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from struct import pack

import pytest
import yaml
from typer.testing import CliRunner

from tests.core.cli.test_cli_ble import ADDRESS, FRAME, Radio
from tests.core.devices.ble.fake import FakeClient, FakeFlowerCare
from tests.core.ledger.history import DAY_S, T0, sow, tell
from tests.core.reports.conftest import grow
from tests.core.support import Bench, bench_farm
from tests.core.test_doc_examples import PAGES, ROOT, blocks, command_lines, command_of
from vfarm_core import cli
from vfarm_core.devices.ble import yinmik
from vfarm_core.devices.stations.model import Output, Station, StationKind
from vfarm_core.farm.build import farm_to_dict
from vfarm_core.farm.codec import encode
from vfarm_core.ledger.store import Ledger
from vfarm_core.runtime.journal import Journal
from vfarm_core.runtime.replay import record

LETTUCE = "lettuce_butterhead"

#: Lines with something to fill in, and what is carried out for them.
FILLED = {
    "vfarm ble scan [--seconds 10]": ("vfarm ble scan --seconds 10",),
    "vfarm ble read ADDRESS [--kind …]": (f"vfarm ble read {ADDRESS} --kind water_tester",),
    "vfarm ble read ADDRESS --history": ("vfarm ble read CC --history",),
    "vfarm ble read ADDRESS --raw": (f"vfarm ble read {ADDRESS} --raw",),
    "vfarm farm export PLACE FILE [--ledger] [--farm …] [--journal …] [--recipes …] [--overwrite]"
    " [--json]": (
        "vfarm farm export here bundle.zip",
        "vfarm farm export here bundle.zip --farm here/farm.json --journal here/journal.db"
        " --recipes recipes --overwrite --json",
    ),
    "vfarm farm import FILE PLACE [--dry-run] [--remap MAP.csv] [--entities HERE.txt"
    " [--same-names]] [--json]": (
        "vfarm farm export here farm.zip",
        "vfarm farm import farm.zip there --dry-run --remap MAP.csv --entities HERE.txt"
        " --same-names --json",
        "vfarm farm import farm.zip there",
    ),
    "vfarm ledger summary ledger.db BATCH --energy-kwh 0.31 --water-m3 4.20 --labour-h 28": (
        "vfarm ledger summary ledger.db first --energy-kwh 0.31 --water-m3 4.20 --labour-h 28",
    ),
    "vfarm nutrients solve --target … --water … --salts … [--acid …] [--ec 1.6] [--json]": (
        "vfarm nutrients solve --target hoagland_1 --water tap.yaml --salts laboratory"
        " --acid nitric_acid_60 --ec 1.6 --json",
    ),
    "vfarm nutrients acid --water … --acid … [--ph 5.8]": (
        "vfarm nutrients acid --water tap.yaml --acid nitric_acid_60 --ph 5.8",
    ),
    "vfarm recipes list [--directory DIR]": ("vfarm recipes list --directory recipes",),
    "vfarm recipes export ID --format json": (f"vfarm recipes export {LETTUCE} --format json",),
    "vfarm recipes import FILE --format csv --base ID": (
        f"vfarm recipes export {LETTUCE} --format csv --output table.csv",
        f"vfarm recipes import table.csv --format csv --base {LETTUCE}",
    ),
    "vfarm recipes diff OLD NEW": (f"vfarm recipes diff {LETTUCE} my_recipe.yaml",),
}

#: Lines that end with another code than 0, as their pages say: an answer that falls short, a
#: station that lacks something.
ENDS_WITH_3 = (
    "vfarm nutrients solve --target herbs.yaml --water well.yaml --salts common --acid"
    " nitric_acid_60",
    "vfarm plan orders orders.yaml --farm farm.yaml --start 2026-01-05",
    "vfarm station check farm.yaml",
)

#: What runs long is carried out for a shorter time.
SHORTER = {"--days 35": "--days 1"}

#: What is no command of vfarm's own, and who carries it out.
ELSEWHERE = {
    "scripts/demo": "it does not end; tests/e2e/test_demo.py runs what it starts",
    "scripts/test": "these tests are what it runs",
}


def lines() -> Iterator[str]:
    """Every command line of the documentation, once."""
    yield from dict.fromkeys(line.strip() for _, line in command_lines())


# -- the files that the pages name ----------------------------------------------------------------


def _of_the_pages(folder: Path) -> None:
    """Files of which the pages say what is in them: their first line is their name."""
    for block in blocks():
        named = re.match(r"# (\w+\.yaml)\n", block.text) if block.language == "yaml" else None
        if named is not None and named[1] != "farm.yaml":
            (folder / named[1]).write_text(block.text, encoding="utf-8")


def _farm(folder: Path) -> None:
    """A farm that has run for two hours with plants in it, its journal, and its diagnostics."""
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(7200)
    points = ("level_1.grow_light", "pump.irrigation_pump", "circuit.irrigation_valve")
    outputs = tuple(Output(point=point, channel=point) for point in points)
    plain = Station(id="node", name="Node", kind=StationKind.EXECUTOR, outputs=outputs)
    lamp = Output(point="level_2.grow_light", channel="GPIO17")
    esphome = Station(id="light", name="Light", kind=StationKind.ESPHOME, outputs=(lamp,))
    stations = [encode(station) for station in (plain, esphome)]
    told = {"farm": farm_to_dict(bench.farm), "stations": stations}
    (folder / "farm.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    (folder / "here").mkdir()
    (folder / "here" / "farm.json").write_text(json.dumps(told["farm"]), encoding="utf-8")
    for path in (folder / "journal.db", folder / "here" / "journal.db"):
        with closing(Journal(path)) as journal:
            journal.append(bench.journal.records)
    runtime = bench.runtime
    recording = record(runtime.farm, runtime.memory, bench.clock.now(), runtime.last)
    (folder / "diagnostics.json").write_text(
        json.dumps({"data": {"replay": recording}}), encoding="utf-8"
    )
    old, *others = sorted({binding.entity for binding in bench.farm.bindings})
    here = "\n".join((*others, "sensor.new"))
    (folder / "HERE.txt").write_text(here, encoding="utf-8")
    (folder / "MAP.csv").write_text(f"old,new,device\n{old},sensor.new,\n", encoding="utf-8")


def _history(folder: Path) -> None:
    """A history with the lots of the pages and two versions of one recipe."""
    with closing(Ledger(folder / "ledger.db")) as ledger:
        grow(ledger)
        tell(ledger, "lot_received", T0, lot="S-2026-14", lot_kind="seed", amount=50, unit="seeds")
        for number, version in enumerate(("3fa9", "81d0")):
            batch = f"lettuce_{number}"
            told = {"recipe": LETTUCE, "version": version, "crop": "lettuce"}
            sow(ledger, batch, T0, seed_lot="S-2026-14", level=f"level_{number}", **told)
            lot = f"H-1{6 + number}"
            end = T0 + 30 * DAY_S
            tell(ledger, "batch_harvested", end, batch=batch, lot=lot, kg=2.0, title=batch)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file that the commands name."""
    folder = tmp_path_factory.mktemp("pages")
    _of_the_pages(folder)
    _farm(folder)
    _history(folder)
    (folder / "recipes").mkdir()
    library = ROOT / "vfarm_core" / "recipes" / "library"
    mine = (library / f"{LETTUCE}.yaml").read_text(encoding="utf-8")
    for path in ("my_recipe.yaml", "recipes/my_recipe.yaml"):
        (folder / path).write_text(mine.replace(LETTUCE, "my_recipe"), encoding="utf-8")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which the commands of one test are typed."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def radio(monkeypatch: pytest.MonkeyPatch) -> Radio:
    """Two meters in the air: one for water, one for plants."""
    made = Radio()
    plant = ("0000fe95-0000-1000-8000-00805f9b34fb",)
    made.heard = [(ADDRESS, "BLE-C600", -60, ()), ("CC", "Flower care", -55, plant)]
    made.client = FakeClient({yinmik.DATA: FRAME})
    monkeypatch.setitem(sys.modules, "bleak", made.module())
    return made


def carry_out(line: str) -> tuple[int, str]:
    """Type a command; what it prints may go into a file."""
    line, _, into = line.partition(" > ")
    for long, short in SHORTER.items():
        line = line.replace(long, short)
    words = shlex.split(line)[1:]
    result = CliRunner().invoke(cli.build(words), words, env={"COLUMNS": "160"})
    if into:
        Path(into).write_text(result.stdout, encoding="utf-8")
    return result.exit_code, result.output


# -- what is carried out --------------------------------------------------------------------------


@pytest.mark.parametrize("line", list(lines()))
def test_a_command_of_the_documentation_does_what_it_says(
    folder: Path, radio: Radio, line: str
) -> None:
    if "--history" in line and "ble" in line:
        entry = pack("<IhxIBHxx", 3600, 215, 400, 30, 250)
        radio.client = FakeFlowerCare([entry], device_time=7200)
    if line.startswith("vfarm plan"):
        # There a farm is described alone; on the page of stations it has those beside it.
        farm = yaml.safe_load((folder / "farm.yaml").read_text(encoding="utf-8"))
        (folder / "farm.yaml").write_text(yaml.safe_dump({"farm": farm["farm"]}), encoding="utf-8")
    for typed in FILLED.get(line, (line,)):
        code, said = carry_out(typed)
        assert code == (3 if line in ENDS_WITH_3 else 0), f"{typed}\n{said}"
        assert said.split() or "--out" in typed, f"{typed} says nothing"


def test_files_that_commands_write_are_there(folder: Path) -> None:
    written = {
        "vfarm ledger trace ledger.db H-17 --recall recall.pdf": "recall.pdf",
        "vfarm ledger export ledger.db --out history.jsonl": "history.jsonl",
        "vfarm station package farm.yaml --out stations/": "stations",
        "vfarm station page farm.yaml > safety.md": "safety.md",
    }
    known = set(lines())
    for line, name in written.items():
        assert line in known
        carry_out(line)
        there = folder / name
        assert any(there.iterdir()) if there.is_dir() else there.stat().st_size > 100, line


def test_nothing_is_filled_in_or_left_out_that_no_page_says() -> None:
    known = set(lines())
    assert set(FILLED) <= known
    assert set(ENDS_WITH_3) <= known
    open_ended = {line for line in known if re.search(r"[…\[\]]|\b[A-Z]{2,}\b", line)}
    assert open_ended <= set(FILLED)


def test_every_other_line_of_the_blocks_is_accounted_for() -> None:
    others = set()
    for block in blocks():
        if block.language in ("bash", "") and "vfarm " not in block.text:
            others |= {line.split()[0] for line in block.text.splitlines() if line.strip()}
    assert others == set(ELSEWHERE)
    for name in ELSEWHERE:
        assert (ROOT / name).is_file()


# -- commands in the text -------------------------------------------------------------------------

#: Commands that the text names with something to fill in, or that run for minutes: the tests that
#: carry them out, and what they call them there.
IN_TEXT = {
    "vfarm modbus": ("cli/test_cli_modbus.py", None),
    "vfarm devices": ("cli/test_cli_devices.py", None),
    "vfarm replay FILE": ("runtime/test_replay.py", "replay"),
    "vfarm ledger forget": ("cli/test_cli_ledger.py", None),
    "vfarm recipes check my_recipe.yaml --farm my_farm.yaml": ("cli/test_cli_recipes.py", None),
    "vfarm recipes show --json": ("cli/test_cli_recipes.py", None),
    "vfarm plan orders": ("cli/test_cli_plan.py", None),
    "vfarm station package": ("cli/test_cli_station.py", None),
    "vfarm twin farm": ("cli/test_cli_twin.py", None),
    "vfarm twin quality": ("twin/test_quality.py", "quality"),
    "vfarm twin season": ("reports/test_season.py", "season"),
    "vfarm twin faults": ("twin/test_campaign.py", "faults"),
}


def in_text() -> list[str]:
    """Commands with arguments that stand in the text."""
    found = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        found += [" ".join(line.split()) for line in re.findall(r"`(vfarm [a-z]+ [^`]+)`", text)]
    return list(dict.fromkeys(found))


def test_what_stands_in_the_text_is_tried_where_it_is_said_to_be() -> None:
    known = in_text()
    for start, (path, word) in IN_TEXT.items():
        concerned = [line for line in known if line.startswith(start)]
        assert concerned, f"no page says {start}"
        tests = (ROOT / "tests" / "core" / path).read_text(encoding="utf-8")
        for line in concerned:
            assert f'"{word or line.split()[2]}"' in tests, line


@pytest.mark.parametrize("line", in_text())
def test_a_command_in_the_text_exists_and_does_what_it_says(folder: Path, line: str) -> None:
    command, left = command_of(line.partition(" > ")[0].split()[1:])
    assert not hasattr(command, "commands") or command.invoke_without_command, line
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in left if word.startswith("--")} <= known, line
    if not any(line.startswith(start) for start in IN_TEXT):
        code, said = carry_out(line)
        # What lacks an argument is the name of a command, which exists.
        assert code == 0 or (code == 2 and "Missing argument" in said), said
        assert said.split()
