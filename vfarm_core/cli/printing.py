"""What the subcommands print alike: data as JSON, texts of other people, documents refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from math import isfinite
from typing import Any

import typer
from rich.console import Console

from ..devices.modbus.errors import ProfileError
from ..recipes.errors import RecipeError


def plain_console() -> Console:
    """A console for titles and notes of growers: brackets in them are text."""
    return Console(markup=False, highlight=False)


def print_json(data: Any) -> None:
    """Print data as one line of JSON."""
    typer.echo(json.dumps(data, ensure_ascii=False))


@contextmanager
def refusals(
    as_json: bool,
    *kinds: type[Exception],
    facts: Callable[[Any], Mapping[str, Any]] = lambda _error: {},
    code: Callable[[Any], int] = lambda _error: 1,
) -> Iterator[None]:
    """What is refused with one of `kinds` becomes its own words and an exit code; as JSON with the
    `facts` of it, for those who do not read words."""
    try:
        yield
    except kinds as error:
        if as_json:
            print_json({"error": {"message": str(error), **facts(error)}})
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(code(error)) from error


def refused_documents(as_json: bool) -> AbstractContextManager[None]:
    """A document that is refused becomes one line per problem and exit code 1."""

    def facts(error: ProfileError | RecipeError) -> dict[str, Any]:
        return {"problems": [asdict(problem) for problem in error.problems]}

    return refusals(as_json, ProfileError, RecipeError, facts=facts)


def argument_facts(error: Any) -> dict[str, Any]:
    """The argument that was refused, where the error names one."""
    if not hasattr(error, "argument"):
        return {}
    value = error.value
    # JSON has no word for NaN and infinity.
    shown = value if isinstance(value, float) and isfinite(value) else str(value)
    return {"argument": error.argument, "value": shown, "accepted": error.accepted}
