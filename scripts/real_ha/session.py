"""A Home Assistant with somebody logged in: what the demo and the tests work with."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from .client import Client, wait_for
from .process import HomeAssistant, HomeAssistantError

NAME, USERNAME, PASSWORD = "Grower", "grower", "grower"


class Session:
    """The process and its first user, kept together over restarts."""

    def __init__(self, process: HomeAssistant) -> None:
        self.process = process
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """The logged-in user; only while the process runs."""
        if self._client is None:
            raise HomeAssistantError("Home Assistant is not running")
        return self._client

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, go through the first-run wizard when there is no user yet, wait until it runs."""
        self.process.start()
        try:
            client = self._client = Client(self.process.url)
            if self._has_user(client):
                client.log_in(username=USERNAME, password=PASSWORD)
            else:
                client.onboard(name=NAME, username=USERNAME, password=PASSWORD)
            # Signals are only handled from here on.
            wait_for("Home Assistant has started", self._started, timeout_s=120)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop in order."""
        self._close()
        self.process.stop()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self._close()

    def restart(self) -> None:
        """Stop in order and start again."""
        self.stop()
        self.start()

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _started(self) -> bool:
        return bool(self.client.call("get_config")["state"] == "RUNNING")

    @staticmethod
    def _has_user(client: Client) -> bool:
        try:
            steps: list[dict[str, Any]] = client.get("/api/onboarding")
        except HomeAssistantError:
            # The wizard takes its routes away when it is done.
            return True
        return all(step["done"] for step in steps if step["step"] == "user")
