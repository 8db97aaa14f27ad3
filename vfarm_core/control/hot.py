"""Values that a step makes by the thousand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import dataclass_transform, overload


@overload
def hot_value[T](cls: type[T], /) -> type[T]: ...
@overload
def hot_value[T](*, kw_only: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def hot_value[T](
    cls: type[T] | None = None, /, *, kw_only: bool = True
) -> type[T] | Callable[[type[T]], type[T]]:
    """A frozen dataclass whose freezing is checked by mypy alone: `frozen=True` would write every
    field of every new value through `object.__setattr__`, which is two thirds of what it costs.

    With `kw_only=False` it can be made by position, all fields in their order: a class that is
    called with keywords has a dictionary made of them first, which costs three times as much. Only
    where values are made by the thousand; everywhere else fields are named."""
    make = dataclass(slots=True, kw_only=kw_only, unsafe_hash=True)
    return make if cls is None else make(cls)
