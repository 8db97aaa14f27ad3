"""What is started by commands is known by its sequences; what could not be seen to turn is not."""

from __future__ import annotations

from dataclasses import replace

from vfarm_core.devices.modbus.drive import drive_of
from vfarm_core.devices.modbus.library import shelf


def test_the_drives_of_the_library_are_known_with_speed_and_feedback() -> None:
    found = {p.id: d for p in shelf().profiles.values() if (d := drive_of(p)) is not None}
    assert {
        name: (d.start, d.stop, d.parameter, d.speed.key, d.turns.key, d.most)
        for name, d in found.items()
    } == {
        "delta_ms300": (
            *("run_forward", "stop", "hz", "frequency_setpoint", "output_frequency", 60.0),
        ),
        "schneider_atv": ("run", "stop", "hz", "frequency_setpoint", "output_frequency", 60.0),
    }


def test_a_drive_that_nobody_can_see_turn_or_whose_speed_has_no_range_is_none() -> None:
    drive = shelf().get("delta_ms300")
    blind = [r for r in drive.registers if r.role != "actuator.feedback"]
    assert drive_of(replace(drive, registers=tuple(blind))) is None
    endless = [replace(r, range=None) for r in drive.registers]
    assert drive_of(replace(drive, registers=tuple(endless))) is None
    nameless = {k: v for k, v in drive.sequences.items() if k == "stop"}
    assert drive_of(replace(drive, sequences=nameless)) is None
    # Nothing is asked for: its speed is set elsewhere.
    fixed = {**drive.sequences, "run_forward": drive.sequences["stop"]}
    assert drive_of(replace(drive, sequences=fixed)) is None
