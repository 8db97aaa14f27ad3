"""Settings of Shelly switches of the second generation and later.

The device counts by itself, whoever switched it: `auto_off` ends what is dangerous on,
`initial_state` is the state after a power cut. `auto_on` would undo an emergency stop: it is off.
"""

from __future__ import annotations

from ...farm.nodes import Farm
from .audit import missing
from .model import Guard, Output, Station
from .needs import needs
from .settings import Setting

SOURCE = "shelly-api-docs.shelly.cloud, Gen2, Switch: Switch.SetConfig, Switch.GetConfig"


def settings(farm: Farm, station: Station) -> tuple[Setting, ...]:
    """What to set on each switch. What a Shelly must not do by itself is switched off here, in case
    somebody has set it."""
    return tuple(_setting(farm, station, output) for output in station.outputs)


def _setting(farm: Farm, station: Station, output: Output) -> Setting:
    config: dict[str, object] = {"initial_state": "off", "auto_off": False, "auto_on": False}
    guards = []
    for need in needs(farm, farm.binding[output.point]):
        if missing(farm, station, need):
            continue
        guards.append(need.guard)
        if need.guard is Guard.BOOT_STATE:
            config["initial_state"] = "on" if need.on else "off"
        elif need.guard is Guard.AUTO_OFF:
            config |= {"auto_off": True, "auto_off_delay": need.seconds}
    number = int(output.channel)
    return Setting(
        station=station.id,
        point=output.point,
        guards=tuple(guards),
        call="Switch.SetConfig",
        write={"id": number, "config": config},
        ask="Switch.GetConfig",
        with_={"id": number},
        expected=config,
        source=SOURCE,
    )
