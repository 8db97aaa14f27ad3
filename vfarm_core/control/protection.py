"""What protects a farm while vfarm is not there: dangers that nothing at the device itself ends.

Home Assistant is not the last line (design rule 13). What is declared of a device on loss of power
and of control says where a limit belongs in the hardware; what is missing is named, node by node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..farm.bindings import Binding, Danger, OnLoss, Proof
from ..farm.nodes import Farm
from ..farm.roles import Role, RoleKind, spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One danger that only vfarm looks after. `key` and `params` are for translation."""

    node: str
    key: str
    params: Mapping[str, str]

    @property
    def text(self) -> str:
        """The English sentence."""
        params = dict(self.params)
        if "does" in params:
            params["does"] = LOSSES[params["does"]]
        return GAPS[self.key].format(**params)


GAPS: Mapping[str, str] = MappingProxyType(
    {
        "stays_on": "{point} {does} when control is lost, and is dangerous on: it needs a limit of "
        "{limit} s in the device or its station.",
        "open_without_power": "{point} {does} when power fails, and is dangerous on: it needs a "
        "valve that closes by itself.",
        "goes_off": "{point} {does} when control is lost, and is dangerous off: it needs a run-on "
        "in the device or its station.",
        "no_isolation": "Nothing upstream of {point} is closed when it cannot be proved off: name "
        "an isolation.",
        "echo": "{point} only repeats what it is told: nobody would notice that it failed.",
        "interrupts": "{point} is dangerous on by its declaration, and stands before a pump that "
        "must not stop: after {limit} s it interrupts the water that roots depend on.",
        "gas_detector": "CO2 is given here. vfarm is no gas alarm: a certified detector with its "
        "own valve and fan is required.",
        "no_smoke": "No smoke detector is bound: nothing goes off in a fire.",
        "no_leak": "No leak sensor is bound at {name} or where it waters.",
    }
)
#: What a device does on a loss, by what was declared of it.
LOSSES: Mapping[str, str] = MappingProxyType(
    {
        OnLoss.KEEPS.value: "keeps its state",
        OnLoss.ON.value: "goes on",
        OnLoss.OFF.value: "goes off",
        OnLoss.UNKNOWN.value: "does what nobody has declared",
    }
)


def gaps(farm: Farm) -> tuple[Gap, ...]:
    """Everything that is not protected in the hardware, as far as it was declared."""
    return tuple(_gaps(farm))


def gaps_of(farm: Farm, node: str) -> tuple[Gap, ...]:
    """The gaps of a node as it is shown: a circuit with its pump, the farm with all."""
    circuit = farm.circuit.get(node)
    shown = {node, farm.id} if circuit is None else {node, circuit.pump}
    return tuple(gap for gap in gaps(farm) if node == farm.id or gap.node in shown)


def _gaps(farm: Farm) -> Iterator[Gap]:
    for binding in farm.bindings:
        if spec(binding.role).is_actuator and binding.declaration is not None:
            yield from _actuator(farm, binding)
    for zone in farm.zones:
        if farm.of(zone.id, Role.CO2_VALVE) and not zone.co2_detector:
            yield Gap(node=zone.id, key="gas_detector", params={})
        powered = any(_driven(farm, key) for key in (zone.id, *_levels(farm, zone.id)))
        if powered and not farm.of(zone.id, Role.SMOKE):
            yield Gap(node=zone.id, key="no_smoke", params={})
    for reservoir in farm.reservoirs:
        places = (reservoir.id, *farm.zones_of_reservoir[reservoir.id])
        if farm.circuits_of_reservoir[reservoir.id] and not any(
            farm.of(place, Role.LEAK) for place in places
        ):
            yield Gap(node=reservoir.id, key="no_leak", params={"name": reservoir.name})


def _levels(farm: Farm, zone: str) -> tuple[str, ...]:
    return tuple(level.id for level in farm.levels_of_zone[zone])


def _driven(farm: Farm, node: str) -> bool:
    return any(
        spec(b.role).kind in (RoleKind.SWITCH, RoleKind.DIMMER)
        for b in farm.bindings_of.get(node, ())
    )


def _actuator(farm: Farm, binding: Binding) -> Iterator[Gap]:
    declared = binding.declaration
    assert declared is not None

    def gap(key: str, loss: OnLoss = OnLoss.UNKNOWN) -> Gap:
        params = {
            "point": binding.id,
            "does": loss.value,
            "limit": f"{declared.max_on_s or 0:.0f}",
        }
        return Gap(node=binding.node, key=key, params=params)

    if declared.danger is Danger.ON:
        ends_itself = declared.proof is Proof.PULSE
        if declared.on_control_loss is not OnLoss.OFF and not ends_itself:
            yield gap("stays_on", declared.on_control_loss)
        valve = binding.role in (Role.IRRIGATION_VALVE, Role.FILL_VALVE, Role.CO2_VALVE)
        if valve and declared.on_power_loss is not OnLoss.OFF:
            yield gap("open_without_power", declared.on_power_loss)
        if declared.isolation is None and not ends_itself:
            yield gap("no_isolation")
        circuit = farm.circuit.get(binding.node)
        if circuit is not None and any(
            b.declaration is not None and b.declaration.danger is Danger.OFF
            for b in farm.of(circuit.pump, Role.IRRIGATION_PUMP)
        ):
            yield gap("interrupts")
    if declared.danger is Danger.OFF and declared.on_control_loss in (OnLoss.OFF, OnLoss.UNKNOWN):
        yield gap("goes_off", declared.on_control_loss)
    if declared.danger is not Danger.NEITHER and declared.proof is Proof.ECHO:
        yield gap("echo")
