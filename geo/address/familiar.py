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
_SURE = 0.9


@dataclass(frozen=True, slots=True)
class Met:
    """A known name in a text, and under which labels it was met: the letters of all of them; ``leaning`` is the letter
    of the likeliest, the next one's too where that has less than nine tenths, and how often the name was met at all,
    from 1 (once) to 4 (eight times or more)."""

    start: int
    end: int
    letters: str
    leaning: str


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

    def matches(self, text: str, own: Sequence[Span] = ()) -> list[Met]:
        """Known names in the text, the longest of each start; ``own`` spans do not count."""
        mine = Counter(_names(own))
        found = []
        for start in range(len(text) - 1):
            for end in range(min(len(text), start + LONGEST), start + 1, -1):
                name = text[start:end]
                met = self.counts.get(name)
                if not met:
                    continue
                left = {letter: n - mine[name, letter] for letter, n in met.items() if n > mine[name, letter]}
                if left:
                    found.append(Met(start, end, "".join(sorted(left)), _leaning(left)))
                    break
        return found


def _leaning(left: Mapping[str, int]) -> str:
    total = sum(left.values())
    by_count = sorted(left, key=lambda letter: (-left[letter], letter))
    likely = by_count[:1] if left[by_count[0]] >= _SURE * total else by_count[:2]
    return "".join(likely) + str(min(total.bit_length(), 4))


def _names(spans: Iterable[Span]) -> set[tuple[str, str]]:
    return {(s.text, _NAMES[s.label]) for s in spans if s.label in _NAMES and 2 <= s.end - s.start <= LONGEST}
