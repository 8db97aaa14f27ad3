"""Where on a broker the controller and its stations meet."""

from __future__ import annotations


def heartbeat_topic(farm: str) -> str:
    """`online` every 15 s; the broker says `offline` when the controller is gone."""
    return f"vfarm/{farm}/heartbeat"


def stop_topic(farm: str) -> str:
    """`stop` latches an emergency stop on every station (retained while it is latched)."""
    return f"vfarm/{farm}/stop"


def phase_topic(farm: str, station: str) -> str:
    """Who commands the outputs of a station (`executor.Phase`, retained)."""
    return f"vfarm/{farm}/{station}/phase"


def plan_topic(farm: str, station: str) -> str:
    """The stored plan of one station (retained)."""
    return f"vfarm/{farm}/{station}/plan"


def delivered_topic(farm: str, station: str) -> str:
    """What a station has delivered on its own (retained until it is taken over)."""
    return f"vfarm/{farm}/{station}/delivered"


def taken_topic(farm: str, station: str) -> str:
    """How far the controller has taken over what was delivered."""
    return f"vfarm/{farm}/{station}/taken"
