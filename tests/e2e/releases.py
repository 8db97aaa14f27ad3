"""The releases of Home Assistant that are started, whatever runs the tests."""

from __future__ import annotations

import sys
from pathlib import Path

from real_ha.process import REPOSITORY

#: The environment of each: the oldest that vfarm supports, and the newest.
RELEASES = {
    "floor": REPOSITORY / ".venvs" / "integration" / "bin" / "python",
    "newest": Path(sys.executable),
}
