"""`vfarm science …`: the formulas a grower reaches for, from the command line."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ..science import air, canopy, light, water
from ..science.errors import ScienceError
from ..science.light import Lamp
from ..science.standards import STANDARDS, Standard, shown_at
from ..science.water import EcUnit
from .printing import argument_facts, refusals

app = typer.Typer(no_args_is_help=True, help="Formulas of air, light and water.")

Temperature = Annotated[float, typer.Option("--temperature", "-t", help="Air temperature, °C.")]
Humidity = Annotated[float, typer.Option("--humidity", "--rh", help="Relative humidity, %.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

type Value = float | str | bool

#: label and unit of every quantity that is printed
_LABELS: dict[str, tuple[str, str]] = {
    "temperature_c": ("Air temperature", "°C"),
    "humidity_pct": ("Relative humidity", "%"),
    "leaf_temperature_c": ("Leaf temperature", "°C"),
    "vpd_air_kpa": ("VPD of the air", "kPa"),
    "vpd_leaf_kpa": ("VPD of the leaf", "kPa"),
    "dew_point_c": ("Dew point", "°C"),
    "wet_bulb_c": ("Wet bulb", "°C"),
    "absolute_humidity_g_m3": ("Absolute humidity", "g/m³"),
    "ppfd_umol_m2_s": ("PPFD", "µmol/m²/s"),
    "hours": ("Light", "h"),
    "dli_mol_m2_d": ("DLI", "mol/m²/d"),
    "efficacy_umol_j": ("Fixture efficacy", "µmol/J"),
    "utilisation": ("Utilisation", ""),
    "lamp_power_w_m2": ("Lamp power", "W/m²"),
    "lamp_energy_kwh_m2_d": ("Lamp energy", "kWh/m²/d"),
    "lux": ("Illuminance", "lx"),
    "lamp": ("Lamp", ""),
    "estimated": ("Estimated", ""),
    "ec_measured_ms_cm": ("EC measured", "mS/cm"),
    "water_temperature_c": ("Water temperature", "°C"),
    "already_at_25": ("Compensated by the probe", ""),
    "ec_25_ms_cm": ("EC at 25 °C", "mS/cm"),
    "standard": ("Standard", ""),
    "shown_ms_cm": ("A right probe shows", "mS/cm"),
    "shown_ph": ("A right probe shows", "pH"),
    "source": ("Source", ""),
    "lai": ("Leaf area index", "m²/m²"),
    "par_w_m2": ("PAR", "W/m²"),
    "net_radiation_w_m2": ("Absorbed", "W/m²"),
    "sensible_w_m2": ("Heat to the air", "W/m²"),
    "latent_w_m2": ("Heat as vapour", "W/m²"),
    "transpiration_l_m2_h": ("Transpiration", "L/m²/h"),
}


@app.command()
def vpd(
    temperature: Temperature,
    humidity: Humidity,
    leaf_temperature: Annotated[
        float | None, typer.Option(help="Leaf temperature, °C; adds the VPD of the leaf.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Vapour pressure deficit of the air, and of the leaf if its temperature is given."""
    with _refusals(as_json):
        result: dict[str, Value] = {
            "temperature_c": temperature,
            "humidity_pct": humidity,
            "vpd_air_kpa": air.vpd_air_kpa(temperature, humidity),
        }
        if leaf_temperature is not None:
            result["leaf_temperature_c"] = leaf_temperature
            result["vpd_leaf_kpa"] = air.vpd_leaf_kpa(temperature, humidity, leaf_temperature)
        _show(result, as_json)


@app.command()
def dewpoint(temperature: Temperature, humidity: Humidity, as_json: AsJson = False) -> None:
    """Dew point, wet bulb and absolute humidity."""
    with _refusals(as_json):
        _show(
            {
                "temperature_c": temperature,
                "humidity_pct": humidity,
                "dew_point_c": air.dew_point_c(temperature, humidity),
                "wet_bulb_c": air.wet_bulb_c(temperature, humidity),
                "absolute_humidity_g_m3": air.absolute_humidity_g_m3(temperature, humidity),
            },
            as_json,
        )


@app.command()
def dli(
    ppfd: Annotated[float, typer.Option(help="PPFD at the canopy, µmol/m²/s.")],
    hours: Annotated[
        float, typer.Option("--hours", "--photoperiod", help="Hours of light per day.")
    ],
    efficacy: Annotated[
        float | None, typer.Option(help="Fixture efficacy, µmol/J; adds power and energy.")
    ] = None,
    utilisation: Annotated[
        float, typer.Option(help="Share of the fixture's photons that reach the canopy.")
    ] = 0.9,
    as_json: AsJson = False,
) -> None:
    """Daily light integral, and what it costs in electricity if the efficacy is given."""
    with _refusals(as_json):
        integral = light.dli_mol_m2_d(ppfd, hours)
        result: dict[str, Value] = {
            "ppfd_umol_m2_s": ppfd,
            "hours": hours,
            "dli_mol_m2_d": integral,
        }
        if efficacy is not None:
            result["efficacy_umol_j"] = efficacy
            result["utilisation"] = utilisation
            result["lamp_power_w_m2"] = light.lamp_power_w_m2(ppfd, efficacy, utilisation)
            result["lamp_energy_kwh_m2_d"] = light.lamp_energy_kwh_m2_d(
                integral, efficacy, utilisation
            )
        _show(result, as_json)


@app.command()
def ppfd(
    lux: Annotated[float, typer.Option(help="Reading of the lux meter, lx.")],
    lamp: Annotated[Lamp, typer.Option(help="The light it was measured under.")],
    factor: Annotated[
        float | None, typer.Option(help="µmol/m²/s per lx, measured under this very lamp.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """PPFD from lux: an estimate, refused for red and blue light without a measured factor."""
    with _refusals(as_json):
        _show(
            {
                "lux": lux,
                "lamp": lamp.value,
                "ppfd_umol_m2_s": light.ppfd_from_lux(lux, lamp, factor),
                "estimated": factor is None,
            },
            as_json,
        )


@app.command()
def ec25(
    ec: Annotated[float, typer.Option(help="What the probe shows, in --unit.")],
    temperature: Annotated[
        float, typer.Option("--temperature", "-t", help="Temperature of the solution, °C.")
    ],
    unit: Annotated[EcUnit, typer.Option(help="Scale of the probe.")] = EcUnit.MS_CM,
    alpha: Annotated[float, typer.Option(help="Temperature coefficient, 1/K.")] = 0.02,
    already_at_25: Annotated[
        bool, typer.Option("--already-at-25", help="The probe compensates by itself.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """EC referred to 25 °C. Most probes do this already: then say so."""
    with _refusals(as_json):
        measured = water.ec_from(ec, unit)
        _show(
            {
                "ec_measured_ms_cm": measured,
                "water_temperature_c": temperature,
                "already_at_25": already_at_25,
                "ec_25_ms_cm": water.ec_at_25(measured, temperature, alpha, already_at_25),
            },
            as_json,
        )


@app.command()
def standard(
    which: Annotated[Standard, typer.Argument(help="The standard solution.")],
    temperature: Annotated[
        float, typer.Option("--temperature", "-t", help="Temperature of the solution, °C.")
    ] = 25.0,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="The EC probe does not compensate by itself.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What a right probe shows in a standard solution at its temperature."""
    with _refusals(as_json):
        facts = STANDARDS[which]
        shown = shown_at(which, temperature, compensated=not as_is)
        key = "shown_ms_cm" if facts.is_conductivity else "shown_ph"
        _show(
            {
                "standard": which.value,
                "water_temperature_c": temperature,
                key: round(shown, 4),
                "source": facts.source,
            },
            as_json,
        )


@app.command()
def leaf(
    temperature: Temperature,
    humidity: Humidity,
    ppfd: Annotated[float, typer.Option(help="PPFD at the canopy, µmol/m²/s.")],
    lai: Annotated[float, typer.Option(help="Leaf area index, m²/m².")],
    lamp: Annotated[Lamp, typer.Option(help="Spectrum of the light.")] = Lamp.LED_WHITE,
    aerodynamic_resistance: Annotated[
        float, typer.Option(help="s/m: 100 with forced circulation, 200 in still air.")
    ] = canopy.R_A_FORCED_S_M,
    as_json: AsJson = False,
) -> None:
    """Leaf temperature, heat and transpiration of a lettuce canopy under lamps."""
    with _refusals(as_json):
        par = light.par_w_m2(ppfd, lamp)
        balance = canopy.canopy_balance(
            ppfd, par, temperature, humidity, lai, aerodynamic_resistance
        )
        _show(
            {
                "temperature_c": temperature,
                "humidity_pct": humidity,
                "ppfd_umol_m2_s": ppfd,
                "par_w_m2": par,
                "lai": lai,
                "leaf_temperature_c": balance.leaf_temperature_c,
                "vpd_leaf_kpa": air.vpd_leaf_kpa(temperature, humidity, balance.leaf_temperature_c),
                "net_radiation_w_m2": balance.net_radiation_w_m2,
                "sensible_w_m2": balance.sensible_w_m2,
                "latent_w_m2": balance.latent_w_m2,
                "transpiration_l_m2_h": balance.transpiration_l_m2_h,
            },
            as_json,
        )


def _show(result: dict[str, Value], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for key, value in result.items():
        label, unit = _LABELS[key]
        table.add_row(label, _text(value), unit)
    Console().print(table)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:.4g}"


def _refusals(as_json: bool) -> AbstractContextManager[None]:
    """A refused value becomes one clear line and exit code 1."""
    return refusals(as_json, ScienceError, facts=argument_facts)
