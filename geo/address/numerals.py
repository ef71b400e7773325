"""Numbers in addresses, in digits or in Chinese, with what they count: house, building, unit, floor, room. Pure."""

import re
from dataclasses import dataclass

_VALUES = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
CHINESE = "零〇一二两三四五六七八九十百千"

# what is counted, by the sign behind the number; the longer sign first
_SIGNS = (
    ("b", "号楼 栋 幢 座 #"),
    ("n", "号院 号 弄 巷"),
    ("u", "单元 门"),
    ("f", "楼 层"),
    ("r", "室 房 铺 户"),
    ("g", "组 队 社"),
    ("z", "区 期"),
)
_KINDS = {sign: what for what, signs in _SIGNS for sign in signs.split()}
_ANY_SIGN = "|".join(re.escape(sign) for sign in sorted(_KINDS, key=len, reverse=True))
_NUMBER = re.compile(
    rf"[\s,、()]*(?:第|[a-zA-Z]?)(?P<value>\d+|[{CHINESE}]+)(?P<letter>[a-zA-Z]?)"
    rf"(?P<more>(?:[-~/]\d+[a-zA-Z]?)*)(?P<sign>{_ANY_SIGN})?"
)
_AFTER_ROAD, _AFTER_PLACE = "nbur", "bur"


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers behind a name, as (what is counted, value): ``n`` number, ``b`` building, ``u`` unit, ``f`` floor, ``r``
    room, ``g`` group, ``z`` part of an estate. ``end`` is where they end in the text."""

    parts: tuple[tuple[str, str], ...]
    end: int

    @property
    def key(self) -> str:
        """The numbers as one word that equal numbers share, however they were written."""
        return "|".join(f"{what}{value}" for what, value in self.parts)


def value_of(text: str) -> int:
    """The number that digits or Chinese numerals stand for: 一百二十 is 120, 二五 is 25."""
    if text.isdigit():
        return int(text)
    if not any(char in _TENS for char in text):
        return int("".join(str(_VALUES[char]) for char in text))
    total, digit = 0, 0
    for char in text:
        if char in _TENS:
            total += (digit or 1) * _TENS[char]
            digit = 0
        else:
            digit = _VALUES[char]
    return total + digit


def numbers_after(text: str, at: int, *, road: bool) -> Numbers:
    """The numbers that follow a name from ``at`` on, as far as nothing else stands between.

    A number without a sign counts what comes next in order: behind a road first the number, behind an estate first the
    building. 47-6-746 is read as three numbers.
    """
    parts: list[tuple[str, str]] = []
    order = _AFTER_ROAD if road else _AFTER_PLACE
    while match := _NUMBER.match(text, at):
        sign = match["sign"]
        values = [str(value_of(match["value"])) + match["letter"].upper()]
        values += [more.upper() for more in re.findall(r"[0-9]+[a-zA-Z]?", match["more"])]
        if sign is None and not match["value"].isdigit():
            break  # a lone Chinese numeral begins the next name: 一中, 三角塘
        for n, value in enumerate(values):
            last = n == len(values) - 1
            what = _KINDS[sign] if sign and last else _next(order, parts)
            parts.append((what, value))
        at = match.end()
    return Numbers(tuple(parts), at)


def _next(order: str, parts: list[tuple[str, str]]) -> str:
    used = [order.index(what) for what, _ in parts if what in order]
    return order[min(max(used, default=-1) + 1, len(order) - 1)]
