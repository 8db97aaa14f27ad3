"""`vfarm ble …` with a radio that is not there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from struct import pack
from types import SimpleNamespace

import pytest
from click.testing import Result
from typer.testing import CliRunner

from vfarm_core import cli
from vfarm_core.devices.ble import miflora, yinmik

from ..devices.ble.fake import FakeClient, FakeFlowerCare

ADDRESS = "C0:00:00:01:0B:AD"
FRAME = bytes.fromhex("FFA9FE7AFCECFFFFFFBFFFBDFF75FD0EFAED75FEACDDBB57")
ON_HOLD = bytes.fromhex("FFA9FE78FCECFFFCFFBDFFBDFF77FD2BDAEC75FE86DDBA57")
LIVE = bytes.fromhex("ea0000ab00000015b200023c00fb349b")
BATTERY = bytes.fromhex("6328332e312e39")


class BleakError(Exception):
    pass


class Radio:
    """Stands in for the module `bleak`."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, int, tuple[str, ...]]] = []
        self.client: FakeClient = FakeClient({})
        self.refuses: Exception | None = None

    def module(self) -> SimpleNamespace:
        async def discover(**options: object) -> dict[str, object]:
            assert options["return_adv"]
            if self.refuses is not None:
                raise self.refuses
            return {
                address: (
                    SimpleNamespace(address=address, name=None),
                    SimpleNamespace(local_name=name, rssi=rssi, service_data=dict.fromkeys(uuids)),
                )
                for address, name, rssi, uuids in self.heard
            }

        async def find(address: str, **_: object) -> object | None:
            if self.refuses is not None:
                raise self.refuses
            names = {heard[0]: heard[1] for heard in self.heard}
            if address not in names:
                return None
            return SimpleNamespace(address=address, name=names[address])

        def client(_device: object) -> FakeClient:
            async def connect() -> None:
                self.client.connected = True

            self.client.connect = connect
            return self.client

        return SimpleNamespace(
            BleakScanner=SimpleNamespace(discover=discover, find_device_by_address=find),
            BleakClient=client,
            exc=SimpleNamespace(BleakError=BleakError),
        )


@pytest.fixture
def radio(monkeypatch: pytest.MonkeyPatch) -> Radio:
    found = Radio()
    monkeypatch.setitem(sys.modules, "bleak", found.module())
    return found


@pytest.fixture
def tester(radio: Radio) -> Callable[[bytes], None]:
    def answers(frame: bytes) -> None:
        radio.heard = [(ADDRESS, "BLE-C600", -60, ())]
        radio.client = FakeClient({yinmik.DATA: frame})

    return answers


def run(*arguments: str) -> Result:
    given = ["ble", *arguments]
    return CliRunner().invoke(cli.build(given), given, env={"COLUMNS": "160"})


def answer(*arguments: str, code: int = 0):
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_scan_lists_meters_that_are_known_the_nearest_first(radio: Radio) -> None:
    radio.heard = [
        ("AA", "BLE-C600", -80, ()),
        ("BB", "Speaker", -40, ()),
        ("CC", "Flower care", -55, ("0000fe95-0000-1000-8000-00805f9b34fb",)),
    ]
    assert answer("scan")["meters"] == [
        {"address": "CC", "name": "Flower care", "rssi": -55, "kind": "plant_sensor"},
        {"address": "AA", "name": "BLE-C600", "rssi": -80, "kind": "water_tester"},
    ]
    assert "Flower care" in run("scan").stdout


def test_scan_that_hears_nothing_says_what_to_do(radio: Radio) -> None:
    assert "close its app" in run("scan").stdout


def test_a_water_tester_is_read_and_left(radio: Radio, tester: Callable[[bytes], None]) -> None:
    tester(FRAME)
    got = answer("read", ADDRESS)
    assert got["values"]["ec"] == {"value": 0.257, "unit": "mS/cm", "hint": "measured"}
    assert got["live"]
    assert not radio.client.connected


def test_a_person_sees_what_a_value_is_worth(tester: Callable[[bytes], None]) -> None:
    tester(FRAME)
    text = run("read", ADDRESS).stdout
    assert "6.10" in text
    assert "0.257" in text
    assert "worked out by the meter" in text
    tester(ON_HOLD)
    assert "display on hold" in run("read", ADDRESS).stdout
    assert not answer("read", ADDRESS)["live"]


def test_a_frame_that_cannot_be_believed_has_its_own_exit_code(
    tester: Callable[[bytes], None],
) -> None:
    tester(FRAME[:10])
    error = answer("read", ADDRESS, code=3)["error"]
    assert (error["problem"], error["what"]) == ("length", "frame")
    assert "24 bytes" in run("read", ADDRESS).stderr


def test_such_a_frame_can_be_shown_to_be_reported(tester: Callable[[bytes], None]) -> None:
    tester(FRAME[:10])
    assert answer("read", ADDRESS, "--raw")["frame"] == FRAME[:10].hex()
    assert run("read", ADDRESS, "--raw").stdout.strip() == FRAME[:10].hex()


def test_a_plant_sensor_is_read(radio: Radio) -> None:
    radio.heard = [(ADDRESS, "Flower care", -50, ())]
    radio.client = FakeClient({miflora.BATTERY: BATTERY, miflora.LIVE: LIVE})
    got = answer("read", ADDRESS)
    assert got["firmware"] == "3.1.9"
    assert got["values"]["ec"]["hint"] == "bulk"
    assert "21" in run("read", ADDRESS).stdout


def test_its_history_is_listed_and_stays_on_it(radio: Radio) -> None:
    radio.heard = [(ADDRESS, "Flower care", -50, ())]
    entries = [pack("<IhxIBHxx", 3600, 215, 400, 30, 250), b"\xff" * 16]
    radio.client = FakeFlowerCare(entries, device_time=7200)
    got = answer("read", ADDRESS, "--history")
    assert [e["values"]["moisture"]["value"] for e in got["entries"]] == [30]
    assert got["refused"] == 1
    assert miflora.HISTORY_ERASE not in [data for _, data in radio.client.writes]
    result = run("read", ADDRESS, "--history")
    assert "21.5" in result.stdout
    assert "1 entries" in result.stderr


def test_what_is_no_meter_needs_a_kind(radio: Radio) -> None:
    radio.heard = [(ADDRESS, "Thing", -50, ())]
    radio.client = FakeClient({yinmik.DATA: FRAME})
    assert "--kind" in answer("read", ADDRESS, code=1)["error"]["message"]
    assert answer("read", ADDRESS, "--kind", "water_tester")["values"]["ph"]["value"] == 6.1


@pytest.mark.parametrize(("name", "option"), [("BLE-C600", "--history"), ("Flower care", "--raw")])
def test_an_option_of_another_kind_is_refused(radio: Radio, name: str, option: str) -> None:
    radio.heard = [(ADDRESS, name, -50, ())]
    assert "only" in answer("read", ADDRESS, option, code=1)["error"]["message"]


def test_both_at_once_is_wrong_usage(radio: Radio) -> None:
    assert run("read", ADDRESS, "--raw", "--history").exit_code == 2


def test_a_meter_that_is_away_is_said_so(radio: Radio) -> None:
    assert "not heard" in answer("read", ADDRESS, code=1)["error"]["message"]


@pytest.mark.parametrize("command", [("scan",), ("read", ADDRESS)])
@pytest.mark.parametrize("error", [BleakError("No powered adapter"), OSError("no bus")])
def test_a_machine_without_radio_is_said_so(
    radio: Radio, command: tuple[str, ...], error: Exception
) -> None:
    radio.refuses = error
    message = answer(*command, code=1)["error"]["message"]
    assert str(error) in message


def test_without_bleak_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bleak", None)
    result = run("scan")
    assert result.exit_code == 1
    assert "pip install 'vfarm-core[ble]'" in result.stderr
