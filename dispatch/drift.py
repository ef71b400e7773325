"""Has a rule or a unit gone bad? This week's send-backs of first dispatches against those of the weeks before. Pure.

A one-sided exact test of two shares (Fisher): were week and past of one quality, the send-backs would be spread over
them by chance (hypergeometric), so the chance of as many or more this week is known exactly, whatever the numbers are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, lgamma

from domain.accuracy import Tally

FALSE_ALARMS = 0.05
"""The chance that any alarm of one kind is raised within a week in which nothing has changed."""

LOOKS = 7 * 24
"""How often a week is looked at: the figures are those of the last full hour."""


@dataclass(frozen=True, slots=True)
class Drift:
    """An alarm: what sank from which accuracy to which; ``chance`` is that of so bad a week if nothing had changed."""

    name: str
    week: Tally
    past: Tally
    chance: float


def drifting(tallies: Mapping[str, tuple[Tally, Tally]]) -> list[Drift]:
    """The alarms among rules or units, each with the tallies of its week and its past; the surest first.

    The chance of a false alarm is shared out over all that can be compared and all looks of a week (Bonferroni), so
    that it stays below ``FALSE_ALARMS`` for all of them together, however they depend on each other.
    """
    compared = {name: pair for name, pair in tallies.items() if pair[0].dispatched and pair[1].dispatched}
    found = [Drift(name, week, past, chance(week, past)) for name, (week, past) in compared.items()]
    bound = FALSE_ALARMS / (LOOKS * max(1, len(compared)))
    return sorted((one for one in found if one.chance <= bound), key=lambda one: (one.chance, one.name))


def chance(week: Tally, past: Tally) -> float:
    """The chance of at least as many send-backs in the week if it were of one quality with the past; 0 to 1."""
    bad = week.sent_back + past.sent_back
    split = _Split(week.dispatched + past.dispatched, bad, week.dispatched)
    if week.sent_back * split.of_all > bad * week.dispatched:
        return min(1.0, split.up(week.sent_back))
    return max(0.0, 1.0 - split.down(week.sent_back - 1))


@dataclass(frozen=True, slots=True)
class _Split:
    """How ``bad`` of ``of_all`` fall by chance among the ``drawn``; sums lead away from the mean: terms shrink."""

    of_all: int
    bad: int
    drawn: int

    def up(self, k: int) -> float:
        """The chance of ``k`` or more, which lies above the mean."""
        term = total = self._chance(k)
        for n in range(k, min(self.drawn, self.bad)):
            term *= (self.bad - n) * (self.drawn - n) / ((n + 1) * (self.of_all - self.bad - self.drawn + n + 1))
            total += term
        return total

    def down(self, k: int) -> float:
        """The chance of ``k`` or less, which lies below the mean."""
        least = max(0, self.drawn + self.bad - self.of_all)
        if k < least:
            return 0.0
        term = total = self._chance(k)
        for n in range(k, least, -1):
            term *= n * (self.of_all - self.bad - self.drawn + n) / ((self.bad - n + 1) * (self.drawn - n + 1))
            total += term
        return total

    def _chance(self, k: int) -> float:
        good = self.of_all - self.bad
        ways = _log_choose(self.bad, k) + _log_choose(good, self.drawn - k)
        return exp(ways - _log_choose(self.of_all, self.drawn))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
