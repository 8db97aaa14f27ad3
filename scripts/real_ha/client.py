"""Home Assistant's REST and websocket API, asked from plain synchronous code."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Self

import aiohttp

from .process import HomeAssistantError

LANGUAGE = "en"
_TIMEOUT_S = 60.0


class Client:
    """One logged-in user. An event loop in a thread of its own carries the connections."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client_id = f"{url}/"
        self.access_token = ""
        self.refresh_token = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._session = self._run(self._open_session())
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._next_id = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._events: dict[int, queue.SimpleQueue[Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        if self._loop.is_running():
            self._run(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    # Logging in -----------------------------------------------------------------------------

    def onboard(self, *, name: str, username: str, password: str) -> None:
        """Go through the first-run wizard and be logged in as its user."""
        answer = self.post(
            "/api/onboarding/users",
            {
                "client_id": self.client_id,
                "name": name,
                "username": username,
                "password": password,
                "language": LANGUAGE,
            },
        )
        self._tokens({"grant_type": "authorization_code", "code": answer["auth_code"]})
        for step in ("core_config", "analytics"):
            self.post(f"/api/onboarding/{step}", {})
        self.post(
            "/api/onboarding/integration",
            {"client_id": self.client_id, "redirect_uri": self.client_id},
        )

    def log_in(self, *, username: str, password: str) -> None:
        """Log in as a user that exists."""
        flow = self.post(
            "/auth/login_flow",
            {
                "client_id": self.client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": self.client_id,
            },
        )
        answer = self.post(
            f"/auth/login_flow/{flow['flow_id']}",
            {"client_id": self.client_id, "username": username, "password": password},
        )
        if answer.get("type") != "create_entry":
            raise HomeAssistantError(f"the log-in of {username} was refused: {answer}")
        self._tokens({"grant_type": "authorization_code", "code": answer["result"]})

    def _tokens(self, form: Mapping[str, str]) -> None:
        answer = self._run(
            self._request("POST", "/auth/token", form={**form, "client_id": self.client_id})
        )
        self.access_token = answer["access_token"]
        self.refresh_token = answer["refresh_token"]

    # REST -----------------------------------------------------------------------------------

    def get(self, path: str) -> Any:
        """GET, the JSON answer."""
        return self._run(self._request("GET", path))

    def post(self, path: str, data: Any = None) -> Any:
        """POST of JSON, the JSON answer."""
        return self._run(self._request("POST", path, data={} if data is None else data))

    def delete(self, path: str) -> Any:
        """DELETE, the JSON answer."""
        return self._run(self._request("DELETE", path))

    def states(self) -> dict[str, dict[str, Any]]:
        """Every state by entity id."""
        return {state["entity_id"]: state for state in self.get("/api/states")}

    def state(self, entity_id: str) -> str | None:
        """The state of one entity; None when there is none."""
        try:
            return str(self.get(f"/api/states/{entity_id}")["state"])
        except HomeAssistantError as error:
            if "404" in str(error):
                return None
            raise

    def action(self, domain: str, name: str, **data: Any) -> Any:
        """Perform an action; its response data, when `return_response` asks for it."""
        wants_response = data.pop("return_response", False)
        answer = self.call(
            "call_service",
            domain=domain,
            service=name,
            service_data=data,
            return_response=wants_response,
        )
        return answer.get("response")

    def flow(self, start: Mapping[str, Any], *steps: Mapping[str, Any], sub: bool = False) -> Any:
        """Walk a config flow (with `sub` a subentry flow) to its end; the last answer.

        A step is the input of a form, or {"next_step_id": …} in a menu. Stops with an error when
        a form answers with errors or steps are left over.
        """
        base = "/api/config/config_entries/" + ("subentries/flow" if sub else "flow")
        answer = self.post(base, dict(start))
        for step in steps:
            if answer["type"] in ("create_entry", "abort"):
                raise HomeAssistantError(f"the flow ended early ({answer}) before {step}")
            answer = self.post(f"{base}/{answer['flow_id']}", dict(step))
            if answer.get("errors"):
                raise HomeAssistantError(
                    f"step {answer['step_id']} refused {step}: {answer['errors']} "
                    f"{answer.get('description_placeholders')}"
                )
        return answer

    async def _request(
        self, method: str, path: str, *, data: Any = None, form: Mapping[str, str] | None = None
    ) -> Any:
        headers = {"Authorization": f"Bearer {self.access_token}"} if self.access_token else {}
        body: dict[str, Any] = {"data": form} if form is not None else {"json": data}
        if method in ("GET", "DELETE"):
            body = {}
        async with self._session.request(
            method, self.url + path, headers=headers, **body
        ) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise HomeAssistantError(f"{method} {path}: {answer.status} {text[:600]}")
            return await answer.json() if "json" in answer.content_type else text

    # Websocket ------------------------------------------------------------------------------

    def call(self, message_type: str, **data: Any) -> Any:
        """Send a websocket command; its result."""
        return self._run(self._call({"type": message_type, **data}))[1]

    def subscribe(self, message_type: str, **data: Any) -> queue.SimpleQueue[Any]:
        """Subscribe by a websocket command; the queue its events arrive in."""
        number, _ = self._run(self._call({"type": message_type, **data}))
        return self._events[number]

    async def _call(self, message: dict[str, Any]) -> tuple[int, Any]:
        if self._socket is None or self._socket.closed:
            await self._connect()
        assert self._socket is not None
        self._next_id += 1
        number = self._next_id
        self._events[number] = queue.SimpleQueue()
        answer = self._answers[number] = self._loop.create_future()
        await self._socket.send_json({**message, "id": number})
        result = await asyncio.wait_for(answer, _TIMEOUT_S)
        if not result["success"]:
            raise HomeAssistantError(f"{message['type']}: {result['error']}")
        return number, result["result"]

    async def _connect(self) -> None:
        socket = await self._session.ws_connect(
            self.url.replace("http", "ws", 1) + "/api/websocket", max_msg_size=0
        )
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": self.access_token})
        answer = await socket.receive_json()
        if answer["type"] != "auth_ok":
            raise HomeAssistantError(f"the websocket refused the log-in: {answer}")
        self._socket = socket
        self._next_id = 0
        self._reader = asyncio.create_task(self._read(socket))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            message = frame.json()
            if message["type"] == "result" and (answer := self._answers.pop(message["id"], None)):
                answer.set_result(message)
            elif message["type"] == "event" and message["id"] in self._events:
                self._events[message["id"]].put(message["event"])
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(HomeAssistantError("the websocket was closed"))
        self._answers.clear()

    # The loop in the other thread -----------------------------------------------------------

    async def _open_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S))

    async def _close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader
        await self._session.close()

    def _run[T](self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(_TIMEOUT_S + 10)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise HomeAssistantError(f"no answer from {self.url}: {error!r}") from error


def wait_for[T](
    what: str,
    look: Callable[[], T],
    *,
    timeout_s: float,
    every_s: float = 0.5,
    detail: Callable[[], object] | None = None,
) -> T:
    """Look again and again until something true is seen. `detail` tells what was seen instead."""
    deadline = time.monotonic() + timeout_s
    while True:
        if seen := look():
            return seen
        if time.monotonic() > deadline:
            more = f"; last seen: {detail()}" if detail else ""
            raise HomeAssistantError(f"{what}: not within {timeout_s:.0f} s{more}")
        time.sleep(every_s)
