"""Names that a parser knows beforehand: divisions of the country, and names met in training. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_SUFFIXES = (
    "自治区", "自治州", "自治县", "街道办事处", "街道", "地区", "社区居委会", "居民委员会", "村民委员会", "村委会",
    "居委会", "社区", "省", "市", "区", "县", "镇", "乡", "村",
)  # fmt: skip
LONGEST = 12


def bare(name: str) -> str:
    """A division's name without its kind: 余杭区 is 余杭; short ones are left whole."""
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name[: -len(suffix)]
    return name


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Kinds of name by name: ``P`` province, ``C`` city, ``D`` county, ``T`` street or town, ``V`` village; lower case
    where the name is written without its kind."""

    kinds: Mapping[str, str]

    @classmethod
    def build(cls, names: Iterable[tuple[str, str]]) -> "Lexicon":
        """A lexicon of (kind, official name). Villages are taken as people say them, without 村委会 and the like."""
        found: dict[str, set[str]] = defaultdict(set)
        for sort, name in names:
            if not 2 <= len(name) <= LONGEST:
                continue
            if sort == "V":
                name = name.removesuffix("委会") if name.endswith("村委会") else name.removesuffix("居委会")
                name = name.removesuffix("民委员").removesuffix("居民委员会")
            if len(name) >= 2:
                found[name].add(sort)
            short = bare(name)
            if short != name:
                found[short].add(sort.lower())
        return cls({name: "".join(sorted(sorts)) for name, sorts in found.items()})

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
