"""Every example of docs/partners.md, as it stands there, with the real broker, worker, relay, sweep and database."""

import asyncio
import json
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaProducer

from domain.actor import Actor, Role
from domain.ids import ReportId
from domain.ticket_events import TicketCommand, TicketVerb
from handlers.outcomes import Done
from handlers.ports import Office
from handlers.tickets import TicketRequest, act_many
from runtime.contracts import CONTRACTS
from store.pool import Pool
from streams.messages import MESSAGE_CONTRACTS
from streams.topics import MESSAGES, create_topics
from tests.demo_city import COARSE, a_call, filed
from tests.sensors import a_gauge

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "partners.md").read_text(encoding="utf-8")
START, *EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
WITHIN = 60.0


def contract_of(example: str) -> str:
    return next(contract for contract in CONTRACTS if f'"{contract}"' in example)


BY_CONTRACT = {contract_of(example): example for example in EXAMPLES}


def test_there_is_one_example_for_each_contract_that_comes_in() -> None:
    ours = {"sensor-tick.v1", "work.v1", "case-event.v1", "ticket-event.v1"}
    assert len(BY_CONTRACT) == len(EXAMPLES)
    assert set(BY_CONTRACT) == set(CONTRACTS) - ours
    assert set(MESSAGE_CONTRACTS) < set(BY_CONTRACT)


class City:
    """Running workers, relay and sweep, and what they have made of the examples."""

    def __init__(self, pool: Pool, environment: dict[str, str]) -> None:
        self.pool = pool
        self.environment = environment

    async def publish(self, contract: str) -> None:
        """Run an example as a partner would: a script of its own."""
        script = START + BY_CONTRACT[contract]
        run = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-W", "ignore", "-c", script],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, run.stderr

    async def until(self, question: str, *values: Any) -> None:
        """Wait until the database answers with something true."""

        deadline = time.monotonic() + WITHIN
        while not await self.pool.fetchval(question, *values):
            assert time.monotonic() < deadline, f"never true: {question}\n{self.logs()}"
            await asyncio.sleep(0.1)

    def logs(self) -> str:
        """What the processes said last."""
        return "\n\n".join(path.read_text()[-3000:] for path in Path(self.environment["CITYLOOP_HOME"]).glob("*.log"))


def started(name: str, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    with (Path(environment["CITYLOOP_HOME"]) / f"{name}.log").open("wb") as log:
        command = [sys.executable, "-m", "runtime.cli", name]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)


@pytest.fixture(scope="module")
async def running(
    kafka_bootstrap: str, fresh_dsn: str, pool: Pool, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[City]:
    prefix = f"partners-{uuid4().hex[:8]}"
    await create_topics(kafka_bootstrap, prefix)
    home = tmp_path_factory.mktemp("partners")
    environment = os.environ | {
        "CITYLOOP_HOME": str(home),
        "CITYLOOP_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "CITYLOOP_DATABASE_URL": fresh_dsn,
        "CITYLOOP_TOPIC_PREFIX": prefix,
        "PYTHONPATH": str(ROOT),
    }
    processes = [started(name, environment) for name in ("worker", "sensors", "relay", "sweep")]
    try:
        yield City(pool, environment)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


_TICKET = "FROM tickets t JOIN reports r ON r.id = t.report_id WHERE r.origin = 'hotline:12345' AND r.origin_key = $1"


async def test_a_ticket_is_filed_supplemented_and_urged(running: City) -> None:
    """The supplement first: it waits for the ticket that it overtakes."""
    await running.publish("hotline-supplement.v1")
    await running.until("SELECT count(*) = 1 FROM rejects WHERE code = 'ticket-unknown' AND replayed_at IS NULL")
    await running.publish("hotline-ticket.v1")
    await running.until(f"SELECT t.version >= 3 {_TICKET}", "T-1001")
    await running.until("SELECT count(*) = 0 FROM rejects WHERE replayed_at IS NULL")
    words = await running.pool.fetchval("SELECT words FROM ticket_answers")
    assert words == "第三根灯杆，旁边是公交站"
    await running.publish("hotline-urge.v1")
    await running.until("SELECT count(*) > 0 FROM events WHERE type = 'case.urged'")
    await running.until("SELECT count(*) = 2 FROM messages WHERE outcome IS NOT NULL")
    assert await running.pool.fetchval("SELECT outcome::text FROM messages WHERE key = 'T-1001-C1'") == "done"


async def test_a_ticket_is_withdrawn(running: City, office: Office) -> None:
    report = a_call(origin_key="T-1002", **COARSE)
    await filed(office, report)
    await running.publish("hotline-withdraw.v1")
    await running.until(f"SELECT t.state = 'withdrawn' {_TICKET}", "T-1002")


async def test_a_caller_was_called_back(running: City, office: Office) -> None:
    report = a_call(origin_key="T-1003", **COARSE)
    await filed(office, report)
    command = TicketCommand(TicketVerb.ANSWER, Actor("desk-1", Role.DESK), ReportId(report.id), words="已修复")
    assert await act_many(office, [TicketRequest(command)]) == [Done(report.id, 3)]
    await running.publish("hotline-satisfaction.v1")
    await running.until(f"SELECT t.state = 'ended' {_TICKET}", "T-1003")


@pytest.mark.parametrize(
    ("contract", "origin", "number"),
    [
        ("inspector-report.v1", "inspector:wg-0417", "wg-0417-07"),
        ("sensor-alarm.v1", "alarm:iot-yunhu", "A-7781203"),
    ],
)
async def test_a_report_becomes_a_case(running: City, contract: str, origin: str, number: str) -> None:
    await running.publish(contract)
    await running.until(
        "SELECT count(*) = 1 FROM reports r JOIN case_reports l ON l.report_id = r.id "
        "WHERE (r.origin, r.origin_key) = ($1, $2)",
        origin,
        number,
    )


async def test_readings_are_kept_under_their_devices_and_a_stranger_is_noted(running: City, office: Office) -> None:
    async with office.store.unit() as unit:
        for name in ("lamp-0001", "lamp-0002"):
            await unit.devices.put(a_gauge(name, "street-lamp", "gw-17"))
    await running.publish("sensor-readings.v1")
    await running.until("SELECT count(*) = 2 FROM readings")
    kept = await running.pool.fetch("SELECT d.id, r.value FROM readings r JOIN devices d ON d.no = r.device")
    assert {row["id"]: row["value"] for row in kept} == {"lamp-0001": 3.5, "lamp-0002": 0.0}
    await running.until("SELECT count(*) = 1 FROM unknown_devices WHERE id = 'manhole-00417' AND gateway = 'gw-17'")


GOOD = {"centre": "12345", "ticket_no": "T-1003", "message_id": "T-1003-B7", "sent_at": "2026-11-16T10:00:00+08:00"}
SCHEMA = ("schema", b"hotline-supplement.v1")
TURNED_AWAY: dict[str, tuple[bytes, bytes | None, list[tuple[str, bytes]]]] = {
    "key-mismatch": (b"T-1003", json.dumps(GOOD | {"text": "a"}).encode(), [SCHEMA]),
    "json-invalid": (b"12345/T-1003", None, [SCHEMA]),
    "json-duplicate-key": (b"12345/T-1003", b'{"text":"a",' + json.dumps(GOOD | {"text": "b"}).encode()[1:], [SCHEMA]),
    "number-not-finite": (b"12345/T-1003", json.dumps(GOOD | {"text": "a", "x": math.nan}).encode(), [SCHEMA]),
    "text-control-char": (b"12345/T-1003", json.dumps(GOOD | {"text": "a\0"}).encode(), [SCHEMA]),
    "field-missing": (b"12345/T-1003", b'{"centre":"12345"}', [SCHEMA]),
    "schema-missing": (b"12345/T-1003", b"{}", []),
    "schema-unsupported": (b"12345/T-1003", b"{}", [("schema", b"hotline-supplement.v2")]),
    "header-invalid": (b"12345/T-1003", b"{}", [SCHEMA, ("trace", b"a\0b")]),
}


async def test_what_cannot_be_used_is_kept_with_its_code_and_holds_nobody_up(
    running: City, kafka_bootstrap: str
) -> None:
    before = await running.pool.fetchval("SELECT coalesce(max(id), 0) FROM rejects")
    topic = f"{running.environment['CITYLOOP_TOPIC_PREFIX']}.{MESSAGES.name}"
    newer = [("schema", b"hotline-supplement.v1.9")]
    last = (b"12345/T-0000", json.dumps(GOOD | {"ticket_no": "T-0000", "text": "a", "more": [1]}).encode(), newer)
    producer = KafkaProducer(bootstrap_servers=kafka_bootstrap, acks="all")
    for key, value, headers in (*TURNED_AWAY.values(), last):
        producer.send(topic, value, key=key, headers=headers, partition=0)
    producer.flush()
    producer.close()
    await running.until("SELECT count(*) = 10 FROM rejects WHERE id > $1", before)
    codes = await running.pool.fetch("SELECT code FROM rejects WHERE id > $1 ORDER BY record_offset", before)
    assert [row["code"] for row in codes] == [*TURNED_AWAY, "ticket-unknown"], "the newer minor version was understood"


async def test_nothing_unexpected_happened(running: City) -> None:
    assert await running.pool.fetch("SELECT code FROM rejects WHERE code = 'unexpected'") == []
