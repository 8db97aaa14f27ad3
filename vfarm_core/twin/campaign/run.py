"""Run scenarios and say what came of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from .conditions import Condition
from .model import Row, Scenario
from .scenarios import SCENARIOS
from .stage import Stage


class UnknownScenarioError(LookupError):
    """A key that no scenario has; the message names it."""


def select(keys: Iterable[str]) -> tuple[Scenario, ...]:
    """The scenarios of these keys in the order of the campaign, all of them when there are none.
    Raises UnknownScenarioError."""
    wanted = list(keys)
    known = {s.key: s for s in SCENARIOS}
    for key in wanted:
        if key not in known:
            raise UnknownScenarioError(f"there is no scenario {key!r}")
    return tuple(s for s in SCENARIOS if not wanted or s.key in wanted)


def run_campaign(
    scenarios: Sequence[Scenario] = SCENARIOS, tell: Callable[[Row], None] | None = None
) -> tuple[Row, ...]:
    """Run scenarios one after the other; `tell` hears of each when it is done."""
    rows = []
    for scenario in scenarios:
        row = run(scenario)
        rows.append(row)
        if tell is not None:
            tell(row)
    return tuple(rows)


def run(scenario: Scenario) -> Row:
    """Run one scenario."""
    with tempfile.TemporaryDirectory(prefix="vfarm-campaign-") as directory:
        try:
            return _run(scenario, Path(directory))
        except Exception as err:  # a fault of control is a finding, not the end of the campaign
            return _row(scenario, None, f"{type(err).__name__}: {err}")


def _run(scenario: Scenario, directory: Path) -> Row:
    stage = Stage(scenario, directory)
    end = stage.zero + scenario.run_s
    stage.run(stage.zero)
    since: float | None = None
    expected = scenario.expect
    try:
        while True:
            if stage.incident_at is None or not expected.holds(stage):
                since = None
            elif since is None:
                since = stage.now
            if stage.now >= end:
                break
            stage.step(end)
    finally:
        stage.close()
    observed = None
    if since is not None and stage.incident_at is not None:
        observed = round(max(0.0, since - stage.incident_at), 1)
    failures = []
    if not stage.told:
        failures.append("the story did not happen to its end")
    if scenario.given is not None and not stage.given:
        failures.append(f"nothing was at stake: {scenario.given}")
    if observed is None:
        failures.append(f"did not come: {_failed(expected, stage)}")
    elif observed > scenario.deadline_s:
        failures.append(f"came after {observed:g} s: {expected}")
    failures += [f"at the end: {_failed(c, stage)}" for c in scenario.after if not c.holds(stage)]
    broken = list(stage.watch.broken.values())
    if broken:
        failures += [f"{b.invariant} after {b.at_s:g} s: {b.detail}" for b in broken]
    invariant = broken[0].invariant if broken else scenario.invariant
    detail = "; ".join(failures) or f"{scenario.title}. Expected: {expected}"
    return Row(
        scenario=scenario.key,
        passed=not failures,
        deadline_s=float(scenario.deadline_s),
        observed_s=observed,
        invariant=invariant,
        detail=detail,
    )


def _failed(condition: Condition, stage: Stage) -> str:
    """The parts of a condition that are not true."""
    parts = getattr(condition, "parts", None)
    if parts is None:
        return str(condition)
    return "; ".join(_failed(part, stage) for part in parts if not part.holds(stage))


def _row(scenario: Scenario, observed: float | None, detail: str) -> Row:
    return Row(
        scenario=scenario.key,
        passed=False,
        deadline_s=float(scenario.deadline_s),
        observed_s=observed,
        invariant=scenario.invariant,
        detail=detail,
    )
