"""Every shipped profile on servers of two makers, over TCP and over RTU in a socket."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.core.devices.modbus.servers import SERVERS, expected, filled, linked, sample, serving
from vfarm_core.devices.modbus.codec import State
from vfarm_core.devices.modbus.device import Device, End
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.profile import DataType, Profile, Register

PROFILES = shelf().profiles


def _brisk(profile: Profile) -> Profile:
    """Without the pauses that slow hardware needs."""
    return replace(profile, limits=replace(profile.limits, spacing_s=0.0))


@pytest.mark.parametrize(("maker", "framing"), SERVERS, ids=[f"{m}-{f}" for m, f in SERVERS])
@pytest.mark.parametrize("name", PROFILES)
def test_a_device_reads_what_the_server_holds(name: str, maker: str, framing: str) -> None:
    profile = _brisk(PROFILES[name])

    async def run() -> None:
        banks = {profile.link.unit: filled(profile)}
        async with serving(maker, framing, banks) as port, linked(port, framing) as link:
            device = Device(link.for_unit(profile.link.unit), profile)
            poll = await device.read()
            for register in (r for r in profile.registers if r.readable):
                found = poll.readings[register.key]
                assert found.why is None, (register.key, found)
                wanted = expected(profile, register)
                if register.codes:
                    assert found.label == wanted, register.key
                else:
                    assert found.value == pytest.approx(wanted, rel=1e-6), register.key
            assert not device.learned.unsupported
            assert not device.learned.cuts, "the memory has all that the profile says"

    asyncio.run(run())


@pytest.mark.parametrize(("maker", "framing"), SERVERS, ids=[f"{m}-{f}" for m, f in SERVERS])
@pytest.mark.parametrize("name", [n for n, p in PROFILES.items() if p.vectors])
def test_a_device_reads_its_test_vectors(name: str, maker: str, framing: str) -> None:
    profile = _brisk(PROFILES[name])

    async def run() -> None:
        for vector in profile.vectors:
            bank = filled(profile)
            bank.put(vector.space, vector.start, vector.words)
            async with (
                serving(maker, framing, {profile.link.unit: bank}) as port,
                linked(port, framing) as link,
            ):
                device = Device(link.for_unit(profile.link.unit), profile)
                poll = await device.read(vector.expect)
                for key, wanted in vector.expect.items():
                    assert poll.readings[key].value == pytest.approx(wanted, rel=1e-5), key
                for key, value in vector.writes.items():
                    written = await device.write(key, value)
                    assert written.end is End.VERIFIED, written
                    assert written.found is not None
                    assert written.found.words == vector.written

    asyncio.run(run())


def _drives(register: Register) -> bool:
    return (
        register.writable
        and register.readable
        and not register.wears
        and (register.type is DataType.BOOL or not register.space.is_bits)
    )


@pytest.mark.parametrize(("maker", "framing"), SERVERS, ids=[f"{m}-{f}" for m, f in SERVERS])
@pytest.mark.parametrize(
    "name", [n for n, p in PROFILES.items() if any(_drives(r) for r in p.registers)]
)
def test_what_a_device_writes_is_verified(name: str, maker: str, framing: str) -> None:
    profile = _brisk(PROFILES[name])

    async def run() -> None:
        banks = {profile.link.unit: filled(profile)}
        async with serving(maker, framing, banks) as port, linked(port, framing) as link:
            device = Device(link.for_unit(profile.link.unit), profile)
            for register in filter(_drives, profile.registers):
                value: float | bool | str = not sample(register)
                if register.codes:
                    value = list(register.codes.values())[-1]
                elif register.type is not DataType.BOOL:
                    value = register.range[1] if register.range else 2 * register.scale
                written = await device.write(register.key, value)
                assert written.end is End.VERIFIED, written
                assert written.found is not None
                assert written.found.state is State.GOOD
                read = (await device.read([register.key])).readings[register.key]
                assert read.words == written.found.words

    asyncio.run(run())
