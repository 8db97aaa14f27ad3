"""Check that a run of the tests reached enough of what it tests.

Usage: ``python scripts/check_coverage.py REPORT`` (of a whole suite, by coverage.py, as JSON).
Prints a table by folder, and the files of which least was reached; exits 1 below the least share of
lines and branches, and when any of the config flow was not reached.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Of lines and branches together (%), in the whole and in each suite.
LEAST = 95.0
#: What has to be reached to the last branch: every step in which somebody sets a farm up.
COMPLETE = ("custom_components/vfarm/config_flow.py", "custom_components/vfarm/flows/")
#: So many files are named of which least was reached.
_WORST = 8


@dataclass(frozen=True, slots=True)
class Reached:
    """How much of something was reached: lines and branches, of how many."""

    reached: int
    of: int

    @property
    def percent(self) -> float:
        """The share in percent; what has nothing to reach is complete."""
        return 100.0 * self.reached / self.of if self.of else 100.0

    def __add__(self, other: Reached) -> Reached:
        """Both together."""
        return Reached(self.reached + other.reached, self.of + other.of)


def measured(report: Mapping[str, Any]) -> dict[str, Reached]:
    """What was reached of each file of a report."""
    return {
        path: Reached(
            found["summary"]["covered_lines"] + found["summary"].get("covered_branches", 0),
            found["summary"]["num_statements"] + found["summary"].get("num_branches", 0),
        )
        for path, found in sorted(report["files"].items())
    }


def problems(report: Mapping[str, Any]) -> Iterator[str]:
    """What is not reached and has to be, one sentence each."""
    files = measured(report)
    if not files:
        yield "nothing was measured"
        return
    total = _sum(files.values())
    if total.percent < LEAST:
        yield f"{total.percent:.1f} % of lines and branches were reached; it takes {LEAST:g} %"
    for path, reached in files.items():
        if path.startswith(COMPLETE) and reached.reached < reached.of:
            yield f"{path}: not reached: {_where(report['files'][path])}"


def _where(found: Mapping[str, Any]) -> str:
    lines = [str(line) for line in found["missing_lines"]]
    ways = [
        f"{start}->{end if end > 0 else 'exit'}"
        for start, end in found.get("missing_branches", ())
        if start not in found["missing_lines"]
    ]
    return ", ".join(lines + ways)


def table(report: Mapping[str, Any]) -> Iterator[str]:
    """The share reached, by folder and in all, and the files of which least was reached."""
    files = measured(report)
    folders: dict[str, list[Reached]] = defaultdict(list)
    for path, reached in files.items():
        folders[_folder(path)].append(reached)
    rows = {name: _sum(each) for name, each in sorted(folders.items())}
    rows["in all"] = _sum(files.values())
    wide = max(map(len, rows))
    for name, reached in rows.items():
        yield f"{name:<{wide}}  {reached.percent:6.1f} %  of {reached.of:6d}"
    worst = sorted(files.items(), key=lambda item: item[1].percent)[:_WORST]
    named = [
        f"{path} {reached.percent:.0f} %" for path, reached in worst if reached.percent < LEAST
    ]
    if named:
        yield "least: " + ", ".join(named)


def _folder(path: str) -> str:
    """The package of the core, or the part of the shell, that a file belongs to."""
    if path.startswith(COMPLETE):
        return "config flow"
    parts = Path(path).parts
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def _sum(each: Iterable[Reached]) -> Reached:
    return sum(each, Reached(0, 0))


def main(arguments: list[str]) -> int:
    """Check the report named in `arguments`."""
    report: dict[str, Any] = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    for line in table(report):
        print(line)
    found = list(problems(report))
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
