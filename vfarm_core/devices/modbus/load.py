"""Profiles from YAML, strictly: every problem is found and named, nothing is guessed.

The form of the document is described in docs/modbus.md. A profile that loads has decoded every
test vector it carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .codec import MOST_DECIMALS, ORDERS
from .document import read_document
from .errors import ProfileError, problem
from .plan import MOST_BITS, MOST_REGISTERS
from .profile import (
    WORDS,
    Access,
    Confidence,
    DataType,
    Kind,
    Limits,
    Link,
    Order,
    Profile,
    Register,
    Safety,
    SequenceStep,
    Space,
    Variant,
)
from .roles import ROLES
from .values import is_whole
from .vectors import Vectors

#: The version of the document's form.
SCHEMA = "vfarm-modbus-map/1"

_BAUDS = (1200, 115_200)


def load_profile(text: str, *, file: str = "<text>", stem: str | None = None) -> Profile:
    """The profile in `text`. `file` is what problems name; `stem`, where it is given, is the name
    that the profile's id has to be. Raises ProfileError with all problems."""
    document = read_document(text, file)
    reader = _Reader(document)
    profile = reader.profile(document.value, stem)
    if profile is not None and not reader.problems:
        reader.check_vectors(profile)
    if reader.problems or profile is None:
        raise ProfileError(sorted(reader.problems, key=lambda found: found.line or 0))
    return profile


def load_file(path: Path | str) -> Profile:
    """The profile in a file. Raises ProfileError, also when it cannot be read."""
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as err:
        why = {"why": err.strerror or str(err)}
        raise ProfileError([problem("cannot_read", "", file=str(path), params=why)]) from err
    except UnicodeDecodeError as err:
        where = {"byte": err.start}
        raise ProfileError([problem("not_utf8", "", file=str(path), params=where)]) from err
    return load_profile(text, file=str(path), stem=path.stem)


_REGISTER_KEYS = (
    *("space", "word_order", "byte_order", "count", "scale", "offset", "scale_from", "unit_from"),
    *("order_from", "constant", "mask", "shift", "unit", "role", "range", "enum", "read_enum"),
    *("bits", "nan", "wear", "commit", "commit_value", "moves_link", "write_fc"),
    *("models", "phases", "note", "v"),
)
_PARTS = ("schema", "id", "name", "kind", "confidence", "link", "limits", "defaults")


class _Reader(Vectors):
    """The parts of a profile."""

    parts = _PARTS

    # --- Parts ------------------------------------------------------------------------------

    def profile(self, value: Any, stem: str | None) -> Profile | None:
        entries = self.mapping(
            value,
            "",
            required=(*_PARTS, "registers", "sources"),
            optional=("notes", "safety", "variants", "sequences", "derived", "tests"),
        )
        if entries is None:
            return None
        if entries.get("schema", SCHEMA) != SCHEMA:
            self.problem("schema", "unknown_schema", value=repr(entries["schema"]), known=SCHEMA)
        name = self.name(entries, "id", "")
        if stem is not None and name and name != stem:
            self.problem("id", "wrong_file", value=repr(name), file=stem)
        limits = self.limits(entries.get("limits"))
        registers = self.registers(entries, limits)
        kinds = self.several(entries, "kind", "", Kind)
        sources = self.texts(entries, "sources", "")
        return Profile(
            id=name,
            name=self.text(entries, "name", ""),
            kinds=kinds,
            confidence=self.choice(entries, "confidence", "", Confidence) or Confidence.LOW,
            link=self.link(entries.get("link")),
            limits=limits,
            registers=registers,
            sources=sources,
            safety=self.safety(entries, registers),
            variants=self.variants(entries),
            sequences=self.sequences(entries, registers),
            derived=self.texts_by_name(entries, "derived", ""),
            vectors=self.vectors(entries, registers),
            notes=self.text(entries, "notes", ""),
        )

    def link(self, value: Any) -> Link:
        entries = self.mapping(
            value,
            "link",
            required=("baud", "parity", "stopbits", "unit"),
            optional=("any_unit", "wake_byte"),
        )
        entries = entries or {}
        parity = entries.get("parity", "N")
        if parity not in ("N", "E", "O"):
            self.problem("link.parity", "unknown_choice", value=repr(parity), known="N, E, O")
            parity = "N"
        return Link(
            baud=self.whole(entries, "baud", "link", *_BAUDS) or 9600,
            parity=parity,
            stopbits=self.whole(entries, "stopbits", "link", 1, 2) or 1,
            unit=self.whole(entries, "unit", "link", 1, 247) or 1,
            any_unit=self.whole(entries, "any_unit", "link", 0, 255),
            wake_byte=self.whole(entries, "wake_byte", "link", 0, 255),
        )

    def limits(self, value: Any) -> Limits:
        path = "limits"
        entries = self.mapping(
            value,
            path,
            required=("max_registers", "max_gap", "min_spacing_ms", "timeout_ms"),
            optional=("exact_blocks",),
        )
        entries = entries or {}
        most = self.whole(entries, "max_registers", path, 1, MOST_BITS) or 1
        exact: list[tuple[Space, int, int]] = []
        for index, block in enumerate(self.list_of(entries, "exact_blocks", path)):
            here = f"{path}.exact_blocks[{index}]"
            if (
                not isinstance(block, list)
                or len(block) != 3
                or block[0] not in list(Space)
                or not all(is_whole(number) for number in block[1:])
                or not 0 <= block[1] <= 0xFFFF
                or not 1 <= block[2] <= 0x10000 - block[1]
            ):
                self.problem(here, "no_block", value=repr(block))
            elif block[2] > min(most, MOST_REGISTERS):
                self.problem(here, "exact_wide", count=block[2], most=most)
            else:
                exact.append((Space(block[0]), block[1], block[2]))
        return Limits(
            registers=most,
            gap=self.whole(entries, "max_gap", path, 0, MOST_REGISTERS) or 0,
            spacing_s=(self.number(entries, "min_spacing_ms", path, 0, 5000) or 0.0) / 1000,
            timeout_s=(self.number(entries, "timeout_ms", path, 10, 30_000) or 1000.0) / 1000,
            exact=tuple(exact),
        )

    def registers(self, entries: Mapping[str, Any], limits: Limits) -> tuple[Register, ...]:
        defaults = self.mapping(
            entries.get("defaults"),
            "defaults",
            required=("space", "word_order", "byte_order"),
        )
        defaults = defaults or {}
        space = self.choice(defaults, "space", "defaults", Space) or Space.HOLDING
        word = self.choice(defaults, "word_order", "defaults", Order) or Order.BIG
        byte = self.choice(defaults, "byte_order", "defaults", Order) or Order.BIG
        found: dict[str, Register] = {}
        paths: dict[str, str] = {}
        for index, item in enumerate(self.list_of(entries, "registers", "")):
            path = f"registers[{index}]"
            register = self.register(item, path, space, word, byte)
            if register is None:
                continue
            if register.key in found:
                self.problem(f"{path}.key", "key_twice", name=repr(register.key))
                continue
            found[register.key] = register
            paths[register.key] = path
            self.check_place(register, path, limits)
        self.check_references(found, paths)
        self.check_overlaps(found, paths)
        return tuple(found.values())

    def register(
        self, value: Any, path: str, space: Space, word: Order, byte: Order
    ) -> Register | None:
        entries = self.mapping(
            value, path, required=("key", "addr", "type", "access"), optional=_REGISTER_KEYS
        )
        if entries is None:
            return None
        kind = self.choice(entries, "type", path, DataType) or DataType.UINT16
        role = entries.get("role")
        if role is not None and (not isinstance(role, str) or role not in ROLES):
            known = ", ".join(ROLES)
            self.problem(f"{path}.role", "unknown_choice", value=repr(role), known=known)
            role = None
        words = WORDS.get(kind, 0)
        if kind is DataType.STRING:
            words = self.whole(entries, "count", path, 1, MOST_REGISTERS) or 1
            if "count" not in entries:
                self.problem(path, "no_length")
        wear = entries.get("wear")
        if wear not in (None, "eeprom"):
            self.problem(f"{path}.wear", "unknown_choice", value=repr(wear), known="eeprom")
        scale = self.number(entries, "scale", path, -1e9, 1e9)
        if scale == 0:
            self.problem(f"{path}.scale", "zero_scale")
        register = Register(
            key=self.name(entries, "key", path),
            address=self.whole(entries, "addr", path, 0, 0xFFFF) or 0,
            type=kind,
            space=self.choice(entries, "space", path, Space) or space,
            access=self.choice(entries, "access", path, Access) or Access.READ,
            word_order=self.choice(entries, "word_order", path, Order) or word,
            byte_order=self.choice(entries, "byte_order", path, Order) or byte,
            words=words,
            scale=scale or 1.0,
            offset=self.number(entries, "offset", path, -1e9, 1e9) or 0.0,
            decimals_from=self.name(entries, "scale_from", path) or None,
            unit_from=self.name(entries, "unit_from", path) or None,
            order_from=self.name(entries, "order_from", path) or None,
            constant=self.number(entries, "constant", path, -1e12, 1e12),
            mask=self.whole(entries, "mask", path, 1, 0xFFFF),
            shift=self.whole(entries, "shift", path, 0, 15) or 0,
            unit=self.text(entries, "unit", path),
            role=role,
            range=self.range(entries, path),
            codes=self.codes(entries, "enum", path),
            read_codes=self.codes(entries, "read_enum", path),
            bits=self.codes(entries, "bits", path),
            missing=self.missing(entries, path),
            wears=wear is not None,
            commit=self.name(entries, "commit", path) or None,
            commit_value=self.whole(entries, "commit_value", path, 0, 0xFFFF) or 0,
            moves_link=self.flag(entries, "moves_link", path) or False,
            function=self.whole(entries, "write_fc", path, 1, 16),
            models=self.texts(entries, "models", path),
            phases=self.whole(entries, "phases", path, 1, 3),
            note=self.text(entries, "note", path),
            verified=self.flag(entries, "v", path) is not False,
        )
        self.check_kind(register, path, entries)
        return register

    def check_kind(self, register: Register, path: str, entries: Mapping[str, Any]) -> None:
        """What a register is has to fit the table it lies in."""
        bit = register.type is DataType.BOOL
        if not register.space.is_bits and bit:
            self.problem(f"{path}.type", "word_type")
        # A relay board takes the length of a pulse as the value of a coil; it cannot be read back.
        if register.space.is_bits and not bit and register.readable:
            self.problem(f"{path}.type", "bit_type")
        if register.writable and register.space in (Space.INPUT, Space.DISCRETE):
            self.problem(f"{path}.access", "not_writable")
        function = register.function
        if function is None or not register.writable:
            return
        if function not in ((5, 15) if register.space.is_bits else (6, 16)):
            space = register.space.value
            self.problem(f"{path}.write_fc", "function_space", function=function, space=space)
        elif function == 6 and register.words > 1:
            width = register.words
            self.problem(f"{path}.write_fc", "function_width", function=function, width=width)

    def check_place(self, register: Register, path: str, limits: Limits) -> None:
        if register.end > 0x10000:
            self.problem(f"{path}.addr", "past_end")
        width = register.end - register.address
        exact = [
            (start, count)
            for space, start, count in limits.exact
            if space is register.space and start < register.end and register.address < start + count
        ]
        for start, count in exact:
            if register.address < start or register.end > start + count:
                self.problem(f"{path}.addr", "split_exact", address=start)
        if not exact and register.readable and width > limits.registers:
            self.problem(f"{path}.type", "too_wide", width=width, most=limits.registers)

    def check_references(self, found: Mapping[str, Register], paths: Mapping[str, str]) -> None:
        for key, register in found.items():
            path = paths[key]
            for name, other in (
                ("scale_from", register.decimals_from),
                ("unit_from", register.unit_from),
                ("order_from", register.order_from),
                ("commit", register.commit),
            ):
                if other is None:
                    continue
                named = found.get(other)
                if named is None:
                    self.problem(f"{path}.{name}", "no_register", name=repr(other))
                elif name == "commit" and not named.writable:
                    self.problem(f"{path}.{name}", "commit_read_only", name=repr(other))
                elif name == "scale_from" and not _counts_decimals(named):
                    self.problem(f"{path}.{name}", "decimals_type", name=repr(other))
                elif name == "order_from" and not set(named.codes.values()) <= set(ORDERS):
                    known = ", ".join(ORDERS)
                    self.problem(f"{path}.{name}", "order_codes", name=repr(other), known=known)

    def check_overlaps(self, found: Mapping[str, Register], paths: Mapping[str, str]) -> None:
        """Two registers share an address only where one of them cannot be read."""
        taken: dict[tuple[Space, int], str] = {}
        for key, register in found.items():
            if not register.readable:
                continue
            for address in range(register.address, register.end):
                other = taken.setdefault((register.space, address), key)
                if other != key and not _parts_of_one(register, found[other]):
                    path = f"{paths[key]}.addr"
                    self.problem(path, "overlaps", name=repr(other), address=address)
                    break

    def safety(self, entries: Mapping[str, Any], registers: Sequence[Register]) -> Safety:
        path = "safety"
        if path not in entries:
            return Safety()
        inner = self.mapping(
            entries[path], path, optional=("comms_watchdog", "power_on_state", "note")
        )
        inner = inner or {}
        watchdog = self.name(inner, "comms_watchdog", path) or None
        if watchdog is not None and not any(r.key == watchdog and r.writable for r in registers):
            self.problem(f"{path}.comms_watchdog", "watchdog_register")
        return Safety(
            watchdog=watchdog,
            power_on=self.text(inner, "power_on_state", path),
            note=self.text(inner, "note", path),
        )

    def variants(self, entries: Mapping[str, Any]) -> tuple[Variant, ...]:
        found = []
        for index, item in enumerate(self.list_of(entries, "variants", "")):
            path = f"variants[{index}]"
            inner = self.mapping(item, path, required=("id", "note"), optional=("profile",))
            if inner is not None:
                found.append(
                    Variant(
                        id=self.name(inner, "id", path),
                        note=self.text(inner, "note", path),
                        profile=self.name(inner, "profile", path) or None,
                    )
                )
        return tuple(found)

    def sequences(
        self, entries: Mapping[str, Any], registers: Sequence[Register]
    ) -> dict[str, tuple[SequenceStep, ...]]:
        writable = [register.key for register in registers if register.writable]
        found = {}
        given = self.mapping(entries.get("sequences", {}), "sequences", open_keys=True)
        for name in given or {}:
            steps = []
            for index, item in enumerate(self.list_of(given or {}, name, "sequences")):
                path = f"sequences.{name}[{index}]"
                inner = self.mapping(item, path, optional=("key", "value", "wait_ms"))
                if inner is None:
                    continue
                if ("wait_ms" in inner) == ("key" in inner) or ("key" in inner) != (
                    "value" in inner
                ):
                    self.problem(path, "step_one")
                    continue
                if "key" in inner and inner["key"] not in writable:
                    self.problem(f"{path}.key", "no_register", name=repr(inner["key"]))
                wait = self.number(inner, "wait_ms", path, 0, 600_000) or 0.0
                steps.append(
                    SequenceStep(
                        key=self.name(inner, "key", path) or None,
                        value=inner.get("value"),
                        wait_s=wait / 1000,
                    )
                )
            found[name] = tuple(steps)
        return found


def _counts_decimals(register: Register) -> bool:
    return (
        register.type in (DataType.UINT16, DataType.INT16)
        and register.readable
        and not register.space.is_bits
        and (register.range is None or register.range[1] <= MOST_DECIMALS)
    )


def _parts_of_one(a: Register, b: Register) -> bool:
    """Two registers that are different bits of the same word."""
    return a.mask is not None and b.mask is not None and not a.mask & b.mask
