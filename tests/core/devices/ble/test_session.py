"""A meter is visited and left: no connection outlives its visit, and one that fails is let be."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Sequence

import pytest

from vfarm_core.devices.ble import yinmik
from vfarm_core.devices.ble.errors import (
    BleError,
    FrameError,
    Problem,
    RestingError,
    UnreachableError,
)
from vfarm_core.devices.ble.session import Pace, Session
from vfarm_core.devices.ble.values import Quantity, Reading
from vfarm_core.devices.ble.visits import Client, read_water_tester

from .fake import FakeClient

GOOD = bytes.fromhex("FFA9FE7AFCECFFFFFFBFFFBDFF75FD0EFAED75FEACDDBB57")
PACE = Pace(every_s=300, longest_s=3600)


class RadioError(Exception):
    """What a radio raises that is no error of Python's own."""


class Place:
    """A clock that stands still and a radio that hands out clients or errors one by one."""

    def __init__(self, *answers: FakeClient | Exception) -> None:
        self.now = 1000.0
        self.answers = list(answers)
        self.clients: list[FakeClient] = []
        self.attempts = 0
        self.reached = asyncio.Event()

    async def connect(self) -> Client:
        self.attempts += 1
        answer = self.answers.pop(0) if self.answers else good()
        if isinstance(answer, Exception):
            raise answer
        self.clients.append(answer)
        self.reached.set()
        return answer

    def session(self, pace: Pace = PACE, turn: asyncio.Lock | None = None) -> Session[Reading]:
        return Session(
            self.connect,
            read_water_tester,
            lambda: self.now,
            pace=pace,
            failures=(RadioError,),
            turn=turn,
        )


def good() -> FakeClient:
    return FakeClient({yinmik.DATA: GOOD})


def visit(session: Session[Reading]) -> Reading:
    return asyncio.run(session.visit())


def failed(session: Session[Reading]) -> BleError:
    with pytest.raises(BleError) as caught:
        visit(session)
    return caught.value


def test_a_visit_brings_values_and_keeps_no_connection() -> None:
    place = Place(good())
    session = place.session()
    assert visit(session).of(Quantity.PH) is not None
    assert not place.clients[0].connected
    assert (session.failed, session.problem) == (0, None)


def test_between_visits_the_meter_is_left_alone() -> None:
    place = Place()
    session = place.session()
    visit(session)
    place.now += 299
    assert not session.is_due
    error = failed(session)
    assert isinstance(error, RestingError)
    assert error.until == 1300
    assert place.attempts == 1
    place.now += 1
    assert session.is_due
    visit(session)
    assert place.attempts == 2


def test_a_meter_that_does_not_answer_is_asked_less_and_less() -> None:
    place = Place(*[RadioError("no slot")] * 7)
    session = place.session()
    pauses = []
    for _ in range(7):
        error = failed(session)
        assert isinstance(error, UnreachableError)
        assert session.due_at is not None
        pauses.append(session.due_at - place.now)
        place.now = session.due_at
    assert pauses == [600, 1200, 2400, 3600, 3600, 3600, 3600]
    visit(session)
    assert session.failed == 0
    assert session.due_at == place.now + 300


@pytest.mark.parametrize("error", [TimeoutError(), OSError("gone"), EOFError(), RadioError("busy")])
def test_a_connection_that_is_lost_in_mid_visit_is_left_and_told(error: Exception) -> None:
    place = Place(FakeClient({yinmik.DATA: error}))
    session = place.session()
    assert isinstance(failed(session), UnreachableError)
    assert isinstance(session.problem, UnreachableError)
    assert not place.clients[0].connected


def test_a_meter_that_answers_nonsense_is_let_be_too() -> None:
    place = Place(FakeClient({yinmik.DATA: GOOD[:-1]}))
    session = place.session()
    error = failed(session)
    assert isinstance(error, FrameError)
    assert error.problem is Problem.LENGTH
    assert session.due_at == 1600
    assert not place.clients[0].connected


def test_a_meter_that_falls_silent_holds_nobody_up() -> None:
    place = Place(FakeClient({}, hangs=[yinmik.DATA]))
    session = place.session(Pace(visit_s=0))
    assert isinstance(failed(session), UnreachableError)
    assert not place.clients[0].connected


def test_values_are_kept_when_leaving_fails() -> None:
    place = Place(FakeClient({yinmik.DATA: GOOD}, leaves=RadioError("gone already")))
    assert visit(place.session()).of(Quantity.EC) is not None


def test_values_are_kept_when_leaving_takes_for_ever() -> None:
    place = Place(FakeClient({yinmik.DATA: GOOD}, never_leaves=True))
    assert visit(place.session(Pace(leave_s=0))).of(Quantity.EC) is not None


def test_whoever_is_stopped_in_mid_visit_leaves() -> None:
    place = Place(FakeClient({}, hangs=[yinmik.DATA]))
    session = place.session()

    async def stopped() -> None:
        task = asyncio.create_task(session.visit())
        await place.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
    assert not place.clients[0].connected
    assert session.failed == 0


def test_an_error_of_the_program_is_not_taken_for_a_silent_meter() -> None:
    place = Place(FakeClient({}))
    session = place.session()
    with pytest.raises(KeyError):
        visit(session)
    assert not place.clients[0].connected
    assert session.failed == 0


def test_a_person_need_not_wait_for_the_next_visit() -> None:
    place = Place()
    session = place.session()
    visit(session)
    session.wake()
    visit(session)
    assert place.attempts == 2


def test_meters_on_one_radio_take_turns() -> None:
    turn = asyncio.Lock()
    places = [Place(), Place(), Place()]
    sessions = [place.session(turn=turn) for place in places]
    open_at_once = 0

    def connected(clients: Sequence[Place]) -> int:
        return sum(client.connected for place in clients for client in place.clients)

    async def all_at_once() -> None:
        nonlocal open_at_once
        tasks = [asyncio.create_task(session.visit()) for session in sessions]
        while not all(task.done() for task in tasks):
            open_at_once = max(open_at_once, connected(places))
            await asyncio.sleep(0)
        for task in tasks:
            task.result()

    asyncio.run(all_at_once())
    assert [place.attempts for place in places] == [1, 1, 1]
    assert open_at_once <= 1


def test_errors_survive_being_sent_to_another_process() -> None:
    for error in (FrameError(Problem.RANGE, "ph", 15.0, "0 … 14 pH"), RestingError(3.0)):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), vars(again), str(again)) == (type(error), vars(error), str(error))
