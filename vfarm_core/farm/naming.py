"""What devices are called: the words of names in the languages people name their devices in.

A name tells what an entity measures and where only in words, so they are compared as words and not
as letters: "ec" is in "second" and "ph" in "phone". Words of up to three letters count only whole;
longer ones begin or end a word, and from five letters on may stand anywhere in it, as in compounds
("Wassertemperatur"). Accents do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

from .roles import SPECS, Role, RoleKind

_PARTS = re.compile(r"[a-z]+|[0-9]+")
#: Words up to this length count only whole, from `_ANYWHERE` on also inside a longer one.
_WHOLE, _ANYWHERE = 3, 5
#: Chemical names and quantities in which a digit belongs to the word.
_JOINED = (("co", "2"), ("pm", "25"))


@lru_cache(maxsize=4096)
def words_of(text: str) -> tuple[str, ...]:
    """The words and numbers of a name, without case, accents and leading zeros."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    found: list[str] = []
    for part in _PARTS.findall(plain):
        part = str(int(part)) if part.isdigit() else part
        if found and (found[-1], part) in _JOINED:
            found[-1] += part
        else:
            found.append(part)
    return tuple(found)


def says(words: tuple[str, ...], wanted: Iterable[str]) -> bool:
    """Whether a name has one of the wanted words; one of several parts has them in a row."""
    return any(_has(words, word) for word in wanted)


def _has(words: tuple[str, ...], wanted: str) -> bool:
    parts = words_of(wanted)
    if len(parts) > 1:
        return follows(words, parts)
    word = parts[0]
    if len(word) <= _WHOLE:
        return word in words
    if len(word) < _ANYWHERE:
        return any(w.startswith(word) or w.endswith(word) for w in words)
    return any(word in w for w in words)


def follows(words: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Whether the words of a name have others in a row in them."""
    size = len(parts)
    return bool(parts) and any(words[i : i + size] == parts for i in range(len(words) - size + 1))


# -- places -------------------------------------------------------------------------------------

#: What kinds of places are called before their number.
_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "rack": ("rack", "regal", "etagere", "stelling", "rek", "estanteria", "rayonnage"),
        "level": ("level", "tier", "ebene", "etage", "niveau", "laag", "nivel", "shelf", "estante"),
        "zone": ("zone", "zona", "room", "raum", "tent", "zelt", "tente", "kamer", "sala", "carpa"),
        "reservoir": ("reservoir", "tank", "cuve", "tanque", "deposito", "becken", "bak"),
        "pump": ("pump", "pumpe", "pompe", "pomp", "bomba"),
        "circuit": ("circuit", "kreis", "kring", "circuito", "bench", "table", "tisch"),
    }
)
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words}
#: Letters that number places; others are articles in some language ("niveau d'eau").
_LETTERS = frozenset("abcefgh")
#: Short ways of writing a place on a label: R1L2.
_SHORT = {"r": "rack", "l": "level"}


@lru_cache(maxsize=4096)
def numbered(words: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """Kind and number of the places that a name tells: rack 1, level 2; also R1L2."""
    found: set[tuple[str, str]] = set()
    for word, number in pairwise(words):
        if word in _KIND_OF and (number.isdigit() or number in _LETTERS):
            found.add((_KIND_OF[word], number))
    for r, a, s, b in zip(words, words[1:], words[2:], words[3:], strict=False):
        if (r, s) == ("r", "l") and a.isdigit() and b.isdigit():
            found |= {(_SHORT[r], a), (_SHORT[s], b)}
    return frozenset(found)


# -- quantities and devices ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Naming:
    """How entities of a role are called. `surely` are the device classes (of an actuator: the
    domains) that need no word besides. `never` are words of something else that looks alike."""

    words: tuple[str, ...]
    surely: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _n(words: str, surely: str = "", never: str = "") -> Naming:
    return Naming(_split(words), _split(surely), _split(never))


_SOIL = (
    "soil, substrate, pore, root, vwc, boden, substrat, wurzel, sol, racine, bodem, suelo,"
    "sustrato, raiz"
)
_DRAIN = "drain, runoff, ablauf, drainage, ecoulement, vidange, afvoer, drenaje, desague"
_OUTSIDE = "outside, outdoor, aussen, draussen, exterieur, buiten, exterior, weather, wetter, meteo"
_LAMP_NEVER = "status, indicator, night light, nightlight, nachtlicht, backlight, display, signal"
_OTHER_PUMPS = (
    "air, luft, lucht, aire, dosing, dosier, dosage, doseer, dosific, mixing, mixer, melange,"
    "misch, mezcla, umwalz, circulation, heat, ph, nutrient, dunger, condensate, kondensat"
)

NAMING: Mapping[Role, Naming] = MappingProxyType(
    {
        Role.AIR_TEMPERATURE: _n("temp, temperatur, temperature", "temperature"),
        Role.HUMIDITY: _n("humid, rh, feucht, vocht, humed", "humidity", "absolute, absolut"),
        Role.CO2: _n("co2, carbon dioxide, kohlendioxid", "carbon_dioxide"),
        Role.LEAF_TEMPERATURE: _n("leaf, canopy, blatt, feuille, feuillage, blad, hoja, mlx"),
        Role.SURFACE_TEMPERATURE: _n(
            "surface, wall, pipe, wand, oberflache, rohr, mur, paroi, tuyau, muur, oppervlak,"
            "leiding, pared, superficie, tuberia"
        ),
        Role.OUTSIDE_TEMPERATURE: _n(_OUTSIDE),
        Role.OUTSIDE_HUMIDITY: _n(_OUTSIDE),
        Role.OCCUPANCY: _n(
            "occup, presence, motion, people, prasenz, bewegung, mouvement, aanwezig, beweging,"
            "presencia, movimiento",
            "occupancy, motion, presence",
        ),
        Role.LEAK: _n(
            "leak, flood, leck, wassermelder, fuite, inondation, lek, lekkage, fuga, inundacion",
            "moisture",
        ),
        Role.SMOKE: _n("smoke, fire, rauch, brand, fumee, incendie, rook, humo", "smoke"),
        Role.DOOR: _n("door, gate, tur, porte, deur, puerta", "door"),
        Role.PPFD: _n("ppfd, par, quantum"),
        Role.ILLUMINANCE: _n("lux, illumin, helligkeit, beleuchtung, luminosite", "illuminance"),
        Role.CANOPY_COVER: _n(
            "canopy, cover, coverage, bedeckung, couverture, bedekking, cobertura"
        ),
        Role.SOLUTION_EC: _n("ec, conductiv, leitfahigkeit, geleidbaarheid", "conductivity"),
        Role.SOLUTION_PH: _n("ph", "ph"),
        Role.SOLUTION_TEMPERATURE: _n(
            "water, wasser, eau, agua, solution, losung, oplossing, solucion, nutrient, reservoir,"
            "tank, cuve, tanque"
        ),
        Role.DISSOLVED_OXYGEN: _n("oxygen, sauerstoff, oxygene, zuurstof, oxigeno, do"),
        Role.VOLUME: _n(
            "volume, volumen, level, fullstand, niveau, nivel, contents, inhalt, inhoud",
            "volume_storage",
            "total, consum, gesamt, verbrauch, verbruik",
        ),
        Role.LEVEL_LOW: _n("low, empty, tief, niedrig, leer, bas, vide, laag, leeg, bajo, vacio"),
        Role.LEVEL_HIGH: _n(
            "high, full, overflow, hoch, voll, uberlauf, haut, plein, trop plein, hoog, overloop,"
            "alto, lleno, rebose"
        ),
        Role.FLOW: _n("flow, durchfluss, debit, doorstroming, caudal", "volume_flow_rate"),
        Role.POWER: _n("power, leistung, puissance, vermogen, potencia", "power"),
        Role.WATER_TOTAL: _n(
            "total, consum, gesamt, verbrauch, consommation, verbruik", "water", "today, daily"
        ),
        Role.PRESSURE: _n(
            "pressure, druck, pression, druk, presion",
            "pressure",
            "vpd, vapor, vapour, barometric, atmospheric, sea level, luftdruck, atmospherique,"
            "luchtdruk, atmosferica",
        ),
        Role.TABLE_LEVEL: _n(
            "table, flood, tray, tisch, wanne, plateau, bac, tafel, bandeja, mesa"
        ),
        Role.SUBSTRATE_MOISTURE: _n(f"{_SOIL}, moisture", "moisture"),
        Role.SUBSTRATE_EC: _n(_SOIL),
        Role.SUBSTRATE_TEMPERATURE: _n(_SOIL),
        Role.DRAIN_EC: _n(_DRAIN),
        Role.DRAIN_VOLUME: _n(_DRAIN),
        Role.ENERGY_PRICE: _n("price, tariff, strompreis, prix, tarief, prijs, precio, tarifa"),
        Role.FEEDBACK: _n("running, runs, lauft, betrieb, marche, draait, marcha", "running"),
        Role.GROW_LIGHT: _n(
            "light, lamp, led, grow, licht, leuchte, growlamp, lampe, lumiere, eclairage,"
            "verlichting,"
            "luz, lampara",
            "light",
            f"{_LAMP_NEVER}, white, blue, red, far, weiss, blau, rot, blanc, bleu, rouge, wit,"
            "blauw,"
            "rood, blanco, azul, rojo, 730",
        ),
        Role.GROW_LIGHT_WHITE: _n("white, weiss, blanc, wit, blanco, blanca", never=_LAMP_NEVER),
        Role.GROW_LIGHT_BLUE: _n("blue, blau, bleu, blauw, azul", never=_LAMP_NEVER),
        Role.GROW_LIGHT_RED: _n(
            "red, rot, rouge, rood, rojo, roja",
            never=f"{_LAMP_NEVER}, far, dunkelrot, lointain, ver rood, lejano, 730, ir",
        ),
        Role.GROW_LIGHT_FAR_RED: _n(
            "far red, farred, dunkelrot, rouge lointain, ver rood, verrood, rojo lejano, 730",
            never=_LAMP_NEVER,
        ),
        Role.HEATER: _n("heat, heiz, chauff, verwarm, calef, calent, radiator", never="heat pump"),
        Role.COOLER: _n(
            "cool, chiller, ac, aircon, air conditioner, kuhl, klima, clim, refroid, koel, airco,"
            "enfri,"
            "aire acondicionado",
            never="ac infinity",
        ),
        Role.HUMIDIFIER: _n(
            "humidif, mist, fog, befeucht, vernebler, brumis, bevocht, nebuliz",
            never="dehumid, deshumid",
        ),
        Role.DEHUMIDIFIER: _n("dehumid, deshumid, entfeucht, ontvocht, dryer, trockner"),
        Role.EXHAUST_FAN: _n(
            "exhaust, extract, inline, ventilation, abluft, fortluft, afzuig, extractor, extraccion"
        ),
        Role.CIRCULATION_FAN: _n(
            "circulation, fan, umluft, ventilator, lufter, ventilateur, brassage, ventilador,"
            "clip fan",
            never="exhaust, extract, inline, abluft, fortluft, afzuig, extractor, extraccion",
        ),
        Role.CO2_VALVE: _n("co2"),
        Role.IRRIGATION_PUMP: _n("pump, pumpe, pompe, pomp, bomba", never=_OTHER_PUMPS),
        Role.IRRIGATION_VALVE: _n(
            "valve, ventil, vanne, klep, valvula, irrigation, bewasser, arrosage, bewater, riego",
            "valve",
            f"{_DRAIN}, co2, fill, nachfull, rempliss, vulklep, llenado, ventilator, ventilateur,"
            "ventilador",
        ),
        Role.DRAIN_VALVE: _n(_DRAIN),
        Role.AIR_PUMP: _n(
            "air pump, airpump, aerat, airstone, bubbl, luftpumpe, beluft, pompe a air, aerateur,"
            "luchtpomp, bomba de aire"
        ),
        Role.FILL_VALVE: _n(
            "fill, refill, top up, nachfull, befull, rempliss, vulklep, bijvul, llenado"
        ),
        Role.MIXING_PUMP: _n(
            "mixing, mixer, stir, circulation, recirculation, ruhr, misch, umwalz, melange,"
            "brassage, meng, roer,"
            "mezcla",
            never="fan, lufter, dosing, dosier",
        ),
        Role.DOSING_PUMP_NUTRIENT_A: _n(
            "nutrient a, part a, dosing a, dunger a, nahrlosung a, engrais a, nutriment a,"
            "voeding a,"
            "meststof a, nutriente a, abono a"
        ),
        Role.DOSING_PUMP_NUTRIENT_B: _n(
            "nutrient b, part b, dosing b, dunger b, nahrlosung b, engrais b, nutriment b,"
            "voeding b,"
            "meststof b, nutriente b, abono b"
        ),
        Role.DOSING_PUMP_NUTRIENT_C: _n(
            "nutrient c, part c, dosing c, dunger c, nahrlosung c, engrais c, nutriment c,"
            "voeding c,"
            "meststof c, nutriente c, abono c"
        ),
        Role.DOSING_PUMP_PH_DOWN: _n(
            "ph down, ph minus, ph moins, ph min, ph menos, acid, saure, acide, zuur, acido"
        ),
        Role.DOSING_PUMP_PH_UP: _n("ph up, ph plus, ph mas, lauge, ph base, base pump"),
    }
)

#: What is about the device itself and not about what it is put to: no reading of a farm, whatever
#: its class; and a number that people set, or that was made of others.
NO_READING_WORDS = _split(
    "battery, akku, batterie, batterij, bateria, rssi, signal, linkquality, lqi, wifi,"
    "wlan, chip, cpu,"
    "processor, prozessor, processeur, internal, intern, interne, board, device temperature,"
    "geratetemperatur, mcu, soc, uptime, voltage, spannung, tension, target, setpoint, soll,"
    "zieltemperatur, consigne, doel, objetivo, consigna, calibration, offset, kalibrier,"
    "etalonnage,"
    "kalibratie, calibracion, temperature min, temperature max, minimum, maximum, average, mean,"
    "forecast, vorhersage, dew, taupunkt, rosee, dauwpunt, rocio, wet bulb, feels like, apparent,"
    "fridge, freezer, kuhlschrank, frigo, koelkast, nevera, oven"
)


def _others(role: Role) -> tuple[str, ...]:
    """The words of roles that read the same class of sensor and go by their name alone."""
    facts = SPECS[role]
    if facts.kind is not RoleKind.MEASURE:
        return ()
    own = NAMING[role]
    return tuple(
        word
        for other, naming in NAMING.items()
        if other is not role
        and SPECS[other].kind is RoleKind.MEASURE
        and set(SPECS[other].classes) & set(facts.classes)
        and not naming.surely
        for word in naming.words
        if word not in own.words
    )


#: What a name must not say for a role.
NEVER: Mapping[Role, tuple[str, ...]] = MappingProxyType(
    {
        role: (*naming.never, *(_others(role) if naming.surely else ()))
        for role, naming in NAMING.items()
    }
)
