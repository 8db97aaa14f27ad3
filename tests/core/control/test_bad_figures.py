"""No figure of a request is taken that is no number or has no end: it would pass every limit that
asks whether it is too large, and stay in sums and records for good."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_type_hints

import pytest

from tests.core.support import Bench, bench_farm, bench_recipe, sensor
from tests.core.tank import EC, A, tank_farm
from vfarm_core.batches.lifecycle import plan, sow
from vfarm_core.batches.lots import Lot, LotKind
from vfarm_core.batches.rollout import Strategy
from vfarm_core.control import inputs
from vfarm_core.control.inputs import Request
from vfarm_core.farm.calibration import KnownPoint
from vfarm_core.farm.overrides import Override, Quantity, WorkflowKind
from vfarm_core.farm.roles import Role

NAN, INF = float("nan"), float("inf")
OXYGEN = sensor("tank", Role.DISSOLVED_OXYGEN)
NEW = bench_recipe(title="Another version")


def _batch(at: float, make: Callable[..., Any] = plan) -> Any:
    return make(id="b9", recipe=bench_recipe(), plants=2, placements={"level_2": 2}, at=at)


#: By request and figure: how it is asked for with a figure.
ASKED: Mapping[tuple[str, str], Callable[[float], Request]] = {
    ("ChangeRecipe", "ramp_s"): lambda x: inputs.ChangeRecipe(
        batch="batch_1", recipe=NEW, ramp_s=x
    ),
    ("StartRollout", "ramp_s"): lambda x: inputs.StartRollout(
        id="r1", old=bench_recipe(), new=NEW, strategy=Strategy.NEW_BATCHES, ramp_s=x
    ),
    ("RollBackRollout", "ramp_s"): lambda x: inputs.RollBackRollout(rollout="r0", ramp_s=x),
    ("Harvest", "kg"): lambda x: inputs.Harvest(batch="batch_1", kg=x),
    ("Harvest", "waste_kg"): lambda x: inputs.Harvest(batch="batch_1", waste_kg=x),
    ("Harvest", "grades"): lambda x: inputs.Harvest(batch="batch_1", grades={"A": x}),
    ("CutBatch", "kg"): lambda x: inputs.CutBatch(batch="batch_1", plants=1, kg=x),
    ("CutBatch", "waste_kg"): lambda x: inputs.CutBatch(batch="batch_1", plants=1, waste_kg=x),
    ("CutBatch", "grades"): lambda x: inputs.CutBatch(batch="batch_1", plants=1, grades={"A": x}),
    ("Reschedule", "sow_at"): lambda x: inputs.Reschedule(batch="planned", sow_at=x),
    ("Transplant", "plants_m2"): lambda x: inputs.Transplant(batch="batch_1", plants_m2=x),
    ("LogLabour", "minutes"): lambda x: inputs.LogLabour(minutes=x, batch="batch_1"),
    ("StartWorkflow", "until"): lambda x: inputs.StartWorkflow(
        node="level_1", kind=WorkflowKind.MAINTENANCE, until=x
    ),
    ("RunShot", "duration_s"): lambda x: inputs.RunShot(circuit="circuit", duration_s=x),
    ("RunShot", "volume_l"): lambda x: inputs.RunShot(circuit="circuit", volume_l=x),
    ("TryActuator", "duration_s"): lambda x: inputs.TryActuator(point="zone.heater", duration_s=x),
    ("CalibratePump", "ml"): lambda x: inputs.CalibratePump(point=A, ml=x, seconds=60.0),
    ("CalibratePump", "seconds"): lambda x: inputs.CalibratePump(point=A, ml=120.0, seconds=x),
    ("RunDose", "ml"): lambda x: inputs.RunDose(point=A, ml=x),
    ("RunFill", "litres"): lambda x: inputs.RunFill(reservoir="tank", litres=x),
    ("NoteSeen", "after_s"): lambda x: inputs.NoteSeen(point=A, guard="auto_off", after_s=x),
    # Figures of what a request carries.
    ("CalibrateProbe", "standard"): lambda x: _calibration(KnownPoint(standard=x, shown=1.5)),
    ("CalibrateProbe", "shown"): lambda x: _calibration(KnownPoint(standard=1.413, shown=x)),
    ("CalibrateProbe", "temperature"): lambda x: _calibration(
        KnownPoint(standard=1.413, shown=1.5), x
    ),
    ("CalibrateProbe", "pressure_kpa"): lambda x: inputs.CalibrateProbe(
        point=OXYGEN.id, points=(KnownPoint(100.0, 8.0),), temperature=25.0, pressure_kpa=x
    ),
    ("SetOverride", "value"): lambda x: inputs.SetOverride(override=_override(value=x)),
    ("SetOverride", "expires_at"): lambda x: inputs.SetOverride(override=_override(expires_at=x)),
    ("StartBatch", "planned"): lambda x: inputs.StartBatch(batch=_batch(x), recipe=bench_recipe()),
    ("StartBatch", "sown"): lambda x: inputs.StartBatch(
        batch=_batch(x, sow), recipe=bench_recipe()
    ),
    ("ReceiveLot", "amount"): lambda x: inputs.ReceiveLot(
        lot=Lot(id="S-9", kind=LotKind.SEED, title="", received_at=0.0, amount=x)
    ),
}

#: How it is refused.
REFUSED: Mapping[str, str] = {
    "ChangeRecipe ramp_s": "batch_ramp",
    "StartRollout ramp_s": "rollout_ramp",
    "RollBackRollout ramp_s": "rollout_ramp",
    "Harvest kg": "batch_kg kg_negative",
    "Harvest waste_kg": "batch_kg",
    "Harvest grades": "batch_kg",
    "CutBatch kg": "batch_kg",
    "CutBatch waste_kg": "batch_kg",
    "CutBatch grades": "batch_kg",
    "Reschedule sow_at": "batch_past",
    "Transplant plants_m2": "batch_spacing",
    "LogLabour minutes": "labour_minutes",
    "StartWorkflow until": "workflow_over workflow_too_long",
    "RunShot duration_s": "duration_out_of_range",
    "RunShot volume_l": "volume_out_of_range",
    "TryActuator duration_s": "try_out_of_range",
    "CalibratePump ml": "calibration_out_of_range",
    "CalibratePump seconds": "calibration_out_of_range",
    "CalibrateProbe standard": "calibration_range",
    "CalibrateProbe temperature": "calibration_temperature",
    "CalibrateProbe pressure_kpa": "calibration_pressure",
    "CalibrateProbe shown": "calibration_range calibration_slope",
    "RunDose ml": "dose_out_of_range",
    "RunFill litres": "fill_out_of_range",
    "NoteSeen after_s": "drill_after_s",
    "SetOverride value": "override_out_of_range",
    "SetOverride expires_at": "override_expired",
    "ReceiveLot amount": "batch_lot_amount",
    "StartBatch planned": "batch_past",
    "StartBatch sown": "batch_days_ago",
}


def _calibration(point: KnownPoint, temperature: float | None = None) -> Request:
    return inputs.CalibrateProbe(point=EC, points=(point,), temperature=temperature)


def _override(**changes: Any) -> Override:
    values: dict[str, Any] = {
        "node": "zone",
        "quantity": Quantity.AIR_TEMPERATURE,
        "value": 20.0,
        "expires_at": 1e12,
        "by": "Ann",
        "why": "",
        **changes,
    }
    return Override(**values)


def figures() -> Iterator[tuple[str, str]]:
    """Every figure that a request has itself."""
    for name, made in vars(inputs).items():
        if isinstance(made, type) and issubclass(made, Request) and made is not Request:
            hints = get_type_hints(made)
            for field in dataclasses.fields(made):
                if "float" in str(hints[field.name]):
                    yield name, field.name


def test_every_figure_of_a_request_is_tried() -> None:
    assert set(figures()) <= set(ASKED)


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
def test_what_is_no_finite_number_is_refused(asked: tuple[str, str], bad: float) -> None:
    bench = Bench(bench_farm() if asked[0] == "RunShot" else tank_farm(extra=(OXYGEN,)))
    bench.start_batch()
    planned = plan(
        id="planned",
        recipe=bench_recipe(),
        plants=2,
        placements={"level_2": 2},
        at=bench.clock.farm + 86400.0,
    )
    assert bench.ask(inputs.StartBatch(batch=planned, recipe=bench_recipe())).refused is None
    if asked[0] == "RollBackRollout":
        begin = inputs.StartRollout(
            id="r0", old=bench_recipe(), new=NEW, strategy=Strategy.NEW_BATCHES, ramp_s=0.0
        )
        assert bench.ask(begin).refused is None
    before = bench.runtime.memory
    answer = bench.ask(ASKED[asked](bad))
    assert answer.refused in REFUSED[" ".join(asked)].split()
    assert bench.runtime.memory == before
