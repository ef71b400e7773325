"""What the senders themselves noted: every message, when it left, and what they were told. Held against the record."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from runtime.demo.city import Message

Address = tuple[str, int, int]


@dataclass(slots=True)
class Entry:
    """One message that left. An ``address`` (topic, partition, offset) is Kafka's receipt, a ``report`` the API's."""

    message: Message
    sent_at: float
    address: Address | None = None
    report: str | None = None
    refused: str | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether somebody answered for it, so that it must be found again."""
        return self.address is not None or self.report is not None or self.refused is not None


@dataclass(slots=True)
class Ledger:
    """All messages of one run in the order they left."""

    expected: int
    entries: list[Entry] = field(default_factory=list)

    def open(self, message: Message) -> Entry:
        """Note that a message leaves now."""
        entry = Entry(message, time.time())
        self.entries.append(entry)
        return entry

    @property
    def acknowledged(self) -> Sequence[Entry]:
        """The messages somebody answered for."""
        return [entry for entry in self.entries if entry.acknowledged]
