"""Everything that a refusal must leave as it was."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_translations import LANGUAGES, texts

from custom_components.vfarm.const import DOMAIN

_TEXTS = {language: texts(language)["exceptions"] for language in LANGUAGES}


@dataclass(frozen=True, kw_only=True)
class Untouched:
    """A farm and what is around it, at one moment."""

    calls: int
    states: dict[str, tuple[str, dict[str, Any]]]
    memory: Any
    journal: list[dict[str, Any]]
    ledger: Any
    entries: dict[str, Any]
    files: dict[str, bytes]

    def differs(self, other: Untouched) -> list[str]:
        """What is not the same in another moment."""
        return [f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name)]


async def untouched(
    hass: HomeAssistant, farm: MockConfigEntry, calls: Sequence[ServiceCall], folder: Path
) -> Untouched:
    """How everything is now: what actuators were told, states, memory, journal, ledger, entries,
    files."""
    engine = farm.runtime_data.engine if hasattr(farm, "runtime_data") else None
    runs = engine is not None and engine.running
    # A history that cannot be written cannot be asked.
    kept = runs and not engine.ledger.error
    return Untouched(
        calls=len(calls),
        states={s.entity_id: (s.state, dict(s.attributes)) for s in hass.states.async_all()},
        memory=engine.runtime.memory if runs else None,
        journal=await engine.journal.async_events(limit=10_000) if runs else [],
        ledger=await engine.ledger.async_ask(lambda ledger: ledger.head()) if kept else None,
        entries={
            entry.entry_id: (
                entry.title,
                dict(entry.data),
                dict(entry.options),
                {key: dict(sub.data) for key, sub in entry.subentries.items()},
            )
            for entry in hass.config_entries.async_entries()
        },
        files={
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted((folder / DOMAIN).rglob("*"))
            if path.is_file()
        },
    )


def unsaid(err: HomeAssistantError) -> str | None:
    """What is wrong with the words of an error; None when they are as they should be: a sentence
    with everything in it, in every language."""
    key, said = err.translation_key, str(err)
    if key is None:
        return f"no key: {said!r}"
    if said == key or re.search(r"{\w+}", said) or not said.strip():
        return f"no sentence: {said!r}"
    if err.translation_domain == "homeassistant":
        return None
    if err.translation_domain != DOMAIN:
        return f"words of {err.translation_domain}"
    for language, sentences in _TEXTS.items():
        try:
            sentences[key]["message"].format(**(err.translation_placeholders or {}))
        except KeyError as missing:
            return f"{language}: no {missing}"
    return None
