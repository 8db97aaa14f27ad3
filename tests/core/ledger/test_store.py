"""A ledger keeps what it was given: once, in order, and shows every change to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from vfarm_core.ledger.entries import Entry
from vfarm_core.ledger.errors import LedgerAwayError, LedgerError, NewerLedgerError
from vfarm_core.ledger.schema import dead_letters, heads, records
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify
from vfarm_core.reports.audit import deeds


def entries(first: int, last: int, **data: Any) -> list[Entry]:
    return [
        Entry(
            origin=n,
            at=1e9 + n,
            kind="tick",
            data={"node": "circuit", "severity": "info", "n": n, **data},
        )
        for n in range(first, last + 1)
    ]


def stored(ledger: Ledger) -> list[int]:
    with ledger.reading() as connection:
        return list(connection.scalars(select(records.c.origin).order_by(records.c.seq)))


def test_what_was_appended_is_there_when_it_is_opened_again(where: Path | str) -> None:
    with closing(Ledger(where)) as ledger:
        written = ledger.append("a", entries(1, 5))
        assert (written.written, written.known, written.head.seq) == (5, 0, 5)
    with closing(Ledger(where)) as again:
        assert stored(again) == [1, 2, 3, 4, 5]
        assert again.head() == written.head
        assert again.newest("a") == 5
        assert again.newest("b") == 0
        assert again.append("a", entries(6, 6)).head.seq == 6
        assert verify(again).intact


def test_an_event_is_recorded_once_however_often_it_is_given(ledger: Ledger) -> None:
    ledger.append("a", entries(1, 5))
    again = ledger.append("a", entries(3, 7))
    assert (again.written, again.known) == (2, 3)
    twice = ledger.append("a", [*entries(8, 8), *entries(8, 8)])
    assert twice.written == 1
    assert stored(ledger) == list(range(1, 9))
    assert ledger.append("b", entries(1, 1)).written == 1, "another journal has its own numbers"


def test_an_event_of_wrong_types_stops_nothing(ledger: Ledger) -> None:
    strange: list[Any] = [
        Entry(origin=1, at=1.0, kind="fine", data={}),
        Entry(origin=2, at=float("nan"), kind="no_time", data={}),
        Entry(origin=3, at=1.0, kind="list", data=[1, 2]),
        Entry(origin=4, at=1.0, kind="objects", data={"what": object()}),
        Entry(origin=5, at=1.0, kind="node", data={"node": 7, "severity": ["p1"]}),
        Entry(origin=6, at=1.0, kind="nul\0", data={"node": "a\0b"}),
        Entry(origin=7, at=1.0, kind="surrogate", data={"why": "\ud800"}),
        Entry(origin=8, at="soon", kind="text", data={}),  # type: ignore[arg-type]
        Entry(origin=9, at=1.0, kind="long", data={"node": "x" * 5000}),
        Entry(origin=10, at=1.0, kind="nul_inside", data={"why": "a\0b"}),
        Entry(origin=11, at=1.0, kind="fine", data={"node": "level"}),
    ]
    written = ledger.append("a", strange)
    assert stored(ledger) == list(range(1, 12)), "the chain goes on"
    assert written.dead == 8
    with ledger.reading() as connection:
        dead = connection.execute(select(dead_letters)).all()
    assert [row.seq for row in dead] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert all(row.reason for row in dead)
    assert verify(ledger).intact


type Damage = Callable[[Ledger], None]


def change(statement: Any) -> Damage:
    def damage(ledger: Ledger) -> None:
        with ledger.engine.begin() as connection:
            connection.execute(statement)

    return damage


def swap(ledger: Ledger) -> None:
    """Records 3 and 4 change places."""
    with ledger.engine.begin() as connection:
        for old, new in ((3, -1), (4, 3), (-1, 4)):
            connection.execute(update(records).where(records.c.seq == old).values(seq=new))


def close_the_gap(ledger: Ledger) -> None:
    """Record 3 is taken out and those after it move up."""
    with ledger.engine.begin() as connection:
        connection.execute(delete(records).where(records.c.seq == 3))
        for seq in range(4, 9):
            connection.execute(update(records).where(records.c.seq == seq).values(seq=seq - 1))


SET = update(records).where(records.c.seq == 3)


@pytest.mark.parametrize(
    ("damage", "seq", "what"),
    [
        (change(SET.values(data='{"n":99,"node":"circuit","severity":"info"}')), 3, "altered"),
        (change(SET.values(at=5.0)), 3, "altered"),
        (change(SET.values(kind="dose_ended")), 3, "altered"),
        (change(SET.values(node="other")), 3, "altered"),
        (change(SET.values(node="")), 3, "altered"),
        (change(SET.values(severity="p1")), 3, "altered"),
        (change(SET.values(source=2)), 3, "altered"),
        (change(SET.values(origin=300)), 3, "altered"),
        (change(SET.values(hash=bytes(32))), 3, "altered"),
        (change(delete(records).where(records.c.seq == 3)), 4, "removed"),
        (change(delete(records).where(records.c.seq == 1)), 2, "removed"),
        (change(delete(records).where(records.c.seq == 8)), 7, "cut_off"),
        (change(delete(records)), 0, "cut_off"),
        (swap, 3, "altered"),
        (close_the_gap, 3, "altered"),
    ],
)
def test_whatever_is_done_to_a_record_shows(
    ledger: Ledger, damage: Damage, seq: int, what: str
) -> None:
    ledger.append("a", entries(1, 8))
    assert verify(ledger).intact
    damage(ledger)
    verdict = verify(ledger)
    assert not verdict.intact
    assert (verdict.faults[0].seq, verdict.faults[0].what) == (seq, what)


def test_an_end_that_was_cut_off_and_written_anew_shows_by_a_hash_kept_elsewhere(
    ledger: Ledger,
) -> None:
    ledger.append("a", entries(1, 4))
    shorter = ledger.head()
    noted = ledger.append("a", entries(5, 8)).head.hash
    ledger.append("a", entries(9, 9))
    assert verify(ledger, expected=noted).intact
    with ledger.engine.begin() as connection:
        connection.execute(delete(records).where(records.c.seq > 4))
        connection.execute(update(heads).values(seq=4, hash=shorter.hash))
    ledger.forget_what_was_read()
    ledger.append("a", entries(5, 9, forged=True))
    assert verify(ledger).intact, "by itself nobody can tell"
    assert [f.what for f in verify(ledger, expected=noted).faults] == ["cut_off"]


def test_the_history_knows_people_by_a_token_and_they_can_be_forgotten(ledger: Ledger) -> None:
    ledger.append("a", entries(1, 2, by="user:anna"))
    ledger.append("a", entries(3, 3, by="user:ben"))
    ledger.append("a", entries(4, 4, by="automation"))
    with ledger.reading() as connection:
        texts = list(connection.scalars(select(records.c.data).order_by(records.c.seq)))
    assert not any("anna" in line or "ben" in line for line in texts)
    assert texts[3].count("automation") == 1
    names = ledger.names()
    assert sorted(names.values()) == ["user:anna", "user:ben"]
    assert ledger.forget("user:anna")
    assert not ledger.forget("user:anna")
    assert list(ledger.names().values()) == ["user:ben"]
    assert verify(ledger).intact, "forgetting a person changes no record"
    ledger.append("a", entries(5, 5, by="user:anna"))
    assert len(ledger.names()) == 2, "a person who comes back is a new one"


def test_two_writers_do_not_fork_the_chain(where: Path | str) -> None:
    with closing(Ledger(where)) as one, closing(Ledger(where)) as two:
        one.append("a", entries(1, 3))
        two.append("b", entries(1, 3))
        with pytest.raises(LedgerAwayError):
            one.append("a", entries(4, 4))
        assert one.append("a", entries(4, 4)).written == 1, "it has looked anew"
        assert verify(two).intact
        assert two.head().seq == 7


def test_a_ledger_of_a_newer_vfarm_is_refused_and_not_touched(where: Path | str) -> None:
    with closing(Ledger(where)) as ledger:
        ledger.append("a", entries(1, 3))
        with ledger.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
            connection.execute(text("ALTER TABLE records ADD COLUMN of_the_future TEXT"))
    for read_only in (False, True):
        with pytest.raises(NewerLedgerError, match="newer vfarm"):
            Ledger(where, read_only=read_only)


def test_an_open_for_reading_writes_nothing(where: Path | str) -> None:
    with closing(Ledger(where)) as ledger:
        ledger.append("a", entries(1, 3))
    with closing(Ledger(where, read_only=True)) as reader:
        assert stored(reader) == [1, 2, 3]
        assert verify(reader).intact
        with pytest.raises(LedgerError):
            reader.append("a", entries(4, 4))
        assert stored(reader) == [1, 2, 3]


def test_reading_goes_on_while_a_batch_is_written(where: Path | str) -> None:
    with closing(Ledger(where)) as ledger, ledger.reading() as connection:
        connection.execute(select(records)).all()
        ledger.append("a", entries(1, 3))
        assert stored(ledger) == [1, 2, 3]


def test_what_cannot_be_a_ledger_says_why_without_the_password(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerAwayError, match="file"):
        Ledger(tmp_path / "file" / "ledger.db")
    with pytest.raises(LedgerError, match="there is no ledger"):
        Ledger(tmp_path / "none.db", read_only=True)
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "rubbish.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(LedgerError):
        Ledger(tmp_path / "rubbish.db")
    with pytest.raises(LedgerError, match="mysql"):
        Ledger("mysql://me:secret@host/db")
    with pytest.raises(LedgerAwayError) as caught:
        Ledger(f"postgresql://me:secret@/db?host={tmp_path}")
    assert "secret" not in str(caught.value)


def test_a_transaction_that_fails_leaves_the_chain_as_it_was(ledger: Ledger) -> None:
    ledger.append("a", entries(1, 2))
    with ledger.engine.begin() as connection:
        row = dict(connection.execute(select(records)).first()._mapping)  # type: ignore[union-attr]
        connection.execute(insert(records), {**row, "seq": 4, "origin": 400})
    with pytest.raises(LedgerError):
        ledger.append("a", entries(3, 5))
    with ledger.engine.begin() as connection:
        connection.execute(delete(records).where(records.c.seq == 4))
    ledger.append("a", entries(3, 5))
    assert stored(ledger) == [1, 2, 3, 4, 5]
    assert verify(ledger).intact


def test_whose_role_was_changed_is_a_token_and_forgotten_too(ledger: Ledger) -> None:
    data = {"node": "farm", "severity": "info", "who": "user:berta", "by": "user:anna"}
    ledger.append("journal", [Entry(origin=1, at=1.7e9, kind="role_changed", data=data)])
    with ledger.reading() as connection:
        stored = connection.scalar(select(records.c.data))
    assert stored is not None
    assert "user:" not in stored
    (deed,) = deeds(ledger)
    assert (deed.who, deed.target) == ("user:anna", "user:berta")
    assert ledger.forget("user:berta")
    (deed,) = deeds(ledger)
    assert deed.target.startswith("person:")
    assert verify(ledger).intact
