"""What a batch of reports may be the same as: the cases around them, and those the batch opens on its way."""

from collections import defaultdict
from collections.abc import Sequence

from domain.duplicates import Candidate, looks
from domain.lattice import block
from domain.likeness import Sighting
from domain.policy import Policy


class Nearby:
    """Candidates by category and block, and by component; what is opened on the way is added: a batch meets itself."""

    def __init__(self, candidates: Sequence[Candidate], policy: Policy) -> None:
        self._policy = policy
        self._asked: dict[int, list[tuple[str, int, int]]] = {}
        self._by_spot: dict[tuple[str, int, int], list[Candidate]] = defaultdict(list)
        self._by_component: dict[str, list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            self.add(candidate)

    def add(self, candidate: Candidate) -> None:
        """Remember a case."""
        seen = candidate.seen
        if seen.point is not None:
            self._by_spot[seen.category, *block(seen.point)].append(candidate)
        if seen.component:
            self._by_component[seen.component].append(candidate)

    def around(self, seen: Sighting) -> list[Candidate]:
        """The cases that may be of one incident with a report, a few too many."""
        found: list[Candidate] = []
        for spot in self._spots(seen):
            found += self._by_spot.get(spot, ())
        if seen.component in self._by_component:
            found = list({c.case: c for c in (*found, *self._by_component[seen.component])}.values())
        return found

    def _spots(self, seen: Sighting) -> list[tuple[str, int, int]]:
        """Where to look for a report; it is asked twice, and counting out blocks is most of the cost."""
        spots = self._asked.get(id(seen))
        if spots is None:
            spots = self._asked[id(seen)] = list(looks(seen, self._policy))
        return spots
