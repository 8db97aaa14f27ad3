"""The file in which the stations of all farms are described, `<config>/vfarm/stations.yaml`.

People may write it, and so may the actions: what one of them writes the other reads. A farm is
found there by its title or by the id of its entry.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from homeassistant.core import HomeAssistant

from vfarm_core.devices.stations.model import StationError

from .const import DOMAIN

_HEADER = """\
# The stations of each farm, by its title. Written by vfarm; you may edit it, comments are not kept.
"""


def path(hass: HomeAssistant) -> Path:
    """Where the stations of all farms are described."""
    return Path(hass.config.path(DOMAIN, "stations.yaml"))


def read(file: Path) -> Mapping[str, Any]:
    """What is described; nothing where there is no file. Raises StationError."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise StationError([f"{file.name}: {' '.join(str(err).split())}"]) from err
    if not isinstance(data, dict):
        raise StationError([f"{file.name}: accepted: the stations of each farm, by its title"])
    return data


def mine(told: Mapping[str, Any], farm: str, title: str) -> tuple[str, list[Any]]:
    """Under which name a farm stands in the file, and what is described of it."""
    key = next((key for key in (farm, title) if key in told), title)
    found = told.get(key)
    return key, list(found) if isinstance(found, list) else []


def write(file: Path, told: Mapping[str, Any]) -> None:
    """Put a description in place of the old one, whole or not at all. Raises StationError."""
    text = _HEADER + yaml.safe_dump(dict(told), sort_keys=False, allow_unicode=True)
    new = file.with_suffix(".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with new.open("w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        new.replace(file)
    except OSError as err:
        raise StationError([f"{file.name}: {err.strerror or err}"]) from err
