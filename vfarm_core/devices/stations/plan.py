"""The stored plan and what was delivered, as messages on a broker.

A message is a line with the SHA-256 of what follows, in hex, and the JSON: UTF-8, keys sorted, no
spaces. Whoever reads it hashes the bytes as they came; nothing has to be put in order first.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from ...farm.ahead import PLAN_FORMAT, Delivered, StationPlan
from ...farm.codec import DecodeError, decode, encode

#: A longer message is no plan (bytes): one for 200 lamps and 20 circuits has 72 kB.
LONGEST = 1_000_000


class PlanError(ValueError):
    """A message that is not taken: `key` is `damaged`, `unreadable`, `other_format`, `other_place`,
    `expired` or `older`."""

    def __init__(self, key: str, text: str) -> None:
        self.key = key
        super().__init__(text)


def seal(value: StationPlan | Delivered) -> bytes:
    """A plan, or what was delivered, as a message."""
    body = orjson.dumps(encode(value), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def checksum(message: bytes) -> str:
    """The checksum a message carries."""
    return message.partition(b"\n")[0].decode("ascii", "replace")


def open_plan(
    message: bytes, farm: str, station: str, now: float, present: StationPlan | None = None
) -> StationPlan:
    """The plan of a message. Raises PlanError for one that is damaged, of another form, for
    somebody else, over, or older than the `present` one."""
    plan = _open(message, StationPlan)
    if (plan.farm, plan.station) != (farm, station):
        raise PlanError("other_place", f"the plan is for {plan.station} of {plan.farm}")
    if plan.valid_until <= now:
        raise PlanError("expired", "the plan is over")
    if present is not None and plan.made_at < present.made_at:
        raise PlanError("older", "the plan is older than the one that is here")
    return plan


def open_delivered(message: bytes, farm: str, station: str) -> Delivered:
    """What a station says it delivered. Raises PlanError."""
    told = _open(message, Delivered)
    if (told.farm, told.station) != (farm, station):
        raise PlanError("other_place", f"it was delivered by {told.station} of {told.farm}")
    return told


def _open[T](message: bytes, kind: type[T]) -> T:
    digest, _, body = message.partition(b"\n")
    if len(message) > LONGEST or hashlib.sha256(body).hexdigest().encode() != digest:
        raise PlanError("damaged", "the checksum is not that of the message")
    try:
        data: Any = orjson.loads(body)
        if isinstance(data, dict) and data.get("format") != PLAN_FORMAT:
            raise PlanError("other_format", f"form {data.get('format')} is not known here")
        return decode(kind, data)
    except (orjson.JSONDecodeError, DecodeError) as err:
        raise PlanError("unreadable", str(err)) from err
