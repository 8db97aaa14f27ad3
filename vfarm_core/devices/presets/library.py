"""The presets at hand: those that ship with vfarm, and a grower's own in a directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from ..modbus.errors import Problem, ProfileError
from .load import load_file, load_preset
from .preset import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Presets by id, and what is wrong with the files that are none."""

    presets: Mapping[str, Preset]
    problems: tuple[Problem, ...] = ()


def shelf(directory: Path) -> Shelf:
    """The shipped presets and those of a directory (`*.yaml`, `*.yml`), which are read anew.

    A grower's preset stands in for a shipped one of the same id. A file that cannot be used is
    listed among the problems and hides nothing.
    """
    own: dict[str, Preset] = {}
    problems: list[Problem] = []
    for path in _files(directory):
        try:
            preset = load_file(path)
        except ProfileError as err:
            problems += err.problems
        else:
            own.setdefault(preset.id, preset)
    every = {**shipped(), **own}
    return Shelf(presets=MappingProxyType(dict(sorted(every.items()))), problems=tuple(problems))


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    return sorted(p for p in directory.iterdir() if p.suffix in (".yaml", ".yml") and p.is_file())


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
