"""Which of a house's entities could be what a farm needs: proposals that a person confirms.

An entity is proposed where its class, its unit or its name say what it measures or moves and
nothing speaks against the place. What names another place, what is about the device itself (its
battery, its chip) and what stands in an area of the house that is no place of the farm is not
proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from .naming import NAMING, NEVER, NO_READING_WORDS, follows, numbered, says, words_of
from .roles import Role, RoleKind, RoleSpec, spec
from .units import UnitError, linear

#: So many entities are proposed for one role of one node.
MOST = 3
#: Units that only one quantity has: a sensor of no class with one of them needs no name.
_TELLING = frozenset({"μmol/m²/s", "mS/cm", "lx", "L/min"})
#: Domains whose numbers people set: they are readings only where a name says so.
_SET = frozenset({"number", "input_number"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entity of the house: its domain, all of its names, its device with what that is called,
    the name of its area, its class and unit. `platform` is the integration that brings it, `made`
    what its maker calls the device. `auxiliary`: it is about its device or sets it up."""

    id: str
    domain: str
    name: str = ""
    device: str = ""
    device_id: str = ""
    area: str = ""
    device_class: str | None = None
    unit: str | None = None
    auxiliary: bool = False
    platform: str = ""
    made: str = ""
    #: The words that it and its device are called by: asked once for every place and role.
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", words_of(f"{self.name} | {self.device}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What is known of an entity because its kind of device is known: `roles` are all that it can
    be, also where its class, its unit and its name do not say so (with `named` only where its name
    does); None says nothing about it, and none of them that it is no part of a farm."""

    roles: tuple[Role, ...] | None = None
    named: bool = False


#: Of no entity anything is known but what it says itself.
NO_HINTS: Mapping[str, Hint] = MappingProxyType({})


class Why(StrEnum):
    """Why an entity is proposed: what says what it is, and what says where it is."""

    CLASS = "class"
    UNIT = "unit"
    NAME = "name"
    DOMAIN = "domain"
    DEVICE = "device"
    PLACE_NAMED = "place_named"
    PLACE_NEAR = "place_near"
    PLACE_ONLY = "place_only"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of a farm: its kind, as the farm names kinds of nodes, and what people call it."""

    kind: str
    name: str

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.name)

    @property
    def numbers(self) -> frozenset[str]:
        """Its numbers among places of its kind; a bare "2" is one, too."""
        words = self.words
        found = {number for kind, number in numbered(words) if kind == self.kind}
        return frozenset(found or (words if len(words) == 1 and words[0].isdigit() else ()))

    def named_in(self, words: tuple[str, ...]) -> bool:
        """Whether a name says that something is here."""
        own = self.words
        bare = len(own) == 1 and (own[0].isdigit() or len(own[0]) == 1)
        if not bare and follows(words, own):
            # "Rack 1" is in "Rack 1 2" as well, but not in "Rack 12".
            return True
        return bool({n for k, n in numbered(words) if k == self.kind} & self.numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a node is: itself, what it is part of (the nearest first), and what else there is of
    the same kinds beside those. `within` is what it is made of, `apart` what others are made of;
    `rest` are the other parts of the farm. `near` are the devices of which something is bound
    here."""

    id: str
    spot: Spot
    above: tuple[Spot, ...] = ()
    others: tuple[Spot, ...] = ()
    within: tuple[Spot, ...] = ()
    apart: tuple[Spot, ...] = ()
    rest: tuple[Spot, ...] = ()
    near: frozenset[str] = frozenset()

    @property
    def is_alone(self) -> bool:
        """Whether there is no other of its kind beside it."""
        return not any(other.kind == self.spot.kind for other in self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An entity for a role of a node. `sure`: its class or unit and its place both say so, and no
    other entity fits as well."""

    node: str
    role: Role
    entity: str
    score: int
    sure: bool


def propose(
    places: Iterable[tuple[Place, Sequence[Role]]],
    candidates: Iterable[Candidate],
    bound: Iterable[tuple[str, Role]] = (),
    hints: Mapping[str, Hint] = NO_HINTS,
) -> tuple[Proposal, ...]:
    """What could be bound to which role of which place, best first for each role; an entity for
    one role only, of which it says most. `bound` are the roles of nodes that have an entity,
    `hints` what is known of entities, by their ids, because of what their devices are."""
    taken = set(bound)
    found: list[Proposal] = []
    known = list(candidates)
    for place, roles in places:
        here = [(c, near) for c in known if (near := _nearness(c, place)) is not None]
        for role in roles:
            if (place.id, role) not in taken:
                found += _of_role(place, role, here, hints)
    best: dict[str, Proposal] = {}
    for proposal in found:
        other = best.get(proposal.entity)
        if other is None or proposal.score > other.score:
            best[proposal.entity] = proposal
    return tuple(proposal for proposal in found if best[proposal.entity] is proposal)


def reasons(
    place: Place, role: Role, candidate: Candidate, hint: Hint | None = None
) -> tuple[Why, ...]:
    """Why an entity is proposed for a role of a place; nothing where it is not."""
    near = _nearness(candidate, place)
    if near is None or fitness(role, candidate, hint) is None:
        return ()
    facts, naming = spec(role), NAMING[role]
    found = {
        Why.CLASS: candidate.device_class is not None and candidate.device_class in facts.classes,
        Why.UNIT: candidate.device_class is None
        and facts.unit in _TELLING
        and bool(candidate.unit),
        Why.DOMAIN: facts.is_actuator and candidate.domain in naming.surely,
        Why.NAME: says(candidate.words, naming.words),
        Why.DEVICE: hint is not None and bool(hint.roles),
        Why.PLACE_NAMED: near == 2,
        Why.PLACE_NEAR: near == 1,
        Why.PLACE_ONLY: near == 0,
    }
    return tuple(why for why, holds in found.items() if holds)


def _of_role(
    place: Place, role: Role, here: Iterable[tuple[Candidate, int]], hints: Mapping[str, Hint]
) -> list[Proposal]:
    # What a rack's level can have is that level's and not its zone's.
    inner = place.within if "level" in spec(role).nodes else ()
    scored = [
        (points + 4 * near, near > 0, c.id)
        for c, near in here
        if (points := fitness(role, c, hints.get(c.id))) is not None
        and not any(part.named_in(c.words) for part in inner)
    ]
    scored.sort(key=lambda s: (-s[0], s[2]))
    second = scored[1][0] if len(scored) > 1 else 0
    return [
        Proposal(
            node=place.id,
            role=role,
            entity=entity,
            score=score,
            sure=index == 0 and named and score > second,
        )
        for index, (score, named, entity) in enumerate(scored[:MOST])
    ]


# -- what it is ---------------------------------------------------------------------------------


def fitness(role: Role, candidate: Candidate, hint: Hint | None = None) -> int | None:
    """How well an entity fits a role, wherever it is; None when it does not. More is better."""
    if hint is None or hint.roles is None:
        return _told(role, candidate)
    if role not in hint.roles or says(candidate.words, NEVER[role]):
        return None
    named = says(candidate.words, NAMING[role].words)
    if hint.named and not named:
        return None
    # Of what its device is known to be, no class, unit or category is asked for.
    return _told(role, candidate) or _KNOWN + 2 * named


#: How well an entity fits of which nothing speaks but what its device is known to be.
_KNOWN = 2


def _told(role: Role, candidate: Candidate) -> int | None:
    """How well an entity fits by what it says itself."""
    facts, naming = spec(role), NAMING[role]
    if candidate.auxiliary or candidate.domain not in facts.domains:
        return None
    words = candidate.words
    if says(words, NEVER[role]):
        return None
    named = says(words, naming.words)
    match facts.kind:
        case RoleKind.MEASURE:
            return _measures(facts, candidate, naming.surely, named=named)
        case RoleKind.CONTACT:
            return _classed(facts, candidate, naming.surely, named=named)
        case RoleKind.FORECAST:
            return 3 if named else None
        case RoleKind.SWITCH | RoleKind.DIMMER:
            if not named and candidate.domain not in naming.surely:
                return None
            return 3 + 2 * named + (candidate.domain == facts.domains[0])


def _measures(
    facts: RoleSpec, candidate: Candidate, surely: tuple[str, ...], *, named: bool
) -> int | None:
    try:
        linear(candidate.unit, facts.unit)
    except UnitError:
        return None
    if says(candidate.words, NO_READING_WORDS) or (candidate.domain in _SET and not named):
        return None
    told = facts.unit in _TELLING and (bool(surely) or not facts.classes)
    if candidate.device_class is None and told:
        # Its unit is that of nothing else; for some quantities there is no class of sensors.
        return (2 if facts.classes else 4) + 2 * named
    return _classed(facts, candidate, surely, named=named)


def _classed(
    facts: RoleSpec, candidate: Candidate, surely: tuple[str, ...], *, named: bool
) -> int | None:
    """By the class of an entity; where that says little, by its name, too."""
    known = candidate.device_class
    if known is not None and known not in facts.classes:
        return None
    if known is not None and known in surely:
        return 4 + named
    if not named:
        return None
    return 5 if known is not None else 2


# -- where it is --------------------------------------------------------------------------------


def _nearness(candidate: Candidate, place: Place) -> int | None:
    """Whether an entity is at a place: 2 its name says so, 1 its area or its device does, or it is
    at a part of the place, 0 nothing speaks against it; None when it is elsewhere or nobody can
    know."""
    words, area = candidate.words, words_of(candidate.area)
    chain = (place.spot, *place.above)
    if any(_elsewhere(spot, place.others, text) for spot in chain for text in (words, area)):
        return None
    inside = any(part.named_in(words) for part in place.within)
    if not inside and any(part.named_in(words) for part in place.apart):
        return None
    if place.spot.kind == "level":
        # "Level 2" is on every rack.
        rack = place.above[0]
        only = not any(other.kind == rack.kind for other in place.others)
        if not only and not rack.named_in(words) and not rack.named_in(area):
            return None
    if place.spot.named_in(words):
        return 2
    if inside or place.spot.named_in(area) or candidate.device_id in place.near:
        return 1
    if any(spot.named_in(words) for spot in place.rest) or numbered(words):
        # It is said to be somewhere, and not here.
        return None
    known = (*place.above, *place.others, *place.apart, *place.rest)
    foreign = bool(area) and not any(spot.named_in(area) for spot in known)
    return 0 if place.is_alone and not foreign else None


def _elsewhere(spot: Spot, others: Iterable[Spot], words: tuple[str, ...]) -> bool:
    """Whether a name says another place of the kind of `spot`, and not this one."""
    if spot.named_in(words):
        return False
    if any(kind == spot.kind for kind, _ in numbered(words)):
        return True
    return any(other.kind == spot.kind and other.named_in(words) for other in others)
