"""The self-test: everything that a farm relies on, looked at once, with what passes, what fails and
what nobody knows.

It is a function of the farm, of what control remembers, and of what only the shell knows (`Facts`).
It moves nothing. Whoever has actuators tried for it hands in what came of that (`Tried`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from ..farm.bindings import Binding
from ..farm.nodes import Farm
from ..farm.overrides import Mode
from ..farm.roles import RoleKind, spec
from . import clock_set
from .clock import Now
from .draft import Draft
from .effects import Severity
from .inputs import Facts, Request, RunSelfTest, Tried
from .interlocks import LATCHING
from .memory import ActuatorState, Memory, PointState, ProofState, PulseEnd, Quality, Stage
from .workflows import Clash

_DAY_S = 86400.0
#: A way for alarms that nobody has tried for so long (days) may not be there any more (design
#: choice: phones are changed, and passwords, a few times a year).
ALARM_DAYS = 90.0
#: A kept memory may be ahead of the clock by so much (s) (`step`).
_AHEAD_S = 5.0
#: So many failing checks are named in the records (design choice: who has more looks at the farm).
_NAMED = 20


class Verdict(StrEnum):
    """What a check comes to. `unknown`: nobody can say, so a person has to look."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: of the farm, a node or a binding (`point`). `code` says what was found, in words
    of the shell, with `params`."""

    key: str
    verdict: Verdict
    code: str
    node: str
    point: str = ""
    params: Mapping[str, str | float | int] = field(default_factory=dict)


def self_test(
    farm: Farm,
    memory: Memory,
    now: Now,
    facts: Facts,
    *,
    node: str = "",
    tried: Iterable[Tried] = (),
) -> tuple[Check, ...]:
    """Every check of a farm, or of one node with its parts. Of a node alone: its bindings only."""
    outcomes = {one.point: one for one in tried}
    bound = [b for b in farm.bindings if _is_part(farm, b.node, node)]
    found = [] if node and node != farm.id else [*_of_farm(farm, memory, now, facts)]
    for b in bound:
        facts_of = spec(b.role)
        if facts_of.is_actuator:
            state = memory.actuators.get(b.id, _UNMOVED)
            found.append(_actuator(b, state, outcomes.get(b.id), now))
        elif facts_of.kind is not RoleKind.FORECAST:
            found.append(_sensor(memory, b, now))
    return tuple(found)


def _is_part(farm: Farm, key: str, node: str) -> bool:
    return node in ("", farm.id, key) or node in farm.above.get(key, ())


# -- the farm -----------------------------------------------------------------------------------


def _of_farm(farm: Farm, memory: Memory, now: Now, facts: Facts) -> Iterable[Check]:
    def said(key: str, verdict: Verdict, code: str, **params: str | float | int) -> Check:
        return Check(key, verdict, code, farm.id, "", params)

    yield said("control", *_runs(memory))
    seen = clock_set.newest(memory)
    behind = 0.0 if seen is None else seen - now.farm
    if behind > _AHEAD_S:
        yield said("clock", Verdict.FAIL, "clock_back", seconds=round(behind))
    else:
        yield said("clock", Verdict.PASS, "clock_ok")
    yield _journal(said, memory, facts)
    yield _ledger(said, facts)
    yield _backup(said, facts)
    at = memory.farm.alarm_tested_at
    if at is None:
        yield said("alarm", Verdict.UNKNOWN, "alarm_never")
    else:
        days = (now.farm - at) / _DAY_S
        fresh = days <= ALARM_DAYS
        verdict, code = (Verdict.PASS, "alarm_ok") if fresh else (Verdict.UNKNOWN, "alarm_long_ago")
        yield said("alarm", verdict, code, days=round(days, 1))


def _runs(memory: Memory) -> tuple[Verdict, str]:
    state = memory.farm
    if state.emergency is not None:
        return Verdict.FAIL, "stopped"
    if state.lost_memory:
        return Verdict.FAIL, "memory_lost"
    if state.stage is not Stage.RUNNING:
        return Verdict.FAIL, "starting"
    if state.disarmed:
        return Verdict.FAIL, "disarmed"
    if state.mode is Mode.AUTO:
        return Verdict.PASS, "runs"
    # Somebody has chosen that, or forgotten it.
    return Verdict.UNKNOWN, "mode_hold" if state.mode is Mode.HOLD else "mode_monitor"


def _journal(said: Callable[..., Check], memory: Memory, facts: Facts) -> Check:
    if facts.journal_error or not memory.farm.journal_ok:
        why = facts.journal_error or "?"
        return said("journal", Verdict.FAIL, "journal_failed", error=why)
    if facts.journal_error is None:
        return said("journal", Verdict.UNKNOWN, "journal_untried")
    return said("journal", Verdict.PASS, "journal_ok")


def _ledger(said: Callable[..., Check], facts: Facts) -> Check:
    if facts.ledger_error is None:
        return said("ledger", Verdict.UNKNOWN, "ledger_none")
    if facts.ledger_error:
        return said("ledger", Verdict.FAIL, "ledger_failed", error=facts.ledger_error)
    return said("ledger", Verdict.PASS, "ledger_ok", behind=facts.ledger_behind)


def _backup(said: Callable[..., Check], facts: Facts) -> Check:
    if not facts.backups_known:
        return said("backup", Verdict.UNKNOWN, "backup_unknown")
    if facts.backup_age_s is None:
        return said("backup", Verdict.FAIL, "backup_never")
    days = round(facts.backup_age_s / _DAY_S, 1)
    if facts.backup_age_s > facts.backup_limit_s:
        return said("backup", Verdict.FAIL, "backup_stale", days=days)
    return said("backup", Verdict.PASS, "backup_ok", days=days)


# -- bindings -----------------------------------------------------------------------------------

_UNMOVED, _UNREAD = ActuatorState(), PointState()


def _sensor(memory: Memory, b: Binding, now: Now) -> Check:
    """A contact that has tripped works; that nobody has cleared it is a failure all the same."""
    state = memory.points.get(b.id, _UNREAD)
    facts = spec(b.role)
    key = "contact" if facts.kind is RoleKind.CONTACT else "reading"
    params: dict[str, str | float | int] = {"quality": state.quality.value}
    if state.value is not None:
        params |= {"value": round(state.value, 3), "unit": facts.unit}
        params["age_s"] = round(max(0.0, now.farm - state.at))
    if b.id in memory.interlocks and b.role in LATCHING:
        return Check(key, Verdict.FAIL, "tripped", b.node, b.id, params)
    good = state.quality is Quality.GOOD
    verdict = Verdict.PASS if good else Verdict.FAIL
    return Check(key, verdict, f"quality_{state.quality.value}", b.node, b.id, params)


_PROOFS: Mapping[ProofState, Verdict] = MappingProxyType(
    {
        ProofState.PROVED: Verdict.PASS,
        ProofState.UNPROVED: Verdict.UNKNOWN,
        ProofState.PENDING: Verdict.UNKNOWN,
        ProofState.UNKNOWN: Verdict.UNKNOWN,
        ProofState.FAILED: Verdict.FAIL,
    }
)


def _actuator(b: Binding, state: ActuatorState, tried: Tried | None, now: Now) -> Check:
    params: dict[str, str | float | int] = {"proof": state.proof.value}
    if state.changed_at is not None:
        params["moved_s_ago"] = round(max(0.0, now.farm - state.changed_at))

    def said(verdict: Verdict, code: str) -> Check:
        return Check("actuator", verdict, code, b.node, b.id, params)

    if b.declaration is None:
        return said(Verdict.FAIL, "undeclared")
    if state.latched:
        return said(Verdict.FAIL, "latched")
    if state.reported is None:
        return said(Verdict.FAIL, "unseen")
    if tried is not None:
        params |= {"why": tried.why, "seconds": round(tried.seconds, 1)}
        if tried.end is None:
            return said(_PROOFS[state.proof], "not_tried")
        if tried.end is PulseEnd.FAILED:
            return said(Verdict.FAIL, "tried_failed")
        if tried.end is not PulseEnd.DONE:
            return said(Verdict.UNKNOWN, "tried_early")
        if tried.proof is ProofState.PROVED:
            return said(Verdict.PASS, "tried_proved")
        return said(Verdict.UNKNOWN, "tried_unproved")
    return said(_PROOFS[state.proof], f"proof_{state.proof.value}")


# -- as a request -------------------------------------------------------------------------------


def _run(d: Draft, request: RunSelfTest) -> dict[str, Any]:
    """Carry it out, and record what it came to with the failing checks named."""
    node = request.node or d.farm.id
    if node != d.farm.id and node not in d.farm.nodes:
        raise Clash("node_unknown", node=node)
    checks = self_test(
        d.farm, d.memory, d.now, request.facts, node=request.node, tried=request.tried
    )
    count = {v.value: sum(check.verdict is v for check in checks) for v in Verdict}
    failing = [check.point or check.key for check in checks if check.verdict is Verdict.FAIL]
    d.event(
        "self_test",
        node,
        Severity.P3 if failing else Severity.INFO,
        passed=count["pass"],
        failed=count["fail"],
        unknown=count["unknown"],
        tried=sum(1 for one in request.tried if one.end is not None),
        failing=failing[:_NAMED],
        by=request.by,
    )
    return {"node": node, **count, "failing": failing, "checks": list(checks)}


HANDLERS: Mapping[type[Request], Callable[[Draft, Any], dict[str, Any]]] = MappingProxyType(
    {RunSelfTest: _run}
)
