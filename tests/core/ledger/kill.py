"""A process that writes journal and ledger until it is killed, as often as it is told to.

Reads a line, forks a writer, prints its process id; the writer prints `j N` when the journal has
event N and `l N` when the ledger has. When the writer is gone it prints `gone`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from vfarm_core.control.effects import Record
from vfarm_core.ledger.feed import Feed
from vfarm_core.ledger.store import Ledger
from vfarm_core.runtime.journal import Journal


def write(folder: Path, where: str) -> None:
    journal = Journal(folder / "journal.db")
    feed = Feed(journal, Ledger(where))
    number = journal.newest()
    while True:
        records = []
        for _ in range(3):
            number += 1
            data = {"node": "circuit", "severity": "info", "n": number}
            records.append(Record(kind="test", at=1e9 + number, data=data))
        journal.append(records)
        print("j", number, flush=True)
        while feed.once():
            pass
        print("l", number, flush=True)


def main() -> None:
    folder, where = Path(sys.argv[1]), sys.argv[2]
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            write(folder, where)
        print("child", child, flush=True)
        os.waitpid(child, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    main()
