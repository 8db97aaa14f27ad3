"""A grower's own farm, made through the flows' REST API as a browser would."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from real_ha.client import Client

#: What a relay that reports its state is declared as.
SWITCHED = {
    "danger": "on",
    "max_on_s": 3600,
    "on_power_loss": "off",
    "on_control_loss": "keeps",
    "proof": "state",
    "deadline_s": 5,
}


@dataclass(frozen=True, slots=True)
class Bind:
    """One entity in its role; actuators with their declaration."""

    role: str
    entity: str
    node: str | None = None
    unit: str | None = None
    declaration: Mapping[str, Any] | None = None

    def steps(self) -> Iterable[dict[str, Any]]:
        """The forms of the flow, filled in."""
        yield {"next_step_id": "add_binding"}
        yield {"role": self.role, **({"node": self.node} if self.node else {})}
        yield {
            "entity": self.entity,
            **({"advanced": {"unit": self.unit}} if self.unit else {}),
        }
        if self.declaration is not None:
            yield dict(self.declaration)


@dataclass(frozen=True, slots=True)
class OwnFarm:
    """A farm of one tent with one level."""

    client: Client
    entry_id: str
    zone: str = field(init=False)
    level: str = field(init=False)

    def __post_init__(self) -> None:
        seen = self.client.call("vfarm/overview", entry_id=self.entry_id)["farms"][0]
        object.__setattr__(self, "zone", seen["zones"][0]["id"])
        object.__setattr__(self, "level", seen["levels"][0]["id"])

    def add(self, kind: str, values: Mapping[str, Any], *bindings: Bind) -> str:
        """Add a node with its bindings; its id."""
        steps = [dict(values), *(s for b in bindings for s in b.steps()), {"next_step_id": "save"}]
        answer = self.client.flow({"handler": [self.entry_id, kind]}, *steps, sub=True)
        assert answer["type"] == "create_entry", answer
        seen = self.client.call("vfarm/overview", entry_id=self.entry_id)["farms"][0]
        nodes = {"reservoir": "reservoirs", "pump": "pumps", "circuit": "circuits"}[kind]
        return next(n["id"] for n in seen[nodes] if n["name"] == values["name"])

    def bind(self, kind: str, *bindings: Bind) -> None:
        """Bind entities to the only node of a kind."""
        parts = self.client.call("config_entries/subentries/list", entry_id=self.entry_id)
        part = next(p for p in parts if p["subentry_type"] == kind)
        steps = [*(s for b in bindings for s in b.steps()), {"next_step_id": "save"}]
        answer = self.client.flow(
            {"handler": [self.entry_id, kind], "subentry_id": part["subentry_id"]},
            *steps,
            sub=True,
        )
        assert answer.get("reason") == "reconfigure_successful", answer


def add_tent(client: Client, *, name: str = "My farm", lit_h: float = 1.0) -> OwnFarm:
    """One tent, one level, lights on since so many hours."""
    lights_on = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=lit_h)).strftime("%H:%M:%S")
    answer = client.flow(
        {"handler": "vfarm"},
        {"next_step_id": "farm"},
        {"name": name, "template": "tent"},
        {
            "volume_m3": 8,
            "area_m2": 1.2,
            "sites": 36,
            "lights_on": lights_on,
            "ppfd_full": 400,
            "power_w": 200,
        },
    )
    assert answer["type"] == "create_entry", answer
    return OwnFarm(client, answer["result"]["entry_id"])


def add_broker(client: Client, port: int) -> None:
    """Home Assistant's MQTT integration on the bench's broker."""
    settings = {"set_client_cert": False, "set_ca_cert": "off"}
    answer = client.flow(
        {"handler": "mqtt"}, {"broker": "127.0.0.1", "port": port, "other_settings": settings}
    )
    assert answer["type"] == "create_entry", answer
