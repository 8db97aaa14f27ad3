"""The page of a season: what its ledger says beside what the twin counted."""

from __future__ import annotations

from ..twin.season import DAYS, GREEN
from .season import LIMIT_PCT, Row, SeasonReport


def row_of(row: Row) -> tuple[str, str, str, str, str]:
    """A total as it is shown."""
    return (
        row.what,
        row.unit,
        f"{row.ledger:,.2f}",
        f"{row.twin:,.2f}",
        "–" if row.difference_pct is None else f"{row.difference_pct:+.3f} %",
    )


def page(report: SeasonReport) -> str:
    """docs/season.md."""
    verdict = "passed" if report.passed else "FAILED"
    totals = _table(("Total", "", "ledger", "twin", "difference"), report.totals)
    shared = _table(("Shared", "", "batches and nobody", "delivered", "difference"), report.shared)
    versions = "\n".join(
        f"- `{version}`: {', '.join(grown)}" for version, grown in report.versions.items()
    )
    whole = "intact" if report.intact else "**broken**"
    command = "vfarm twin season" + (f" --kills {report.kills}" if report.kills else "")
    if report.days != DAYS:
        command += f" --days {report.days:g}"
    begun, least = f"{report.days:g} days", f"{LIMIT_PCT:g} %"
    green, took = ", ".join(GREEN), f"{report.wall_seconds / 60:.1f} minutes"
    return f"""<!-- Written by `{command} --page > docs/season.md`. Do not edit: change
vfarm_core/reports/season_page.py and write it again. -->

# A season, and whether its history is right

The demo farm runs for {begun} with the runtime, the journal and the ledger of a
real farm: twelve batches of five crops, levels that are cleaned and sown again after a harvest,
transplants, losses, a partial harvest, a move, lots and labour. A new version of
the lettuce recipe comes as a blue-green roll-out to the levels {green} and is promoted for all.
{_killed(report)}At the end every total of the ledger is held against what the twin has counted by
itself: litres through its pipes, joules of its devices, photons of its lamps, grams of its plants.

To repeat it: `{command}` (as data: `--json`). It ends with 1 when a total is off by
more than {least}. This run: **{verdict}**, {report.records:,} records, the chain is {whole},
{report.not_understood} records not understood; it took {took}.

{totals}

What is given is shared among the batches that it was for, and what nobody grew for is kept apart.
Both together have to be all of it, but for the rounding of shares:

{shared}

Batches of each version:

{versions}

## Where differences come from

- **Energy** of lamps, pumps, fans, heaters and humidifiers is their rating times what they
  report; the compressors of coolers and dryers draw what the air asks of them, so each has a power
  meter, which is read once a minute.
- **Water** is as good as the flow meters are (1 % of noise a reading). The 2 s until a meter shows
  that water flows count, since the pump has said that it runs.
- **Light** is what the lamps are known to give, on one level of each rack what a quantum sensor
  sees.
- **Mass** is weighed to the gram. That the plants themselves grow right is not shown here, but in
  [quality.md](quality.md) and by the tests of the growth models.
"""


def _killed(report: SeasonReport) -> str:
    if not report.kills:
        return ""
    return (
        f"{report.kills} times the process is killed at a moment that chance decides; it is back "
        "after 45 s, with what its journal knows.\n"
    )


def _table(head: tuple[str, ...], rows: tuple[Row, ...]) -> str:
    lines = [f"| {' | '.join(head)} |", "| --- | --- | ---: | ---: | ---: |"]
    lines += [f"| {' | '.join(row_of(row))} |" for row in rows]
    return "\n".join(lines)
