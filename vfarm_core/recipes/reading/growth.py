"""How a crop grows, and what it yields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import quantities as q
from ..model import (
    Estimate,
    Growth,
    GrowthModel,
    Yield,
)
from .values import ORIGIN_REQUIRED, ValueReader


class GrowthReader(ValueReader):
    """The numbers of the growth model, each with its source."""

    def growth(self, entries: Mapping[str, Any]) -> Growth:
        path = "growth"
        inner = self.mapping(
            entries.get(path),
            path,
            required=("model",),
            optional=(
                "dry_matter_fraction",
                "harvest_index",
                "lue",
                "base_temperature",
                "optimum_temperature",
                "start_dry_mass",
            ),
            missing=path not in entries,
        )
        inner = inner or {}
        model = self.choice(inner, "model", path, GrowthModel) or GrowthModel.LIGHT_USE
        if inner.get("model") == GrowthModel.LIGHT_USE and "lue" not in inner:
            self.problem(f"{path}.lue", "no_lue", range=q.LUE.accepted)
        return Growth(
            model=model,
            dry_matter_fraction=self.estimate(inner, "dry_matter_fraction", q.FRACTION),
            harvest_index=self.estimate(inner, "harvest_index", q.FRACTION),
            lue_g_mol=self.estimate(inner, "lue", q.LUE),
            base_temperature=self.estimate(inner, "base_temperature", q.TEMPERATURE),
            optimum_temperature=self.estimate(inner, "optimum_temperature", q.TEMPERATURE),
            start_dry_mass_g=self.estimate(inner, "start_dry_mass", q.MASS),
        )

    def estimate(self, entries: Mapping[str, Any], key: str, kind: q.Kind) -> Estimate | None:
        if key not in entries:
            return None
        path = f"growth.{key}"
        inner = self.mapping(
            entries[key], path, required=("value", *ORIGIN_REQUIRED), optional=("note",)
        )
        if inner is None:
            return None
        value = self.number(inner, "value", path, kind)
        provenance = self.provenance(inner, path)
        return None if value is None else Estimate(value=value, provenance=provenance)

    def expected_yield(self, entries: Mapping[str, Any]) -> Yield | None:
        path = "expected_yield"
        if path not in entries:
            return None
        inner = self.mapping(
            entries[path], path, required=("low", "high", *ORIGIN_REQUIRED), optional=("note",)
        )
        if inner is None:
            return None
        low = self.number(inner, "low", path, q.AREA_MASS)
        high = self.number(inner, "high", path, q.AREA_MASS)
        if low is not None and high is not None and low > high:
            self.problem(path, "low_above_high", low=low, high=high)
        return Yield(
            low_kg_m2=low or 0.0,
            high_kg_m2=high or 0.0,
            provenance=self.provenance(inner, path),
        )
