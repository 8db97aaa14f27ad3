"""A plan is taken whole, or not at all."""

from __future__ import annotations

import hashlib

import orjson
import pytest

from tests.core.devices.stations.test_executor import T, plan, shot
from vfarm_core.devices.stations.plan import PlanError, checksum, open_delivered, open_plan, seal
from vfarm_core.farm.ahead import Delivered

PLAN = plan(shot(1000), shot(2000, 2))


def refused(message: bytes, now: float = T, **other: str) -> str:
    place = {"farm": "farm", "station": "node", **other}
    with pytest.raises(PlanError) as caught:
        open_plan(message, place["farm"], place["station"], now, None)
    return caught.value.key


def sealed(data: object) -> bytes:
    body = orjson.dumps(data)
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def test_a_plan_is_read_back_as_it_was_made() -> None:
    assert open_plan(seal(PLAN), "farm", "node", T) == PLAN
    digest, body = seal(PLAN).split(b"\n")
    assert checksum(seal(PLAN)) == hashlib.sha256(body).hexdigest() == digest.decode()
    assert body == orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)


def test_the_same_plan_makes_the_same_message() -> None:
    assert seal(PLAN) == seal(plan(shot(1000), shot(2000, 2)))


def test_any_change_on_the_way_is_noticed() -> None:
    message = seal(PLAN)
    for at in range(0, len(message), 7):
        broken = bytearray(message)
        broken[at] ^= 0x01
        assert refused(bytes(broken)) == "damaged"
    assert refused(message[:-1]) == "damaged"
    assert refused(b"") == "damaged"


def test_what_is_for_somebody_else_over_or_older_is_not_taken() -> None:
    message = seal(PLAN)
    assert refused(message, station="other") == "other_place"
    assert refused(message, farm="other") == "other_place"
    assert refused(message, now=PLAN.valid_until) == "expired"
    with pytest.raises(PlanError, match="older"):
        open_plan(message, "farm", "node", T, plan(made_at=T + 1))


def test_another_form_is_refused_and_not_guessed() -> None:
    assert refused(sealed({"format": 2})) == "other_format"
    assert refused(sealed([1])) == "unreadable"
    assert refused(sealed({"format": 1, "farm": "farm"})) == "unreadable"


def test_what_was_delivered_is_read_back_as_it_was() -> None:
    told = Delivered(farm="farm", station="node", number=1, since=T, heard_again=T, until=T + 5)
    assert open_delivered(seal(told), "farm", "node") == told
    with pytest.raises(PlanError, match="delivered by node"):
        open_delivered(seal(told), "farm", "other")
