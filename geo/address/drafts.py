"""What a named place may be: entries, doors between known doors, crossings, stretches of a road. Pure.

A draft is a candidate before it is weighed against the other things a text says.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from domain.place import Doubt, Place
from geo.address.entries import EntryKind, Precision
from geo.address.holdings import Holdings, roadlike
from geo.address.nametable import NameTable
from geo.address.reading import Item
from geo.areas import AreaTree

Spot = tuple[float, float]

_OF_KIND = {
    EntryKind.ADDRESS: (Precision.HOUSE_NUMBER, 20.0),
    EntryKind.ROAD: (Precision.ROAD, 500.0),
    EntryKind.CROSSING: (Precision.CROSSING, 30.0),
    EntryKind.ESTATE: (Precision.POI, 150.0),
    EntryKind.POI: (Precision.POI, 50.0),
    EntryKind.COMPONENT: (Precision.POI, 10.0),
}
_BUILDING_M = 25.0
_DOOR_UNKNOWN = 0.9  # the place is known, the number is not
_NO_DOORS = 0.75
_DOOR_BETWEEN = 0.92  # the number lies between two known doors
_WIDEST_GAP_M = 400.0  # doors farther apart say nothing of what lies between
_MEETING_M = 200.0  # two roads whose doors come no nearer do not meet there
_NAMED = 16  # of the areas a road runs through are told as candidates
_POINTS = 400  # of a road, when two roads are compared
_ROAD_DEPTH = 2  # a road of which little is known is sure down to its district: city, district
_ROAD_DOORS = 5  # so many doors say through which areas a road runs


@dataclass(frozen=True, slots=True)
class Draft:
    """A candidate in the making. ``spot`` in degrees; ``place`` None means: where the spot lies."""

    entry: int
    name: str
    spot: Spot | None
    place: Place | None
    score: float
    precision: Precision
    uncertainty_m: float
    reasons: tuple[str, ...]
    item: int


@dataclass(frozen=True, slots=True, eq=False)
class Drafter:
    """Makes drafts from one gazetteer's holdings. ``places`` are the place values that holdings refer to by number,
    ``crossings`` the entries by the numbers of two roads, ``synonyms`` the other names of a name's places."""

    holdings: Holdings
    table: NameTable
    places: Sequence[Place]
    tree: AreaTree
    crossings: Mapping[tuple[int, int], Sequence[int]]
    synonyms: Mapping[int, Sequence[int]]

    def of_item(self, item: Item, number: int) -> list[Draft]:
        """What one named place may be; ``number`` is the item's in its text."""
        found = []
        for name, share in self._all_names(item):
            how = "name-exact" if share == 1 else f"name-alike {share:.2f}"
            found += [
                replace(draft, score=draft.score * share, reasons=(how, *draft.reasons), item=number)
                for draft in self._of_name(name, item)
            ]
        numbered = [draft for draft in found if "number-unknown" not in draft.reasons]
        return numbered or found

    def crossing(self, one: Item, other: Item, number: int) -> list[Draft]:
        """Where two roads cross: as the gazetteer says, else where their doors come nearest."""
        found = []
        for (a, share_a), (b, share_b) in product(self._all_names(one), self._all_names(other)):
            known = self.crossings.get((min(a, b), max(a, b)), ())
            drafts = [self._entry(entry, ("crossing-known",)) for entry in known]
            if not drafts and (meeting := self._meeting(a, b)):
                drafts = [meeting]
            found += [replace(draft, score=draft.score * min(share_a, share_b), item=number) for draft in drafts]
        return found

    def stretch(self, road: Item, start: Item, end: Item, number: int) -> list[Draft]:
        """The stretch of a road between two others: half-way between the crossings."""
        found = []
        for first, last in product(self.crossing(road, start, number), self.crossing(road, end, number)):
            if first.spot is None or last.spot is None or first.entry == last.entry:
                continue
            spot = (first.spot[0] + last.spot[0]) / 2, (first.spot[1] + last.spot[1]) / 2
            half = metres_between(first.spot, last.spot) / 2
            place = self._shared([first, last])
            name = f"{self.table.name(road.names[0][0])} {first.name} — {last.name}"
            score = min(first.score, last.score)
            reasons = ("between-crossings",)
            segment = Precision.ROAD_SEGMENT
            found.append(Draft(first.entry, name, spot, place, score, segment, half + 30, reasons, number))
        return found

    def _all_names(self, item: Item) -> list[tuple[int, float]]:
        """The names an item may be, with the other names of the same places: doors may bear the old one."""
        found = dict(item.names)
        for name, share in item.names:
            for other in self.synonyms.get(name, ()):
                found.setdefault(other, share)
        return list(found.items())

    def _of_name(self, name: int, item: Item) -> list[Draft]:
        parts = item.numbers.parts
        for length in range(len(parts), 0, -1):
            for key in _keys(parts[:length]):
                entries = self.holdings.numbered(name, key)
                if entries:
                    said = "number-exact" if length == len(parts) else "number-in-part"
                    return [self._entry(entry, (said,), numbered=key) for entry in entries]
        whole = self._whole(name)
        if not parts:
            return whole
        between = self._between(name, parts)
        if between:
            return [between]
        return [self._unnumbered(draft) for draft in whole]

    def _unnumbered(self, draft: Draft) -> Draft:
        """The place without the number that was said and is not known; one that has no numbers is another place."""
        factor = _NO_DOORS if self.holdings.kind(draft.entry) is EntryKind.POI else _DOOR_UNKNOWN
        reasons = (*draft.reasons, "number-unknown")
        return self._district_only(replace(draft, score=draft.score * factor, reasons=reasons))

    def _entry(self, entry: int, reasons: tuple[str, ...], numbered: str = "") -> Draft:
        kind = self.holdings.kind(entry)
        precision, uncertainty = _OF_KIND[kind]
        if kind in (EntryKind.ESTATE, EntryKind.ADDRESS) and "b" in numbered:
            precision, uncertainty = Precision.BUILDING, _BUILDING_M
        place = self.places[self.holdings.places[entry]]
        spot = self.holdings.position(entry)
        return Draft(entry, self.holdings.titles[entry], spot, place, 1.0, precision, uncertainty, reasons, 0)

    def _whole(self, name: int) -> list[Draft]:
        """The place a name stands for without a number: its own entries, or where its doors are."""
        everything = self.holdings.all_of(name)
        own = self.holdings.numbered(name, "")
        if len(own) > 1 or len(own) == len(everything):
            return [self._narrowed(self._entry(entry, ()), []) for entry in own]
        districts: dict[tuple[str, ...], list[int]] = {}
        for entry in everything:
            if entry not in own:
                districts.setdefault(self.places[self.holdings.places[entry]].path[:2], []).append(entry)
        if own:
            return [self._narrowed(self._entry(own[0], ()), [entry for doors in districts.values() for entry in doors])]
        road = roadlike(self.table.name(name))
        found = []
        for doors in districts.values():
            middle = self._entry(doors[len(doors) // 2], ("doors-only",))
            precision = Precision.ROAD if road else Precision.POI
            middle = replace(middle, name=self.table.name(name), precision=precision)
            found.append(self._narrowed(middle, doors))
        return found

    def _narrowed(self, draft: Draft, doors: Sequence[int]) -> Draft:
        """The draft with the place that all its doors share: one grid for a court, a street for a road."""
        others = [self._entry(door, ()) for door in doors[:: max(1, len(doors) // _POINTS)]]
        far = max((metres_between(draft.spot, d.spot) for d in others if draft.spot and d.spot), default=0.0)
        uncertainty = max(draft.uncertainty_m if not others or draft.precision is Precision.POI else 50.0, far)
        place = self._shared([draft, *others]) if others else draft.place
        narrowed = replace(draft, place=place, uncertainty_m=uncertainty)
        return self._district_only(narrowed) if len(doors) < _ROAD_DOORS else narrowed

    def _district_only(self, draft: Draft) -> Draft:
        """A road's draft with no more of its place than a road is sure of; any other draft as it is."""
        place = draft.place
        if draft.precision is not Precision.ROAD or place is None or len(place.path) <= _ROAD_DEPTH:
            return draft
        return replace(draft, place=self.tree.places[place.path[_ROAD_DEPTH - 1]])

    def _between(self, name: int, parts: Sequence[tuple[str, str]]) -> Draft | None:
        what, value = parts[0]
        digits = value.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if what != "n" or not digits.isdigit():
            return None
        doors = self.holdings.neighbours(name, int(digits))
        spots = [self.holdings.position(entry) for _, entry in doors]
        if len(doors) < 2 or spots[0] is None or spots[1] is None:
            return None
        gap = metres_between(spots[0], spots[1])
        if gap > _WIDEST_GAP_M:
            return None
        (below, first), (above, _) = doors
        share = (int(digits) - below) / (above - below)
        spot = tuple(a + (b - a) * share for a, b in zip(spots[0], spots[1], strict=True))
        name_ = f"{self.table.name(name)}{digits}号"
        reasons = (f"between-doors {below}-{above}",)
        return Draft(
            first, name_, (spot[0], spot[1]), None, _DOOR_BETWEEN, Precision.INTERPOLATED, gap / 2 + 20, reasons, 0
        )

    def _meeting(self, a: int, b: int) -> Draft | None:
        best: tuple[float, Spot, Spot, int] | None = None
        ones, others = self._spots(a), self._spots(b)
        for (entry, one), (_, other) in product(ones, others):
            apart = metres_between(one, other)
            if best is None or apart < best[0]:
                best = apart, one, other, entry
        if best is None or best[0] > _MEETING_M:
            return None
        apart, one, other, entry = best
        spot = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
        name = f"{self.table.name(a)}与{self.table.name(b)}交叉口"
        return Draft(entry, name, spot, None, 0.85, Precision.CROSSING, apart / 2 + 40, ("crossing-by-doors",), 0)

    def _spots(self, name: int) -> list[tuple[int, Spot]]:
        entries = self.holdings.all_of(name)
        thinned = entries[:: max(1, len(entries) // 60)]
        spots = ((entry, self.holdings.position(entry)) for entry in thinned)
        return [(entry, spot) for entry, spot in spots if spot]

    def _shared(self, drafts: Sequence[Draft]) -> Place:
        codes = list(dict.fromkeys(d.place.path[-1] for d in drafts if d.place and d.place.path))
        if not codes:
            return Place(doubt=Doubt.NOWHERE)
        if len(codes) == 1:
            return self.tree.places[codes[0]]
        place = self.tree.ambiguous(codes)
        return replace(place, doubt=Doubt.COARSE, candidates=place.candidates[:_NAMED]) if place.path else place


def metres_between(one: Spot, other: Spot) -> float:
    """Metres between two spots in degrees; good to 0.5 % within a city."""
    east = (one[0] - other[0]) * 111_320 * math.cos(math.radians((one[1] + other[1]) / 2))
    return math.hypot(east, (one[1] - other[1]) * 110_900)


def _keys(parts: Sequence[tuple[str, str]]) -> list[str]:
    """The key of some numbers, and that with a door taken for a building or the other way round: 12号 of an estate."""
    key = "|".join(f"{what}{value}" for what, value in parts)
    swapped = {"n": "b", "b": "n"}.get(parts[0][0])
    return [key, swapped + key[1:]] if swapped else [key]
