"""A real Home Assistant with nothing of this project but the built zip, and a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from mqtt_bench import Bench, mosquitto
from playwright.sync_api import Browser, Page, sync_playwright
from ports import own_port
from real_ha.process import CONFIGURATION, INTERPRETER, REPOSITORY, HomeAssistant, prepare
from real_ha.session import PASSWORD, USERNAME, Session

# Its tests are those of several files.
pytest.register_assert_rewrite("surface")

#: Files that take minutes.
LONGEST = ("test_surface_floor", "test_surface_newest", "test_earlier_versions")
CHROMIUM = Path(os.environ.get("VFARM_CHROMIUM", "/usr/bin/chromium"))
_BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture(scope="session")
def zip_file() -> Path:
    """The release zip."""
    path = REPOSITORY / "dist" / "vfarm.zip"
    assert path.is_file(), "dist/vfarm.zip is missing: scripts/release builds it"
    return path


type MakeSession = Callable[..., Session]


@pytest.fixture(scope="module")
def make_session(zip_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeSession]:
    """Fresh Home Assistants that have vfarm from the zip alone; started by the test."""
    with sessions(zip_file, tmp_path_factory) as make:
        yield make


@contextmanager
def sessions(zip_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeSession]:
    """Make Home Assistants that are stopped at the end."""
    made: list[Session] = []

    def make(configuration: str = CONFIGURATION, interpreter: Path = INTERPRETER) -> Session:
        folder = tmp_path_factory.mktemp("ha")
        port = own_port()
        environment = prepare(
            folder,
            port=port,
            zip_file=zip_file,
            configuration=configuration,
            interpreter=interpreter,
        )
        session = Session(
            HomeAssistant(folder, port=port, environment=environment, interpreter=interpreter)
        )
        made.append(session)
        return session

    try:
        yield make
    finally:
        for session in made:
            session.stop()


@dataclass(frozen=True, slots=True)
class MqttBench:
    """The broker's port and the hardware on it."""

    port: int
    hardware: Bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MqttBench]:
    """Field hardware that does not live in Home Assistant."""
    with mqtt_bench(tmp_path_factory) as made:
        yield made


@contextmanager
def mqtt_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MqttBench]:
    """A broker and hardware on it."""
    with mosquitto(tmp_path_factory.mktemp("mosquitto")) as port:
        hardware = Bench(port)
        yield MqttBench(port, hardware)
        hardware.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing: scripts/setup e2e installs it"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(_BROWSER_ARGUMENTS)
        )
        yield chromium
        chromium.close()


type OpenPage = Callable[..., Page]


@pytest.fixture
def logged_in(open_page: OpenPage) -> OpenPage:
    """Pages of a Home Assistant, logged in through the form as a person does."""

    def log_in(session: Session, path: str, *, width: int, height: int) -> Page:
        page = open_page(width, height, locale="en-GB")
        page.goto(session.process.url + path)
        page.locator("input[name=username]").fill(USERNAME)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        return page

    return log_in


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Pages in a context of their own; an error of a script of the page fails the test."""
    contexts = []
    errors: list[str] = []

    def open_page(width: int, height: int, **options: object) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, service_workers="block", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(f"{error.message} {error.stack}"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    ours = [error for error in errors if "vfarm" in error]
    assert not ours, ours
