"""vfarm in a real Home Assistant: set up a farm, see it, ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .client import Client, wait_for
from .process import HomeAssistantError

DASHBOARD = "vfarm-farm"


def add_demo_farm(client: Client) -> str:
    """Set up the demo farm as a person would, through its config flow; the entry's id."""
    answer = client.flow({"handler": "vfarm"}, {"next_step_id": "demo"}, {})
    if answer["type"] != "create_entry":
        raise HomeAssistantError(f"the demo farm was not created: {answer}")
    return str(answer["result"]["entry_id"])


def add_dashboard(client: Client, *, title: str = "Farm") -> str:
    """Add the farm's dashboard, make it the one people see first, return its path."""
    known = client.call("lovelace/dashboards/list")
    if not any(dashboard["url_path"] == DASHBOARD for dashboard in known):
        client.call(
            "lovelace/dashboards/create",
            url_path=DASHBOARD,
            title=title,
            icon="mdi:sprout",
            mode="storage",
        )
    client.call(
        "lovelace/config/save", url_path=DASHBOARD, config={"strategy": {"type": "custom:vfarm"}}
    )
    client.call("frontend/set_system_data", key="core", value={"default_panel": DASHBOARD})
    return f"/{DASHBOARD}"


def entries(client: Client) -> list[dict[str, Any]]:
    """The config entries of vfarm."""
    found = client.call("config_entries/get", domain="vfarm")
    return list(found)


def overview(client: Client, entry_id: str) -> dict[str, Any]:
    """Everything the dashboard shows of one farm."""
    found: dict[str, Any] = client.call("vfarm/overview", entry_id=entry_id)["farms"][0]
    return found


def wait_running(client: Client, entry_id: str, timeout_s: float = 90.0) -> dict[str, Any]:
    """Wait until a farm has reconciled and runs; its overview."""

    def running() -> dict[str, Any] | None:
        try:
            seen = overview(client, entry_id)
        except HomeAssistantError:
            return None
        snapshot = seen["farm"]["snapshot"]
        return seen if snapshot and snapshot["stage"] == "running" else None

    return wait_for("the farm runs", running, timeout_s=timeout_s, detail=lambda: entries(client))


def node(seen: Mapping[str, Any], node_id: str) -> dict[str, Any]:
    """One node of an overview."""
    for group in ("zones", "racks", "levels", "reservoirs", "pumps", "circuits"):
        for found in seen[group]:
            if found["id"] == node_id:
                return dict(found)
    raise HomeAssistantError(f"no node {node_id}")


def actuators(seen: Mapping[str, Any], role: str) -> Iterator[dict[str, Any]]:
    """Every actuator of a role."""
    for group in ("zones", "levels", "reservoirs", "circuits"):
        for found in seen[group]:
            for view in (found["snapshot"] or {}).get("actuators", ()):
                if view["role"] == role:
                    yield view


def set_speed(client: Client, entry_id: str, speed: float) -> None:
    """Let the time of the demo farm run faster or slower."""
    seen = overview(client, entry_id)
    select = seen["entities"][seen["farm"]["id"]]["speed"]
    client.action("select", "select_option", entity_id=select, option=f"{speed:g}")


def unavailable(client: Client) -> list[str]:
    """Enabled entities of vfarm that have no state or are unavailable."""
    states = client.states()
    ours = [
        entry["entity_id"]
        for entry in client.call("config/entity_registry/list")
        if entry["platform"] == "vfarm" and entry["disabled_by"] is None
    ]
    if not ours:
        raise HomeAssistantError("vfarm has no entities")
    return [
        entity_id
        for entity_id in ours
        if entity_id not in states or states[entity_id]["state"] == "unavailable"
    ]


def repairs(client: Client) -> list[str]:
    """What vfarm asks a person to repair; that it offers its blueprints is no complaint."""
    issues = client.call("repairs/list_issues")["issues"]
    ours = [issue["issue_id"] for issue in issues if issue["domain"] == "vfarm"]
    return [issue_id for issue_id in ours if issue_id != "blueprints"]


def prove_light(client: Client, entry_id: str, timeout_s: float = 60.0) -> dict[str, Any]:
    """Wait until a lamp that was told to shine is proved to shine; the lamp.

    At night nothing is told to: then one level gets a day that lasts until the proof.
    """
    seen = overview(client, entry_id)
    grown = [level for level in seen["levels"] if level["snapshot"]["batch"]]
    if any(level["snapshot"]["day"] for level in grown):
        return _wait_shining(client, entry_id, timeout_s)
    override = {
        "config_entry_id": entry_id,
        "node": [grown[0]["id"]],
        "quantity": "photoperiod",
    }
    client.action("vfarm", "set_override", **override, value=24, duration={"hours": 6})
    try:
        return _wait_shining(client, entry_id, timeout_s)
    finally:
        client.action("vfarm", "clear_override", **override)


def _wait_shining(client: Client, entry_id: str, timeout_s: float) -> dict[str, Any]:
    def shining() -> dict[str, Any] | None:
        for lamp in actuators(overview(client, entry_id), "grow_light"):
            wanted, reported = lamp["wanted"], lamp["reported"]
            if wanted and reported and abs(wanted - reported) < 0.02 and lamp["proof"] == "proved":
                return lamp
        return None

    return wait_for(
        "a light command is proved",
        shining,
        timeout_s=timeout_s,
        detail=lambda: list(actuators(overview(client, entry_id), "grow_light"))[:2],
    )


def start_shot(client: Client, entry_id: str, duration_s: float | None = None) -> str:
    """Water the first circuit that is ready now; its id."""
    refusals = []
    data = {} if duration_s is None else {"duration": {"seconds": duration_s}}
    for circuit in overview(client, entry_id)["circuits"]:
        try:
            client.action(
                "vfarm", "run_shot", config_entry_id=entry_id, node=[circuit["id"]], **data
            )
        except HomeAssistantError as error:
            refusals.append(f"{circuit['name']}: {error}")
        else:
            return str(circuit["id"])
    raise HomeAssistantError("no circuit takes a shot: " + "; ".join(refusals))


def wait_shot_running(client: Client, entry_id: str, circuit: str, timeout_s: float = 60.0) -> None:
    """Wait until the water of a shot flows: valve and pump proved on."""

    def flows() -> bool:
        seen = node(overview(client, entry_id), circuit)["snapshot"]
        return seen["stage"] == "running" and all(
            view["proof"] == "proved" and view["reported"] == 1 for view in seen["actuators"]
        )

    wait_for(
        f"the shot of {circuit} runs",
        flows,
        timeout_s=timeout_s,
        every_s=0.2,
        detail=lambda: node(overview(client, entry_id), circuit)["snapshot"],
    )


def wait_shot_ended(
    client: Client, entry_id: str, circuit: str, timeout_s: float = 120.0
) -> dict[str, Any]:
    """Wait until a shot has ended and everything is proved closed; the circuit's snapshot."""

    def ended() -> dict[str, Any] | None:
        seen: dict[str, Any] = node(overview(client, entry_id), circuit)["snapshot"]
        closed = all(view["reported"] == 0 for view in seen["actuators"])
        return seen if seen["stage"] is None and seen["last_end"] and closed else None

    return wait_for(
        f"the shot of {circuit} ends",
        ended,
        timeout_s=timeout_s,
        detail=lambda: node(overview(client, entry_id), circuit)["snapshot"],
    )
