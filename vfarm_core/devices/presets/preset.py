"""What is known of a kind of device: how its entities appear, what they can mean, and what a person
has to look at. All of it is a suggestion that a person confirms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...farm.bindings import OnLoss, Proof
from ...farm.candidates import Candidate, Hint
from ...farm.naming import says, words_of
from ...farm.roles import COMPENSATED, Role, RoleKind, spec
from ...farm.units import UnitError, linear


class Confidence(StrEnum):
    """How well a preset is known: read in the code or the manual of its maker (high), in one place
    of somebody else (medium), or put together from reports (low)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Check(StrEnum):
    """What a person looks at before an entity is trusted. The shell has the words."""

    AIR_PRESSURE = "air_pressure"
    AUTO_OFF = "auto_off"
    BASELINE = "baseline"
    BATTERY = "battery"
    BULK_EC = "bulk_ec"
    CALIBRATE_ONCE = "calibrate_once"
    CLOUD = "cloud"
    CONTACT_SENSE = "contact_sense"
    DOSE_BY_ACTION = "dose_by_action"
    ECHO = "echo"
    EC_COMPENSATION = "ec_compensation"
    LEVELS_OF_TEN = "levels_of_ten"
    LITRES_NOT_SHARE = "litres_not_share"
    NO_UNIT = "no_unit"
    OWN_PROGRAM = "own_program"
    PORT_LOAD = "port_load"
    POWER_ON = "power_on"
    RADIO_TIMER = "radio_timer"
    RATED_LOAD = "rated_load"
    RAW_COUNTS = "raw_counts"
    REPORTS_SELDOM = "reports_seldom"
    SENSOR_CASE = "sensor_case"
    SPECTRUM = "spectrum"
    TARED = "tared"
    VALVE_ON_POWER_LOSS = "valve_on_power_loss"


#: What `Known.classes` and `Known.units` call an entity without one.
NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What a form is filled in with. None: nothing is known. `unit` is that of the number where the
    entity names none; `proof`, `on_power_loss` and `on_control_loss` are parts of a declaration as
    the device leaves the factory. What is dangerous, and for how long, is never suggested."""

    unit: str | None = None
    scale: float | None = None
    offset: float | None = None
    compensated: bool | None = None
    proof: Proof | None = None
    on_power_loss: OnLoss | None = None
    on_control_loss: OnLoss | None = None

    def of_reading(self) -> dict[str, Any]:
        """The parts that say how a number is read, by their names in a binding."""
        return _given(
            {
                "unit": self.unit,
                "scale": self.scale,
                "offset": self.offset,
                "compensated": self.compensated,
            }
        )

    def of_declaration(self) -> dict[str, Any]:
        """The parts that belong to a declaration, by their names there."""
        return _given(
            {
                "proof": self.proof,
                "on_power_loss": self.on_power_loss,
                "on_control_loss": self.on_control_loss,
            }
        )


def _given(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value.value if isinstance(value, StrEnum) else value
        for key, value in parts.items()
        if value is not None
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One kind of entity of a device. It is one whose domain, class, unit and name fit: `domains`,
    `classes` and `units` (empty: any), one of `words` (empty: any name) and none of `without`.

    `roles` are what it can be, None says nothing about it, and none of them that it is no part of
    a farm; with `named` only where its name says so, too. `suggestion` and `checks` are for the
    person who binds it, `note` says where that comes from."""

    key: str
    domains: tuple[str, ...]
    classes: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    roles: tuple[Role, ...] | None = None
    named: bool = False
    suggestion: Suggestion = Suggestion()
    checks: tuple[Check, ...] = ()
    note: str = ""

    def fits(self, candidate: Candidate) -> bool:
        """Whether an entity is of this kind."""
        return (
            candidate.domain in self.domains
            and (not self.classes or (candidate.device_class or NONE) in self.classes)
            and (not self.units or (candidate.unit or NONE) in self.units)
            and (not self.words or says(candidate.words, self.words))
            and not says(candidate.words, self.without)
        )

    @property
    def hint(self) -> Hint:
        """What choosing has to know of it."""
        return Hint(roles=self.roles, named=self.named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A kind of device: the integrations of Home Assistant that bring it (`platforms`), and words
    of its maker, its model or its name (`makes`, empty: any). `entities` are tried in their order;
    `checks` are for all that it switches, `watch` for all that it measures."""

    id: str
    name: str
    confidence: Confidence
    platforms: tuple[str, ...]
    makes: tuple[str, ...]
    entities: tuple[Known, ...]
    sources: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    watch: tuple[Check, ...] = ()
    notes: str = ""

    def fits(self, candidate: Candidate) -> bool:
        """Whether an entity is of a device of this kind."""
        return candidate.platform in self.platforms and (
            not self.makes
            or says(words_of(candidate.made), self.makes)
            or says(candidate.words, self.makes)
        )

    def known(self, candidate: Candidate) -> Known | None:
        """What is known of an entity of such a device."""
        return next((known for known in self.entities if known.fits(candidate)), None)


@dataclass(frozen=True, slots=True)
class Found:
    """An entity of a house that a preset knows."""

    preset: Preset
    known: Known

    def checks(self, role: Role) -> tuple[Check, ...]:
        """What to look at before it is bound to a role."""
        whole = self.preset.checks if spec(role).is_actuator else self.preset.watch
        return tuple(dict.fromkeys((*self.known.checks, *whole)))

    def reading(self, role: Role, unit: str | None) -> dict[str, Any]:
        """What is suggested for a reading of an entity that says it has `unit`: by their names in a
        binding; a unit only where its own cannot be that of the role."""
        if spec(role).kind is not RoleKind.MEASURE:
            return {}
        parts = self.known.suggestion.of_reading()
        if _reads(unit, role):
            parts.pop("unit", None)
        if role not in COMPENSATED:
            parts.pop("compensated", None)
        return parts

    def declaration(self, role: Role) -> dict[str, Any]:
        """What is suggested for the declaration of an actuator, by their names in it."""
        return self.known.suggestion.of_declaration() if spec(role).is_actuator else {}


def _reads(unit: str | None, role: Role) -> bool:
    if not unit:
        return False
    try:
        linear(unit, spec(role).unit)
    except UnitError:
        return False
    return True


def find(presets: Iterable[Preset], candidate: Candidate) -> Found | None:
    """What is known of an entity; a preset of one maker or model says more than one of all."""
    for preset in sorted(presets, key=lambda p: (not p.makes, p.id)):
        if preset.fits(candidate) and (known := preset.known(candidate)) is not None:
            return Found(preset, known)
    return None


def find_all(presets: Iterable[Preset], candidates: Iterable[Candidate]) -> Mapping[str, Found]:
    """What is known of each entity of a house, by its id."""
    known = tuple(sorted(presets, key=lambda p: (not p.makes, p.id)))
    found = ((candidate.id, find(known, candidate)) for candidate in candidates)
    return {entity: one for entity, one in found if one is not None}


def hints(found: Mapping[str, Found]) -> Mapping[str, Hint]:
    """What choosing has to know, by the ids of entities."""
    return {entity: one.known.hint for entity, one in found.items()}
