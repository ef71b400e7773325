"""Cues: words that show what a caller wants and whether life is in danger. A table of them says what each means.

A phrase such as ``燃气/煤气+漏`` is heard where its parts follow each other in one sentence with at most eight
characters between them; a part may be said in several ways, with ``/`` between. Read by ``runtime.citypack``, used by
``classify.appeals``.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

PLUS, OR = "+", "/"
_GAP = 8
_STOPS = "。！？!?；;\n"
_COMMAS = "，,：:"


class Cue(StrEnum):
    """What a phrase means: what the caller wants, danger to life, or a mark that takes the danger back.

    ``emergency``: life is in danger now. ``danger``: it soon may be. ``denied`` (没有…), ``supposed`` (如果…, 担心…),
    ``past`` (去年…) and ``exercise`` (演练) make a danger none; ``present`` (现在又…) ends what ``past`` opened;
    ``over`` (已扑灭, 误报) says that it has ended.
    """

    COMPLAINT = "complaint"
    TIP = "tip"
    HELP = "help"
    INQUIRY = "inquiry"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    EMERGENCY = "emergency"
    DANGER = "danger"
    DENIED = "denied"
    SUPPOSED = "supposed"
    PAST = "past"
    PRESENT = "present"
    OVER = "over"
    EXERCISE = "exercise"


@dataclass(frozen=True, slots=True)
class CueRule:
    """Each of ``phrases`` means ``cue``, unless one of ``unless`` stands in the same sentence."""

    cue: Cue
    phrases: tuple[str, ...]
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sign:
    """A phrase that was heard: where in the text, and what stands between its parts."""

    cue: Cue
    words: str
    start: int
    end: int
    between: str


class Ear:
    """Hears all cues of a table."""

    def __init__(self, rules: Iterable[CueRule]) -> None:
        by_cue: dict[Cue, dict[str, tuple[str, ...]]] = {}
        for rule in rules:
            for phrase in rule.phrases:
                by_cue.setdefault(rule.cue, {})[phrase.lower()] = rule.unless
        self._heard = {cue: _Heard(cue, phrases) for cue, phrases in by_cue.items()}

    def signs(self, text: str, cue: Cue) -> Sequence[Sign]:
        """Every place where ``cue`` is heard in ``text``, in order."""
        heard = self._heard.get(cue)
        return sorted(heard.signs(text.lower()), key=lambda sign: sign.start) if heard else ()


class _Heard:
    """The phrases of one cue."""

    def __init__(self, cue: Cue, phrases: dict[str, tuple[str, ...]]) -> None:
        self._cue = cue
        self._unless = phrases
        gap = f"([^{_STOPS}]{{0,{_GAP}}}?)"
        # the longest first, so that the fullest phrase is named as the reason
        ordered = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
        self._each = [(phrase, re.compile(gap.join(map(_said, phrase.split(PLUS))))) for phrase in ordered]
        self._by_sign: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for number, phrase in enumerate(ordered):
            for begin in phrase.split(PLUS)[0].split(OR):
                self._by_sign[begin[0]].append((begin, number))

    def signs(self, text: str) -> Iterator[Sign]:
        ends: list[tuple[int, int]] = []
        for phrase, pattern in self._begun(text):
            for match in pattern.finditer(text):
                start, end = match.span()
                if any(a <= start and end <= b for a, b in ends):
                    continue
                if any(word in sentence(text, start, end) for word in self._unless[phrase]):
                    continue
                ends.append((start, end))
                words = "".join(part for at, part in enumerate(match.groups()) if at % 2 == 0)
                yield Sign(self._cue, words, start, end, "".join(match.groups()[1::2]))

    def _begun(self, text: str) -> Iterator[tuple[str, re.Pattern[str]]]:
        """The phrases whose beginning is in the text. Looking for all of them takes seven times as long."""
        begun = {
            number
            for sign in self._by_sign.keys() & set(text)
            for begin, number in self._by_sign[sign]
            if begin in text
        }
        for number in sorted(begun):
            yield self._each[number]


def _said(part: str) -> str:
    return f"({'|'.join(map(re.escape, sorted(part.split(OR), key=len, reverse=True)))})"


def sentence(text: str, start: int, end: int) -> str:
    """The sentence around a place in the text."""
    return text[_after_last(text, start, _STOPS) : _before_next(text, end, _STOPS)]


def before(text: str, start: int, *, clause: bool = False) -> str:
    """What stands before a place in its sentence, or in its clause."""
    return text[_after_last(text, start, _STOPS + (_COMMAS if clause else "")) : start]


def after(text: str, end: int, length: int) -> str:
    """What follows a place in its clause, at most ``length`` characters."""
    return text[end : min(_before_next(text, end, _STOPS + _COMMAS), end + length)]


def _after_last(text: str, start: int, signs: str) -> int:
    return max(text.rfind(sign, 0, start) for sign in signs) + 1


def _before_next(text: str, end: int, signs: str) -> int:
    return min((found for sign in signs if (found := text.find(sign, end)) >= 0), default=len(text))
