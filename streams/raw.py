"""What comes through a door, before anybody has understood it: bytes with an address; and what was turned away."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Raw:
    """One Kafka record as it was on the broker. ``timestamp`` is the record's own, in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None
    timestamp: int

    @property
    def address(self) -> str:
        """Where it is, for logs: topic, partition and offset. Never what is in it."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True)
class Reject:
    """A record, or one item of it, that was turned away. ``item`` counts from 0; an unreadable record is item 0."""

    raw: Raw
    code: str
    reason: str
    traceback: str = ""
    item: int = 0
