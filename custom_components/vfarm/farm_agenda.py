"""The core's agenda of a running farm, looked at again when something of it has changed."""

from __future__ import annotations

from vfarm_core.control.agenda import Agenda, agenda

from .engine import Engine

#: Without anything that happened an agenda holds for so long (s of farm time).
_HOLDS_S = 900.0


class FarmAgenda:
    """The agenda of a running farm, worked out once for all who show it."""

    def __init__(self, engine: Engine, *, onboarding: bool) -> None:
        """Know nothing yet."""
        self._engine = engine
        self._onboarding = onboarding
        self._made_of: tuple[object, ...] = (None,) * 4
        self._quarter = 0.0
        self._known: Agenda | None = None

    def now(self) -> Agenda:
        """The agenda: the same object while it is the same one."""
        engine = self._engine
        memory, now = engine.runtime.memory, engine.clock.now()
        made_of = (engine.farm, memory.batches, memory.recipes, memory.tasks)
        quarter = now.farm // _HOLDS_S
        known = self._known
        same = all(new is old for new, old in zip(made_of, self._made_of, strict=True))
        if known is None or not same or quarter != self._quarter:
            known = agenda(engine.farm, memory, now, onboarding=self._onboarding)
            self._known, self._made_of, self._quarter = known, made_of, quarter
        return known

    def forget(self) -> None:
        """Something else has happened that it is made of."""
        self._known = None
