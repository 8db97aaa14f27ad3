"""The page that is published of a campaign: docs/safety.md."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from .invariants import INVARIANTS
from .model import Row, Scenario

_HEAD = """\
<!-- Written by scripts/safety_page from the fault campaign. Do not edit: change the scenarios in
vfarm_core/twin/campaign and run the script. -->

# What happens when something fails

vfarm is run against a list of troubles before it is run against plants. Each row below is a story:
a simulated farm under the same control and runtime that run a real one, to which something happens.
It passes when what is expected comes within its deadline and stays, when what is listed for the end
is true, and when **none of the rules was broken after any step**, of this story or any other.

{passed} of {total} scenarios pass. To run them: `vfarm twin faults` (one: `vfarm twin faults --only
{example}`, as data: `--json`). The runs are deterministic and take a minute or two.

## What this is not

- **It is a simulation.** Devices, water and air are those of the twin; a relay that welds here is
  a line of data. What Home Assistant itself does to services and entities is tested apart from
  this, in `tests/integration` and `tests/e2e`.
- **Chemistry is simple in it.** Stocks raise the EC in a straight line and acid moves the pH by so
  much a litre; a tank mixes with one time constant. What real water does to pH is less tidy, which
  is why doses are small, are judged by what they did, and are capped.
- **Home Assistant is not the last line.** While the process is down nothing but the device itself
  can act: hardware timers, a float switch with its own relay, a normally closed valve. The
  deadlines of a kill below are the time away plus the time to put things in order.
- **vfarm is no gas alarm and no emergency stop for people.** A certified CO2 detector with its own
  valve and fan, and hard-wired isolation, protect people.

## What it does not see

- A single sensor that lies within the possible is believed. What bounds the harm is the maximum
  on-time, the daily cap, and any second sensor: a trip takes the worst of them.
- A probe that drifts slowly enough is followed: what it is chased by is bounded by the caps of a
  dose, an hour and a day, and by the check that a person has to repeat. Two probes that are wrong
  by the same amount are believed.
- Between a kill and the restart a dosing pump without a timer of its own, and a fill valve, stay as
  they are. Pumps that end their pulses themselves, and a second valve or a mechanical float, do not
  wait for vfarm.
- A clock that is set, back or forward, changes no shot, on-time or photoperiod: the night takes it
  up. Where nothing counts the sleep of a machine (only Linux does), one that is **set forward**
  looks like sleep: a shot or an on-time then ends early, never late, and the light day under way is
  shorter by as much. What is in its dangerous state outside of a shot ends early in any case.
- A disk that fails is noticed at the next write: at once where something is to be opened, within
  a minute while water flows, within five minutes while lamps are on.

## The rules

Checked after every step, by what the simulated devices physically do and what is on disk. A device
that is itself in trouble, and every device until a minute after a restart, is not held to its
limits (nothing could be done about it); what control wants of it still is. Healthy devices get
{reaction} s to carry out what was decided.

| Rule | What it says |
|---|---|
"""


def page(scenarios: Sequence[Scenario], rows: Sequence[Row], reaction_s: float) -> str:
    """The page in Markdown."""
    passed = sum(row.passed for row in rows)
    text = _HEAD.format(
        passed=passed, total=len(rows), example=scenarios[0].key, reaction=f"{reaction_s:g}"
    )
    text += "".join(f"| `{key}` | {what} |\n" for key, what in INVARIANTS.items())
    pairs = list(zip(scenarios, rows, strict=True))
    for group, found in groupby(pairs, key=lambda pair: pair[0].group):
        text += f"\n## {group}\n\n"
        text += "| | What happens | Expected | Deadline | Observed | Rule most at stake |\n"
        text += "|---|---|---|--:|--:|---|\n"
        for scenario, row in found:
            text += _line(scenario, row)
    return text


def _line(scenario: Scenario, row: Row) -> str:
    seen = "–" if row.observed_s is None else _time(row.observed_s)
    expected = str(scenario.expect) + "".join(f"; at the end: {c}" for c in scenario.after)
    failed = "" if row.passed else f" **Failed: {row.detail}**"
    cells = (
        "✓" if row.passed else "✗",
        f"{scenario.title}<br>`{scenario.key}`{failed}",
        expected,
        "at once" if scenario.deadline_s == 0 else _time(scenario.deadline_s),
        seen,
        f"`{row.invariant}`",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _time(seconds: float) -> str:
    if seconds < 600:
        return f"{seconds:g} s"
    if seconds < 7200:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h"
