"""Chicago's sanitation requests as a stream of decisions: at arrival, is this one a duplicate of an earlier one?

Nothing is used that was not known then: of an earlier request only whether it had been completed before that day.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bench.acceptance.data import FOLDER
from domain.lattice import block, blocks, metres
from domain.likeness import Sighting
from domain.place import Crs, Point

REACH_M, WITHIN = 100.0, timedelta(days=30)


@dataclass(frozen=True)
class Request:
    """One request; ``duplicate`` is the city's mark, which it may have set at any time."""

    number: str
    seen: Sighting
    completed: date | None
    duplicate: bool


@dataclass(frozen=True)
class Decision:
    """A request at arrival with the earlier ones that were open, near and not too long ago."""

    request: Request
    before: Sequence[Request]


def requests() -> list[Request]:
    """All requests, in order of arrival: by day, and within a day by number, for the file gives days only."""
    with gzip.open(FOLDER / "chicago_sanitation_dev.csv.gz", "rt", encoding="utf-8", newline="") as file:
        found = [_request(row) for row in csv.DictReader(file)]
    return sorted(found, key=lambda request: (request.seen.at, request.number))


def decisions(stream: Sequence[Request]) -> Iterator[Decision]:
    """Every request with its candidates, at the same address or within ``REACH_M``."""
    by_door: dict[str, list[Request]] = defaultdict(list)
    by_block: dict[tuple[int, int], list[Request]] = defaultdict(list)
    for request in stream:
        seen = request.seen
        around = {id(other): other for other in by_door[seen.door]} if seen.door else {}
        if seen.point:
            for spot in blocks(seen.point, REACH_M):
                around |= {id(other): other for other in by_block.get(spot, ())}
        yield Decision(request, [other for other in around.values() if _candidate(request, other)])
        by_door[seen.door].append(request)
        if seen.point:
            by_block[block(seen.point)].append(request)


def _candidate(request: Request, other: Request) -> bool:
    one, two = request.seen, other.seen
    if one.at - two.at > WITHIN or (other.completed is not None and other.completed < one.at.date()):
        return False
    if one.door and one.door == two.door:
        return True
    return one.point is not None and two.point is not None and metres(one.point, two.point) <= REACH_M


def _request(row: dict[str, str]) -> Request:
    point = Point(float(row["longitude"]), float(row["latitude"]), Crs.WGS84) if row["latitude"] else None
    at = datetime.fromisoformat(row["created_date"][:10]).replace(tzinfo=UTC)
    completed = date.fromisoformat(row["completed_date"][:10]) if row["completed_date"] else None
    seen = Sighting("sanitation", at, point, "", "", row["street_address"])
    return Request(row["request_id"], seen, completed, row["status"].endswith("Dup"))
