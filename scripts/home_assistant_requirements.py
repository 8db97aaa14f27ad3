"""Print what Home Assistant would install at its first start for the integrations we use.

Run with the interpreter of an environment that has Home Assistant::

    .venvs/e2e/bin/python scripts/home_assistant_requirements.py e2e

Prints one requirement a line, read from the manifests of the installed release, so that the first
start is quick and needs no network, and no version is repeated in this repository. The integrations
of each environment are listed in ``pyproject.toml`` under ``[tool.vfarm.home-assistant]``; the word
``defaults`` there stands for those that Home Assistant sets up without being asked.
"""

from __future__ import annotations

import json
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"

# An integration with one of these keys in its manifest needs the discovery integration beside it
# (homeassistant/requirements.py does the same).
DISCOVERY = {
    "dhcp": ("dhcp",),
    "mqtt": ("mqtt",),
    "ssdp": ("ssdp",),
    "zeroconf": ("zeroconf", "homekit"),
}


def components_folder() -> Path:
    """Return the folder of Home Assistant's own integrations.

    Raises SystemExit when this interpreter has no Home Assistant.
    """
    spec = find_spec("homeassistant")
    if spec is None or spec.origin is None:
        raise SystemExit("this interpreter has no Home Assistant")
    return Path(spec.origin).parent / "components"


def wanted(environment: str) -> list[str]:
    """Return the integrations listed in pyproject.toml for ``environment``."""
    table = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["tool"]["vfarm"]["home-assistant"]
    if environment not in table:
        raise SystemExit(f"unknown environment {environment!r}; known: {', '.join(sorted(table))}")
    names: list[str] = []
    for name in table[environment]:
        if name == "defaults":
            from homeassistant import bootstrap

            names.extend(sorted(bootstrap.CORE_INTEGRATIONS | bootstrap.DEFAULT_INTEGRATIONS))
        else:
            names.append(name)
    return names


def requirements_of_the_login() -> list[str]:
    """Return what the one-time-password module needs, which is there without being asked for."""
    from homeassistant.auth.mfa_modules import totp

    return list(totp.REQUIREMENTS)


def requirements(names: list[str], folder: Path) -> list[str]:
    """Return the requirements of ``names`` and of everything they stand on, sorted."""
    found: set[str] = set()
    seen: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        path = folder / name / "manifest.json"
        if not path.exists():
            if name in names:
                raise SystemExit(f"this Home Assistant has no integration {name!r}")
            continue
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found.update(manifest.get("requirements", []))
        queue.extend(manifest.get("dependencies", []))
        queue.extend(manifest.get("after_dependencies", []))
        queue.extend(domain for domain, keys in DISCOVERY.items() if manifest.keys() & set(keys))
    return sorted(found)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: {Path(sys.argv[0]).name} ENVIRONMENT")
    names = wanted(sys.argv[1])
    lines = requirements(names, components_folder())
    if "frontend" in names:
        lines += requirements_of_the_login()
    print("\n".join(lines))
