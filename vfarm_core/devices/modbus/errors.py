"""What is wrong with a profile, all of it at once.

`code` and `params` are stable, for translation; `message` is English.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing a profile must not say. `path` is where (`registers[2].addr`), `line` counts from
    1 and is None where no line can be named."""

    path: str
    code: str
    message: str
    file: str = ""
    line: int | None = None
    params: Mapping[str, float | str] = field(default_factory=dict)

    def __str__(self) -> str:
        place = ":".join([self.file or "profile", *([str(self.line)] if self.line else [])])
        return f"{place}: {self.path or 'document'}: {self.message}"


class ProfileError(ValueError):
    """A profile that cannot be used; `problems` lists every reason, never none."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


#: The words of each code.
PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        # the text
        "cannot_read": "cannot be read: {why}",
        "not_utf8": "is not UTF-8 text (byte {byte:.0f})",
        "too_large": "is too large for a profile (at most {most:,.0f} characters)",
        "no_yaml": "is no YAML: {why}",
        "nested": "is nested too deep or repeated too often",
        "tag": "has the tag {tag}; a profile has none",
        "key_no_text": "has a key that is neither text nor number",
        "given_twice": "is given twice, first in line {first:.0f}",
        # its parts
        "missing": "missing",
        "unknown_key": "unknown key; known: {known}",
        "no_mapping": "is no mapping",
        "no_list": "is no list, or empty",
        "no_text": "{value} is no text",
        "no_name": "{value} does not fit: a lower-case letter, then letters, digits and _",
        "no_flag": "{value} does not fit: true or false",
        "unknown_choice": "unknown: {value}; known: {known}",
        "no_number": "{value} is no number from {low:g} to {high:g}",
        "no_whole": "{value} is no whole number from {low:.0f} to {high:.0f}",
        "no_range": "{value} is no pair of numbers, the lower one first",
        "no_block": "{value} is no block: space, address and count",
        "no_codes": "{value} is no mapping of whole numbers to texts",
        # the profile
        "unknown_schema": "unknown schema {value}; known: {known}",
        "wrong_file": "{value} does not fit the name of the file, {file}",
        "key_twice": "a register {name} exists already",
        "no_register": "there is no register {name}",
        "past_end": "reaches past address 65535",
        "bit_type": "a coil or discrete input holds a bool, or takes a number when written",
        "word_type": "a register holds no bool; give it an enum or bits",
        "no_length": "a string needs its length in registers (count)",
        "not_writable": "an input register or discrete input cannot be written",
        "overlaps": "overlaps {name} at address {address:.0f}",
        "too_wide": "{width:.0f} registers exceed what one request may read ({most:.0f})",
        "commit_read_only": "{name} cannot be written",
        "function_space": "function {function:.0f} does not write a {space}",
        "function_width": "function {function:.0f} writes one register, this one has {width:.0f}",
        "decimals_type": "{name} does not hold a number of decimals",
        "order_codes": "{name} has other codes than {known}",
        "zero_scale": "a scale of 0 has no way back",
        "split_exact": "lies partly outside of the block at {address:.0f} that is read as one",
        "exact_wide": "{count:.0f} registers exceed what one request may read ({most:.0f})",
        "watchdog_register": "names no register that can be written",
        "step_one": "needs either key and value, or wait_ms",
        "no_source": "a profile says where its map comes from",
        # a preset
        "entity_twice": "an entity {name} exists already",
        "suggests_nothing": "says nothing about any of the roles of this entity",
        # test vectors
        "bad_frame": "{value} is no frame in hexadecimal digits with its checksum",
        "vector_place": "needs a request, or start and raw or response",
        "vector_covers": "{name} lies outside of what the vector holds",
        "vector_value": "{name} decodes to {got}, not {expected}",
        "vector_write": "writing {name} gives {got}, the frame has {expected}",
        # the shelf
        "no_profile": "there is no profile {name}; known: {known}",
        "id_taken": "{name} is taken by {file}",
    }
)


def places(code: str) -> dict[str, str]:
    """The names in the words of a code, and how the value of each is rounded."""
    return {name: spec or "" for _, name, spec, _ in Formatter().parse(PROBLEMS[code]) if name}


def placeholders(said: Problem) -> dict[str, str]:
    """The values in the words of a problem as texts, rounded as in English, for any language."""
    return {name: format(said.params[name], spec) for name, spec in places(said.code).items()}


def problem(
    code: str,
    path: str,
    *,
    file: str = "",
    line: int | None = None,
    params: Mapping[str, float | str] = MappingProxyType({}),
) -> Problem:
    """A problem with its English words made of its code and `params`."""
    return Problem(
        path=path,
        code=code,
        message=PROBLEMS[code].format(**params),
        file=file,
        line=line,
        params=dict(params),
    )
