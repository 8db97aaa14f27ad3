"""What comes for a farm, what people have to do, and what they have done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.planning.test_apply import applied
from tests.core.planning.test_plan import LEAF, order
from tests.core.support import BENCH, START, Bench, bench_farm, bench_phase, bench_recipe
from tests.core.tank import tank_farm
from vfarm_core.batches.agenda import Kind, Occasion
from vfarm_core.batches.model import BatchState
from vfarm_core.batches.tasks import DONE_MOST, ONBOARDING, Task
from vfarm_core.control import keep
from vfarm_core.control.agenda import Agenda, agenda, happened
from vfarm_core.control.inputs import (
    AddTask,
    CalibratePump,
    EditTask,
    FinishTask,
    Harvest,
    RemoveTasks,
    ReopenTask,
    SowBatch,
    Transplant,
    VerifyProbe,
)
from vfarm_core.farm.roles import DOSING
from vfarm_core.recipes.model import PhaseKind, Recipe, Regrowth

DAY = 86400.0


@pytest.fixture
def planned() -> Bench:
    """A batch that is sown on day 10, transplanted on day 20 and harvested on day 40."""
    bench = Bench(bench_farm(levels=3))
    applied(bench, order("Shop", 4.0, 40, early=0))
    return bench


def of(bench: Bench, *, onboarding: bool = False) -> Agenda:
    runtime = bench.runtime
    return agenda(runtime.farm, runtime.memory, bench.clock.now(), onboarding=onboarding)


def kinds(found: tuple[Occasion, ...]) -> list[tuple[Kind, int]]:
    return [(o.kind, round((o.at - START) / DAY)) for o in found]


def todo(bench: Bench) -> list[str]:
    return [o.id for o in of(bench).todo(bench.clock.farm)]


def finish(bench: Bench, task: str, **more: Any) -> Any:
    return bench.ask(FinishTask(task=task, title="Do it", by="Ann", **more))


def own(**changes: Any) -> Task:
    return Task(**{"id": "own:1", "kind": Kind.OWN, "title": "Buy seed", **changes})


def test_a_planned_batch_has_its_sowing_transplant_and_harvest(planned: Bench) -> None:
    found = of(planned).occasions
    assert kinds(found) == [(Kind.SOW, 10), (Kind.TRANSPLANT, 20), (Kind.HARVEST, 40)]
    sowing, transplant, harvest = found
    batch = planned.runtime.memory.batches["planned_1"]
    assert set(transplant.levels) == set(batch.levels_from(1))
    assert sowing.order == "Shop"
    low, mid, high = harvest.kg or (0.0, 0.0, 0.0)
    assert low < mid < high
    assert harvest.until is not None
    assert harvest.until > harvest.at
    # Nothing of it is due within a week.
    assert todo(planned) == []


def test_what_is_done_by_a_tick_is_carried_out_and_kept_with_who(planned: Bench) -> None:
    planned.advance(10 * DAY)
    assert todo(planned) == ["sow:planned_1"]
    assert finish(planned, "sow:planned_1").refused is None
    batch = planned.runtime.memory.batches["planned_1"]
    assert batch.state is BatchState.SOWN
    assert batch.history[-1].by == "Ann"
    done = planned.runtime.memory.tasks["sow:planned_1"]
    assert (done.done_by, done.title) == ("Ann", "Do it")
    assert done.done_at == planned.clock.farm
    assert "sow:planned_1" not in todo(planned)
    (record,) = planned.journal.of("task_done")
    assert (record["by"], record["task_kind"]) == ("Ann", "sow")


def test_a_transplant_is_ticked_before_or_after_its_phase_began(planned: Bench) -> None:
    planned.ask(SowBatch(batch="planned_1", by="Ann"))
    planned.advance(5 * DAY)
    assert todo(planned) == ["transplant:planned_1:1"]
    early = Bench(planned.farm)
    early.boot(keep.restore(planned.journal.slices()))
    assert finish(early, "transplant:planned_1:1").refused is None
    batch = early.runtime.memory.batches["planned_1"]
    assert (batch.phase_index, set(batch.levels)) == (1, set(batch.levels_from(1)))
    # The phase begins by itself; plants that were not moved are still to be.
    planned.advance(6 * DAY)
    late = planned.runtime.memory.batches["planned_1"]
    assert late.phase_index == 1
    assert todo(planned) == ["transplant:planned_1:1"]
    assert finish(planned, "transplant:planned_1:1").refused is None
    late = planned.runtime.memory.batches["planned_1"]
    assert (late.phase_index, set(late.levels)) == (1, set(late.levels_from(1)))
    assert todo(planned) == []


def test_a_tick_comes_too_soon_for_what_is_not_next(planned: Bench) -> None:
    assert finish(planned, "transplant:planned_1:1").refused == "task_not_yet"
    assert finish(planned, "transplant:nobody:1").refused == "batch_unknown"
    assert finish(planned, "sow:nobody").refused == "batch_unknown"
    assert finish(planned, "dance:planned_1").refused == "task_unknown"
    assert finish(planned, "clean:moon:planned_1").refused == "task_unknown"
    assert finish(planned, "onboarding:moon").refused == "task_unknown"
    assert not planned.runtime.memory.tasks


def test_a_harvest_needs_its_weight_and_a_probe_its_check(planned: Bench) -> None:
    for task, action in (("harvest:planned_1:0", "harvest"), ("calibrate:p", "verify_probe")):
        answer = finish(planned, task)
        assert (answer.refused, answer.params["action"]) == ("task_needs_action", action)


def test_levels_that_a_batch_of_a_plan_has_left_are_to_be_cleaned(planned: Bench) -> None:
    planned.ask(SowBatch(batch="planned_1", by="Ann"))
    planned.advance(DAY)
    planned.ask(Transplant(batch="planned_1", by="Ann"))
    batch = planned.runtime.memory.batches["planned_1"]
    planned.ask(Harvest(batch="planned_1", kg=4.0, by="Ann"))
    wanted = {f"clean:{level}:planned_1" for level in batch.levels}
    assert wanted <= set(todo(planned))
    (one, *_) = sorted(wanted)
    assert finish(planned, one).refused is None
    assert one not in todo(planned)
    assert planned.ask(ReopenTask(task=one, by="Ann")).refused is None
    assert one in todo(planned)
    planned.advance(15 * DAY)
    assert todo(planned) == []


def test_a_batch_without_a_plan_asks_for_no_cleaning() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.ask(Harvest(batch="batch_1", kg=4.0))
    assert todo(bench) == []


def test_phases_are_seen_coming_and_nobody_has_to_do_them() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    found = of(bench).occasions
    assert {o.kind for o in found} == {Kind.PHASE, Kind.HARVEST}
    assert [o.due for o in found if o.kind is Kind.PHASE] == [False] * (len(found) - 1)
    assert [o.at for o in found] == sorted(o.at for o in found)


def cut_and_come_again() -> Recipe:
    phases = (
        bench_phase("young", PhaseKind.PROPAGATION, days=3.0, density_plants_m2=60.0),
        bench_phase("full", PhaseKind.VEGETATIVE, days=4.0, density_plants_m2=15.0),
    )
    again = Regrowth(phase="full", days=6.0, share=0.5, provenance=BENCH)
    return bench_recipe(phases=phases, regrowth=again)


def test_what_grows_again_is_harvested_again() -> None:
    bench = Bench(bench_farm())
    bench.start_batch(recipe=cut_and_come_again())
    bench.advance(7.5 * DAY)
    assert "harvest:batch_1:0" in todo(bench)
    assert bench.ask(Harvest(batch="batch_1", kg=1.0, regrow=True)).refused is None
    (harvest,) = [o for o in of(bench).occasions if o.kind is Kind.HARVEST]
    assert harvest.id == "harvest:batch_1:1"
    assert harvest.at == pytest.approx(bench.clock.farm + 6 * DAY)


def test_what_happened_is_found_by_its_time() -> None:
    bench = Bench(bench_farm())
    bench.start_batch(recipe=cut_and_come_again())
    bench.advance(7.5 * DAY)
    bench.ask(Harvest(batch="batch_1", kg=1.25, regrow=True, by="Ann"))
    found = happened(bench.runtime.memory, START - DAY, START + 30 * DAY)
    assert kinds(found)[-2:] == [(Kind.PHASE, 3), (Kind.HARVEST, 8)]
    assert found[-1].kg == (1.25, 1.25, 1.25)
    assert len({o.id for o in found}) == len(found)
    assert happened(bench.runtime.memory, START + 4 * DAY, START + 5 * DAY) == ()


def test_a_probe_is_due_when_its_check_runs_out() -> None:
    bench = Bench(tank_farm())
    point = next(b.id for b in bench.farm.bindings if b.role == "solution_ph")
    assert bench.ask(VerifyProbe(point=point, by="Ann")).refused is None
    found = [o for o in of(bench).occasions if o.kind is Kind.CALIBRATE and o.what == point]
    assert [o.id for o in found] == [f"calibrate:{point}"]
    days = next(r.probe_days for r in bench.farm.reservoirs)
    assert found[0].at == pytest.approx(bench.clock.farm + days * DAY, abs=60)


def test_a_dosing_pump_is_due_when_its_calibration_runs_out() -> None:
    bench = Bench(tank_farm())
    pump = next(b.id for b in bench.farm.bindings if b.role in DOSING)
    assert bench.ask(CalibratePump(point=pump, ml=30.0, seconds=60.0, by="Ann")).refused is None
    (found,) = (o for o in of(bench).occasions if o.kind is Kind.CALIBRATE_PUMP)
    assert found.what == pump
    days = next(r.pump_days for r in bench.farm.reservoirs)
    assert found.at == pytest.approx(bench.clock.farm + days * DAY, abs=60)
    answer = finish(bench, found.id)
    assert (answer.refused, answer.params["action"]) == ("task_needs_action", "calibrate_pump")


def test_a_new_farm_is_set_up_step_by_step() -> None:
    bench = Bench(bench_farm())
    assert not of(bench).occasions
    found = of(bench, onboarding=True)
    assert [o.what for o in found.todo(START)] == sorted(ONBOARDING)
    assert finish(bench, "onboarding:backup").refused is None
    left = of(bench, onboarding=True).todo(START)
    assert "backup" not in [o.what for o in left]


def test_what_people_write_down_is_kept_and_survives_a_restart() -> None:
    bench = Bench(bench_farm())
    task = own(note="Rex, 500", due_day="2026-03-09", by="somebody else", done_at=1.0)
    assert bench.ask(AddTask(task=task, by="Ann")).data["task"] == "own:1"
    kept = bench.runtime.memory.tasks["own:1"]
    assert (kept.by, kept.done_at, kept.due_day) == ("Ann", None, "2026-03-09")
    bench.ask(EditTask(task=own(title="Buy lettuce seed", due_at=START + DAY), by="Ben"))
    assert finish(bench, "own:1").refused is None
    kept = bench.runtime.memory.tasks["own:1"]
    assert (kept.title, kept.by, kept.done_by) == ("Buy lettuce seed", "Ann", "Ann")
    assert keep.restore(bench.journal.slices()).tasks == bench.runtime.memory.tasks
    bench.ask(ReopenTask(task="own:1", by="Ann"))
    assert bench.runtime.memory.tasks["own:1"].done_at is None
    assert bench.ask(RemoveTasks(tasks=("own:1",), by="Ann")).refused is None
    assert not bench.runtime.memory.tasks
    assert not keep.restore(bench.journal.slices()).tasks
    said = [r.kind for r in bench.journal.records if r.kind.startswith("task_")]
    assert said == ["task_added", "task_edited", "task_done", "task_reopened", "task_removed"]


@pytest.mark.parametrize(
    ("request_", "refused"),
    [
        (AddTask(task=own(title="  ")), "task_title"),
        (AddTask(task=own(title="x" * 201)), "task_title"),
        (AddTask(task=own(note="x" * 2001)), "task_title"),
        (AddTask(task=own(due_day="soon")), "task_day"),
        (AddTask(task=own(kind=Kind.SOW)), "task_exists"),
        (EditTask(task=own(id="own:2")), "task_unknown"),
        (EditTask(task=own(id="sow:planned_1")), "task_not_own"),
        (RemoveTasks(tasks=("own:2",)), "task_unknown"),
        (RemoveTasks(tasks=("sow:planned_1",)), "task_not_own"),
        (ReopenTask(task="own:2"), "task_unknown"),
    ],
)
def test_what_makes_no_sense_is_refused(planned: Bench, request_: Any, refused: str) -> None:
    assert planned.ask(request_).refused == refused
    assert not planned.runtime.memory.tasks


def test_what_was_carried_out_is_not_taken_back(planned: Bench) -> None:
    finish(planned, "sow:planned_1")
    assert planned.ask(ReopenTask(task="sow:planned_1")).refused == "task_carried_out"
    assert planned.ask(RemoveTasks(tasks=("sow:planned_1",))).refused is None
    assert not planned.runtime.memory.tasks
    assert "sow:planned_1" not in todo(planned)


def test_what_is_done_and_put_away_is_not_asked_for_again() -> None:
    bench = Bench(bench_farm())
    finish(bench, "onboarding:alarm")
    assert bench.ask(RemoveTasks(tasks=("onboarding:alarm",))).refused is None
    left = of(bench, onboarding=True)
    assert left.tasks[0].hidden
    assert "alarm" not in [o.what for o in left.todo(START)]


def test_a_list_has_an_end_and_what_is_done_is_forgotten_at_last() -> None:
    bench = Bench(bench_farm())
    for number in range(DONE_MOST + 3):
        bench.ask(AddTask(task=own(id=f"own:{number:03}")))
        finish(bench, f"own:{number:03}")
        bench.clock.farm += 1.0
    assert len(bench.runtime.memory.tasks) == DONE_MOST
    assert "own:002" not in bench.runtime.memory.tasks
    for number in range(500):
        assert bench.ask(AddTask(task=own(id=f"own:n{number}"))).refused is None
    assert bench.ask(AddTask(task=own(id="own:last"))).refused == "task_many"
    assert bench.ask(AddTask(task=own(id="own:n1"))).refused == "task_exists"


def test_a_sowing_that_finds_no_room_leaves_the_task_open(planned: Bench) -> None:
    batch = planned.runtime.memory.batches["planned_1"]
    planned.start_batch(list(batch.levels), recipe=LEAF, sites=36, id="squatter")
    answer = finish(planned, "sow:planned_1")
    assert answer.refused == "sites_exceeded"
    assert not planned.runtime.memory.tasks
