"""kill -9 at any moment: what was said to be there is there, and the chain is whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from vfarm_core.ledger.feed import Feed
from vfarm_core.ledger.schema import records
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify
from vfarm_core.runtime.journal import Journal

_ROOT = Path(__file__).parents[3]
#: A thorough run kills 200 times: `VFARM_KILLS=200`.
KILLS = int(os.environ.get("VFARM_KILLS", "20"))


@pytest.mark.timeout(1800)
def test_killed_while_writing_nothing_that_was_acknowledged_is_lost(
    tmp_path: Path, where: Path | str
) -> None:
    chance = random.Random(5)
    killer = subprocess.Popen(
        [sys.executable, "-m", "tests.core.ledger.kill", str(tmp_path), str(where)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )
    assert killer.stdin is not None
    assert killer.stdout is not None
    in_journal = in_ledger = 0
    try:
        for kill in range(KILLS):
            killer.stdin.write("\n")
            killer.stdin.flush()
            child, lines = 0, 0
            # After so many lines, and somewhere within the next write.
            at_line, spin_s = chance.randint(1, 12), chance.uniform(0.0, 0.02)
            while True:
                word, _, number = killer.stdout.readline().strip().partition(" ")
                if word == "gone":
                    break
                if word == "child":
                    child = int(number)
                elif word == "j":
                    in_journal = max(in_journal, int(number))
                elif word == "l":
                    in_ledger = max(in_ledger, int(number))
                lines += 1
                if child and lines >= at_line:
                    until = time.perf_counter() + spin_s
                    while time.perf_counter() < until:
                        pass
                    os.kill(child, signal.SIGKILL)
                    at_line = sys.maxsize
            with closing(Ledger(where)) as ledger:
                verdict = verify(ledger)
                assert verdict.intact, (kill, verdict.faults)
                assert numbers(ledger) == list(range(1, verdict.records + 1)), kill
                assert verdict.records >= in_ledger, kill
    finally:
        killer.stdin.close()
        killer.wait(timeout=60)
        killer.stdout.close()
    assert in_ledger > KILLS
    with closing(Journal(tmp_path / "journal.db")) as journal, closing(Ledger(where)) as ledger:
        feed = Feed(journal, ledger)
        while feed.once():
            pass
        assert numbers(ledger) == list(range(1, journal.newest() + 1))
        assert journal.newest() >= in_journal
        assert verify(ledger).intact


def numbers(ledger: Ledger) -> list[int]:
    with ledger.reading() as connection:
        found = connection.scalars(select(records.c.data).order_by(records.c.seq))
        return [orjson.loads(data)["n"] for data in found]
