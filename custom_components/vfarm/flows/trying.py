"""The steps that try a binding: what its entity says, what vfarm reads of it and how far it trusts
that; what moves water is tried by a short shot, under all rules of a shot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.components.http import KEY_HASS_USER
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.core import Context
from homeassistant.helpers.http import current_request
from homeassistant.helpers.selector import BooleanSelector
from homeassistant.helpers.translation import async_get_translations

from vfarm_core.control.inputs import RunShot
from vfarm_core.control.readings import parse
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.roles import Role, RoleKind, spec
from vfarm_core.farm.units import UnitError

from ..const import CONF_BINDINGS, DOMAIN
from ..data import VfarmData
from ..entity_values import raw_of
from ..farm_data import Part, farm_dict, usable_farm
from ..people import by_of
from ..words import Words
from .bindable import CONF_ROLE
from .binding import CONF_BINDING
from .language import async_language
from .proposing import ProposalSteps, said

CONF_PULSE = "pulse"
#: How long a shot is that tries a valve or a pump (s): long enough for a meter to see it (design
#: choice), never longer than what is declared.
PULSE_S = 10.0
#: What a shot of a circuit opens.
_WATERED = (Role.IRRIGATION_VALVE, Role.IRRIGATION_PUMP)


class TryingSteps(ProposalSteps):
    """Steps that show what a binding says now."""

    def __init__(self) -> None:
        """Begin with nothing to try."""
        super().__init__()
        self._tried = ""

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

    def _circuit(self) -> str | None:
        """The circuit whose shot tries the binding: its own, or the first one that its pump feeds;
        only of a binding that is saved."""
        data, binding = self._running(), self._as_drafted()
        if data is None or binding is None or binding.role not in _WATERED:
            return None
        farm = data.farm
        if farm.binding.get(binding.id) != binding:
            return None
        if binding.role is Role.IRRIGATION_VALVE:
            return binding.node
        fed = farm.circuits_of_pump.get(binding.node, ())
        return fed[0].id if fed else None

    # -- steps ----------------------------------------------------------------------------------

    async def async_step_test_binding(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which binding to try."""
        if user_input is not None:
            self._tried = user_input[CONF_BINDING]
            return await self.async_step_tested()
        return self.async_show_form(step_id="test_binding", data_schema=self._which())

    async def async_step_tested(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what it says; water for a moment when a person says so, and show it again."""
        words = await self._async_sentences()
        errors: dict[str, str] = {}
        why = ""
        circuit = self._circuit()
        if user_input is not None:
            if not user_input.get(CONF_PULSE) or circuit is None:
                return await self.async_step_menu()
            why = self._water(circuit, words)
            if why:
                errors = {"base": "test_refused"}
        fields: dict[vol.Marker, Any] = {}
        if circuit is not None:
            # Never ticked beforehand: each shot is one that somebody wanted.
            fields[vol.Optional(CONF_PULSE, default=False)] = BooleanSelector()
        self._binding = next(dict(b) for b in self.draft[CONF_BINDINGS] if b["id"] == self._tried)
        role = self.role_name(self._binding[CONF_ROLE])
        return self.async_show_form(
            step_id="tested",
            data_schema=vol.Schema(fields),
            errors=errors,
            description_placeholders={
                CONF_ROLE: role,
                "findings": "\n\n".join(self._findings(words)),
                "why": why,
            },
        )

    def _water(self, circuit: str, words: Words) -> str:
        """Ask for a short shot; why there is none, in words, where it is refused."""
        data = self._running()
        assert data is not None
        request = current_request.get()
        user = request.get(KEY_HASS_USER) if request is not None else None
        by = by_of(self.hass, Context(user_id=user.id if user is not None else None))
        answer = data.engine.request(
            RunShot(circuit=circuit, duration_s=self._pulse_s(data), by=by)
        )
        if answer.refused is None:
            return ""
        params: Mapping[str, Any] = answer.params
        return words.message(answer.refused, {key: str(value) for key, value in params.items()})

    def _pulse_s(self, data: VfarmData) -> float:
        """Shorter than anything that is opened may be on."""
        declared = data.farm.binding[self._tried].declaration
        longest = declared.max_on_s if declared is not None else None
        return PULSE_S if longest is None else min(PULSE_S, longest / 2)


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
