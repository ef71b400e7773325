"""An open-loop HTTP client: requests leave when they are due, whatever became of those before. Run as its own process.

Latency counts from the moment a request was due, so that a stall of the server, or of this client, hides nothing.
"""

import asyncio
import json
import random
import resource
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import cast

import uvloop

_TICK = 0.002
_LATE = 0.05
_LINES = 4000
_LAST_ANSWERS = 15.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to send where: ``rate`` requests a second for ``seconds``, ``urgent`` of them (0 to 1) the urgent body."""

    host: str
    port: int
    path: str
    key: str
    rate: float
    seconds: float
    ordinary: str
    pressing: str
    urgent: float = 0.05
    seed: int = 1


@dataclass(slots=True)
class Seen:
    """What became of one kind of requests. Times are seconds; ``unsaid`` are refusals without ``Retry-After``."""

    sent: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    unsaid: int = 0


@dataclass(slots=True)
class Flood:
    """What the client saw and cost: requests sent over 50 ms late, connections, and its CPU seconds."""

    ordinary: Seen
    pressing: Seen
    late: int
    lines: int
    cpu: float
    took: float


class _Line(asyncio.Protocol):
    """One connection: one request at a time, the next when it has been answered."""

    def __init__(self, sender: "_Sender") -> None:
        self._sender = sender
        self._transport: asyncio.Transport | None = None
        self._read = bytearray()
        self._due = 0.0
        self._kind: Seen | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes, kind: Seen, due: float) -> None:
        """Send a request."""
        assert self._transport is not None
        self._kind, self._due = kind, due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        if not end:
            return
        fields = head.lower()
        if len(body) < int(fields.partition(b"content-length: ")[2].partition(b"\r\n")[0]):
            return
        self._read.clear()
        kind, self._kind = self._kind, None
        if kind is not None:
            told = b"\r\nretry-after: " in fields
            self._sender.answered(kind, fields[9:12].decode(), time.perf_counter() - self._due, told)
        self._sender.idle.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sender.lost(self, self._kind)


class _Sender:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._head = (
            f"POST {order.path} HTTP/1.1\r\nHost: {order.host}:{order.port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {order.key}\r\nIdempotency-Key: {time.time_ns():x}-"
        ).encode()
        self._bodies = {urgent: text.encode() for urgent, text in ((False, order.ordinary), (True, order.pressing))}
        self._kinds = {False: Seen(), True: Seen()}
        self._counts: dict[int, Counter[str]] = {id(kind): Counter() for kind in self._kinds.values()}
        self.idle: list[_Line] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._lines = self._late = self._waiting = 0

    async def run(self) -> Flood:
        order, dice = self._order, random.Random(self._order.seed)
        start = time.perf_counter()
        due, n = start, 0
        while due < start + order.seconds:
            now = time.perf_counter()
            while due <= now and due < start + order.seconds:
                self._send(n, dice.random() < order.urgent, due, now)
                due, n = due + dice.expovariate(order.rate), n + 1
            await asyncio.sleep(_TICK)
        took = time.perf_counter() - start
        until = time.perf_counter() + _LAST_ANSWERS
        while self._waiting and time.perf_counter() < until:
            await asyncio.sleep(0.05)
        for kind in self._kinds.values():
            kind.statuses = dict(self._counts[id(kind)])
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu = used.ru_utime + used.ru_stime
        return Flood(self._kinds[False], self._kinds[True], self._late, self._lines, cpu, took)

    def _send(self, n: int, urgent: bool, due: float, now: float) -> None:
        kind, body = self._kinds[urgent], self._bodies[urgent]
        kind.sent += 1
        self._late += now - due > _LATE
        request = b"%s%d\r\nContent-Length: %d\r\n\r\n%s" % (self._head, n, len(body), body)
        if self.idle:
            self._waiting += 1
            self.idle.pop().ask(request, kind, due)
        elif self._lines < _LINES:
            self._waiting += 1
            self._lines += 1
            opening = asyncio.ensure_future(self._open(request, kind, due))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)
        else:
            self._counts[id(kind)]["no line free"] += 1

    async def _open(self, request: bytes, kind: Seen, due: float) -> None:
        try:
            where = (self._order.host, self._order.port)
            _, line = await asyncio.get_running_loop().create_connection(lambda: _Line(self), *where)
        except OSError:
            self._lines -= 1
            self._waiting -= 1
            self._counts[id(kind)]["no connection"] += 1
        else:
            line.ask(request, kind, due)

    def answered(self, kind: Seen, status: str, seconds: float, told: bool) -> None:
        """An answer came."""
        self._waiting -= 1
        self._counts[id(kind)][status] += 1
        if status == "202":
            kind.accepted.append(seconds)
        elif status in ("429", "503"):
            kind.refused.append(seconds)
            kind.unsaid += not told

    def lost(self, line: _Line, kind: Seen | None) -> None:
        """A connection ended."""
        self._lines -= 1
        if line in self.idle:
            self.idle.remove(line)
        if kind is not None:
            self._waiting -= 1
            self._counts[id(kind)]["cut off"] += 1


def main() -> None:
    """The order as JSON on standard input, what came of it as JSON on standard output."""
    print(json.dumps(asdict(uvloop.run(_Sender(Order(**json.load(sys.stdin))).run()))))


if __name__ == "__main__":
    main()
