"""The Home Assistant process: its configuration folder, its start, its end and its log."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
#: That of the environment we run in; its Home Assistant is started unless another one is named.
INTERPRETER = Path(sys.executable)

#: What a farm needs of Home Assistant. No `http:` block: it would be taken as a trial that reverts
#: after five minutes.
CONFIGURATION = """\
homeassistant:
frontend:
config:
history:
logbook:
recorder:
automation:
script:
system_health:
energy:
"""

#: A line of the log: time, level, thread, logger, text.
_LINE = re.compile(
    r"^(?:\x1b\[\d+m)?\S+ \S+ (?P<level>[A-Z]+) \([^)]*\) \[(?P<logger>[^\]]+)\] (?P<text>.*)$"
)
_UNTESTED = "We found a custom integration vfarm which has not been tested by Home Assistant"


class HomeAssistantError(Exception):
    """Home Assistant did not do what was asked; the message says what and why."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One record of the log; `text` includes the traceback that follows it."""

    level: str
    logger: str
    text: str

    def __str__(self) -> str:
        return f"{self.level} [{self.logger}] {self.text}"


def free_port(preferred: int | None = None) -> int:
    """A free TCP port of the loopback interface: the preferred one, else the next free one above
    it, else any."""
    for port in range(preferred, preferred + 50) if preferred else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise HomeAssistantError(f"no free port from {preferred} on")


def prepare(
    config_dir: Path,
    *,
    port: int,
    zip_file: Path | None = None,
    configuration: str = CONFIGURATION,
    interpreter: Path = INTERPRETER,
) -> dict[str, str]:
    """Make a configuration folder with vfarm in it and return the environment of the process.

    With `zip_file` the integration is what the zip holds and nothing else of this repository can be
    imported. Without it the folder links to the sources, and the core is importable beside them.
    A folder that exists keeps its storage; the port is written anew. `interpreter` is that of
    the environment whose Home Assistant is to run.
    """
    config_dir.mkdir(parents=True, exist_ok=True)
    (config_dir / "configuration.yaml").write_text(configuration, encoding="utf-8")
    _write_http_storage(config_dir / ".storage" / "http", port)
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    # Home Assistant calls uv by name.
    environment["PATH"] = f"{interpreter.parent}{os.pathsep}{environment.get('PATH', '')}"
    target = config_dir / "custom_components" / "vfarm"
    target.parent.mkdir(exist_ok=True)
    library = config_dir / "lib"
    for old in (target, library):
        if old.is_symlink() or old.is_file():
            old.unlink()
        elif old.exists():
            shutil.rmtree(old)
    if zip_file is not None:
        if not zip_file.is_file():
            raise HomeAssistantError(f"{zip_file} is missing; scripts/release builds it")
        with zipfile.ZipFile(zip_file) as archive:
            archive.extractall(target)
    else:
        target.symlink_to(REPOSITORY / "custom_components" / "vfarm", target_is_directory=True)
        library.mkdir()
        (library / "vfarm_core").symlink_to(REPOSITORY / "vfarm_core", target_is_directory=True)
        environment["PYTHONPATH"] = str(library)
    return environment


def _write_http_storage(path: Path, port: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    stable = {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "intermediate",
        "use_x_frame_options": True,
        "created_at": "2026-01-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    # The form of 2026.10, which later releases bring up to date themselves.
    document = {
        "version": 2,
        "minor_version": 2,
        "key": "http",
        "data": {"stable": stable, "pending": None, "yaml_migration_done": True},
    }
    path.write_text(json.dumps(document), encoding="utf-8")


class HomeAssistant:
    """One Home Assistant process over one configuration folder."""

    def __init__(
        self,
        config_dir: Path,
        *,
        port: int,
        environment: Mapping[str, str],
        interpreter: Path = INTERPRETER,
    ) -> None:
        self.config_dir = config_dir
        self.interpreter = interpreter
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log_file = config_dir / "home-assistant-console.log"
        self._environment = dict(environment)
        self._log_from = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, timeout_s: float = 180.0) -> None:
        """Start the process and wait until it answers. The log file grows over restarts."""
        if self.running:
            raise HomeAssistantError("it runs already")
        self._log_from = self.log_file.stat().st_size if self.log_file.exists() else 0
        command = [str(self.interpreter), "-P", "-m", "homeassistant", "-c", str(self.config_dir)]
        with self.log_file.open("ab") as log:
            # A session of its own: Ctrl-C reaches this program, which then stops it in order.
            self._process = subprocess.Popen(
                command,
                cwd=self.config_dir,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if not self.running:
                raise HomeAssistantError(
                    f"Home Assistant ended at start with code {self._process.returncode}:\n"
                    + self._tail()
                )
            if self._answers():
                return
            time.sleep(0.25)
        self.stop()
        raise HomeAssistantError(
            f"Home Assistant did not answer within {timeout_s:.0f} s:\n{self._tail()}"
        )

    def stop(self, timeout_s: float = 60.0) -> int | None:
        """Stop in order; kill when that takes too long. Returns the exit code."""
        if self._process is None:
            return None
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.returncode

    def kill(self) -> None:
        """kill -9, in whatever it is doing."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)

    def wait_stopped(self) -> int:
        """Wait for the process to end by itself."""
        assert self._process is not None
        return self._process.wait()

    def log(self) -> list[LogLine]:
        """Every record logged so far, tracebacks with their record."""
        if not self.log_file.exists():
            return []
        found: list[LogLine] = []
        for raw in self.log_file.read_text(encoding="utf-8", errors="replace").splitlines():
            line = raw.removesuffix("\x1b[0m")
            if match := _LINE.match(line):
                found.append(LogLine(match["level"], match["logger"], match["text"]))
            elif found:
                last = found[-1]
                found[-1] = LogLine(last.level, last.logger, f"{last.text}\n{line}")
            else:
                found.append(LogLine("INFO", "console", line))
        return found

    def complaints(self) -> list[LogLine]:
        """Warnings and errors that name vfarm, but the notice every custom integration gets."""
        # The folders themselves may be called vfarm.
        folders = (
            str(self.config_dir),
            sys.prefix,
            str(self.interpreter.parents[1]),
            str(REPOSITORY),
        )
        return list(_complaints(self.log(), folders))

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/manifest.json", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _tail(self) -> str:
        text = self.log_file.read_bytes()[self._log_from :].decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-25:])


#: It is set up by itself, wants the internet, and when it is cut off its traceback names whatever
#: was being imported at that moment.
_STRANGERS = frozenset({"homeassistant.components.radio_browser"})


def _complaints(lines: Iterable[LogLine], folders: Iterable[str]) -> Iterable[LogLine]:
    for line in lines:
        if line.level not in ("WARNING", "ERROR", "CRITICAL"):
            continue
        if line.text.startswith(_UNTESTED) or line.logger in _STRANGERS:
            continue
        text = f"{line.logger} {line.text}"
        for folder in folders:
            text = text.replace(folder, "")
        if "vfarm" in text.lower():
            yield line


def read_storage(config_dir: Path, key: str) -> Any:
    """What Home Assistant keeps under `.storage/KEY`."""
    return json.loads((config_dir / ".storage" / key).read_text(encoding="utf-8"))["data"]
