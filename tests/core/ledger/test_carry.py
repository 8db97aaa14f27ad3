"""A farm's history moves from a file to a database and back, and stays the same history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from vfarm_core.ledger.carry import OtherHistoryError, carry
from vfarm_core.ledger.schema import batches, dead_letters, uses
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify

from .history import T0, sow, tell


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Ledger]:
    """The ledger beside the configuration."""
    opened = Ledger(tmp_path / "file.db")
    yield opened
    opened.close()


def live(ledger: Ledger) -> None:
    """A batch, labour, and a record that nobody understands."""
    sow(ledger, "one")
    tell(ledger, "labour_logged", T0 + 60, batch="one", minutes=5, by="user:anna")
    tell(ledger, "labour_logged", T0 + 61, batch="one", minutes="five", by="user:anna")
    tell(ledger, "shot_ended", T0 + 90, delivered_l=2.5, shares={"one": 1.0}, node="circuit")


def test_a_history_is_carried_over_as_it_is(file: Ledger, ledger: Ledger) -> None:
    live(file)
    assert carry(file, ledger) == 4
    assert ledger.head() == file.head()
    assert verify(ledger, expected=file.head().hash).intact
    assert ledger.names() == file.names()
    with ledger.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(batches)) == 1
        assert connection.scalar(select(func.count()).select_from(dead_letters)) == 1
        given = select(uses.c.amount).where(uses.c.batch == "one", uses.c.resource == "water_l")
        assert connection.scalar(given) == 2.5


def test_it_goes_on_there_and_comes_back(file: Ledger, ledger: Ledger) -> None:
    live(file)
    carry(file, ledger)
    sow(ledger, "two", T0 + 200)
    assert carry(ledger, file) == 1
    assert carry(ledger, file) == 0, "nothing twice"
    assert carry(file, ledger) == 0
    assert file.head() == ledger.head()
    assert verify(file).intact


def test_the_history_of_another_farm_is_not_mixed_with_this_one(
    file: Ledger, ledger: Ledger
) -> None:
    live(file)
    sow(ledger, "foreign", T0 + 5)
    before = ledger.head()
    with pytest.raises(OtherHistoryError):
        carry(file, ledger)
    with pytest.raises(OtherHistoryError):
        carry(ledger, file)
    assert ledger.head() == before


def test_an_interrupted_move_goes_on_where_it_was(
    file: Ledger, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vfarm_core.ledger.carry._STEP", 2)
    live(file)
    before, taken = Ledger.take_over, []

    def breaks(self: Ledger, *told: object) -> None:
        taken.append(1)
        if len(taken) == 2:
            raise OSError("the network is gone")
        before(self, *told)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "take_over", breaks)
        with pytest.raises(OSError, match="network"):
            carry(file, ledger)
    assert ledger.head().seq == 2
    assert carry(file, ledger) == 2
    assert verify(ledger, expected=file.head().hash).intact
