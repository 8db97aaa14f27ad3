"""What a running config entry owns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, callback

from vfarm_core.farm.nodes import Farm

from .const import OVERRIDE_H
from .engine import Engine
from .farm_agenda import FarmAgenda
from .farm_data import subentry_of_nodes
from .refusals import Refusals

if TYPE_CHECKING:
    from .ble.manager import FarmMeters
    from .demo import Demo
    from .modbus.manager import FarmModbus
    from .plan_actions import Proposal
    from .stations import FarmStations

type VfarmConfigEntry = ConfigEntry[VfarmData]


@dataclass(kw_only=True)
class VfarmData:
    """The running farm, the demo's hardware if it is one, plans, and who cares about its nodes."""

    entry: VfarmConfigEntry
    engine: Engine
    demo: Demo | None = None
    #: Field hardware that can act alone, as it is looked after now.
    stations: FarmStations | None = None
    #: Plans that were made and not carried out, the newest last.
    plans: dict[str, Proposal] = field(default_factory=dict)
    #: For how long a target holds that is set at an entity (h).
    override_h: float = OVERRIDE_H
    topology_listeners: list[Callable[[], None]] = field(default_factory=list)
    refusals: Refusals = field(default_factory=Refusals)
    unload_listeners: list[Callable[[], None]] = field(default_factory=list)
    agenda: FarmAgenda = field(init=False)
    #: The Modbus devices that belong to the farm.
    modbus: FarmModbus = field(init=False)
    #: The Bluetooth meters that belong to the farm.
    meters: FarmMeters = field(init=False)

    def __post_init__(self) -> None:
        """What comes is worked out once for all who show it; a demo needs no setting up."""
        self.agenda = FarmAgenda(self.engine, onboarding=self.demo is None)

    @property
    def farm(self) -> Farm:
        """The farm as it runs."""
        return self.engine.farm

    @property
    def subentry_ids(self) -> dict[str, str]:
        """The subentry of every node; the farm itself has none. Made anew: ask once for many."""
        return subentry_of_nodes(self.entry)

    @property
    def sites_taken(self) -> dict[str, int]:
        """Occupied sites by level."""
        taken: dict[str, int] = {}
        for batch in self.engine.runtime.memory.batches.values():
            if batch.is_growing:
                for placement in batch.placements:
                    taken[placement.level_id] = taken.get(placement.level_id, 0) + placement.sites
        return taken

    @callback
    def close_stations(self) -> None:
        """The farm ends: its stations are on their own."""
        if self.stations is not None:
            self.stations.close()

    @callback
    def listen_topology(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Hear when nodes or bindings were added, changed or removed."""
        self.topology_listeners.append(listener)
        return lambda: self.topology_listeners.remove(listener)

    @callback
    def topology_changed(self) -> None:
        """Nodes or bindings were added, changed or removed."""
        for listener in (*self.topology_listeners,):
            listener()

    @callback
    def listen_unload(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Hear when the farm is unloaded."""
        self.unload_listeners.append(listener)
        return lambda: self.unload_listeners.remove(listener)

    @callback
    def unloaded(self) -> None:
        """The farm is unloaded: whoever follows it has to ask anew."""
        for listener in (*self.unload_listeners,):
            listener()
