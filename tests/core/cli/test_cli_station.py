"""`vfarm station`: what is missing is said and ends badly; what is made can be put on a station."""

from __future__ import annotations

import json
import re
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.core.devices.stations.rack import esphome_station, rack_farm
from tests.core.support import Bench, bench_farm
from vfarm_core.cli import main
from vfarm_core.control.inputs import NoteSeen
from vfarm_core.devices.stations.model import (
    Guard,
    Output,
    Station,
    StationKind,
    Verified,
    stations_from,
)
from vfarm_core.devices.stations.plan import open_plan
from vfarm_core.farm.ahead import (
    CircuitAhead,
    CycleAhead,
    Delivered,
    GivenEnd,
    LampSpan,
    LeftOut,
    LightGiven,
    ShotAhead,
    StationPlan,
    WaterGiven,
)
from vfarm_core.farm.build import farm_to_dict
from vfarm_core.farm.codec import encode
from vfarm_core.farm.nodes import Method
from vfarm_core.runtime.journal import Journal


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["station", *arguments])
    said = capsys.readouterr()
    return int(caught.value.code or 0), said.out, said.err


def written(
    folder: Path, method: Method = Method.EBB_FLOW, stations: tuple[Station, ...] | None = None
) -> str:
    farm = rack_farm(method)
    if stations is None:
        stations = (esphome_station(farm),)
    file = folder / "farm.yaml"
    told = {"farm": farm_to_dict(farm), "stations": [encode(s) for s in stations]}
    file.write_text(yaml.safe_dump(told), encoding="utf-8")
    return str(file)


def test_a_farm_that_lacks_nothing_ends_well(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = run(capsys, "check", written(tmp_path, Method.NFT), "--json")
    told = json.loads(out)
    assert (code, told["complete"]) == (0, True)
    assert {f["standing"] for f in told["findings"]} == {"generated"}


def test_what_is_missing_is_named_and_ends_with_3(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = run(capsys, "check", written(tmp_path))
    assert code == 3
    assert "a station of this kind cannot do it" in " ".join(out.split())
    assert "3 missing" in out


def test_stations_may_be_in_a_file_of_their_own_with_entities_for_bindings(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    farm = rack_farm(Method.NFT)
    station = encode(esphome_station(farm))
    for part in (*station["outputs"], *station["contacts"]):
        part["point"] = farm.binding[part["point"]].entity
    (tmp_path / "farm.json").write_text(json.dumps(farm_to_dict(farm)))
    given = ("check", str(tmp_path / "farm.json"), "--stations", str(tmp_path / "stations.yaml"))
    for told in ([station], {"Rack farm": [station]}, {"rack_farm": [station], "Other": []}):
        (tmp_path / "stations.yaml").write_text(yaml.safe_dump(told))
        assert run(capsys, *given)[0] == 0
    (tmp_path / "stations.yaml").write_text("Other: []")
    assert run(capsys, *given)[0] == 3, "nobody has said which station anything hangs on"
    (tmp_path / "stations.yaml").write_text("[")
    code, _, err = run(capsys, *given)
    assert code == 1
    assert "stations.yaml" in err


def test_a_device_that_is_set_otherwise_is_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    plug = Station(
        id="plug",
        name="Plug",
        kind=StationKind.SHELLY,
        outputs=(Output(point="pump.irrigation_pump", channel="0"),),
    )
    answers = tmp_path / "answers.json"
    answers.write_text(
        json.dumps({"pump.irrigation_pump": {"auto_off": False, "initial_state": "off"}})
    )
    file = written(tmp_path, stations=(plug,))
    code, out, _ = run(capsys, "check", file, "--answers", str(answers), "--json")
    assert code == 3
    found = {(d["name"], d["expected"], d["found"]) for d in json.loads(out)["differences"]}
    assert ("auto_off", True, False) in found
    assert ("auto_off_delay", 900.0, None) in found


def test_one_file_is_written_for_each_station(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    farm = rack_farm()
    node = esphome_station(farm)
    moved = node.outputs[0]
    plug = Station(
        id="plug",
        name="Plug",
        kind=StationKind.SHELLY,
        outputs=(Output(point=moved.point, channel="0"),),
    )
    stations = (replace(node, outputs=node.outputs[1:]), plug)
    file = written(tmp_path, stations=stations)
    code, out, _ = run(capsys, "package", file, "--out", str(tmp_path / "made"))
    assert code == 0
    assert [Path(line).name for line in out.split()] == ["node.yaml", "plug.json"]
    assert "vfarm_heard" in (tmp_path / "made" / "node.yaml").read_text()
    settings: list[Any] = json.loads((tmp_path / "made" / "plug.json").read_text())
    assert settings[0]["call"] == "Switch.SetConfig"
    code, out, _ = run(capsys, "package", file, "--station", "plug")
    assert (code, json.loads(out)) == (0, settings)


def test_the_safety_page_says_what_each_loss_does_and_who_saw_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    farm = rack_farm()
    seen = Verified(point="tank.air_pump", guard=Guard.WATCHDOG, on="2026-11-02", by="Ada")
    station = esphome_station(farm, verified=(seen,))
    kept = tuple(o for o in station.outputs if o.point != "tank.fill_valve")
    file = written(tmp_path, stations=(replace(station, outputs=kept),))
    code, out, _ = run(capsys, "page", file)
    assert code == 0
    text = out.split("## Seen to work")[0]
    rows = {
        cells[1].strip(" `"): [c.strip() for c in cells[2:6]]
        for line in text.splitlines()
        if line.startswith("| `") and (cells := line.split("|"))
    }
    assert rows["tank.air_pump"] == [
        "node",
        "on when power is back (set up)",
        "after 60 s on (seen)",
        "after 60 s on (seen)",
    ]
    assert rows["level_1.grow_light"][3] == "after 60 s its light day goes on (set up)"
    assert rows["pump.irrigation_pump"][3] == "after 60 s off (set up)"
    assert rows["tank.fill_valve"] == [
        "none",
        "goes off (declared only)",
        "**not known**",
        "**not known**",
    ]
    assert "| `tank.air_pump` | watchdog | 2026-11-02 | Ada |  |" in out
    assert "| `tank.fill_valve` | auto_off | nobody has said which station it hangs on |" in out


def test_what_was_seen_in_drills_counts_with_the_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, Method.NFT)
    bench = Bench(rack_farm(Method.NFT))
    for point, ok in (("pump.irrigation_pump", True), ("tank.fill_valve", False)):
        asked = NoteSeen(point=point, guard="watchdog", ok=ok, after_s=9.5, by="user:ada")
        assert bench.ask(asked).refused is None
    journal = tmp_path / "journal.db"
    with closing(Journal(journal)) as kept:
        kept.append(bench.journal.records)
    assert run(capsys, "check", file)[0] == 0
    code, out, _ = run(capsys, "check", file, "--journal", str(journal), "--json")
    assert code == 3
    standing = {
        (f["need"]["point"], f["need"]["guard"]): f["standing"] for f in json.loads(out)["findings"]
    }
    assert standing["pump.irrigation_pump", "watchdog"] == "verified"
    assert standing["tank.fill_valve", "watchdog"] == "failed"
    _, page, _ = run(capsys, "page", file, "--journal", str(journal))
    assert "user:ada" in page
    assert "it did not work when it was tried" in page


@pytest.fixture
def grown(tmp_path: Path) -> tuple[str, str, float]:
    """A farm with plants in it that has run for two hours: its file, its journal, and the time."""
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(7200)
    journal = Journal(tmp_path / "journal.db")
    journal.append(bench.journal.records)
    journal.close()
    points = ("level_1.grow_light", "pump.irrigation_pump", "circuit.irrigation_valve")
    station = Station(
        id="node",
        name="Node",
        kind=StationKind.EXECUTOR,
        outputs=tuple(Output(point=p, channel=p) for p in points),
    )
    file = tmp_path / "farm.json"
    told = {"farm": farm_to_dict(bench.farm), "stations": [encode(station)]}
    file.write_text(json.dumps(told), encoding="utf-8")
    return str(file), str(tmp_path / "journal.db"), bench.clock.farm


def test_a_plan_is_made_of_a_journal_and_sealed_for_the_broker(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, grown: tuple[str, str, float]
) -> None:
    file, journal, at = grown
    given = ("plan", file, "--journal", journal, "--at", str(at))
    code, out, _ = run(capsys, *given, "--out", str(tmp_path / "made"), "--json")
    assert code == 0
    (told,) = json.loads(out)["plans"]
    assert len(told["shots"]) == 8
    assert [s["point"] for s in told["lamps"]] == ["level_1.grow_light"] * 3
    message = (tmp_path / "made" / "node.plan").read_bytes()
    plan = open_plan(message, "farm", "node", at)
    assert encode(plan) == told
    code, out, _ = run(capsys, *given)
    assert code == 0
    assert "300 s, 100 L" in out


def test_a_plan_that_leaves_plants_out_ends_with_3(
    capsys: pytest.CaptureFixture[str], grown: tuple[str, str, float]
) -> None:
    file, journal, at = grown
    told = json.loads(Path(file).read_text())
    told["stations"][0]["outputs"].pop()
    Path(file).write_text(json.dumps(told))
    code, out, _ = run(capsys, "plan", file, "--journal", journal, "--at", str(at))
    assert code == 3
    assert "left out: circuit (elsewhere)" in out


def test_without_a_journal_there_is_no_plan(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, grown: tuple[str, str, float]
) -> None:
    file, _, _ = grown
    code, _, err = run(capsys, "plan", file, "--journal", str(tmp_path / "none.db"))
    assert code == 1
    assert "there is no memory" in err
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"x" * 5000)
    code, _, err = run(capsys, "plan", file, "--journal", str(broken))
    assert code == 1
    assert "cannot be read" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "{tmp}/none.yaml"), "No such file"),
        (("package", "{file}", "--station", "other"), "accepted: node"),
        (("check", "{file}", "--answers", "{file}"), "farm.yaml"),
    ],
)
def test_what_cannot_be_read_is_said_and_ends_with_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    file = written(tmp_path)
    given = [x.format(tmp=tmp_path, file=file) for x in arguments]
    code, _, err = run(capsys, *given)
    assert code == 1
    assert said in err
    code, out, _ = run(capsys, *given, "--json")
    assert code == 1
    assert said in json.loads(out)["error"]["message"]


def test_stations_that_do_not_fit_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stray = Station(
        id="s",
        name="S",
        kind=StationKind.ESPHOME,
        outputs=(Output(point="gone", channel="GPIO1"),),
    )
    code, _, err = run(capsys, "check", written(tmp_path, stations=(stray,)))
    assert code == 1
    assert "s: gone is no binding of this farm" in err


def test_the_stations_of_the_documentation_fit_a_farm() -> None:
    text = (Path(__file__).parents[3] / "docs" / "stations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n# farm.yaml\n(.*?)```", text, re.DOTALL)
    told = yaml.safe_load(block.replace("{id: home, …}", "{}"))
    (station,) = stations_from(told["stations"], rack_farm())
    assert station.verified[0].guard is Guard.LEAK_TRIP
    for guard in Guard:
        assert f"| `{guard}` |" in text
    for kind in StationKind:
        assert kind in text
    for values in (StationPlan, LampSpan, ShotAhead, CycleAhead, CircuitAhead, LeftOut):
        assert {f"`{f.name}`" for f in fields(values)} <= set(re.findall(r"`\w+`", text))
    for values in (Delivered, LightGiven, WaterGiven):
        assert {f"`{f.name}`" for f in fields(values)} <= set(re.findall(r"`\w+`", text))
    for end in GivenEnd:
        assert f"`{end}`" in text
