"""Reports over HTTP, durable, at 8 and 64 connections, beside a bare route that does one single-row insert."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen, run
from urllib.error import URLError
from urllib.request import urlopen

import msgspec

from bench.bed import bed, fresh, middle, processes
from bench.load import Load
from bench.tickets import spots
from runtime.bringup import keys_file
from runtime.embedded.server import free_port
from runtime.settings import Settings
from runtime.wiring import read_pack

CONNECTIONS = (8, 64)


def _body(settings: Settings) -> bytes:
    lon, lat = spots(read_pack(settings))[0]
    return msgspec.json.encode(
        {
            "text": "路口的污水井盖不见了，很危险",
            "category": "01002",
            "position": {"lon": round(lon, 7), "lat": round(lat, 7), "crs": "EPSG:4326"},
            "captured_at": "2026-11-21T08:00:00+08:00",
        }
    )


def _load(url: str, key: str, body: bytes, connections: int, seconds: float) -> Load:
    command = [sys.executable, "-m", "bench.load", url, key, str(connections), str(seconds)]
    return Load(**json.loads(run(command, input=body, capture_output=True, check=True).stdout))


def answers(url: str) -> None:
    """Wait until there is an answer. Raises ``TimeoutError`` after half a minute."""
    for _ in range(300):
        try:
            urlopen(url, timeout=1).close()  # noqa: S310  (our own address)
        except (URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)


@contextmanager
def _bare(settings: Settings) -> Iterator[str]:
    port = free_port()
    server = Popen([sys.executable, "-m", "bench.bare_api", str(port)], env={**settings.environment()})
    try:
        answers(f"http://127.0.0.1:{port}/openapi.json")
        yield f"http://127.0.0.1:{port}/reports"
    finally:
        server.terminate()
        server.wait()


def main(seconds: float = 6.0, rounds: int = 5) -> str:
    """The table, as Markdown. Rounds alternate between ours and the bare route."""
    found: dict[tuple[str, int], list[Load]] = {}
    with bed() as settings:
        own = fresh(settings, "http")
        key = json.loads(keys_file(own).read_text())["inspector-1"]
        body = _body(own)
        with processes(own, ["api"]), _bare(own) as bare:
            ours = f"http://{own.api_host}:{own.api_port}/v1/reports"
            answers(f"http://{own.api_host}:{own.api_port}/livez")
            for warm_up in (ours, bare):
                _load(warm_up, key, body, 8, 1.0)
            for _ in range(rounds):
                for connections in CONNECTIONS:
                    for name, url in (("ours", ours), ("bare", bare)):
                        found.setdefault((name, connections), []).append(_load(url, key, body, connections, seconds))
    lines = [
        "| connections | ours, reports/s | p50 ms | p99 ms | bare insert, 1/s | p50 ms | p99 ms | ratio | refused |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for connections in CONNECTIONS:
        a, b = found["ours", connections], found["bare", connections]
        ratio = middle([x.rate / y.rate for x, y in zip(a, b, strict=True)])
        cells = [f"{middle([x.rate for x in r]):,.0f} | {middle([x.p50 for x in r]):.1f} | "
                 f"{middle([x.p99 for x in r]):.1f}" for r in (a, b)]  # fmt: skip
        lines.append(f"| {connections} | {cells[0]} | {cells[1]} | **{ratio:.2f}** | {sum(x.other for x in a)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(main(*map(float, sys.argv[1:2])))
