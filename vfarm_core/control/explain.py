"""Why an actuator is in its state and what would change it, in one sentence.

In English, unless the words of another language are given: the same keys that the cards use.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..farm.roles import Role
from .protection import GAPS, LOSSES, Gap
from .reasons import QUANTITIES, TEXTS
from .snapshot import ActuatorView, FarmSnapshot, SensorView, Snapshot

#: What would change a state: key -> sentence, with the parameters of the reason.
CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "at": "That changes at {until}.",
        "target": "That changes when the reading crosses the band around the target.",
        "outside": "That changes when the air outside is colder and drier.",
        "asked": "That changes when a recipe or a person asks for it.",
        "reading": "That changes when there is a valid reading again.",
        "confirmed": "That changes when the new value is confirmed, or taken back.",
        "cool": "That changes when the air has cooled down.",
        "batch": "That changes when plants grow here, or are harvested.",
        "tomorrow": "That changes with the next light day.",
        "supply": "That changes when the lamps on the same supply ask for less.",
        "moment": "That changes in a moment.",
        "looked": "That changes when a person has looked and clears it.",
        "arm": "That changes when a person arms the loop.",
        "release": "That changes when a person releases the stop and arms the loop.",
        "mode": "That changes when a person chooses another mode.",
        "journal": "That changes when the records can be written again.",
        "shot": "That changes with the next step of a shot, or when one is due.",
        "volume": "That changes when the reservoir is filled.",
        "rest": "That changes when the device may switch again.",
        "people": "That changes when the zone is known to be empty of people.",
        "door": "That changes when every door is known to be closed.",
        "light": "That changes at lights-on.",
        "air": "That changes when the air is clear again.",
        "opposed": "That changes when {other} is off.",
        "rinse": "That changes when a person confirms the rinse.",
        "start": "That changes when vfarm runs again.",
        "other": "That changes when what it says is over.",
    }
)

_OF_CODE: Mapping[str, str] = MappingProxyType(
    {
        code: change
        for change, codes in {
            "at": "photoperiod_day photoperiod_night takeover maintenance solution_change "
            "sanitation dark_germination work_light degraded",
            "target": "below_target above_target in_band holds_target dew_guard dry_for_night "
            "dry_for_day reheat_dry reheat",
            "outside": "outside_warmer outside_heavier outside_moister",
            "asked": "no_target exhaust_idle fill_closed",
            "reading": "no_reading no_temperature_dim",
            "confirmed": "doubted",
            "cool": "too_warm_dim too_warm_off",
            "batch": "no_batch circulate circulating aerate",
            "tomorrow": "dli_reached",
            "supply": "supply_limit supply_shared",
            "moment": "staggered pulse pulse_over",
            "looked": "latched leak smoke isolation no_owner co2_exhaust_failed",
            "arm": "disarmed",
            "release": "emergency_stop",
            "mode": "hold monitor",
            "journal": "journal",
            "shot": "shot_idle shot_valve shot_running shot_stopping shot_closing",
            "volume": "volume_low",
            "rest": "max_on max_off daily_cap min_on min_off",
            "people": "co2_people",
            "door": "door_open",
            "light": "co2_dark co2_empty pulse_dark",
            "air": "co2_exhausting co2_limit exhaust_co2",
            "opposed": "opposed",
            "rinse": "rinse",
            "start": "reconcile shutdown",
        }.items()
        for code in codes.split()
    }
)


def change_of(code: str) -> str:
    """The key of what would change a state that has this reason."""
    return _OF_CODE.get(code, "other")


#: The English words, by the keys that every language has.
ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "explain_actuator": "The {name} is {state}.",
        "explain_undecided": "The {name} is {state}; nothing was decided about it yet.",
        "explain_sensor": "The {name} sensor ({point}) is not trusted.",
        "explain_on": "on",
        "explain_off": "off",
        "explain_at": "at {share} %",
        "explain_unknown": "not known",
        **{f"reason_{code}": text for code, text in TEXTS.items()},
        **{f"change_{key}": text for key, text in CHANGES.items()},
        **{f"quantity_{key}": text for key, text in QUANTITIES.items()},
        **{f"gap_{key}": text for key, text in GAPS.items()},
        **{f"does_{key}": text for key, text in LOSSES.items()},
        **{f"role_{role.value}": role.value.replace("_", " ") for role in Role},
    }
)


def explain(snapshot: Snapshot, words: Mapping[str, str] = ENGLISH) -> tuple[str, ...]:
    """For every actuator of a node one sentence: its state, why, and what would change it; and for
    every sensor that is not good, why and since when."""
    if isinstance(snapshot, FarmSnapshot):
        return ()
    return (
        *(sentence(view, words) for view in snapshot.actuators),
        *(about_sensor(view, words) for view in snapshot.sensors),
    )


def about_sensor(view: SensorView, words: Mapping[str, str] = ENGLISH) -> str:
    """The sentence of one sensor that is not good."""
    told = _say(words, "explain_sensor", {"name": _role(words, view.role), "point": view.point})
    return f"{told} {about_reason(words, view.code, view.params)}"


def sentence(view: ActuatorView, words: Mapping[str, str] = ENGLISH) -> str:
    """The sentence of one actuator."""
    name = _role(words, view.role)
    if view.reported is None:
        state = _say(words, "explain_unknown")
    elif 0 < view.reported < 1:
        state = _say(words, "explain_at", {"share": f"{100 * view.reported:.0f}"})
    else:
        state = _say(words, "explain_on" if view.reported else "explain_off")
    told = {"name": name, "state": state}
    if not view.code:
        return _say(words, "explain_undecided", told)
    said = _say(words, "explain_actuator", told)
    change = _say(words, f"change_{view.change}", view.params)
    return f"{said} {about_reason(words, view.code, view.params)} {change}"


def about_gap(gap: Gap, words: Mapping[str, str] = ENGLISH) -> str:
    """The sentence of one danger that only vfarm looks after."""
    params = dict(gap.params)
    if "does" in params:
        params["does"] = _say(words, f"does_{params['does']}")
    return _say(words, f"gap_{gap.key}", params)


def _say(
    words: Mapping[str, str],
    key: str,
    params: Mapping[str, str | float | int] = MappingProxyType({}),
) -> str:
    """The text of a key; the English one where a language has none."""
    return (words.get(key) or ENGLISH[key]).format(**params)


def about_reason(
    words: Mapping[str, str], code: str, params: Mapping[str, str | float | int]
) -> str:
    """The sentence of a reason."""
    quantity = params.get("quantity")
    named: dict[str, str | float | int] = dict(params)
    if quantity is not None:
        known = f"quantity_{quantity}"
        named["quantity"] = words.get(known) or ENGLISH.get(known) or quantity
    text = _say(words, f"reason_{code}", named)
    return text[:1].upper() + text[1:]


def _role(words: Mapping[str, str], role: Role) -> str:
    return _say(words, f"role_{role.value}")
