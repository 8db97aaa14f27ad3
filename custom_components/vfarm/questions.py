"""What may be asked of a farm by voice, with the sentences of `custom_sentences`: how a place is,
and why its devices do what they do. Both only read."""

from __future__ import annotations

from typing import Any, ClassVar, override

import voluptuous as vol
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import intent
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN
from .places import async_find, name_of
from .speech import Speaker
from .targets import Target
from .texts import async_texts

INTENT_HOW = "VfarmHowIs"
INTENT_WHY = "VfarmWhy"

#: So many places are named when it is not clear which one is meant.
_MOST_NAMED = 5


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Register what can be asked. Not as a platform of `intent`, which Home Assistant loads some
    time after the farm: whoever asks before would hear that nobody knows the question."""
    intent.async_register(hass, HowIs())
    intent.async_register(hass, Why())


class PlaceIntent(intent.IntentHandler):
    """A question about a place, which is named by its kind and the rest (`rack`, `two`), or whole.

    Slots: `vfarm_kind` and `vfarm_rest`, or `vfarm_place`; the farm where none of them is given.
    """

    slot_schema: ClassVar[dict[Any, Any]] = {
        vol.Optional("vfarm_kind"): str,
        vol.Optional("vfarm_rest"): str,
        vol.Optional("vfarm_place"): str,
    }

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Answer in the language of the question."""
        response = intent_obj.create_response()
        response.response_type = intent.IntentResponseType.QUERY_ANSWER
        response.async_set_speech(await self._async_answer(intent_obj))
        return response

    async def _async_answer(self, intent_obj: intent.Intent) -> str:
        hass, language = intent_obj.hass, intent_obj.language
        said = _said(intent_obj)
        found = async_find(hass, said)
        if not found:
            return await _async_say(hass, language, "voice_unknown_place", place=said)
        if len(found) > 1:
            names = [name_of(target) for target in found[:_MOST_NAMED]]
            return await _async_say(hass, language, "voice_which_place", places="; ".join(names))
        (target,) = found
        data = target.entry.runtime_data
        speaker = Speaker(
            target.farm,
            data.engine.snapshot,
            await async_texts(hass, language),
            data.engine.clock.now().farm,
        )
        answer = self.answer(speaker, target, intent_obj)
        if not answer:
            name = name_of(target)
            return await _async_say(hass, language, "voice_nothing_there", place=name)
        return answer

    def answer(self, speaker: Speaker, target: Target, intent_obj: intent.Intent) -> str:
        """The answer for one place; "" where there is none."""
        raise NotImplementedError


class HowIs(PlaceIntent):
    """How a place is."""

    intent_type = INTENT_HOW
    description = "How a place of the vertical farm is: what grows there and what is wrong"

    @override
    def answer(self, speaker: Speaker, target: Target, intent_obj: intent.Intent) -> str:
        return speaker.how_is(target.node, name_of(target))


class Why(PlaceIntent):
    """Why the devices of a place do what they do."""

    intent_type = INTENT_WHY
    description = "Why a lamp, pump or other device of the vertical farm is on or off"
    slot_schema: ClassVar[dict[Any, Any]] = {
        **PlaceIntent.slot_schema,
        vol.Optional("vfarm_what"): str,
    }

    @override
    def answer(self, speaker: Speaker, target: Target, intent_obj: intent.Intent) -> str:
        farm, node = target.farm, target.node
        nodes = [node, *(level.id for level in farm.levels if level.rack == node)]
        # A device of all levels of a zone is asked for at the zone, or at one of its levels.
        if (zone := farm.zone_of_level.get(node)) is not None:
            nodes.append(zone)
        if (circuit := farm.circuit_of_level.get(node)) is not None:
            nodes.append(circuit)
        what = _slot(intent_obj, "vfarm_what")
        return speaker.why(nodes if what else nodes[:1], what)


def _slot(intent_obj: intent.Intent, name: str) -> str:
    return str(intent_obj.slots.get(name, {}).get("value", "")).strip()


def _said(intent_obj: intent.Intent) -> str:
    """What place was named: the kind as it was said, not as the list has it."""
    kind = intent_obj.slots.get("vfarm_kind", {})
    parts = [str(kind.get("text") or kind.get("value") or ""), _slot(intent_obj, "vfarm_rest")]
    parts.append(_slot(intent_obj, "vfarm_place"))
    return " ".join(part.strip(" ?!.,") for part in parts if part.strip(" ?!.,")) or "farm"


async def _async_say(hass: HomeAssistant, language: str, key: str, **placeholders: str) -> str:
    """A sentence of the integration in the language of the question."""
    texts = await async_get_translations(hass, language, "exceptions", {DOMAIN})
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message", key)
    return text.format_map(placeholders)
