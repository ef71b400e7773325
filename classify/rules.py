"""Keyword rules of the city pack: words that speak for a category. Explainable, editable by a clerk."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeywordRule:
    """Texts that hold one of ``words`` speak for ``category`` (a catalogue key), as strongly as ``weight`` (0 to 1).

    ``condition`` may name the filing condition the words point to. ``unless`` holds words that silence the rule.
    """

    category: str
    words: tuple[str, ...]
    weight: float = 0.8
    condition: str | None = None
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One rule that spoke, with the words it heard."""

    rule: KeywordRule
    words: tuple[str, ...]


class Keywords:
    """All keyword rules, searched in one pass over the text."""

    def __init__(self, rules: Iterable[KeywordRule]) -> None:
        self._by_word: dict[str, list[KeywordRule]] = {}
        for rule in rules:
            for word in rule.words:
                self._by_word.setdefault(word.lower(), []).append(rule)
        # longest first, so that «雨水井盖» is heard before «井盖»; the look-ahead lets words overlap
        words = sorted(self._by_word, key=lambda word: (-len(word), word))
        self._pattern = re.compile("(?=(" + "|".join(map(re.escape, words)) + "))") if words else None

    def hits(self, text: str) -> Sequence[Hit]:
        """The rules that speak for the text, the strongest first; more words heard is stronger at equal weight."""
        if self._pattern is None or not text:
            return ()
        lowered = text.lower()
        heard: dict[KeywordRule, list[str]] = {}
        for match in self._pattern.finditer(lowered):
            for rule in self._by_word[match[1]]:
                words = heard.setdefault(rule, [])
                if match[1] not in words:
                    words.append(match[1])
        hits = [
            Hit(rule, tuple(words))
            for rule, words in heard.items()
            if not any(word.lower() in lowered for word in rule.unless)
        ]
        return sorted(hits, key=lambda h: (-h.rule.weight, -sum(map(len, h.words)), h.rule.category))
