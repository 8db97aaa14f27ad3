"""The page on presets names what the loader takes."""

from __future__ import annotations

import re
from pathlib import Path

from vfarm_core.devices.presets import load
from vfarm_core.devices.presets.library import shipped
from vfarm_core.devices.presets.preset import Check, Confidence

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "presets.md").read_text(encoding="utf-8")


def _keys(title: str) -> set[str]:
    text = PAGE.split(f"# {title}\n", 1)[1]
    text = re.split(r"^#", text, maxsplit=1, flags=re.MULTILINE)[0]
    return set(re.findall(r"`([^`\n]+)`", text))


def test_every_key_of_a_preset_is_explained() -> None:
    wanted = {*load._PARTS, "makes", "checks", "watch", "notes", load.SCHEMA, *Confidence}
    assert wanted <= _keys("The form of a preset")


def test_every_key_of_an_entity_is_explained() -> None:
    wanted = {"key", "domains", *load._KNOWN_KEYS, *load._READING, *load._DECLARATION}
    assert wanted <= _keys("Entities")


def test_every_check_is_explained() -> None:
    assert _keys("What to look at") == set(Check)


def test_it_counts_the_presets_that_ship() -> None:
    assert f"ships {len(shipped())} of them" in PAGE
