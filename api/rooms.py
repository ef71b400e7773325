"""How many requests may be inside at once, by kind: rooms of their own, so that one kind never takes another's place.

Pure counting; ``api.admission`` stands at the door.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.width import Width

# alive, ready and figures are told whatever happens: who watches over us must not take fullness for death
_ALWAYS: Final = frozenset({"/livez", "/readyz", "/metrics"})
ANSWER_SECONDS: Final = 0.5
LEAST: Final = 32
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Room(StrEnum):
    """The kinds of requests."""

    INTAKE = "intake"
    COMMANDS = "commands"
    READINGS = "readings"
    READS = "reads"
    FILES = "files"
    STREAMS = "streams"
    RESERVE = "reserve"
    ALWAYS = "always"


def room_of(method: str, path: str) -> Room:
    """The room a request belongs in. ``RESERVE`` is nobody's: it is for reports about danger to life."""
    if path in _ALWAYS:
        return Room.ALWAYS
    if path.startswith("/v1/attachments") or (path == "/v1/imports" and method == "POST"):
        return Room.FILES
    if method in _READING:
        return Room.STREAMS if path.startswith("/v1/stream") else Room.READS
    if path.startswith(("/v1/reports", "/open311/")):
        return Room.INTAKE
    return Room.READINGS if path.startswith("/sta/") else Room.COMMANDS


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many each room holds, and the seconds an answer should take at most when many wait.

    Streams have a limit of their own (``api.live``) and are only counted here.
    """

    intake: int
    reserve: int
    commands: int
    readings: int
    reads: int
    files: int
    seconds: float = ANSWER_SECONDS

    @classmethod
    def of(cls, *, pool: int, lanes: int, batch: int, factor: float = 1.0) -> "Sizes":
        """Rooms for a process with ``pool`` connections and batchers of so many ``lanes`` and items a ``batch``.

        Of what is batched, as much as the lanes carry and as much again that waits for them: with both a request waits
        for one transaction besides its own. The reserve is as large as what the lanes carry. A read holds a connection
        to itself, so eight wait in line for each; as many readings wait for the broker.
        """
        carried = lanes * batch
        usual = (2 * carried, carried, 2 * carried, 8 * pool, 8 * pool, 8 * pool)
        intake, reserve, commands, readings, reads, files = (max(1, round(size * factor)) for size in usual)
        return cls(intake, reserve, commands, readings, reads, files, ANSWER_SECONDS * factor)


class Rooms:
    """Who is inside. Whoever enters leaves, once.

    The rooms of reports, commands, readings and reads are as wide as answers come in time (``api.width``), the others
    fixed.
    """

    def __init__(self, sizes: Sizes) -> None:
        self._inside = dict.fromkeys(Room, 0)
        self._fixed = {Room.RESERVE: sizes.reserve, Room.FILES: sizes.files}
        self._learnt = {
            room: Width(size, LEAST, sizes.seconds)
            for room, size in (
                (Room.INTAKE, sizes.intake),
                (Room.COMMANDS, sizes.commands),
                (Room.READINGS, sizes.readings),
                (Room.READS, sizes.reads),
            )
        }

    @property
    def inside(self) -> Mapping[Room, int]:
        """How many are inside each room."""
        return self._inside

    def size(self, room: Room) -> int | None:
        """How many a room holds now; None for no limit here."""
        learnt = self._learnt.get(room)
        return self._fixed.get(room) if learnt is None else learnt.now

    def enter(self, room: Room) -> bool:
        """Take a place; False where there is none."""
        size = self.size(room)
        if size is not None and self._inside[room] >= size:
            return False
        self._inside[room] += 1
        return True

    def leave(self, room: Room, seconds: float | None = None) -> None:
        """Give the place back; ``seconds`` is how long the answer took us, where that says something of our pace."""
        learnt = self._learnt.get(room)
        if learnt is not None and seconds is not None:
            learnt.note(seconds, self._inside[room])
        self._inside[room] -= 1
