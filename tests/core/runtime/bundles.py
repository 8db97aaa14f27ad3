"""A bench farm with a real journal, and how it comes back from a file."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.core.support import Bench, HandClock, MemoryJournal
from vfarm_core.control.effects import Command, Record
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.remap import Table
from vfarm_core.runtime.bundle import open_bundle, write_bundle
from vfarm_core.runtime.journal import Journal
from vfarm_core.runtime.place import Place, install, look
from vfarm_core.runtime.restore import plan_import
from vfarm_core.runtime.runtime import Runtime
from vfarm_core.twin.farm import Twin
from vfarm_core.twin.ports import Collector, TwinActuators
from vfarm_core.twin.ports import MemoryJournal as TwinJournal
from vfarm_core.twin.simulate import Simulation

MADE_AT = 1_772_500_000.0

#: Journals that a test has opened, for its end.
OPENED: list[Journal] = []


def opened(path: Path) -> Journal:
    """A journal that is closed after the test."""
    OPENED.append(Journal(path))
    return OPENED[-1]


class DiskJournal(MemoryJournal):
    """Writes to a real file too."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.file = opened(path)

    def append(self, records: Sequence[Record], done: Callable[[str | None], None]) -> None:
        self.file.append(records)
        super().append(records, done)


def on_disk(bench: Bench, path: Path) -> Path:
    """From now on the bench writes to this file, and all that it remembers is in it."""
    journal = DiskJournal(path)
    journal.records = list(bench.journal.records)
    journal.file.append(journal.records)
    bench.journal = journal
    bench.runtime._journal = journal
    return path


def goes_on[B: Bench](bench: B, journal: Path, *, farm: Farm | None = None) -> B:
    """A copy of a bench, with hardware and world as they are, under a new process that knows no
    more than a journal."""
    other = copy.copy(bench)
    other.clock = HandClock(farm=bench.clock.farm + 30.0, mono=5.0)
    other.farm = farm or bench.farm
    for name, value in vars(bench).items():
        if isinstance(value, dict | set):
            setattr(other, name, copy.copy(value))
        elif isinstance(value, list):
            setattr(other, name, [])
    other.journal = DiskJournal(journal)
    other.boot(other.journal.file.load())
    return other


def starts_again(run: Simulation, farm: Farm, journal: Path) -> Noted:
    """A simulated farm, its plants and water as they are, under a new process that knows no more
    than a journal; what it commands."""
    actuators = run.actuators = Noted(run.twin)
    file = opened(journal)
    run.journal = TwinJournal(file)
    run.listener = Collector()
    run.farm = farm
    run.runtime = Runtime(
        farm,
        clock=run.clock,
        actuators=actuators,
        journal=run.journal,
        listener=run.listener,
        memory=file.load(),
        show=False,
    )
    actuators.feed = run.runtime.feed
    run.runtime.start(run.twin.all_reports())
    return actuators


class Noted(TwinActuators):
    """Carries commands, and remembers them."""

    def __init__(self, twin: Twin) -> None:
        super().__init__(twin)
        self.commands: list[Command] = []

    def send(self, command: Command, binding: Binding) -> None:
        self.commands.append(command)
        super().send(command, binding)


def slices(journal: Path) -> dict[str, Any]:
    """What a journal keeps."""
    with closing(Journal(journal)) as file:
        rows = file._db.execute("SELECT key, at, data FROM slices").fetchall()
    return {key: (at, data) for key, at, data in rows}


def export(bench: Bench, file: Path, **more: Any) -> Path:
    """The bundle of a bench that runs."""
    assert isinstance(bench.journal, DiskJournal)
    write_bundle(file, bench.farm, bench.journal.path, made_at=MADE_AT, **more)
    return file


def bring(file: Path, folder: Path, table: Table | None = None) -> Place:
    """A bundle imported into a folder."""
    place = Place(folder)
    with open_bundle(file) as bundle:
        plan = plan_import(bundle, look(place), table or {}, None)
        install(place, bundle, plan, at=MADE_AT + 60, by="person")
    return place


def renamed(farm: Farm, prefix: str) -> Farm:
    """The farm with all its entities under other names."""
    return replace(
        farm, bindings=tuple(replace(b, entity=f"{prefix}{b.entity}") for b in farm.bindings)
    )
