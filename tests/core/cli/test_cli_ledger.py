"""`vfarm ledger …` as a person or a script runs it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from tests.core.reports.conftest import grow
from vfarm_core import cli
from vfarm_core.ledger.store import Ledger


def run(*arguments: object):
    given = ["ledger", *(str(argument) for argument in arguments)]
    return CliRunner().invoke(cli.build(given), given, env={"COLUMNS": "160"})


def answer(*arguments: object, code: int = 0):
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with closing(Ledger(path)) as ledger:
        grow(ledger)
    return path


def test_verify_says_whether_the_history_is_whole(db: Path) -> None:
    told = answer("verify", db)
    assert told["intact"]
    assert told["records"] == 61
    noted = told["head"]["hash"]
    assert answer("verify", db, "--expect", noted)["intact"]
    assert "intact" in run("verify", db).stdout
    with closing(Ledger(db)) as ledger, ledger.engine.begin() as connection:
        connection.execute(text("UPDATE records SET at = at + 1 WHERE seq = 7"))
        connection.execute(text("DELETE FROM records WHERE seq = 9"))
    told = answer("verify", db, code=1)
    assert [(f["seq"], f["what"]) for f in told["faults"]] == [(7, "altered"), (10, "removed")]
    shown = run("verify", db)
    assert shown.exit_code == 1
    assert "record 7: altered" in shown.stdout
    assert "NOT INTACT" in shown.stdout


def test_a_hash_that_is_gone_or_no_hash_is_told(db: Path) -> None:
    told = answer("verify", db, "--expect", "ab" * 32, code=1)
    assert [fault["what"] for fault in told["faults"]] == ["cut_off"]
    assert "no hash" in answer("verify", db, "--expect", "xyz", code=1)["error"]["message"]


def test_trace_leads_both_ways(db: Path) -> None:
    assert answer("trace", db, "S1")["harvest_lots"] == ["H1", "H2"]
    back = answer("trace", db, "H1")
    assert {lot["id"] for lot in back["lots"]} == {"S1", "N1", "H1"}
    assert "Seeds & Co" in run("trace", db, "S1").stdout
    assert "knows no lot" in answer("trace", db, "nothing", code=1)["error"]["message"]


@pytest.mark.parametrize(
    ("ending", "begin"), [("html", b"<!doc"), ("csv", b"Harv"), ("pdf", b"%PDF")]
)
def test_trace_writes_a_recall_report(db: Path, tmp_path: Path, ending: str, begin: bytes) -> None:
    report = tmp_path / f"recall.{ending}"
    answer("trace", db, "S1", "--recall", report)
    assert report.read_bytes().startswith(begin)
    answer("trace", db, "S1", "--recall", tmp_path / "recall.docx", code=1)


def test_summary_tells_what_a_batch_got_and_cost(db: Path) -> None:
    assert answer("summary", db) == ["first", "other", "second"]
    told = answer("summary", db, "first", "--energy-kwh", "0.3", "--labour-h", "24")
    assert told["kg"] == 2.0
    assert told["cost"]["total"] == pytest.approx(0.3 * 10.8 + 12.0)
    assert told["cost"]["per_kg"] == pytest.approx(told["cost"]["total"] / 2)
    assert set(told["cost"]["unpriced"]) == {"water", "nutrients", "seed"}
    shown = run("summary", db, "first", "--energy-kwh", "0.3", "--time-zone", "Europe/Berlin")
    assert "no price for" in shown.stdout
    assert "2023-11-14 23:13" in shown.stdout
    assert run("summary", db, "first", "--time-zone", "Mars/Base").exit_code == 2


def test_audit_names_who_did_what_until_they_are_forgotten(db: Path) -> None:
    told = answer("audit", db)
    assert [(deed["what"], deed["who"]) for deed in told if deed["who"].startswith("user:")] == [
        ("batch_started", "user:anna"),
        ("batch_started", "user:anna"),
        ("batch_started", "user:anna"),
        ("batch_harvested", "user:a"),
    ]
    (cut,) = answer("audit", db, "--who", "user:a")
    assert (cut["target"], cut["after"], cut["result"]) == ("first", "2.0", "done")
    assert answer("audit", db, "--since", "2023-11-16")[0]["what"] == "batch_harvested"
    assert answer("audit", db, "--until", "2023-11-01") == []
    assert "user:anna" in run("audit", db).stdout
    answer("forget", db, "user:anna")
    assert "knows no person" in answer("forget", db, "user:anna", code=1)["error"]["message"]
    assert "user:anna" not in run("audit", db).stdout
    assert len(answer("audit", db)) == len(told), "what was done stays"
    assert answer("verify", db)["intact"]


def test_export_gives_every_record_with_its_hash(db: Path, tmp_path: Path) -> None:
    out = tmp_path / "history.jsonl"
    assert answer("export", db, "--out", out)["records"] == 61
    told = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert [line["seq"] for line in told] == list(range(1, 62))
    assert told[-1]["hash"] == answer("verify", db)["head"]["hash"]
    doses = run("export", db, "--kind", "dose_ended").stdout.splitlines()
    assert [json.loads(line)["data"]["delivered_ml"] for line in doses] == [30.0]


def test_what_is_no_ledger_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    assert "there is no ledger" in answer("verify", tmp_path / "no.db", code=1)["error"]["message"]
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty.db").write_bytes(b"")
    assert "no ledger" in answer("verify", tmp_path / "empty.db", code=1)["error"]["message"]
    assert "mysql" in run("verify", "mysql://me:secret@host/db").output


def test_the_audit_has_names_where_a_file_tells_them(db: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.json"
    names.write_text('{"anna": "Anna Maier"}')
    told = answer("audit", db, "--names", names, "--who", "Anna Maier")
    assert {deed["who"] for deed in told} == {"Anna Maier"}
    names.write_text("[]")
    assert "JSON object" in answer("audit", db, "--names", names, code=1)["error"]["message"]


def test_old_details_go_when_they_are_asked_to(db: Path) -> None:
    noted = answer("verify", db)["head"]["hash"]
    would = answer("retain", db, "--dry-run")
    assert would["dry_run"]
    assert would["removed"]["dose_ended"] == 1, "the history is of 2023"
    assert answer("verify", db)["records"] == 61
    kept = answer("retain", db, "--dry-run", "--policy", "deliveries=always")
    assert "dose_ended" not in kept["removed"]
    shown = run("retain", db)
    assert f"{would['count']} removed" in shown.stdout
    told = answer("verify", db, "--expect", noted)
    assert (told["intact"], told["records"]) == (True, 62)
    assert answer("retain", db)["count"] == 0
    gone = [json.loads(line)["data"] for line in run("export", db).stdout.splitlines()]
    assert gone.count(None) == would["count"]


@pytest.mark.parametrize("wrong", ["seeds=5", "hours=soon", "hours=0", "hours"])
def test_a_policy_that_is_none_removes_nothing(db: Path, wrong: str) -> None:
    answer("retain", db, "--policy", wrong, code=1)
    assert answer("verify", db)["records"] == 61
