"""The words of the cards, for sentences that actions and commands answer.

The dashboard's texts are one table for each language (`frontend/translations/<language>.js`), keyed
by the codes that the core gives. They are read here too, so that an action says a reason in the
very words of the card. English is the core's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from vfarm_core.control.explain import ENGLISH

from .const import DOMAIN

FOLDER = Path(__file__).parent / "frontend" / "translations"
#: The languages there are besides English.
LANGUAGES = ("de", "es", "fr", "nl")
_START, _END = "export default {", "};"
_LINE = re.compile(r'\s*(?://[^\n]*|(?P<key>\w+|"[^"]+"):\s*(?P<text>"(?:[^"\\\n]|\\.)*"),?)')

_WORDS: HassKey[dict[str, Mapping[str, str]]] = HassKey(f"{DOMAIN}_card_words")


def read_words(path: Path) -> Mapping[str, str]:
    """The texts of a language by key. Raises ValueError when the file holds anything but comments
    and pairs of key and text."""
    source = path.read_text(encoding="utf-8")
    body = source[source.index(_START) + len(_START) : source.rindex(_END)]
    found: dict[str, str] = {}
    at = 0
    while body[at:].strip():
        match = _LINE.match(body, at)
        if match is None:
            at += len(body[at:]) - len(body[at:].lstrip())
            line = source[: source.index(_START) + len(_START) + at].count("\n") + 1
            raise ValueError(f"{path.name}, line {line}: no pair of key and text")
        if match["key"] is not None:
            found[match["key"].strip('"')] = json.loads(match["text"])
        at = match.end()
    return MappingProxyType(found)


async def async_card_words(hass: HomeAssistant, language: str) -> Mapping[str, str]:
    """The words of a language (`de`, `de-AT`); the English ones where there are none."""
    base = language.lower().split("-")[0]
    if base not in LANGUAGES:
        return ENGLISH
    known = hass.data.setdefault(_WORDS, {})
    if base not in known:
        known[base] = await hass.async_add_executor_job(read_words, FOLDER / f"{base}.js")
    return known[base]
