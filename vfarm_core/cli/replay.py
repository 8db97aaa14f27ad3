"""`vfarm replay FILE`: what a farm decided, made again from the diagnostics it gave."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from ..control.reasons import Reason
from ..runtime.replay import Replayed, ReplayError
from ..runtime.replay import replay as run

app = typer.Typer(invoke_without_command=True, context_settings={"allow_interspersed_args": True})


@app.callback()
def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Diagnostics that a farm was downloaded as.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run the recorded steps of a farm again: the same commands for the same reasons?

    Ends with 1 when anything is decided otherwise than recorded.
    """
    try:
        found = run(_recording(file))
    except ReplayError as err:
        if as_json:
            typer.echo(orjson.dumps({"error": {"message": f"{file}: {err}"}}).decode())
        else:
            typer.echo(f"{file}: {err}", err=True)
        raise typer.Exit(1) from err
    if as_json:
        typer.echo(orjson.dumps({"same": not found.differences, **asdict(found)}).decode())
    else:
        _show(found)
    if found.differences:
        raise typer.Exit(1)


def _recording(file: Path) -> dict[str, Any]:
    try:
        data = orjson.loads(file.read_bytes())
    except OSError as err:
        raise ReplayError(err.strerror or str(err)) from err
    except orjson.JSONDecodeError as err:
        raise ReplayError(f"it is no JSON: {err}") from err
    # Home Assistant puts what an integration says below `data`.
    told = data.get("data", data) if isinstance(data, dict) else None
    found = told.get("replay") if isinstance(told, dict) else None
    if not isinstance(found, dict):
        raise ReplayError("it has no recording of a farm's decisions")
    return found


def _show(found: Replayed) -> None:
    for point, decided in found.actuators.items():
        reason = decided["reason"]
        why = "" if reason is None else Reason(reason["code"], reason["params"]).text
        wanted = "-" if decided["wanted"] is None else f"{decided['wanted']:.0%}"
        typer.echo(f"{point}: {wanted} {why}".rstrip())
    for one in found.differences:
        typer.echo(f"{one.step}, {one.what}: recorded {one.recorded}, now {one.replayed}", err=True)
    if not found.differences:
        typer.echo(f"the same decisions for {len(found.actuators)} actuators")
