"""Words of a city's own history, and the way to find them in a text. No dictionary is needed but the training data's.

Chinese is written without blanks; where the data brings texts that are cut into words already, those words are the
lexicon, and a raw text is cut into the likeliest of them. What is in no word (function words mostly) is left out, so
that raw and cut texts look alike to the model.
"""

import math
from collections.abc import Iterable, Mapping

_LONGEST = 8
_STRANGER = -12.0
"""Log-probability of a character that is in no word."""


class Lexicon:
    """Cuts texts into known words."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = {word: count for word, count in counts.items() if len(word) <= _LONGEST}
        total = sum(self.counts.values())
        self._cost = {word: math.log(count / total) for word, count in self.counts.items()}
        self._begun = {word[:size] for word in self._cost for size in range(1, len(word) + 1)}

    def __bool__(self) -> bool:
        return bool(self.counts)

    def words(self, text: str) -> list[str]:
        """The words of a text in order, by the likeliest cut (Viterbi over single words)."""
        cost, begun = self._cost, self._begun
        length = len(text)
        best = [0.0] + [-math.inf] * length
        # where the last word begins; negative where it is a stranger, which is left out
        start = [0] * (length + 1)
        for here in range(length):
            reached = best[here]
            end = here + 1
            if reached + _STRANGER > best[end]:
                best[end], start[end] = reached + _STRANGER, ~here
            while end <= length:
                word = text[here:end]
                if word not in begun:
                    break
                weight = cost.get(word)
                if weight is not None and reached + weight > best[end]:
                    best[end], start[end] = reached + weight, here
                end += 1
        found: list[str] = []
        while length > 0:
            begin = start[length]
            if begin >= 0:
                found.append(text[begin:length])
            length = begin if begin >= 0 else ~begin
        found.reverse()
        return found

    @classmethod
    def of(cls, texts: Iterable[Iterable[str]]) -> "Lexicon":
        """The lexicon of texts that are cut into words."""
        counts: dict[str, int] = {}
        for words in texts:
            for word in words:
                counts[word] = counts.get(word, 0) + 1
        return cls(counts)
