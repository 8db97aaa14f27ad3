"""What people may not do is kept for the records, and changes nothing."""

from __future__ import annotations

from tests.core.support import Bench, bench_farm
from vfarm_core.control.inputs import NoteExport, NoteRefusal, NoteRole, NoteSetting


def test_a_refusal_is_recorded_with_who_what_and_how_often_and_nothing_else_happens() -> None:
    bench = Bench(bench_farm())
    before = dict(bench.runtime.snapshots)
    note = NoteRefusal(what="vfarm.run_shot", role="viewer", needs="operator", times=3, by="Anna")
    assert bench.ask(note).data == {}
    (record,) = bench.journal.of("request_refused")
    told = {"what": "vfarm.run_shot", "role": "viewer", "needs": "operator", "times": 3}
    assert {key: record[key] for key in told} == told
    assert (record["by"], record["end"]) == ("Anna", "refused")
    assert bench.runtime.snapshots == before


def test_a_role_that_was_given_is_recorded_with_who_gave_it() -> None:
    bench = Bench(bench_farm())
    before = dict(bench.runtime.snapshots)
    bench.ask(NoteRole(who="user:b", was="viewer", role="grower", by="user:a"))
    (record,) = bench.journal.of("role_changed")
    told = {"who": "user:b", "was": "viewer", "value": "grower", "by": "user:a"}
    assert {key: record[key] for key in told} == told
    assert bench.runtime.snapshots == before


def test_an_export_is_recorded_with_who_made_it() -> None:
    bench = Bench(bench_farm())
    bench.ask(NoteExport(file="home_farm-week-1.zip", ledger=True, by="automation"))
    (record,) = bench.journal.of("farm_exported")
    told = {"file": "home_farm-week-1.zip", "ledger": True, "by": "automation"}
    assert {key: record[key] for key in told} == told


def test_a_setting_of_a_device_is_recorded_with_before_and_after() -> None:
    bench = Bench(bench_farm())
    told = {"device": "Probe", "what": "unit_id", "was": "1", "value": "7", "end": "verified"}
    bench.ask(NoteSetting(**told, by="user:a"))
    (record,) = bench.journal.of("device_set")
    assert {key: record[key] for key in (*told, "by")} == {**told, "by": "user:a"}
