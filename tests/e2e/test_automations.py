"""Triggers, conditions and blueprints in a real Home Assistant, asked for as its frontend does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conftest import MakeSession
from real_ha import vfarm
from real_ha.client import Client, wait_for
from real_ha.process import CONFIGURATION

#: An automation of one's own, there from the start: before any farm is.
HELD = """
automation:
  - alias: Held
    triggers:
      - trigger: vfarm.mode_changed
        options:
          mode: hold
    actions:
      - event: example_held
"""


def described(client: Client, kind: str) -> set[str]:
    """The triggers or conditions that the editor offers; they are told integration by
    integration."""
    told = client.subscribe(f"{kind}_platforms/subscribe")
    while True:
        found: dict[str, Any] = told.get(timeout=30)
        if ours := {key for key, value in found.items() if key.startswith("vfarm.") and value}:
            return ours


def shipped(domain: str) -> list[Path]:
    """The blueprints of this repository."""
    found = sorted((Path(__file__).parents[2] / "blueprints" / domain / "vfarm").glob("*.yaml"))
    assert found
    return found


def last_triggered(client: Client) -> Any:
    """When the automation fired last."""
    return client.get("/api/states/automation.held")["attributes"].get("last_triggered")


def test_blueprints_are_installed_by_the_repair_and_an_automation_of_ones_own_fires(
    make_session: MakeSession,
) -> None:
    session = make_session(CONFIGURATION.replace("\nautomation:\n", HELD))
    with session:
        client = session.client
        entry = vfarm.add_demo_farm(client)
        vfarm.wait_running(client, entry)
        assert {"vfarm.phase_changed", "vfarm.vpd_crossed_threshold"} <= described(
            client, "trigger"
        )
        assert {"vfarm.is_in_phase", "vfarm.lights_are_on"} <= described(client, "condition")
        issues = client.call("repairs/list_issues")["issues"]
        (offer,) = [issue for issue in issues if issue["domain"] == "vfarm"]
        assert offer["is_fixable"]
        assert "vfarm" not in str(client.call("blueprint/list", domain="automation"))

        flow = client.post(
            "/api/repairs/issues/fix", {"handler": "vfarm", "issue_id": offer["issue_id"]}
        )
        done = client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", {"replace_edited": False})
        assert done["type"] == "create_entry", done
        for domain in ("automation", "script"):
            listed = client.call("blueprint/list", domain=domain)
            ours = {name: one for name, one in listed.items() if name.startswith("vfarm/")}
            assert set(ours) == {f"vfarm/{path.name}" for path in shipped(domain)}
            assert not [name for name, one in ours.items() if "error" in one]
        issues = client.call("repairs/list_issues")["issues"]
        assert [issue for issue in issues if issue["domain"] == "vfarm"] == []

        before = last_triggered(client)
        client.action("vfarm", "set_mode", config_entry_id=entry, mode="hold")
        wait_for(
            "the automation has fired",
            lambda: last_triggered(client) != before,
            timeout_s=30,
        )
    assert session.process.complaints() == []
