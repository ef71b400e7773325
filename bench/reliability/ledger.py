"""What the sender meant to send and what it was told: a line before every attempt and a line after it.

Kept by the client, which is never the victim; so one ``fsync`` a second is enough.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from types import TracebackType

_SYNC_EVERY = 1.0  # seconds


class Say(StrEnum):
    """The kinds of lines. ``unknown`` is an outcome: a timeout, a broken line or a 5xx tells nothing."""

    INTENT = "intent"
    ACKED = "acked"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``key`` is origin/number, ``digest`` that of the body; ``told`` the id named, the code, or what broke.

    ``impostor``: another body under a key that is taken, which must be refused. ``replayed``: the answer said that the
    same had been done before. ``at`` is seconds of a monotonic clock.
    """

    say: Say
    key: str
    door: str
    digest: str
    at: float
    told: str = ""
    impostor: bool = False
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt whose intent is on the ledger; it gets exactly one outcome."""

    key: str
    door: str
    digest: str
    impostor: bool = False


class Ledger(AbstractContextManager["Ledger"]):
    """A file of lines, written as things happen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8")
        self._synced = time.monotonic()

    def intent(self, key: str, door: str, body: bytes, *, impostor: bool = False) -> Attempt:
        """Note what is about to be sent; before the first byte of it leaves."""
        attempt = Attempt(key, door, digest(body), impostor)
        self._write(Say.INTENT, attempt)
        return attempt

    def acked(self, attempt: Attempt, told: str = "", *, replayed: bool = False) -> None:
        """It was taken; ``told`` is the id the answer named, if it did."""
        self._write(Say.ACKED, attempt, told, replayed)

    def refused(self, attempt: Attempt, code: str) -> None:
        """It was refused for good, and nothing changed."""
        self._write(Say.REFUSED, attempt, code)

    def unknown(self, attempt: Attempt, why: str) -> None:
        """Nobody can say; it will be sent again under its key."""
        self._write(Say.UNKNOWN, attempt, why)

    def _write(self, say: Say, attempt: Attempt, told: str = "", replayed: bool = False) -> None:
        now = time.monotonic()
        line = Line(say, attempt.key, attempt.door, attempt.digest, now, told, attempt.impostor, replayed)
        self._file.write(json.dumps(asdict(line), separators=(",", ":")) + "\n")
        if now - self._synced > _SYNC_EVERY:
            self.sync()

    def sync(self) -> None:
        """Everything written so far is on the disk when this returns."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sync()
        self._file.close()


def read(path: Path) -> Iterator[Line]:
    """The lines of a ledger, in order."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            found = json.loads(line)
            yield Line(**{**found, "say": Say(found["say"])})


def digest(body: bytes) -> str:
    """What tells one body from another on the ledger, and finds a record on a topic again."""
    return sha256(body).hexdigest()


@dataclass(slots=True)
class Entry:
    """What the ledger says of one key."""

    sent: int = 0
    acked: int = 0
    ids: set[str] = field(default_factory=set)
    unknown: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    impostors: int = 0
    impostors_refused: Counter[str] = field(default_factory=Counter)
    impostors_taken: int = 0
    committed_unseen: bool = False
    """Its first attempts came to no answer, and the first answer said that it was there already."""


def entries(lines: Iterable[Line]) -> dict[str, Entry]:
    """The ledger by key. Raises ``ValueError`` for an outcome nobody intended, or more outcomes than intents."""
    book: dict[str, Entry] = {}
    open_attempts: Counter[tuple[str, str, str, bool]] = Counter()
    for line in lines:
        entry = book.setdefault(line.key, Entry())
        attempt = (line.key, line.door, line.digest, line.impostor)
        if line.say is Say.INTENT:
            open_attempts[attempt] += 1
            entry.impostors += line.impostor
            entry.sent += not line.impostor
            continue
        if not open_attempts[attempt]:
            raise ValueError(f"an outcome without an intent: {line.key} by {line.door}")
        open_attempts[attempt] -= 1
        _note(entry, line)
    return book


def _note(entry: Entry, line: Line) -> None:
    match line.say, line.impostor:
        case Say.ACKED, False:
            if line.replayed and entry.unknown and not entry.acked:
                entry.committed_unseen = True
            entry.acked += 1
            entry.ids |= {line.told} if line.told else set()
        case Say.ACKED, True:
            entry.impostors_taken += 1
        case Say.REFUSED, False:
            entry.refused[line.told] += 1
        case Say.REFUSED, True:
            entry.impostors_refused[line.told] += 1
        case _:
            entry.unknown[line.told] += 1
