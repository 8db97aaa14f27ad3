"""What the history has of calibrations."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.core.ledger.history import DAY_S, T0, tell
from vfarm_core import cli
from vfarm_core.ledger.store import Ledger
from vfarm_core.reports.calibrations import calibrations

PH, PUMP = "tank.solution_ph", "tank.dosing_pump_ph_down"


def calibrate(made: Ledger) -> None:
    tell(made, "lot_received", T0, lot="S1", lot_kind="seed", amount=1)
    ph = {"node": "tank", "point": PH, "by": "user:anna"}
    tell(
        made, "probe_calibrated", T0, **ph, slope_pct=98.0, drift=0.2, was="", correction="7.2 → 7"
    )
    tell(made, "probe_verified", T0 + DAY_S, **ph, uncorrected="7.2 → 7")
    pump = {"node": "tank", "point": PUMP, "by": "user:anna"}
    tell(made, "pump_calibrated", T0 + 2 * DAY_S, **pump, was=None, ml_per_s=2.0)
    tell(made, "pump_calibrated", T0 + 3 * DAY_S, **pump, was=2.0, ml_per_s=1.9)
    light = {"node": "level", "point": "level.ppfd", "by": "user:anna", "note": "white 4000 K"}
    tell(made, "probe_calibrated", T0 + 4 * DAY_S, **light, slope_pct=115.0, drift=30.0, was="")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with closing(Ledger(path)) as ledger:
        calibrate(ledger)
    return path


def test_every_calibration_is_told_with_what_was_before_and_after(db: Path) -> None:
    with closing(Ledger(db)) as ledger:
        found = calibrations(ledger)
    assert [(c.point, c.before, c.after, c.drift) for c in found] == [
        (PH, None, "7.2 → 7", 0.2),
        (PH, "7.2 → 7", None, None),
        (PUMP, None, "2", None),
        (PUMP, "2", "1.9", -5.0),
        ("level.ppfd", None, None, 30.0),
    ]
    assert {c.who for c in found} == {"user:anna"}
    assert (found[0].slope_pct, found[-1].note) == (98.0, "white 4000 K")


def test_those_of_one_binding_and_of_a_time_are_asked_for(db: Path) -> None:
    with closing(Ledger(db)) as ledger:
        assert [c.kind for c in calibrations(ledger, point=PH)] == [
            "probe_calibrated",
            "probe_verified",
        ]
        late = calibrations(ledger, since=T0 + 2 * DAY_S, until=T0 + 3 * DAY_S)
        assert [c.after for c in late] == ["2"]


def test_the_command_line_shows_them(db: Path) -> None:
    def run(*more: str) -> str:
        given = ["ledger", "calibrations", str(db), *more]
        result = CliRunner().invoke(cli.build(given), given, env={"COLUMNS": "160"})
        assert result.exit_code == 0, result.output
        return result.stdout

    told = json.loads(run("--json", "--point", PUMP))
    assert [done["drift"] for done in told] == [None, -5.0]
    shown = run()
    assert "7.2 → 7" in shown
    assert "-5" in shown
    assert json.loads(run("--json", "--until", "2023-01-01")) == []
