"""Where a group stands: committed and end offsets, asked of the broker itself over a connection of our own.

Blocking; for tools, for a moment before a worker starts, and for the watchdog's thread.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import NoError
from kafka.structs import OffsetAndMetadata

from domain.errors import Unavailable
from streams.broker import answering

log = logging.getLogger(__name__)

_PAUSE = 0.2

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One partition as one group sees it. ``committed`` is the offset it would read next, None when it never said."""

    earliest: int
    end: int
    committed: int | None

    @property
    def next(self) -> int:
        """Where reading goes on: retention may have taken what was committed."""
        return max(self.earliest, self.committed or 0)

    @property
    def lag(self) -> int:
        """Records not yet finished."""
        return max(0, self.end - self.next)


class Clerk:
    """A connection that knows how to ask. Not for use from several threads."""

    def __init__(self, bootstrap: str, timeout: float = 10.0) -> None:
        """Connect. Raises ``Unavailable`` when no broker answers within ``timeout`` seconds."""
        # Members say more about themselves than the library can read, and it would complain at every look.
        logging.getLogger("kafka.admin._groups").setLevel(logging.ERROR)
        milliseconds = int(timeout * 1000)
        with answering():
            self._admin = KafkaAdminClient(
                bootstrap_servers=bootstrap.split(","),
                bootstrap_timeout_ms=milliseconds,
                request_timeout_ms=milliseconds,
            )

    def close(self) -> None:
        """Hang up."""
        self._admin.close()

    def standings(self, group: str, topics: Sequence[str]) -> dict[Place, Standing]:
        """Every partition of these topics. Raises ``Unavailable``, also for a topic that does not exist."""
        with answering():
            partitions = [
                TopicPartition(topic["name"], partition["partition_index"])
                for topic in self._described(topics)
                for partition in topic["partitions"]
            ]
            earliest = self._admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
            end = self._admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
            committed = self._admin.list_group_offsets({group: partitions})[group]
        return {
            (place.topic, place.partition): Standing(
                earliest[place].offset, end[place].offset, _known(committed.get(place))
            )
            for place in partitions
        }

    def _described(self, topics: Sequence[str]) -> list[dict[str, Any]]:
        described: list[dict[str, Any]] = self._admin.describe_topics(list(topics))
        missing = [topic["name"] for topic in described if topic["error_code"]]
        if missing:
            raise Unavailable("kafka-topic-missing", "消息主题不存在", f"create the topics first: {', '.join(missing)}")
        return described

    def owners(self, group: str) -> dict[Place, str]:
        """The client id behind each partition the group has dealt out; empty while it rebalances."""
        with answering():
            members = self._admin.describe_groups([group])[group]["members"]
        return {
            (topic["topic"], partition): member["client_id"]
            for member in members
            if isinstance(member["member_assignment"], dict)  # bytes when it has none yet
            for topic in member["member_assignment"]["assigned_partitions"]
            for partition in topic["partitions"]
        }

    def commit(self, group: str, offsets: Mapping[Place, int]) -> list[Place]:
        """Set offsets of a group nobody is a member of; returns those the broker took."""
        wanted = {TopicPartition(*place): OffsetAndMetadata(offset, "", -1) for place, offset in offsets.items()}
        with answering():
            answers = self._admin.alter_group_offsets(group, wanted)
        return [(place.topic, place.partition) for place, answer in answers.items() if answer is NoError]


def prime_offsets(bootstrap: str, group: str, topics: Sequence[str], patience: float = 30.0) -> dict[Place, int]:
    """Commit the earliest offset for every partition that has none; returns what was set. Before workers start.

    Afterwards a group has a place in every partition, and what comes next cannot move it by a default. Harmless to
    repeat: a partition with a place keeps it, and beside running workers nothing is changed. A broker that is new or
    just back gets ``patience`` seconds to find its bearings; then raises ``Unavailable``.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return _prime(bootstrap, group, topics)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE)


def _prime(bootstrap: str, group: str, topics: Sequence[str]) -> dict[Place, int]:
    clerk = Clerk(bootstrap)
    try:
        standings = clerk.standings(group, topics)
        missing = {place: standing.earliest for place, standing in standings.items() if standing.committed is None}
        if not missing:
            return {}
        taken = clerk.commit(group, missing)
        if len(taken) < len(missing):
            log.info("group %s is at work; %d of its partitions keep no place yet", group, len(missing) - len(taken))
        return {place: missing[place] for place in taken}
    finally:
        clerk.close()


def _known(found: Any) -> int | None:
    return None if found is None or found.offset < 0 else int(found.offset)
