"""Records know people by the id of a user; names come in where somebody reads, and go for good."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from home_farm import settled, start_batch
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.ledger import FarmLedger
from custom_components.vfarm.people import by_of
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify


async def act(hass: HomeAssistant, service: str, user: MockUser | None = None, **data: Any) -> Any:
    context = Context(user_id=None if user is None else user.id)
    return await hass.services.async_call(
        DOMAIN, service, data, blocking=True, return_response=True, context=context
    )


def told(journals: Path, entry: MockConfigEntry) -> str:
    """Everything in the journal, as text."""
    with closing(sqlite3.connect(journals / f"{entry.entry_id}.db")) as db:
        rows = [*db.execute("SELECT data FROM events"), *db.execute("SELECT data FROM slices")]
    return "\n".join(bytes(data).decode() for (data,) in rows)


async def fed(entry: MockConfigEntry) -> None:
    """Until the ledger has everything that is in the journal."""
    ledger: FarmLedger = entry.runtime_data.engine.ledger
    await ledger.async_ask(lambda found: found.head())


async def test_a_person_is_recorded_by_id_and_read_by_name(
    hass: HomeAssistant, farm: MockConfigEntry, journals: Path, hass_admin_user: MockUser
) -> None:
    events: list[Any] = []
    hass.bus.async_listen("vfarm_event", lambda event: events.append(event))
    await act(
        hass,
        "start_workflow",
        hass_admin_user,
        node="tent",
        workflow="maintenance",
        duration="00:10:00",
    )
    await settled(hass)
    assert hass_admin_user.name not in told(journals, farm)
    assert f"user:{hass_admin_user.id}" in told(journals, farm)
    (started,) = (e for e in events if e.data["kind"] == "workflow_started")
    assert started.data["params"]["by"] == f"user:{hass_admin_user.id}"
    explained = await act(hass, "explain", node="tent")
    assert explained["nodes"][0]["workflow"]["by"] == hass_admin_user.name
    await fed(farm)
    found = await act(hass, "audit", hass_admin_user, person=hass_admin_user.name)
    assert [(deed["who"], deed["what"]) for deed in found["deeds"]] == [
        (hass_admin_user.name, "workflow_started")
    ]


async def test_the_logbook_says_the_name(
    hass: HomeAssistant, farm: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    from custom_components.vfarm.logbook import async_describe_events

    events: list[Any] = []
    hass.bus.async_listen("vfarm_event", lambda event: events.append(event))
    await act(hass, "set_mode", hass_admin_user, mode="hold")
    await settled(hass)
    described: dict[str, Any] = {}
    async_describe_events(hass, lambda domain, kind, describe: described.update({kind: describe}))
    (changed,) = (e for e in events if e.data["kind"] == "mode_changed")
    message = described["vfarm_event"](changed)["message"]
    assert message == f"mode changed from Automatic to Hold by {hass_admin_user.name}"


async def test_an_automation_and_a_script_are_known_by_their_entity(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    actions = [{"action": "vfarm.set_mode", "data": {"mode": "hold"}}]
    assert await async_setup_component(
        hass, "script", {"script": {"evening": {"sequence": actions}}}
    )
    trigger = {"trigger": "event", "event_type": "ring"}
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "alias": "Bell",
                "triggers": [trigger],
                "actions": [{"action": "script.evening"}],
            }
        },
    )
    seen: list[str] = []
    farm.runtime_data.engine.listen_events(
        lambda e: seen.append(e.params["by"]) if e.kind == "mode_changed" else None
    )
    await hass.services.async_call("script", "evening", blocking=True)
    await act(hass, "set_mode", mode="auto")
    hass.bus.async_fire("ring")
    await settled(hass)
    assert seen == ["script:script.evening", "automation", "automation:automation.bell"]


async def test_the_emergency_button_records_who_pressed_it(
    hass: HomeAssistant, farm: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    button = er.async_get(hass).async_get_entity_id(
        "button", DOMAIN, f"{farm.entry_id}:{farm.entry_id}:emergency_stop"
    )
    await hass.services.async_call(
        "button",
        "press",
        {"entity_id": button},
        blocking=True,
        context=Context(user_id=hass_admin_user.id),
    )
    emergency = farm.runtime_data.engine.runtime.memory.farm.emergency
    assert emergency is not None
    assert emergency.by == f"user:{hass_admin_user.id}"
    await settled(hass)


async def test_a_removed_user_has_no_name_any_more(
    hass: HomeAssistant, farm: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    await hass.auth.async_create_user("The owner, whom nobody can remove")
    user = await hass.auth.async_create_user("Berta")
    await hass.async_block_till_done()
    context = Context(user_id=user.id)
    await act(hass, "log_labour", user, minutes=5)
    await fed(farm)
    assert [d["who"] for d in (await act(hass, "audit", hass_admin_user))["deeds"]][-1] == "Berta"
    await hass.auth.async_update_user(user, name="Bertha")
    await hass.async_block_till_done()
    assert [d["who"] for d in (await act(hass, "audit", hass_admin_user))["deeds"]][-1] == "Bertha"
    await hass.auth.async_remove_user(user)
    await hass.async_block_till_done()
    assert [d["who"] for d in (await act(hass, "audit", hass_admin_user))["deeds"]][-1] == by_of(
        hass, context
    )


async def test_a_forgotten_person_is_nowhere(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    journals: Path,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
) -> None:
    batch = (await start_batch(hass))["batch"]
    await act(hass, "advance_phase", hass_admin_user, batch=batch)
    await act(hass, "log_labour", hass_admin_user, batch=batch, minutes=5)
    await settled(hass)
    await fed(farm)
    who = f"user:{hass_admin_user.id}"
    memory = farm.runtime_data.engine.runtime.memory
    assert who in told(journals, farm)
    assert who in repr(memory.batches[batch])
    with pytest.raises(ServiceValidationError):
        await act(hass, "forget_person", hass_read_only_user, person=hass_admin_user.name)
    await act(hass, "forget_person", hass_admin_user, person=hass_admin_user.name)
    await settled(hass)
    memory = farm.runtime_data.engine.runtime.memory
    assert who not in repr(memory.batches[batch])
    assert memory.batches[batch].is_growing, "everything else is as it was"
    assert who not in told(journals, farm)
    deeds = (await act(hass, "audit", hass_admin_user))["deeds"]
    (token,) = {d["who"] for d in deeds if d["what"] == "labour_logged"}
    assert token.startswith("person:")
    assert token in told(journals, farm), "the journal and the history still mean the same person"
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "forget_person", hass_admin_user, person=hass_admin_user.name)
    assert caught.value.translation_key == "person_unknown"
    # Who acts again is known again, as somebody else.
    await act(hass, "log_labour", hass_admin_user, batch=batch, minutes=7)
    await fed(farm)
    deeds = [
        d
        for d in (await act(hass, "audit", hass_admin_user))["deeds"]
        if d["what"] == "labour_logged"
    ]
    assert [d["who"] for d in deeds] == [token, hass_admin_user.name]
    await hass.config_entries.async_unload(farm.entry_id)
    with closing(Ledger(journals / f"{farm.entry_id}.ledger.db")) as ledger:
        assert verify(ledger).intact


async def test_older_records_with_names_are_read_and_forgotten(
    hass: HomeAssistant, farm: MockConfigEntry, journals: Path, hass_admin_user: MockUser
) -> None:
    from vfarm_core.control.inputs import LogLabour

    farm.runtime_data.engine.request(LogLabour(minutes=5, by="Änne"))
    await settled(hass)
    await fed(farm)
    found = await act(hass, "audit", hass_admin_user, person="Änne")
    assert [deed["who"] for deed in found["deeds"]] == ["Änne"]
    await act(hass, "forget_person", hass_admin_user, person="Änne")
    assert "Änne" not in told(journals, farm)
    assert (await act(hass, "audit", hass_admin_user, person="Änne"))["deeds"] == []
