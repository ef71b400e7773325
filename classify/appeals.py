"""What the caller wants (诉求性质), and whether life is in danger: heard from cues, explainable word by word.

In doubt about a danger it is believed: only words that take it back (没有, 如果, 去年, 演练, 已扑灭) silence it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from classify.cues import Cue, CueRule, Ear, Sign, after, before, sentence
from domain.catalogue import Urgency

_DENIAL_REACH = 6
_SUPPOSED_REACH = 6
_OVER_REACH = 60
_AT_ONCE = 150
"""Who is in danger says so at once: further on in a long letter a danger is a part of its story."""

# what a caller wants, the strongest claim first: of two heard equally often the first is taken
WANTS = (Cue.TIP, Cue.COMPLAINT, Cue.HELP, Cue.INQUIRY, Cue.SUGGESTION, Cue.PRAISE)
"""What a caller may want, the one that goes before the others first; a case carries it among its tags."""
_OPENING = 30
"""Characters at the start of a text, where people say what they want: a cue there counts twice."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What one text asks for. ``wants`` is None where nothing was heard; ``urgency`` above normal goes ahead at once.

    ``reason`` names the words heard, empty if none.
    """

    wants: Cue | None
    urgency: Urgency
    reason: str


NOTHING = Wish(None, Urgency.NORMAL, "")


class Appeals:
    """Listens for the cues of one table."""

    def __init__(self, rules: Iterable[CueRule]) -> None:
        self._ear = Ear(rules)

    def heard(self, text: str) -> Wish:
        """What a text asks for and how urgent it is."""
        lowered = text.lower()
        danger = self._danger(lowered)
        wants, words = self._wants(lowered)
        reasons = []
        if danger is not None:
            reasons.append(f"{danger.cue}: {danger.words}")
        if wants is not None:
            reasons.append(f"{wants}: {'、'.join(words)}")
        return Wish(wants, _urgency(danger), "; ".join(reasons))

    def urgency(self, text: str) -> Urgency:
        """How urgent the text sounds by its beginning, for when there is no time for all of it."""
        return _urgency(self._danger(text[: _AT_ONCE + _OVER_REACH].lower()))

    def _danger(self, text: str) -> Sign | None:
        """The gravest danger that nothing takes back."""
        for cue in (Cue.EMERGENCY, Cue.DANGER):
            for sign in self._ear.signs(text, cue):
                if sign.start < _AT_ONCE and not self._taken_back(text, sign):
                    return sign
        return None

    def _taken_back(self, text: str, sign: Sign) -> bool:
        led = before(text, sign.start)
        close = before(text, sign.start, clause=True)[-_DENIAL_REACH:]
        followed = after(text, sign.end, _SUPPOSED_REACH)
        return bool(
            self._ear.signs(close, Cue.DENIED)
            or self._ear.signs(sign.between, Cue.DENIED)
            or (sign.cue is Cue.EMERGENCY and self._ear.signs(led + sign.between, Cue.SUPPOSED))
            or self._ear.signs(followed, Cue.SUPPOSED)
            or self._ear.signs(sentence(text, sign.start, sign.end), Cue.EXERCISE)
            or self._ear.signs(text[sign.end : sign.end + _OVER_REACH], Cue.OVER)
            or self._ear.signs(followed, Cue.PAST)
            or self._was(led)
        )

    def _was(self, led: str) -> bool:
        """Whether the words before speak of the past, and none after them leads back to now."""
        past = self._ear.signs(led, Cue.PAST)
        if not past:
            return False
        return all(now.start < past[-1].end for now in self._ear.signs(led, Cue.PRESENT))

    def _wants(self, text: str) -> tuple[Cue | None, tuple[str, ...]]:
        best: tuple[int, Cue | None, tuple[str, ...]] = (0, None, ())
        for cue in WANTS:
            signs = self._ear.signs(text, cue)
            words = tuple(dict.fromkeys(sign.words for sign in signs))
            weight = len(words) + any(sign.start < _OPENING for sign in signs)
            if weight > best[0]:
                best = weight, cue, words
        return best[1], best[2]


def _urgency(danger: Sign | None) -> Urgency:
    return _URGENCY[danger.cue] if danger else Urgency.NORMAL


_URGENCY = {Cue.EMERGENCY: Urgency.CRITICAL, Cue.DANGER: Urgency.URGENT}
