"""The line a request comes in on, as the doorkeeper hands it on: read ahead, watched, cut off when it stands still."""

import asyncio
import time
from collections import deque

from starlette.types import Message, Receive, Send


class Line:
    """``receive`` and ``send`` of one request.

    ``received``: the body is whole, or the client has hung up, since ``received_at``. ``started``: the answer has
    begun. ``stalled``: nothing moved for ``idle_seconds`` in one of the ``_moving`` ways.
    """

    def __init__(self, receive: Receive, send: Send, idle_seconds: float) -> None:
        self._receive = receive
        self._send = send
        self._idle_seconds = idle_seconds
        self._read: deque[Message] = deque()
        self.received = False
        self.received_at = time.perf_counter()
        self.started = False
        self.stalled = False

    async def receive(self) -> Message:
        """The next piece of the body, what was read ahead of it first."""
        if self._read:
            return self._read.popleft()
        message = await self._receive()
        if not message.get("more_body", False):
            self.received, self.received_at = True, time.perf_counter()
        return message

    async def send(self, message: Message) -> None:
        """A piece of the answer."""
        self.started = True
        await self._send(message)

    async def peek(self, most: int, seconds: float) -> bytes | None:
        """The whole body, read ahead; None if it is longer than ``most`` bytes or not there within ``seconds``."""
        body, ahead = bytearray(), []
        try:
            async with asyncio.timeout(seconds):
                while not self.received and len(body) <= most:
                    message = await self.receive()
                    ahead.append(message)
                    body += message.get("body", b"")
        except TimeoutError:
            return None
        finally:
            self._read.extend(ahead)
        return bytes(body) if len(body) <= most else None

    async def receive_moving(self) -> Message:
        """The next piece; a line that stands still is told as a client that has hung up."""
        try:
            async with asyncio.timeout(self._idle_seconds):
                return await self.receive()
        except TimeoutError:
            self.stalled = True
            return {"type": "http.disconnect"}

    async def send_moving(self, message: Message) -> None:
        """A piece of the answer. Raises ``TimeoutError`` if the client does not take it."""
        try:
            async with asyncio.timeout(self._idle_seconds):
                await self.send(message)
        except TimeoutError:
            self.stalled = True
            raise
