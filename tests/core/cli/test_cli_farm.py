"""`vfarm farm …` as a person or a script runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.core.support import Bench, bench_farm
from vfarm_core import cli
from vfarm_core.farm.build import farm_to_dict
from vfarm_core.runtime.bundle import write_bundle
from vfarm_core.runtime.journal import Journal


def run(*arguments: object):
    given = ["farm", *(str(argument) for argument in arguments)]
    return CliRunner().invoke(cli.build(given), given, env={"COLUMNS": "200"})


def answer(*arguments: object, code: int = 0):
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(7200)
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "farm.json").write_text(json.dumps(farm_to_dict(bench.farm)), encoding="utf-8")
    journal = Journal(folder / "journal.db")
    journal.append(bench.journal.records)
    journal.close()
    return folder


def test_a_farm_is_exported_looked_at_and_imported(place: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "farm.zip", tmp_path / "new"
    told = answer("export", place, file)
    assert told["farm"] == "farm"
    assert {"farm.json", "journal.db"} == set(told["members"])
    dry = answer("import", file, new, "--dry-run")
    assert dry["bundle"]["batches"] == ["batch_1"]
    assert {"what": "batch", "id": "batch_1", "how": "added", "fields": []} in dry["changes"]
    assert not new.exists(), "a dry run changes nothing"
    assert answer("import", file, new)["before"] is None
    again = answer("import", file, new)
    assert again["changes"] == []
    assert Path(again["before"]).is_dir()


def test_a_dry_run_says_which_entities_need_a_new_name(place: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "farm.zip", tmp_path / "new"
    answer("export", place, file)
    entities = [use["entity"] for use in answer("import", file, new, "--dry-run")["entities"]]
    here = tmp_path / "entities.txt"
    here.write_text("\n".join([*entities[1:], "sensor.new"]), encoding="utf-8")
    dry = answer("import", file, new, "--dry-run", "--entities", here, code=1)
    assert [r["params"]["entity"] for r in dry["refusals"]] == entities[:1]
    shown = run("import", file, new, "--dry-run", "--entities", here)
    assert shown.exit_code == 1
    assert f"refused: {entities[0]}" in shown.stdout
    assert answer("import", file, new, "--entities", here, code=1)["error"]["key"] == "refused"
    assert not new.exists()
    table = tmp_path / "map.csv"
    table.write_text(f"old,new\n{entities[0]},sensor.new\n", encoding="utf-8")
    done = answer("import", file, new, "--entities", here, "--remap", table)
    assert done["entities"][0]["new"] == "sensor.new"
    text = (new / "farm.json").read_text(encoding="utf-8")
    assert '"sensor.new"' in text
    assert f'"{entities[0]}"' not in text


def test_a_person_reads_what_is_done_and_why_not(place: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "farm.zip", tmp_path / "new"
    assert "is in" in run("export", place, file).stdout
    refused = run("export", place, file)
    assert refused.exit_code == 1
    assert "choose another name" in refused.stderr
    assert run("export", place, file, "--overwrite").exit_code == 0
    dry = run("import", file, new, "--dry-run")
    assert "batch_1" in dry.stdout
    assert run("import", file, new).exit_code == 0
    assert "nothing changes" in run("import", file, new, "--dry-run").stdout
    assert "what was there is in" in run("import", file, new).stdout
    table = tmp_path / "map.csv"
    table.write_text("a,b\n", encoding="utf-8")
    wrong = run("import", file, new, "--remap", table)
    assert wrong.exit_code == 1
    assert "line 1" in wrong.stderr
    assert answer("import", tmp_path / "none.zip", new, code=1)["error"]["key"] == "not_read"


def test_a_running_farm_is_exported_and_never_imported_over(place: Path, tmp_path: Path) -> None:
    file = tmp_path / "farm.zip"
    journal = Journal(place / "journal.db")
    try:
        answer("export", place, file)
        dry = answer("import", file, place, "--dry-run", code=1)
        assert dry["running"]
        assert dry["changes"] == []
        assert answer("import", file, place, code=1)["error"]["key"] == "running"
    finally:
        journal.close()
    answer("import", file, place)


def test_description_journal_and_recipes_may_be_elsewhere(place: Path, tmp_path: Path) -> None:
    described = tmp_path / "tent.json"
    (place / "farm.json").rename(described)
    (place / "journal.db").rename(tmp_path / "old.journal.db")
    recipes = tmp_path / "shelf"
    recipes.mkdir()
    (recipes / "mine.yml").write_text("id: mine\n", encoding="utf-8")
    file = tmp_path / "farm.zip"
    assert answer("export", place, file, code=1)["error"]["key"] == "farm_unreadable"
    told = answer(
        "export",
        place,
        file,
        "--farm",
        described,
        "--journal",
        tmp_path / "old.journal.db",
        "--recipes",
        recipes,
    )
    assert "recipes/mine.yml" in told["members"]


def test_references_are_found_by_the_names_they_had(place: Path, tmp_path: Path) -> None:
    bench = Bench(bench_farm())
    first, second = bench.farm.bindings[0].entity, bench.farm.bindings[1].entity
    file, new = tmp_path / "farm.zip", tmp_path / "new"
    write_bundle(
        file,
        bench.farm,
        place / "journal.db",
        made_at=0.0,
        entities={first: "sensor.zone_air", second: "sensor.zone_humidity"},
    )
    rest = [b.entity for b in bench.farm.bindings[2:]]
    here = tmp_path / "entities.txt"
    here.write_text("\n".join([*rest, "sensor.zone_air", "sensor.moist"]), encoding="utf-8")
    table = tmp_path / "map.json"
    table.write_text('{"sensor.zone_humidity": "sensor.moist"}', encoding="utf-8")
    common = ("import", file, new, "--entities", here, "--remap", table)
    assert "sensor.zone_air" in answer(*common, code=1)["error"]["message"]
    told = answer(*common, "--same-names")
    names = {use["entity"]: use["new"] for use in told["entities"]}
    assert (names[first], names[second]) == ("sensor.zone_air", "sensor.moist")
    assert names[rest[0]] == rest[0]
