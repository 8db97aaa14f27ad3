"""Units: from what an entity reports to the unit of the core.

Factors are definitions (SI, US customary) except the EC scales: ppm500, ppm640 and ppm700 are
conventions of meter makers (science.md 1.4) and are only used when a person chose them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

type Linear = tuple[float, float]

_MICRO = str.maketrans({"\u00b5": "\u03bc"})


def normalise(unit: str) -> str:
    """One spelling for the micro sign and for surrounding space."""
    return unit.strip().translate(_MICRO)


#: Spellings of the same: a letter in the place of either micro sign, plain digits for raised ones,
#: and no sign between factors.
_PLAIN = str.maketrans(
    {
        "\u00b5": "u",
        "\u03bc": "u",
        "\u00b2": "2",
        "\u00b3": "3",
        "\u00b9": "1",
        "\u207b": "-",
        "\u00ba": "°",
        "\u2103": "°C",
        **dict.fromkeys(" ().^*\u00b7\u22c5\u2219"),
    }
)


def _plain(unit: str) -> str:
    return unit.translate(_PLAIN)


def _table(entries: Mapping[str, Linear]) -> Mapping[str, Linear]:
    return MappingProxyType({normalise(unit): linear for unit, linear in entries.items()})


#: canonical unit -> accepted unit -> (scale, offset): canonical = raw * scale + offset
CONVERSIONS: Mapping[str, Mapping[str, Linear]] = MappingProxyType(
    {
        "°C": _table({"°C": (1, 0), "°F": (5 / 9, -160 / 9), "K": (1, -273.15)}),
        "%": _table({"%": (1, 0)}),
        "kPa": _table(
            {
                "kPa": (1, 0),
                "hPa": (0.1, 0),
                "mbar": (0.1, 0),
                "Pa": (0.001, 0),
                "bar": (100, 0),
                "psi": (6.894757, 0),
            }
        ),
        "ppm": _table({"ppm": (1, 0)}),
        "μmol/m²/s": _table(
            {
                "μmol/m²/s": (1, 0),
                "μmol/s⋅m²": (1, 0),
                "μmol m⁻² s⁻¹": (1, 0),
                "μmol/s/m²": (1, 0),
                "umol/m2/s": (1, 0),
            }
        ),
        "lx": _table({"lx": (1, 0), "klx": (1000, 0), "fc": (10.76391, 0)}),
        "mS/cm": _table(
            {
                "mS/cm": (1, 0),
                "μS/cm": (0.001, 0),
                "S/cm": (1000, 0),
                "dS/m": (1, 0),
                "mS/m": (0.01, 0),
                "S/m": (10, 0),
                "CF": (0.1, 0),
                "ppm500": (1 / 500, 0),
                "ppm640": (1 / 640, 0),
                "ppm700": (1 / 700, 0),
            }
        ),
        "pH": _table({"pH": (1, 0), "": (1, 0)}),
        "L": _table({"L": (1, 0), "mL": (0.001, 0), "m³": (1000, 0), "gal": (3.785411784, 0)}),
        "L/min": _table(
            {
                "L/min": (1, 0),
                "L/h": (1 / 60, 0),
                "m³/h": (1000 / 60, 0),
                "gal/min": (3.785411784, 0),
                "mL/s": (0.06, 0),
                "mL/min": (0.001, 0),
            }
        ),
        "W": _table({"W": (1, 0), "kW": (1000, 0), "mW": (0.001, 0)}),
        "kWh": _table({"kWh": (1, 0), "Wh": (0.001, 0), "MWh": (1000, 0), "MJ": (1 / 3.6, 0)}),
        # A litre of water has a mass of a kilogram.
        "mg/L": _table({"mg/L": (1, 0), "mg/l": (1, 0), "ppm": (1, 0)}),
    }
)


#: Other names of accepted units, as sensors and their makers write them, in plain spelling. None
#: that could mean two units: a bare ppm of EC is on one of three scales.
_ALIASES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "°C": {"C": "°C", "degC": "°C", "F": "°F", "degF": "°F"},
        "%": {"%RH": "%", "%rH": "%", "RH%": "%", "vol%": "%", "vol-%": "%", "%vol": "%"},
        "μmol/m²/s": {
            "umol/m2s": "μmol/m²/s",
            "umol/sm2": "μmol/m²/s",
            "umols-1m-2": "μmol/m²/s",
            "umolm-2/s": "μmol/m²/s",
        },
        "lx": {"lux": "lx", "klux": "klx"},
        "mS/cm": {"us/cm": "μS/cm", "ms/cm": "mS/cm", "ds/m": "dS/m"},
        "pH": {"ph": "pH", "PH": "pH"},
        "L": {"l": "L", "ml": "mL"},
        "L/min": {
            "l/min": "L/min",
            "lpm": "L/min",
            "LPM": "L/min",
            "l/h": "L/h",
            "gpm": "gal/min",
            "GPM": "gal/min",
            "ml/s": "mL/s",
            "ml/min": "mL/min",
        },
    }
)


def _spellings(canonical: str) -> dict[str, Linear]:
    known = {_plain(unit): factors for unit, factors in CONVERSIONS[canonical].items()}
    for alias, unit in _ALIASES.get(canonical, {}).items():
        known[alias] = CONVERSIONS[canonical][normalise(unit)]
    return known


_SPELLINGS: Mapping[str, Mapping[str, Linear]] = MappingProxyType(
    {canonical: _spellings(canonical) for canonical in CONVERSIONS}
)


class UnitError(ValueError):
    """A unit that cannot become the canonical one. `accepted` lists what can."""

    def __init__(self, unit: str | None, canonical: str) -> None:
        self.unit = unit
        self.canonical = canonical
        self.accepted = tuple(CONVERSIONS[canonical])
        super().__init__(
            f"unit {unit!r} cannot be read as {canonical}; accepted: {', '.join(self.accepted)}"
        )


@lru_cache(maxsize=256)
def linear(unit: str | None, canonical: str) -> Linear:
    """Scale and offset from `unit` to `canonical`. Raises UnitError; never guesses a unit, except
    that a role whose canonical unit is pH has none to report."""
    found = CONVERSIONS[canonical].get(normalise(unit or ""))
    if found is None:
        found = _SPELLINGS[canonical].get(_plain(unit or ""))
    if found is None:
        raise UnitError(unit, canonical)
    return found


def convert(value: float, unit: str | None, canonical: str) -> float:
    """`value` in `unit` as `canonical`. Raises UnitError."""
    scale, offset = linear(unit, canonical)
    return value * scale + offset
