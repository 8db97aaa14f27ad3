"""The subentries of a new farm, from a template."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import CONF_BINDINGS, DOMAIN, SubentryType
from ..farm_data import Part, new_id, unique_id
from .places import level_data


class Template(StrEnum):
    """How a farm begins."""

    TENT = "tent"
    RACK = "rack"
    GRID = "grid"


#: A farm of more levels than this would pass Home Assistant's limit of entities per entry.
MAX_LEVELS = 800


async def async_names(hass: HomeAssistant) -> dict[str, str]:
    """What new nodes are called in the language of the system."""
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    kinds = ("zone", "rack", "level")
    prefix = f"component.{DOMAIN}.selector.node.options."
    return {kind: texts.get(prefix + kind, kind.capitalize()) for kind in kinds}


def counts(template: Template, values: Mapping[str, Any]) -> tuple[int, int, int]:
    """Zones, racks per zone and levels per rack of a template."""
    zones, racks, levels = (int(values.get(key, 1)) for key in ("zones", "racks", "levels"))
    if template is Template.TENT:
        return 1, 1, 1
    if template is Template.RACK:
        return 1, 1, levels
    return zones, racks, levels


def parts(
    zones: int, racks: int, levels: int, names: Mapping[str, str], values: Mapping[str, Any]
) -> list[Part]:
    """The zones and racks of a new farm."""
    made: list[Part] = []
    taken: set[str] = {"farm"}

    def fresh(name: str) -> str:
        node = new_id(name, taken)
        taken.add(node)
        return node

    number = 0
    for z in range(1, zones + 1):
        zone = fresh(f"zone {z}")
        made.append(
            Part(
                type=SubentryType.ZONE,
                title=f"{names['zone']} {z}",
                data={"id": zone, "volume_m3": values["volume_m3"], CONF_BINDINGS: []},
            )
        )
        for _ in range(racks):
            number += 1
            rack = fresh(f"rack {number}")
            made.append(
                Part(
                    type=SubentryType.RACK,
                    title=f"{names['rack']} {number}",
                    data={
                        "id": rack,
                        "zone": zone,
                        "levels": [
                            level_data(fresh(f"{rack} level {k}"), f"{names['level']} {k}", values)
                            for k in range(1, levels + 1)
                        ],
                        CONF_BINDINGS: [],
                    },
                )
            )
    return made


def subentries(made: list[Part]) -> list[ConfigSubentryData]:
    """Parts as the subentries of a new entry."""
    return [
        ConfigSubentryData(
            data=part.data,
            subentry_type=part.type.value,
            title=part.title,
            unique_id=unique_id(part.type, part.data["id"]),
        )
        for part in made
    ]
