"""The core's agenda of a running farm, looked at again when something of it has changed."""

from __future__ import annotations

from collections.abc import Callable

from homeassistant.core import CALLBACK_TYPE, callback

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
        self._listeners: list[Callable[[], None]] = []

    @callback
    def listen(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Hear when what is said of the agenda is another thing, though it is the same one."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def tell(self) -> None:
        """What is said of the agenda has changed."""
        for listener in (*self._listeners,):
            listener()

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
