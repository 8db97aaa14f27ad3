"""Spectrum: what the lamps over a level give, and how light is shared among their channels.

Channels that are not bound are not driven: their share goes to those that are. The light integral
comes before the spectrum, for a channel at its end leaves what it lacks to the others. Far-red is
no PPFD (400-700 nm): it is given for some minutes from lights-off and counts into no integral.
"""

from __future__ import annotations

from ..farm.bindings import Binding
from ..farm.nodes import Level
from ..farm.roles import Role
from ..recipes.model import Channel, LightPlan
from ..science.light import LightDay, light_left
from .draft import Draft
from .intents import Intent
from .reasons import Reason
from .targets import LightTarget
from .text import clock_time

#: Lamps count as having at least this share of their first light, however long they ran: below it
#: they are broken, and the model must not drive the others up (design choice).
_LEFT_LEAST = 0.5

_CHANNEL = {
    Role.GROW_LIGHT: Channel.WHITE,
    Role.GROW_LIGHT_WHITE: Channel.WHITE,
    Role.GROW_LIGHT_BLUE: Channel.BLUE,
    Role.GROW_LIGHT_RED: Channel.RED,
}


def left(d: Draft, level: Level) -> float:
    """Share of their first light that the lamps of a level have left by their hours."""
    fixture = level.fixture
    if fixture is None or not d.farm.places[level.id].ages:
        return 1.0
    hours = d.level(level.id).lamp.hours
    # In steps, so that a lamp that ages does not move what is asked of it all the time.
    return max(_LEFT_LEAST, round(light_left(hours, fixture.l90_h, fixture.l70_h), 3))


def full_ppfd(d: Draft, level: Level) -> float:
    """What the lamps of a level give at full output, by the model."""
    place = d.farm.places[level.id]
    return place.full_ppfd * left(d, level) if place.ages else place.full_ppfd


def modelled_ppfd(d: Draft, level: Level) -> float:
    """What the lamps of a level give at the output they report, by the model."""
    place = d.farm.places[level.id]
    actuators = d.actuators.now
    given = 0.0
    for b, part in zip(place.lamps, place.parts, strict=True):
        state = actuators.get(b.id)
        if state is not None and state.reported:
            given += part * state.reported
    return given * left(d, level) if given and place.ages else given


def share(d: Draft, level: Level, plan: LightPlan, output: float) -> dict[str, float]:
    """Outputs 0…1 of the lamps of a level that together give what all of them would give at
    `output`, in the spectrum the plan asks for as far as they can."""
    lamps = d.farm.lamps_of_level[level.id]
    groups = _groups(d, level, lamps, plan)
    if not groups:
        return {b.id: output for b in lamps}
    wanted = output * sum(full for full, _ in groups.values())
    given = {c: min(full, wanted * share) for c, (full, share) in groups.items()}
    missing = wanted - sum(given.values())
    spare = {c: groups[c][0] - given[c] for c in groups}
    room = sum(spare.values())
    lowest = level.fixture.dim_min if level.fixture else 0.0
    found: dict[str, float] = {}
    for b in lamps:
        channel = _CHANNEL[b.role]
        full = groups[channel][0]
        ppfd = given[channel] + (missing * spare[channel] / room if room > 0 else 0.0)
        value = min(1.0, ppfd / full)
        found[b.id] = max(value, lowest) if value > 0 else 0.0
    return found


def _groups(
    d: Draft, level: Level, lamps: tuple[Binding, ...], plan: LightPlan
) -> dict[Channel, tuple[float, float]]:
    """For each channel of a level: its full PPFD and its share of the light, in new lamps. Empty
    where there is nothing to share: one channel, no plan for it, or an unknown lamp."""
    if not plan.channels or level.fixture is None:
        return {}
    full: dict[Channel, float] = {}
    for b, part in zip(lamps, d.farm.lamp_ppfd[level.id], strict=True):
        channel = _CHANNEL[b.role]
        full[channel] = full.get(channel, 0.0) + part
    total = sum(plan.channels.get(c, 0.0) for c in full)
    if len(full) < 2 or total <= 0:
        return {}
    return {c: (ppfd, plan.channels.get(c, 0.0) / total) for c, ppfd in full.items()}


def far_red(
    d: Draft, level: Level, target: LightTarget | None, day: LightDay | None
) -> dict[str, Intent]:
    """What the far-red lamps of a level should do."""
    lamps = d.of(level.id, Role.GROW_LIGHT_FAR_RED)
    if not lamps:
        return {}
    if target is None or day is None:
        code = "hold" if d.state.lost_memory else "no_batch"
        intent = Intent(None if d.state.lost_memory else 0.0, Reason(code))
    elif not pulsing(d, target, day):
        intent = Intent(0.0, Reason("far_red_off"))
    elif d.zone(d.farm.zone_of_level[level.id]).over_temperature:
        intent = Intent(0.0, Reason("far_red_shed"), trip=True)
    else:
        until = clock_time(pulse_end(target, day), d.farm.tz)
        intent = Intent(_pulse(level, target), Reason("far_red", {"until": until}))
    return {b.id: intent for b in lamps}


def pulse_end(target: LightTarget, day: LightDay) -> float:
    """When the far-red light after a light day ends; its lights-off where there is none."""
    plan = target.plan.far_red
    if plan is None or day.end_s <= day.start_s:
        return day.end_s
    return min(day.end_s + plan.minutes * 60.0, day.next_start_s)


def pulsing(d: Draft, target: LightTarget, day: LightDay) -> bool:
    """Whether it is time for far-red light."""
    return day.end_s <= d.now.farm < pulse_end(target, day)


def _pulse(level: Level, target: LightTarget) -> float:
    plan = target.plan.far_red
    fixture = level.fixture
    assert plan is not None
    if plan.share is not None:
        return plan.share
    if plan.pfd is None or fixture is None or fixture.far_red_pfd is None:
        # How much a channel gives that nobody has rated is not guessed.
        return 0.0
    return min(1.0, plan.pfd / fixture.far_red_pfd)


def notes(d: Draft, level: Level, target: LightTarget | None) -> tuple[str, ...]:
    """What the recipe asks for that the lamps of a level cannot give. No fault: it is shown."""
    if target is None:
        return ()
    plan = target.plan
    found: list[str] = []
    if plan.channels:
        bound = {_CHANNEL[b.role] for b in d.farm.lamps_of_level[level.id]}
        missing = [c for c, part in plan.channels.items() if part > 0 and c not in bound]
        found += [f"no_channel_{c}" for c in sorted(missing)]
    if plan.far_red is not None:
        fixture = level.fixture
        if not d.of(level.id, Role.GROW_LIGHT_FAR_RED):
            found.append("no_channel_far_red")
        elif plan.far_red.pfd is not None and (fixture is None or fixture.far_red_pfd is None):
            found.append("far_red_unrated")
        elif (plan.far_red.pfd or 0.0) > ((fixture.far_red_pfd if fixture else None) or 0.0):
            found.append("far_red_weak")
    return tuple(found)
