"""A farm of 1,000 levels in Home Assistant: set-up, writes and calls of a busy hour, removal.

The peer of the set-up is a config entry with as many entities that do nothing, in the same run. The
rest are counts. Home Assistant's own test house is used, so this runs in the integration's
environment: what it measures is `tests/integration/shell_bench.py`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Print every row; what is said of a failure goes to stderr."""
    measured = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-c", "tests/integration/pytest.ini"),
            *("-q", "--show-capture=no", "-p", "no:cacheprovider", "-p", "no:logging"),
            "tests/integration/shell_bench.py",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    for line in measured.stdout.splitlines():
        print(line, file=sys.stdout if line.startswith("{") else sys.stderr)
    return measured.returncode


if __name__ == "__main__":
    sys.exit(main())
