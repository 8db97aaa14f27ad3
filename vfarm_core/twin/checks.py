"""What a grower has done before a simulated farm begins: probes and dosing pumps are checked."""

from __future__ import annotations

from ..control.inputs import CalibratePump, Request, VerifyProbe
from ..farm.nodes import Farm
from ..farm.roles import DOSING, PROBES
from .config import TwinConfig
from .water import ReservoirParameters

#: How long a pump ran for its measurement (s).
_MEASURED_S = 60.0


def first_checks(farm: Farm, config: TwinConfig) -> tuple[Request, ...]:
    """Every probe that dosing goes by is checked, and every dosing pump is found to give what the
    twin's pumps give."""
    found: list[Request] = []
    for b in farm.bindings:
        if b.role in PROBES:
            found.append(VerifyProbe(point=b.id, by="twin"))
        elif b.role in DOSING:
            tank = config.reservoirs.get(b.node, ReservoirParameters())
            ml = tank.doser_ml_s * _MEASURED_S
            found.append(CalibratePump(point=b.id, ml=ml, seconds=_MEASURED_S, by="twin"))
    return tuple(found)
