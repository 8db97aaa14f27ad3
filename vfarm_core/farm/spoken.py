"""Places as people say them: "rack two", "level 3 in rack 2", "la ferme". Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

#: Numbers as they are said, in the five languages of vfarm. What means two things in two of these
#: languages is left out (`once` is eleven in Spanish only, and no name of a place in English).
_NUMBERS: Mapping[str, str] = MappingProxyType(
    {
        word: str(number)
        for number, words in enumerate(
            (
                "one eins ein eine un une uno una een",
                "two zwei deux deuxieme dos twee",
                "three drei trois tres drie",
                "four vier quatre cuatro",
                "five funf cinq cinco vijf",
                "six sechs seis zes",
                "seven sieben sept siete zeven",
                "eight acht huit ocho",
                "nine neun neuf nueve negen",
                "ten zehn dix diez tien",
                "eleven elf onze once",
                "twelve zwolf douze doce twaalf",
            ),
            start=1,
        )
        for word in words.split()
    }
)
#: Words for one thing in these languages: a rack is found by the word of whoever asks, whatever the
#: farm calls it.
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        word: kind
        for kind, words in {
            "rack": "racks regal etagere rayonnage estanteria estante stelling rek",
            "level": "levels tier shelf ebene niveau etage nivel laag plank",
            "zone": "zones zona bereich",
            "room": "raum salle chambre kamer ruimte sala cuarto",
            "tent": "zelt tente tienda carpa",
            "reservoir": "reservoirs tank tanque cuve vat deposito",
            "circuit": "circuits kreislauf kreis kring circuito",
            "bench": "tisch table tafel mesa",
        }.items()
        for word in words.split()
    }
)
#: What is said around a name and says nothing; the farm itself, where no other place is named.
_FILLERS_SAID = """
    the in of on at number  das die der dem den im am auf von nummer  le la les l du de des dans sur
    numero  el los las del en  het van op
"""
_FARM_SAID = "farm ferme granja kwekerij everything alles tout todo"
_FILLERS = frozenset(_FILLERS_SAID.split())
_FARM = frozenset(_FARM_SAID.split())
_NOT_A_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Named:
    """A place: the names it is called by, and those of what it lies in, each with its own."""

    names: tuple[str, ...]
    within: tuple[tuple[str, ...], ...] = field(default=())


def words_of(text: str) -> tuple[str, ...]:
    """The words that count, without accents; numbers as digits, kinds of places by one word for
    all languages. A name that is nothing but fillers keeps them."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    said = [word for word in _NOT_A_WORD.split(plain) if word]
    kept = [word for word in said if word not in _FILLERS] or said
    same = {**_NUMBERS, **_KINDS}
    return tuple(same.get(word, word.lstrip("0") or word) for word in kept)


def find(places: Mapping[str, Named], said: str, *, farm: str) -> tuple[str, ...]:
    """The places that somebody means: one where it is clear, several where it is not, none where no
    place is called so. Every word has to belong to the name of the place or of what it lies in."""
    words = words_of(said)
    found = tuple(key for key, place in places.items() if _means(words, place))
    if found:
        return _nearest(places, words, found)
    return (farm,) if words and set(words) <= _FARM else ()


def _means(words: Sequence[str], place: Named) -> bool:
    rests = (_without(words, words_of(name)) for name in place.names)
    return any(rest is not None and _explained(rest, place.within) for rest in rests)


def _nearest(
    places: Mapping[str, Named], words: Sequence[str], found: tuple[str, ...]
) -> tuple[str, ...]:
    """Of several, those that are called exactly so."""
    exact = tuple(
        key for key in found if any(words_of(name) == tuple(words) for name in places[key].names)
    )
    return exact or found


def _without(words: Sequence[str], name: Sequence[str]) -> tuple[str, ...] | None:
    """What is left of the words when a name, as a whole, is taken out; None where it is not in."""
    n = len(name)
    for at in range(len(words) - n + 1):
        if n and tuple(words[at : at + n]) == tuple(name):
            return (*words[:at], *words[at + n :])
    return None


def _explained(left: Sequence[str], within: Iterable[Sequence[str]]) -> bool:
    """Whether the words that are left name what a place lies in."""
    for names in within:
        for name in names:
            shorter = _without(left, words_of(name))
            if shorter is not None:
                left = shorter
                break
    return not left
