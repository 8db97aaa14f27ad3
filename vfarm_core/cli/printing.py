"""What the subcommands print alike: data as JSON, texts of other people, documents refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
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
def refused_documents(as_json: bool) -> Iterator[None]:
    """A document that is refused becomes one line per problem and exit code 1."""
    try:
        yield
    except (ProfileError, RecipeError) as err:
        if as_json:
            problems = [asdict(problem) for problem in err.problems]
            print_json({"error": {"message": str(err), "problems": problems}})
        else:
            typer.echo(str(err), err=True)
        raise typer.Exit(1) from err
