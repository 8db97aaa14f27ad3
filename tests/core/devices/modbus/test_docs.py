"""The page on Modbus names what the loader takes."""

from __future__ import annotations

import re
from pathlib import Path

from vfarm_core.devices.modbus import load
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.profile import Access, DataType, Space
from vfarm_core.devices.modbus.roles import INTERVAL_S

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "modbus.md").read_text(encoding="utf-8")


def _keys(title: str) -> set[str]:
    text = PAGE.split(f"# {title}\n", 1)[1]
    text = re.split(r"^#", text, maxsplit=1, flags=re.MULTILINE)[0]
    return set(re.findall(r"`([^`\n]+)`", text))


def test_every_key_of_a_profile_is_explained() -> None:
    wanted = {"schema", "id", "name", "kind", "confidence", "link", "limits", "defaults"}
    wanted |= {"registers", "sources", "notes", "safety", "variants", "sequences", "derived"}
    assert wanted | {"tests", load.SCHEMA} <= _keys("The form of a profile")


def test_every_key_of_a_register_is_explained() -> None:
    said = _keys("Registers")
    assert {"key", "addr", "type", "access", *load._REGISTER_KEYS} <= said
    assert {*DataType, *Access, *Space} <= said


def test_the_figures_are_those_of_the_code() -> None:
    assert f"ships {len(shelf().profiles)} of them" in PAGE
    for interval in INTERVAL_S.values():
        assert f"| {interval:g} s |" in PAGE
