"""The journal: what was appended is on disk, whatever is pulled next."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.core.support import START, Bench, bench_farm
from vfarm_core.control.effects import Record
from vfarm_core.control.inputs import RunShot
from vfarm_core.control.memory import Memory
from vfarm_core.runtime.journal import Journal, JournalError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path)
    yield opened
    opened.close()


def event(number: int) -> Record:
    return Record(kind="test", at=float(number), data={"n": number})


def kept(key: str, value: int | None) -> Record:
    return Record(kind="slice", key=key, at=0.0, data=None if value is None else {"v": value})


def test_a_new_journal_has_no_memory(journal: Journal) -> None:
    assert journal.load() is None


def test_events_come_back_in_order(journal: Journal, path: Path) -> None:
    journal.append([event(n) for n in range(5)])
    journal.append([Record(kind="other", at=9.0, data={})])
    with closing(Journal(path)) as again:
        assert [e["n"] for e in again.events(kind="test", limit=3)] == [2, 3, 4]
        assert again.events()[-1]["kind"] == "other"


def test_events_since_an_instant_come_in_order_as_they_are_wanted(journal: Journal) -> None:
    journal.append([event(n) for n in range(6)])
    journal.append([Record(kind="command", at=6.0, data={"n": 6})])
    found = journal.events_since(2.0, lambda e: e["n"] != 4)
    assert [(e["n"], e["at"]) for e in found] == [(2, 2.0), (3, 3.0), (5, 5.0)]


def test_the_newest_of_a_slice_is_kept_and_a_forgotten_one_is_gone(
    journal: Journal, path: Path
) -> None:
    journal.append([kept("a:1", 1), kept("a:2", 1), kept("a:1", 2), kept("a:2", None)])
    assert slices(path) == [("a:1", b'{"v":2}')]


def slices(path: Path) -> list[tuple[str, bytes]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT key, data FROM slices").fetchall()


def test_an_append_is_all_or_nothing(journal: Journal) -> None:
    with pytest.raises(JournalError):
        journal.append([event(1), Record(kind="bad", at=0.0, data=object())])
    assert journal.events() == []
    journal.append([event(2)])
    assert len(journal.events()) == 1


def test_the_memory_of_a_running_farm_comes_back(journal: Journal) -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(2 * 3600)
    bench.ask(RunShot(circuit="circuit", duration_s=300))
    bench.advance(30)
    journal.append(bench.journal.records)
    memory = journal.load()
    assert isinstance(memory, Memory)
    assert memory.batches == bench.runtime.memory.batches
    assert memory.recipes == bench.runtime.memory.recipes
    shot = memory.circuits["circuit"].shot
    assert shot is not None
    assert shot.end is None


@pytest.mark.parametrize("damage", ["rubbish", "slice", "newer"])
def test_a_memory_that_cannot_be_read_is_lost_not_new(path: Path, damage: str) -> None:
    with closing(Journal(path)) as journal:
        journal.append([kept("circuit:x", 1)])
    if damage == "newer":
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version=99")
    elif damage == "rubbish":
        path.write_bytes(b"no database at all" * 100)

    def load() -> Memory | None:
        with closing(Journal(path)) as damaged:
            return damaged.load()

    with pytest.raises(JournalError):
        load()


def test_a_journal_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="file"):
        Journal(tmp_path / "file" / "journal.db")


def test_a_journal_that_was_closed_says_so(path: Path) -> None:
    journal = Journal(path)
    journal.close()
    with pytest.raises(JournalError):
        journal.append([event(1)])
    with pytest.raises(JournalError):
        journal.events()
    with pytest.raises(JournalError):
        journal.events_since(0.0, lambda e: True)


def test_old_commands_are_cleared_and_shots_stay(journal: Journal) -> None:
    journal.append(
        [
            Record(kind="command", at=START, data={}),
            Record(kind="shot_ended", at=START, data={}),
        ]
    )
    for _ in range(1000):
        journal.append([Record(kind="tick", at=START + 40 * 86400, data={})])
    assert journal.events(kind="command") == []
    assert len(journal.events(kind="shot_ended")) == 1


def test_killed_while_writing_what_was_acknowledged_is_there(path: Path) -> None:
    """A process writes and says so line by line; it is killed; nothing it said is missing."""
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from vfarm_core.control.effects import Record
        from vfarm_core.runtime.journal import Journal

        journal = Journal(Path(sys.argv[1]))
        n = 0
        while True:
            journal.append(
                [
                    Record(kind="test", at=float(n), data={"n": n}),
                    Record(kind="slice", key="s:x", at=float(n), data={"n": n}),
                ]
            )
            print(n, flush=True)
            n += 1
        """
    )
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stdout is not None
    said = -1
    while said < 50:
        said = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.stdout.close()
    process.wait()
    said = int(rest[-1]) if rest else said
    with closing(Journal(path)) as journal:
        events = [e["n"] for e in journal.events(kind="test", limit=1_000_000)]
    assert events == list(range(len(events)))
    assert len(events) > said
    assert slices(path)[0][1] == b'{"n":%d}' % events[-1], "both of one append, or none"


def copied(path: Path, to: Path, *, log_first: bool) -> Path:
    """What a backup makes of a journal: both files one after the other, without their index."""
    to.mkdir()
    parts = [path, path.with_name(f"{path.name}-wal")]
    for part in reversed(parts) if log_first else parts:
        if part.exists():
            (to / part.name).write_bytes(part.read_bytes())
    return to / path.name


@pytest.mark.parametrize("log_first", [False, True])
def test_a_copy_that_is_made_while_it_is_written_is_whole(
    journal: Journal, path: Path, tmp_path: Path, log_first: bool
) -> None:
    journal.append([Record("before", {"n": 0}, 1.0)])
    journal.keep_still()
    still = path.read_bytes()
    # Far more than after which SQLite merges by itself.
    for n in range(50):
        journal.append([Record("meanwhile", {"n": n, "text": "x" * 100_000}, 2.0 + n)])
    copy = copied(path, tmp_path / "copy", log_first=log_first)
    journal.append([Record("after", {}, 99.0)])
    assert path.read_bytes() == still, "only the log beside it grows"
    found = Journal(copy)
    assert [e["kind"] for e in found.events()] == ["before", *["meanwhile"] * 50]
    found.close()
    journal.go_on()
    journal.close()
    assert not path.with_name(f"{path.name}-wal").exists(), "the log is merged again"
    again = Journal(path)
    assert again.events()[-1]["kind"] == "after"
    again.close()


def test_a_log_that_is_cut_off_in_a_copy_ends_with_its_last_whole_record(
    journal: Journal, path: Path, tmp_path: Path
) -> None:
    journal.keep_still()
    for n in range(5):
        journal.append([Record("meanwhile", {"n": n, "text": "x" * 10_000}, float(n))])
    copy = copied(path, tmp_path / "copy", log_first=True)
    log = copy.with_name(f"{copy.name}-wal")
    log.write_bytes(log.read_bytes()[:-3000])
    found = Journal(copy)
    assert [e["n"] for e in found.events()] == [0, 1, 2, 3]
    found.close()


def test_a_journal_that_is_closed_and_opened_during_a_copy_leaves_its_file_alone(
    journal: Journal, path: Path
) -> None:
    journal.append([Record("before", {}, 1.0)])
    journal.keep_still()
    still = path.read_bytes()
    journal.append([Record("meanwhile", {}, 2.0)])
    journal.close()
    again = Journal(path, still=True)
    again.append([Record("after", {}, 3.0)])
    assert [e["kind"] for e in again.events()] == ["before", "meanwhile", "after"]
    again.close()
    assert path.read_bytes() == still
