"""The demo: a real Home Assistant with a simulated farm in it.

    scripts/demo                 start it, print the address, run until Ctrl-C
    scripts/demo --check         start it apart, prove that it works, stop it

What it makes stays in `.demo/`, so that the farm goes on where it was; remove the folder to begin
anew.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from real_ha import vfarm
from real_ha.process import (
    REPOSITORY,
    HomeAssistant,
    HomeAssistantError,
    free_port,
    prepare,
)
from real_ha.session import PASSWORD, USERNAME, Session

DEFAULT_PORT = 8123
SPEEDS = (1.0, 10.0, 60.0, 240.0)
CHECK_SPEED = 60.0


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__.split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="prove that the demo works, then stop")
    parser.add_argument(
        "--port", type=int, help=f"port on this host (default {DEFAULT_PORT} or next)"
    )
    parser.add_argument("--speed", type=float, choices=SPEEDS, help="speed of the farm's clock")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder to run in, and to keep")
    parser.add_argument(
        "--zip",
        type=Path,
        nargs="?",
        const=REPOSITORY / "dist" / "vfarm.zip",
        metavar="FILE",
        help="run what a release contains instead of the sources",
    )
    return parser.parse_args()


def say(text: str) -> None:
    """A line for the person at the terminal, at once."""
    print(text, flush=True)


def session(folder: Path, port: int, zip_file: Path | None) -> Session:
    """A Home Assistant over a folder."""
    environment = prepare(folder, port=port, zip_file=zip_file)
    return Session(HomeAssistant(folder, port=port, environment=environment))


def demo_entry(running: Session) -> str:
    """The demo farm, set up if it is not there yet."""
    known = vfarm.entries(running.client)
    return known[0]["entry_id"] if known else vfarm.add_demo_farm(running.client)


def run(options: argparse.Namespace) -> int:
    """Run until Ctrl-C."""
    folder = (options.keep or REPOSITORY / ".demo").resolve()
    demo = session(folder, free_port(options.port or DEFAULT_PORT), options.zip)
    log = demo.process.log_file
    say(f"Starting Home Assistant (log: {log}) …")
    with demo:
        entry = demo_entry(demo)
        path = vfarm.add_dashboard(demo.client)
        vfarm.wait_running(demo.client, entry)
        if options.speed:
            vfarm.set_speed(demo.client, entry, options.speed)
        say("")
        say(f"  The farm is at     {demo.process.url}{path}")
        say(f"  Log in with        {USERNAME} / {PASSWORD}")
        say("  Stop it with       Ctrl-C")
        say("")
        try:
            while demo.process.running:
                time.sleep(0.3)
        except KeyboardInterrupt:
            say("Stopping …")
            return 0
        say(f"Home Assistant ended by itself; see {log}")
        return 1


def check(options: argparse.Namespace) -> int:
    """Prove that the demo works."""
    folder = (
        options.keep.resolve() if options.keep else Path(tempfile.mkdtemp(prefix="demo-check-"))
    )
    demo = session(folder, free_port(options.port), options.zip)
    started = time.monotonic()
    good = False
    try:
        with demo:
            proofs(demo, options.speed or CHECK_SPEED)
        step("the log has no complaint about vfarm", lambda: quiet(demo))
        good = True
    except HomeAssistantError as error:
        say(f"FAILED: {error}")
        with suppress(OSError):
            for line in demo.process.complaints():
                say(f"  log: {line}")
        if not options.keep:
            say(f"The folder is kept: {folder}")
        return 1
    finally:
        if good and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    say(f"The demo works ({time.monotonic() - started:.0f} s).")
    return 0


def proofs(demo: Session, speed: float) -> None:
    """What has to be true of a running demo."""
    client = demo.client
    entry = step("the demo farm is set up through its config flow", lambda: demo_entry(demo))
    step("the dashboard is there", lambda: vfarm.add_dashboard(client))
    step("the farm runs", lambda: vfarm.wait_running(client, entry))
    step(f"its clock runs at {speed:g}×", lambda: vfarm.set_speed(client, entry, speed))
    lamp = step("a light command was sent and proved", lambda: vfarm.prove_light(client, entry))
    say(f"       {lamp['point']}: {lamp['reason']}")
    circuit = step("a shot is asked for", lambda: vfarm.start_shot(client, entry))
    step(
        "its valve and pump are proved on", lambda: vfarm.wait_shot_running(client, entry, circuit)
    )
    shot = step(
        "it ends, valve and pump are proved off",
        lambda: vfarm.wait_shot_ended(client, entry, circuit),
    )
    if shot["last_end"] not in ("done", "volume"):
        raise HomeAssistantError(f"the shot ended as {shot['last_end']}")
    say(f"       {circuit}: {shot['last_delivered_l']} L")
    step("every entity is available", lambda: all_available(demo))
    step("nothing is to be repaired", lambda: sound(demo))


def step[T](what: str, do: Callable[[], T]) -> T:
    """Do one step and tell how it went."""
    try:
        done = do()
    except HomeAssistantError as error:
        raise HomeAssistantError(f"{what}: {error}") from error
    say(f"  ok   {what}")
    return done


def all_available(demo: Session) -> None:
    """No entity of vfarm is unavailable."""
    if gone := vfarm.unavailable(demo.client):
        raise HomeAssistantError(f"unavailable: {', '.join(gone)}")


def sound(demo: Session) -> None:
    """vfarm asks for no repair."""
    if issues := vfarm.repairs(demo.client):
        raise HomeAssistantError(", ".join(issues))


def quiet(demo: Session) -> None:
    """The log of the whole run, start and stop included, has no complaint."""
    if lines := demo.process.complaints():
        raise HomeAssistantError("\n".join(str(line) for line in lines))


def interrupt(*_: object) -> None:
    """Stop in order, however the stop was asked for."""
    raise KeyboardInterrupt


def main() -> int:
    """Run or check; an error is one line."""
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        return check(options) if options.check else run(options)
    except HomeAssistantError as error:
        say(f"The demo does not run: {error}")
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
