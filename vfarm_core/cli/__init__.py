"""`vfarm …`: the core without Home Assistant, from the command line.

Each command lives in a module of its own that is loaded when it is called, so that a formula
does not wait for the twin and a part that is not installed only fails when it is wanted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Annotated

import typer

from .. import __version__

#: command -> module with its `app`, and what the help says of it
COMMANDS: Mapping[str, tuple[str, str]] = {
    "ble": (".ble", "Bluetooth meters: find and read them."),
    "devices": (".devices", "Profiles of Modbus devices: list, show and check them."),
    "farm": (".farm", "A whole farm: export it to one file, import it elsewhere."),
    "ledger": (".ledger", "The history of a farm: verify, trace, sum up, export."),
    "modbus": (".modbus", "Modbus devices: find, read and write them."),
    "nutrients": (".nutrients", "Nutrient solutions: salts, stocks, acid, EC."),
    "plan": (".plan", "Orders to sowing dates, bookings of levels and tasks."),
    "recipes": (".recipes", "Recipes: list, show, check, compare and exchange them."),
    "replay": (".replay", "What a farm decided, made again from its diagnostics."),
    "science": (".science", "Formulas of air, light and water."),
    "station": (".station", "Field hardware: the protection that outlives the controller."),
    "twin": (".twin", "The simulated crop and the simulated farm."),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends by raising SystemExit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    build(given)(args=given, prog_name="vfarm")


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command line with the sub-commands that `arguments` call for loaded, all of them when
    they name none."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=_HELP)
    app.callback()(_root)
    called = next((word for word in arguments if not word.startswith("-")), None)
    for name, (module, text) in COMMANDS.items():
        if called is None or called == name or called not in COMMANDS:
            _add(app, name, module, text)
    return app


def _add(app: typer.Typer, name: str, module: str, text: str) -> None:
    try:
        sub: typer.Typer = import_module(module, __package__).app
    except ImportError as err:
        app.command(
            name,
            help=text,
            add_help_option=False,
            context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        )(_absent(name, str(err)))
    else:
        app.add_typer(sub, name=name, help=text)


def _absent(name: str, why: str) -> Callable[[typer.Context], None]:
    def absent(context: typer.Context) -> None:
        message = f"vfarm {name} is not installed here: {why}"
        if "--json" in context.args:
            typer.echo(json.dumps({"error": {"message": message}}, ensure_ascii=False))
        else:
            typer.echo(message, err=True)
        raise typer.Exit(1)

    return absent


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vfarm {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


_HELP = "The operating system of a vertical farm, from the command line."
