"""The cards against a made-up farm that shows what a healthy demo never has."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from conftest import OpenPage
from playwright.sync_api import Page, expect
from real_ha.process import REPOSITORY

from tests.core.devices.stations.rack import esphome_station, rack_farm
from vfarm_core.devices.stations.drills import with_seen
from vfarm_core.devices.stations.losses import losses_of
from vfarm_core.farm.codec import encode
from vfarm_core.farm.drills import Seen
from vfarm_core.recipes.findings import Severity, finding
from vfarm_core.recipes.library import catalogue
from vfarm_core.recipes.model import Exit, Ripe

LANGUAGES = ("en", "de", "fr", "nl", "es")
PHONE = (360, 740)
#: A finger, also a wet one (px).
TOUCH_PX = 48


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The repository over HTTP, as the modules need it."""
    handler = functools.partial(_Quiet, directory=str(REPOSITORY))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/tests/e2e/harness/index.html"
    server.shutdown()
    server.server_close()


type Show = Callable[..., Page]


@pytest.fixture
def show(site: str, open_page: OpenPage) -> Show:
    """A card, described by the harness's query."""

    def show(query: str = "card=overview", size: tuple[int, int] = PHONE) -> Page:
        page = open_page(*size)
        page.goto(f"{site}?{query}")
        page.locator(".card").first.wait_for()
        return page

    return show


def calls(page: Page) -> list[list[object]]:
    """The actions the card has performed."""
    found: list[list[object]] = page.evaluate("window.harness.calls")
    return found


def test_every_level_is_a_tile_with_crop_phase_light_and_dli(show: Show) -> None:
    page = show()
    expect(page.locator("[data-level]")).to_have_count(16)
    tile = page.locator("[data-level=rack_a_1]")
    for text in ("Level 1", "Lettuce", "Raft 2, day 5", "Light until 22:30", "6.4 of 14.4 mol/m²"):
        expect(tile).to_contain_text(text)
    expect(page.locator("[data-level=rack_d_4]")).to_contain_text("Empty")
    expect(page.locator("[data-level=rack_a_4]")).to_contain_text("Dark until 18:30")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("card", ["overview", "zone", "batches"])
def test_nothing_is_wider_than_a_phone(show: Show, card: str, language: str) -> None:
    page = show(f"card={card}&language={language}&troubled")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


@pytest.mark.parametrize(
    "query", ["card=overview&troubled", "card=overview&emergency", "card=zone"]
)
def test_touch_targets_are_big_enough_for_wet_hands(show: Show, query: str) -> None:
    page = show(query)
    sizes = [
        (target.inner_text(), target.bounding_box())
        for target in page.locator("button, summary, a").all()
        if target.is_visible()
    ]
    assert sizes
    small = [text for text, box in sizes if box and min(box["width"], box["height"]) < TOUCH_PX]
    assert small == []


def test_texts_are_in_the_language_of_the_person(show: Show) -> None:
    page = show("card=overview&language=de-AT")
    expect(page.get_by_role("button", name="Not-Halt")).to_be_visible()
    expect(page.locator("[data-zone=zone_a]")).to_contain_text("23,8 °C")


def test_emergency_stop_takes_two_touches(show: Show) -> None:
    page = show()
    page.get_by_role("button", name="Emergency stop").click()
    assert calls(page) == []
    page.get_by_role("button", name="Stop everything").click()
    assert [call[:3] for call in calls(page)] == [
        ["vfarm", "emergency_stop", {"config_entry_id": "entry"}]
    ]


def test_a_cancelled_question_does_nothing(show: Show) -> None:
    page = show()
    page.get_by_role("button", name="Emergency stop").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Stop everything")).to_have_count(0)
    assert calls(page) == []


def test_a_refused_action_says_why(show: Show) -> None:
    page = show()
    page.evaluate("window.harness.refuse = 'The table is still draining'")
    circuit = page.locator("[data-circuit=circuit_rack_a]")
    circuit.get_by_role("button", name="Water now").click()
    circuit.get_by_role("button", name="Water now").last.click()
    expect(circuit.get_by_role("alert")).to_contain_text("The table is still draining")


def test_active_stop_names_what_is_not_proved_off(show: Show) -> None:
    page = show("card=overview&emergency")
    banner = page.get_by_role("alert").filter(has_text="Emergency stop is active")
    expect(banner).to_contain_text("Rack A · Level 3: Grow light")
    # It is active: there is nothing more to stop.
    expect(page.get_by_role("button", name="Emergency stop")).to_have_count(0)


def test_dosing_is_armed_last(show: Show) -> None:
    page = show("card=overview&troubled")
    expect(page.get_by_role("button", name="Arm climate")).to_be_visible()
    expect(page.get_by_role("button", name="Arm dosing")).to_have_count(0)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("card=overview&troubled", "Arm climate"),
        ("card=overview&emergency", "Release the stop"),
        ("card=overview", "Water now"),
    ],
)
def test_nobody_is_offered_what_their_role_does_not_reach(
    show: Show, query: str, name: str
) -> None:
    buttons = show(query, (1200, 900)).get_by_role("button", name=name)
    expect(buttons.first).to_be_visible()
    page = show(f"{query}&viewer", (1200, 900))
    expect(page.get_by_role("button", name=name)).to_have_count(0)
    if "emergency" not in query:
        # A stop outranks every role.
        expect(page.get_by_role("button", name="Emergency stop")).to_be_visible()


def test_a_reading_that_cannot_be_trusted_says_so(show: Show) -> None:
    page = show("card=overview&troubled")
    zone = page.locator("[data-zone=zone_b]")
    expect(zone.locator(".reading", has_text="Humidity")).to_contain_text("old")
    vpd = zone.locator(".reading", has_text="VPD")
    expect(vpd).to_contain_text("no reading")
    expect(vpd.locator(".value")).to_have_text("–")
    expect(zone.locator(".reading", has_text="Temperature")).to_contain_text("critical")


def test_problems_come_gravest_first(show: Show) -> None:
    page = show("card=overview&troubled", size=(1200, 900))
    rows = page.get_by_role("region", name="Needs attention").locator("li").all_inner_texts()
    assert "Far too warm" in rows[0]
    assert any("The reservoir is low" in row and "Tank B" in row for row in rows)


def test_a_latched_device_is_cleared_by_a_person(show: Show) -> None:
    page = show("card=overview&troubled")
    page.locator("[data-level=rack_a_3]").click()
    sheet = page.locator("vfarm-level-sheet")
    expect(sheet).to_contain_text("Kept safe until a person has looked")
    sheet.get_by_role("button", name="Clear").click()
    sheet.get_by_role("button", name="Looked, clear it").click()
    assert calls(page)[0][:3] == [
        "vfarm",
        "clear_latch",
        {"config_entry_id": "entry", "point": "rack_a_3.grow_light"},
    ]


def test_an_update_changes_what_is_shown(show: Show) -> None:
    page = show()
    page.evaluate(
        """async () => {
            const { farm, NOW } = await import("./farm.js");
            const level = farm().levels[0];
            window.harness.send({
                type: "update", now: NOW + 3600, speed: 1,
                nodes: { [level.id]: { ...level.snapshot, dli: 7.9 } },
            });
        }"""
    )
    expect(page.locator("[data-level=rack_a_1]")).to_contain_text("7.9 of 14.4 mol/m²")
    expect(page.locator("header")).to_contain_text("14:30")


def test_a_lost_connection_is_told(show: Show) -> None:
    page = show()
    page.evaluate("window.harness.connection.dispatchEvent(new Event('disconnected'))")
    expect(page.get_by_text("What you see may be old")).to_be_visible()
    page.evaluate("window.harness.connection.dispatchEvent(new Event('ready'))")
    expect(page.get_by_text("What you see may be old")).to_have_count(0)
    assert page.evaluate("window.harness.subscriptions") == 2


def test_a_farm_that_does_not_run_says_why(show: Show) -> None:
    page = show("card=overview&absent")
    expect(page.get_by_text("No such farm is running")).to_be_visible()


def test_zone_card_gives_the_reason_of_each_device(show: Show) -> None:
    page = show("card=zone&zone=zone_a")
    card = page.locator("vfarm-zone-card")
    expect(card).to_contain_text("No air has to be exhausted.")
    row = card.locator(".actuators li").filter(has_text="Dehumidifier")
    expect(row).to_contain_text("wanted On")
    expect(row).to_contain_text("waiting for proof")


def test_a_tank_shows_what_it_is_given_and_why_not(show: Show) -> None:
    healthy = show()
    first = healthy.locator("[data-reservoir=reservoir_a]")
    expect(first).to_contain_text("Dosing 21.5 mL: ")
    expect(first).to_contain_text("Filling 24.0 L")
    expect(first).to_contain_text("Today: 43 mL nutrient · 3.2 mL for pH · 24 L water")
    second = healthy.locator("[data-reservoir=reservoir_b]")
    expect(second).to_contain_text("EC and pH are near their targets.")

    troubled = show("card=overview&troubled")
    first = troubled.locator("[data-reservoir=reservoir_a]")
    expect(first).to_contain_text("The pH probe is out of the tank.")
    second = troubled.locator("[data-reservoir=reservoir_b]")
    expect(second.get_by_text("doses had no effect")).to_have_count(1)
    second.get_by_role("button", name="Clear").click()
    second.get_by_role("button", name="Looked, clear it").click()
    assert calls(troubled)[0][:3] == [
        "vfarm",
        "clear_reservoir",
        {"config_entry_id": "entry", "node": ["reservoir_b"], "inhibit": "dosing"},
    ]


def test_batches_card_has_the_next_harvest_first(show: Show) -> None:
    page = show("card=batches")
    rows = page.locator("[data-batch]").all_inner_texts()
    assert "Pak choi" in rows[0]
    assert "Harvest is due" in rows[0]
    assert "Lettuce for Saturday market" in rows[1]


def test_a_roll_out_shows_its_state_and_each_gate_with_its_figure(show: Show) -> None:
    expect(show("card=batches").locator("[data-rollout]")).to_have_count(0)
    shown = show("card=batches&troubled").locator("[data-rollout=lettuce_butterhead-1]")
    for text in ("3fa9c2 → 81d0b7", "paused", "Side by side", "1 sown, 1 moved", "98 %, old ?"):
        expect(shown).to_contain_text(text)
    gates = {g: shown.locator(f"[data-gate={g}]") for g in ("min_days", "max_losses")}
    expect(gates["min_days"]).to_contain_text("not yet")
    expect(gates["min_days"]).to_contain_text("4.0 / 14")
    expect(gates["max_losses"]).to_contain_text("broken")
    expect(gates["max_losses"]).to_contain_text("7.1 % / 5.0 %")
    expect(shown.locator("[data-gate=yield_not_lower]")).to_contain_text("? / -10 %")


def test_every_language_has_every_text_and_its_placeholders(show: Show) -> None:
    wrong = show().evaluate(
        """async ([folder, languages]) => {
            const load = async (language) =>
                (await import(`${folder}/${language}.js`)).default;
            const holes = (text) =>
                [...text.matchAll(/\\{\\w+\\}/g)].map((m) => m[0]).sort().join();
            const en = await load("en");
            const wrong = [];
            for (const language of languages) {
                const words = await load(language);
                for (const key of new Set([...Object.keys(en), ...Object.keys(words)])) {
                    if (!(key in en) || !(key in words) || holes(en[key]) !== holes(words[key]))
                        wrong.push(`${language}: ${key}`);
                }
            }
            return wrong;
        }""",
        ["/custom_components/vfarm/frontend/translations", LANGUAGES[1:]],
    )
    assert wrong == []


def test_a_batch_shows_what_it_will_weigh_and_when_as_intervals(show: Show) -> None:
    page = show("card=batches")
    first = page.locator("[data-batch=batch_0]")
    expect(first).to_contain_text("3.1 to 5.7 kg, most likely 4.2")
    expect(first).to_contain_text("ready between Wed, Nov 25 and Sat, Nov 28")
    expect(first).to_contain_text("the light so far")
    expect(page.locator("[data-batch=batch_1]")).to_contain_text("ready Wed, Dec 2")
    expect(page.locator("[data-batch=batch_3] .forecast")).to_have_count(0)


def test_a_batch_shows_what_its_phase_waits_for(show: Show) -> None:
    page = show("card=batches")
    expect(page.locator("[data-batch=batch_2]")).to_contain_text(
        "Leaves cover 62 of 85 % (by the growth model, roughly)"
    )
    expect(page.locator("[data-waits]")).to_have_count(1)


def recipe_answers() -> dict[str, Any]:
    """What the websocket says of the shipped recipes, with a version and findings made up."""
    known = catalogue()
    basil = known.get("basil_sweet")
    first = basil.phases[0]
    until = Exit(
        ripe=Ripe.CANOPY_COVER,
        needed=85.0,
        min_days=3.0,
        max_days=9.0,
        provenance=first.provenance,
    )
    shown = replace(basil, phases=(replace(first, exit=until), *basil.phases[1:]))
    other = {
        "version": "f" * 64,
        "current": False,
        "parent": None,
        "changelog": ["warmer nights"],
        "batches": ["b1", "b2"],
    }
    current = {**other, "version": basil.version, "current": True, "changelog": [], "batches": []}
    found = finding(
        Severity.WARNING,
        "light_no_reserve",
        "phases[1].light.ppfd",
        level="Level 1",
        ppfd=200.0,
        share=95.0,
        most=190.0,
        source="design",
    )
    said = {"severity": "warning", "path": found.path, "text": found.message, "source": "design"}
    return {
        "vfarm/recipes/list": {
            "recipes": [{**encode(h), "own": h.id == "mint"} for h in known.headers],
            "problems": [{"file": "/config/vfarm/recipes/odd.yaml", "path": "id", "text": "odd"}],
        },
        "vfarm/recipes/get": {
            "id": basil.id,
            "recipe": encode(shown),
            "versions": [current, other],
        },
        "vfarm/recipes/check": {"ok": True, "problems": [], "findings": [said]},
    }


@pytest.fixture
def recipes(site: str, open_page: OpenPage) -> Show:
    """The recipes card."""

    def show(language: str = "en", answers: dict[str, Any] | None = None) -> Page:
        page = open_page(*PHONE)
        told = json.dumps(recipe_answers() if answers is None else answers)
        page.add_init_script(f"window.answers = {told}")
        page.goto(f"{site}?card=recipes&language={language}")
        page.locator(".card").first.wait_for()
        return page

    return show


def test_recipes_show_versions_phases_sources_and_what_this_farm_cannot_give(
    recipes: Show,
) -> None:
    page = recipes()
    expect(page.locator("[data-recipe]")).to_have_count(26)
    expect(page.locator("[data-recipe=mint]")).to_contain_text("your own")
    expect(page.get_by_text("odd.yaml: id odd")).to_be_visible()
    page.locator("[data-recipe=basil_sweet]").click()
    expect(page.locator("[data-findings]")).to_contain_text("Level 1")
    expect(page.locator("[data-findings]")).to_contain_text("[design]")
    phase = page.locator("[data-phase=germination]")
    expect(phase).to_contain_text("24.0 °C")
    expect(phase).to_contain_text("when leaves cover 85 %, after 3 to 9 days")
    expect(phase).to_contain_text("(")
    page.get_by_text("2 versions").click()
    older = page.locator("[data-version=ffffffff]")
    expect(older).to_contain_text("warmer nights")
    expect(older).to_contain_text("2 batches")
    older.click()
    asked = page.evaluate("window.harness.asked.at(-2)")
    assert asked["recipe"] == "basil_sweet@" + "f" * 64
    page.get_by_role("button", name="All recipes").click()
    expect(page.locator("[data-recipe]")).to_have_count(26)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_recipe_is_no_wider_than_a_phone(recipes: Show, language: str) -> None:
    page = recipes(language)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.locator("[data-recipe=basil_sweet]").click()
    page.locator("[data-findings]").wait_for()
    for summary in page.locator("summary").all():
        if not summary.evaluate("one => one.parentElement.open"):
            summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    boxes = [b.bounding_box() for b in page.locator("button, summary").all() if b.is_visible()]
    assert all(box and min(box["width"], box["height"]) >= TOUCH_PX for box in boxes)
    assert "{" not in page.locator("vfarm-recipes-card").inner_text()


def test_recipes_that_cannot_be_asked_for_say_why(recipes: Show) -> None:
    page = recipes(answers={})
    expect(page.get_by_role("alert")).to_contain_text("vfarm/recipes/list is not known")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def safety_answer(stage: str | None = None) -> dict[str, Any]:
    """What the core says of a rack on a node that was tried, with one thing of each kind."""
    farm = rack_farm()
    node = esphome_station(farm)
    seen = [
        Seen(
            point="pump.irrigation_pump", guard="watchdog", at=1.8e9, by="Ada", ok=True, after_s=61
        ),
        Seen(point="tank.fill_valve", guard="watchdog", at=1.8e9, by="Ada", ok=False),
    ]
    (shown,) = with_seen(farm, [node], seen)
    losses = losses_of(farm, [shown])
    drill = {
        "station": "node",
        "name": node.name,
        "loss": "power",
        "stage": stage,
        "watched": ["tank.air_pump"],
        "left_s": 840,
        "seen": [
            {
                "point": "pump.irrigation_pump",
                "protection": "boot_state",
                "worked": True,
                "after_s": 8.5,
            }
        ],
    }
    return {
        "farm": farm.name,
        "demo": False,
        "problems": [],
        "seen": 1,
        "set_up": 40,
        "missing": 3,
        "stations": [
            {
                "id": "node",
                "name": node.name,
                "kind": "esphome",
                "drills": ["power", "network", "controller"],
            }
        ],
        "actuators": [
            {
                "point": x.point,
                "node": farm.binding[x.point].node,
                "name": farm.nodes[farm.binding[x.point].node].name,
                "role": farm.binding[x.point].role.value,
                "entity": None,
                "station": x.station,
                "on": True,
                "power": encode(x.power),
                "network": encode(x.network),
                "home_assistant": encode(x.home_assistant),
                "protections": [
                    {
                        "point": f.need.point,
                        "protection": f.need.guard.value,
                        "standing": f.standing.value,
                        "why": f.why,
                        "on": f.on,
                        "by": f.by,
                        "after_s": f.after_s,
                    }
                    for f in x.findings
                ],
            }
            for x in losses
        ],
        "drill": None if stage is None else drill,
    }


@pytest.fixture
def safety(site: str, open_page: OpenPage) -> Show:
    """The safety page."""

    def show(
        language: str = "en", stage: str | None = None, more: str = "", *, answers: bool = True
    ) -> Page:
        page = open_page(*PHONE)
        told = json.dumps({"vfarm/safety": safety_answer(stage)} if answers else {})
        page.add_init_script(f"window.answers = {told}")
        page.goto(f"{site}?card=safety&language={language}{more}")
        page.locator(".card").first.wait_for()
        return page

    return show


def test_the_safety_page_shows_each_loss_what_was_seen_and_what_failed(safety: Show) -> None:
    page = safety()
    pump = page.locator("[data-point='pump.irrigation_pump']")
    expect(pump.locator("[data-loss=home_assistant]")).to_contain_text("after 60 s")
    expect(pump.locator("[data-loss=home_assistant]")).to_contain_text("seen")
    pump.locator("summary").click()
    expect(pump.locator("[data-protection=watchdog]")).to_contain_text("Ada")
    expect(pump.locator("[data-protection=watchdog]")).to_contain_text("safe after 61")
    valve = page.locator("[data-point='tank.fill_valve']")
    valve.locator("summary").click()
    expect(valve.locator("[data-protection=watchdog]")).to_contain_text("did not work")
    page.get_by_role("button", name="Try: cut the power").click()
    page.get_by_role("button", name="Yes").click()
    page.wait_for_function("window.harness.calls.length === 1")
    assert page.evaluate("window.harness.calls[0]")[1:3] == [
        "start_drill",
        {"config_entry_id": "entry", "station": "node", "loss": "power"},
    ]


def test_a_drill_says_what_to_do_and_moves_on(safety: Show) -> None:
    page = safety(stage="out")
    drill = page.locator("[data-drill=out]")
    expect(drill).to_contain_text("The power is out")
    expect(drill.locator("[data-seen='pump.irrigation_pump']")).to_contain_text("safe after 8.5 s")
    drill.get_by_role("button", name="The power is back").click()
    drill.get_by_role("button", name="Yes").click()
    page.wait_for_function("window.harness.calls.length === 1")
    assert page.evaluate("window.harness.calls[0][1]") == "advance_drill"
    page = safety(stage="watch")
    page.get_by_role("button", name="I see it safe").click()
    page.wait_for_function("window.harness.calls.length === 1")
    assert page.evaluate("window.harness.calls[0]")[1:3] == [
        "confirm_drill",
        {"config_entry_id": "entry", "point": "tank.air_pump"},
    ]


def test_a_viewer_is_offered_no_drill(safety: Show) -> None:
    page = safety(more="&viewer")
    expect(page.locator("[data-station=node]")).to_be_visible()
    expect(page.get_by_role("button", name="Try: cut the power")).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_safety_page_is_no_wider_than_a_phone(safety: Show, language: str) -> None:
    page = safety(language, "watch")
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    boxes = [b.bounding_box() for b in page.locator("button, summary").all() if b.is_visible()]
    assert all(box and min(box["width"], box["height"]) >= TOUCH_PX for box in boxes)
    shown = page.locator("vfarm-safety-card").inner_text()
    assert "{" not in shown
    assert "_" not in shown


def test_a_safety_page_that_cannot_be_asked_for_says_why(safety: Show) -> None:
    page = safety(answers=False)
    expect(page.get_by_role("alert")).to_contain_text("vfarm/safety is not known")
