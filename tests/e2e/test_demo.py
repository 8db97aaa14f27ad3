"""A fresh Home Assistant that has nothing of vfarm but the zip grows the demo farm."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeSession, OpenPage
from playwright.sync_api import expect
from real_ha import vfarm
from real_ha.client import wait_for
from real_ha.process import REPOSITORY
from real_ha.session import Session

IMAGES = REPOSITORY / "docs" / "images"
LEVELS = 16


@dataclass(frozen=True, slots=True)
class DemoFarm:
    """The running demo."""

    session: Session
    entry_id: str
    path: str

    def overview(self) -> dict[str, Any]:
        return vfarm.overview(self.session.client, self.entry_id)


@pytest.fixture(scope="module")
def demo(make_session: MakeSession) -> Iterator[DemoFarm]:
    """The demo at 60×. When it has stopped its log has no complaint about vfarm."""
    session = make_session()
    with session:
        entry_id = vfarm.add_demo_farm(session.client)
        path = vfarm.add_dashboard(session.client)
        vfarm.wait_running(session.client, entry_id)
        vfarm.set_speed(session.client, entry_id, 60)
        yield DemoFarm(session, entry_id, path)
    assert session.process.complaints() == []


def test_the_zip_is_all_there_is(demo: DemoFarm, zip_file: Path) -> None:
    """The core comes out of the zip, and nothing in it asks for NumPy or SciPy unless a person asks
    for what only they can do."""
    alone = subprocess.run(
        [sys.executable, "-P", "-c", "import vfarm_core"],
        cwd=demo.session.process.config_dir,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ModuleNotFoundError" in alone.stderr
    with zipfile.ZipFile(zip_file) as archive:
        sources = [name for name in archive.namelist() if name.endswith(".py")]
        heavy = [
            name
            for name in sources
            for line in archive.read(name).decode().splitlines()
            if line.startswith(("import numpy", "from numpy", "import scipy", "from scipy"))
        ]
    assert sources
    assert heavy == []


def test_every_entity_is_available(demo: DemoFarm) -> None:
    wait_for(
        "every entity is available",
        lambda: not vfarm.unavailable(demo.session.client),
        timeout_s=60,
        detail=lambda: vfarm.unavailable(demo.session.client),
    )


def test_nothing_is_to_be_repaired(demo: DemoFarm) -> None:
    assert vfarm.repairs(demo.session.client) == []


def is_day(level: dict[str, Any], now: float) -> bool:
    """Whether the day of what grows on a level lasts, by the clock alone."""
    begin, end = level["snapshot"]["lights_on_at"], level["snapshot"]["lights_off_at"]
    return begin is not None and begin <= now < end


def shines(level: dict[str, Any]) -> bool:
    return bool(level["snapshot"]["actuators"][0]["reported"] > 0)


def test_lamps_follow_the_photoperiod(demo: DemoFarm) -> None:
    """Each lamp shines exactly while its level's day lasts, and goes with the day when it ends."""
    client = demo.session.client

    def astray() -> list[str]:
        seen = demo.overview()
        now = seen["farm"]["now"]
        return [level["id"] for level in seen["levels"] if shines(level) != is_day(level, now)]

    wait_for("lamps and photoperiods agree", lambda: not astray(), timeout_s=30, detail=astray)
    level = next(lv for lv in demo.overview()["levels"] if lv["snapshot"]["batch"])
    snapshot = level["snapshot"]
    now = demo.overview()["farm"]["now"]
    # The rest of the day, or of the night, shortened to half an hour: half a minute here.
    hours = (now - snapshot["lights_on_at"]) / 3600 + 0.5 if snapshot["day"] else 24.0
    client.action(
        "vfarm",
        "set_override",
        config_entry_id=demo.entry_id,
        node=[level["id"]],
        quantity="photoperiod",
        value=round(min(hours, 24.0), 2),
        duration={"hours": 12},
    )
    was_lit = snapshot["day"]

    def turned() -> bool:
        seen = vfarm.node(demo.overview(), level["id"])["snapshot"]
        lamp = seen["actuators"][0]
        return (
            seen["day"] is not was_lit
            and (lamp["reported"] > 0) is not was_lit
            and lamp["proof"] == "proved"
        )

    wait_for(
        "the lamp turns with the day",
        turned,
        timeout_s=120,
        detail=lambda: vfarm.node(demo.overview(), level["id"])["snapshot"],
    )


def test_a_shot_waters_and_is_recorded(demo: DemoFarm) -> None:
    client = demo.session.client
    circuit = vfarm.start_shot(client, demo.entry_id)
    vfarm.wait_shot_running(client, demo.entry_id, circuit)
    shot = vfarm.wait_shot_ended(client, demo.entry_id, circuit)
    assert shot["last_end"] in ("done", "volume")
    assert shot["last_delivered_l"] > 1


def test_tanks_are_dosed_and_filled_while_nobody_looks(demo: DemoFarm, logged_in: OpenPage) -> None:
    """Out of the box: probes are checked, pumps are calibrated, the solution is kept moving."""

    def given() -> list[dict[str, Any]] | None:
        tanks = [tank["snapshot"] for tank in demo.overview()["reservoirs"]]
        dosed = any(sum(tank["dosed_today_ml"].values()) > 0 for tank in tanks)
        return tanks if dosed and any(tank["filled_today_l"] > 0 for tank in tanks) else None

    tanks = wait_for("a dose and a fill", given, timeout_s=300.0, detail=demo.overview)
    for tank in tanks:
        assert set(tank["probes"].values()) == {"verified"}
        assert tank["problems"] == []
    page = logged_in(demo.session, "/", width=390, height=844)
    cards = page.locator("[data-reservoir]")
    expect(cards).to_have_count(2, timeout=45_000)
    expect(cards.filter(has_text="Today: ").first).to_be_visible()
    cards.first.locator("summary").click()
    expect(cards.first).to_contain_text("Dosing pump nutrient A")


def test_dashboard_shows_every_level(demo: DemoFarm, logged_in: OpenPage) -> None:
    page = logged_in(demo.session, "/", width=1440, height=1500)
    tiles = page.locator("[data-level]")
    expect(tiles).to_have_count(LEVELS, timeout=45_000)
    # The first page after the log-in is the farm.
    assert demo.path in page.url
    for level in demo.overview()["levels"]:
        tile = page.locator(f'[data-level="{level["id"]}"]')
        expect(tile).to_be_visible()
        if level["snapshot"]["crop"]:
            expect(tile).to_contain_text("mol/m²")
    expect(page.locator("[data-zone]").first).to_contain_text("kPa")
    page.wait_for_timeout(1000)
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=IMAGES / "dashboard.png")


def test_dashboard_fits_a_phone(demo: DemoFarm, logged_in: OpenPage) -> None:
    page = logged_in(demo.session, "/", width=360, height=780)
    expect(page.locator("[data-level]")).to_have_count(LEVELS, timeout=45_000)
    page.wait_for_timeout(1000)
    page.screenshot(path=IMAGES / "dashboard-phone.png")
    page.locator("[data-level]").first.click()
    sheet = page.locator("vfarm-level-sheet dialog")
    expect(sheet).to_contain_text("Grow light")
    box = sheet.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360


def test_recipes_are_saved_and_shown_with_what_the_farm_can_give(
    demo: DemoFarm, logged_in: OpenPage
) -> None:
    client = demo.session.client
    got = client.call("vfarm/recipes/get", recipe="basil_sweet")
    document = {**got["document"], "title": "Basil of the house"}
    checked = client.call("vfarm/recipes/check", document=document, entry_id=demo.entry_id)
    assert checked["ok"]
    assert checked["farm"]
    assert [change["path"] for change in checked["changes"]] == ["title"]
    saved = client.call(
        "vfarm/recipes/save", document=document, changelog=["ours"], based_on=got["version"]
    )
    assert saved["parent"] == got["version"]
    page = logged_in(demo.session, f"{demo.path}/recipes", width=390, height=844)
    mine = page.locator("[data-recipe=basil_sweet]")
    expect(mine).to_contain_text("Basil of the house", timeout=45_000)
    expect(mine).to_contain_text("your own")
    mine.click()
    expect(page.locator("[data-findings]")).to_be_visible()
    expect(page.locator("[data-phase]").first).to_contain_text("°C")
    expect(page.get_by_text("2 versions")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_dashboard_goes_on_after_a_reload_of_the_farm(demo: DemoFarm, logged_in: OpenPage) -> None:
    page = logged_in(demo.session, demo.path, width=1440, height=900)
    tiles = page.locator("[data-level]")
    expect(tiles).to_have_count(LEVELS, timeout=45_000)
    old = page.get_by_text("What you see may be old")
    demo.session.client.post(f"/api/config/config_entries/entry/{demo.entry_id}/reload")
    expect(old).to_be_visible()
    vfarm.wait_running(demo.session.client, demo.entry_id)
    expect(old).to_have_count(0, timeout=20_000)
    expect(tiles).to_have_count(LEVELS)
    client = demo.session.client
    client.action("vfarm", "set_mode", config_entry_id=demo.entry_id, mode="monitor")
    expect(page.get_by_role("heading", name="Monitor only")).to_be_visible()
    client.action("vfarm", "set_mode", config_entry_id=demo.entry_id, mode="auto")
    expect(page.get_by_role("heading", name="Monitor only")).to_have_count(0)


def test_zone_view_gives_reasons_and_history(demo: DemoFarm, logged_in: OpenPage) -> None:
    zone = demo.overview()["zones"][0]
    page = logged_in(demo.session, f"{demo.path}/zone-{zone['id']}", width=1280, height=900)
    card = page.locator("vfarm-zone-card")
    expect(card).to_contain_text(zone["name"], timeout=45_000)
    for view in zone["snapshot"]["actuators"]:
        if view["code"] == "circulate":
            expect(card).to_contain_text(view["reason"])
    expect(page.locator("hui-history-graph-card").first).to_be_visible(timeout=20_000)


def test_emergency_stop_from_the_dashboard(demo: DemoFarm, logged_in: OpenPage) -> None:
    """Two touches stop the farm; nothing starts at the release; each function is armed by hand."""
    page = logged_in(demo.session, demo.path, width=360, height=780)
    page.get_by_role("button", name="Emergency stop").click(timeout=45_000)
    assert demo.overview()["farm"]["snapshot"]["emergency"] is False
    page.get_by_role("button", name="Stop everything").click()
    expect(page.get_by_role("heading", name="Emergency stop is active")).to_be_visible()

    def dark() -> bool:
        seen = demo.overview()
        lamps = list(vfarm.actuators(seen, "grow_light"))
        return bool(seen["farm"]["snapshot"]["emergency"]) and all(
            lamp["reported"] == 0 for lamp in lamps
        )

    wait_for("every lamp is off", dark, timeout_s=15)
    page.get_by_role("button", name="Release the stop").click()
    page.get_by_role("button", name="Release", exact=True).click()
    expect(page.get_by_role("heading", name="Waiting to be armed")).to_be_visible()
    assert all(lamp["reported"] == 0 for lamp in vfarm.actuators(demo.overview(), "grow_light"))
    page.get_by_role("button", name="Arm light").click()
    page.get_by_role("button", name="Checked, arm it").click()
    expect(page.get_by_role("button", name="Arm light")).to_have_count(0)
    assert "light" not in demo.overview()["farm"]["snapshot"]["disarmed"]
