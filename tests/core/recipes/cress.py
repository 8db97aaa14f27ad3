"""A recipe document made up for tests, and how to spoil it."""

from __future__ import annotations

import copy
from typing import Any

import yaml

ORIGIN = {"source": "book", "confidence": "B"}
BASE: dict[str, Any] = {
    "format": 1,
    "id": "cress",
    "title": "Garden cress",
    "crop": "cress",
    "cultivar": "Curled",
    "summary": "Quick.",
    "day_length": "day_neutral",
    "ec_includes_source_water": True,
    "sources": {"book": "A book", "lab": "A trial"},
    "conflicts": ["The book and the trial disagree."],
    "notes": ["Keep moist."],
    "expected_yield": {"low": 1, "high": "2000 g/m²", **ORIGIN},
    "growth": {
        "model": "light_use",
        "dry_matter_fraction": {"value": "7 %", **ORIGIN},
        "harvest_index": {"value": 0.9, **ORIGIN},
        "lue": {"value": 0.5, **ORIGIN, "note": "0.3-1.0"},
        "base_temperature": {"value": 4, **ORIGIN},
        "optimum_temperature": {"value": 22, **ORIGIN},
        "start_dry_mass": {"value": "1 mg", **ORIGIN},
    },
    "phases": [
        {
            "name": "dark",
            "kind": "blackout",
            "days": 2,
            **ORIGIN,
            "climate": {
                "air_temperature": {"value": 20, **ORIGIN},
                "humidity": {"value": 90, **ORIGIN},
            },
            "light": {"photoperiod": 0, "ppfd": 0, **ORIGIN},
        },
        {
            "name": "green",
            "kind": "vegetative",
            "days": "1 week",
            "density": 4000,
            "source": ["book", "lab"],
            "confidence": "A/C",
            "note": "5-8 days",
            "notes": ["Open the lid."],
            "climate": {
                "air_temperature": {
                    "day": "75.2 °F",
                    "night": "18 °C",
                    "warning": {"low": 15, "high": 28},
                    "critical": {"day": {"low": 10, "high": 32}, "night": {"low": 5}},
                    **ORIGIN,
                },
                "humidity": {"night": 70, "warning": {"high": 90}, **ORIGIN},
                "vpd": {"day": "900 Pa", **ORIGIN},
                "co2": {"day": 800, "critical": {"low": 250, "high": 2000}, **ORIGIN},
            },
            "solution": {
                "ec": {"value": "1200 µS/cm", **ORIGIN},
                "ph": {"value": "5.8", **ORIGIN},
                "water_temperature": {"value": 20, **ORIGIN},
            },
            "light": {
                "photoperiod": 16,
                "ppfd": "200 µmol/m²/s",
                "ppfd_max": 300,
                "dli_max": 15,
                "ramp": "0.5 h",
                **ORIGIN,
            },
            "irrigation": {
                "ebb_flow": {
                    "events_per_day": 4,
                    "night_events": 1,
                    "duration": "10 min",
                    **ORIGIN,
                },
                "nft": {"continuous": True, **ORIGIN},
            },
        },
    ],
}
GREEN = "phases[1]"
AIR = f"{GREEN}.climate.air_temperature"
LIGHT = f"{GREEN}.light"
FLOOD = f"{GREEN}.irrigation.ebb_flow"


def steps(path: str) -> list[str | int]:
    parts: list[str | int] = []
    for part in path.replace("[", ".[").split("."):
        parts.append(int(part[1:-1]) if part.startswith("[") else part)
    return parts


DELETE = object()


def changed(path: str, value: Any) -> str:
    """The base document as YAML with one value replaced, added or taken out."""
    document = copy.deepcopy(BASE)
    *way, last = steps(path)
    place: Any = document
    for step in way:
        place = place[step]
    if value is DELETE:
        del place[last]
    else:
        place[last] = value
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def cress_text() -> str:
    """The document, unspoilt."""
    return yaml.safe_dump(BASE, allow_unicode=True, sort_keys=False)
