"""One device on a line: reads what its profile describes, writes and proves what it wrote.

It is given a unit of an open link; whose link that is, and how it is opened, is the caller's. What
it tells is fresh or missing, never an older value. A write is proved by reading it back, or said
to have failed; only what cannot be read back is told as accepted by the device and no more.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from modbus_connection import ModbusExceptionError, ModbusUnit

from .bus import Bus, Priority
from .codec import (
    EncodeError,
    Reading,
    Why,
    decode,
    encode,
    merged,
    missing,
    same,
)
from .compiled import Request
from .exchange import Exchange
from .health import Health
from .meaning import Words, decimals_of, held, label, meaning
from .plan import NOTHING, Block, Learned, plan, refused
from .profile import DataType, Profile, Register, SequenceStep
from .roles import INTERVAL_S, Group, group_of

#: Answers of the protocol that mean: I do not have this. 1 is for the request as a whole.
_ILLEGAL_FUNCTION = 1
_ILLEGAL = (_ILLEGAL_FUNCTION, 2, 3)
#: Attempts of a write that can be read back.
_ATTEMPTS = 2


class Purpose(StrEnum):
    """Why something is written. A memory that wears is written for COMMISSIONING only."""

    CONTROL = "control"
    COMMISSIONING = "commissioning"


class End(StrEnum):
    """How a write ended."""

    #: Read back as written.
    VERIFIED = "verified"
    #: The device took it; it cannot be read back.
    ACCEPTED = "accepted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a write. `why` is a stable code and `detail` English words for a log;
    `found` is what was read back."""

    key: str
    end: End
    why: str = ""
    detail: str = ""
    found: Reading | None = None

    @property
    def ok(self) -> bool:
        """Whether the device has it, as far as can be told."""
        return self.end is not End.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What one cycle told, by key. `requests` were sent for it, `at` is the monotonic time of its
    end. `words` is the content by space and address, for diagnostics."""

    readings: Mapping[str, Reading]
    requests: int
    at: float
    words: Mapping[tuple[str, int], int] = field(default_factory=dict)

    @property
    def good(self) -> dict[str, Reading]:
        """The readings that are not missing."""
        return {key: reading for key, reading in self.readings.items() if reading.why is None}


class Device:
    """A unit that answers to a profile. `model` and `phases` choose among the registers, `learned`
    is what an earlier session found the device to refuse. All devices of a link share a `bus`."""

    def __init__(
        self,
        unit: ModbusUnit,
        profile: Profile,
        *,
        bus: Bus | None = None,
        model: str | None = None,
        phases: int | None = None,
        learned: Learned = NOTHING,
        intervals: Mapping[Group, float] = INTERVAL_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.profile = profile
        self.registers = {r.key: r for r in profile.registers_of(model, phases)}
        self.learned = learned
        self._clock = clock
        self._sleep = sleep
        self._intervals = intervals
        polled = {group_of(register) for register in self.registers.values()} & set(intervals)
        self._due: dict[Group, float] = {group: 0.0 for group in Group if group in polled}
        self._plans: dict[tuple[frozenset[str], Learned], list[Request]] = {}
        self._kept: dict[str, float] = {}
        self._orders: dict[str, str] = {}
        self._exchange = Exchange(
            unit,
            tuple(self.registers.values()),
            bus=bus or Bus(),
            timeout_s=profile.limits.timeout_s,
            clock=clock,
            sleep=sleep,
        )
        unit.require_timeout(profile.limits.timeout_s)
        if profile.limits.spacing_s:
            unit.set_message_spacing(profile.limits.spacing_s)

    # --- Reading ----------------------------------------------------------------------------

    @property
    def health(self) -> Health:
        """Whether the device answers, and when it is asked again."""
        return self._exchange.health

    @property
    def next_due(self) -> float | None:
        """When the device wants to be polled next, by the monotonic clock; None: never."""
        if not self._due:
            return None
        due = min(self._due.values())
        return max(due, self.health.retry_at) if self.health.is_silent else due

    async def poll(self) -> Poll:
        """Read the groups that are due. Readings that could not be had are missing, with why."""
        now = self._clock()
        groups = [group for group, due in self._due.items() if due <= now]
        for group in groups:
            # All devices keep the same beat, so that what is told in a cycle belongs together;
            # what was missed is not made up for.
            interval = self._intervals[group]
            self._due[group] = (math.floor(now / interval) + 1) * interval
        wanted = [r for r in self.registers.values() if group_of(r) in groups]
        if not self.health.may_try(now):
            return self._nothing(wanted, Why.BACKED_OFF)
        return await self._cycle(wanted)

    async def read(self, keys: Iterable[str] | None = None) -> Poll:
        """Read some registers now, or all that can be read. Raises KeyError."""
        chosen = self.registers if keys is None else {k: self.registers[k] for k in keys}
        return await self._cycle([r for r in chosen.values() if r.readable])

    async def _cycle(self, wanted: Sequence[Register], priority: Priority | None = None) -> Poll:
        """One reading of registers and of what they need to be understood."""
        if not wanted:
            return self._nothing(wanted, Why.UNSUPPORTED)
        silent = self.health.is_silent
        first = priority or (Priority.PROBE if silent else Priority.READ)
        needed = self._with_helpers(wanted)
        memory: dict[tuple[str, int], int] = {}
        faults: dict[str, Why] = {}
        answers = 0
        before = self._exchange.sent
        lost: Why | None = None
        todo = self._requests(needed)
        while todo:
            request = todo.pop(0)
            if lost is not None:
                faults |= {r.key: lost for r in request.block.registers}
                continue
            outcome = await self._ask(request, first)
            if isinstance(outcome, dict):
                space = request.block.space.value
                memory |= {(space, address): word for address, word in outcome.items()}
                answers += 1
                first = priority or Priority.READ
                continue
            faults |= {r.key: outcome for r in request.block.registers}
            if outcome in (Why.REFUSED, Why.UNSUPPORTED):
                answers += 1
            if outcome is Why.UNSUPPORTED:
                # What was learned makes another plan of this block.
                again = self._requests(request.block.registers)
                todo = again + todo
            elif outcome in (Why.TIMEOUT, Why.CONNECTION, Why.GAVE_WAY):
                # One timeout a cycle: who does not answer is not asked for everything else.
                lost = outcome
        if answers:
            self._exchange.health = self.health.answered()
        elif lost is not Why.GAVE_WAY:
            self._exchange.health = self.health.fell_silent(self._clock())
        return Poll(
            readings=self._understand(wanted, memory, faults),
            requests=self._exchange.sent - before,
            at=self._clock(),
            words=memory,
        )

    def _nothing(self, wanted: Iterable[Register], why: Why) -> Poll:
        readings = {register.key: missing(why, register) for register in wanted}
        return Poll(readings=readings, requests=0, at=self._clock())

    def _with_helpers(self, wanted: Sequence[Register]) -> list[Register]:
        """What is read with a register because it gives it its decimals or its unit."""
        keys = {register.key for register in wanted}
        for register in wanted:
            helpers = [register.decimals_from, register.unit_from]
            if (register.order_from or "") not in self._orders:
                helpers.append(register.order_from)
            keys |= {key for key in helpers if key is not None and key in self.registers}
        return [register for register in self.registers.values() if register.key in keys]

    def _requests(self, wanted: Iterable[Register]) -> list[Request]:
        keys = frozenset(register.key for register in wanted)
        found = self._plans.get((keys, self.learned))
        if found is None:
            chosen = [r for r in self.registers.values() if r.key in keys]
            blocks = plan(chosen, self.profile.limits, self.learned)
            found = [Request(self._exchange.unit, block) for block in blocks]
            self._plans[keys, self.learned] = found
        return list(found)

    def _understand(
        self,
        wanted: Iterable[Register],
        memory: Mapping[tuple[str, int], int],
        faults: Mapping[str, Why],
    ) -> dict[str, Reading]:
        readings = {}
        for register in wanted:
            self._keep(register, memory)
            reading = meaning(register, self.registers, memory, self._orders)
            if reading is None:
                reading = missing(faults.get(register.key, Why.UNSUPPORTED), register)
            readings[register.key] = reading
        return readings

    def _keep(self, register: Register, memory: Words) -> None:
        """What else the device said that is needed later: the order of its bytes is asked once,
        for it is a setting that nobody changes while the farm runs."""
        decimals = decimals_of(register, self.registers, memory)
        if register.decimals_from is not None and decimals is not None:
            self._kept[register.decimals_from] = decimals
        if register.order_from is not None:
            order = label(register.order_from, self.registers, memory)
            if order is not None:
                self._orders[register.order_from] = order

    # --- One request ------------------------------------------------------------------------

    async def _ask(self, request: Request, priority: Priority) -> dict[int, int] | Why:
        """The content of a block, or why there is none. Learns from what the device refuses."""
        block = request.block
        why, error, content = await self._exchange.fetch(request, priority)
        if content is not None:
            missing_words = block.count - len(content)
            return Why.GARBLED if missing_words else content
        if why is Why.REFUSED and isinstance(error, ModbusExceptionError):
            code = error.exception_code
            if code in _ILLEGAL:
                self.learned = refused(block, self.learned, function=code == _ILLEGAL_FUNCTION)
                return Why.UNSUPPORTED
        return why or Why.GARBLED

    # --- Writing ----------------------------------------------------------------------------

    async def write(
        self, key: str, value: float | bool | str, *, purpose: Purpose = Purpose.CONTROL
    ) -> Written:
        """Write a value and prove it. Nothing is sent that the register cannot hold, and nothing to
        a memory that wears unless a person commissions the device. Raises KeyError."""
        register = self.registers[key]
        if not register.writable:
            return _failed(key, "read_only", f"{key} cannot be written")
        if register.wears and purpose is not Purpose.COMMISSIONING:
            return _failed(key, "wears", f"the memory of {key} takes a limited number of writes")
        if register.space.is_bits and register.type is not DataType.BOOL:
            return _failed(key, "raw_coil", f"{key} needs a request that the link cannot send")
        try:
            words = encode(register, value, decimals=self._kept.get(register.decimals_from or ""))
        except EncodeError as err:
            return _failed(key, err.code, str(err))
        if register.wears and register.readable:
            present, _ = await self._read_back(register)
            if present is not None and same(register, words, present):
                return self._verified(register, present)
        return await self._written(register, words)

    async def run(
        self,
        sequence: str,
        *,
        purpose: Purpose = Purpose.CONTROL,
        **parameters: float | bool | str,
    ) -> tuple[Written, ...]:
        """Carry out a sequence of the profile; it ends with the first step that failed.
        Raises KeyError for an unknown sequence or a parameter that is not given."""
        done: list[Written] = []
        for step in self.profile.sequences[sequence]:
            if step.key is None:
                await self._sleep(step.wait_s)
                continue
            written = await self.write(step.key, _value(step, parameters), purpose=purpose)
            done.append(written)
            if not written.ok:
                break
        return tuple(done)

    async def _written(self, register: Register, words: tuple[int, ...]) -> Written:
        key = register.key
        if register.mask is not None and register.readable:
            present, why = await self._read_back(register)
            if present is None:
                return _failed(key, why or Why.GARBLED, "what stands beside it could not be read")
            words = merged(register, words, present)
        provable = register.readable and not register.moves_link
        fault = ""
        detail = ""
        found: tuple[int, ...] | None = None
        attempts = _ATTEMPTS if provable and not self.health.is_silent else 1
        for _ in range(attempts):
            why, error, _done = await self._exchange.send(
                lambda: self._transmit(register, words), Priority.WRITE, None
            )
            if why is Why.REFUSED or (why is not None and not provable):
                return _failed(key, why, str(error))
            fault, detail = (why or ""), str(error or "")
            if not provable:
                break
            # Also when no answer came: the device may have obeyed and only its answer was lost.
            found, unread = await self._read_back(register)
            if found is not None and same(register, words, found):
                return await self._committed(register, self._verified(register, found))
            fault = fault or unread or "not_obeyed"
        if not provable:
            return await self._committed(register, Written(key=key, end=End.ACCEPTED))
        reading = None if found is None else decode(register, found)
        if found is not None and not detail:
            detail = f"{key} reads {list(found)} after {list(words)} was written"
        return replace(_failed(key, fault, detail), found=reading)

    async def _committed(self, register: Register, written: Written) -> Written:
        if register.commit is None:
            return written
        commit = self.registers[register.commit]
        why, error, _ = await self._exchange.send(
            lambda: self._transmit(commit, (register.commit_value,)), Priority.WRITE, None
        )
        if why is not None:
            return _failed(register.key, "not_committed", str(error))
        return written

    def _verified(self, register: Register, found: Sequence[int]) -> Written:
        decimals = self._kept.get(register.decimals_from or "")
        reading = decode(register, found, decimals=decimals)
        return Written(key=register.key, end=End.VERIFIED, found=reading)

    async def _read_back(self, register: Register) -> tuple[tuple[int, ...] | None, Why | None]:
        block = self._block_of(register)
        why, _, content = await self._exchange.fetch(
            Request(self._exchange.unit, block), Priority.WRITE
        )
        if content is None:
            return None, why
        memory = {(block.space.value, address): word for address, word in content.items()}
        return held(register, memory), None

    def _block_of(self, register: Register) -> Block:
        return plan([register], self.profile.limits)[0]

    async def _transmit(self, register: Register, words: Sequence[int]) -> bool:
        address = register.address
        if register.space.is_bits:
            if register.function == 15:
                await self._exchange.unit.write_coils(address, [bool(words[0])])
            else:
                await self._exchange.unit.write_coil(address, bool(words[0]))
        elif len(words) > 1 or register.function == 16:
            await self._exchange.unit.write_registers(address, list(words))
        else:
            await self._exchange.unit.write_register(address, words[0])
        return True


def _failed(key: str, why: str, detail: str) -> Written:
    return Written(key=key, end=End.FAILED, why=str(why), detail=detail)


def _value(step: SequenceStep, parameters: Mapping[str, float | bool | str]) -> float | bool | str:
    value = step.value
    if value is None:
        return 0
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return parameters[value[1:-1]]
    return value
