"""A bench with a tank that is dosed and filled: nutrient A and B, acid and base, a fill valve, and
solution that answers them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.core.support import (
    Bench,
    actuator,
    bench_farm,
    bench_phase,
    bench_recipe,
    sensor,
    setpoint,
)
from vfarm_core.control.effects import Command
from vfarm_core.control.inputs import CalibratePump, VerifyProbe
from vfarm_core.control.memory import ReservoirState
from vfarm_core.farm.bindings import Binding, Danger, Dosing, Proof
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import Farm, Fill
from vfarm_core.farm.roles import DOSING, NUTRIENTS, Role
from vfarm_core.recipes.model import PhaseKind, Recipe, SolutionQuantity

A = "tank.dosing_pump_nutrient_a"
B = "tank.dosing_pump_nutrient_b"
DOWN = "tank.dosing_pump_ph_down"
UP = "tank.dosing_pump_ph_up"
FILL_VALVE = "tank.fill_valve"
MIXER = "tank.mixing_pump"
EC, PH, VOLUME, FLOAT = "tank.solution_ec", "tank.solution_ph", "tank.volume", "tank.level_high"
PUMPS = (A, B, DOWN, UP)

NUTRIENT = Dosing(
    max_dose_ml=60, max_hour_ml=120, max_day_ml=400, max_tank_ml=2000, effect_per_ml_l=0.5
)
ACID = Dosing(max_dose_ml=10, max_hour_ml=30, max_day_ml=60, max_tank_ml=400, effect_per_ml_l=20.0)
#: 200 L; filled from 80 to 140 L.
FILL = Fill(below=0.4, to=0.7, max_l=60, day_l=150, drain_back_l=30)
#: 20 L/min turn 150 L over three times in 22.5 min.
MIX_S = 3 * 150 / 20 * 60


def doser(role: Role, number: int, dosing: Dosing, **declared: Any) -> tuple[Binding, Binding]:
    """A dosing pump of 2 mL/s with a current switch of its own."""
    shown = sensor("tank", Role.FEEDBACK, number)
    values: dict[str, Any] = {
        "max_on_s": 60.0,
        "proof": Proof.FEEDBACK,
        "proved_by": shown.id,
        "dosing": dosing,
        **declared,
    }
    return shown, actuator("tank", role, **values)


def tank_farm(*, fill: Fill | None = FILL, extra: Iterable[Binding] = (), **changes: Any) -> Farm:
    """The bench farm with a tank that is dosed and filled."""
    bindings: list[Binding] = [
        sensor("tank", Role.SOLUTION_EC),
        sensor("tank", Role.SOLUTION_PH),
        sensor("tank", Role.LEVEL_HIGH),
        actuator("tank", Role.MIXING_PUMP, danger=Danger.NEITHER, max_on_s=None),
    ]
    roles = [role for role in DOSING if role is not Role.DOSING_PUMP_NUTRIENT_C]
    for number, role in enumerate(roles, start=1):
        bindings += doser(role, number, NUTRIENT if role in NUTRIENTS else ACID)
    shown = sensor("tank", Role.FEEDBACK, 9)
    bindings += [
        shown,
        actuator(
            "tank", Role.FILL_VALVE, max_on_s=1800.0, proof=Proof.FEEDBACK, proved_by=shown.id
        ),
        *extra,
    ]
    farm = bench_farm()
    tank = replace(farm.reservoirs[0], mixing_l_min=20.0, fill=fill, **changes)
    return check(replace(farm, reservoirs=(tank,), bindings=(*farm.bindings, *bindings)))


def tank_recipe(
    ec: float = 1.6, ph: float = 5.8, *, above_source: bool = False, **changes: Any
) -> Recipe:
    """Asks for an EC (`above_source`: above that of the water) and a pH, and for no shots that
    would disturb the tank."""
    solution = {SolutionQuantity.EC: setpoint(ec, ec, 0.3, 0.6)}
    solution[SolutionQuantity.PH] = setpoint(ph, ph, 0.4, 0.8)
    phase = bench_phase("full", PhaseKind.VEGETATIVE, solution=solution, irrigation={}, days=20.0)
    return bench_recipe(
        phases=(replace(phase, **changes),), ec_includes_source_water=not above_source
    )


@dataclass
class Tank(Bench):
    """A bench whose solution answers: 2 mL/s of stock, 0.1 L/s of fresh water."""

    farm: Farm = field(default_factory=tank_farm)
    rate_ml_s: float = 2.0
    effects: dict[str, float] = field(default_factory=lambda: {A: 0.5, B: 0.5, DOWN: -20, UP: 20})
    empty: set[str] = field(default_factory=set)
    given: dict[str, float] = field(default_factory=dict)
    doses: list[tuple[str, float]] = field(default_factory=list)
    on_at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for point, value in {EC: 1.6, PH: 5.8, FLOAT: 0.0}.items():
            self.values.setdefault(point, value)
        for b in self.farm.bindings:
            if b.role is Role.FEEDBACK:
                self.values.setdefault(b.id, 0.0)
        super().__post_init__()

    def send(self, command: Command, binding: Binding) -> None:
        if command.point not in self.disobeys:
            self.flow_until_now()
            if command.value and not self.on_at.get(command.point):
                self.on_at[command.point] = self.clock.farm
            elif not command.value:
                self.on_at.pop(command.point, None)
        super().send(command, binding)

    def flow_until_now(self) -> None:
        """What was on since it was last looked at has given something."""
        for point, since in self.on_at.items():
            seconds = self.clock.farm - since
            self.on_at[point] = self.clock.farm
            if point in self.effects:
                ml = seconds * self.rate_ml_s
                self.given[point] = self.given.get(point, 0.0) + ml
                quantity = EC if point in (A, B) else PH
                if point not in self.empty and {quantity, VOLUME} <= set(self.values):
                    self.values[quantity] += (
                        self.effects[point] * ml / max(1.0, self.values[VOLUME])
                    )
            elif point == FILL_VALVE and point not in self.empty:
                before = self.values[VOLUME]
                self.values[VOLUME] = before + 0.1 * seconds
                self.values[EC] *= before / max(1e-9, self.values[VOLUME])

    def advance(self, seconds: float, *, sensors: bool = True) -> None:
        """Time passes in pieces, so that the sensors show what has flowed."""
        end = self.clock.farm + seconds
        while self.clock.farm < end:
            super().advance(min(200.0, end - self.clock.farm), sensors=False)
            self.flow_until_now()
            if sensors:
                for point in list(self.values):
                    if point in self.farm.binding:
                        self.runtime.feed(self._report(point))
                self.settle()

    def ready(self, *, recipe: Recipe | None = None, mixed: bool = True) -> Tank:
        """Plants grow, probes are checked, pumps are calibrated, the solution is mixed."""
        self.start_batch(recipe=recipe or tank_recipe())
        for probe in (EC, PH):
            assert self.ask(VerifyProbe(point=probe)).refused is None
        for point in PUMPS:
            if point in self.farm.binding:
                ask = CalibratePump(point=point, ml=60 * self.rate_ml_s, seconds=60)
                assert self.ask(ask).refused is None
        if mixed:
            self.advance(MIX_S + 400)
        return self

    def show(self, point: str, value: float) -> None:
        """A sensor reports, and goes on reporting it."""
        self.report(point, value)

    @property
    def tank(self) -> ReservoirState:
        """What control remembers of the tank."""
        return self.runtime.memory.reservoirs.get("tank", ReservoirState())

    @property
    def why(self) -> str:
        """Why nothing is dosed."""
        return self.tank.waits.code if self.tank.waits else ""

    @property
    def why_no_fill(self) -> str:
        """Why nothing is filled."""
        return self.tank.fill_waits.code if self.tank.fill_waits else ""

    def ended(self, kind: str = "dose_ended") -> list[dict[str, Any]]:
        """The ends of doses or fills, in order."""
        return [dict(e.params) for e in self.events if e.kind == kind]
