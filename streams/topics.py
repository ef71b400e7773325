"""One table of all topics: name, key, partitions, retention, owner, contract. Creates them; docs are made from it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from kafka import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError

from domain.errors import Unavailable
from streams.broker import answering

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Topic:
    """One row. ``name`` goes behind the city's prefix; ``contract`` is the value of the ``schema`` header.

    ``also`` are further contracts that travel on it, in one order with the first. A ``compacted`` topic keeps the last
    record of every key for ever. Records of a ``stamped`` one bear the broker's time and not their sender's.
    """

    name: str
    key: str
    contract: str
    owner: str
    says: str
    partitions: int = 4
    retention_days: int = 7
    also: tuple[str, ...] = ()
    compacted: bool = False
    stamped: bool = False

    @property
    def contracts(self) -> tuple[str, ...]:
        """All contracts on this topic."""
        return self.contract, *self.also

    def full(self, prefix: str) -> str:
        """The name on the broker: several cities, or tests, share one broker by prefix."""
        return f"{prefix}.{self.name}"


HOTLINE = Topic("intake.hotline.v1", "ticket number", "hotline-ticket.v1", "call centre", "12345 tickets come in")
MESSAGES = Topic(
    "intake.hotline-messages.v1",
    "centre/ticket number",
    "hotline-supplement.v1",
    "call centre",
    "further words, urging, withdrawals and call-backs of 12345 tickets come in",
    also=("hotline-urge.v1", "hotline-withdraw.v1", "hotline-satisfaction.v1"),
)
INSPECTOR = Topic(
    "intake.inspector.v1", "report number", "inspector-report.v1", "phones", "inspectors' reports come in"
)
ALARM = Topic("intake.alarm.v1", "device id", "sensor-alarm.v1", "device platform", "sensor alarms come in")
TICK_CONTRACT = "sensor-tick.v1"
"""The clock, between the readings of a partition."""
SENSOR_READINGS = Topic(
    "sensor.readings.v1",
    "gateway id",
    "sensor-readings.v1",
    "gateways, SensorThings and MQTT doors",
    "readings of devices come in, many a record; the sensors' workers add ticks of the clock",
    retention_days=3,
    also=(TICK_CONTRACT,),
    stamped=True,  # when a reading came tells whether its device's clock can be believed
)
SENSOR_STATE = Topic(
    "sensor.state.v1",
    "gateway id",
    "",
    "cityloop",
    "what a sensors' worker remembers of each gateway's devices, as bytes for itself",
    compacted=True,
)
FILE_WORK = Topic("work.file.v1", "none", "work.v1", "cityloop", "accepted reports to be filed; many ids a record")
ASSIGN_WORK = Topic("work.assign.v1", "none", "work.v1", "cityloop", "filed cases to be assigned; many ids a record")
TICKET_CONTRACT = "ticket-event.v1"
"""Events of a report's ticket travel on the report's topic, in one order with it, under a contract of their own."""
REPORT_EVENTS = Topic(
    "report.events.v1",
    "report id",
    "report-event.v1",
    "cityloop",
    "what happened to reports and to their tickets",
    also=(TICKET_CONTRACT,),
)
CASE_EVENTS = Topic(
    "case.events.v1", "case id", "case-event.v1", "cityloop", "what happened to cases, in order by case", 4, 30
)
ALERTS = Topic("alerts", "case number", "cap.1.2", "cityloop", "messages to the public, as XML", 4, 30)

TOPICS = (
    HOTLINE,
    MESSAGES,
    INSPECTOR,
    ALARM,
    SENSOR_READINGS,
    FILE_WORK,
    ASSIGN_WORK,
    REPORT_EVENTS,
    CASE_EVENTS,
    ALERTS,
)
CHANGELOGS = (SENSOR_STATE,)
"""Topics nobody but their own workers reads: bytes without a contract."""


def partition_of(route: str, topic: Topic) -> int:
    """The partition for work that must meet: equal routes go to one partition and so to one worker."""
    return crc32(route.encode()) % topic.partitions


async def create_topics(bootstrap: str, prefix: str, replication: int = 1) -> list[str]:
    """Create the topics that are missing; returns their names. Raises ``Unavailable`` if the broker does not answer."""
    return await asyncio.to_thread(_create, bootstrap, prefix, replication)


async def missing_topics(bootstrap: str, prefix: str) -> list[str]:
    """Names of topics the broker lacks. Raises ``Unavailable`` if it does not answer; changes nothing."""

    def look() -> list[str]:
        with _admin(bootstrap) as admin:
            return [topic.full(prefix) for topic in _missing(admin, prefix)]

    return await asyncio.to_thread(look)


def log_of(bootstrap: str, topic: Topic, prefix: str) -> str:
    """The topic's name with the broker's own id of it (KIP-516): another name once it was deleted and made anew.

    Then offsets start over, and what was remembered by offsets is no longer meant. Blocks. Raises ``Unavailable``.
    """
    name = topic.full(prefix)
    with _admin(bootstrap) as admin:
        (found,) = admin.describe_topics([name])
    if found["error_code"]:
        raise Unavailable("kafka-topic-missing", "消息主题不存在", name)
    return f"{name}@{found['topic_id']}"


def _create(bootstrap: str, prefix: str, replication: int) -> list[str]:
    with _admin(bootstrap) as admin:
        missing = _missing(admin, prefix)
        if missing:
            with suppress(TopicAlreadyExistsError):  # another process was faster; what it made is the same
                admin.create_topics({topic.full(prefix): _settings(topic, replication) for topic in missing})
        return [topic.full(prefix) for topic in missing]


def _missing(admin: KafkaAdminClient, prefix: str) -> list[Topic]:
    present = set(admin.list_topics())
    return [topic for topic in (*TOPICS, *CHANGELOGS) if topic.full(prefix) not in present]


@contextmanager
def _admin(bootstrap: str) -> Iterator[KafkaAdminClient]:
    with answering(f"no broker answers at {bootstrap}"):
        admin = KafkaAdminClient(bootstrap_servers=bootstrap.split(","), request_timeout_ms=20_000)
        try:
            yield admin
        finally:
            admin.close()


def _settings(topic: Topic, replication: int) -> dict[str, Any]:
    configs = {"cleanup.policy": "compact"} if topic.compacted else {"retention.ms": str(topic.retention_days * DAY_MS)}
    if topic.stamped:
        configs["message.timestamp.type"] = "LogAppendTime"
    return {"num_partitions": topic.partitions, "replication_factor": replication, "configs": configs}
