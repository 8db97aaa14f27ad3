"""What is played with each blueprint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from home_farm import start_batch
from homeassistant.setup import async_setup_component
from stage import Call, Scenario, Stage

from vfarm_core.control.effects import Severity

PHONE = "notify.mobile_app_phone"


def _at(stage: Stage, node: str) -> dict[str, Any]:
    """What an action that is aimed at a node is given."""
    device = stage.device(node)
    return {"device_id": lambda found: found in (device, [device])}


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


async def _test_alarm_is_acknowledged(stage: Stage) -> None:
    await stage.hass.services.async_call("vfarm", "send_test_alarm", {}, blocking=True)
    await stage.wait(61, step=60)
    (told,) = stage.asked(PHONE)
    assert "TEST ALARM" in told["message"]
    await stage.press(told["data"]["actions"][0]["action"])
    state = stage.farm.runtime_data.engine.runtime.memory.farm
    assert state.alarm_test_at is None, "its own button ends it"
    assert state.alarm_tested_at is not None
    await stage.wait(3600, step=300)


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


# -- camera_at_phase_change ---------------------------------------------------------------------


async def _pictures_by_day_and_night(stage: Stage) -> None:
    stage.provide("camera.snapshot")
    await stage.ask(
        "vfarm.start_batch",
        device_id=stage.device("rack_level_1"),
        recipe="lettuce_butterhead",
        title="Boston",
        sown_days_ago=20,
    )
    await stage.wait(15, step=5)
    assert len(stage.asked("camera.snapshot")) == 1, "it is day"
    lights = stage.entity("binary_sensor", "rack_level_1", "lights")
    await stage.wait(16 * 3600, step=600)
    assert stage.hass.states.is_state(lights, "off")
    await stage.ask("vfarm.advance_phase", batch=stage.snapshot("rack_level_1").batch)
    await stage.wait(3600, step=300)
    assert len(stage.asked("camera.snapshot")) == 1, "it is dark"
    await stage.wait(8 * 3600, step=300)
    assert stage.hass.states.is_state(lights, "on")


def _pictures(stage: Stage) -> Iterator[Call]:
    for what in ("batch_started", "raft_2"):
        name = f"_level_1_boston_{what}.jpg"
        yield (
            "camera.snapshot",
            {
                "entity_id": ["camera.rack"],
                "filename": lambda f, name=name: (
                    f.startswith("/media/vfarm/2026-12-0") and name in f
                ),
            },
        )


# -- door_left_open -----------------------------------------------------------------------------


async def _door_is_open_and_closed(stage: Stage) -> None:
    stage.provide("notify.send_message")
    await stage.tell("door_open", "tent", Severity.P3, minutes=5)
    await stage.wait(650, step=60)
    await stage.tell("door_closed", "tank")
    await stage.tell("door_closed", "tent")
    await stage.wait(1800, step=120)


# -- leak_shuts_water ---------------------------------------------------------------------------

_SHUT = ("valve.close_valve", "switch.turn_off", "vfarm.set_mode", "notify.send_message")


def _water(stage: Stage) -> dict[str, Any]:
    return {
        "sensors": ["binary_sensor.inlet"],
        "valves": ["valve.house"],
        "switches": ["switch.booster"],
        "farm": stage.farm.entry_id,
        "notify": ["notify.grower"],
    }


async def _inlet_is_dry(stage: Stage) -> None:
    stage.provide("valve.close_valve", "switch.turn_off", "notify.send_message")
    stage.state("binary_sensor.inlet", "off", friendly_name="Inlet")


async def _tank_leaks(stage: Stage) -> None:
    await stage.tell("leak", "tank", Severity.P1, point="tank.leak")
    assert stage.snapshot(stage.farm.entry_id).mode == "hold"


async def _inlet_leaks(stage: Stage) -> None:
    stage.state("binary_sensor.inlet", "on", friendly_name="Inlet")
    await stage.settle()
    assert stage.snapshot(stage.farm.entry_id).mode == "hold"


def _shut(message: str) -> list[Call]:
    return [
        ("valve.close_valve", {"entity_id": ["valve.house"]}),
        ("switch.turn_off", {"entity_id": ["switch.booster"]}),
        ("vfarm.set_mode", {"mode": "hold"}),
        ("notify.send_message", {"entity_id": ["notify.grower"], "message": message}),
    ]


# -- reservoir_low ------------------------------------------------------------------------------


async def _tank_gets_empty(stage: Stage) -> None:
    stage.provide("notify.send_message")
    # It is noon: 12 L in 12 hours.
    stage.state(stage.entity("sensor", "bench", "litres_today"), "12.0")
    for litres in (70.0, 60.0, 50.0, 42.0, 36.0, 30.0):
        stage.hardware.volume(litres)
        await stage.wait(120)
    await stage.wait(300)
    for litres in (25.0, 18.0, 12.0, 8.0):
        stage.hardware.volume(litres)
        await stage.wait(120)


def _tank_low(stage: Stage) -> Iterator[Call]:
    yield (
        "notify.send_message",
        {
            "title": "Reservoir low",
            "message": "Tank: 30 L left. At the use of today it lasts for 31 h.",
        },
    )
    yield "notify.send_message", {"title": "Reservoir at its minimum"}


# -- tariff_aware_lights ------------------------------------------------------------------------


async def _price_is_low(stage: Stage) -> None:
    stage.state("sensor.price", "0.20")
    stage.state("sensor.dli", "3.0")
    await start_batch(stage.hass, sown_days_ago=20)


async def _price_peaks(stage: Stage) -> None:
    stage.state("sensor.price", "0.50")
    await stage.wait(600, step=60)
    assert stage.asked("vfarm.set_override") == [], "not without their least"
    stage.state("sensor.dli", "9.0")
    await stage.wait(10, step=2)
    # The light of a lit level is looked at every five minutes or so.
    await stage.wait(660)
    assert stage.snapshot("rack_level_1").ppfd_target < 120.0
    stage.state("sensor.price", "0.25")
    await stage.wait(10, step=2)
    # The light of a lit level is looked at every five minutes or so.
    await stage.wait(660)
    assert stage.snapshot("rack_level_1").ppfd_target > 200.0


def _tariff(stage: Stage) -> dict[str, Any]:
    return {
        "levels": [stage.device("rack_level_1")],
        "dli": ["sensor.dli"],
        "least": 8,
        "ppfd": 100,
        "price": "sensor.price",
        "high": 0.4,
    }


# -- calibration_due ----------------------------------------------------------------------------


async def _probe_expires(stage: Stage) -> None:
    stage.provide("notify.send_message", "todo.add_item")
    shown = stage.entity("binary_sensor", "tank", "problem")
    for reason in ("volume_low", "probe_expired"):
        stage.state(shown, "on", reason=reason)
        await stage.settle()


# -- no_update_in_mid_shot ----------------------------------------------------------------------


async def _update_waits(stage: Stage) -> None:
    def install(call: Any) -> None:
        (name,) = call.data["entity_id"]
        stage.hass.loop.call_soon_threadsafe(stage.state, name, "off")

    stage.hass.services.async_register("update", "install", install)
    stage.state("update.core", "on")
    await stage.wait(1500, step=60)
    assert stage.asked("update.install") == [], "the lamps have just come on"
    await stage.wait(900, step=60)
    assert len(stage.asked("update.install")) == 1
    await stage.ask("vfarm.run_shot", device_id=stage.device("bench"), duration={"seconds": 500})
    stage.state("update.app", "on")
    await stage.wait(420, step=30)
    assert len(stage.asked("update.install")) == 1, "water is running"
    await stage.wait(900, step=30)


# -- power_cut ----------------------------------------------------------------------------------


async def _mains_are_on(stage: Stage) -> None:
    stage.provide("switch.turn_off", "notify.send_message")
    stage.state("binary_sensor.mains", "on")


def _mains(stage: Stage) -> dict[str, Any]:
    return {
        "mains": "binary_sensor.mains",
        "farm": stage.device(),
        "loads": ["switch.kettle"],
        "notify": ["notify.grower"],
    }


async def _mains_fail_and_return(stage: Stage) -> None:
    stage.state("binary_sensor.mains", "off")
    await stage.wait(5, step=5)
    assert stage.snapshot(stage.farm.entry_id).mode == "auto", "a blink is no cut"
    await stage.wait(10, step=5)
    assert stage.snapshot(stage.farm.entry_id).mode == "hold"
    for state in ("on", "off", "on"):
        stage.state("binary_sensor.mains", state)
        await stage.wait(240)
    assert stage.snapshot(stage.farm.entry_id).mode == "hold", "not steady yet"
    await stage.wait(90)
    assert stage.snapshot(stage.farm.entry_id).mode == "auto"


async def _mains_fail_and_a_person_decides(stage: Stage) -> None:
    stage.state("binary_sensor.mains", "off")
    await stage.wait(15, step=5)
    await stage.ask("vfarm.set_mode", mode="monitor")
    stage.state("binary_sensor.mains", "on")
    await stage.wait(400)
    assert stage.snapshot(stage.farm.entry_id).mode == "monitor"


# -- weekly_backup ------------------------------------------------------------------------------


def _backup(*days: str) -> Any:
    return lambda stage: {
        "days": list(days),
        "at": "12:01:00",
        "farm": [stage.device()],
        "result": "event.backup",
        "notify": ["notify.grower"],
    }


async def _backup_is_due_in_mid_shot(stage: Stage) -> None:
    stage.provide("backup.create_automatic", "notify.send_message")
    await start_batch(stage.hass)
    await stage.ask("vfarm.run_shot", device_id=stage.device("bench"), duration={"seconds": 240})
    await stage.wait(120, step=10)
    assert stage.asked("backup.create_automatic") == [], "water is running"
    await stage.wait(300, step=10)
    for result in ("completed", "failed"):
        stage.state("event.backup", result, event_type=result, failed_reason="no room")
        await stage.settle()


async def _backup_is_on_another_day(stage: Stage) -> None:
    await stage.wait(300)


async def _there_was_a_backup(stage: Stage) -> None:
    stage.state("event.backup", "before", event_type="completed")


# -- weekly_export ------------------------------------------------------------------------------


def _export(stage: Stage) -> dict[str, Any]:
    return {
        "days": ["mon", "tue"],
        "at": "12:01:00",
        "farm": stage.device(),
        "notify": ["notify.grower"],
    }


async def _exports_are_allowed(stage: Stage) -> None:
    entry = stage.farm
    options = {**entry.options, "automations_export": True}
    stage.hass.config_entries.async_update_entry(entry, options=options)
    await stage.settle()


async def _export_is_due(stage: Stage) -> None:
    stage.provide("notify.send_message")
    await stage.wait(120, step=10)


# -- batch_succession ---------------------------------------------------------------------------


async def _plants_are_old(stage: Stage) -> None:
    stage.provide("notify.send_message")
    await start_batch(stage.hass, sown_days_ago=30)


def _succession(stage: Stage) -> dict[str, Any]:
    return {
        "levels": [stage.device("rack_level_1"), stage.device("rack_level_2")],
        "recipe": "lettuce_butterhead",
        "notify": ["notify.grower"],
    }


async def _harvested_and_sown(stage: Stage) -> None:
    await stage.ask("vfarm.harvest", device_id=stage.device("rack_level_1"), kg=5.0)
    await stage.wait(23 * 3600, step=1800)
    assert stage.snapshot("rack_level_1").batch is None
    await stage.wait(2 * 3600, step=600)
    assert stage.snapshot("rack_level_1").batch is not None
    assert stage.snapshot("rack_level_2").batch is not None


async def _somebody_sows_meanwhile(stage: Stage) -> None:
    await stage.ask("vfarm.harvest", device_id=stage.device("rack_level_1"))
    await stage.ask(
        "vfarm.start_batch", device_id=stage.device("rack_level_2"), recipe="basil_sweet"
    )
    stage.calls.clear()
    await stage.wait(25 * 3600, step=1800)


def _sown(stage: Stage) -> Iterator[Call]:
    for name, node in (("Level 1", "rack_level_1"), ("Level 2", "rack_level_2")):
        yield "vfarm.start_batch", {"recipe": "lettuce_butterhead", **_at(stage, node)}
        yield "notify.send_message", {"message": f"{name}: lettuce_butterhead"}


# -- morning_report -----------------------------------------------------------------------------


async def _morning_with_a_low_tank(stage: Stage) -> None:
    stage.provide("notify.send_message")
    stage.hardware.volume(5.0)
    await stage.wait(200)


async def _morning_of_a_good_day(stage: Stage) -> None:
    stage.provide("notify.send_message")
    await stage.wait(200)


def _report(**more: Any) -> Any:
    return lambda stage: {
        "at": "12:03:00",
        "values": [stage.entity("sensor", "tank", "volume")],
        "notify": ["notify.grower"],
        **more,
    }


# -- voice_how_is -------------------------------------------------------------------------------


async def _there_is_a_voice(stage: Stage) -> None:
    assert await async_setup_component(stage.hass, "homeassistant", {})
    assert await async_setup_component(stage.hass, "conversation", {})
    await start_batch(stage.hass, sown_days_ago=20)
    stage.hardware.volume(5.0)
    # Measured values are shown once a minute.
    await stage.wait(90)


async def _questions_are_answered(stage: Stage) -> None:
    async def answer(question: str) -> str:
        response = await stage.hass.services.async_call(
            "conversation",
            "process",
            {"text": question, "language": "en"},
            blocking=True,
            return_response=True,
        )
        assert response is not None
        said: Any = response["response"]
        return str(said["speech"]["plain"]["speech"])

    assert await answer("how is level one") == "Level 1: lights on, raft 1"
    rack = await answer("How is the rack?")
    assert "Level 1: " in rack
    assert "Level 2: " in rack
    assert "volume low" in await answer("how is the tank")
    assert "22.0 °C" in await answer("how is the tent")
    assert await answer("how is my aunt") == "I know no part called my aunt"


# -- scripts ------------------------------------------------------------------------------------


async def _floods_twice(stage: Stage) -> None:
    task = await stage.run("flood_and_drain")
    await stage.wait(1500, step=10)
    assert stage.snapshot("bench").shots_today == 2
    await task


async def _something_grows(stage: Stage) -> None:
    await start_batch(stage.hass)


async def _probe_is_calibrated(stage: Stage) -> None:
    task = await stage.run("calibrate_probe")
    assert stage.snapshot("tank").probes.get("solution_ec", "calibrating") == "calibrating"
    await stage.wait(1200, step=120)
    (sent,) = stage.asked(PHONE)
    await stage.press(sent["data"]["actions"][0]["action"])
    await task


async def _probe_is_not_calibrated(stage: Stage) -> None:
    task = await stage.run("calibrate_probe")
    (sent,) = stage.asked(PHONE)
    await stage.press(sent["data"]["actions"][1]["action"])
    await task


def _probe(stage: Stage) -> dict[str, Any]:
    return {"tank": stage.device("tank"), "point": "tank.solution_ec", "phone": stage.phone}


async def _solution_is_changed(stage: Stage) -> None:
    task = await stage.run("change_solution")
    for step in ("drain", "refill"):
        assert stage.snapshot("tank").workflow.step == step
        await stage.wait(600, step=120)
        (*_, sent) = stage.asked(PHONE)
        await stage.press(sent["data"]["actions"][0]["action"])
    assert stage.snapshot("tank").workflow.step == "mixing"
    await task


async def _weighed_and_sown(stage: Stage) -> None:
    answered = stage.hass.services.async_call(
        "script", "harvest_and_sow", {"kg": 4.2}, blocking=True, return_response=True
    )
    answer: Any = await answered
    assert answer["harvested"]["batches"][0]["kg"] == 4.2
    assert stage.snapshot("rack_level_2").batch == answer["sown"]["batch"]


async def _restarts_when_quiet(stage: Stage) -> None:
    stage.provide("homeassistant.restart")
    task = await stage.run("when_quiet")
    await stage.wait(1500, step=60)
    assert stage.asked("homeassistant.restart") == [], "the lamps have just come on"
    await stage.wait(600, step=60)
    await task


async def _is_never_quiet(stage: Stage) -> None:
    stage.provide("homeassistant.restart")
    task = await stage.run("when_quiet")
    await stage.wait(700)
    await task


def _quiet(patience: int) -> Any:
    return lambda stage: {
        "farm": [stage.device()],
        "patience": patience,
        "then": [{"action": "homeassistant.restart"}],
    }


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
        blueprint="alarm_to_phone",
        title="a test alarm says that it is one, and is over when it is acknowledged",
        inputs=lambda stage: {"phone": stage.phone},
        happens=_test_alarm_is_acknowledged,
        watch=(PHONE,),
        expects=lambda stage: [(PHONE, {"title": "P2: Home farm"})],
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
    Scenario(
        blueprint="camera_at_phase_change",
        title="by day at once, by night when the lamps are on",
        inputs=lambda stage: {"camera": "camera.rack"},
        happens=_pictures_by_day_and_night,
        watch=("camera.snapshot",),
        expects=_pictures,
    ),
    Scenario(
        blueprint="door_left_open",
        title="told until it is closed",
        inputs=lambda stage: {"zone": stage.device("tent"), "notify": ["notify.grower"]},
        happens=_door_is_open_and_closed,
        watch=("notify.send_message",),
        expects=lambda stage: (
            [("notify.send_message", {"message": "Tent: door open for 5 min"})] * 2
        ),
    ),
    Scenario(
        blueprint="leak_shuts_water",
        title="a sensor of the farm",
        before=_inlet_is_dry,
        inputs=_water,
        happens=_tank_leaks,
        watch=_SHUT,
        expects=lambda stage: _shut("Tank: leak at tank.leak"),
    ),
    Scenario(
        blueprint="leak_shuts_water",
        title="a sensor of the house",
        before=_inlet_is_dry,
        inputs=_water,
        happens=_inlet_leaks,
        watch=_SHUT,
        expects=lambda stage: _shut("leak at Inlet"),
    ),
    Scenario(
        blueprint="reservoir_low",
        title="told with a forecast, and at the minimum",
        inputs=lambda stage: {
            "volume": stage.entity("sensor", "tank", "volume"),
            "used": [stage.entity("sensor", "bench", "litres_today")],
            "warn": 40,
            "notify": ["notify.grower"],
        },
        happens=_tank_gets_empty,
        watch=("notify.send_message",),
        expects=_tank_low,
    ),
    Scenario(
        blueprint="tariff_aware_lights",
        title="dimmed in a peak once they have had their least",
        before=_price_is_low,
        inputs=_tariff,
        happens=_price_peaks,
        watch=("vfarm.set_override", "vfarm.clear_override"),
        expects=lambda stage: [
            (
                "vfarm.set_override",
                {"quantity": "ppfd", "value": 100, **_at(stage, "rack_level_1")},
            ),
            ("vfarm.clear_override", {"quantity": "ppfd", **_at(stage, "rack_level_1")}),
        ],
    ),
    Scenario(
        blueprint="calibration_due",
        title="told, and on the list",
        inputs=lambda stage: {
            "inhibited": [stage.entity("binary_sensor", "tank", "problem")],
            "notify": ["notify.grower"],
            "list": ["todo.farm"],
        },
        happens=_probe_expires,
        watch=("notify.send_message", "todo.add_item"),
        expects=lambda stage: [
            ("notify.send_message", {"title": "Calibration due"}),
            ("todo.add_item", {"item": "Check the probe of Tank"}),
        ],
    ),
    Scenario(
        blueprint="no_update_in_mid_shot",
        title="waits for the lamps and for the water",
        before=_something_grows,
        inputs=lambda stage: {
            "updates": ["update.core", "update.app"],
            "earliest": "00:00:00",
            "latest": "23:59:00",
            "farm": [stage.device()],
        },
        happens=_update_waits,
        watch=("update.install",),
        expects=lambda stage: [
            ("update.install", {"entity_id": ["update.core"]}),
            ("update.install", {"entity_id": ["update.app"]}),
        ],
    ),
    Scenario(
        blueprint="power_cut",
        title="on hold until the mains are steady",
        before=_mains_are_on,
        inputs=_mains,
        happens=_mains_fail_and_return,
        watch=("vfarm.set_mode", "switch.turn_off", "notify.send_message"),
        expects=lambda stage: [
            ("vfarm.set_mode", {"mode": "hold", "config_entry_id": stage.farm.entry_id}),
            ("switch.turn_off", {"entity_id": ["switch.kettle"]}),
            ("notify.send_message", {"title": "Power cut"}),
            ("vfarm.set_mode", {"mode": "auto"}),
            ("notify.send_message", {"title": "Power is back"}),
        ],
    ),
    Scenario(
        blueprint="power_cut",
        title="leaves what a person has decided",
        before=_mains_are_on,
        inputs=_mains,
        happens=_mains_fail_and_a_person_decides,
        watch=("notify.send_message",),
        expects=lambda stage: [("notify.send_message", {"title": "Power cut"})],
    ),
    Scenario(
        blueprint="weekly_backup",
        title="after the water, and told when it failed",
        before=_there_was_a_backup,
        inputs=_backup("mon", "tue"),
        happens=_backup_is_due_in_mid_shot,
        watch=("backup.create_automatic", "notify.send_message"),
        expects=lambda stage: [
            ("backup.create_automatic", {}),
            ("notify.send_message", {"message": "no room"}),
        ],
    ),
    Scenario(
        blueprint="weekly_backup",
        title="not on another day",
        before=_there_was_a_backup,
        inputs=_backup("wed"),
        happens=_backup_is_on_another_day,
        watch=("backup.create_automatic",),
        expects=lambda stage: [],
    ),
    Scenario(
        blueprint="weekly_export",
        title="written where the options allow it, and nobody is bothered",
        before=_exports_are_allowed,
        inputs=_export,
        happens=_export_is_due,
        watch=("vfarm.export_farm", "notify.send_message"),
        expects=lambda stage: [
            ("vfarm.export_farm", {"config_entry_id": stage.farm.entry_id, "ledger": False})
        ],
    ),
    Scenario(
        blueprint="weekly_export",
        title="refused and told where nobody has allowed it",
        inputs=_export,
        happens=_export_is_due,
        watch=("vfarm.export_farm", "notify.send_message"),
        expects=lambda stage: [
            ("vfarm.export_farm", {"ledger": False}),
            ("notify.send_message", {"title": "Export failed"}),
        ],
    ),
    Scenario(
        blueprint="batch_succession",
        title="sown again on both levels a day later",
        before=_plants_are_old,
        inputs=_succession,
        happens=_harvested_and_sown,
        watch=("vfarm.start_batch", "notify.send_message"),
        expects=_sown,
    ),
    Scenario(
        blueprint="batch_succession",
        title="not where somebody has sown meanwhile",
        before=_plants_are_old,
        inputs=_succession,
        happens=_somebody_sows_meanwhile,
        watch=("vfarm.start_batch",),
        expects=lambda stage: [("vfarm.start_batch", _at(stage, "rack_level_1"))],
    ),
    Scenario(
        blueprint="morning_report",
        title="says what is wrong",
        inputs=_report(),
        happens=_morning_with_a_low_tank,
        watch=("notify.send_message",),
        expects=lambda stage: [
            (
                "notify.send_message",
                {
                    "title": "To look at: 2",
                    "message": lambda m: (
                        "Tank Problem: volume low" in m and "Tank Volume: 5 L" in m
                    ),
                },
            )
        ],
    ),
    Scenario(
        blueprint="morning_report",
        title="says that all is well",
        inputs=_report(),
        happens=_morning_of_a_good_day,
        watch=("notify.send_message",),
        expects=lambda stage: [
            (
                "notify.send_message",
                {"title": "All is well", "message": "- Tank Volume: 80 L"},
            )
        ],
    ),
    Scenario(
        blueprint="morning_report",
        title="is silent on a good day if that is asked for",
        inputs=_report(always=False),
        happens=_morning_of_a_good_day,
        watch=("notify.send_message",),
        expects=lambda stage: [],
    ),
    Scenario(
        blueprint="voice_how_is",
        title="answers",
        before=_there_is_a_voice,
        inputs=lambda stage: {"watched": [stage.device()]},
        happens=_questions_are_answered,
        watch=("vfarm.set_mode",),
        expects=lambda stage: [],
    ),
    Scenario(
        blueprint="flood_and_drain",
        title="twice, with a rest",
        before=_something_grows,
        inputs=lambda stage: {
            "circuits": [stage.device("bench")],
            "flood": "00:01:00",
            "rest": "00:11:00",
        },
        happens=_floods_twice,
        watch=("vfarm.run_shot",),
        expects=lambda stage: (
            [("vfarm.run_shot", {"duration": "00:01:00", **_at(stage, "bench")})] * 2
        ),
    ),
    Scenario(
        blueprint="calibrate_probe",
        title="verified when a person says so",
        inputs=_probe,
        happens=_probe_is_calibrated,
        watch=("vfarm.set_probe", "vfarm.verify_probe"),
        expects=lambda stage: [
            ("vfarm.set_probe", {"point": "tank.solution_ec", "use": "calibrating"}),
            ("vfarm.set_probe", {"point": "tank.solution_ec", "use": "in_use"}),
            ("vfarm.verify_probe", {"point": "tank.solution_ec"}),
        ],
    ),
    Scenario(
        blueprint="calibrate_probe",
        title="not verified when it was not calibrated",
        inputs=_probe,
        happens=_probe_is_not_calibrated,
        watch=("vfarm.set_probe", "vfarm.verify_probe"),
        expects=lambda stage: [
            ("vfarm.set_probe", {"use": "calibrating"}),
            ("vfarm.set_probe", {"use": "in_use"}),
        ],
    ),
    Scenario(
        blueprint="change_solution",
        title="step by step",
        inputs=lambda stage: {"tank": stage.device("tank"), "phone": stage.phone},
        happens=_solution_is_changed,
        watch=("vfarm.start_workflow", "vfarm.advance_workflow", PHONE),
        expects=lambda stage: [
            ("vfarm.start_workflow", {"workflow": "solution_change", **_at(stage, "tank")}),
            (PHONE, {"title": "Tank: new solution", "message": lambda m: "Drain" in m}),
            ("vfarm.advance_workflow", _at(stage, "tank")),
            (PHONE, {"message": lambda m: "Fill" in m}),
            ("vfarm.advance_workflow", _at(stage, "tank")),
            (PHONE, {"message": lambda m: "mixes" in m}),
        ],
    ),
    Scenario(
        blueprint="harvest_and_sow",
        title="weighs and answers",
        before=_plants_are_old,
        inputs=lambda stage: {
            "levels": [stage.device("rack_level_1"), stage.device("rack_level_2")],
            "recipe": "lettuce_butterhead",
        },
        happens=_weighed_and_sown,
        watch=("vfarm.harvest", "vfarm.start_batch"),
        expects=lambda stage: [
            ("vfarm.harvest", {"kg": 4.2, **_at(stage, "rack_level_1")}),
            ("vfarm.start_batch", {"recipe": "lettuce_butterhead"}),
        ],
    ),
    Scenario(
        blueprint="when_quiet",
        title="then it restarts",
        before=_something_grows,
        inputs=_quiet(240),
        happens=_restarts_when_quiet,
        watch=("homeassistant.restart",),
        expects=lambda stage: [("homeassistant.restart", {})],
    ),
    Scenario(
        blueprint="when_quiet",
        title="gives up",
        before=_something_grows,
        inputs=_quiet(10),
        happens=_is_never_quiet,
        watch=("homeassistant.restart",),
        expects=lambda stage: [],
    ),
)
