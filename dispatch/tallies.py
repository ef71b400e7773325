"""Who had the cases of each category in each area, at every level of both: the memory that advice is given from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dispatch.history import ANY, Past
from dispatch.levels import Context, Levels
from dispatch.roster import Roster

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_PRIOR = 0.1  # added to every unit's share, so that none is impossible
_ELSEWHERE = "~"
_STEPS = np.array([1, 2, 4, 8, 16, 40])
"""Cases known of a context: from each of these on it is trusted by a weight of its own."""

TRUSTS = len(_STEPS) + 1


class Tallies:
    """Counts of a history, by context and unit, and by matter and kind.

    A case a unit sent back takes one of its others away, down to none. ``roster`` says which unit is of which kind
    where: a kind's experience in one street then serves in another.
    """

    def __init__(self, units: Sequence[str], levels: Levels, roster: Roster) -> None:
        self.units = tuple(units)
        self.levels = levels
        self._at = {unit: at for at, unit in enumerate(self.units)}
        self._cells: dict[tuple[tuple[str, ...], tuple[str, ...], int], float] = defaultdict(float)
        self._counts: dict[Context, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        self._by_kind: dict[Context, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        self._kinds = {unit: _kind(roster, unit) for unit in self.units}
        roles = {self._role(unit, home) for unit in self.units for home in (True, False)}
        self._roles = {role: at for at, role in enumerate(sorted(roles))}
        self._cast: dict[tuple[str, ...], Ints] = {}

    def add(self, history: Iterable[Past], times: float = 1.0) -> None:
        """Count more cases, or with -1 forget some. Units the tallies do not know are passed over."""
        for past in history:
            at = self._at.get(past.unit)
            if at is not None:
                self.count(past.categories, past.areas, at, -times if past.sent_back else times)

    def count(self, categories: tuple[str, ...], areas: tuple[str, ...], unit: int, cases: float) -> None:
        """Count so many cases of one unit, by its place among the units. Raises ``IndexError`` for no such place."""
        role = int(self.cast(areas)[unit])
        self._cells[categories, areas, unit] += cases
        for context in (*self.levels.contexts(categories, areas), (ANY, ANY)):
            if context is not None:
                self._counts[context][unit] += cases
        for matter in self.levels.matters(categories):
            if matter is not None:
                self._by_kind[matter][role] += cases

    def cells(self) -> list[tuple[tuple[str, ...], tuple[str, ...], int, float]]:
        """All there is to keep: categories, areas, the unit's place, and its cases less those sent back."""
        return sorted((*cell, cases) for cell, cases in self._cells.items() if cases)

    def prior(self) -> Floats:
        """Each unit's share of all cases (units,)."""
        shares = np.full(len(self.units), _PRIOR, np.float32)
        for at, count in self._counts[ANY, ANY].items():
            shares[at] += max(count, 0.0)
        shares /= shares.sum()
        return shares

    def evidence(self, categories: Sequence[str], areas: Sequence[str], prior: Floats) -> tuple[Floats, Ints]:
        """For one case the share each unit had of such cases, as logarithms (units, contexts), and how well known.

        A context that is not known has the usual shares, ``prior`` (units,). The second (contexts,) is a number below
        ``TRUSTS``.
        """
        lifts: list[Floats] = []
        known: list[int] = []
        for context in self.levels.contexts(categories, areas):
            lift, cases = _lift(self._counts.get(context) if context else None, prior)
            lifts.append(lift)
            known.append(cases)
        cast = self.cast(areas)
        shares = np.full(len(self._roles), _PRIOR, np.float32)
        for at, count in self._by_kind[ANY, ANY].items():
            shares[at] += max(count, 0.0)
        shares /= shares.sum()
        for matter in self.levels.matters(categories):
            lift, cases = _lift(self._by_kind.get(matter) if matter else None, shares)
            lifts.append((np.log(shares) + lift if matter == (ANY, ANY) else lift)[cast])
            known.append(cases)
        shares_had: Floats = np.stack(lifts, axis=1) + np.log(prior)[:, None]
        return shares_had, np.digitize(np.array(known), _STEPS).astype(np.int64)

    def held(self, categories: Sequence[str], areas: Sequence[str], unit: str) -> tuple[Context, int, int]:
        """The most particular context with cases: which, how many of them the unit had, and how many there are."""
        at = self._at.get(unit, -1)
        for context in reversed(self.levels.contexts(categories, areas)):
            counts = self._counts.get(context) if context else None
            total = sum(max(count, 0.0) for count in counts.values()) if counts else 0.0
            if context and counts and total > 0:
                return context, round(max(counts.get(at, 0.0), 0.0)), round(total)
        return (ANY, ANY), 0, 0

    def cast(self, areas: Sequence[str]) -> Ints:
        """The role each unit has for a case in these areas (units,): its kind here, its kind elsewhere, or itself."""
        path = tuple(areas)
        found = self._cast.get(path)
        if found is None:
            homes = (not self._kinds[unit][1].isdisjoint(path) for unit in self.units)
            roles = (self._roles[self._role(unit, home)] for unit, home in zip(self.units, homes, strict=True))
            found = self._cast[path] = np.fromiter(roles, np.int64, len(self.units))
        return found

    def _role(self, unit: str, home: bool) -> str:
        kind = self._kinds[unit][0]
        return f"@{kind}" if kind and home else f"{_ELSEWHERE}{kind}" if kind else unit


def _kind(roster: Roster, unit: str) -> tuple[str, frozenset[str]]:
    found = roster.units.get(unit)
    return (found.kind, frozenset(found.areas)) if found and found.areas else ("", frozenset())


def _lift(counts: Mapping[int, float] | None, usual: Floats) -> tuple[Floats, int]:
    """log of the smoothed share over the usual one; 0 everywhere where nothing is known."""
    kept = {at: count for at, count in (counts or {}).items() if count > 0}
    total = sum(kept.values())
    lift = np.full(len(usual), -np.log1p(total), np.float32)
    if kept:
        places = np.fromiter(kept, np.int64, len(kept))
        had = np.fromiter(kept.values(), np.float32, len(kept))
        lift[places] = np.log((had + usual[places]) / (total + 1.0)) - np.log(usual[places])
    return lift, int(total)
