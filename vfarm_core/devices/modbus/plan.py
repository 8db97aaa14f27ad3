"""Which requests read which registers. Pure.

As few requests as the device allows: neighbours are read together, a hole is crossed only where the
profile says that the device answers for it, blocks that are answered as a whole are read so.
What a device refused is learned: a block is split where it may be, and in the end a single
register is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from .profile import Limits, Register, Space

#: The protocol's own limits of one request.
MOST_REGISTERS = 125
MOST_BITS = 2000


@dataclass(frozen=True, slots=True)
class Block:
    """One request: `count` addresses from `start`. `whole`: it may not be split."""

    space: Space
    start: int
    count: int
    registers: tuple[Register, ...]
    whole: bool = False

    @property
    def end(self) -> int:
        """The address behind its last one."""
        return self.start + self.count


@dataclass(frozen=True, slots=True)
class Learned:
    """What a device was found to refuse: `cuts` are addresses that no request may cross from
    below, `unsupported` are registers it does not have."""

    cuts: frozenset[tuple[Space, int]] = field(default_factory=frozenset)
    unsupported: frozenset[str] = field(default_factory=frozenset)


NOTHING = Learned()


def plan(
    registers: Iterable[Register], limits: Limits, learned: Learned = NOTHING
) -> tuple[Block, ...]:
    """The requests that read `registers`, in the order of spaces and addresses. Registers that can
    only be written, and those the device does not have, are left out."""
    wanted = [r for r in registers if r.readable and r.key not in learned.unsupported]
    blocks: list[Block] = []
    for space, start, count in limits.exact:
        inside = _inside(wanted, space, start, start + count)
        if inside:
            blocks.append(Block(space, start, count, tuple(inside), whole=True))
            wanted = [r for r in wanted if r not in inside]
    for space in Space:
        blocks.extend(_joined(space, wanted, limits, learned))
    order = list(Space)
    return tuple(sorted(blocks, key=lambda block: (order.index(block.space), block.start)))


def refused(block: Block, learned: Learned, *, function: bool = False) -> Learned:
    """What there is to learn from a block that the device refused as illegal. With `function` it
    does not know the request at all, so that asking for less is no use."""
    keys = frozenset(register.key for register in block.registers)
    if function or block.whole or len(block.registers) == 1:
        return Learned(learned.cuts, learned.unsupported | keys)
    return Learned(learned.cuts | {(block.space, cut) for cut in _cuts(block)}, learned.unsupported)


def _inside(registers: Iterable[Register], space: Space, start: int, end: int) -> list[Register]:
    return [r for r in registers if r.space is space and start <= r.address and r.end <= end]


def _joined(
    space: Space, registers: Iterable[Register], limits: Limits, learned: Learned
) -> list[Block]:
    ordered = sorted((r for r in registers if r.space is space), key=lambda r: (r.address, r.end))
    most = min(limits.registers, MOST_BITS if space.is_bits else MOST_REGISTERS)
    blocks: list[Block] = []
    group: list[Register] = []
    start = end = 0
    for register in ordered:
        joins = (
            bool(group)
            and register.address - end <= limits.gap
            and max(end, register.end) - start <= most
            and not _cut_between(space, group[-1].address, register.address, learned)
        )
        if not joins:
            if group:
                blocks.append(Block(space, start, end - start, tuple(group)))
            group, start, end = [], register.address, register.end
        group.append(register)
        end = max(end, register.end)
    if group:
        blocks.append(Block(space, start, end - start, tuple(group)))
    return blocks


def _cut_between(space: Space, low: int, high: int, learned: Learned) -> bool:
    return any(s is space and low < cut <= high for s, cut in learned.cuts)


def _cuts(block: Block) -> list[int]:
    """Where to split: at its holes first, for those are what a device most often refuses; without
    holes in the middle."""
    registers = block.registers
    holes = [b.address for a, b in pairwise(registers) if b.address > a.end]
    return holes or [registers[len(registers) // 2].address]
