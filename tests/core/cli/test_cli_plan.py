"""`vfarm plan`: orders in, dates, levels and tasks out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vfarm_core.cli import main

ORDERS = """
- {id: Shop, recipe: lettuce_butterhead, kg: 6, date: 2026-03-15}
- {id: Soon, recipe: lettuce_butterhead, kg: 2, date: 2026-01-15}
"""


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["plan", *arguments])
    said = capsys.readouterr()
    return int(caught.value.code or 0), said.out, said.err


def test_orders_become_tasks_and_what_is_not_possible_is_explained(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "orders.yaml"
    file.write_text(ORDERS)
    code, out, _ = run(capsys, "orders", str(file), "--json")
    assert code == 3
    made = json.loads(out)
    (batch,) = made["batches"]
    assert (batch["order"], batch["sow_date"], batch["harvest_date"]) == (
        "Shop",
        "2026-02-08",
        "2026-03-15",
    )
    assert [c["why"] for c in made["conflicts"]] == ["too_late"]
    assert "needs 35 days" in made["conflicts"][0]["text"]
    assert {t["kind"] for t in made["tasks"]} == {"sow", "transplant", "harvest", "clean"}
    code, out, _ = run(capsys, "orders", str(file))
    assert code == 3
    assert "Not possible: Soon" in out
    assert "2026-02-08" in out


def test_orders_that_can_be_met_end_well(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "orders.yaml"
    file.write_text(f"orders:\n{ORDERS.splitlines()[1]}\n")
    assert run(capsys, "orders", str(file), "--start", "2026-01-05")[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "a list of orders"),
        ("- {recipe: x}", "order 1"),
        ("- {recipe: x, kg: much, date: 2026-03-01}", "order 1"),
        ("- {recipe: x, kg: 1, date: 2026-03-01, colour: red}", "unknown field colour"),
        ("- {recipe: x, kg: 1, date: soon}", "order 1"),
        ("- {recipe: x, kg: -1, date: 2026-03-01}", "-1 kg"),
    ],
)
def test_a_mistake_in_the_file_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "orders.yaml"
    file.write_text(text)
    code, _, err = run(capsys, "orders", str(file))
    assert code == 1
    assert said in err
    code, out, _ = run(capsys, "orders", str(file), "--json")
    assert code == 1
    assert said in json.loads(out)["text"]
