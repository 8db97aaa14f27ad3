"""`vfarm twin …` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from vfarm_core.cli import twin as command
from vfarm_core.farm.build import farm_to_dict
from vfarm_core.twin.demo import demo_farm
from vfarm_core.twin.load import FarmFileError, load_plot

CROP = [
    "crop",
    "--crop",
    "lettuce",
    "--days",
    "10",
    "--temperature-day",
    "24",
    "--temperature-night",
    "20",
    "--ppfd",
    "200",
    "--photoperiod",
    "16",
    "--co2",
    "1000",
    "--density",
    "25",
]


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command.app, list(arguments))


def changed(option: str, value: str) -> list[str]:
    arguments = list(CROP)
    arguments[arguments.index(option) + 1] = value
    return arguments


def farm_file(folder: Path, **changes: Any) -> Path:
    data = {
        "farm": farm_to_dict(demo_farm()),
        "start": "2026-01-01T00:00:00+00:00",
        "batches": [
            {
                "id": "pak-choi-1",
                "recipe": "pak_choi",
                "plants": 52,
                "levels": {"level_b2": 57},
                "days_ago": 20,
            }
        ],
        "twin": {"seed": 3},
    } | changes
    path = folder / "farm.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in data.items() if v is not None}))
    return path


def test_crop_prints_one_json_object_that_agrees_with_the_reference():
    result = run(*CROP, "--start-dry-mass-g-m2", "1.5", "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert {
        "shoot_dry_mass_g_m2",
        "fresh_mass_g_m2",
        "lai",
        "incident_mol_m2",
        "transpiration_l_m2",
    } <= set(data)
    # van_henten_1994_reference_trajectories.csv, 200 µmol/m²/s, day 10
    assert data["total_dry_mass_g_m2"] == pytest.approx(56.0937, rel=1e-3)
    assert data["incident_mol_m2"] == pytest.approx(115.2)


def test_the_start_mass_is_that_of_the_seedlings_when_none_is_given():
    explicit = run(*CROP, "--start-dry-mass-g-m2", "1.5", "--json")
    assert json.loads(run(*CROP, "--json").stdout) == json.loads(explicit.stdout)


def test_crop_is_readable_with_units():
    result = run(*CROP)
    assert result.exit_code == 0
    assert "Shoot, fresh" in result.stdout
    assert "L/m²" in result.stdout


def test_other_crops_grow_by_light():
    result = run(*changed("--crop", "basil"), "--json")
    assert json.loads(result.stdout)["model"] == "light_use"


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--crop", "banana", "lettuce"),
        ("--days", "-3", "days"),
        ("--ppfd", "-1", "ppfd"),
        ("--photoperiod", "30", "24 h"),
        ("--co2", "nan", "co2"),
        ("--density", "0", "density"),
    ],
)
def test_what_cannot_be_grown_is_one_clear_line(option, value, says):
    result = run(*changed(option, value))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    as_json = run(*changed(option, value), "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["error"]["accepted"]


def test_a_missing_option_is_a_usage_error():
    assert run("crop", "--crop", "lettuce").exit_code == 2


def test_farm_runs_a_file_and_reports(tmp_path):
    result = run("farm", "--farm", str(farm_file(tmp_path)), "--days", "1.3", "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["seed"] == 3
    assert data["simulated_days"] == pytest.approx(1.3)
    assert data["wall_seconds"] > 0
    (batch,) = data["batches"]
    assert batch["yield_kg"] > 0
    assert batch["dli_delivered"] is None or batch["dli_delivered"] > 0
    assert set(data["kwh"]) == {"light", "heating", "cooling", "humidity", "fans", "pumps"}
    assert {"minutes_outside_warning", "minutes_outside_critical", "litres", "kwh_per_kg"} <= set(
        data
    )


def test_the_seed_can_be_given(tmp_path):
    path = str(farm_file(tmp_path))
    result = run("farm", "--farm", path, "--days", "0.01", "--seed", "11", "--json")
    assert json.loads(result.stdout)["seed"] == 11


def test_the_demo_farm_is_readable():
    result = run("farm", "--farm", "demo", "--days", "0.05")
    assert result.exit_code == 0
    assert "Demo farm" in result.stdout
    assert "Butterhead 1" in result.stdout
    assert "kWh" in result.stdout


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"farm": None}, "a mapping with farm"),
        ({"start": "yesterday"}, "yesterday"),
        ({"surprise": 1}, "surprise"),
        ({"batches": [{"id": "x", "recipe": "nothing", "plants": 1, "levels": {}}]}, "nothing"),
        (
            {"batches": [{"id": "x", "recipe": "pak_choi", "plants": 1, "levels": {"nowhere": 1}}]},
            "nowhere",
        ),
        (
            {
                "batches": [
                    {"id": "x", "recipe": "pak_choi", "plants": 0, "levels": {"level_a1": 1}}
                ]
            },
            "plants",
        ),
        ({"twin": {"seed": "many"}}, "seed"),
    ],
)
def test_a_broken_farm_file_is_one_clear_line(tmp_path, changes, says):
    path = farm_file(tmp_path, **changes)
    result = run("farm", "--farm", str(path), "--days", "1")
    assert result.exit_code == 1
    assert says in result.stderr
    assert str(path) in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_farm_with_faults_names_them_all(tmp_path):
    farm = farm_to_dict(demo_farm())
    farm["levels"][0]["area_m2"] = 0
    farm["racks"][0]["zone"] = "nowhere"
    result = run("farm", "--farm", str(farm_file(tmp_path, farm=farm)), "--days", "1", "--json")
    assert result.exit_code == 1
    message = json.loads(result.stdout)["error"]["message"]
    assert "area_m2" in message
    assert "nowhere" in message


def test_files_that_are_not_there_or_no_yaml(tmp_path):
    missing = run("farm", "--farm", str(tmp_path / "gone.yaml"), "--days", "1")
    assert missing.exit_code == 1
    assert "gone.yaml" in missing.stderr
    broken = tmp_path / "broken.yaml"
    broken.write_text("farm: [1, 2")
    with pytest.raises(FarmFileError, match="YAML"):
        load_plot(broken)


def test_negative_days_are_refused():
    result = run("farm", "--farm", "demo", "--days", "-1")
    assert result.exit_code == 1
    assert "days" in result.stderr


def test_a_batch_that_cannot_start_is_told_with_its_key(tmp_path):
    batch = {"recipe": "pak_choi", "plants": 52, "levels": {"level_b2": 57}}
    path = farm_file(tmp_path, batches=[{"id": "a"} | batch, {"id": "b"} | batch])
    result = run("farm", "--farm", str(path), "--days", "1", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["key"] == "sites_exceeded"
