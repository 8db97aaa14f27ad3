"""The comparison of vfarm with plain automations as tables, and as docs/quality.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .quality import CRITICAL_PCT, DLI_PCT, WARNING_PCT, QualityReport, Side, Verdict

_UNITS = {"air_temperature": ("K", 2), "humidity": ("%", 1), "vpd": ("kPa", 2), "co2": ("ppm", 0)}

type Rows = list[tuple[str, ...]]


def air_rows(report: QualityReport) -> Rows:
    """One row a room and quantity, head first."""
    rows: Rows = [
        (
            "Room, quantity",
            "in warning: vfarm",
            "plain",
            "in critical: vfarm",
            "plain",
            "off target: vfarm",
            "plain",
        )
    ]
    plain = {(a.zone, a.quantity): a for a in report.baseline.air}
    for a in report.vfarm.air:
        b = plain[a.zone, a.quantity]
        rows.append(
            (
                f"{a.zone}, {a.quantity}",
                _percent(a.inside_warning_pct),
                _percent(b.inside_warning_pct),
                _percent(a.inside_critical_pct),
                _percent(b.inside_critical_pct),
                _off(a.quantity, a.off_target),
                _off(b.quantity, b.off_target),
            )
        )
    return rows


def batch_rows(report: QualityReport) -> Rows:
    """One row a batch, head first."""
    rows: Rows = [
        (
            "Batch",
            "light days",
            "DLI asked",
            "off by: vfarm",
            "plain",
            "worst day: vfarm",
            "plain",
            "kg: vfarm",
            "plain",
        )
    ]
    for a, b in zip(report.vfarm.batches, report.baseline.batches, strict=True):
        rows.append(
            (
                a.title,
                f"{a.light_days}",
                "–" if a.dli_target is None else f"{a.dli_target:.2f}",
                _signed(a.dli_deviation_pct),
                _signed(b.dli_deviation_pct),
                _signed(a.dli_worst_day_pct),
                _signed(b.dli_worst_day_pct),
                f"{a.yield_kg:.2f}",
                f"{b.yield_kg:.2f}",
            )
        )
    return rows


def sum_rows(report: QualityReport) -> Rows:
    """One row a figure of the whole farm, head first."""
    a, b = report.vfarm, report.baseline
    rows: Rows = [("", "vfarm", "plain")]

    def row(name: str, ours: float | None, theirs: float | None, digits: int = 1) -> None:
        rows.append((name, _number(ours, digits), _number(theirs, digits)))

    row("Minutes inside warning limits, %", a.inside_warning_pct, b.inside_warning_pct, 3)
    row("Minutes inside critical limits, %", a.inside_critical_pct, b.inside_critical_pct, 3)
    row("Light off its target, %", a.dli.deviation_pct, b.dli.deviation_pct, 2)
    for name, kwh in a.kwh.items():
        row(f"kWh {name}", kwh, b.kwh[name])
    row("kWh altogether", a.kwh_total, b.kwh_total)
    row("kWh per kg grown", a.kwh_per_kg, b.kwh_per_kg)
    for name in ("refilled", "transpired", "pumped", "humidified"):
        row(f"Litres {name}", a.litres[name], b.litres[name], 0)
    row("CO2, kg", a.co2_kg, b.co2_kg, 2)
    row("kg grown", a.gained_kg, b.gained_kg, 2)
    row("Commands to devices", a.commands, b.commands, 0)
    row("Shots", a.shots, b.shots, 0)
    row("Minutes of overloaded lamp supplies", a.lamp_overload_minutes, b.lamp_overload_minutes, 0)
    return rows


def page(report: QualityReport) -> str:
    """docs/quality.md."""
    return _PAGE.format(
        days=f"{report.days:g}",
        seed=report.seed,
        warning=f"{WARNING_PCT:g}",
        critical=f"{CRITICAL_PCT:g}",
        dli=f"{DLI_PCT:g}",
        targets=_table(_target_rows(report)),
        outside=_table(_outside_rows(report)),
        air=_table(air_rows(report)),
        batches=_table(batch_rows(report)),
        sums=_table(sum_rows(report)),
        reading=_reading(report),
    )


def _target_rows(report: QualityReport) -> Rows:
    rows: Rows = [("Target", "vfarm", "", "plain", "")]
    for key, name in (
        ("inside_warning", f"Inside warning limits, at least {WARNING_PCT:g} % of the minutes"),
        ("inside_critical", f"Inside critical limits, at least {CRITICAL_PCT:g} % of the minutes"),
        ("dli", f"DLI within ±{DLI_PCT:g} %, every light day"),
    ):
        ours, theirs = report.vfarm.targets[key], report.baseline.targets[key]
        show = _signed if key == "dli" else _percent
        rows.append((name, show(ours.worst), _met(ours), show(theirs.worst), _met(theirs)))
    return rows


def _outside_rows(report: QualityReport) -> Rows:
    rows: Rows = [("Room, quantity", "vfarm", "plain")]
    plain = {(a.zone, a.quantity): a for a in report.baseline.air}
    for a in report.vfarm.air:
        b = plain[a.zone, a.quantity]
        if a.outside_by_hour or b.outside_by_hour:
            hours = (_hours(a.outside_by_hour), _hours(b.outside_by_hour))
            rows.append((f"{a.zone}, {a.quantity}", *hours))
    return rows


def _hours(by_hour: Mapping[str, float]) -> str:
    """The three worst hours, and the rest."""
    worst = sorted(by_hour, key=lambda hour: (-by_hour[hour], hour))
    shown = [f"{hour} h: {by_hour[hour]:g}" for hour in worst[:3]]
    rest = sum(by_hour[hour] for hour in worst[3:])
    return ", ".join([*shown, *([f"others: {rest:g}"] if rest else [])]) or "0"


def _met(verdict: Verdict) -> str:
    return "met" if verdict.met else "missed"


def _reading(report: QualityReport) -> str:
    """What the figures say, for either outcome."""
    a, b = report.vfarm, report.baseline
    return "\n".join(
        (
            f"- Electricity: {_change(a.kwh_total, b.kwh_total)} under vfarm than under plain "
            f"automations; water taken in: {_change(a.litres['refilled'], b.litres['refilled'])}; "
            f"kg grown: {_change(a.gained_kg, b.gained_kg)}.",
            f"- Distance from the recipes' temperatures: {_mean_off(a, 'air_temperature'):.2f} K "
            f"under vfarm, {_mean_off(b, 'air_temperature'):.2f} K under plain automations; from "
            f"their humidity: {_mean_off(a, 'humidity'):.1f} and {_mean_off(b, 'humidity'):.1f} %.",
            f"- Minutes outside of warning limits: {_outside(a):g} under vfarm, {_outside(b):g} "
            "under plain automations.",
        )
    )


def _change(ours: float, theirs: float) -> str:
    if not theirs:
        return "as much" if not ours else "more"
    change = 100 * (ours / theirs - 1)
    return f"{abs(change):.1f} % {'less' if change < 0 else 'more'}"


def _mean_off(side: Side, quantity: str) -> float:
    found = [x for a in side.air if a.quantity == quantity and (x := a.off_target) is not None]
    return sum(found) / len(found) if found else 0.0


def _outside(side: Side) -> float:
    return sum(a.minutes_outside_warning for a in side.air)


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def _number(value: float | None, digits: int) -> str:
    if value is None:
        return "–"
    # Rounded first: there is no minus zero.
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{_number(value, 2)} %"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{round(value, 2) + 0.0:+.2f} %"


def _off(quantity: str, value: float | None) -> str:
    unit, digits = _UNITS[quantity]
    return "–" if value is None else f"{_number(value, digits)} {unit}"


_PAGE = """\
<!-- Written by `vfarm twin quality --page > docs/quality.md`. Do not edit: change
vfarm_core/twin/quality_page.py and write it again. -->

# How well the farm is kept

The demo farm (two rooms, sixteen levels, five crops in ten batches) runs for {days} days twice in
one run: under vfarm, and under plain automations as a hobbyist writes them in Home Assistant. Farm,
plants, devices, sensors with their errors (seed {seed}) and winter weather are the same. To repeat
it: `vfarm twin quality` (as data: `--json`).

{targets}

The percentage is the worst of any quantity of any room, the DLI that of the worst light day of any
batch.

{reading}

## Where a limit was left

Minutes outside of warning limits, by the hour of the day.

{outside}

- **VPD after lights-on.** The limits of the day come with the lamps, the warmth of the day half an
  hour later: a cold, humid night meets the day's lower VPD limit at once. vfarm dries for half an
  hour ahead of that; how far depends on the coil of the dryer. Air of 11 °C has 0.25 kPa only below
  a dew point of about 8 °C, close to the 7 °C of the coil, so that the coldest nights still begin
  their day too humid until the lamps have warmed the room. (Drying for an hour changes nothing;
  with a coil of 2 °C 31 of 189 minutes are left.) Warming ahead of lights-on would help; vfarm does
  not do it, because the recipe asks for a cold night. Plain automations know no cold night.
- **VPD at the upper limit by day.** A dryer that runs its minimum time and a cooler that condenses
  together dry the air beyond the target, for a minute at a time.

## Air

Minutes inside the limits, of the minutes that have such limits, and the mean distance from the
recipe's target of the hour.

{air}

## Light and yield

DLI in mol/m²/d; `off by` over all complete light days, `kg` what was or would be harvested, fresh.

{batches}

## Altogether

{sums}

## How it is measured

- **One judge, the truth.** Both sides are judged by the same code from the twin's true air and
  light, not from what sensors say, once a minute. It asks neither controller whether it is day: it
  is where the recipes plan light.
- **Limits** are those of all the batches of a room together. A minute counts where there is a
  limit: recipes limit VPD by day only, and strawberries have no critical humidity by night. Nothing
  counts in a room where nothing grows.
- **Light** is counted from lights-on to lights-on. The first and the last, incomplete days of a
  batch do not count.
- **Targets**: at least {warning} % of the minutes inside warning and {critical} % inside critical
  limits for each quantity of each room, and every light day within ±{dli} % of its DLI.

The plain automations (`vfarm_core/twin/baseline.py`) are: a thermostat and a humidistat for each
room with the recipe's day value around the clock; a CO2 valve below a threshold while a lamp timer
is on; lamps on a timer at a fixed output; pump and valve on a timer, circuits of one pump by turns;
a float that tops up each tank between two marks, and a person who feeds it (EC and pH are not part
of the comparison). No night values, no ramps, no output that follows the light integral, no
shedding, no proof. They are made as good as that allows: hysteresis and minimum times are those of
vfarm, heating and cooling never overlap, shots come at the same times, and somebody types in the
values of a new phase the minute it begins.

## What this does not show

- **Nothing fails here.** Sensors have noise and bias, but every device obeys. What happens when
  something fails is in [safety.md](safety.md); plain automations have no answer to most of it.
- **Limits are wide, so staying inside them is no feat.** A room that is held at the day's values
  around the clock leaves them less often than one that follows a recipe from day to night and back;
  what that costs shows in the distance from the target, in electricity and in water.
- **Lamps are exactly what their data say.** The twin's lamps do not age, so that a fixed output is
  exact as well. vfarm's small deviation comes from its dawn and dusk, made up for within the day,
  and from the noise of quantum sensors.
- **Models.** Plants grow by light, CO2 and temperature; that cool nights make better strawberries
  and that humid nights prevent tip-burn is not in the twin's yield.
"""
