"""A closed-loop HTTP client that costs little: raw sockets, keep-alive, one body a request. Run as its own process."""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass

import uvloop


@dataclass(frozen=True, slots=True)
class Load:
    """What the client saw: answers with the wanted status a second, latencies in milliseconds, other answers."""

    rate: float
    p50: float
    p99: float
    other: int


async def _client(host: str, port: int, head: bytes, body: bytes, until: float, name: int, took: list[float]) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    other, n = 0, 0
    length = b"Content-Length: %d\r\n" % len(body)
    while time.perf_counter() < until:
        start = time.perf_counter()
        writer.write(head + length + b"Idempotency-Key: %d-%d\r\n\r\n" % (name, n) + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        size = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(size)
        took.append(time.perf_counter() - start)
        other += answer[9:12] not in (b"200", b"201", b"202")
        n += 1
    writer.close()
    return other


async def load(url: str, key: str, body: bytes, connections: int, seconds: float) -> Load:
    """POST ``body`` to ``url`` from so many connections for so many seconds."""
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    head = (
        f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\n"
    ).encode()
    took: list[float] = []
    start = time.perf_counter()
    clients = (
        _client(name, int(port), head, body, start + seconds, n + time.time_ns(), took) for n in range(connections)
    )
    other = sum(await asyncio.gather(*clients))
    took.sort()
    return Load(
        (len(took) - other) / (time.perf_counter() - start),
        took[len(took) // 2] * 1000,
        took[int(len(took) * 0.99)] * 1000,
        other,
    )


def main() -> None:
    """Arguments: url, key, connections, seconds; the body on standard input; the figures as JSON on standard output."""
    url, key, connections, seconds = sys.argv[1:]
    found = uvloop.run(load(url, key, sys.stdin.buffer.read(), int(connections), float(seconds)))
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
