"""On the real broker and the real database: nothing is lost and nothing takes effect twice, whatever dies when.

Every story has its own topic and group; workers are processes of their own (faust_worker.py). The controls at the end
run careless agents through the same stories and must be seen to lose.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from runtime.embedded import EmbeddedKafka
from streams.app import EXIT_UNFIT
from streams.offsets import Clerk, prime_offsets
from streams.watchdog import EXIT_STALLED

ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("faust_worker.py")
PARTITIONS = 4
DEADLINE = 60.0

Value = list[str] | bytes


class Worker:
    """One worker process; its log is shown when a test fails."""

    def __init__(self, plan: dict[str, object], folder: Path) -> None:
        self.log = folder / f"worker-{uuid4().hex[:6]}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(WORKER), json.dumps(plan)],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return "Worker ready" in self.log.read_text()


class Story:
    """One topic, one group, and what became of the items sent."""

    def __init__(self, bootstrap: str, dsn: str, folder: Path, database: asyncpg.Connection) -> None:
        self.name = f"door-{uuid4().hex[:8]}"
        self.folder = folder
        self.workers: list[Worker] = []
        self._bootstrap = bootstrap
        self._dsn = dsn
        self._database = database
        self._sent = 0
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        admin.create_topics(
            {self.name: {"num_partitions": PARTITIONS, "replication_factor": 1}}, wait_for_metadata=True
        )
        admin.close()

    def work(self, **settings: object) -> Worker:
        plan: dict[str, object] = {
            "topic": self.name,
            "group": self.name,
            "bootstrap": self._bootstrap,
            "dsn": self._dsn,
            "folder": str(self.folder),
            **settings,
        }
        worker = Worker(plan, self.folder)
        self.workers.append(worker)
        return worker

    def send(self, values: Sequence[Value], partition: int | None = None) -> None:
        """Send each value as one record, round the partitions unless one is named."""
        producer = KafkaProducer(bootstrap_servers=self._bootstrap, acks="all")
        for number, value in enumerate(values):
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            producer.send(self.name, data, partition=number % PARTITIONS if partition is None else partition)
        producer.flush()
        producer.close()

    def send_items(self, count: int) -> None:
        """Send so many records of one new item each."""
        self.send([[f"item-{self._sent + number}"] for number in range(count)])
        self._sent += count

    def begin(self, flag: str) -> None:
        (self.folder / flag).touch()

    def end(self, flag: str) -> None:
        (self.folder / flag).unlink()

    async def effects(self) -> set[str]:
        rows = await self._database.fetch("SELECT item FROM door_effects WHERE grp = $1", self.name)
        return {row["item"] for row in rows}

    async def tally(self) -> int:
        return int(await self._database.fetchval("SELECT sum(n) FROM door_tally WHERE grp = $1", self.name) or 0)

    async def attempts(self) -> dict[str, int]:
        rows = await self._database.fetch("SELECT item, n FROM door_attempts WHERE grp = $1", self.name)
        return {row["item"]: row["n"] for row in rows}

    async def rejects(self) -> list[tuple[str, int, bytes]]:
        rows = await self._database.fetch("SELECT code, item, value FROM door_rejects WHERE grp = $1", self.name)
        return sorted((row["code"], row["item"], row["value"]) for row in rows)

    def lag(self) -> int:
        clerk = Clerk(self._bootstrap)
        try:
            return sum(standing.lag for standing in clerk.standings(self.name, [self.name]).values())
        finally:
            clerk.close()

    async def until(self, truth: Callable[[], Awaitable[bool] | bool], what: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while True:
            answer = truth()
            if answer if isinstance(answer, bool) else await answer:
                return
            if time.monotonic() > deadline:
                logs = "\n\n".join(worker.log.read_text()[-4000:] for worker in self.workers)
                pytest.fail(f"never happened: {what}; {len(await self.effects())} effects of {self._sent}\n{logs}")
            await asyncio.sleep(0.05)

    async def until_effects(self, count: int) -> None:
        async def enough() -> bool:
            return len(await self.effects()) >= count

        await self.until(enough, f"{count} effects")

    async def until_settled(self) -> None:
        await self.until(lambda: self.lag() == 0, "no lag")

    async def assert_once(self) -> None:
        """Every item sent took effect, and exactly once."""
        await self.until_effects(self._sent)
        await self.until_settled()
        assert await self.effects() == {f"item-{number}" for number in range(self._sent)}
        assert await self.tally() == self._sent


@pytest.fixture(scope="session")
async def database(postgres_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute(
        """
        CREATE TABLE door_attempts (grp text, item text, n int NOT NULL DEFAULT 1, PRIMARY KEY (grp, item));
        CREATE TABLE door_effects (grp text, item text, PRIMARY KEY (grp, item));
        CREATE TABLE door_tally (grp text PRIMARY KEY, n int NOT NULL);
        CREATE TABLE door_rejects (
            grp text, partition int, record_offset bigint, item int, code text, value bytea,
            PRIMARY KEY (grp, partition, record_offset, item)
        );
        """
    )
    yield connection
    await connection.execute("DROP TABLE door_attempts, door_effects, door_tally, door_rejects")
    await connection.close()


@contextmanager
def told(bootstrap: str, dsn: str, folder: Path, database: asyncpg.Connection) -> Iterator[Story]:
    story = Story(bootstrap, dsn, folder, database)
    try:
        yield story
    finally:
        for worker in story.workers:
            worker.kill()


@pytest.fixture
def story(kafka_bootstrap: str, postgres_dsn: str, tmp_path: Path, database: asyncpg.Connection) -> Iterator[Story]:
    with told(kafka_bootstrap, postgres_dsn, tmp_path, database) as story:
        yield story


async def test_kill_in_the_middle_of_a_batch(story: Story) -> None:
    story.send_items(200)
    for goal in (30, 100):
        worker = story.work(pause=0.1)
        await story.until_effects(goal)
        worker.kill()
    story.work()
    await story.assert_once()
    assert max((await story.attempts()).values()) > 1, "no batch was interrupted; the story proves nothing"


async def test_graceful_stop_finishes_what_is_in_work(story: Story) -> None:
    story.send_items(200)
    worker = story.work(pause=0.3)
    await story.until_effects(40)
    assert worker.terminate() == 0
    assert story.lag() > 0
    story.work()
    await story.assert_once()
    assert set((await story.attempts()).values()) == {1}, "finished work came a second time"


async def test_workers_come_and_go_under_load(story: Story) -> None:
    settings = {"pause": 0.05, "buffer": 30}  # a buffer this small is full at every rebalance
    story.send_items(200)
    first = story.work(**settings)
    await story.until_effects(40)
    second = story.work(**settings)
    await story.until(second.ready, "second worker ready")
    story.send_items(200)
    await story.until_effects(240)
    assert first.terminate() == 0
    story.send_items(200)
    third = story.work(**settings)
    await story.until(third.ready, "third worker ready")
    second.kill()
    await story.assert_once()


async def test_patience_outlasts_the_session_timeout(story: Story) -> None:
    """Waiting for a neighbour is no stall: neither the broker nor the watchdog may take it for one."""
    story.begin("away")
    story.send_items(40)
    worker = story.work(session=2.0, patience=3.0)
    await story.until(worker.ready, "worker ready")
    await asyncio.sleep(5)
    assert worker.process.poll() is None
    assert worker.log.read_text().count("Worker ready") == 1, "it fell out of its group"
    story.end("away")
    await story.assert_once()
    assert await story.rejects() == []


async def test_rebalance_does_not_wait_for_an_absent_neighbour(story: Story) -> None:
    story.begin("away")
    story.send_items(40)
    first = story.work()
    await story.until(lambda: "waits" in first.log.read_text(), "first worker waits")
    second = story.work()
    await story.until(second.ready, "second worker ready")
    assert first.terminate() == 0
    story.end("away")
    await story.assert_once()


async def test_poison_is_set_aside_and_neighbours_go_through(story: Story) -> None:
    worker = story.work(batch=50)
    await story.until(worker.ready, "worker ready")
    story.send([["before"], b"not json", ["refuse-1"], ["crash-1", "beside"], ["after"], b""], partition=1)
    await story.until_settled()
    assert await story.effects() == {"before", "beside", "after"}
    assert await story.rejects() == [
        ("json-invalid", 0, b""),
        ("json-invalid", 0, b"not json"),
        ("unexpected", 0, b'["crash-1", "beside"]'),
        ("wrong-state", 0, b'["refuse-1"]'),
    ]


async def test_too_many_unexpected_errors_stop_the_worker(story: Story) -> None:
    story.send([[f"crash-{number}"] for number in range(100)])
    worker = story.work(batch=50)
    await story.until(lambda: worker.process.poll() is not None, "worker stops")
    assert worker.process.returncode == EXIT_UNFIT
    assert "too many unexpected errors" in worker.log.read_text()
    rejected = len(await story.rejects())
    assert rejected < 20, "rejected on, although the fault was plainly not the records'"
    assert story.lag() == 100 - rejected, "records were acknowledged although nothing became of them"


async def test_a_stuck_worker_is_ended_and_an_idle_one_is_not(story: Story) -> None:
    worker = story.work(patience=2.0)
    await story.until(worker.ready, "worker ready")
    await asyncio.sleep(3)
    assert worker.process.poll() is None
    story.begin("stuck")
    story.send_items(10)
    await story.until(lambda: worker.process.poll() is not None, "stuck worker ends")
    assert worker.process.returncode == EXIT_STALLED
    story.end("stuck")
    story.work()
    await story.assert_once()


async def test_the_very_first_batch_may_fail(story: Story) -> None:
    """Even of a group that has no place in any partition yet."""
    story.begin("away")
    story.send_items(40)
    first = story.work(prime=False)
    await story.until(lambda: "waits" in first.log.read_text(), "worker waits")
    first.kill()
    story.end("away")
    story.work(prime=False)
    await story.assert_once()


def test_priming_gives_a_place_and_keeps_it(story: Story, kafka_bootstrap: str) -> None:
    everywhere = {(story.name, partition): 0 for partition in range(PARTITIONS)}
    assert prime_offsets(kafka_bootstrap, story.name, [story.name]) == everywhere
    assert prime_offsets(kafka_bootstrap, story.name, [story.name]) == {}


async def test_broker_outage_longer_than_the_session(
    server_home: Path, jar_cache: Path, postgres_dsn: str, tmp_path: Path, database: asyncpg.Connection
) -> None:
    """Whatever a worker makes of it, supervision by progress brings every record through."""
    with (
        EmbeddedKafka(server_home / "outage", jar_cache) as broker,
        told(broker.bootstrap, postgres_dsn, tmp_path, database) as story,
    ):
        settings = {"pause": 0.05, "patience": 6.0, "session": 3.0}
        team = [story.work(**settings) for _ in range(2)]
        story.send_items(100)
        await story.until_effects(50)
        broker.kill()
        await asyncio.sleep(7)
        broker.start()
        story.send_items(100)

        async def done() -> bool:
            for place, worker in enumerate(team):
                if worker.process.poll() is not None:
                    team[place] = story.work(**settings)
            return len(await story.effects()) == 200 and story.lag() == 0

        await story.until(done, "all effects after the outage")
        await story.assert_once()


class TestCarelessAgentsLose:
    """The same stories without a door. A test that cannot fail proves nothing."""

    async def lost(self, story: Story) -> set[str]:
        """What never took effect although the group has nothing left to read."""
        await story.until_settled()
        return {f"item-{number}" for number in range(40)} - await story.effects()

    async def test_acknowledging_before_the_commit(self, story: Story) -> None:
        story.begin("stuck")
        story.send_items(40)
        worker = story.work(agent="ack_first", batch=40)
        await story.until(lambda: story.lag() < 40, "offsets committed")
        worker.kill()
        story.end("stuck")
        story.work()
        assert await self.lost(story)

    async def test_take_with_a_handler_that_raises(self, story: Story) -> None:
        story.begin("away")
        story.send_items(40)
        worker = story.work(agent="take")
        await story.until(lambda: story.lag() == 0, "offsets committed")
        worker.kill()
        story.end("away")
        story.work()
        assert await self.lost(story)

    async def test_noack_take_after_a_failure(self, story: Story) -> None:
        """The agent is started anew behind the failed batch, and the next acknowledgement commits past it.

        A place given beforehand does not help: to Faust the offset 0 is the same as none.
        """
        story.begin("away")
        story.send([[f"item-{number}"] for number in range(20)], partition=0)
        worker = story.work(agent="noack_take")
        await story.until(lambda: "Crashed" in worker.log.read_text(), "agent fails")
        story.end("away")
        story.send([[f"item-{number}"] for number in range(20, 40)], partition=0)
        await story.until_settled()
        worker.kill()
        story.work()
        assert await self.lost(story)

    async def test_two_at_a_time(self, story: Story) -> None:
        """Faust commits past an unfinished record when the next one is done: one step is no gap to it."""
        story.send([["first"]], partition=0)
        worker = story.work(agent="two_at_a_time")
        await story.until_settled()
        story.send([["slow"], ["second"]], partition=0)
        await story.until_effects(2)
        await story.until_settled()
        worker.kill()
        assert await story.effects() == {"first", "second"}
