"""A keep-alive HTTP/1.1 line that costs little: one raw socket, one request at a time. For load generators."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status and the JSON, if it was JSON."""

    status: int
    body: bytes

    @property
    def data(self) -> Any:
        """The body as plain data."""
        return msgspec.json.decode(self.body)


class Line:
    """One connection to the API. Raises ``ConnectionError`` or ``asyncio.IncompleteReadError`` when it breaks."""

    def __init__(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._host = host
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str) -> "Line":
        """Connect to a base URL."""
        parts = urlsplit(url)
        return cls(parts.netloc, *await asyncio.open_connection(parts.hostname, parts.port))

    async def ask(self, method: str, path: str, key: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request; header names are written with underscores."""
        await self._send(method, path, key, body, headers)
        head = await self._reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        return Answer(int(head[9:12]), await self._reader.readexactly(size))

    async def listen(self, path: str, key: str) -> bytes:
        """Begin to listen to a stream: its first bytes. The line is of no other use then."""
        await self._send("GET", path, key, None, {})
        await self._reader.readuntil(b"\r\n\r\n")
        return await self._reader.readuntil(b"\n\n")

    async def _send(self, method: str, path: str, key: str, body: bytes | None, headers: dict[str, str]) -> None:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}", f"Authorization: Bearer {key}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        self._writer.write("\r\n".join((*lines, "", "")).encode() + (body or b""))
        await self._writer.drain()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
