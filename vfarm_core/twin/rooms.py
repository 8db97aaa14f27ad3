"""The physics of a zone: its levels with lamps, plants and water, in one body of air."""

from __future__ import annotations

from ..farm.nodes import Level, Method
from ..science.water import co2_ppm
from .air import EquipmentParameters, Flows, Load, Outside, RoomParameters, ZoneAir
from .devices import Actuator
from .numerics import relax
from .plants import Stand, compensation_ppm, transpiration
from .water import Bed, Tank

#: A change of light by more than this share makes the plants looked at again at once.
_LIGHT_CHANGE = 0.05
#: Hand-watered levels are never dry: a person waters them.
_BY_HAND_L = 1e9


class LevelRoom:
    """One level: lamps, bed and stands. Its plants act on the air as linear functions between two
    looks at them (`look`). `mol_m2` is the light on it since the start, `mol_given` what of it fell
    on the places of its plants, mol."""

    __slots__ = (
        "_co2_sum",
        "_looked_ppfd",
        "_mol_sum",
        "_span",
        "_t_sum",
        "area_m2",
        "bed",
        "co2_from",
        "co2_slope",
        "due",
        "fixture",
        "id",
        "lamps",
        "leaf_c",
        "level",
        "mol_given",
        "mol_m2",
        "ppfd",
        "stands",
        "tank",
        "transpired_l",
        "vapour_from",
        "vapour_per_k",
        "vapour_slope",
        "watered",
    )

    def __init__(
        self,
        level: Level,
        lamps: tuple[Actuator, ...],
        method: Method | None,
        tank: Tank | None,
        start: float,
    ) -> None:
        self.id = level.id
        self.level = level
        self.area_m2 = level.area_m2
        self.fixture = level.fixture
        self.lamps = lamps
        self.tank = tank
        self.bed = Bed(method, level.area_m2, tank.ec if tank else 0.0)
        self.watered = tank is not None
        if not self.watered:
            self.bed.water = _BY_HAND_L
        self.stands: dict[str, Stand] = {}
        self.ppfd = 0.0
        self.mol_m2 = 0.0
        self.mol_given = 0.0
        self.transpired_l = 0.0
        self.leaf_c: float | None = None
        self.due = start
        self._looked_ppfd = 0.0
        self.clear()
        self._span = self._t_sum = self._co2_sum = self._mol_sum = 0.0

    def clear(self) -> None:
        """No plants: nothing is exchanged."""
        self.vapour_from = self.vapour_per_k = self.vapour_slope = 0.0
        self.co2_from = self.co2_slope = 0.0
        self.leaf_c = None

    def output_now(self) -> float:
        """Output of the lamps at this moment, 0…1."""
        if not self.lamps:
            return 0.0
        return sum(lamp.output for lamp in self.lamps) / len(self.lamps)

    def ppfd_now(self) -> float:
        """PPFD at this moment, µmol/m²/s."""
        return self.output_now() * self.fixture.ppfd_full if self.fixture else 0.0

    def cover_pct(self) -> float:
        """Share of the level that leaves cover, seen from above, %."""
        covered = sum(stand.cover * stand.area_m2 for stand in self.stands.values())
        return 100.0 * min(1.0, covered / self.area_m2)

    def shine(self, since: float, now: float) -> float:
        """Count the light of a step; returns the lamps' mean power, W."""
        if not self.lamps:
            return 0.0
        output = 0.0
        for lamp in self.lamps:
            output += lamp.mean(since, now)
        output /= len(self.lamps)
        if self.fixture is None:
            return 0.0
        self.ppfd = output * self.fixture.ppfd_full
        watts = output * self.fixture.power_w
        if output > 0:
            mol = self.ppfd * (now - since) * 1e-6
            self.mol_m2 += mol
            for stand in self.stands.values():
                stand.incident_mol_m2 += mol
                self.mol_given += mol * self.area_m2 * stand.lamp_share
                stand.lamp_j += watts * (now - since) * stand.lamp_share
        return watts

    def wants_look(self, now: float) -> bool:
        """Whether the plants have to be looked at again."""
        if not self.stands:
            return False
        before = self._looked_ppfd
        return now >= self.due or abs(self.ppfd - before) > _LIGHT_CHANGE * max(before, 20.0)

    def look(self, air: ZoneAir, now: float, every_s: float, *, still: bool) -> None:
        """Let the plants grow under the mean conditions since the last look, and find how they act
        on the air from now."""
        span = self._span
        stress = self.bed.stress
        if span > 0:
            t, co2, ppfd = self._t_sum / span, self._co2_sum / span, self._mol_sum / span
            ppm = co2_ppm(max(0.0, co2), t)
            for stand in self.stands.values():
                stand.grow(ppfd * stress, ppm, t, span)
        self._span = self._t_sum = self._co2_sum = self._mol_sum = 0.0
        self._looked_ppfd = self.ppfd
        self.due = now + every_s
        self.clear()
        ppm, humidity = air.co2_ppm, air.humidity_pct
        balance_g_m3 = air.co2 * min(1.0, compensation_ppm(air.t) / max(ppm, 1.0))
        for stand in self.stands.values():
            lai = stand.lai
            area = stand.area_m2
            gas = stand.gas(self.ppfd * stress, ppm, air.t)
            self.co2_from += gas.respiration * area
            if gas.gross > 0 and air.co2 > balance_g_m3:
                # Uptake ends at the compensation point, so it cannot empty the air below it.
                slope = gas.gross * area / (air.co2 - balance_g_m3)
                self.co2_slope += slope
                self.co2_from += slope * balance_g_m3
            e = transpiration(self.ppfd, air.t, humidity, lai, still=still)
            scale = area * (stress if e.g_s > 0 else 1.0)
            if lai > 0:
                self.leaf_c = e.leaf_c
            self.vapour_slope += e.per_vapour * scale
            self.vapour_per_k += e.per_k * scale
            self.vapour_from += scale * (e.g_s + e.per_vapour * air.vapour - e.per_k * air.t)

    def after(self, flows: Flows, t_start: float, uptake_ec: float) -> float:
        """Book what the plants did in a step; returns the litres taken from watered beds."""
        dt = flows.seconds
        self._span += dt
        self._t_sum += flows.temperature_c * dt
        self._co2_sum += flows.co2 * dt
        self._mol_sum += self.ppfd * dt
        grams = (
            self.vapour_from + self.vapour_per_k * t_start - self.vapour_slope * flows.vapour
        ) * dt
        litres = grams / 1000
        self.transpired_l += litres
        if len(self.stands) == 1:
            for stand in self.stands.values():
                stand.transpired_l += litres
        else:
            total = sum(stand.area_m2 for stand in self.stands.values())
            for stand in self.stands.values():
                stand.transpired_l += litres * stand.area_m2 / total
        if self.watered:
            self.bed.take_up(litres, uptake_ec)
            return litres
        return 0.0


class ZoneRoom:
    """One zone: air, climate devices and levels. `lamps_total_j` and `other_total_j` are all its
    electricity since the start."""

    def __init__(
        self,
        zone_id: str,
        room: RoomParameters,
        equipment: EquipmentParameters,
        air: ZoneAir,
        levels: tuple[LevelRoom, ...],
        devices: dict[str, tuple[Actuator, ...]],
    ) -> None:
        self.id = zone_id
        self.room = room
        self.equipment = equipment
        self.air = air
        self.levels = levels
        self.devices = devices
        self.load = Load()
        self.flows = Flows()
        self.water_heat_w = 0.0
        self.electric_w = 0.0
        self.light_j = 0.0
        self.lamps_total_j = 0.0
        self.other_total_j = 0.0
        self.people = False
        self.uptake_l: dict[int, float] = {}
        # Effect of what comes to full power slowly, and its time constant.
        self._lag = {
            "cooler": equipment.coil_lag_s,
            "dehumidifier": equipment.coil_lag_s,
            "heater": equipment.heater_lag_s,
        }
        self._effect = dict.fromkeys(self._lag, 0.0)
        self._growing: tuple[LevelRoom, ...] = ()
        self._stale = True

    def plants_changed(self) -> None:
        """Stands came or went."""
        self._growing = tuple(level for level in self.levels if level.stands)
        for level in self.levels:
            if not level.stands:
                level.clear()
            level.due = 0.0
        self._stale = True

    def step(
        self, since: float, now: float, outside: Outside, every_s: float, uptake_ec: float
    ) -> Flows:
        """One step of the physics from `since` to `now`."""
        load, air, flows = self.load, self.air, self.flows
        lamps_w = 0.0
        for level in self.levels:
            lamps_w += level.shine(since, now)
        for name, devices in self.devices.items():
            share = 0.0
            for device in devices:
                share += device.mean(since, now)
            share /= len(devices)
            if name in self._lag:
                share = self._lagged(name, share, now - since)
            setattr(load, name, share)
        still = load.circulation < 0.5
        for level in self._growing:
            if level.wants_look(now):
                level.look(air, now, every_s, still=still)
                self._stale = True
        if self._stale:
            self._sum()
        load.heat_w = lamps_w + self.water_heat_w
        t_start = air.t
        air.step(now - since, load, outside, flows)
        self.uptake_l.clear()
        for level in self._growing:
            litres = level.after(flows, t_start, uptake_ec)
            if level.tank is not None:
                key = id(level.tank)
                self.uptake_l[key] = self.uptake_l.get(key, 0.0) + litres
        self.light_j = lamps_w * flows.seconds
        electric_j = (
            self.light_j + flows.heating_j + flows.cooling_j + flows.humidity_j + flows.fans_j
        )
        self.electric_w = electric_j / flows.seconds + self.water_heat_w
        self.lamps_total_j += self.light_j
        self.other_total_j += electric_j - self.light_j + self.water_heat_w * flows.seconds
        return flows

    def _lagged(self, name: str, share: float, dt_s: float) -> float:
        """The mean effect over a step of a device that was commanded to `share`."""
        before, lag = self._effect[name], self._lag[name]
        if share == before or lag <= 0:
            self._effect[name] = share
            return share
        end, mean = relax(before, share, 1.0, lag, dt_s)
        self._effect[name] = end if abs(end - share) > 1e-3 else share
        return mean

    def _sum(self) -> None:
        load = self.load
        load.vapour_g_s = load.vapour_g_s_k = load.vapour_m3_s = 0.0
        load.co2_g_s = load.co2_m3_s = 0.0
        for level in self._growing:
            load.vapour_g_s += level.vapour_from
            load.vapour_g_s_k += level.vapour_per_k
            load.vapour_m3_s += level.vapour_slope
            load.co2_g_s += level.co2_from
            load.co2_m3_s += level.co2_slope
        self._stale = False
