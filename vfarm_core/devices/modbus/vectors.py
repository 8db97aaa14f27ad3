"""Test vectors of a profile: what a device was seen to say, and what that has to mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from .codec import EncodeError, encode
from .frames import Frame, parse_request, parse_response
from .meaning import meaning
from .profile import Profile, Register, Space, Vector
from .values import Values, is_whole

#: How close a decoded vector has to be: the digits of a 32-bit fraction.
_CLOSE = 1e-5


class Vectors(Values):
    """Takes vectors out of a document, and holds a profile against them."""

    def vectors(
        self, entries: Mapping[str, Any], registers: Sequence[Register]
    ) -> tuple[Vector, ...]:
        found = []
        for index, item in enumerate(self.list_of(entries, "tests", "")):
            vector = self.vector(item, f"tests[{index}]", {r.key for r in registers})
            if vector is not None:
                found.append(vector)
        return tuple(found)

    def vector(self, value: Any, path: str, keys: Collection[str]) -> Vector | None:
        entries = self.mapping(
            value,
            path,
            optional=(
                *("request", "response", "start", "space", "raw"),
                *("expect", "expect_write", "note"),
            ),
        )
        if entries is None:
            return None
        request = self.frame(entries, "request", path, parse_request)
        response = self.frame(entries, "response", path, parse_response)
        space = self.choice(entries, "space", path, Space)
        start = self.whole(entries, "start", path, 0, 0xFFFF)
        words: tuple[int, ...] = ()
        if request is not None:
            space, start = request.space, request.start
        if response is not None:
            words = response.words
        elif "raw" in entries:
            raw = self.list_of(entries, "raw", path)
            if not all(is_whole(word) and 0 <= word <= 0xFFFF for word in raw):
                self.problem(f"{path}.raw", "no_whole", value=repr(raw), low=0, high=0xFFFF)
            else:
                words = tuple(raw)
        if space is None or start is None:
            if not {"request", "start", "space"} & set(entries):
                self.problem(path, "vector_place")
            return None
        expect = self.expected(entries, "expect", path, keys)
        writes = self.expected(entries, "expect_write", path, keys)
        if expect and not words:
            self.problem(path, "vector_place")
        return Vector(
            space=space,
            start=start,
            words=words,
            expect=expect,
            writes=writes,
            written=request.words if request is not None else (),
            note=self.text(entries, "note", path),
        )

    def expected(
        self, entries: Mapping[str, Any], key: str, path: str, keys: Collection[str]
    ) -> dict[str, float]:
        inner = self.mapping(entries.get(key, {}), f"{path}.{key}", open_keys=True) or {}
        found = {}
        for name in inner:
            number = self.number(inner, name, f"{path}.{key}", -1e12, 1e12)
            if name not in keys:
                self.problem(f"{path}.{key}.{name}", "no_register", name=repr(name))
            elif number is not None:
                found[name] = number
        return found

    def frame(
        self,
        entries: Mapping[str, Any],
        key: str,
        path: str,
        parse: Callable[[str], Frame | None],
    ) -> Frame | None:
        if key not in entries:
            return None
        frame = parse(str(entries[key]))
        if frame is None:
            self.problem(f"{path}.{key}", "bad_frame", value=repr(entries[key]))
        return frame

    def check_vectors(self, profile: Profile) -> None:
        """Every vector has to mean what it says."""
        registers = {register.key: register for register in profile.registers}
        for index, vector in enumerate(profile.vectors):
            path = f"tests[{index}]"
            words = {
                (vector.space.value, vector.start + at): word
                for at, word in enumerate(vector.words)
            }
            for key, expected in vector.expect.items():
                reading = meaning(registers[key], registers, words)
                if reading is None:
                    self.problem(f"{path}.expect.{key}", "vector_covers", name=key)
                elif not _close(reading.value, expected):
                    got = str(reading.why or reading.value)
                    self.problem(
                        f"{path}.expect.{key}",
                        "vector_value",
                        name=key,
                        got=got,
                        expected=f"{expected:g}",
                    )
            for key, value in vector.writes.items():
                self.check_written(f"{path}.expect_write.{key}", registers[key], value, vector)

    def check_written(self, path: str, register: Register, value: float, vector: Vector) -> None:
        try:
            words = encode(register, value)
        except EncodeError as err:
            words, got = (), str(err)
        else:
            got = str(list(words))
        if words != vector.written or register.address != vector.start:
            expected = str(list(vector.written))
            self.problem(path, "vector_write", name=register.key, got=got, expected=expected)


def _close(got: float | bool | str | None, expected: float) -> bool:
    if got is None or isinstance(got, str):
        return False
    return math.isclose(got, expected, rel_tol=_CLOSE, abs_tol=_CLOSE)
