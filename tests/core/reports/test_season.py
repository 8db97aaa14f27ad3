"""A season of the demo farm, told faster: its ledger says what the twin has counted, though the
process is killed now and then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vfarm_core.batches.model import BatchState
from vfarm_core.batches.rollout import RolloutState
from vfarm_core.cli.twin import app
from vfarm_core.ledger.store import Ledger
from vfarm_core.reports.batch import summary
from vfarm_core.reports.season import LIMIT_PCT, Row, SeasonReport, audit
from vfarm_core.reports.season_page import page
from vfarm_core.reports.trace import trace
from vfarm_core.twin.season import ROLLOUT, SOWINGS, Season, run_season
from vfarm_core.twin.simulate import SimulationError

#: In so few days there are few fills and shots, so that the noise of their meters shows more.
FEW_PCT = 1.0


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    return run_season(tmp_path_factory.mktemp("season") / "ledger.db", days=6.0, kills=4)


@pytest.fixture(scope="module")
def report(season: Season) -> SeasonReport:
    return audit(season)


def test_twelve_batches_of_five_crops_are_grown_one_after_the_other(season: Season) -> None:
    grown = season.simulation.runtime.memory.batches
    assert len(grown) == len(SOWINGS) == 12
    assert len({batch.crop for batch in grown.values()}) == 5
    harvested = [b for b in grown.values() if b.state is BatchState.HARVESTED]
    assert len(harvested) == 8
    assert all(b.cuts[-1].waste_kg and len(b.cuts[-1].grades) == 2 for b in harvested)
    levels = [level for sowing in SOWINGS for level in sowing.levels]
    assert len(levels) > len(set(levels)), "levels are sown again"


def test_two_versions_grow_side_by_side_until_the_new_one_is_for_all(season: Season) -> None:
    memory = season.simulation.runtime.memory
    rollout = memory.rollouts[ROLLOUT]
    assert rollout.state is RolloutState.DONE
    versions = {key: memory.batches[key].recipe_version for key in memory.batches}
    assert versions["lettuce-3"] == versions["lettuce-1"] == rollout.from_version
    assert versions["lettuce-4"] == versions["lettuce-6"] == rollout.to_version


def test_the_totals_of_the_ledger_are_those_of_the_twin(report: SeasonReport) -> None:
    assert len(report.totals) >= 15
    assert {row.unit for row in report.totals} == {"kWh", "L", "mL", "mol", "kg", "plants"}
    assert all(row.twin > 0 for row in report.totals)
    for row in report.totals:
        limit = FEW_PCT if row.unit == "L" else LIMIT_PCT
        assert row.difference_pct is not None
        assert abs(row.difference_pct) <= limit, row


def test_what_batches_and_nobody_were_given_is_all_of_it(report: SeasonReport) -> None:
    assert report.shared
    for row in report.shared:
        assert row.passed, row
        assert row.ledger > 0


def test_the_history_of_a_season_is_whole(report: SeasonReport) -> None:
    assert report.intact
    assert report.kills == 4
    assert report.not_understood == 0
    assert report.rollout == "done"
    assert any(
        len(grown) == 3 for version, grown in report.versions.items() if "lettuce" in version
    )


def test_seed_leads_to_every_harvest_of_a_season(season: Season) -> None:
    ledger = Ledger(season.ledger_path, read_only=True)
    try:
        found = trace(ledger, "seed-lettuce_butterhead")
        assert {b.id for b in found.batches} == {f"lettuce-{n}" for n in range(1, 7)}
        assert len(found.harvest_lots) == 5
        whole = summary(ledger, "lettuce-3")
        assert len(whole.harvests) == 2, "some heads were cut before the others"
        assert whole.kg is not None
        assert whole.kg > 5
    finally:
        ledger.close()


def test_a_total_that_is_off_fails() -> None:
    assert Row(what="x", unit="L", ledger=100.4, twin=100.0).passed
    off = Row(what="x", unit="L", ledger=100.6, twin=100.0)
    assert not off.passed
    assert off.difference_pct == pytest.approx(0.6)
    assert Row(what="x", unit="L", ledger=0.0, twin=0.0).passed
    assert not Row(what="x", unit="L", ledger=1.0, twin=0.0).passed


def test_the_page_tells_the_same(report: SeasonReport) -> None:
    text = page(report)
    for row in report.totals:
        assert f"| {row.what} | {row.unit} |" in text


def test_a_season_has_its_days_and_begins_with_nothing(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="days"):
        run_season(tmp_path / "ledger.db", days=1.0)
    (tmp_path / "ledger.db").write_text("something of somebody's")
    with pytest.raises(SimulationError, match="exists"):
        run_season(tmp_path / "ledger.db", days=6.0)


def test_the_command_says_what_is_wrong_with_its_days() -> None:
    done = CliRunner().invoke(app, ["season", "--days", "400", "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["key"] == "days"
