"""The light of a phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...science.light import dli_mol_m2_d
from .. import quantities as q
from ..model import (
    Channel,
    FarRed,
    LightPlan,
    Shift,
)
from ..ramps import Shape
from .values import NOTHING, ORIGIN_REQUIRED, ValueReader

#: ppfd × photoperiod and a stated dli may differ by rounding alone.
_DLI_TOLERANCE = 0.02
#: Shares of channels may miss the whole by rounding.
_SHARES_TOLERANCE = 0.011
#: What stands in for a light plan that could not be read.
DARK = LightPlan(
    photoperiod_h=0.0,
    ppfd=0.0,
    dli=0.0,
    ppfd_max=0.0,
    dli_max=0.0,
    ramp_min=0.0,
    provenance=NOTHING,
)


class LightReader(ValueReader):
    """Photoperiod, PPFD, spectrum, and how the light day may move."""

    def light(self, value: Any, path: str) -> LightPlan | None:
        entries = self.mapping(
            value,
            path,
            required=("photoperiod", "ppfd", *ORIGIN_REQUIRED),
            optional=(
                "dli",
                "ppfd_max",
                "dli_max",
                "ramp",
                "ramp_shape",
                "channels",
                "far_red",
                "shift",
                "note",
            ),
        )
        if entries is None:
            return None
        hours = self.number(entries, "photoperiod", path, q.PHOTOPERIOD)
        ppfd = self.number(entries, "ppfd", path, q.PPFD)
        dli = self.number(entries, "dli", path, q.DLI)
        ppfd_max = self.number(entries, "ppfd_max", path, q.PPFD)
        dli_max = self.number(entries, "dli_max", path, q.DLI)
        ramp = self.number(entries, "ramp", path, q.RAMP) or 0.0
        provenance = self.provenance(entries, path)
        if hours is None or ppfd is None:
            return None
        if (hours > 0) != (ppfd > 0):
            self.problem(path, "light_both")
        if hours > 0:
            for key in ("ppfd_max", "dli_max"):
                if key not in entries:
                    self.problem(f"{path}.{key}", "no_ceiling")
        computed = dli_mol_m2_d(ppfd, hours)
        if dli is not None and abs(dli - computed) > _DLI_TOLERANCE * max(dli, computed):
            self.problem(f"{path}.dli", "dli_contradicts", dli=dli, computed=computed)
        dli = computed if dli is None else dli
        for key, most, planned in (("ppfd_max", ppfd_max, ppfd), ("dli_max", dli_max, dli)):
            if most is not None and planned > most:
                self.problem(f"{path}.{key}", "below_plan", most=most, planned=planned)
        if 2 * ramp > hours * 60:
            self.problem(f"{path}.ramp", "ramp_long")
        shape = self.choice(entries, "ramp_shape", path, Shape)
        if shape is not None and ramp == 0:
            self.problem(f"{path}.ramp_shape", "no_ramp")
        return LightPlan(
            photoperiod_h=hours,
            ppfd=ppfd,
            dli=dli,
            ppfd_max=ppfd_max or 0.0,
            dli_max=dli_max or 0.0,
            ramp_min=ramp,
            provenance=provenance,
            # Left out where it is what it would be anyway: the same recipe, the same version.
            ramp_shape=shape if shape is not Shape.LINEAR else None,
            channels=self.channels(entries, path),
            far_red=self.far_red(entries, path, hours),
            shift=self.shift(entries, path, hours),
        )

    def channels(self, entries: Mapping[str, Any], path: str) -> dict[Channel, float]:
        if "channels" not in entries:
            return {}
        path = f"{path}.channels"
        inner = self.mapping(entries["channels"], path, optional=tuple(Channel)) or {}
        shares = {Channel(key): self.number(inner, key, path, q.FRACTION) for key in inner}
        total = sum(share or 0.0 for share in shares.values())
        if None not in shares.values() and abs(total - 1.0) > _SHARES_TOLERANCE:
            self.problem(path, "shares_total", total=100 * total)
        return {channel: share or 0.0 for channel, share in shares.items()}

    def far_red(self, entries: Mapping[str, Any], path: str, hours: float) -> FarRed | None:
        if "far_red" not in entries:
            return None
        path = f"{path}.far_red"
        inner = self.mapping(
            entries["far_red"],
            path,
            required=("duration", *ORIGIN_REQUIRED),
            optional=("pfd", "share", "note"),
        )
        if inner is None:
            return None
        minutes = self.number(inner, "duration", path, q.FAR_RED)
        pfd = self.number(inner, "pfd", path, q.PFD)
        share = self.number(inner, "share", path, q.FRACTION)
        if ("pfd" in inner) == ("share" in inner):
            self.problem(path, "far_red_amount")
        if minutes is not None and minutes > (24 - hours) * 60:
            self.problem(f"{path}.duration", "beyond_night", hours=24 - hours)
        return FarRed(
            minutes=minutes or 0.0, pfd=pfd, share=share, provenance=self.provenance(inner, path)
        )

    def shift(self, entries: Mapping[str, Any], path: str, hours: float) -> Shift | None:
        if "shift" not in entries:
            return None
        path = f"{path}.shift"
        inner = self.mapping(entries["shift"], path, required=("hours", "dark_min"))
        if inner is None:
            return None
        by = self.number(inner, "hours", path, q.SHIFT)
        dark = self.number(inner, "dark_min", path, q.PHOTOPERIOD)
        if not 0 < hours < 24:
            self.problem(path, "nothing_to_shift")
        elif dark is not None and dark > 24 - hours:
            self.problem(f"{path}.dark_min", "beyond_night", hours=24 - hours)
        return Shift(hours=by, dark_min_h=dark) if by and dark is not None else None
