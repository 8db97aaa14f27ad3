"""The texts of the dashboard, for what is said by voice: one wording for both."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant

_FOLDER = Path(__file__).parent / "frontend" / "translations"
#: A text in a dictionary of the dashboard, which is nothing but keys and texts in double quotes.
_LINE = re.compile(r'^  (\w+):\s*("(?:[^"\\]|\\.)*"),$', re.MULTILINE)
_PLACE = re.compile(r"\{(\w+)\}")
LANGUAGES = ("en", "de", "fr", "nl", "es")


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language, English where it has none."""

    language: str
    words: Mapping[str, str]

    def __call__(self, key: str, **params: Any) -> str:
        """A text with its parameters; its key where there is none."""
        return self.either(key, key, **params)

    def either(self, key: str, other: str, **params: Any) -> str:
        """A text with its parameters, or another text where there is none."""
        text = self.words.get(key, other)
        return _PLACE.sub(lambda found: str(params.get(found[1], found[0])), text)

    def number(self, value: float, digits: int = 0) -> str:
        """A number as it is written in the language."""
        text = f"{value:.{digits}f}"
        return text if self.language == "en" else text.replace(".", ",")


@cache
def _words(language: str) -> Mapping[str, str]:
    text = (_FOLDER / f"{language}.js").read_text(encoding="utf-8")
    return {key: json.loads(value) for key, value in _LINE.findall(text)}


def _load(language: str) -> Texts:
    base = language.lower().replace("_", "-").split("-")[0]
    known = base if base in LANGUAGES else "en"
    return Texts(known, {**_words("en"), **_words(known)})


async def async_texts(hass: HomeAssistant, language: str) -> Texts:
    """The texts of a language such as `de` or `de-CH`; English where there are none."""
    return await hass.async_add_executor_job(_load, language)
