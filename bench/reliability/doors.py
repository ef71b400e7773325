"""The ways in as senders use them: HTTP with little patience, Kafka, the importer. Each keeps the ledger."""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from bench.reliability.ledger import Attempt, Ledger
from bench.reliability.post import Answer, post
from bench.reliability.sayings import CLIENT, HEADERS, IMPORTER, MAPPING, Saying, table
from bench.reliability.town import Town, in_home
from runtime.settings import ROOT
from streams.topics import HOTLINE

REUSED = "idempotency-key-reused"
_PAUSE = 0.1
_MOST_PATIENCE = 10.0
_LATER = frozenset({409, 429, 503})


class HttpSender:
    """Posts copies; gives up after ``patience`` seconds, doubled each time, and sends again under the same key.

    ``statuses`` are the answers' statuses; ``strangers`` those no client should ever see: a 5xx that is no 503, or a
    refusal that is not problem+json.
    """

    def __init__(self, town: Town, ledger: Ledger) -> None:
        self._ledger = ledger
        self._acked: dict[str, asyncio.Event] = {}
        self.statuses: Counter[int] = Counter()
        self.strangers = 0
        self._port = town.http.port
        self._headers = {"Authorization": f"Bearer {town.machine.keys[CLIENT]}", "Content-Type": "application/json"}

    async def send(self, saying: Saying, patience: float, *, impostor: bool = False) -> None:
        """Until it is taken or refused; an impostor waits until the report it abuses has been taken."""
        known = self._acked.setdefault(saying.http_key, asyncio.Event())
        if impostor:
            await known.wait()
        body = (saying.changed if impostor else saying).body()
        while True:
            attempt = self._ledger.intent(saying.key, "http", body, impostor=impostor)
            answer = await self._post(attempt, body, saying.http_key, patience)
            if answer is not None and self._final(attempt, answer):
                if answer.status == 202 and not impostor:
                    known.set()
                return
            await asyncio.sleep(_PAUSE)
            patience = min(patience * 2, _MOST_PATIENCE)

    async def _post(self, attempt: Attempt, body: bytes, key: str, patience: float) -> Answer | None:
        try:
            async with asyncio.timeout(patience):
                answer = await post(self._port, "/v1/reports", {**self._headers, "Idempotency-Key": key}, body)
        except (OSError, EOFError, TimeoutError) as error:
            self._ledger.unknown(attempt, type(error).__name__)
            return None
        self.statuses[answer.status] += 1
        return answer

    def _final(self, attempt: Attempt, answer: Answer) -> bool:
        """Note the answer; False if it has to be asked again."""
        if answer.status == 202:
            self._ledger.acked(
                attempt, json.loads(answer.content)["report_id"], replayed="idempotent-replayed" in answer.headers
            )
            return True
        problem = answer.headers.get("content-type") == "application/problem+json"
        self.strangers += not problem or (answer.status >= 500 and answer.status != 503)
        if answer.status in _LATER or answer.status >= 500:
            self._ledger.unknown(attempt, str(answer.status))
            return False
        self._ledger.refused(attempt, json.loads(answer.content)["code"] if problem else str(answer.status))
        return True


class KafkaSender(AbstractAsyncContextManager["KafkaSender"]):
    """Puts records on the hotline topic, on any partition, until the broker has acknowledged them."""

    def __init__(self, town: Town, ledger: Ledger, dice: random.Random) -> None:
        self._ledger = ledger
        self._dice = dice
        self._topic = town.hotline
        self._producer = AIOKafkaProducer(
            bootstrap_servers=town.settings.kafka_bootstrap, acks="all", enable_idempotence=True, linger_ms=5
        )

    async def __aenter__(self) -> "KafkaSender":
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def send(self, saying: Saying, *, impostor: bool = False) -> None:
        """One copy of a report, on a partition its number has nothing to do with."""
        value = (saying.changed if impostor else saying).record()
        where = self._dice.randrange(HOTLINE.partitions)
        await self.put(saying.key, saying.number, value, HEADERS, where, impostor=impostor)

    async def put(
        self, key: str, number: str, value: bytes | None, headers: Sequence[tuple[str, bytes]], partition: int, *,
        impostor: bool = False,
    ) -> None:  # fmt: skip
        """Any record at all, on the ledger under ``key``; the record's own key is the ticket's number."""
        while True:
            attempt = self._ledger.intent(key, "kafka", value or b"", impostor=impostor)
            try:
                async with asyncio.timeout(_MOST_PATIENCE):
                    sent: Any = await self._producer.send(
                        self._topic, value, key=number.encode(), partition=partition, headers=list(headers)
                    )
                    await sent
            except (KafkaError, OSError, TimeoutError) as error:
                self._ledger.unknown(attempt, type(error).__name__)
                await asyncio.sleep(_PAUSE)
                continue
            if not impostor:  # what becomes of an impostor stands among the rejects
                self._ledger.acked(attempt)
            return


class Importer:
    """``cityloop import`` as a clerk runs it; while it fails it is run again."""

    def __init__(self, town: Town, ledger: Ledger) -> None:
        self._town = town
        self._ledger = ledger

    async def send(self, name: str, rows: Sequence[Saying], *, by_http: bool) -> None:
        """Import a table. Raises ``RuntimeError`` if it is refused five times."""
        if not rows:
            return
        file = table(in_home(self._town, f"{name}.csv"), rows)
        mapping = in_home(self._town, "mapping.yaml")
        mapping.write_text(MAPPING, encoding="utf-8")
        options = ["--via", "http", "--url", self._town.url, "--client", IMPORTER] if by_http else ["--via", "kafka"]
        said = b""
        for _ in range(5):
            attempts = [self._ledger.intent(row.key, "csv", row.row().encode()) for row in rows]
            code, said = await self._run(file, "--mapping", str(mapping), *options)
            for attempt in attempts:
                if code == 0:
                    self._ledger.acked(attempt)
                else:
                    self._ledger.unknown(attempt, f"exit status {code}")
            if code == 0:
                return
        raise RuntimeError(f"the import of {file.name} is refused: {said.decode(errors='replace')}")

    async def _run(self, file: Path, *options: str) -> tuple[int, bytes]:
        given = self._town.settings.environment()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "runtime.cli", "import", str(file), *options,
            env={**os.environ, **given, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "TERM": "dumb"}, cwd="/",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        return process.returncode or 0, said
