"""The report card of drills, from what control records of them to what the command line prints."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.core.ledger.history import DAY_S, T0, tell
from vfarm_core import cli
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify
from vfarm_core.reports.audit import deeds
from vfarm_core.reports.protections import protections

PUMP, VALVE = "pump.irrigation_pump", "tank.fill_valve"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A drill in which one protection worked and one did not, and what a person noted."""
    path = tmp_path / "ledger.db"
    with closing(Ledger(path)) as made:
        tell(made, "lot_received", T0, lot="S1", lot_kind="seed", amount=1)
        seen = {"protection": "watchdog", "loss": "controller", "by": "user:ada"}
        pump = {"node": "pump", "point": PUMP, "after_s": 61.5, "seen_by": "state"}
        tell(made, "protection_worked", T0, **seen, **pump, end="worked")
        valve = {"node": "tank", "point": VALVE, "seen_by": "state", "severity": "p2"}
        tell(made, "protection_failed", T0 + DAY_S, **seen, **valve, end="failed")
        noted = {"node": "pump", "point": PUMP, "protection": "auto_off", "seen_by": "person"}
        tell(made, "protection_worked", T0 + 2 * DAY_S, **noted, note="by the wall", by="user:bo")
    return path


def test_everything_that_was_tried_is_on_the_card(db: Path) -> None:
    with closing(Ledger(db)) as ledger:
        found = protections(ledger)
        assert verify(ledger).intact
    assert [(x.point, x.protection, x.worked, x.after_s, x.loss, x.who) for x in found] == [
        (PUMP, "watchdog", True, 61.5, "controller", "user:ada"),
        (VALVE, "watchdog", False, None, "controller", "user:ada"),
        (PUMP, "auto_off", True, None, "", "user:bo"),
    ]
    assert (found[2].seen_by, found[2].note) == ("person", "by the wall")


def test_those_of_one_binding_and_of_a_time_are_asked_for(db: Path) -> None:
    with closing(Ledger(db)) as ledger:
        assert len(protections(ledger, point=PUMP)) == 2
        (only,) = protections(ledger, since=T0 + 1, until=T0 + 2 * DAY_S)
    assert only.point == VALVE


def test_who_tried_what_is_among_the_deeds(db: Path) -> None:
    with closing(Ledger(db)) as ledger:
        found = deeds(ledger, who=["user:ada"])
    assert [(deed.what, deed.target, deed.result) for deed in found] == [
        ("protection_worked", PUMP, "worked"),
        ("protection_failed", VALVE, "failed"),
    ]


def run(*given: str) -> str:
    result = CliRunner().invoke(cli.build(list(given)), list(given), env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_prints_the_card(db: Path) -> None:
    told = json.loads(run("ledger", "protections", str(db), "--json"))
    assert [one["worked"] for one in told] == [True, False, True]
    shown = run("ledger", "protections", str(db), "--point", VALVE)
    assert "failed" in shown
    assert "worked" not in shown
