"""`vfarm devices …`: the profiles of Modbus devices, those that ship and your own, and the presets
of devices that come to Home Assistant in other ways.

Exit codes: 0 good, 1 a profile or preset that is none or that does not exist, 2 wrong usage.
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
from ..devices.presets import load as preset_files
from ..devices.presets.library import shipped
from ..devices.presets.preset import Known, Preset
from .printing import plain_console, print_json, refused_documents

app = typer.Typer(no_args_is_help=True, help="Profiles and presets of devices: list, show, check.")

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
    """The profiles and presets that ship with vfarm, and your own profiles with --directory."""
    found = shelf(directory)
    if as_json:
        profiles = [
            {**_header(profile), "file": found.files.get(profile.id)}
            for profile in found.profiles.values()
        ]
        problems = [asdict(problem) for problem in found.problems]
        presets = [_preset_header(preset) for preset in shipped().values()]
        print_json({"profiles": profiles, "presets": presets, "problems": problems})
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
        others = Table("Preset", "Device", "Integrations", "Entities", "Confidence", box=None)
        others.columns[0].no_wrap = True
        for preset in shipped().values():
            platforms = ", ".join(preset.platforms)
            kinds = str(len(preset.entities))
            others.add_row(preset.id, preset.name, platforms, kinds, preset.confidence)
        plain_console().print("")
        plain_console().print(others)
        for problem in found.problems:
            typer.echo(str(problem), err=True)
    if found.problems:
        raise typer.Exit(1)


@app.command()
def show(
    profile_id: Annotated[str, typer.Argument(metavar="ID", help="Its id.")],
    directory: Directory = None,
    as_json: AsJson = False,
) -> None:
    """One profile (its link, its registers) or preset (its entities), and where it comes from."""
    if directory is None and (preset := shipped().get(profile_id)) is not None:
        _show_preset(preset, as_json=as_json)
        return
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
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Profiles or presets.")],
    as_json: AsJson = False,
) -> None:
    """Check files of profiles and presets: every problem with its file, line and path, the test
    vectors of profiles included."""
    results: list[tuple[Path, Profile | Preset | None, tuple[Problem, ...]]] = []
    for path in files:
        try:
            is_preset = preset_files.says_preset(path)
            loaded = preset_files.load_file(path) if is_preset else load_file(path)
            results.append((path, loaded, ()))
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
            if isinstance(profile, Preset):
                typer.echo(f"{path}: {profile.id} is good ({len(profile.entities)} entities)")
            elif profile is not None:
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


def _preset_header(preset: Preset) -> dict[str, Any]:
    return {
        "id": preset.id,
        "name": preset.name,
        "confidence": preset.confidence,
        "platforms": list(preset.platforms),
        "makes": list(preset.makes),
    }


def _known(known: Known) -> dict[str, Any]:
    suggested = {**known.suggestion.of_reading(), **known.suggestion.of_declaration()}
    return {
        "key": known.key,
        "domains": list(known.domains),
        "classes": list(known.classes),
        "units": list(known.units),
        "words": list(known.words),
        "without": list(known.without),
        "roles": None if known.roles is None else list(known.roles),
        "named": known.named,
        "suggest": suggested,
        "checks": list(known.checks),
        "note": known.note,
    }


def _show_preset(preset: Preset, *, as_json: bool) -> None:
    if as_json:
        entities = [_known(known) for known in preset.entities]
        checks = {"checks": list(preset.checks), "watch": list(preset.watch)}
        texts = {"sources": list(preset.sources), "notes": preset.notes}
        print_json({**_preset_header(preset), "entities": entities, **checks, **texts})
        return
    console = plain_console()
    console.print(f"{preset.name}  {preset.id}", style="bold")
    console.print(f"Integrations: {', '.join(preset.platforms)}. Confidence: {preset.confidence}.")
    table = Table("Key", "Domains", "Roles", "Suggested", "To check", "Note", box=None)
    for known in preset.entities:
        told = _known(known)
        roles = "by its name" if known.roles is None else ", ".join(known.roles) or "none"
        table.add_row(
            known.key,
            ", ".join(known.domains),
            roles,
            ", ".join(f"{key}: {value}" for key, value in told["suggest"].items()),
            ", ".join(known.checks),
            known.note,
        )
    console.print(table)
    for title, asked in (("switched", preset.checks), ("measured", preset.watch)):
        if asked:
            console.print(f"To check of what is {title}: {', '.join(asked)}")
    if preset.notes:
        console.print(preset.notes)
    for source in preset.sources:
        console.print(f"Source: {source}")
