"""Plants of OpenPlantbook (its JSON of one plant): what a plant bears, no recipe.

Taken as critical limits of the air, onto a base: temperature (°C) and humidity (%). Left alone:
light (`…_light_mmol` names no quantity that can be told apart, `…_lux` needs the lamp), and
moisture and EC of soil, which are not those of a nutrient solution.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import RecipeError, problem
from ..model import Band, ClimateQuantity, Phase, Recipe
from ..version import content_hash
from .notes import Note
from .onto import Imported, free_source, slug

#: What a plant of theirs says and a recipe cannot take from it.
LOSES = (Note(code="light_not_taken"), Note(code="soil_not_taken"))
_TAKEN = {
    ClimateQuantity.AIR_TEMPERATURE: ("min_temp", "max_temp", -40.0, 60.0),
    ClimateQuantity.HUMIDITY: ("min_env_humid", "max_env_humid", 0.0, 100.0),
}


def read(text: str, base: Recipe, *, file: str = "<text>") -> Imported:
    """`base` within what the plant in `text` bears. Raises RecipeError."""
    data = _plant(text, file)
    bands = {quantity: _band(data, taken, file) for quantity, taken in _TAKEN.items()}
    remarks: list[Note] = []
    source = free_source(base, "openplantbook")
    phases = tuple(_within(phase, bands, source, remarks) for phase in base.phases)
    plant = str(data.get("display_pid") or data["pid"])
    recipe = replace(
        base,
        id=slug(f"{base.id}_{data['pid']}"),
        title=f"{base.title} ({plant})",
        phases=phases,
        sources={**base.sources, source: f"OpenPlantbook, {data['pid']}"},
        parent=base.version,
        changelog=(f"Critical limits of the air of {plant} (OpenPlantbook)",),
    )
    remarks += LOSES
    return Imported(recipe=replace(recipe, version=content_hash(recipe)), remarks=tuple(remarks))


def _plant(text: str, file: str) -> Mapping[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as err:
        why = {"why": str(err)}
        raise RecipeError([problem("no_json", "", file=file, params=why)]) from err
    if not isinstance(data, Mapping) or not isinstance(data.get("pid"), str):
        raise RecipeError([problem("no_plant", "pid", file=file)])
    return data


def _band(data: Mapping[str, Any], taken: tuple[str, str, float, float], file: str) -> Band:
    low_key, high_key, least, most = taken
    ends = []
    for key in (low_key, high_key):
        value = data.get(key)
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (fits and least <= float(value) <= most):
            params: dict[str, float | str] = {"value": repr(value), "low": least, "high": most}
            raise RecipeError([problem("not_between", key, file=file, params=params)])
        ends.append(None if value is None else float(value))
    low, high = ends
    if low is not None and high is not None and low >= high:
        raise RecipeError(
            [problem("low_no_band", low_key, file=file, params={"low": low, "high": high})]
        )
    return Band(low, high)


def _within(
    phase: Phase, bands: Mapping[ClimateQuantity, Band], source: str, remarks: list[Note]
) -> Phase:
    climate = dict(phase.climate)
    for quantity, band in bands.items():
        known = climate.get(quantity)
        if known is None or band.is_open:
            continue
        fits = all(
            (value is None or band.contains(value))
            and (known.warning(when).is_open or band.covers(known.warning(when)))
            for when, value in ((True, known.day), (False, known.night))
        )
        if not fits:
            said = {"phase": phase.name, "quantity": quantity.value, "band": band.span}
            remarks.append(Note(code="limits_stay", params=said))
            continue
        names = ", ".join([*known.provenance.source.split(", "), source])
        climate[quantity] = replace(
            known,
            critical_day=band,
            critical_night=band,
            provenance=replace(known.provenance, source=names),
        )
    return replace(phase, climate=climate)
