"""The flow of a subentry: the node's fields, its bindings, and nothing saved before it is right.

A flow works on a draft. Every step checks the whole farm with the draft in it; only "save" writes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, override

import voluptuous as vol
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from vfarm_core.farm.build import Problem

from ..const import CONF_BINDINGS, SubentryType
from ..data import VfarmData
from ..farm_data import Part, new_id, node_ids, parts_of, unique_id
from ..naming import async_naming
from . import numbers
from .checks import Words, async_words, form_errors, problems_of_part
from .known import async_presets
from .language import async_language, async_role_names
from .numbers import FiniteNumberSelector, WholeNumberSelector, box
from .trying import TryingSteps

CONF_NAME = "name"
CONF_LEAD = "lead_batch"


def number(unit: str | None = None, step: float | None = None) -> FiniteNumberSelector:
    """A number box. Ranges are the core's to judge, so that the error says what is wrong."""
    return box(unit, step)


def count() -> WholeNumberSelector:
    """A box for how many of something there are."""
    return numbers.count(1, 100)


def choice(options: Iterable[tuple[str, str]], *, multiple: bool = False) -> SelectSelector:
    """A choice among nodes: id and name."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=value, label=label) for value, label in options],
            multiple=multiple,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


class NodeFlow(TryingSteps, ConfigSubentryFlow):
    """Create or edit one node. Subclasses say what its fields are."""

    #: What must exist before such a node makes sense, and the reason to abort without it.
    needs: ClassVar[tuple[SubentryType, str] | None] = None
    #: Problems that a later step of the flow mends: they keep it from being saved, not from going
    #: on.
    later: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        """Begin with an empty draft."""
        super().__init__()
        self.title = ""
        self.draft: dict[str, Any] = {CONF_BINDINGS: []}

    # -- what a subclass says -------------------------------------------------------------------

    @abstractmethod
    def fields(self) -> dict[vol.Marker, Any]:
        """The form of the node's own fields, without its name."""

    def suggested(self) -> Mapping[str, Any]:
        """The values the form shows first."""
        return self.shown_draft()

    def apply(self, draft: dict[str, Any], values: Mapping[str, Any]) -> None:
        """Put the values of the form into a draft."""
        draft.update(values)

    def menu(self) -> list[str]:
        """The steps of the menu that are this node's own."""
        return []

    # -- the farm around ------------------------------------------------------------------------

    @property
    def replaces(self) -> str | None:
        """The subentry this flow edits."""
        return self._reconfigure_subentry_id if self.source == SOURCE_RECONFIGURE else None

    def others(self) -> list[Part]:
        """The rest of the farm."""
        return parts_of(self._get_entry(), without=self.replaces)

    def nodes(self, kind: SubentryType) -> list[tuple[str, str]]:
        """Id and name of the farm's nodes of a kind."""
        return [(p.data["id"], p.title) for p in self.others() if p.type is kind]

    def levels(self) -> list[tuple[str, str]]:
        """Id and name of all levels, with their rack."""
        return [
            (level["id"], f"{part.title} · {level['name']}")
            for part in self.others()
            if part.type is SubentryType.RACK
            for level in part.data["levels"]
        ]

    def batches(self) -> list[tuple[str, str]]:
        """Id and title of the batches that stand in the farm. While it does not run nobody knows
        them: the one that leads is kept, under its id."""
        data = getattr(self._get_entry(), "runtime_data", None)
        if isinstance(data, VfarmData) and data.engine.running:
            kept = data.engine.runtime.memory.batches.values()
            return [(batch.id, batch.title) for batch in kept if batch.is_growing]
        lead = self.draft.get(CONF_LEAD)
        return [(lead, lead)] if lead else []

    def lead_field(self) -> dict[vol.Marker, Any]:
        """The batch that is followed where several share air or water; nothing to choose from
        while nothing grows."""
        batches = self.batches()
        return {vol.Optional(CONF_LEAD): choice(batches)} if batches else {}

    def shown_draft(self) -> dict[str, Any]:
        """The draft as its form shows it: without a lead batch that is gone."""
        gone = self.draft.get(CONF_LEAD) not in {batch for batch, _ in self.batches()}
        return {k: v for k, v in self.draft.items() if not (gone and k == CONF_LEAD)}

    def fresh_id(self, name: str, *more: str) -> str:
        """An id for a new node that nothing in the farm has."""
        return new_id(name, node_ids(self.others()) | {self._entry_id, "farm", *more})

    def problems(self, title: str, draft: Mapping[str, Any]) -> tuple[Problem, ...]:
        """What would be wrong with the farm because of a draft."""
        return tuple(p for p in self._all_problems(title, draft) if p.key not in self.later)

    def _all_problems(self, title: str, draft: Mapping[str, Any]) -> tuple[Problem, ...]:
        part = Part(type=self.type, title=title, data=draft)
        return problems_of_part(self.hass, self._get_entry(), part, self.replaces)

    async def _async_words(self) -> Words:
        language = await async_language(self.hass)
        draft = Part(type=self.type, title=self.title, data=self.draft)

        def named(problem: Problem) -> Problem:
            naming = async_naming(self.hass, self._get_entry(), language, draft)
            return naming.problem(problem)

        return await async_words(self.hass, f"config_subentries.{self.type}", named)

    @override
    async def async_errors(
        self, found: Iterable[Problem], fields: Iterable[str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        return form_errors(await self._async_words(), found, fields)

    # -- steps ----------------------------------------------------------------------------------

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin a new node."""
        self.role_names = await async_role_names(self.hass)
        self.presets = await async_presets(self.hass)
        if self.needs is not None and not self.nodes(self.needs[0]):
            return self.async_abort(reason=self.needs[1])
        return await self.async_step_node()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with the node as it is."""
        self.role_names = await async_role_names(self.hass)
        self.presets = await async_presets(self.hass)
        subentry = self._get_reconfigure_subentry()
        self.title = subentry.title
        self.draft = {
            **subentry.data,
            CONF_BINDINGS: [dict(b) for b in subentry.data.get(CONF_BINDINGS, ())],
        }
        return await self.async_step_menu()

    async def async_step_node(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the node's own fields."""
        schema = vol.Schema({vol.Required(CONF_NAME): TextSelector(), **self.fields()})
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            values = dict(user_input)
            title = values.pop(CONF_NAME).strip()
            draft = {**self.draft}
            if "id" not in draft:
                draft["id"] = self.fresh_id(title)
            self.apply(draft, values)
            errors, placeholders = await self.async_errors(self.problems(title, draft), user_input)
            if not title:
                errors = {CONF_NAME: "name_empty"}
            if not errors:
                self.title, self.draft = title, draft
                return await self.async_step_menu()
        shown = user_input or ({CONF_NAME: self.title, **self.suggested()} if self.title else {})
        return self.async_show_form(
            step_id="node",
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders=placeholders,
        )

    @override
    async def async_step_menu(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """What to do next with the draft."""
        missing = [p for p in self._all_problems(self.title, self.draft) if p.key in self.later]
        save = [] if missing else ["save"]
        text = self.bindings_text()
        if missing:
            words = await self._async_words()
            text = "\n\n".join((text, *(words.sentence(p) for p in missing)))
        options = [*save, "node", *self.menu(), *self.binding_menu()]
        return self.async_show_menu(
            step_id="menu",
            menu_options=options,
            description_placeholders={CONF_NAME: self.title, "bindings": text},
        )

    async def async_step_save(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Write the draft, unless the farm around it has changed so that it no longer fits."""
        if found := self._all_problems(self.title, self.draft):
            words = await self._async_words()
            return self.async_abort(
                reason="farm_changed",
                description_placeholders={"problems": " ".join(words.sentence(p) for p in found)},
            )
        key = unique_id(self.type, self.draft["id"])
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                title=self.title,
                data=self.draft,
                unique_id=key,
            )
        return self.async_create_entry(title=self.title, data=self.draft, unique_id=key)
