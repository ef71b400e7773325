"""Names met in training, as a lexicon whose training addresses do not see their own names. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from geo.address.elements import Label, Span

_NAMES = {
    Label.CITY: "c", Label.DISTRICT: "d", Label.DEVZONE: "z", Label.TOWN: "t", Label.COMMUNITY: "v", Label.ROAD: "r",
    Label.SUBROAD: "q", Label.POI: "p", Label.SUBPOI: "s", Label.ASSIST: "a", Label.REDUNDANT: "x", Label.PROV: "o",
    Label.PERSON: "h",
}  # fmt: skip
LONGEST = 14


@dataclass(frozen=True, slots=True, eq=False)
class Familiar:
    """How often each name was met under each label."""

    counts: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, addresses: Iterable[Sequence[Span]]) -> "Familiar":
        """The names of labelled addresses, each counted once an address."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for spans in addresses:
            for name, letter in _names(spans):
                counts[name][letter] += 1
        return cls(counts)

    def matches(self, text: str, own: Sequence[Span] = ()) -> list[tuple[int, int, str]]:
        """Known names in the text as (start, end, letters), the longest of each start; ``own`` spans do not count."""
        mine = Counter(_names(own))
        found = []
        for start in range(len(text) - 1):
            for end in range(min(len(text), start + LONGEST), start + 1, -1):
                name = text[start:end]
                met = self.counts.get(name)
                if not met:
                    continue
                letters = sorted(letter for letter, n in met.items() if n > mine[name, letter])
                if letters:
                    found.append((start, end, "".join(letters)))
                    break
        return found


def _names(spans: Iterable[Span]) -> set[tuple[str, str]]:
    return {(s.text, _NAMES[s.label]) for s in spans if s.label in _NAMES and 2 <= s.end - s.start <= LONGEST}
