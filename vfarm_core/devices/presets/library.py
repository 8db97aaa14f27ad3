"""The presets at hand: those that ship with vfarm."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from .load import load_preset
from .preset import Preset


@cache
def shipped() -> Mapping[str, Preset]:
    """The presets that ship with vfarm, by their ids. They are read from the disk once."""
    found = {}
    for entry in resources.files(__package__).joinpath("shipped").iterdir():
        if entry.name.endswith(".yaml"):
            text = entry.read_text(encoding="utf-8")
            stem = entry.name.removesuffix(".yaml")
            preset = load_preset(text, file=entry.name, stem=stem)
            found[preset.id] = preset
    return MappingProxyType(dict(sorted(found.items())))
