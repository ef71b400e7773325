"""Names that a parser knows beforehand: divisions of the country, and names met in training. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_SUFFIXES = (
    "自治区", "自治州", "自治县", "街道办事处", "街道", "地区", "社区居委会", "居民委员会", "村民委员会", "村委会",
    "居委会", "社区", "省", "市", "区", "县", "镇", "乡", "村",
)  # fmt: skip
LONGEST = 12
DIGITS = {"P": 2, "C": 4, "D": 6, "T": 9, "V": 12}
"""How long the code of a division of each kind is: provinces, cities, counties (GB/T 2260), streets or towns, villages
(统计用区划代码). It begins with the codes of the divisions it lies in."""


def bare(name: str) -> str:
    """A division's name without its kind: 余杭区 is 余杭; short ones are left whole."""
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name[: -len(suffix)]
    return name


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Kinds of name by name: ``P`` province, ``C`` city, ``D`` county, ``T`` street or town, ``V`` village; lower case
    where the name is written without its kind. The codes of the divisions that bear a name stand between blanks, the
    shortest first; names of divisions without a code have none."""

    kinds: Mapping[str, str]
    codes: Mapping[str, str]

    @classmethod
    def build(cls, names: Iterable[Sequence[str]]) -> "Lexicon":
        """A lexicon of (kind, official name) or (kind, official name, code).

        Villages are taken as people say them, without 村委会 and the like. Codes may be filled up with zeros; what is
        too short or no number is no code.
        """
        found: dict[str, set[str]] = defaultdict(set)
        codes: dict[str, set[str]] = defaultdict(set)
        for sort, name, *given in names:
            if not 2 <= len(name) <= LONGEST:
                continue
            if sort == "V":
                name = name.removesuffix("委会") if name.endswith("村委会") else name.removesuffix("居委会")
                name = name.removesuffix("民委员").removesuffix("居民委员会")
            code = _code(sort, given)
            short = bare(name)
            for said, kind in ((name, sort), (short, sort.lower()))[: 1 + (short != name)]:
                if len(said) >= 2:
                    found[said].add(kind)
                    codes[said] |= code
        return cls(
            {name: "".join(sorted(sorts)) for name, sorts in found.items()},
            {name: f" {' '.join(sorted(known, key=_coarse_first))} " for name, known in codes.items() if known},
        )

    def matches(self, text: str) -> list[tuple[int, int, str]]:
        """All known names in the text as (start, end, kinds), the longest of each start only."""
        found = []
        for start in range(len(text) - 1):
            for end in range(min(len(text), start + LONGEST), start + 1, -1):
                sorts = self.kinds.get(text[start:end])
                if sorts:
                    found.append((start, end, sorts))
                    break
        return found


def _code(sort: str, given: Sequence[str]) -> set[str]:
    digits = DIGITS.get(sort, 0)
    return {code[:digits] for code in given if digits and len(code) >= digits and code.isascii() and code.isdecimal()}


def _coarse_first(code: str) -> tuple[int, str]:
    return len(code), code
