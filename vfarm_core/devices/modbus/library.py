"""The profiles at hand: those that ship with vfarm, and a grower's own in a directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from .errors import Problem, ProfileError, problem
from .load import load_file, load_profile
from .profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Profiles by id, the files of those that do not ship with vfarm, and what is wrong with the
    files that are none."""

    profiles: Mapping[str, Profile]
    files: Mapping[str, str]
    problems: tuple[Problem, ...] = ()

    def get(self, profile_id: str) -> Profile:
        """A profile by its id. Raises ProfileError naming the ids there are."""
        found = self.profiles.get(profile_id)
        if found is None:
            params = {"name": repr(profile_id), "known": ", ".join(self.profiles)}
            raise ProfileError([problem("no_profile", "id", file="library", params=params)])
        return found


def shelf(directory: Path | str | None = None) -> Shelf:
    """The shipped profiles and those of a directory (`*.yaml`, `*.yml`), which are read anew.

    A grower's profile stands in for a shipped one of the same id. A file that cannot be used is
    listed among the problems and hides nothing.
    """
    if directory is None:
        return _shipped()
    own: dict[str, Profile] = {}
    files: dict[str, str] = {}
    problems: list[Problem] = []
    for path in _files(Path(directory)):
        try:
            profile = load_file(path)
        except ProfileError as err:
            problems += err.problems
            continue
        if profile.id in own:
            params = {"name": repr(profile.id), "file": files[profile.id]}
            problems.append(problem("id_taken", "id", file=str(path), params=params))
            continue
        own[profile.id], files[profile.id] = profile, str(path)
    every = {**_shipped().profiles, **own}
    return Shelf(
        profiles=MappingProxyType(dict(sorted(every.items()))),
        files=MappingProxyType(files),
        problems=tuple(problems),
    )


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    return sorted(p for p in directory.iterdir() if p.suffix in (".yaml", ".yml") and p.is_file())


@cache
def _shipped() -> Shelf:
    found = {}
    for entry in resources.files(__package__).joinpath("maps").iterdir():
        if entry.name.endswith(".yaml"):
            text = entry.read_text(encoding="utf-8")
            stem = entry.name.removesuffix(".yaml")
            profile = load_profile(text, file=entry.name, stem=stem)
            found[profile.id] = profile
    return Shelf(profiles=MappingProxyType(dict(sorted(found.items()))), files=MappingProxyType({}))
