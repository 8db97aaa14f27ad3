"""The steps that try a binding: what its entity says, what vfarm reads of it and how far it trusts
that; an actuator is driven on for a moment, under all rules, when a person says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.components.http import KEY_HASS_USER
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.core import Context, callback
from homeassistant.helpers.http import current_request
from homeassistant.helpers.selector import BooleanSelector
from homeassistant.helpers.translation import async_get_translations

from vfarm_core.control import pulse
from vfarm_core.control.inputs import TryActuator
from vfarm_core.control.memory import ProofState, PulseEnd
from vfarm_core.control.readings import parse
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.roles import RoleKind, spec
from vfarm_core.farm.units import UnitError

from ..const import CONF_BINDINGS, DOMAIN
from ..data import VfarmData
from ..entity_values import raw_of
from ..farm_data import Part, farm_dict, usable_farm
from ..people import by_of
from ..said import async_as_text
from ..targets import error
from ..tries import Outcome, async_listen, async_outcome
from ..words import Words
from .bindable import CONF_ROLE
from .binding import CONF_BINDING
from .language import async_language
from .proposing import ProposalSteps, said

CONF_PULSE = "pulse"


class TryingSteps(ProposalSteps):
    """Steps that show what a binding says now."""

    def __init__(self) -> None:
        """Begin with nothing to try."""
        super().__init__()
        self._tried = ""
        self._trying: asyncio.Task[None] | None = None
        #: What the last pulse came to.
        self._came: Mapping[str, Any] | None = None

    @override
    def binding_menu(self) -> list[str]:
        menu = super().binding_menu()
        return [*menu, "test_binding"] if self.draft[CONF_BINDINGS] else menu

    # -- what is known --------------------------------------------------------------------------

    def _running(self) -> VfarmData | None:
        data = getattr(self._get_entry(), "runtime_data", None)  # type: ignore[attr-defined]
        return data if isinstance(data, VfarmData) and data.engine.running else None

    def _as_drafted(self) -> Binding | None:
        """The binding as the core has it when the draft is saved; None where it is not usable."""
        entry = self._get_entry()  # type: ignore[attr-defined]
        own = Part(type=self.type, title=self.title, data=self.draft)
        parts = [*self.others(), own]
        zone = self.hass.config.time_zone
        farm, _ = usable_farm(farm_dict(entry.entry_id, entry.title, zone, parts))
        return farm.binding.get(self._tried)

    async def _async_sentences(self) -> Words:
        language = await async_language(self.hass)
        return Words(await async_get_translations(self.hass, language, "exceptions", {DOMAIN}))

    def _findings(self, words: Words) -> Iterator[str]:
        """What there is to say of the binding, a sentence each."""
        kept = next(b for b in self.draft[CONF_BINDINGS] if b["id"] == self._tried)
        binding = self._as_drafted()
        self._binding = dict(kept)
        entity_id = self._entity_id()
        state = self.hass.states.get(entity_id)
        raw = said(state)
        if binding is None:
            yield words.message("test_unusable", {"entity": entity_id, "raw": raw})
            return
        yield _read(words, binding, entity_id, raw, *raw_of(state, binding))
        data = self._running()
        if data is None or data.farm.binding.get(binding.id) != binding:
            yield words.message("test_unsaved", {})
        elif spec(binding.role).is_actuator:
            if self._came is not None:
                yield _outcome(words, self._came)
            memory = data.engine.runtime.memory
            actuator = memory.actuators.get(binding.id)
            proof = "unknown" if actuator is None else actuator.proof.value
            yield words.message(f"test_proof_{proof}", {})
            if actuator is not None and actuator.latched:
                yield words.message("test_latched", {})
        else:
            point = data.engine.runtime.memory.points.get(binding.id)
            quality = "missing" if point is None else point.quality.value
            yield words.message(f"test_quality_{quality}", {})

    def _triable(self) -> Binding | None:
        """The binding, where it is a declared actuator of the farm that runs, as it is saved; a
        pump that feeds nothing has no shot to be tried by."""
        data, binding = self._running(), self._as_drafted()
        if data is None or binding is None or binding.declaration is None:
            return None
        if data.farm.binding.get(binding.id) != binding or not spec(binding.role).is_actuator:
            return None
        if pulse.tried_as(binding) == "shot" and binding.node in data.farm.pump:
            return binding if data.farm.circuits_of_pump.get(binding.node) else None
        return binding

    # -- steps ----------------------------------------------------------------------------------

    async def async_step_test_binding(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which binding to try."""
        if user_input is not None:
            self._tried, self._came = user_input[CONF_BINDING], None
            return await self.async_step_tested()
        return self.async_show_form(step_id="test_binding", data_schema=self._which())

    async def async_step_tested(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what it says; drive it on for a moment when a person says so, and show it again."""
        words = await self._async_sentences()
        errors: dict[str, str] = {}
        why = ""
        binding = self._triable()
        if user_input is not None:
            if not user_input.get(CONF_PULSE) or binding is None:
                return await self.async_step_menu()
            why = await self._async_try(binding)
            if why:
                errors = {"base": "test_refused"}
            elif pulse.tried_as(binding) == "pulse":
                return await self.async_step_trying()
        fields: dict[vol.Marker, Any] = {}
        if binding is not None:
            # Never ticked beforehand: each pulse is one that somebody wanted.
            fields[vol.Optional(CONF_PULSE, default=False)] = BooleanSelector()
        return self.async_show_form(
            step_id="tested",
            data_schema=vol.Schema(fields),
            errors=errors,
            description_placeholders={
                CONF_ROLE: self._role_tried(),
                "findings": "\n\n".join(self._findings(words)),
                "why": why,
                "seconds": f"{pulse.PULSE_S:g}",
            },
        )

    async def async_step_trying(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Wait while it is on, and until it is off again."""
        assert self._trying is not None
        if not self._trying.done():
            return self.async_show_progress(
                step_id="trying",
                progress_action="trying",
                progress_task=self._trying,
                description_placeholders={CONF_ROLE: self._role_tried()},
            )
        self._trying = None
        return self.async_show_progress_done(next_step_id="tested")

    @callback
    def async_remove(self) -> None:
        """The form is closed: the pulse ends by itself, and nobody waits for it."""
        if self._trying is not None:
            self._trying.cancel()

    def _role_tried(self) -> str:
        self._binding = next(dict(b) for b in self.draft[CONF_BINDINGS] if b["id"] == self._tried)
        return self.role_name(self._binding[CONF_ROLE])

    async def _async_try(self, binding: Binding) -> str:
        """Ask for a try; why there is none, in words, where it is refused."""
        data = self._running()
        assert data is not None
        request = current_request.get()
        user = request.get(KEY_HASS_USER) if request is not None else None
        by = by_of(self.hass, Context(user_id=user.id if user is not None else None))
        ended = async_listen(self.hass, data.engine, binding.id)
        answer = data.engine.request(TryActuator(point=binding.id, by=by))
        if answer.refused is None and answer.data["how"] == "pulse":
            waiting = self._async_wait(ended, answer.data["duration_s"])
            # None of Home Assistant's own: nothing waits for it, also not a stop.
            self._trying = asyncio.create_task(waiting)
        else:
            ended.cancel()
        if answer.refused is None:
            return ""
        refusal = error(answer.refused, **answer.params)
        return await async_as_text(self.hass, refusal, await async_language(self.hass))

    async def _async_wait(self, ended: Outcome, seconds: float) -> None:
        self._came = await async_outcome(ended, seconds)


def _outcome(words: Words, came: Mapping[str, Any]) -> str:
    """What a pulse came to, in a sentence."""
    match came["end"]:
        case PulseEnd.DONE:
            proved = came["proof"] == ProofState.PROVED
            key = "test_tried_proved" if proved else "test_tried_unproved"
        case PulseEnd.FAILED:
            key = "test_tried_failed"
        case _:
            key = "test_tried_early"
    return words.message(key, {"seconds": f"{came['seconds'] or 0.0:.0f}"})


def _read(
    words: Words, binding: Binding, entity_id: str, raw: str, value: Any, unit: str | None
) -> str:
    """What an entity says, and what that is for vfarm."""
    facts = spec(binding.role)
    if value is None:
        return words.message("test_away", {"entity": entity_id})
    try:
        known = parse(value, binding, unit)
    except UnitError:
        known = None
    if known is None:
        return words.message("test_unusable", {"entity": entity_id, "raw": raw})
    shown = f"{known:.4g} {facts.unit}" if facts.kind is RoleKind.MEASURE else f"{known:.0%}"
    return words.message("test_reads", {"entity": entity_id, "raw": raw, "value": shown})
