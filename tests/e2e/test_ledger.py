"""What we acknowledged is in the record, once, whatever dies: the client keeps a ledger, the test compares (G1, G2).

The ledger is written before and after every request. Processes are killed with SIGKILL in a seeded order, PostgreSQL
and Kafka included. Unknown answers are asked again with the same key, as an inspector's phone does.
"""

import asyncio
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from runtime.machine import Machine, machine
from runtime.settings import Settings
from streams.topics import HOTLINE

SECONDS = 35.0
VICTIMS = ("api", "worker", "relay", "sweep", "postgres", "kafka")


@dataclass
class Ledger:
    """What the client intended and what it was told. Keys are the client's own."""

    intended: set[str] = field(default_factory=set)
    acknowledged: dict[str, str] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def city(server_home: Path) -> object:
    """A machine of its own, whose servers may be killed."""
    home = server_home / "ledger"
    with machine(replace(Settings(), home=home), lambda _: None) as running:
        yield running


def ticket(number: str) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A hotline ticket as the call centre publishes it."""
    called = {
        "centre": "12345",
        "ticket_no": number,
        "called_at": datetime.now(UTC).isoformat(),
        "text": "垃圾堆满没人清",
    }
    return json.dumps(called).encode(), [("schema", HOTLINE.contract.encode())]


def kill(running: Machine, name: str) -> None:
    """SIGKILL one process or server; the supervisor brings it back."""
    for server in running.supervisor.embedded:
        if server.name == name:
            server.kill()
            return
    for process in running.supervisor.processes:
        if process.name == name and process.pid is not None:
            os.kill(process.pid, signal.SIGKILL)


async def submit_until(end: float, running: Machine, ledger: Ledger, client: int) -> None:
    """One inspector: a new report as soon as the last one is acknowledged, again with the same key when in doubt."""
    headers = {"Authorization": f"Bearer {running.keys['inspector-1']}"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=5.0) as http:
        n = 0
        while time.monotonic() < end:
            key = f"{client}-{n}"
            ledger.intended.add(key)
            body = {"text": f"第{n}处路灯不亮", "category": "01037",
                    "position": {"lon": 113.95, "lat": 27.93, "crs": "EPSG:4326"}}  # fmt: skip
            while key not in ledger.acknowledged:
                try:
                    answer = await http.post("/v1/reports", json=body, headers={"Idempotency-Key": key})
                except httpx.HTTPError:
                    ledger.unknown[key] += 1
                    await asyncio.sleep(0.2)
                    continue
                if answer.status_code == 202:
                    ledger.acknowledged[key] = answer.json()["report_id"]
                else:
                    assert answer.status_code == 503, answer.text
                    ledger.unknown[key] += 1
                    await asyncio.sleep(0.2)
            n += 1


async def call_until(end: float, running: Machine, sent: set[str]) -> None:
    """The hotline: tickets to Kafka, each counted once the broker has acknowledged it."""
    n = 0
    while time.monotonic() < end:
        producer = AIOKafkaProducer(bootstrap_servers=running.settings.kafka_bootstrap, acks="all")
        try:
            await producer.start()
            while time.monotonic() < end:
                number = f"ledger-{n}"
                value, headers = ticket(number)
                await asyncio.wait_for(
                    producer.send_and_wait(HOTLINE.full(running.settings.topic_prefix), value, headers=headers), 5.0
                )
                sent.add(number)
                n += 1
        except (KafkaError, OSError, TimeoutError):
            await asyncio.sleep(0.5)
        finally:
            await producer.stop()


def kill_at_random(running: Machine, until: threading.Event, killed: Counter[str], seed: int) -> None:
    """Every moment another victim, each kind at least once."""
    dice = random.Random(seed)
    order = [*dice.sample(VICTIMS, len(VICTIMS)), *dice.choices(VICTIMS, k=20)]
    for victim in order:
        if until.wait(dice.uniform(1.5, 3.5)):
            return
        kill(running, victim)
        killed[victim] += 1


async def settled(running: Machine, reports: int) -> None:
    """Wait until every report stands behind a case and every event is published."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            connection = await asyncpg.connect(running.settings.database_url)
        except (OSError, asyncpg.PostgresError):
            await asyncio.sleep(0.5)
            continue
        try:
            known = await connection.fetchval("SELECT count(*) FROM reports")
            linked = await connection.fetchval("SELECT count(DISTINCT report_id) FROM case_reports")
        finally:
            await connection.close()
        if known >= reports and linked == known:
            return
        await asyncio.sleep(0.5)
    pytest.fail(f"{linked} of {known} reports have a case, {reports} were acknowledged")


@pytest.mark.timeout(300)
async def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(city: Machine) -> None:
    ledger, tickets, killed = Ledger(), set[str](), Counter[str]()
    end, stop = time.monotonic() + SECONDS, threading.Event()
    killer = threading.Thread(target=kill_at_random, args=(city, stop, killed, 20261121))
    killer.start()
    try:
        await asyncio.gather(
            *(submit_until(end, city, ledger, client) for client in range(8)), call_until(end, city, tickets)
        )
    finally:
        stop.set()
        killer.join()
    assert set(VICTIMS) <= set(killed), f"every kind was to be killed: {killed}"
    assert sum(ledger.unknown.values()) > 0, "no request was ever cut off: this run proves nothing"
    await settled(city, len(ledger.acknowledged) + len(tickets))

    connection = await asyncpg.connect(city.settings.database_url)
    try:
        rows = await connection.fetch("SELECT id, origin, origin_key FROM reports")
        openings = await connection.fetch(
            "SELECT report_id, count(*) AS cases FROM case_reports GROUP BY report_id HAVING count(*) > 1"
        )
        gaps = await connection.fetchval(
            "SELECT count(*) FROM (SELECT subject FROM events GROUP BY subject HAVING max(version) <> count(*)) AS g"
        )
    finally:
        await connection.close()
    by_key = {row["origin_key"]: str(row["id"]) for row in rows if row["origin"] == "api:inspector-1"}
    assert {k: by_key.get(k) for k in ledger.acknowledged} == ledger.acknowledged, "an acknowledged report is missing"
    assert set(by_key) <= ledger.intended, "a report nobody sent"
    called = Counter(row["origin_key"] for row in rows if row["origin"] == "hotline:12345")
    assert tickets <= set(called), "a ticket the broker had is missing"
    assert all(count == 1 for count in called.values()), "a ticket is there twice"
    assert not openings, "a report stands behind two cases"
    assert gaps == 0, "a case's history has a gap"
    print(f"acknowledged {len(ledger.acknowledged)} + {len(tickets)}, unknown {sum(ledger.unknown.values())}, {killed}")
