"""The logbook, and messages to a phone, say what happened in the language of the house, with the
names that people use."""

from __future__ import annotations

from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import Hardware, pass_time, settled, start_batch
from homeassistant.core import Event, HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from test_translations import LANGUAGES, texts

from custom_components.vfarm.const import EVENT_VFARM
from custom_components.vfarm.event_words import _WORDS, async_sentence
from custom_components.vfarm.logbook import async_describe_events
from vfarm_core.control.memory import DoseEnd, FillEnd, PulseEnd, ShotEnd
from vfarm_core.devices.modbus.device import End
from vfarm_core.farm.people import MACHINES


async def speak(hass: HomeAssistant, language: str) -> None:
    await hass.config.async_update(language=language)
    await settled(hass)


def say(hass: HomeAssistant, farm: MockConfigEntry, kind: str, **params: Any) -> str:
    data = {"entry_id": farm.entry_id, "name": "Bench", "kind": kind, "params": params}
    return async_sentence(hass, data)


async def test_an_entry_of_the_logbook_has_the_name_of_the_part_and_what_happened(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    described: dict[str, Any] = {}
    async_describe_events(hass, lambda domain, kind, how: described.update({kind: how}))
    params = {"end": "done", "delivered_l": 20.0}
    data = {"entry_id": farm.entry_id, "name": "Bench", "kind": "shot_ended", "params": params}
    entry = described[EVENT_VFARM](Event(EVENT_VFARM, data))
    assert entry == {"name": "Bench", "message": "shot ended (complete), 20 L delivered"}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "shot ended (stopped, no flow), 2.5 L delivered"),
        ("de", "Gabe beendet (beendet, kein Durchfluss), 2,5 L gegeben"),
        ("fr", "arrosage terminé (arrêté, pas de débit), 2,5 L donnés"),
        ("nl", "beurt beëindigd (gestopt, geen doorstroming), 2,5 L gegeven"),
        ("es", "riego terminado (parado, sin caudal), 2,5 L dados"),
        ("pt", "shot ended (stopped, no flow), 2.5 L delivered"),
    ],
)
async def test_what_happened_is_said_in_the_language_of_the_house(
    hass: HomeAssistant, farm: MockConfigEntry, language: str, said: str
) -> None:
    await speak(hass, language)
    found = say(hass, farm, "shot_ended", end="no_flow", delivered_l=2.5)
    assert found == said.replace("2.5", "2,5") if language == "pt" else found == said


@pytest.mark.parametrize(
    ("kind", "params", "said"),
    [
        ("mode_changed", {"was": "auto", "mode": "hold", "by": "schedule"},
         "Betriebsart von Automatik auf Halten geändert von dem Zeitplan"),
        ("takeover", {"point": "tent.heater"}, "Heizung (Tent) wurde übernommen"),
        ("loop_armed", {"loop": "irrigation", "by": "Anna"}, "Bewässerung geschärft von Anna"),
        ("override_set", {"quantity": "vpd", "value": 0.9, "by": "voice"},
         "VPD auf 0,9 gesetzt von einer Stimme"),
        ("dosing_inhibited", {"why": "dose_ineffective"}, None),
        ("dose_ended", {"point": "pump.irrigation_pump", "end": "water_out", "delivered_ml": 3},
         "Dosis aus Bewässerungspumpe (Pump) beendet (beendet, eine Gabe begann), 3 mL gegeben"),
        ("batch_moved", {"sites": 4, "title": "Boston", "was": "rack_level_1",
                         "now": "rack_level_2", "by": "Anna"},
         "4 Plätze der Charge Boston von Rack · Level 1 nach Rack · Level 2 umgezogen von Anna"),
        ("request_refused", {"what": "vfarm.run_dose", "by": "Bo", "role": "viewer",
                             "needs": "grower"},
         "Jetzt dosieren abgelehnt für Bo (Betrachter): dazu braucht es Gärtner"),
        ("role_changed", {"who": "Bo", "value": "grower", "was": "viewer", "by": "Anna"},
         "Bo ist Gärtner und nicht mehr Betrachter, durch Anna"),
        ("protection_failed", {"point": "tent.heater", "protection": "watchdog"},
         "Schutz von Heizung (Tent) hat versagt: Sicher ohne Herzschlag"),
        ("co2_danger", {"ppm": None}, "CO2 ist gefährlich für Menschen: ? ppm"),
        ("something_new", {}, "something new"),
    ],
)  # fmt: skip
async def test_keys_are_said_as_words_and_names(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    kind: str,
    params: dict[str, Any],
    said: str | None,
) -> None:
    await speak(hass, "de")
    found = say(hass, farm, kind, **params)
    if said is None:
        assert "dose_ineffective" not in found
        assert "_" not in found
    else:
        assert found == said


async def test_what_is_not_told_is_left_open(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    assert say(hass, farm, "mode_changed", was="auto") == "mode changed from Automatic to ? by ?"


async def test_an_event_of_a_farm_that_was_removed_is_still_said(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await hass.config_entries.async_remove(farm.entry_id)
    assert say(hass, farm, "leak", point="tent.leak") == "leak at tent.leak"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_end_and_everybody_that_is_no_person_has_a_word(language: str) -> None:
    words = {key: set(one["options"]) for key, one in texts(language)["selector"].items()}
    assert words["shot_end"] == {*ShotEnd}
    assert words["dose_end"] == {*DoseEnd, *FillEnd}
    assert words["pulse_end"] == {*PulseEnd}
    assert words["write_end"] == {*End}
    assert set(MACHINES) - {""} <= words["event_by"]
    used = {selector for one in _WORDS.values() for selector in one.values()}
    assert used <= set(words)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_really_happens_in_a_farm_is_said_without_a_key(
    hass: HomeAssistant,
    hardware: Hardware,
    farm: MockConfigEntry,
    hass_admin_user: MockUser,
    freezer: FrozenDateTimeFactory,
    language: str,
) -> None:
    await speak(hass, language)
    events: list[Event] = []
    hass.bus.async_listen(EVENT_VFARM, events.append)
    await start_batch(hass, title="Boston")
    await pass_time(hass, freezer, 120)
    hardware.volume(1.0)
    await settled(hass)
    await hass.services.async_call("vfarm", "set_mode", {"mode": "hold"}, blocking=True)
    await hass.services.async_call("vfarm", "emergency_stop", {}, blocking=True)
    await settled(hass)
    said = {event.data["kind"]: async_sentence(hass, event.data) for event in events}
    assert {"batch_started", "lights_on", "volume_low", "mode_changed", "emergency_stop"} <= set(
        said
    )
    for kind, sentence in said.items():
        assert "_" not in sentence.replace("lettuce_butterhead", ""), (kind, sentence)
        assert "{" not in sentence
        assert "?" not in sentence, (kind, sentence)
