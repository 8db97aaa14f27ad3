"""`vfarm nutrients …` as a person or a script runs it."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vfarm_core import cli

PAGE = Path(__file__).resolve().parents[3] / "docs" / "nutrients.md"
WATER = """\
name: Tap
unit: mg/L
ph: 7.4
ions: {Ca: 80, Mg: 9, Na: 14, Cl: 25, SO4: 43, NO3_ion: 9, HCO3: 207}
"""


def run(*arguments: object):
    given = [str(argument) for argument in arguments]
    return CliRunner().invoke(cli.build(given), given, env={"COLUMNS": "160"})


def answer(*arguments: object, code: int | None = 0):
    result = run(*arguments, "--json")
    assert code is None or result.exit_code == code, result.output
    return json.loads(result.stdout)


def solve(*arguments: object, code: int | None = 0):
    return answer("nutrients", "solve", *arguments, code=code)


@pytest.fixture
def water(tmp_path):
    file = tmp_path / "water.yaml"
    file.write_text(WATER, encoding="utf-8")
    return file


def test_list_names_solutions_salts_and_sets():
    got = answer("nutrients", "list")
    hoagland = next(t for t in got["targets"] if t["id"] == "hoagland_1")
    assert hoagland["ec_ms_cm"] == pytest.approx(2.30, abs=0.01)
    assert hoagland["mg_l"]["NO3"] == pytest.approx(210.1)
    nitrate = next(s for s in got["salts"] if s["id"] == "potassium_nitrate")
    assert nitrate["percent"] == {
        "K": pytest.approx(38.67, abs=0.01),
        "NO3": pytest.approx(13.854, abs=0.001),
    }
    assert "iron_dtpa_11" in got["sets"]["common"]
    shown = run("nutrients", "list").stdout
    assert "modified_sonneveld" in shown
    assert "iron_eddha_6" in shown


def test_hoagland_from_the_command_line():
    got = solve("--target", "hoagland_1", "--salts", "laboratory")
    grams = {entry["id"]: entry["g_m3"] for entry in got["salts"]}
    assert grams["calcium_nitrate_tetrahydrate"] == pytest.approx(1180.7, abs=0.5)
    assert grams["potassium_nitrate"] == pytest.approx(505.5, abs=0.5)
    assert got["balance"]["closes"] is True
    assert got["ec_ms_cm"] == pytest.approx(2.30, abs=0.01)
    assert got["feasible"] is True


def test_a_person_sees_weights_tanks_ions_and_ec(water):
    result = run(
        "nutrients",
        "solve",
        "--target=modified_sonneveld",
        "--salts=common",
        "--water",
        water,
        "--acid=nitric_acid_60",
    )
    for text in ("Monopotassium phosphate", "Stocks 1:100", "H2PO4-", "EC 1.7", "198.4"):
        assert text in result.stdout, text
    assert result.exit_code == 3, "ammonium is far above the target"
    assert "problem: NH4" in result.stdout


def test_an_answer_that_does_not_reach_the_target_is_printed_with_exit_code_3(water):
    got = solve("--target=modified_sonneveld", "--salts=common", "--water", water, code=3)
    assert got["feasible"] is False
    assert got["salts"]
    assert "alkalinity_untreated" in {issue["key"] for issue in got["issues"]}


def test_replacing_water_takes_away_what_is_too_much(tmp_path):
    hard = tmp_path / "hard.yaml"
    hard.write_text("unit: mmol/L\nions: {Ca: 3.1, Cl: 6.2}\n", encoding="utf-8")
    wish = ("--target=modified_sonneveld", "--salts=common,nitric_acid_60", "--water", hard)
    keys = {issue["key"] for issue in solve(*wish, code=3)["issues"]}
    assert "water_above_target" in keys
    mixed = solve(*wish, "--pure-water", 60, code=None)
    assert "water_above_target" not in {issue["key"] for issue in mixed["issues"]}
    calcium = next(entry for entry in mixed["ions"] if entry["ion"] == "Ca")
    assert calcium["water_mmol_l"] == pytest.approx(3.1 * 0.4)


def test_an_ec_chooses_the_strength(water):
    got = solve(
        "--target=ua_ceac_lettuce", "--salts=common,nitric_acid_60", "--water", water, "--ec", 1.6
    )
    assert got["ec_ms_cm"] == pytest.approx(1.6, abs=1e-3)
    assert 0.5 < got["strength"] < 0.7


def test_half_strength_is_half_the_target():
    full = solve("--target=hoagland_2", "--salts=laboratory")
    half = solve("--target=hoagland_2", "--salts=laboratory", "--strength", 0.5)

    def potassium(got):
        return next(e["target_mmol_l"] for e in got["ions"] if e["ion"] == "K")

    assert potassium(half) == pytest.approx(potassium(full) / 2)


def test_an_ec_below_that_of_the_water_is_refused(water):
    got = solve("--target=hoagland_1", "--salts=common", "--water", water, "--ec", 0.2, code=1)
    assert got["error"]["argument"] == "ec"
    assert "mS/cm with this target" in got["error"]["accepted"]


def test_a_weight_is_taken():
    wish = ("--target=ua_ceac_lettuce", "--salts=laboratory")
    # Whether the rest is still reached is not the question here.
    usual, strict = (solve(*wish, *more, code=None) for more in ((), ("--weight", "K=20")))

    def off(got):
        return abs(next(e["relative"] for e in got["ions"] if e["ion"] == "K"))

    assert off(strict) < off(usual)


def test_own_products_and_an_own_target(tmp_path):
    shelf = tmp_path / "shelf.yaml"
    shelf.write_text(
        "salts: {npk: {label: {NO3_N: 8, NH4_N: 2, P2O5: 5, K2O: 20}, price_per_kg: 3}}\n",
        encoding="utf-8",
    )
    target = tmp_path / "mine.yaml"
    target.write_text("unit: mmol/L\nions: {K: 4}\n", encoding="utf-8")
    got = solve("--target", target, "--salts", "npk", "--shelf", shelf)
    (salt,) = got["salts"]
    assert salt["g_m3"] == pytest.approx(4 / 0.16603 * 39.098, rel=1e-3)
    assert got["cost_per_m3"] == pytest.approx(salt["g_m3"] / 1000 * 3)


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        (("--target=hogland", "--salts=common"), "target"),
        (("--target=hoagland_1", "--salts=sugar"), "salt"),
        (("--target=hoagland_1", "--salts="), "salts"),
        (("--target=hoagland_1", "--salts=common", "--weight=K"), "weight"),
        (("--target=hoagland_1", "--salts=common", "--weight=X=2"), "weight"),
        (("--target=hoagland_1", "--salts=common", "--ph=12"), "ph"),
        (("--target=hoagland_1", "--salts=common", "--pure-water=120"), "share"),
        (("--target=hoagland_1", "--salts=common", "--strength=9"), "strength"),
        (("--target=hoagland_1", "--salts=common", "--factor=0"), "factor"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_1(arguments, argument):
    assert solve(*arguments, code=1)["error"]["argument"] == argument
    result = run("nutrients", "solve", *arguments)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_a_file_that_is_not_there_is_refused(tmp_path):
    got = solve("--target=hoagland_1", "--salts=common", "--water", tmp_path / "none.yaml", code=1)
    assert "none.yaml" in got["error"]["message"]


def test_without_scipy_the_way_to_install_it_is_printed(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    result = run("nutrients", "solve", "--target=hoagland_1", "--salts=common")
    assert result.exit_code == 1
    assert "pip install 'vfarm-core[optim]'" in result.stderr
    # What needs no solver works without it.
    assert run("nutrients", "list").exit_code == 0


def test_the_dose_of_an_acid(water):
    got = answer("nutrients", "acid", "--water", water, "--acid", "sulfuric_acid_93")
    assert got["removed_meq_l"] + got["residual_meq_l"] == pytest.approx(got["alkalinity_meq_l"])
    assert got["ml_m3"] == pytest.approx(got["removed_meq_l"] * 28.8, rel=0.01)
    # H2SO4 brings 16 mg/L S with each meq/L.
    assert got["brings_mg_l"] == {"S": pytest.approx(16.03 * got["removed_meq_l"], rel=0.01)}
    shown = run("nutrients", "acid", "--water", water, "--acid", "sulfuric_acid_93").stdout
    assert "mL/m³ Sulfuric acid 93 %" in shown
    assert "mg/L S" in shown


def test_a_wanted_residual_needs_no_ph(water):
    got = answer(
        "nutrients",
        "acid",
        "--water",
        water,
        "--acid",
        "phosphoric_acid_85",
        "--residual-alkalinity",
        1.0,
    )
    assert got["residual_meq_l"] == 1.0
    assert got["ml_m3"] == pytest.approx((got["alkalinity_meq_l"] - 1.0) * 68.4, rel=0.01)


@pytest.mark.parametrize("acid", ["potassium_nitrate", "nitric_acid", "common"])
def test_only_a_bottle_of_acid_can_be_dosed(water, acid):
    assert answer("nutrients", "acid", "--water", water, "--acid", acid, code=1)["error"]


def test_the_shelf_of_the_page_can_be_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (text,) = [text for text in blocks("yaml") if text.startswith("# shelf.yaml")]
    Path("shelf.yaml").write_text(text, encoding="utf-8")
    got = answer("nutrients", "list", "--shelf", "shelf.yaml")
    assert got["sets"]["own"] == ["iron_house", "npk_8_5_20", "kalinit"]


def test_every_option_is_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    shown = run("nutrients", "solve", "--help").stdout
    options = set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help"}
    assert len(options) > 10
    assert all(option in page for option in options), options


# -- the page -------------------------------------------------------------------------------------


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def test_the_worked_example_of_the_page_is_what_the_command_answers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in blocks("yaml"):
        name = re.match(r"# (\S+\.yaml)", text)
        assert name is not None, "every file of the page begins with its name"
        Path(name[1]).write_text(text, encoding="utf-8")
    sessions = blocks("console")
    assert len(sessions) == 3
    for session in sessions:
        command, _, shown = session.partition("\n")
        words = shlex.split(command.removeprefix("$ vfarm "))
        result = CliRunner().invoke(cli.build(words), words, env={"COLUMNS": "100"})
        assert result.exit_code in (0, 3), result.output
        printed = [line.rstrip() for line in result.stdout.splitlines()]
        for line in shown.splitlines():
            assert line == "…" or line.rstrip() in printed, line
