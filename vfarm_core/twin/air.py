"""The air of a zone: temperature, vapour and CO2, and the equipment that moves them.

Two heat stores: the air, and the contents of the room behind it (floor, walls, racks, trays,
water), which make a real room 20 to 40 times slower than its air alone (science.md section 6:
60-150 kJ/K per m² of floor). Everything that is fast is linear within a step and solved exactly,
so that a step of a minute is stable, and every flow is booked at its mean, so that heat, water and
CO2 are conserved to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..science.air import absolute_humidity_g_m3, relative_humidity_from_absolute_pct
from ..science.water import co2_g_m3, co2_ppm
from .numerics import relax

#: Density (kg/m³) and heat capacity (J/kg/K) of air as in the canopy balance (Graamans 2017).
AIR_KG_M3 = 1.2
AIR_J_KG_K = 1006.0
AIR_J_M3_K = AIR_KG_M3 * AIR_J_KG_K
#: Heat of evaporation at 24 °C, J/g: 2501 - 2.361 T kJ/kg (models.yaml, graamans_2017).
LATENT_J_G = 2444.0
#: Where the vapour reference of a coil is read: the state equipment is rated at (°C, %), as in the
#: cooling test of ISO 5151 (27 °C, 47 %).
_RATED_AT = (27.0, 47.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomParameters:
    """A room. Heat capacity and coupling per m² of floor.

    `contents_kj_m2_k`: 60-150 (science.md section 6). `coupling_w_m2_k`: convection between the
    air and all surfaces, about 8 m² of surface per m² of floor at 8 W/m²/K [D]. `ua_w_m2_k`:
    0.3 W/m²/K panels over about 3.5 m² of envelope per m² of floor [D]. `air_changes_h`: tight
    plant factories leak 0.01-0.02 of their air per hour, ordinary insulated rooms more [D].
    """

    volume_m3: float
    floor_m2: float
    contents_kj_m2_k: float = 100.0
    coupling_w_m2_k: float = 64.0
    ua_w_m2_k: float = 1.0
    air_changes_h: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentParameters:
    """The climate devices of a zone at full output; 0 is "not there".

    Coolers and dehumidifiers are coils: air passes a surface of `coil_c`, so that what they carry
    follows the state of the air and they can cool or dry no further than their coil. The cooler
    rejects its heat outside, the dehumidifier gives its own power and the heat of condensation to
    the room. `cop`: mini-split with fans, about 3 [D]. `dehumidifier_kg_kwh`: 2 kg/kWh at room
    conditions [D]. `humidifier_w_kg_h`: ultrasonic, about 60 W per kg/h [D]; the heat
    of evaporation comes out of the air. `coil_lag_s`, `heater_lag_s`: time constants in which
    a coil or an element comes to its full effect [D].
    """

    heater_w: float = 0.0
    cooler_w: float = 0.0
    cooler_coil_c: float = 10.0
    cop: float = 3.0
    dehumidifier_kg_h: float = 0.0
    dehumidifier_coil_c: float = 7.0
    dehumidifier_kg_kwh: float = 2.0
    humidifier_kg_h: float = 0.0
    humidifier_w_kg_h: float = 60.0
    coil_lag_s: float = 120.0
    heater_lag_s: float = 60.0
    exhaust_m3_h: float = 0.0
    exhaust_w: float = 0.0
    circulation_w: float = 0.0
    co2_g_h: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The air around the zone."""

    temperature_c: float
    vapour_g_m3: float
    co2_g_m3: float


class Load:
    """What acts on the air during one step: shares of devices (0…1), heat of everything that
    consumes electricity in the room, and the plants as linear functions of the air.

    Water vapour of the plants is `vapour_g_s + vapour_g_s_k * T - vapour_m3_s * vapour`; their CO2
    uptake is `co2_m3_s * co2 - co2_g_s` (negative at night).
    """

    __slots__ = (
        "circulation",
        "co2",
        "co2_g_s",
        "co2_m3_s",
        "cooler",
        "dehumidifier",
        "exhaust",
        "heat_w",
        "heater",
        "humidifier",
        "vapour_g_s",
        "vapour_g_s_k",
        "vapour_m3_s",
    )

    def __init__(self) -> None:
        self.heat_w = 0.0
        self.heater = 0.0
        self.cooler = 0.0
        self.dehumidifier = 0.0
        self.humidifier = 0.0
        self.exhaust = 0.0
        self.circulation = 0.0
        self.co2 = 0.0
        self.vapour_g_s = 0.0
        self.vapour_g_s_k = 0.0
        self.vapour_m3_s = 0.0
        self.co2_g_s = 0.0
        self.co2_m3_s = 0.0


@dataclass(slots=True)
class Flows:
    """What flowed in one step: heat in J into the air (`stored_j` went into air and contents),
    water in g, CO2 in g, electricity in J. `vapour` and `co2` are the mean state of the air."""

    seconds: float = 0.0
    temperature_c: float = 0.0
    vapour: float = 0.0
    co2: float = 0.0
    stored_j: float = 0.0
    gains_j: float = 0.0
    latent_j: float = 0.0
    cooled_j: float = 0.0
    envelope_j: float = 0.0
    transpired_g: float = 0.0
    humidified_g: float = 0.0
    condensed_cooler_g: float = 0.0
    condensed_dehumidifier_g: float = 0.0
    condensed_surfaces_g: float = 0.0
    vapour_out_g: float = 0.0
    co2_injected_g: float = 0.0
    co2_taken_g: float = 0.0
    co2_out_g: float = 0.0
    heating_j: float = 0.0
    cooling_j: float = 0.0
    humidity_j: float = 0.0
    dryer_j: float = 0.0
    fans_j: float = 0.0


class ZoneAir:
    """The air of one zone. `t`, `contents` °C, `vapour` and `co2` g/m³."""

    __slots__ = (
        "_co2_per_ppm",
        "_contents_j_k",
        "_cooler_m3_s",
        "_coupling_w_k",
        "_dry_m3_s",
        "_leak_m3_s",
        "_saturation",
        "_saturation_t",
        "_ua_w_k",
        "co2",
        "contents",
        "equipment",
        "room",
        "t",
        "vapour",
    )

    def __init__(
        self,
        room: RoomParameters,
        equipment: EquipmentParameters,
        *,
        temperature_c: float,
        humidity_pct: float,
        co2_level_ppm: float,
    ) -> None:
        self.room = room
        self.equipment = equipment
        self.t = temperature_c
        self.contents = temperature_c
        self.vapour = absolute_humidity_g_m3(temperature_c, humidity_pct)
        self.co2 = co2_g_m3(co2_level_ppm, temperature_c)
        self._contents_j_k = room.contents_kj_m2_k * 1000 * room.floor_m2
        self._coupling_w_k = room.coupling_w_m2_k * room.floor_m2
        self._ua_w_k = room.ua_w_m2_k * room.floor_m2
        self._leak_m3_s = room.air_changes_h * room.volume_m3 / 3600
        self._cooler_m3_s = _coil_m3_s(equipment.cooler_w, equipment.cooler_coil_c)
        rated_g_m3 = absolute_humidity_g_m3(*_RATED_AT) - saturated_g_m3(
            equipment.dehumidifier_coil_c
        )
        self._dry_m3_s = equipment.dehumidifier_kg_h / 3.6 / rated_g_m3
        self._saturation_t = temperature_c
        self._saturation = saturated_g_m3(temperature_c)

    @property
    def humidity_pct(self) -> float:
        """Relative humidity, %."""
        return min(100.0, relative_humidity_from_absolute_pct(self.t, self.vapour))

    @property
    def co2_ppm(self) -> float:
        """CO2, ppm."""
        return co2_ppm(max(0.0, self.co2), self.t)

    def step(self, dt_s: float, load: Load, outside: Outside, flows: Flows) -> None:
        """Advance by `dt_s` seconds; what flowed is written to `flows`."""
        e = self.equipment
        volume = self.room.volume_m3
        exchange = self._leak_m3_s + load.exhaust * e.exhaust_m3_h / 3600
        cool = load.cooler * self._cooler_m3_s
        dry = load.dehumidifier * self._dry_m3_s

        # Vapour. A coil warmer than the dew point takes none.
        coil_g_m3 = _COIL_SATURATION(e.cooler_coil_c)
        dryer_g_m3 = _COIL_SATURATION(e.dehumidifier_coil_c)
        wet_cool = cool if self.vapour > coil_g_m3 else 0.0
        wet_dry = dry if self.vapour > dryer_g_m3 else 0.0
        humidified = load.humidifier * e.humidifier_kg_h / 3.6
        plants = load.vapour_g_s + load.vapour_g_s_k * self.t
        source = (
            plants
            + humidified
            + exchange * outside.vapour_g_m3
            + wet_cool * coil_g_m3
            + wet_dry * dryer_g_m3
        )
        sinks = load.vapour_m3_s + exchange + wet_cool + wet_dry
        end, vapour = relax(self.vapour, source, sinks, volume, dt_s)
        transpired = (plants - load.vapour_m3_s * vapour) * dt_s
        by_cooler = wet_cool * (vapour - coil_g_m3) * dt_s
        by_dryer = wet_dry * (vapour - dryer_g_m3) * dt_s
        self.vapour = end

        # Heat. Lamps, fans and pumps end as heat; evaporation takes it, condensation in the room's
        # own dryer gives it back with the dryer's power.
        dryer_j = by_dryer / 1000 / e.dehumidifier_kg_kwh * 3.6e6
        humidifier_w = load.humidifier * e.humidifier_kg_h * e.humidifier_w_kg_h
        heater_w = load.heater * e.heater_w
        fans_w = load.exhaust * e.exhaust_w + load.circulation * e.circulation_w
        latent_j = LATENT_J_G * (transpired + humidified * dt_s - by_dryer)
        gains_w = load.heat_w + heater_w + humidifier_w + fans_w + dryer_j / dt_s
        envelope = self._ua_w_k + exchange * AIR_J_M3_K
        coil = cool * AIR_J_M3_K if self.t > e.cooler_coil_c else 0.0
        heat = (
            gains_w
            - latent_j / dt_s
            + self._coupling_w_k * self.contents
            + envelope * outside.temperature_c
            + coil * e.cooler_coil_c
        )
        conductance = self._coupling_w_k + envelope + coil
        capacity = volume * AIR_J_M3_K
        t_before = self.t
        self.t, mean_t = relax(self.t, heat, conductance, capacity, dt_s)
        to_contents = self._coupling_w_k * (mean_t - self.contents) * dt_s
        self.contents += to_contents / self._contents_j_k
        cooled_j = coil * (mean_t - e.cooler_coil_c) * dt_s

        # What the air cannot hold wets the surfaces and warms them.
        surfaces = 0.0
        if abs(self.t - self._saturation_t) > 0.02:
            self._saturation_t = self.t
            self._saturation = saturated_g_m3(self.t)
        if self.vapour > self._saturation:
            surfaces = (self.vapour - self._saturation) * volume
            self.vapour = self._saturation
            self.contents += surfaces * LATENT_J_G / self._contents_j_k

        # CO2
        injected = load.co2 * e.co2_g_h / 3600
        self.co2, co2 = relax(
            self.co2,
            injected + load.co2_g_s + exchange * outside.co2_g_m3,
            exchange + load.co2_m3_s,
            volume,
            dt_s,
        )

        flows.seconds = dt_s
        flows.temperature_c = mean_t
        flows.vapour = vapour
        flows.co2 = co2
        flows.stored_j = capacity * (self.t - t_before) + to_contents + surfaces * LATENT_J_G
        flows.gains_j = gains_w * dt_s
        flows.latent_j = latent_j - surfaces * LATENT_J_G
        flows.cooled_j = cooled_j
        flows.envelope_j = envelope * (mean_t - outside.temperature_c) * dt_s
        flows.transpired_g = transpired
        flows.humidified_g = humidified * dt_s
        flows.condensed_cooler_g = by_cooler
        flows.condensed_dehumidifier_g = by_dryer
        flows.condensed_surfaces_g = surfaces
        flows.vapour_out_g = exchange * (vapour - outside.vapour_g_m3) * dt_s
        flows.co2_injected_g = injected * dt_s
        flows.co2_out_g = exchange * (co2 - outside.co2_g_m3) * dt_s
        flows.co2_taken_g = (load.co2_m3_s * co2 - load.co2_g_s) * dt_s
        flows.heating_j = heater_w * dt_s
        flows.cooling_j = (cooled_j + by_cooler * LATENT_J_G) / e.cop
        flows.humidity_j = humidifier_w * dt_s + dryer_j
        flows.dryer_j = dryer_j
        flows.fans_j = fans_w * dt_s


def saturated_g_m3(t: float) -> float:
    """Vapour in saturated air, g/m³."""
    return absolute_humidity_g_m3(t, 100.0)


class _Saturation:
    """Saturation at the few coil temperatures there are."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[float, float] = {}

    def __call__(self, t: float) -> float:
        found = self._known.get(t)
        if found is None:
            found = self._known[t] = saturated_g_m3(t)
        return found


_COIL_SATURATION = _Saturation()


def _coil_m3_s(rated_w: float, coil_c: float) -> float:
    """Air (m³/s) brought to the state of the coil so that sensible and latent heat together are
    the rated capacity at the rating condition."""
    t, humidity = _RATED_AT
    sensible = AIR_J_M3_K * (t - coil_c)
    latent = LATENT_J_G * max(0.0, absolute_humidity_g_m3(t, humidity) - saturated_g_m3(coil_c))
    return rated_w / (sensible + latent)
