"""The plan of T-G2: which report is sent how often, by which door, with which other copy. Pure, from a seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.reliability.sayings import Saying

_BY_HTTP, _SAME_INSTANT = 0.6, 0.1
_IN_TABLE, _TABLES_BY_HTTP = 0.5, 0.5
_LATER, _AGAIN = 0.05, 0.1
MOST_COPIES = 8


@dataclass(frozen=True, slots=True)
class Volley:
    """Copies of one report that leave at the same instant, or one impostor: another report under its number."""

    saying: Saying
    copies: int = 1
    impostor: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """``volleys`` in order; ``table`` (by Kafka) and ``http_table`` are imported twice each, the second time reordered.

    ``second`` are volleys for after the topic was made anew: reports never sent before, others once more, impostors.
    """

    volleys: Sequence[Volley]
    table: Sequence[Saying]
    http_table: Sequence[Saying]
    second: Sequence[Volley]

    @property
    def copies(self) -> int:
        """Everything that will be sent once at least, impostors apart."""
        sent = sum(volley.copies for volley in (*self.volleys, *self.second) if not volley.impostor)
        return sent + 2 * len(self.table) + 2 * len(self.http_table)


def plan(sayings: Sequence[Saying], dice: random.Random, impostors: float) -> Plan:
    """Deal 1 to 8 copies of each report over the doors; ``impostors`` is the share whose number another one uses."""
    timed: list[tuple[float, Volley]] = []
    tables: dict[bool, list[Saying]] = {False: [], True: []}
    second: list[Volley] = []
    for saying in sayings:
        own = replace(saying, by_http=dice.random() < _BY_HTTP)
        if not own.by_http and dice.random() < _LATER / (1 - _BY_HTTP):
            second.append(Volley(own, dice.randint(1, MOST_COPIES)))
            continue
        copies = dice.randint(1, MOST_COPIES)
        if not own.by_http and copies > 2 and dice.random() < _IN_TABLE:
            tables[dice.random() < _TABLES_BY_HTTP].append(own)
            copies -= 2
        at = [(dice.random(), volley) for volley in _volleys(own, copies, dice)]
        timed += at
        if own.by_http and dice.random() < impostors:
            timed.append((dice.uniform(min(when for when, _ in at), 1.0), Volley(own, impostor=True)))
        elif not own.by_http:
            second += [Volley(own)] * (dice.random() < _AGAIN)
            # by Kafka nobody hears an answer: the report must be in the record before another takes its number
            second += [Volley(own, impostor=True)] * (dice.random() < impostors)
    timed.sort(key=lambda each: each[0])
    dice.shuffle(second)
    return Plan([volley for _, volley in timed], tables[False], tables[True], second)


def _volleys(saying: Saying, copies: int, dice: random.Random) -> list[Volley]:
    sizes = [1]
    for _ in range(copies - 1):
        if dice.random() < _SAME_INSTANT:
            sizes[-1] += 1
        else:
            sizes.append(1)
    return [Volley(saying, size) for size in sizes]
