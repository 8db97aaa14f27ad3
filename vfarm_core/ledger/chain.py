"""The chain: each record carries a SHA-256 over itself and the one before it.

What is hashed of a record is its place, where it came from, when, its kind, and the SHA-256 of its
data as canonical JSON (keys sorted, no white space, UTF-8). The data is stored as that very text,
so nothing has to be written again to be checked. Whoever changes, removes or moves a record has to
write every hash after it anew; keep the newest hash elsewhere to see that, too.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import orjson

#: What the first record follows.
GENESIS = bytes(32)


def canonical(data: Any) -> bytes:
    """JSON-able `data` in the one form that is hashed. Raises TypeError."""
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


def link(
    before: bytes, seq: int, source: str, origin: int, at: float, kind: str, data: bytes
) -> bytes:
    """The hash of a record that follows one with the hash `before`."""
    return link_digest(before, seq, source, origin, at, kind, sha256(data).digest())


def link_digest(
    before: bytes, seq: int, source: str, origin: int, at: float, kind: str, digest: bytes
) -> bytes:
    """The same from the SHA-256 of its data alone."""
    head = orjson.dumps([seq, source, origin, at, kind])
    return sha256(before + digest + head).digest()


#: The source of records that say what was removed, and their kind.
RETENTION = "retention"
PRUNED = "history_pruned"
_SIGN = "~"


def pruned(digest: bytes, by: int) -> str:
    """What stands in place of data that was removed; `by` is the record that says so."""
    return f"{_SIGN}{by} {digest.hex()}"


def is_pruned(data: str) -> bool:
    """Whether data was removed: JSON objects begin otherwise."""
    return data.startswith(_SIGN)


def digest_of(data: str) -> tuple[int, bytes]:
    """Of removed data: the record that says so, and its SHA-256. Raises ValueError."""
    by, _, digest = data.removeprefix(_SIGN).partition(" ")
    return int(by), bytes.fromhex(digest)


def tally(seq: int, digest: bytes) -> bytes:
    """What is hashed of each removed record, in their order, into the one that says so."""
    return b"%d:%s;" % (seq, digest)
