"""The parser that works out of the box: names by their kind at the end, numbers by what they count. Pure.

It needs no training; the lexicon of divisions, if there is one, tells 浙江 and 余杭 without 省 and 区.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from geo.address.elements import Label, Span
from geo.address.lexicon import Lexicon
from geo.address.shape import narrow, runs_of

_NO_LEXICON = Lexicon.build([])
_DIVISIONS = (
    ("P", Label.PROV, re.compile(r"[^\d省市区县]{2,6}(?:省|自治区)")),
    ("C", Label.CITY, re.compile(r"[^\d省市区县路街]{2,5}(?:市|自治州|地区)")),
    ("D", Label.DISTRICT, re.compile(r"[^\d省市区县路街镇村]{1,5}(?:区|县|市)(?![\d一二三四五])")),
    ("T", Label.TOWN, re.compile(r"[^\d省市区县路号]{1,6}?(?:街道|镇|乡)")),
)
_COUNTRY = re.compile(r"中华人民共和国|中国")
_DEVZONE = re.compile(r"[^\d路街号省市]{0,8}?(?:开发区|高新区|新区|工业园区|经济区)")
_COMMUNITY = re.compile(r"[^\d路街号区镇]{1,6}?(?:社区|村)(?!路|街)")
_ROAD = re.compile(
    r"[^\d号栋幢室与和]{1,7}?(?:大道|大街|公路|胡同|[路街道巷弄线](?!口))(?:[东南西北中](?=\d|段|侧))?|[GSXY]\d{2,3}"
)
_ASSIST = re.compile(
    r"与|和(?=.{1,6}[路街道])|交叉路?口|交汇处?|交界处?|路口|斜?对面|旁边?|附近|门口|边上|[东南西北]{1,2}(?:侧|面|边)|以[东南西北]|往[东南西北]"
)
_SIGNS = (
    (re.compile(r"(?:号楼|栋|幢|座|#|号院)"), Label.HOUSENO),
    (re.compile(r"(?:单元|门)"), Label.CELLNO),
    (re.compile(r"(?:楼|层|F(?![A-Za-z]))"), Label.FLOORNO),
    (re.compile(r"(?:室|房|铺|户|店)"), Label.ROOMNO),
    (re.compile(r"(?:米|公里|km)"), Label.ASSIST),
)
_DOOR = re.compile(r"(?:号|弄)")
_GROUPED = {
    1: (Label.HOUSENO,),
    2: (Label.HOUSENO, Label.ROOMNO),
    3: (Label.HOUSENO, Label.CELLNO, Label.ROOMNO),
}
_MASKED = re.compile("某+")
_JOINT = re.compile(r"[-_/~、,，.。·# ()（）]+")
_HEADS = frozenset({Label.PROV, Label.CITY, Label.DISTRICT, Label.TOWN, Label.COUNTRY})

Piece = tuple[int, int, Label]


@dataclass(frozen=True, slots=True)
class RuleParser:
    """Parses addresses by rule."""

    lexicon: Lexicon = _NO_LEXICON

    def parse_many(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The labelled stretches of each text, which cover it without a gap; none for an empty text."""
        return [self._parse(text) for text in texts]

    def _parse(self, text: str) -> tuple[Span, ...]:
        plain = narrow(text)
        numbers = dict(_numbers(plain))
        pieces: list[Piece] = []
        at = 0
        while at < len(plain):
            piece = numbers.get(at) or self._next(plain, at, pieces, numbers)
            pieces.append(piece)
            at = piece[1]
        return tuple(Span(start, end, label, text[start:end]) for start, end, label in _tidy(pieces))

    def _next(self, text: str, at: int, pieces: Sequence[Piece], numbers: dict[int, Piece]) -> Piece:
        stop = min((start for start in numbers if start > at), default=len(text))
        for pattern, label in ((_JOINT, Label.REDUNDANT), (_MASKED, Label.PERSON), (_ASSIST, Label.ASSIST)):
            if match := pattern.match(text, at):
                return at, match.end(), label
        division = self._division(text, at, pieces)
        if division:
            return division
        for pattern, label in ((_COUNTRY, Label.COUNTRY), (_DEVZONE, Label.DEVZONE)):
            if match := pattern.match(text, at, stop):
                return at, match.end(), label
        seen = {label for _, _, label in pieces}
        road = _ROAD.match(text, at)
        village = None if seen & {Label.ROAD, Label.POI} else _COMMUNITY.match(text, at, stop)
        if village and (road is None or village.end() < road.end()):
            return at, village.end(), Label.COMMUNITY
        if road and Label.POI not in seen:
            return at, road.end(), Label.SUBROAD if Label.ROAD in seen else Label.ROAD
        ends = [
            match.start() for match in (_ASSIST.search(text, at + 1, stop), _MASKED.search(text, at, stop)) if match
        ]
        ends += [match.start() for match in (_JOINT.search(text, at, stop),) if match]
        return at, min([*ends, stop]), Label.SUBPOI if Label.POI in seen else Label.POI

    def _division(self, text: str, at: int, pieces: Sequence[Piece]) -> Piece | None:
        """The next division, as long as only divisions came before; one said again is redundant."""
        if any(label not in _HEADS | {Label.REDUNDANT} for _, _, label in pieces):
            return None
        said = {text[start:end] for start, end, _ in pieces}
        done = {label for _, _, label in pieces}
        for length in range(min(9, len(text) - at), 1, -1):
            word = text[at : at + length]
            sorts = self.lexicon.kinds.get(word, "")
            for sort, label, _ in _DIVISIONS:
                if sort in sorts or (
                    sort.lower() in sorts and sort != "T" and not _ROAD.match(text[at : at + length + 2])
                ):
                    if label in done or word in said:
                        continue
                    return at, at + length, label
            if sorts and word in said:
                return at, at + length, Label.REDUNDANT
        for _, label, pattern in _DIVISIONS:
            match = pattern.match(text, at)
            if match and label not in done:
                return at, match.end(), label
        return None


def _numbers(text: str) -> list[tuple[int, Piece]]:
    """Pieces for numbers with the sign behind them, by where they start."""
    found: list[tuple[int, Piece]] = []
    runs = runs_of(text)
    doors = 0
    for n, run in enumerate(runs):
        counted = _DOOR.match(text, run.end) or any(pattern.match(text, run.end) for pattern, _ in _SIGNS)
        if not counted and not any(char.isdigit() for char in text[run.start : run.end]):
            continue  # a Chinese numeral or a letter is part of a name, unless something is counted
        signed = next(
            ((match.end(), label) for pattern, label in _SIGNS if (match := pattern.match(text, run.end))), None
        )
        door = _DOOR.match(text, run.end)
        if signed:
            end, label = signed
        elif door:
            end, label = door.end(), Label.HOUSENO if doors else Label.ROADNO
            doors += 1
        else:
            end = run.end
            labels = _GROUPED.get(run.size)
            alone = Label.ROOMNO if n or run.end - run.start > 2 else Label.ROADNO
            label = labels[run.place] if labels and run.size > 1 else alone
        found.append((run.start, (run.start, end, label)))
    return found


def _tidy(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces without empty ones; neighbours that are both left-overs are one."""
    tidy: list[Piece] = []
    for start, end, label in pieces:
        if tidy and label in (Label.POI, Label.SUBPOI) and tidy[-1][2] is label:
            tidy[-1] = (tidy[-1][0], end, label)
        else:
            tidy.append((start, end, label))
    return tidy
