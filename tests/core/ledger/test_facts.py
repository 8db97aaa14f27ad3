"""What follows from a record: to each batch what it was given, and nothing from what is unclear."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select, update

from vfarm_core.ledger import projection, schema
from vfarm_core.ledger.schema import DERIVED, dead_letters
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify

from .history import DAY_S, HOUR_S, T0, hour, sow, tell


def rows(ledger: Ledger, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    with ledger.reading() as connection:
        wanted = [table.c[name] for name in columns] or [table]
        found = connection.execute(select(*wanted).order_by(*table.primary_key.columns))
        return [tuple(row) for row in found]


def used(ledger: Ledger) -> dict[tuple[str, str, str], float]:
    totals: dict[tuple[str, str, str], float] = {}
    for batch, resource, subsystem, amount in rows(
        ledger, schema.uses, "batch", "resource", "subsystem", "amount"
    ):
        key = (batch, resource, subsystem)
        totals[key] = round(totals.get(key, 0.0) + amount, 6)
    return totals


def test_what_was_refused_to_somebody_is_told_as_refused(ledger: Ledger) -> None:
    what = {"what": "vfarm.run_shot", "role": "viewer", "needs": "operator", "times": 3}
    tell(ledger, "request_refused", node="farm", end="refused", by="user:anna", **what)
    ((_, kind, target, result),) = rows(ledger, schema.audit, "who", "what", "target", "result")
    assert (kind, target, result) == ("request_refused", "vfarm.run_shot", "refused")


def test_a_fill_that_is_known_better_later_is_corrected(ledger: Ledger) -> None:
    both = {"one": 0.75, "two": 0.25}
    tell(ledger, "fill_ended", node="tank", delivered_l=8.0, planned_l=8.0, shares=both)
    tell(
        ledger,
        "fill_measured",
        node="tank",
        litres=7.6,
        correction_l=-0.4,
        ended_at=T0,
        shares=both,
    )
    assert used(ledger) == {("one", "water_l", "fill"): 5.7, ("two", "water_l", "fill"): 1.9}
    told = rows(ledger, schema.deliveries, "what", "planned", "delivered")
    assert told == [("fill", 8.0, 7.6)]


def test_every_litre_millilitre_and_kilowatt_hour_goes_to_who_received_it(ledger: Ledger) -> None:
    both = {"one": 0.75, "two": 0.25}
    tell(ledger, "shot_ended", node="circuit", delivered_l=20.0, planned_l=21, shares=both)
    tell(ledger, "fill_ended", node="tank", delivered_l=8.0, planned_l=8.0, shares=both)
    a, down = "dosing_pump_nutrient_a", "dosing_pump_ph_down"
    tell(ledger, "dose_ended", point="a", delivered_ml=4.0, role=a, shares=both)
    tell(ledger, "dosed_by_hand", point="d", ml=2.0, role=down, shares=both)
    hour(ledger, "level", T0, energy_kwh={"light": 0.4}, shares={"one": 1.0})
    hour(ledger, "zone", T0, energy_kwh={"heating": 1.0}, co2_open_s=40, metered=True, shares=both)
    hour(ledger, "zone", T0, energy_kwh={"heating": 0.5})
    hour(ledger, "circuit", T0, mist_l=2.0, shares={"two": 1.0})
    tell(ledger, "labour_logged", batch="one", minutes=30, task="sowing", by="user:anna")
    tell(ledger, "labour_logged", minutes=60, task="cleaning", shares=both, by="user:anna")
    assert used(ledger) == {
        ("one", "water_l", "irrigation"): 15.0,
        ("two", "water_l", "irrigation"): 5.0 + 2.0,
        ("one", "water_l", "fill"): 6.0,
        ("two", "water_l", "fill"): 2.0,
        ("one", "nutrient_ml", "a"): 3.0,
        ("two", "nutrient_ml", "a"): 1.0,
        ("one", "ph_ml", "down"): 1.5,
        ("two", "ph_ml", "down"): 0.5,
        ("one", "energy_kwh", "light"): 0.4,
        ("one", "energy_kwh", "heating"): 0.75,
        ("two", "energy_kwh", "heating"): 0.25,
        ("", "energy_kwh", "heating"): 0.5,
        ("one", "co2_s", ""): 30.0,
        ("two", "co2_s", ""): 10.0,
        ("one", "labour_min", "sowing"): 30.0,
        ("one", "labour_min", "cleaning"): 45.0,
        ("two", "labour_min", "cleaning"): 15.0,
    }
    told = rows(ledger, schema.deliveries, "what", "planned", "delivered", "unit")
    assert told == [
        ("shot", 21.0, 20.0, "L"),
        ("fill", 8.0, 8.0, "L"),
        ("dose", None, 4.0, "mL"),
        ("dose", None, 2.0, "mL"),
    ]
    assert verify(ledger).intact


def test_the_life_of_a_batch(ledger: Ledger) -> None:
    sow(ledger, "one", seed_lot="S1", seeds=25)
    tell(ledger, "phase_changed", T0 + DAY_S, batch="one", was="germination", phase="leafy")
    place = {"level": "upper", "sites": 20, "area_m2": 1.0, "served_by": ["zone"]}
    tell(ledger, "batch_moved", T0 + 2 * DAY_S, batch="one", placements=[place])
    tell(ledger, "recipe_changed", T0 + 2 * DAY_S, batch="one", recipe="basil", version="v2")
    tell(ledger, "batch_cut", T0 + 3 * DAY_S, batch="one", lot="H1", kg=1.0, grade="A")
    tell(ledger, "batch_harvested", T0 + 4 * DAY_S, batch="one", kg=2.5, note="last")
    assert rows(ledger, schema.batches, "id", "version", "state", "ended_at") == [
        ("one", "v2", "harvested", T0 + 4 * DAY_S)
    ]
    assert rows(ledger, schema.placements, "level", "since", "until", "area_m2") == [
        ("level", T0, T0 + 2 * DAY_S, 0.5),
        ("upper", T0 + 2 * DAY_S, T0 + 4 * DAY_S, 1.0),
    ]
    assert {(node, until) for node, until in rows(ledger, schema.stands, "node", "until")} == {
        *((node, T0 + 2 * DAY_S) for node in ("level", "zone", "circuit", "tank")),
        *((node, T0 + 4 * DAY_S) for node in ("upper", "zone")),
    }
    assert rows(ledger, schema.phases, "phase") == [("germination",), ("leafy",)]
    assert rows(ledger, schema.lot_uses, "lot", "batch", "amount", "unit") == [
        ("S1", "one", 25.0, "seeds")
    ]
    assert [kg for _, kg in rows(ledger, schema.harvests, "lot", "kg")] == [1.0, 2.5]
    assert ("H1", "harvest") in rows(ledger, schema.lots, "id", "kind")


def test_a_batch_that_moves_twice_in_one_moment_stands_where_it_came_to_last(
    ledger: Ledger,
) -> None:
    sow(ledger, "one")
    for sites in (20, 12):
        place = {"level": "upper", "sites": sites, "area_m2": 1.0, "served_by": ["zone"]}
        tell(ledger, "batch_moved", T0 + 1, batch="one", placements=[place])
    assert rows(ledger, schema.placements, "level", "sites", "until") == [
        ("level", 20, T0 + 1),
        ("upper", 12, None),
    ]
    assert verify(ledger).intact


def test_a_dose_uses_up_the_lot_that_was_loaded_last(where: Path | str) -> None:
    with closing(Ledger(where)) as ledger:
        tell(ledger, "lot_received", lot="N1", lot_kind="nutrient", amount=5000, unit="mL")
        tell(ledger, "lot_loaded", lot="N1", point="a")
        tell(ledger, "dose_ended", T0 + 1, point="a", delivered_ml=4.0, shares={"one": 1.0})
    with closing(Ledger(where)) as ledger:
        tell(ledger, "dose_ended", T0 + 2, point="a", delivered_ml=1.0, shares={"one": 1.0})
        tell(ledger, "lot_loaded", T0 + 3, lot="N2", point="a")
        tell(ledger, "dose_ended", T0 + 4, point="a", delivered_ml=2.0, shares={"one": 1.0})
        tell(ledger, "dose_ended", T0 + 5, point="b", delivered_ml=2.0, shares={"one": 1.0})
        found = rows(ledger, schema.lot_uses, "lot", "amount")
        assert found == [("N1", 5.0), ("N2", 2.0)]


def test_readings_and_light_of_an_hour(ledger: Ledger) -> None:
    readings = {"humidity": [61.0, 58.5, 64.0, 3500.0]}
    hour(ledger, "level", T0, readings=readings, light_mol_m2=0.7, shares={"one": 1.0})
    assert rows(ledger, schema.hours, "quantity", "since", "mean", "low", "high", "covered_s") == [
        ("humidity", T0 - HOUR_S, 61.0, 58.5, 64.0, 3500.0),
        ("light", T0 - HOUR_S, 0.7, 0.7, 0.7, 3600.0),
    ]


def test_who_did_what_and_what_needed_a_response(ledger: Ledger) -> None:
    tell(ledger, "mode_changed", node="farm", was="auto", mode="hold", by="user:anna")
    tell(
        ledger,
        "override_set",
        node="zone",
        quantity="humidity",
        value=60.0,
        by="user:ben",
        why="too wet",
    )
    tell(ledger, "shot_ended", node="circuit", delivered_l=1.0, by="schedule", severity="p2")
    tell(ledger, "leak", node="zone", severity="p1")
    names = ledger.names()
    told = rows(ledger, schema.audit, "who", "what", "target", "before", "after", "why")
    assert [(names[who], *rest) for who, *rest in told] == [
        ("user:anna", "mode_changed", "", "auto", "hold", ""),
        ("user:ben", "override_set", "humidity", None, "60.0", "too wet"),
    ]
    assert rows(ledger, schema.incidents, "kind", "severity") == [
        ("shot_ended", "p2"),
        ("leak", "p1"),
    ]


def test_a_test_alarm_is_no_incident_and_it_is_known_who_sent_and_who_acknowledged_it(
    ledger: Ledger,
) -> None:
    tell(ledger, "test_alarm", node="farm", severity="p1", test=True, by="user:anna")
    tell(ledger, "test_alarm_ended", node="farm", end="acknowledged", seconds=41.0, by="user:ben")
    names = ledger.names()
    assert [(names[who], *rest) for who, *rest in rows(ledger, schema.audit, "who", "what")] == [
        ("user:anna", "test_alarm"),
        ("user:ben", "test_alarm_ended"),
    ]
    assert rows(ledger, schema.incidents, "kind", "severity") == []


def test_who_turned_a_roll_out_and_why(ledger: Ledger) -> None:
    said = {"node": "farm", "rollout": "basil-1", "recipe": "basil"}
    tell(ledger, "rollout_started", was="v1", version="v2", by="user:anna", why="trial", **said)
    turn = {"was": "running", "state": "paused", "severity": "p3"}
    tell(ledger, "rollout_paused", by="gates", why="max_losses", **turn, **said)
    names = ledger.names()
    told = rows(ledger, schema.audit, "who", "what", "target", "before", "after", "why")
    assert [(names.get(who, who), *rest) for who, *rest in told] == [
        ("user:anna", "rollout_started", "basil-1", "v1", "v2", "trial"),
        ("gates", "rollout_paused", "basil-1", "running", "paused", "max_losses"),
    ]
    assert rows(ledger, schema.incidents, "kind", "severity") == [("rollout_paused", "p3")]


def test_a_calibration_has_what_was_before_and_after(ledger: Ledger) -> None:
    made = {"was": "7.2 → 7", "correction": "4.4 → 4, 7.1 → 7", "slope_pct": 90.0, "drift": 0.2}
    tell(ledger, "probe_calibrated", node="tank", point="tank.solution_ph", by="user:anna", **made)
    told = rows(ledger, schema.audit, "what", "target", "before", "after")
    assert told == [
        ("probe_calibrated", "tank.solution_ph", "7.2 → 7", "4.4 → 4, 7.1 → 7"),
    ]


UNCLEAR: list[tuple[str, dict[str, Any]]] = [
    ("shot_ended", {}),
    ("shot_ended", {"delivered_l": "much"}),
    ("shot_ended", {"delivered_l": True}),
    ("shot_ended", {"delivered_l": 1.0, "shares": ["one"]}),
    ("shot_ended", {"delivered_l": 1.0, "shares": {"one": "all"}}),
    ("shot_ended", {"delivered_l": 1.0, "shares": {"o\0e": 1.0}}),
    ("dose_ended", {"delivered_ml": 1.0, "role": 7}),
    ("hour", {"since": T0, "readings": {"humidity": [1, 2]}}),
    ("hour", {"since": T0, "readings": {"humidity": "wet"}}),
    ("hour", {"since": None}),
    ("hour", {"since": T0, "energy_kwh": {"light": None}}),
    ("batch_started", {"batch": "x", "plants": 2**40}),
    ("batch_started", {"batch": "x", "plants": 1.5}),
    ("batch_started", {"batch": None, "plants": 1}),
    ("batch_started", {"batch": "x", "plants": 1, "placements": {}, "parents": "one"}),
    ("batch_started", {"batch": "x", "plants": 1, "placements": [{"level": 1}]}),
    ("batch_started", {"batch": "x", "plants": 1, "placements": ["level"]}),
    ("batch_harvested", {"batch": "x", "kg": "2 kg"}),
    ("lot_received", {"lot": "x" * 5000, "lot_kind": "seed"}),
    ("mode_changed", {"by": ["anna"]}),
]


@pytest.mark.parametrize(("kind", "data"), UNCLEAR)
def test_an_unclear_record_is_kept_and_told_and_nothing_follows_from_it(
    ledger: Ledger, kind: str, data: dict[str, Any]
) -> None:
    tell(ledger, "shot_ended", node="circuit", delivered_l=1.0, shares={"one": 1.0})
    tell(ledger, kind, **data)
    tell(ledger, "shot_ended", node="circuit", delivered_l=2.0, shares={"one": 1.0})
    assert ledger.head().seq == 3
    assert [seq for seq, _ in rows(ledger, dead_letters)] == [2]
    assert all("not understood" in reason for _, reason in rows(ledger, dead_letters))
    assert used(ledger) == {("one", "water_l", "irrigation"): 3.0}
    assert rows(ledger, schema.batches) == rows(ledger, schema.lots) == []
    assert verify(ledger).intact


def test_an_id_that_is_used_again_stops_nothing(ledger: Ledger) -> None:
    sow(ledger, "one")
    sow(ledger, "one", T0, title="Another")
    tell(ledger, "batch_harvested", T0 + 1, batch="one", kg=1.0)
    assert rows(ledger, schema.batches, "title", "state") == [("One", "harvested")]
    assert verify(ledger).intact


def season(ledger: Ledger) -> None:
    sow(ledger, "one", seed_lot="S1")
    sow(ledger, "two", level="upper")
    both = {"one": 0.5, "two": 0.5}
    for n in range(4):
        at = T0 + n * HOUR_S
        tell(ledger, "shot_ended", at, node="circuit", delivered_l=3.3, shares=both)
        reading = {"humidity": [60.0 + n, 50.0, 70.0, 3600.0]}
        hour(ledger, "zone", at, readings=reading, energy_kwh={"fans": 0.1}, shares=both)
    tell(ledger, "batch_harvested", T0 + DAY_S, batch="one", kg=1.0, by="user:anna")
    tell(ledger, "shot_ended", T0 + DAY_S)


def test_what_is_worked_out_can_be_made_anew(ledger: Ledger) -> None:
    season(ledger)
    before = {table.name: rows(ledger, table) for table in (*DERIVED, dead_letters)}
    ledger.work_out_anew()
    assert {table.name: rows(ledger, table) for table in (*DERIVED, dead_letters)} == before
    tell(ledger, "shot_ended", T0 + DAY_S, delivered_l=1.0)
    assert verify(ledger).intact


def test_new_rules_are_applied_to_the_whole_history(
    where: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Ledger(where)) as ledger:
        season(ledger)
        before = rows(ledger, schema.uses)
        with ledger.engine.begin() as connection:
            connection.execute(delete(schema.uses))
    with closing(Ledger(where)) as ledger:
        assert rows(ledger, schema.uses) == [], "the same rules: nothing is done again"
    monkeypatch.setattr(projection, "RULES", projection.RULES + 1)
    with closing(Ledger(where)) as ledger:
        assert rows(ledger, schema.uses) == before


@pytest.mark.parametrize(
    "damage",
    [
        update(schema.uses).where(schema.uses.c.batch == "one").values(amount=0.001),
        delete(schema.uses).where(schema.uses.c.batch == "two"),
        update(schema.harvests).values(kg=100.0),
        update(schema.lot_uses).values(lot="S2"),
        update(schema.batches).where(schema.batches.c.id == "two").values(state="failed"),
        delete(schema.audit),
        insert(schema.lots).values(id="X", kind="seed", name="", supplier="", at=0.0, unit=""),
        update(schema.hours).values(mean=20.0),
    ],
)
def test_a_changed_row_that_does_not_follow_from_the_history_shows(
    ledger: Ledger, damage: Any
) -> None:
    season(ledger)
    assert verify(ledger).intact
    with ledger.engine.begin() as connection:
        connection.execute(damage)
    verdict = verify(ledger)
    assert {fault.what for fault in verdict.faults} == {"worked_out"}
    assert verify(ledger, worked_out=False).intact
    ledger.work_out_anew()
    assert verify(ledger).intact
