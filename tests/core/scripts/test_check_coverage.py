"""The check of what the tests reach."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.check_coverage import main, problems


def measured(lines: int, of: int, branches: int = 0, of_branches: int = 0) -> dict[str, Any]:
    """A file in a report."""
    return {
        "summary": {
            "covered_lines": lines,
            "num_statements": of,
            "covered_branches": branches,
            "num_branches": of_branches,
        },
        "missing_lines": list(range(lines + 1, of + 1)),
        "missing_branches": [[1, -1]] * (of_branches - branches),
    }


FLOW = "custom_components/vfarm/config_flow.py"
STEP = "custom_components/vfarm/flows/node.py"
REST = "custom_components/vfarm/sensor.py"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({FLOW: measured(9, 9, 2, 2), REST: measured(95, 100)}, []),
        ({REST: measured(94, 100)}, ["94.0 % of lines and branches were reached; it takes 95 %"]),
        ({REST: measured(96, 100, 2, 10)}, ["89.1 % of lines"]),
        ({REST: measured(100, 100), FLOW: measured(8, 9)}, [f"{FLOW}: not reached: 9"]),
        ({REST: measured(100, 100), STEP: measured(9, 9, 1, 2)}, [f"{STEP}: not reached: 1->exit"]),
        ({}, ["nothing was measured"]),
    ],
)
def test_too_little_is_named(files: dict[str, Any], said: list[str]) -> None:
    found = list(problems({"files": files}))
    assert len(found) == len(said)
    assert all(one.startswith(wanted) for one, wanted in zip(found, said, strict=True)), found


def test_the_table_is_by_folder_and_names_the_worst(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        FLOW: measured(9, 9),
        REST: measured(40, 40),
        "vfarm_core/control/step.py": measured(50, 100),
        "vfarm_core/control/due.py": measured(100, 100),
        "vfarm_core/cli/main.py": measured(1000, 1000),
    }
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"files": files}))
    assert main([str(report)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in printed] == [
        "config flow",
        "custom_components/vfarm",
        "vfarm_core/cli",
        "vfarm_core/control",
        "in all",
        "least: vfarm_core/control/step.py 50 %",
    ]
    assert "75.0 %  of    200" in printed[3]
    report.write_text(json.dumps({"files": {REST: measured(1, 100)}}))
    assert main([str(report)]) == 1
    assert "it takes 95 %" in capsys.readouterr().err
