"""What is known of a Modbus device, as frozen values. Its form as a document: docs/modbus.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Space(StrEnum):
    """The four tables of a Modbus device; the same address means another thing in each."""

    HOLDING = "holding"
    INPUT = "input"
    COIL = "coil"
    DISCRETE = "discrete"

    @property
    def is_bits(self) -> bool:
        """Whether an address holds one bit, not a register of 16."""
        return self in (Space.COIL, Space.DISCRETE)


class DataType(StrEnum):
    """What the words of a register mean."""

    BOOL = "bool"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    STRING = "string"


#: Words of each type; a string has as many as it says.
WORDS: Mapping[DataType, int] = {
    DataType.BOOL: 1,
    DataType.INT16: 1,
    DataType.UINT16: 1,
    DataType.INT32: 2,
    DataType.UINT32: 2,
    DataType.FLOAT32: 2,
    DataType.INT64: 4,
    DataType.UINT64: 4,
}


class Order(StrEnum):
    """Which part of a number comes first: the high (big) or the low (little) one."""

    BIG = "big"
    LITTLE = "little"


class Access(StrEnum):
    """What may be done with a register."""

    READ = "r"
    WRITE = "w"
    BOTH = "rw"


class Confidence(StrEnum):
    """HIGH: the map was seen in two sources, or in the maker's manual with a frame. MEDIUM: in one.
    LOW: sources contradict each other or are incomplete."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Kind(StrEnum):
    """What a device is."""

    SENSOR = "sensor"
    ACTUATOR = "actuator"
    METER = "meter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The settings a device leaves the factory with. `any_unit` is an address that every device of
    the kind answers, for finding one that is alone on the line; `wake_byte` is sent ahead of a
    request to one that sleeps."""

    baud: int
    parity: str
    stopbits: int
    unit: int
    any_unit: int | None = None
    wake_byte: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may ask for. `gap` is how many unused addresses a request may cross,
    `spacing_s` the quiet time around a request, `timeout_s` how long an answer may take, `exact`
    the blocks (space, address, count) that are answered as a whole or not at all."""

    registers: int
    gap: int
    spacing_s: float
    timeout_s: float
    exact: tuple[tuple[Space, int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One value of a device. Engineering value = raw × `scale` + `offset`, after `mask` and
    `shift`, divided by 10 to the power of the register `decimals_from`; its unit is `unit`, or what
    the register `unit_from` says; the register `order_from` says in which order its bytes come.
    `range` is what the device can measure or takes, `constant` what every such device holds and is
    known by. `codes` names the values of an enumeration, `read_codes` those that are read back
    where they differ,
    `bits` single bits. `missing` are raw values that mean there is no reading. `wears`: its memory
    takes a limited number of writes. `commit` is the register that must be written afterwards, with
    `commit_value`. `moves_link`: once written, the device is found elsewhere on the line, or only
    after its power was cut. `verified` is False where the entry was inferred, not read in a
    source."""

    key: str
    address: int
    type: DataType
    space: Space
    access: Access
    word_order: Order = Order.BIG
    byte_order: Order = Order.BIG
    words: int = 1
    scale: float = 1.0
    offset: float = 0.0
    decimals_from: str | None = None
    unit_from: str | None = None
    order_from: str | None = None
    mask: int | None = None
    shift: int = 0
    unit: str = ""
    role: str | None = None
    range: tuple[float, float] | None = None
    constant: float | None = None
    codes: Mapping[int, str] = field(default_factory=dict)
    read_codes: Mapping[int, str] = field(default_factory=dict)
    bits: Mapping[int, str] = field(default_factory=dict)
    missing: frozenset[int] = frozenset()
    wears: bool = False
    commit: str | None = None
    commit_value: int = 0
    moves_link: bool = False
    function: int | None = None
    models: tuple[str, ...] = ()
    phases: int | None = None
    note: str = ""
    verified: bool = True

    @property
    def end(self) -> int:
        """The address behind its last one."""
        return self.address + (1 if self.space.is_bits else self.words)

    @property
    def readable(self) -> bool:
        """Whether it can be read at all."""
        return self.access is not Access.WRITE

    @property
    def writable(self) -> bool:
        """Whether it can be written at all."""
        return self.access is not Access.READ


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceStep:
    """Write `value` to `key` (a text in braces is a parameter), or wait."""

    key: str | None = None
    value: float | bool | str | None = None
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A device with the same label and another map. `profile` is the map it answers to, where it
    is known; otherwise `note` says what differs."""

    id: str
    note: str
    profile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """What a device does without us. `watchdog` is the register with the time after which it acts
    when no request comes; `power_on` is its state after its power comes back."""

    watchdog: str | None = None
    power_on: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """What a device was seen to answer: `words` from `start` in `space`, and what they mean; or a
    write request, and the value it writes. `response` is the frame it came in, where there is one.
    """

    space: Space
    start: int
    words: tuple[int, ...] = ()
    expect: Mapping[str, float] = field(default_factory=dict)
    writes: Mapping[str, float] = field(default_factory=dict)
    written: tuple[int, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One device, or one family that shares a map."""

    id: str
    name: str
    kinds: tuple[Kind, ...]
    confidence: Confidence
    link: Link
    limits: Limits
    registers: tuple[Register, ...]
    sources: tuple[str, ...]
    safety: Safety = field(default_factory=Safety)
    variants: tuple[Variant, ...] = ()
    sequences: Mapping[str, tuple[SequenceStep, ...]] = field(default_factory=dict)
    derived: Mapping[str, str] = field(default_factory=dict)
    vectors: tuple[Vector, ...] = ()
    notes: str = ""

    def register(self, key: str) -> Register:
        """A register by its key. Raises KeyError."""
        for register in self.registers:
            if register.key == key:
                return register
        raise KeyError(key)

    @property
    def models(self) -> tuple[str, ...]:
        """The models the map tells apart, in the order in which it names them."""
        return tuple(dict.fromkeys(model for r in self.registers for model in r.models))

    def registers_of(self, model: str | None = None, phases: int | None = None) -> list[Register]:
        """The registers that this model with so many phases has. Without a choice: all of them."""
        return [
            register
            for register in self.registers
            if (model is None or not register.models or model in register.models)
            and (phases is None or register.phases is None or register.phases <= phases)
        ]
