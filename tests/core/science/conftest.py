"""Published tables and worked examples that the models are checked against."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

DATA = Path(__file__).parent / "data"

type Row = dict[str, str]
type Vector = dict[str, Any]


@pytest.fixture(scope="session")
def table() -> Callable[[str], list[Row]]:
    """Rows of a reference table by its file name without ending."""

    def read(name: str) -> list[Row]:
        with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows, f"{name}.csv is empty"
        return rows

    return read


@pytest.fixture(scope="session")
def vectors() -> Callable[[str, str], list[Vector]]:
    """Worked examples of one function: group and function name of test_vectors.yaml."""
    content = yaml.safe_load((DATA / "test_vectors.yaml").read_text(encoding="utf-8"))

    def read(group: str, function: str) -> list[Vector]:
        found = [entry for entry in content[group] if entry.get("fn") == function]
        assert found, f"no example of {group}.{function}"
        # YAML 1.1 reads 1e-4, without a point, as text.
        return [{key: _number(value) for key, value in entry.items()} for entry in found]

    return read


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
