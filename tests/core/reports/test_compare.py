"""Two versions of a recipe, held against each other by their batches."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.core.ledger.conftest import postgresql, where
from tests.core.ledger.history import DAY_S, HOUR_S, T0, hour, sow, tell
from vfarm_core import cli
from vfarm_core.batches.rollout import Finding
from vfarm_core.ledger.store import Ledger
from vfarm_core.reports.compare import Comparison, compare, data
from vfarm_core.reports.errors import ReportError, UnknownError
from vfarm_core.reports.statistics import Verdict

__all__ = ["postgresql", "where"]

OLD, NEW = "aaaa" * 16, "bbbb" * 16


@pytest.fixture
def ledger(where: Path | str) -> Iterator[Ledger]:
    with closing(Ledger(where)) as made:
        yield made


def grown(
    made: Ledger,
    key: str,
    version: str,
    kg: float | None,
    *,
    at: float = T0,
    days: float = 20.0,
    **told: Any,
) -> None:
    """A batch from sowing to harvest, on half a square metre."""
    sow(made, key, at, version=version, **told)
    used = {"energy_kwh": {"light": 6.0}, "shares": {key: 1.0}}
    hour(made, "level", at + HOUR_S, **used)
    fill = {"node": "tank", "planned_l": 30.0, "by": "controller"}
    tell(made, "fill_ended", at + HOUR_S, delivered_l=30.0, shares={key: 1.0}, **fill)
    end = {"batch": key, "lot": f"{key}.1", "kg": kg, "title": key}
    tell(made, "batch_harvested", at + days * DAY_S, **end)


def season(made: Ledger, *, gain: float = 1.3) -> None:
    for n, kg in enumerate((1.0, 1.1, 0.9, 1.05)):
        grown(made, f"old{n}", OLD, kg, at=T0 + n * DAY_S)
        grown(made, f"new{n}", NEW, kg * gain, at=T0 + n * DAY_S, days=18.0)


def test_yield_days_energy_water_and_losses_of_both(ledger: Ledger) -> None:
    season(ledger)
    tell(ledger, "batch_loss", T0 + DAY_S, batch="late", plants=1)
    found = compare(ledger, "basil", old=OLD, new=NEW)
    of = found.measure
    assert of("yield_kg_m2").old.mean == pytest.approx(1.0125 / 0.5)
    assert of("yield_kg_m2").new.mean == pytest.approx(1.3 * 1.0125 / 0.5)
    assert of("yield_g_m2_d").new.mean == pytest.approx(1300 * 1.0125 / 0.5 / 18)
    assert (of("days").old.mean, of("days").new.mean) == (20.0, 18.0)
    first = next(r for r in found.replicates if r.batches == ("old0",))
    assert first.figures["energy_kwh_kg"] == pytest.approx(6.0)
    assert first.figures["water_l_kg"] == pytest.approx(30.0)
    assert first.figures["losses"] == 0.0
    assert of("yield_kg_m2").contrast.verdict is Verdict.HIGHER
    assert of("yield_kg_m2").contrast.change == pytest.approx(0.3)
    # The same in each: copies are no replicates.
    assert of("days").contrast.why == "no_spread"
    assert found.judgement(7.0).finding is Finding.NOT_LOWER
    assert (found.judgement(7.0).old_n, found.judgement(7.0).new_n) == (4, 4)


def test_versions_by_their_beginning_or_the_two_sown_last(ledger: Ledger) -> None:
    grown(ledger, "first", "cccc" * 16, 1.0, at=T0 - 90 * DAY_S)
    season(ledger)
    assert (compare(ledger, "basil").old, compare(ledger, "basil").new) == (OLD, NEW)
    by_name = compare(ledger, "basil", old="cccc", new="aaaa")
    assert (by_name.old, by_name.new) == ("cccc" * 16, OLD)
    assert "not_at_the_same_time" in by_name.notes


def test_what_changed_its_version_counts_for_neither(ledger: Ledger) -> None:
    season(ledger)
    grown(ledger, "moved", OLD, 9.0)
    tell(ledger, "recipe_changed", T0 + 21 * DAY_S, batch="moved", recipe="basil", version=NEW)
    sow(ledger, "young", T0, version=NEW)
    found = compare(ledger, "basil", old=OLD, new=NEW)
    assert found.left_out == {"moved": "changed_version", "young": "still_growing"}
    assert found.measure("yield_kg_m2").new.n == 4


def test_what_was_split_from_one_sowing_counts_once(ledger: Ledger) -> None:
    season(ledger)
    part = [{"batch": "old0", "plants": 10}]
    grown(ledger, "part", OLD, 0.5, at=T0, parents=part, plants=10)
    found = compare(ledger, "basil", old=OLD, new=NEW)
    assert found.measure("yield_kg_m2").old.n == 4
    assert "split_counts_once" in found.notes
    both = next(r for r in found.replicates if set(r.batches) == {"old0", "part"})
    assert both.figures["yield_kg_m2"] == pytest.approx(1.5 / 1.0)


def test_losses_are_shares_of_what_was_sown(ledger: Ledger) -> None:
    season(ledger)
    sow(ledger, "lossy", T0, version=NEW)
    tell(ledger, "batch_loss", T0 + DAY_S, batch="lossy", plants=5, plants_left=15)
    tell(ledger, "batch_harvested", T0 + 20 * DAY_S, batch="lossy", lot="l.1", kg=None)
    sow(ledger, "dead", T0, version=NEW)
    tell(ledger, "batch_failed", T0 + 5 * DAY_S, batch="dead", why="pythium")
    found = compare(ledger, "basil", old=OLD, new=NEW)
    shares = {r.batches[0]: r.figures["losses"] for r in found.replicates}
    assert shares["lossy"] == pytest.approx(0.25)
    assert shares["dead"] == 1.0
    # Nobody weighed them: they say nothing of the yield.
    assert found.measure("yield_kg_m2").new.n == 4


def test_too_few_are_refused_a_verdict_and_told_how_many(ledger: Ledger) -> None:
    for key, version, kg in (("a", OLD, 1.0), ("b", OLD, 1.2), ("c", NEW, 2.0), ("d", NEW, 2.3)):
        grown(ledger, key, version, kg)
    found = compare(ledger, "basil", old=OLD, new=NEW)
    told = found.measure("yield_kg_m2").contrast
    assert (told.verdict, told.why) == (Verdict.OPEN, "too_few")
    assert told.needed is not None
    assert found.judgement(0.0).finding is Finding.OPEN


def test_a_lower_yield_is_said(ledger: Ledger) -> None:
    season(ledger, gain=0.6)
    found = compare(ledger, "basil", old=OLD, new=NEW)
    assert found.judgement(0.0).finding is Finding.LOWER
    assert found.judgement(0.0).change == pytest.approx(-0.4)


def test_what_cannot_be_compared(ledger: Ledger) -> None:
    with pytest.raises(UnknownError):
        compare(ledger, "basil")
    grown(ledger, "only", OLD, 1.0)
    with pytest.raises(ReportError, match="one version only"):
        compare(ledger, "basil")
    with pytest.raises(UnknownError):
        compare(ledger, "basil", old="zzzz")
    with pytest.raises(ReportError):
        compare(ledger, "basil", effect=0.0)


def invoked(given: list[str]) -> Any:
    return CliRunner().invoke(cli.build(given), given, env={"COLUMNS": "200"})


def made_for_cli(tmp_path: Path) -> str:
    path = tmp_path / "ledger.db"
    with closing(Ledger(path)) as made:
        season(made)
    return str(path)


def test_the_command_prints_the_same(tmp_path: Path) -> None:
    db = made_for_cli(tmp_path)
    asked = ["ledger", "compare", db, "--recipe", "basil", "--old", "aaaa", "--new", "bbbb"]
    said = invoked([*asked, "--json"])
    assert said.exit_code == 0, said.output
    found = json.loads(said.output)
    (first, *_) = found["measures"]
    assert (first["measure"], first["decides"], first["verdict"]) == ("yield_kg_m2", True, "higher")
    assert first["method"] == "welch_t"
    assert first["new"]["n"] == 4
    shown = invoked(asked)
    assert shown.exit_code == 0, shown.output
    assert "higher" in shown.output
    assert "welch_t assumes: independent batches" in shown.output


def test_the_command_without_scipy_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    db = made_for_cli(tmp_path)
    said = invoked(["ledger", "compare", db, "--recipe", "basil", "--json"])
    assert said.exit_code == 0, said.output
    found = json.loads(said.output)
    assert found["install"] == "pip install 'vfarm-core[optim]'"
    assert {m["verdict"] for m in found["measures"]} == {"open"}


def test_an_unknown_recipe_is_an_error(tmp_path: Path) -> None:
    db = made_for_cli(tmp_path)
    said = invoked(["ledger", "compare", db, "--recipe", "kelp", "--json"])
    assert said.exit_code == 1
    assert "kelp" in json.loads(said.output)["error"]["message"]


def test_its_values_are_json(ledger: Ledger) -> None:
    season(ledger)
    found: Comparison = compare(ledger, "basil", old=OLD, new=NEW)
    assert json.loads(json.dumps(data(found)))["old"] == OLD[:12]
