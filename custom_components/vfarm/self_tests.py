"""The self-test of a farm: what only Home Assistant knows is gathered, what a person wants to see
move is tried, and the core says what passes. Its checks are answered with a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_AREA_ID, ATTR_DEVICE_ID, ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from vfarm_core.control import pulse
from vfarm_core.control.inputs import Facts, RunSelfTest, Tried
from vfarm_core.farm.nodes import Farm, NodeKind
from vfarm_core.farm.roles import spec
from vfarm_core.ledger.errors import LedgerError

from .access import async_require
from .asking import ask
from .backups import STALE_AFTER, BackupsUnknownError, async_last_backup
from .const import DOMAIN
from .data import VfarmConfigEntry
from .engine import NotKeptError
from .entity import async_by
from .language import async_language
from .roles import ACTIONS
from .targets import (
    ATTR_NODE,
    TARGET_SCHEMA,
    Target,
    async_entry,
    async_targets,
    error,
)
from .tries import async_try
from .words import Words

CONF_PULSE: Final = "pulse"
SELF_TEST_SCHEMA = vol.Schema(
    {**TARGET_SCHEMA, vol.Optional(CONF_PULSE, default=False): cv.boolean}
)
#: So many actuators are tried in one self-test: one after the other, ten seconds and more each
#: (design choice: ten minutes is as long as somebody stands and watches).
MOST_TRIED: Final = 40
_AIMS: Final = (ATTR_NODE, ATTR_DEVICE_ID, ATTR_ENTITY_ID, ATTR_AREA_ID)
_TESTED = tuple(kind for kind in NodeKind if kind is not NodeKind.SUPPLY)
#: Sentences that the test of a binding has, too.
_SHARED: Final[Mapping[str, str]] = {
    **{
        f"quality_{name}": f"test_quality_{name}"
        for name in ("good", "stale", "implausible", "disagreeing", "missing")
    },
    **{
        f"proof_{name}": f"test_proof_{name}"
        for name in ("proved", "unproved", "pending", "failed", "unknown")
    },
    **{f"tried_{name}": f"test_tried_{name}" for name in ("proved", "unproved", "failed", "early")},
    "latched": "test_latched",
}


async def async_facts(hass: HomeAssistant, entry: VfarmConfigEntry) -> Facts:
    """What only Home Assistant knows of what a farm relies on."""
    engine = entry.runtime_data.engine
    journal_error = ""
    try:
        await engine.async_kept()
    except NotKeptError as err:
        journal_error = str(err) or type(err).__name__
    ledger_error: str | None = None
    if (ledger := engine.ledger) is not None:
        try:
            await ledger.async_ask(lambda _: None)
        except (LedgerError, TimeoutError) as err:
            ledger_error = str(err) or type(err).__name__
        else:
            ledger_error = ledger.error
    try:
        last = await async_last_backup(hass)
    except BackupsUnknownError:
        return Facts(
            journal_error=journal_error,
            ledger_error=ledger_error,
            ledger_behind=0 if ledger is None else ledger.behind,
        )
    return Facts(
        journal_error=journal_error,
        ledger_error=ledger_error,
        ledger_behind=0 if ledger is None else ledger.behind,
        backups_known=True,
        backup_age_s=None if last is None else (dt_util.utcnow() - last.at).total_seconds(),
        backup_limit_s=STALE_AFTER.total_seconds(),
    )


async def async_test(
    hass: HomeAssistant, entry: VfarmConfigEntry, node: str, by: str, *, pulses: bool = False
) -> dict[str, Any]:
    """Test a farm, or one node of it; its checks as response data."""
    engine = entry.runtime_data.engine
    if not engine.running:
        raise error("not_running", farm=entry.title)
    tried = await _async_tried(hass, entry, node, by) if pulses else ()
    facts = await async_facts(hass, entry)
    own = "" if node == entry.entry_id else node
    return await ask(entry, RunSelfTest(node=own, facts=facts, tried=tried, by=by))


async def _async_tried(
    hass: HomeAssistant, entry: VfarmConfigEntry, node: str, by: str
) -> tuple[Tried, ...]:
    """Try what is tried by a pulse, one after the other, so that somebody can watch."""
    farm = entry.runtime_data.farm
    points = [
        b.id
        for b in farm.bindings
        if spec(b.role).is_actuator
        and b.declaration is not None
        and pulse.tried_as(b) == "pulse"
        and node in (farm.id, b.node, *farm.above.get(b.node, ()))
    ]
    if len(points) > MOST_TRIED:
        raise error("self_test_many", count=str(len(points)), most=str(MOST_TRIED))
    tried = []
    for point in points:
        if not entry.runtime_data.engine.running:
            break
        tried.append(await async_try(hass, entry.runtime_data.engine, point, by))
    return tuple(tried)


async def async_self_test(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """Test farms or parts of them. Without a target: the farm."""
    if any(call.data.get(key) for key in _AIMS):
        targets = async_targets(hass, call, *_TESTED)
    else:
        entry = async_entry(hass, call)
        targets = [Target(entry, entry.entry_id)]
    pulses: bool = call.data[CONF_PULSE]
    if pulses:
        farms = {target.entry.entry_id: target.entry for target in targets}
        need = ACTIONS["try_actuator"]
        await async_require(hass, farms.values(), call.context, f"{DOMAIN}.try_actuator", need)
    by = await async_by(hass, call.context)
    language = await async_language(hass, call.context)
    texts: dict[str, str] = {}
    for category in ("exceptions", "selector"):
        texts |= await async_get_translations(hass, language, category, {DOMAIN})
    answers = []
    for target in targets:
        answer = await async_test(hass, target.entry, target.node, by, pulses=pulses)
        farm = target.farm
        checks = [_told(check, farm, Words(texts)) for check in answer.pop("checks")]
        answers.append({**answer, "name": _name(farm, target.node), "checks": checks})
    return {"tests": answers}


def _name(farm: Farm, node: str) -> str:
    return farm.nodes[node].name if node in farm.nodes else farm.name


def _told(check: Mapping[str, Any], farm: Farm, words: Words) -> dict[str, Any]:
    """A check as response data, with what it is of and what it says in words."""
    told = dict(check)
    key = _SHARED.get(told["code"], f"self_test_{told['code']}")
    said = {name: str(value) for name, value in told["params"].items()}
    name, binding = _name(farm, told["node"]), farm.binding.get(told["point"])
    if binding is not None:
        name = f"{words.option('role', binding.role)} ({name})"
    return {**told, "name": name, "says": words.message(key, said)}
