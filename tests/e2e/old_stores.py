"""What earlier versions of vfarm left in a configuration folder, and how it was made.

Each archive in `stores` is the `.storage` of a Home Assistant 2026.10.4 in which a version of vfarm
ran `HELPERS` with the farm of `settle_in`, and was stopped in order. To keep that of a version::

    .venvs/e2e/bin/python tests/e2e/old_stores.py VFARM.zip NAME PYTHON-OF-2026.10
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from own_farm import SWITCHED, Bind, OwnFarm, add_tent
from real_ha import vfarm
from real_ha.client import wait_for
from real_ha.process import CONFIGURATION, HomeAssistant, free_port, prepare, read_storage
from real_ha.session import Session

STORES = Path(__file__).parent / "stores"

#: A tent of helpers, which are there in every Home Assistant without any hardware.
HELPERS = """
input_number:
  tent_temperature:
    min: -20
    max: 60
    step: 0.1
    initial: 21
    unit_of_measurement: °C
  tank_volume:
    min: 0
    max: 200
    initial: 120
    unit_of_measurement: L
input_boolean:
  tent_heater:
  tent_lamp:
template:
  - switch:
      - name: Tent heating
        unique_id: tent_heating
        state: "{{ is_state('input_boolean.tent_heater', 'on') }}"
        turn_on:
          - action: input_boolean.turn_on
            target: {entity_id: input_boolean.tent_heater}
        turn_off:
          - action: input_boolean.turn_off
            target: {entity_id: input_boolean.tent_heater}
      - name: Tent lamp
        unique_id: tent_lamp
        state: "{{ is_state('input_boolean.tent_lamp', 'on') }}"
        turn_on:
          - action: input_boolean.turn_on
            target: {entity_id: input_boolean.tent_lamp}
        turn_off:
          - action: input_boolean.turn_off
            target: {entity_id: input_boolean.tent_lamp}
"""
BATCH_AGE_DAYS = 10

#: What stays on the way: of the files of Home Assistant those that hold farms and log-ins.
_KEPT = (
    "auth",
    "auth_provider.homeassistant",
    "core.config_entries",
    "core.device_registry",
    "core.entity_registry",
    "onboarding",
)


def settle_in(session: Session) -> OwnFarm:
    """Set the farm up, start its batch and hold it: what lasts until a person changes it."""
    client = session.client
    farm = add_tent(client)
    neither = {**SWITCHED, "danger": "neither"}
    farm.bind(
        "zone",
        Bind("air_temperature", "input_number.tent_temperature"),
        Bind("heater", "switch.tent_heating", declaration=SWITCHED),
    )
    farm.bind("rack", Bind("grow_light", "switch.tent_lamp", node=farm.level, declaration=neither))
    farm.add(
        "reservoir",
        {"name": "Tank", "capacity_l": 150, "volume_min_l": 20},
        Bind("volume", "input_number.tank_volume"),
    )
    vfarm.wait_running(client, farm.entry_id)
    asked = {"config_entry_id": farm.entry_id}
    client.action(
        "vfarm",
        "start_batch",
        **asked,
        node=[farm.level],
        recipe="lettuce_butterhead",
        sown_days_ago=BATCH_AGE_DAYS,
    )
    wait_for("the lamp shines", lambda: client.state("switch.tent_lamp") == "on", timeout_s=60)
    client.action("vfarm", "set_mode", **asked, mode="hold")
    return farm


def unpack(name: str, config_dir: Path) -> None:
    """Put what a version left into a configuration folder that has nothing yet."""
    with tarfile.open(STORES / f"{name}.tar.xz") as archive:
        archive.extractall(config_dir / ".storage", filter="data")


def names() -> list[str]:
    """Every version of which something is kept, the oldest first."""
    return sorted(path.name.removesuffix(".tar.xz") for path in STORES.glob("*.tar.xz"))


def unique_ids(config_dir: Path) -> set[str]:
    """The unique ids of vfarm's entities in a folder of a Home Assistant that does not run."""
    entities: list[dict[str, Any]] = read_storage(config_dir, "core.entity_registry")["entities"]
    return {entity["unique_id"] for entity in entities if entity["platform"] == "vfarm"}


def _make(zip_file: Path, name: str, interpreter: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="store-"))
    port = free_port()
    configuration = CONFIGURATION + HELPERS
    environment = prepare(
        folder,
        port=port,
        zip_file=zip_file,
        configuration=configuration,
        interpreter=interpreter,
    )
    process = HomeAssistant(folder, port=port, environment=environment, interpreter=interpreter)
    with Session(process) as session:
        settle_in(session)
    storage = folder / ".storage"
    STORES.mkdir(exist_ok=True)
    with tarfile.open(STORES / f"{name}.tar.xz", "w:xz") as archive:
        for kept in _KEPT:
            archive.add(storage / kept, kept)
        for kept_path in sorted(storage.glob("vfarm*")):
            archive.add(kept_path, kept_path.name)
    print(f"{name}: {(STORES / f'{name}.tar.xz').stat().st_size} bytes from {folder}")


if __name__ == "__main__":
    _make(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
