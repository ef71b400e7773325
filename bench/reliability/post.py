"""One POST on a line of its own, given up at once when it is cancelled.

Not by a client with a pool: a caller with so little patience hangs up hundreds of times a minute, and pools lose count
of their lines.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


async def post(port: int, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Send and read the whole answer. Raises ``OSError`` or ``EOFError`` when the line breaks."""
    reader, writer = await asyncio.open_connection(_HOST, port)
    try:
        said = {"Host": f"{_HOST}:{port}", "Connection": "close", "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        await writer.drain()
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await reader.readexactly(int(found["content-length"]))
        return Answer(int(first.split()[1]), found, content)
    finally:
        writer.transport.abort()
