"""Settings of Zigbee plugs and valves, through Zigbee2MQTT.

A Zigbee device has no limit that stays: every command that switches it on has to carry its time
(command On With Timed Off of the On/Off cluster). Whether a device heeds it depends on its
firmware, so it counts only when a person has seen it.
"""

from __future__ import annotations

from ...farm.nodes import Farm
from .audit import missing
from .model import Guard, Station
from .needs import needs
from .settings import Setting

SOURCE = "zigbee2mqtt.io, device pages: On with timed off, Power-on behavior"


def settings(farm: Farm, station: Station) -> tuple[Setting, ...]:
    """What to set on each device, and what each command that switches it on has to carry."""
    found = []
    for output in station.outputs:
        for need in needs(farm, farm.binding[output.point]):
            if missing(farm, station, need):
                continue
            if need.guard is Guard.BOOT_STATE:
                state = {"power_on_behavior": "on" if need.on else "off"}
                found.append(
                    Setting(
                        station=station.id,
                        point=output.point,
                        guards=(need.guard,),
                        call=f"zigbee2mqtt/{output.channel}/set",
                        write=state,
                        ask=f"zigbee2mqtt/{output.channel}/get",
                        with_={"power_on_behavior": ""},
                        expected=state,
                        source=SOURCE,
                    )
                )
            elif need.guard is Guard.AUTO_OFF:
                found.append(
                    Setting(
                        station=station.id,
                        point=output.point,
                        guards=(need.guard,),
                        call=f"zigbee2mqtt/{output.channel}/set",
                        write={"state": "ON", "on_time": need.seconds},
                        each_time=True,
                        source=SOURCE,
                    )
                )
    return tuple(found)
