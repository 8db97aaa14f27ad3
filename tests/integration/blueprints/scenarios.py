"""What is played with each blueprint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from home_farm import start_batch
from stage import Call, Scenario, Stage

from vfarm_core.control.effects import Severity

PHONE = "notify.mobile_app_phone"


def _at(stage: Stage, node: str) -> dict[str, Any]:
    """What an action that is aimed at a node is given."""
    return {"device_id": [stage.device(node)]}


# -- alarm_to_phone -----------------------------------------------------------------------------


async def _alarm_is_acknowledged(stage: Stage) -> None:
    await stage.tell("door_open", "tent", Severity.P3, minutes=5)
    await stage.tell("volume_low", "tank", Severity.P2)
    await stage.wait(601, step=60)
    (first, second) = stage.asked(PHONE)
    assert first["data"]["tag"] == second["data"]["tag"], "the second one replaces the first"
    await stage.press("SOMETHING_ELSE")
    await stage.press(second["data"]["actions"][0]["action"])
    await stage.wait(3600, step=300)


async def _alarm_is_never_acknowledged(stage: Stage) -> None:
    await stage.tell("smoke", "tent", Severity.P1, point="tent.smoke")
    await stage.tell("flow_lost", "bench", Severity.P1, end="no_flow")
    await stage.wait(3600, step=60)


def _twice(stage: Stage) -> Iterator[Call]:
    for _ in range(2):
        yield (
            PHONE,
            {
                "title": "P2: Tank",
                "message": "Tank: volume below its minimum",
                "data": {"url": f"/config/devices/device/{stage.device('tank')}"},
            },
        )


# -- harvest_ready ------------------------------------------------------------------------------


async def _batch_is_ripe(stage: Stage) -> None:
    batch = stage.snapshot(stage.farm.entry_id).batches[0]
    await stage.wait(batch.expected_harvest_at - stage.freezer.time_to_freeze.timestamp() + 60, 60)


async def _nearly_ripe(stage: Stage) -> None:
    stage.provide("todo.add_item")
    # The recipe takes 35 days.
    await start_batch(stage.hass, sown_days_ago=34.99, title="Boston")


def _harvest(stage: Stage) -> Iterator[Call]:
    level = stage.device("rack_level_1")
    link = f"/config/devices/device/{level}"
    yield PHONE, {"message": "Boston, 40 plants, Level 1", "data": {"clickAction": link}}
    yield (
        "todo.add_item",
        {"entity_id": ["todo.farm"], "item": "Harvest Boston", "description": lambda t: link in t},
    )


# -- people_in_the_room -------------------------------------------------------------------------


async def _people_come_and_go(stage: Stage) -> None:
    stage.state("binary_sensor.door", "on")
    await stage.settle()
    assert stage.snapshot("tent").workflow is not None, "there is light to work by"
    stage.state("binary_sensor.door", "off")
    await stage.wait(120)
    stage.state("binary_sensor.door", "on")
    await stage.wait(400)
    stage.state("binary_sensor.door", "off")
    await stage.wait(290)
    assert stage.snapshot("tent").workflow is not None, "they may be back in a moment"
    await stage.wait(60)
    assert stage.snapshot("tent").workflow is None


async def _people_stay_long(stage: Stage) -> None:
    stage.state("binary_sensor.door", "on")
    await stage.wait(3 * 3600, step=60)
    assert stage.snapshot("tent").workflow is not None, "nobody works in the dark"


async def _nobody(stage: Stage) -> None:
    stage.state("binary_sensor.door", "off")


def _room(stage: Stage) -> dict[str, Any]:
    return {"zone": stage.device("tent"), "presence": ["binary_sensor.door"]}


SCENARIOS = (
    Scenario(
        blueprint="alarm_to_phone",
        title="told again until it is acknowledged",
        inputs=lambda stage: {"phone": stage.phone},
        happens=_alarm_is_acknowledged,
        watch=(PHONE,),
        expects=_twice,
    ),
    Scenario(
        blueprint="alarm_to_phone",
        title="told three times at most",
        inputs=lambda stage: {
            "phone": stage.phone,
            "watched": {"device_id": stage.device("tank")},
            "times": 3,
        },
        happens=_alarm_is_never_acknowledged,
        watch=(PHONE,),
        expects=lambda stage: [(PHONE, {"title": "P1: Bench"})] * 3,
    ),
    Scenario(
        blueprint="harvest_ready",
        title="told with a link, and on the list",
        before=_nearly_ripe,
        inputs=lambda stage: {"phone": stage.phone, "list": ["todo.farm"]},
        happens=_batch_is_ripe,
        watch=(PHONE, "todo.add_item"),
        expects=_harvest,
    ),
    Scenario(
        blueprint="people_in_the_room",
        title="light while they are there",
        before=_nobody,
        inputs=_room,
        happens=_people_come_and_go,
        watch=("vfarm.start_workflow", "vfarm.end_workflow"),
        expects=lambda stage: [
            ("vfarm.start_workflow", {"workflow": "work_light", **_at(stage, "tent")}),
            ("vfarm.end_workflow", _at(stage, "tent")),
        ],
    ),
    Scenario(
        blueprint="people_in_the_room",
        title="again when it is over and they are still there",
        before=_nobody,
        inputs=_room,
        happens=_people_stay_long,
        watch=("vfarm.start_workflow", "vfarm.end_workflow"),
        expects=lambda stage: [("vfarm.start_workflow", {"confirmed": False})] * 2,
    ),
)
