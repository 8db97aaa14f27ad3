"""Nutrient solution: reservoirs, and the tables and gullies that are watered from them.

Water in litres; salts as mS/cm·L (EC times volume), which mixes and balances like a mass because EC
is close to linear in concentration (science.md 1.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from types import MappingProxyType

from ..farm.nodes import Method
from ..farm.roles import NUTRIENTS, Role

#: Water a level holds after it has drained, L/m²: plugs, cubes and a mat of an ebb-flow table 4
#: [D]; the film of NFT 0.3-0.6 (science.md section 6); a raft pond of 13 cm (irrigation.yaml)
#: 130; the substrate of drip-fed gutters 8 [D]; wet roots in aeroponics 0.2 [D].
HELD_L_M2: Mapping[Method, float] = MappingProxyType(
    {
        Method.EBB_FLOW: 4.0,
        Method.NFT: 0.5,
        Method.DWC: 130.0,
        Method.DRIP: 8.0,
        Method.AEROPONICS: 0.2,
    }
)
#: Water that can stand on a level before the overflow returns the rest, L/m²: 2-5 cm in ebb-flow
#: (irrigation.yaml), a few mm elsewhere [D].
STANDING_L_M2: Mapping[Method, float] = MappingProxyType(
    {
        Method.EBB_FLOW: 30.0,
        Method.NFT: 2.0,
        Method.DWC: 20.0,
        Method.DRIP: 2.0,
        Method.AEROPONICS: 2.0,
    }
)
#: Moisture of a substrate that holds what it holds after draining, vol-%: rock wool and coco near
#: container capacity [D].
FULL_VWC_PCT = 70.0
#: A contact on a table feels water that stands this high, L/m² (1 mm) [D].
WET_L_M2 = 1.0
#: Plants feel drought below this share of the water a level holds [D].
STRESS_SHARE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservoirParameters:
    """A reservoir.

    `float_valve_at`: a mechanical float valve keeps the volume at this share of the capacity with
    solution mixed by the grower (`refill_ec`, `refill_ph`), None where there is none; it sits low
    enough that what stands on the tables has room when it runs back. Time
    constant to the room: 300 L in an insulated tank, UA about 20 W/K, 17 h [D]. `ph_per_day`: the
    rise of pH with nitrate nutrition at an uptake of `PH_UPTAKE_L_L_D` of the volume per day,
    towards `ph_end` [D]. Dosing pumps give `doser_ml_s`; 1 mL of nutrient raises the EC of 1 L by
    `dose_ec` mS/cm, 1 mL of acid or base moves its pH by `dose_ph`; the probe sees it with a time
    constant of `mixing_s` (concentrates of a hundredfold and of a tenth of a strong acid), and of
    `still_mixing_s` while nothing moves the water [D].
    """

    start_share: float = 0.7
    ec: float = 1.3
    ph: float = 5.9
    float_valve_at: float | None = 0.5
    refill_ec: float = 1.3
    refill_ph: float = 5.8
    refill_l_min: float = 2.0
    room_time_constant_h: float = 17.0
    ph_per_day: float = 0.15
    ph_end: float = 7.5
    doser_ml_s: float = 2.0
    dose_ec: float = 0.5
    dose_ph: float = 20.0
    mixing_s: float = 240.0
    still_mixing_s: float = 7200.0


#: The daily uptake, as a share of the volume, at which pH rises by `ph_per_day`.
PH_UPTAKE_L_L_D = 0.1


class Tank:
    """The solution of one reservoir: `volume` L, `salts` mS/cm·L, `ph`, `t` °C."""

    __slots__ = (
        "capacity",
        "dosed_ml",
        "parameters",
        "ph",
        "refilled",
        "salts",
        "spilled",
        "t",
        "unmixed_ph",
        "unmixed_salts",
        "volume",
    )

    def __init__(self, capacity_l: float, parameters: ReservoirParameters, t: float) -> None:
        self.capacity = capacity_l
        self.parameters = parameters
        self.volume = capacity_l * parameters.start_share
        self.salts = self.volume * parameters.ec
        self.ph = parameters.ph
        self.t = t
        self.refilled = 0.0
        self.spilled = 0.0
        self.unmixed_salts = 0.0
        self.unmixed_ph = 0.0
        self.dosed_ml: dict[Role, float] = {}

    def dose(self, role: Role, ml: float) -> None:
        """A dosing pump gives `ml` of its stock; the rest of the tank does not know of it yet."""
        self.dosed_ml[role] = self.dosed_ml.get(role, 0.0) + ml
        if role in NUTRIENTS:
            self.unmixed_salts += ml * self.parameters.dose_ec
        elif self.volume > 0:
            sign = -1.0 if role is Role.DOSING_PUMP_PH_DOWN else 1.0
            self.unmixed_ph += sign * ml * self.parameters.dose_ph / self.volume

    def _mix(self, dt_s: float, moving: bool) -> None:
        if not self.unmixed_salts and not self.unmixed_ph:
            return
        p = self.parameters
        share = 1 - exp(-dt_s / (p.mixing_s if moving else p.still_mixing_s))
        salts, ph = self.unmixed_salts * share, self.unmixed_ph * share
        self.salts += salts
        self.ph += ph
        self.unmixed_salts -= salts
        self.unmixed_ph -= ph

    @property
    def ec(self) -> float:
        """EC at 25 °C, mS/cm; 0 when empty."""
        return self.salts / self.volume if self.volume > 1e-9 else 0.0

    def draw(self, litres: float) -> tuple[float, float]:
        """Take up to `litres` out; returns litres and salts that came."""
        taken = min(litres, self.volume)
        if taken <= 0:
            return 0.0, 0.0
        salts = self.salts * taken / self.volume
        self.volume -= taken
        self.salts -= salts
        return taken, salts

    def give_back(self, litres: float, salts: float) -> None:
        """Take solution back in; what finds no room is spilled."""
        self.volume += litres
        self.salts += salts
        if self.volume > self.capacity:
            spilled = self.volume - self.capacity
            self.salts -= self.salts * spilled / self.volume
            self.volume = self.capacity
            self.spilled += spilled

    def refill(self, litres: float) -> float:
        """Add solution as the grower mixes it, as far as there is room; returns litres."""
        added = max(0.0, min(litres, self.capacity - self.volume))
        if added > 0:
            p = self.parameters
            total = self.volume + added
            # pH of two buffered solutions of like strength mixes nearly linearly.
            self.ph += (p.refill_ph - self.ph) * added / total
            self.volume = total
            self.salts += added * p.refill_ec
            self.refilled += added
        return added

    def rest(
        self,
        dt_s: float,
        room_c: float,
        uptake_l: float,
        fill_valve: float,
        *,
        moving: bool = True,
    ) -> None:
        """What happens by itself in `dt_s`: exchange with the room, mixing (`moving`: something
        moves the water), the plants' effect on pH for `uptake_l` litres taken up, and topping up
        by float or fill valve (share open)."""
        p = self.parameters
        self._mix(dt_s, moving)
        self.t += (room_c - self.t) * (1 - exp(-dt_s / (p.room_time_constant_h * 3600)))
        if uptake_l > 0 and self.volume > 0:
            rise = p.ph_per_day * uptake_l / (self.volume * PH_UPTAKE_L_L_D)
            self.ph += min(rise, 1.0) * max(0.0, p.ph_end - self.ph) / (p.ph_end - p.ph)
        wanted = fill_valve * p.refill_l_min * dt_s / 60
        if p.float_valve_at is not None:
            below = p.float_valve_at * self.capacity - self.volume
            if below > 0:
                wanted = max(wanted, min(below, p.refill_l_min * dt_s / 60))
        if wanted > 0:
            self.refill(wanted)


class Bed:
    """What stands and is held on one level: `water` L, `salts` mS/cm·L.

    `held` is what stays after draining; all of it is one well-mixed pool while water flows.
    """

    __slots__ = ("area", "held", "salts", "standing", "water")

    def __init__(self, method: Method | None, area_m2: float, ec: float) -> None:
        self.area = area_m2
        self.held = HELD_L_M2[method or Method.EBB_FLOW] * area_m2
        self.standing = STANDING_L_M2[method or Method.EBB_FLOW] * area_m2
        self.water = self.held
        self.salts = self.water * ec

    @property
    def free(self) -> float:
        """Water that will run off, L."""
        return max(0.0, self.water - self.held)

    @property
    def vwc_pct(self) -> float:
        """Moisture of the substrate, vol-%."""
        return min(100.0, FULL_VWC_PCT * self.water / self.held)

    @property
    def ec(self) -> float:
        """EC of what it holds, mS/cm; 0 when dry."""
        return self.salts / self.water if self.water > 1e-9 else 0.0

    @property
    def wet(self) -> bool:
        """Whether water stands on it."""
        return self.free > WET_L_M2 * self.area

    @property
    def stress(self) -> float:
        """1 with enough water, falling to 0 when the level is dry."""
        return max(0.0, min(1.0, self.water / (STRESS_SHARE * self.held)))

    def add(self, litres: float, salts: float) -> None:
        """Water comes in."""
        self.water += litres
        self.salts += salts

    def run_off(self, litres: float) -> tuple[float, float]:
        """Water goes out; returns litres and salts."""
        gone = min(litres, self.water)
        if gone <= 0:
            return 0.0, 0.0
        salts = self.salts * gone / self.water
        self.water -= gone
        self.salts -= salts
        return gone, salts

    def take_up(self, litres: float, uptake_ec: float) -> float:
        """The plants take `litres` (given back when negative: dew) and nutrients with it at the
        uptake concentration, as far as there are; returns the salts taken."""
        self.water = max(0.0, self.water - litres)
        if litres <= 0:
            return 0.0
        salts = min(self.salts, litres * uptake_ec)
        self.salts -= salts
        return salts


class Piping:
    """One circuit: brings water from its tank to its beds and back.

    The water runs back with a time constant of a fifth of the circuit's draining time, so that
    after that time less than one per cent of it is left.
    """

    __slots__ = ("beds", "blocked", "drain_s", "drained", "pumped", "tank")

    def __init__(self, tank: Tank, beds: tuple[Bed, ...], drain_s: float) -> None:
        self.tank = tank
        self.beds = beds
        self.drain_s = drain_s
        #: Nothing runs back: the drain is clogged, or its valve is closed.
        self.blocked = False
        self.pumped = 0.0
        self.drained = 0.0

    def move(self, dt_s: float, flow_l_min: float) -> None:
        """`dt_s` seconds with `flow_l_min` into the circuit (0: draining)."""
        if flow_l_min > 0:
            litres, salts = self.tank.draw(flow_l_min * dt_s / 60)
            self.pumped += litres
            total = sum(bed.standing for bed in self.beds)
            for bed in self.beds:
                share = bed.standing / total
                bed.add(litres * share, salts * share)
                self._back(bed, bed.free - bed.standing)
            return
        if self.blocked:
            return
        for bed in self.beds:
            free = bed.free
            if free > 0:
                left = free * exp(-5 * dt_s / self.drain_s) if self.drain_s > 0 else 0.0
                self._back(bed, free - left if left > 1e-3 else free)

    def _back(self, bed: Bed, litres: float) -> None:
        if litres > 0:
            gone, salts = bed.run_off(litres)
            self.tank.give_back(gone, salts)
            self.drained += gone
