"""`vfarm devices …`: the profiles of Modbus devices, those that ship and your own.

Exit codes: 0 good, 1 a profile that is none or that does not exist, 2 wrong usage.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ..devices.modbus.errors import Problem, ProfileError
from ..devices.modbus.library import shelf
from ..devices.modbus.load import load_file
from ..devices.modbus.profile import Profile, Register
from ..devices.modbus.roles import INTERVAL_S, group_of
from .printing import plain_console, print_json, refused_documents

app = typer.Typer(no_args_is_help=True, help="Profiles of devices: list, show and check them.")

Directory = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        "-d",
        help="A directory with profiles of your own.",
        exists=True,
        file_okay=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_profiles(directory: Directory = None, as_json: AsJson = False) -> None:
    """The profiles that ship with vfarm, and your own with --directory."""
    found = shelf(directory)
    if as_json:
        profiles = [
            {**_header(profile), "file": found.files.get(profile.id)}
            for profile in found.profiles.values()
        ]
        problems = [asdict(problem) for problem in found.problems]
        print_json({"profiles": profiles, "problems": problems})
    else:
        table = Table("Id", "Device", "Kind", "Registers", "Confidence", "From", box=None)
        table.columns[0].no_wrap = True
        for profile in found.profiles.values():
            table.add_row(
                profile.id,
                profile.name,
                ", ".join(profile.kinds),
                str(len(profile.registers)),
                profile.confidence,
                found.files.get(profile.id, "vfarm"),
            )
        plain_console().print(table)
        for problem in found.problems:
            typer.echo(str(problem), err=True)
    if found.problems:
        raise typer.Exit(1)


@app.command()
def show(
    profile_id: Annotated[str, typer.Argument(metavar="ID", help="The profile's id.")],
    directory: Directory = None,
    as_json: AsJson = False,
) -> None:
    """One profile: its link, its registers and where they come from."""
    with refused_documents(as_json):
        profile = shelf(directory).get(profile_id)
    if as_json:
        registers = [_register(register) for register in profile.registers]
        texts = {"sources": list(profile.sources), "notes": profile.notes}
        variants = [asdict(variant) for variant in profile.variants]
        print_json({**_header(profile), "registers": registers, "variants": variants, **texts})
        return
    console = plain_console()
    console.print(f"{profile.name}  {profile.id}", style="bold")
    link = profile.link
    line = f"{link.baud} baud, 8{link.parity}{link.stopbits}, unit {link.unit}"
    console.print(f"As it leaves the factory: {line}. Confidence: {profile.confidence}.")
    table = Table("Key", "Address", "Type", "Unit", "Access", "Read", "Role", "Note", box=None)
    for register in profile.registers:
        interval = INTERVAL_S.get(group_of(register))
        table.add_row(
            register.key,
            f"{register.space} {register.address}",
            register.type,
            register.unit,
            register.access,
            "–" if interval is None else f"{interval:g} s",
            register.role or "",
            register.note + ("" if register.verified else " (inferred)"),
        )
    console.print(table)
    if profile.notes:
        console.print(profile.notes)
    for variant in profile.variants:
        console.print(f"Variant {variant.id}: {variant.note}")
    for source in profile.sources:
        console.print(f"Source: {source}")


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Profile files.")],
    as_json: AsJson = False,
) -> None:
    """Check profile files: every problem with its file, line and path, test vectors included."""
    results: list[tuple[Path, Profile | None, tuple[Problem, ...]]] = []
    for path in files:
        try:
            results.append((path, load_file(path), ()))
        except ProfileError as err:
            results.append((path, None, err.problems))
    failed = any(problems for _, _, problems in results)
    if as_json:
        told = [
            {
                "file": str(path),
                "id": None if profile is None else profile.id,
                "problems": [asdict(problem) for problem in problems],
            }
            for path, profile, problems in results
        ]
        answer: dict[str, Any] = {"ok": not failed, "files": told}
        if failed:
            count = sum(len(problems) for _, _, problems in results)
            answer["error"] = {"message": f"problems: {count}"}
        print_json(answer)
    else:
        for path, profile, problems in results:
            for problem in problems:
                typer.echo(str(problem), err=True)
            if profile is not None:
                counts = f"{len(profile.registers)} registers, {len(profile.vectors)} tests"
                typer.echo(f"{path}: {profile.id} is good ({counts})")
    if failed:
        raise typer.Exit(1)


def _header(profile: Profile) -> dict[str, Any]:
    return {
        "id": profile.id,
        "name": profile.name,
        "kind": list(profile.kinds),
        "confidence": profile.confidence,
        "link": asdict(profile.link),
        "models": list(profile.models),
    }


def _register(register: Register) -> dict[str, Any]:
    return {
        "key": register.key,
        "space": register.space,
        "address": register.address,
        "type": register.type,
        "unit": register.unit,
        "access": register.access,
        "role": register.role,
        "group": group_of(register),
        "range": register.range,
        "codes": {str(code): label for code, label in register.codes.items()},
        "wears": register.wears,
        "verified": register.verified,
        "note": register.note,
    }
