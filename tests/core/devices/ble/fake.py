"""A meter that is not there: a client that answers from a dictionary and counts what is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from vfarm_core.devices.ble import miflora

type Answer = bytes | Sequence[bytes] | Exception | Callable[[], bytes]


class FakeClient:
    """`answers`: characteristic -> its frame, frames one after the other (the last one stays), or
    what reading it raises. `hangs`: characteristics that never answer."""

    def __init__(
        self,
        answers: Mapping[str, Answer],
        *,
        hangs: Sequence[str] = (),
        leaves: Exception | None = None,
        never_leaves: bool = False,
    ) -> None:
        self._answers = dict(answers)
        self._hangs = hangs
        self._leaves = leaves
        self._never_leaves = never_leaves
        self.reads: list[str] = []
        self.writes: list[tuple[str, bytes]] = []
        self.connected = True

    async def read_gatt_char(self, uuid: str, /) -> bytes:
        assert self.connected
        self.reads.append(uuid)
        await asyncio.sleep(0)  # A radio lets others go first.
        if uuid in self._hangs:
            await asyncio.Event().wait()
        answer = self._answers[uuid]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, bytes):
            return answer
        if callable(answer):
            return answer()
        frame = answer[0]
        if len(answer) > 1:
            self._answers[uuid] = answer[1:]
        return frame

    async def write_gatt_char(self, uuid: str, data: bytes, /, *, response: bool) -> None:
        assert self.connected
        assert response
        self.writes.append((uuid, data))

    async def disconnect(self) -> None:
        if self._never_leaves:
            await asyncio.Event().wait()
        self.connected = False
        if self._leaves is not None:
            raise self._leaves


class FakeFlowerCare(FakeClient):
    """A plant sensor with a history, which shows the entry that was selected last."""

    def __init__(self, entries: Sequence[bytes], device_time: int) -> None:
        super().__init__(
            {
                miflora.DEVICE_TIME: device_time.to_bytes(4, "little"),
                miflora.HISTORY_DATA: self._shown,
            }
        )
        self.entries = list(entries)

    def _shown(self) -> bytes:
        command = self.writes[-1][1]
        if command[0] == 0xA1:
            return self.entries[int.from_bytes(command[1:], "little")]
        return len(self.entries).to_bytes(2, "little")
