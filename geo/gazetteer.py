"""The gazetteer: address text to places, with score, precision and reasons. The locator asks it for whole batches.

Immutable once built. A text is read for names the gazetteer knows (whole, said short or with a slip), each name with
its numbers becomes drafts, and drafts are weighed by what else the text says. What is not sure is said to be so.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from domain.place import Crs, Doubt, Level, Place, Point
from geo.address.answers import Bounds, Candidate, Match
from geo.address.drafts import Draft, Drafter
from geo.address.entries import Entry, EntryKind, Precision, crossing_names, spellings
from geo.address.holdings import Holdings, rows_of
from geo.address.lexicon import bare
from geo.address.likeness import Likeness
from geo.address.reading import Reader, Reading
from geo.address.spoken import moved, nearness, says_crossing, says_stretch
from geo.address.weighing import Ranked, Said, rivals, weighed
from geo.atlas import Area, Atlas
from geo.crs import to_wgs84_many

__all__ = ["Bounds", "Candidate", "Entry", "EntryKind", "Gazetteer", "Match", "Precision"]

_SHOWN = 5
_OF_LEVEL = {
    Level.DISTRICT: (Precision.DISTRICT, 5000.0),
    Level.STREET: (Precision.STREET, 1500.0),
    Level.COMMUNITY: (Precision.COMMUNITY, 500.0),
}
_UNKNOWN_AREA = 0.15  # lost by an area when nothing else in the text is known
_SHORT_AREA = 0.7
_PLAIN = frozenset({Crs.WGS84, Crs.CGCS2000})


@dataclass(frozen=True, slots=True, eq=False)
class Gazetteer:
    """All a city pack knows by name, over one atlas."""

    atlas: Atlas
    holdings: Holdings
    reader: Reader
    drafter: Drafter
    area_codes: Mapping[int, tuple[tuple[str, ...], bool]]
    bounds: Bounds

    @classmethod
    def build(cls, entries: Sequence[Entry], atlas: Atlas, bounds: Bounds | None = None) -> "Gazetteer":
        """Index entries; their points may be in any system. The atlas's areas are known by name without entries.

        Entries of areas add names (old ones, say) to the area of their code. Entries nobody can place (no point, and
        no area or an unknown one) are kept and answered without a place; the pack's reader refuses them beforehand.
        """
        bounds = bounds or Bounds()
        placed = [entry for entry in entries if entry.kind is not EntryKind.AREA]
        lons, lats = _degrees(placed)
        values, numbers = _places(placed, lons, lats, atlas)
        areas = _area_names(atlas, [entry for entry in entries if entry.kind is EntryKind.AREA])
        pairs = [(n, roads) for n, entry in enumerate(placed) if (roads := _roads(entry))]
        further = [*areas, *dict.fromkeys(road for _, roads in pairs for road in roads)]
        holdings, table = Holdings.build(placed, lons, lats, numbers, further)
        known = {table.name(number): number for number in range(len(table))}
        crossings: dict[tuple[int, int], list[int]] = defaultdict(list)
        for entry, (one, other) in pairs:
            a, b = sorted((known[one], known[other]))
            crossings[a, b].append(entry)
        in_crossings = {name for pair in crossings for name in pair}
        area_codes = {known[name]: codes for name, codes in areas.items()}
        reader = Reader(
            table=table,
            likeness=Likeness.build(table),
            area_names=area_codes,
            short_names=frozenset(name for name, (_, whole) in area_codes.items() if not whole),
            place_names=_Places(holdings, frozenset(in_crossings)),
            cities=_cities(atlas),
            least_alike=bounds.like_from,
        )
        drafter = Drafter(holdings, table, values, atlas.tree, crossings, _synonyms(placed, known))
        return cls(atlas, holdings, reader, drafter, area_codes, bounds)

    def __len__(self) -> int:
        return len(self.holdings)

    def read_many(self, texts: Sequence[str]) -> list[Reading]:
        """What each text names, for people who ask why."""
        return self.reader.read_many(texts)

    def match_many(self, texts: Sequence[str]) -> list[Match]:
        """The candidates of each text, at most five, best first; equal texts are matched once.

        A match is ``certain`` if its best candidate has at least ``certain_from`` and no other place of the same
        precision comes within ``margin`` of it.
        """
        once = list(dict.fromkeys(texts))
        readings = self.reader.read_many(once)
        drafts = [self._drafts(reading) for reading in readings]
        self_placed = [(n, m) for n, found in enumerate(drafts) for m, draft in enumerate(found) if draft.place is None]
        spots = [drafts[n][m].spot or (0.0, 0.0) for n, m in self_placed]
        located = self.atlas.locate_many([lon for lon, _ in spots], [lat for _, lat in spots])
        places = dict(zip(self_placed, located, strict=True))
        matches = {
            text: self._match(text, reading, found, [places.get((n, m)) for m in range(len(found))])
            for n, (text, reading, found) in enumerate(zip(once, readings, drafts, strict=True))
        }
        return [matches[text] for text in texts]

    def _drafts(self, reading: Reading) -> list[Draft]:
        """What the text may mean, with what it says beyond the place taken in."""
        items, text = reading.items, reading.text
        found: list[Draft] = []
        used: set[int] = set()
        for n in range(len(items) - 1):
            here, following = items[n], items[n + 1]
            third = items[n + 2] if n + 2 < len(items) else None
            drafts: list[Draft] = []
            if third and not used & {n, n + 1}:
                ends, starts = (here.end, following.end, third.end), (following.start, third.start)
                until = says_stretch(text, ends, starts)
                if until is not None and (drafts := self.drafter.stretch(here, following, third, n)):
                    used |= {n, n + 1, n + 2}
                    found += drafts
                    continue
            until = says_crossing(text, here.end, following.start, following.end)
            if until is not None and not used & {n, n + 1}:
                drafts = self.drafter.crossing(here, following, n)
                if drafts:
                    used |= {n, n + 1}
                    found += self._moved(drafts, text[until:])
        for n, item in enumerate(items):
            if n not in used:
                end = items[n + 1].start if n + 1 < len(items) else len(text)
                found += self._moved(self.drafter.of_item(item, n), text[item.after : end])
        return found

    def _moved(self, drafts: Sequence[Draft], behind: str) -> list[Draft]:
        said = nearness(behind)
        if not said.words:
            return list(drafts)
        return [_shifted(draft, said.words, said.bearing, said.metres, said.wider_m) for draft in drafts]

    def _match(self, text: str, reading: Reading, drafts: Sequence[Draft], placed: Sequence[Place | None]) -> Match:
        named = [self.area_codes[hit.name] for hit in reading.areas]
        paths = tuple((tuple(self.atlas.path(code) for code in codes), whole) for codes, whole in named)
        said = Said(paths, reading.explained)
        candidates = [
            Candidate(
                entry=self.holdings.ids[draft.entry],
                name=draft.name,
                kind=self.holdings.kind(draft.entry),
                point=Point(round(draft.spot[0], 7), round(draft.spot[1], 7), Crs.WGS84) if draft.spot else None,
                place=draft.place or place or Place(doubt=Doubt.NOWHERE),
                score=draft.score,
                precision=draft.precision,
                uncertainty_m=round(draft.uncertainty_m, 1),
                reasons=draft.reasons,
            )
            for draft, place in zip(drafts, placed, strict=True)
        ]
        ranked = weighed(candidates, [draft.item for draft in drafts], said)
        ranked += self._areas(named, reading.explained)
        if not ranked:
            return Match(text)
        best = ranked[0][0]
        against = rivals(ranked, self.bounds.margin)
        certain = best.score >= self.bounds.certain_from and not against and best.place.certain
        shown = [one for one, _ in ranked]
        shown = shown if len(shown) <= _SHOWN else [*shown[: _SHOWN - 1], shown[-1]]
        return Match(text, tuple(shown), certain, best.place if certain else self._doubted(shown))

    def _doubted(self, shown: Sequence[Candidate]) -> Place:
        """The place of what may be any of these."""
        codes = tuple(dict.fromkeys(one.place.path[-1] for one in shown if one.place.path))
        if not codes:
            return Place(doubt=Doubt.NOWHERE)
        return replace(self.atlas.tree.ambiguous(codes), candidates=codes)

    def _areas(self, named: Sequence[tuple[tuple[str, ...], bool]], explained: float) -> list[Ranked]:
        """The area the text names, as the last candidate: what its whole names lead to, or all the last may mean.

        A name without its kind is part of other names too often (红荔 is a community, 红荔路 runs through many): an
        area so named is shown to the desk and never sure.
        """
        whole = [codes for codes, is_whole in named if is_whole]
        left = self._left(whole)
        short = self._left([codes for codes, _ in named]) if len(whole) < len(named) else ()
        known = 1 - _UNKNOWN_AREA * (1 - explained)
        scores = {**dict.fromkeys(short, known * _SHORT_AREA), **dict.fromkeys(left, known)}
        areas = [(self.atlas.area(code), score) for code, score in scores.items()]
        found = [(self._area(area, round(score, 4)), -1) for area, score in areas if area.level in _OF_LEVEL]
        return sorted(found, key=lambda ranked: -ranked[0].score)

    def _left(self, named: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
        """The areas that names lead to, one unless the last of them has several meanings; none if they disagree."""
        sure = [codes[0] for codes in named if len(codes) == 1]
        left: tuple[str, ...] = ()
        for codes in named:
            below = tuple(code for code in codes if not set(sure).isdisjoint(self.atlas.path(code))) or codes
            sure += below if len(below) == 1 else ()
            left = below if len(below) > 1 else ()
        if left:
            return left
        place = self.atlas.locate_named_many([tuple(sure)])[0]
        return place.path[-1:] if place.doubt is not Doubt.AMBIGUOUS else ()

    def _area(self, area: Area, score: float) -> Candidate:
        precision, uncertainty = _OF_LEVEL[area.level]
        place = self.atlas.tree.places[area.code]
        kind, reasons = EntryKind.AREA, ("area-named",)
        return Candidate(area.code, area.name, kind, None, place, score, precision, uncertainty, reasons)


class _Places:
    """The numbers of names that stand for places: those with rows, and roads that crossings name."""

    def __init__(self, holdings: Holdings, further: frozenset[int]) -> None:
        self._first = holdings.first
        self._further = further

    def __contains__(self, name: object) -> bool:
        return isinstance(name, int) and (self._first[name] < self._first[name + 1] or name in self._further)


def _shifted(draft: Draft, words: tuple[str, ...], bearing: float | None, metres: float | None, wider: float) -> Draft:
    """A draft with what is said beyond the place: moved, or as it is with a wider circle.

    Beside a place may be another grid; the spot keeps the place's grid as long as it is not moved.
    """
    reasons = (*draft.reasons, f"said {' '.join(words)}")
    spot, place = draft.spot, draft.place
    if bearing is not None and metres is not None and spot is not None:
        spot, place = moved(*spot, bearing, metres), None
    return replace(draft, spot=spot, place=place, uncertainty_m=draft.uncertainty_m + wider, reasons=reasons)


def _degrees(entries: Sequence[Entry]) -> tuple[np.ndarray, np.ndarray]:
    lons = np.array([entry.point.lon if entry.point else np.nan for entry in entries], dtype=np.float64)
    lats = np.array([entry.point.lat if entry.point else np.nan for entry in entries], dtype=np.float64)
    foreign = [n for n, entry in enumerate(entries) if entry.point and entry.point.crs not in _PLAIN]
    if foreign:
        systems = [point.crs for n in foreign if (point := entries[n].point)]
        lons[foreign], lats[foreign] = to_wgs84_many(lons[foreign], lats[foreign], systems)
    return lons, lats


def _places(
    entries: Sequence[Entry], lons: np.ndarray, lats: np.ndarray, atlas: Atlas
) -> tuple[list[Place], np.ndarray]:
    """Distinct places, and the number of each entry's; the area a source states goes before the map."""
    located = atlas.locate_many(lons, lats)
    values: dict[Place, int] = {}
    numbers = np.empty(len(entries), dtype=np.int32)
    for n, (entry, place) in enumerate(zip(entries, located, strict=True)):
        stated = atlas.tree.places.get(entry.area) if entry.area else None
        deeper = stated is not None and (len(stated.path) >= len(place.path) or stated.path[-1] not in place.path)
        numbers[n] = values.setdefault(stated if stated is not None and deeper else place, len(values))
    return list(values), numbers


def _area_names(atlas: Atlas, entries: Iterable[Entry]) -> dict[str, tuple[tuple[str, ...], bool]]:
    """Codes of areas by name, and whether the name is whole; grids and the city itself have no names people use."""
    whole: dict[str, dict[str, None]] = defaultdict(dict)
    short: dict[str, dict[str, None]] = defaultdict(dict)
    for area in atlas.tree.areas.values():
        if area.level in _OF_LEVEL:
            for name in spellings((area.name, *area.aliases)):
                whole[name][area.code] = None
                short[bare(name)][area.code] = None
    for entry in entries:
        if entry.area and entry.area in atlas.tree.areas:
            for name in spellings((entry.name, *entry.aliases)):
                whole[name][entry.area] = None
    found = {name: (tuple(codes), False) for name, codes in short.items() if len(name) > 1}
    return found | {name: (tuple(codes), True) for name, codes in whole.items() if len(name) > 1}


def _synonyms(entries: Sequence[Entry], known: Mapping[str, int]) -> dict[int, tuple[int, ...]]:
    """For each name of a place that has several, the numbers of the others."""
    found: dict[int, dict[int, None]] = defaultdict(dict)
    for entry in entries:
        if entry.aliases:
            numbers = [known[row.name] for row in rows_of(entry, 0) if not row.key]
            for one in numbers:
                found[one] |= dict.fromkeys(other for other in numbers if other != one)
    return {name: tuple(others) for name, others in found.items() if others}


def _roads(entry: Entry) -> tuple[str, str] | None:
    return crossing_names("".join(entry.name.split())) if entry.kind is EntryKind.CROSSING else None


def _cities(atlas: Atlas) -> tuple[str, ...]:
    above = [area for area in atlas.tree.areas.values() if area.level in (Level.PROVINCE, Level.CITY)]
    names = {name for area in above for name in spellings((area.name, *area.aliases))}
    return tuple(sorted(names, key=len, reverse=True))
