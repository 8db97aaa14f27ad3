"""`vfarm recipes …` as a person or a script runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.core.recipes.cress import changed, cress_text
from vfarm_core import __version__, cli


def run(*arguments: object):
    given = [str(argument) for argument in arguments]
    return CliRunner().invoke(cli.build(given), given)


def answer(*arguments: object, code: int = 0):
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    assert result.stderr == ""
    return json.loads(result.stdout)


def test_list_shows_the_shipped_recipes():
    assert "lettuce_butterhead" in run("recipes", "list").stdout
    got = answer("recipes", "list")
    assert {r["id"] for r in got["recipes"]} >= {"basil_sweet", "strawberry_everbearing"}
    assert got["problems"] == []


def test_list_shows_own_recipes_and_what_is_wrong_with_others(tmp_path: Path):
    (tmp_path / "cress.yaml").write_text(cress_text(), encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("id: 5", encoding="utf-8")
    result = run("recipes", "list", "--directory", tmp_path)
    assert "cress" in result.stdout
    assert "bad.yaml" in result.stderr
    got = answer("recipes", "list", "-d", tmp_path)
    assert "cress" in {r["id"] for r in got["recipes"]}
    assert all(p["file"].endswith("bad.yaml") for p in got["problems"])


@pytest.mark.parametrize("recipe_id", ["micro_radish", "strawberry_everbearing", "pak_choi"])
def test_show_prints_setpoints_with_their_sources(recipe_id):
    text = run("recipes", "show", recipe_id).stdout
    assert "Sources that disagree" in text
    assert "practice" in text


def test_show_as_json_is_the_whole_recipe():
    got = answer("recipes", "show", "lettuce_butterhead")
    assert got["total_days"] == 35
    assert got["phases"][2]["climate"]["air_temperature"]["day"] == 24
    assert got["phases"][2]["climate"]["air_temperature"]["provenance"]["confidence"] == "B+design"


def test_show_prints_brackets_of_growers_as_they_are(tmp_path: Path):
    text = changed("notes", ["[red]wet[/red]"]).replace("Garden cress", "Cress [bold]")
    text = text.replace("summary: Quick.\n", "")
    (tmp_path / "cress.yaml").write_text(text, encoding="utf-8")
    shown = run("recipes", "show", "cress", "-d", tmp_path).stdout
    assert "Cress [bold]" in shown
    assert "[red]wet[/red]" in shown


def test_an_unknown_recipe_is_one_line_and_exit_code_1():
    result = run("recipes", "show", "kale")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "no recipe 'kale'" in result.stderr
    got = answer("recipes", "show", "kale", code=1)
    assert "no recipe 'kale'" in got["error"]["message"]
    assert "pak_choi" in got["error"]["problems"][0]["accepted"]


def test_check_passes_a_good_recipe(tmp_path: Path):
    file = tmp_path / "cress.yaml"
    file.write_text(cress_text(), encoding="utf-8")
    result = run("recipes", "check", file)
    assert result.exit_code == 0
    assert "is good (2 phases, 9 days)" in result.stdout
    got = answer("recipes", "check", file)
    assert got["ok"]
    assert "error" not in got
    assert got["files"][0]["id"] == "cress"


def test_check_prints_every_problem_with_file_path_and_what_is_accepted(tmp_path: Path):
    file = tmp_path / "cress.yaml"
    text = changed("phases[1].days", -3).replace("ppfd_max: 300", "ppfd_max: 300 kPa")
    file.write_text(text, encoding="utf-8")
    good = tmp_path / "good.yaml"
    good.write_text(cress_text(), encoding="utf-8")
    result = run("recipes", "check", file, good)
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert f"{file}:" in lines[0]
    assert "phases[1].days: -3 is out of range (accepted: > 0 … 1000 d)" in lines[0]
    assert "phases[1].light.ppfd_max" in lines[1]
    assert f"{good}: cress" in result.stdout
    got = answer("recipes", "check", file, good, code=1)
    assert not got["ok"]
    assert got["error"]["message"] == "problems: 2"
    assert got["files"][0]["id"] is None
    assert got["files"][0]["problems"][0]["path"] == "phases[1].days"


def test_check_refuses_what_no_room_can_do_and_warns_of_the_rest(tmp_path: Path):
    desert = tmp_path / "desert.yaml"
    desert.write_text(changed("phases[1].climate.vpd.day", 3.5), encoding="utf-8")
    result = run("recipes", "check", desert)
    assert result.exit_code == 1
    assert "3.5 kPa cannot be reached at 24 °C" in result.stderr
    dry = tmp_path / "dry.yaml"
    dry.write_text(changed("phases[1].climate.vpd.day", 1.7), encoding="utf-8")
    result = run("recipes", "check", dry)
    assert result.exit_code == 0
    assert "warning: phases[1].climate: gives a VPD of 1.70 kPa" in result.stderr
    assert answer("recipes", "check", dry)["files"][0]["warnings"][0]["code"] == "vpd_unusual"


def test_a_file_that_is_not_there_is_a_problem_of_its_own(tmp_path: Path):
    result = run("recipes", "check", tmp_path / "none.yaml")
    assert result.exit_code == 1
    assert "cannot be read" in result.stderr


@pytest.mark.parametrize(
    "arguments", [["recipes", "check"], ["recipes", "grow"], ["grow"], ["recipes", "list", "--x"]]
)
def test_wrong_usage_exits_with_2(arguments):
    assert run(*arguments).exit_code == 2


def test_help_names_every_command():
    text = run("--help").stdout
    assert all(name in text for name in cli.COMMANDS)


def test_only_the_command_that_is_called_is_loaded(monkeypatch):
    monkeypatch.setattr(cli, "COMMANDS", {**cli.COMMANDS, "twin": (".no_such_module", "Absent.")})
    assert run("recipes", "list").exit_code == 0
    assert "twin" in run("--help").stdout
    result = run("twin", "farm", "--days", "3")
    assert result.exit_code == 1
    assert result.stderr.startswith("vfarm twin is not installed here")
    assert "not installed" in answer("twin", "farm", code=1)["error"]["message"]


def test_the_version_is_shown():
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout.strip() == f"vfarm {__version__}"


def test_main_is_the_command_people_type():
    code = "from vfarm_core.cli import main; main()"
    command = [sys.executable, "-c", code, "recipes", "list", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert len(json.loads(done.stdout)["recipes"]) >= 5


def test_main_takes_arguments(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["recipes", "show", "nothing"])
    assert caught.value.code == 1
    assert "no recipe" in capsys.readouterr().err


def test_check_tells_what_a_farm_cannot_give(tmp_path: Path):
    own = tmp_path / "cress.yaml"
    bright = changed("phases[1].light.ppfd", 400).replace("ppfd_max: 300", "ppfd_max: 400")
    own.write_text(bright.replace("dli_max: 15", "dli_max: 24"), encoding="utf-8")
    on_farm = ("--farm", "demo", "--level", "level_a1")
    assert run("recipes", "check", own).exit_code == 0
    result = run("recipes", "check", own, *on_farm)
    assert result.exit_code == 1
    assert "reaches 380 of 400" in result.stderr
    (file,) = answer("recipes", "check", own, *on_farm, code=1)["files"]
    (found,) = [f for f in file["findings"] if f["severity"] == "error"]
    assert found["code"] == "light_unreachable"
    assert found["path"] == "phases[1].light.ppfd"
    assert found["params"] == {"level": "Rack A Level 1", "full": 380.0, "ppfd": 400.0}


def test_check_counts_the_sites_a_farm_file_has_taken(tmp_path: Path):
    own = tmp_path / "cress.yaml"
    own.write_text(cress_text(), encoding="utf-8")
    # The demo farm is full: its batches take up sites.
    got = answer(
        "recipes", "check", own, "--farm", "demo", "--level", "level_a1", "--plants", 500, code=1
    )
    assert "no_sites" in {f["code"] for f in got["files"][0]["findings"]}


def test_check_refuses_a_farm_it_cannot_read_and_levels_without_one(tmp_path: Path):
    own = tmp_path / "cress.yaml"
    own.write_text(cress_text(), encoding="utf-8")
    result = run("recipes", "check", own, "--farm", tmp_path / "none.yaml")
    assert result.exit_code == 1
    assert "none.yaml" in result.stderr
    assert run("recipes", "check", own, "--level", "level_a1").exit_code == 2


def test_diff_tells_two_versions_apart(tmp_path: Path):
    own, warm = tmp_path / "cress.yaml", tmp_path / "warm.yaml"
    own.write_text(cress_text(), encoding="utf-8")
    parent = answer("recipes", "check", own)["files"][0]["version"]
    text = changed("phases[1].climate.air_temperature.night", 19)
    warm.write_text(f'{text}parent: "{parent}"\nchangelog: [Warmer nights.]\n', encoding="utf-8")
    shown = run("recipes", "diff", own, warm).stdout
    assert "Warmer nights." in shown
    assert "phases.green.climate.air_temperature.night: 18 → 19" in shown
    got = answer("recipes", "diff", own, warm)
    assert got["is_child"]
    assert got["changes"] == [
        {"path": "phases.green.climate.air_temperature.night", "was": "18", "now": "19"}
    ]
    assert "no difference" in run("recipes", "diff", "pak_choi", "pak_choi").stdout


def test_diff_refuses_what_is_no_recipe():
    assert run("recipes", "diff", "pak_choi", "mango").exit_code == 1


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_recipe_goes_out_and_comes_back(tmp_path: Path, form: str):
    out = tmp_path / f"mint.{form}"
    version = answer("recipes", "export", "mint", "-f", form, "-o", out)["version"]
    got = answer("recipes", "import", out, "-f", form, "-o", tmp_path / "back.yaml")
    assert got["version"] == version
    assert answer("recipes", "check", tmp_path / "back.yaml")["ok"]
    assert json.loads(run("recipes", "export", "mint").stdout)["id"] == "mint"


def test_a_table_is_read_onto_a_recipe(tmp_path: Path):
    plan = tmp_path / "plan.csv"
    result = run("recipes", "export", "dill", "-f", "csv", "-o", plan)
    assert "not held by csv: limits" in result.stderr
    plan.write_text(plan.read_text(encoding="utf-8").replace("nursery,21", "nursery,19"))
    got = answer("recipes", "import", plan, "-f", "csv", "-b", "dill")
    assert "19.0 d" in got["text"]
    made = tmp_path / "made.yaml"
    made.write_text(run("recipes", "import", plan, "-f", "csv", "-b", "dill").stdout)
    changes = answer("recipes", "diff", "dill", made)["changes"]
    assert {"path": "phases.nursery.days", "was": "21", "now": "19"} in changes


def test_what_cannot_be_exchanged_is_refused(tmp_path: Path):
    plan = tmp_path / "plan.csv"
    plan.write_text("phase,weight\nx,3\n")
    assert run("recipes", "import", plan, "-f", "csv").exit_code == 2
    assert run("recipes", "import", plan, "-f", "word", "-b", "dill").exit_code == 2
    assert run("recipes", "export", "dill", "-f", "openplantbook").exit_code == 2
    result = run("recipes", "import", plan, "-f", "csv", "-b", "dill")
    assert result.exit_code == 1
    assert "unknown column" in result.stderr
    assert run("recipes", "import", tmp_path / "none.csv", "-f", "csv", "-b", "dill").exit_code == 1
