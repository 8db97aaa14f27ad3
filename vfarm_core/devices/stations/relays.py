"""Settings of Modbus relay boards: pulses that the board ends, and what it does without requests.

Only what the maker documents is generated. A register that wears is written once, at commissioning,
never by control.
"""

from __future__ import annotations

from ...farm.nodes import Farm
from .abilities import BOARDS
from .audit import missing
from .model import Guard, Station
from .needs import needs
from .settings import Setting


def settings(farm: Farm, station: Station) -> tuple[Setting, ...]:
    """The timed pulses that switch each coil on, and the watchdog of the board."""
    board = BOARDS.get(station.model)
    if board is None:
        return ()
    found = []
    for output in station.outputs:
        for need in needs(farm, farm.binding[output.point]):
            if missing(farm, station, need):
                continue
            if need.guard is Guard.AUTO_OFF and board.pulse_base is not None:
                assert need.seconds is not None
                found.append(
                    Setting(
                        station=station.id,
                        point=output.point,
                        guards=(need.guard,),
                        call="write_coil",
                        write={
                            "address": board.pulse_base + int(output.channel),
                            "value": int(need.seconds / board.step_s + 1e-9),
                        },
                        each_time=True,
                        source=board.source,
                    )
                )
            elif need.guard is Guard.WATCHDOG and board.watchdog is not None:
                seconds = round(station.heartbeat_lost_s)
                found.append(
                    Setting(
                        station=station.id,
                        point=output.point,
                        guards=(need.guard,),
                        call="write_register",
                        write={"address": board.watchdog, "value": seconds},
                        ask="read_holding_registers",
                        with_={"address": board.watchdog, "count": 1},
                        expected={"value": seconds},
                        source=board.source,
                    )
                )
    return tuple(found)
