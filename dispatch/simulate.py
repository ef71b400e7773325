"""What would another rulebook have done? Replays dispatches that happened under two rulebooks; nothing is written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dispatch.engine import Engine
from dispatch.facts import Facts
from domain.case import Case, Verdict
from domain.task import Part, TaskState

NOBODY = ""
"""Stands for the unit where no rule matches: the duty desk decides."""


@dataclass(frozen=True, slots=True)
class Past:
    """A case as it was dispatched for the first time, and what came of it.

    ``refused`` are the units that sent it back as lead, once for every time; ``kept`` is the unit that had it in the
    end, empty where nobody has.
    """

    no: str
    facts: Facts
    refused: tuple[str, ...] = ()
    kept: str = ""

    @classmethod
    def of(cls, case: Case, facts: Facts) -> "Past":
        """What became of a case whose facts at its first dispatch are known."""
        leads = [task for task in case.tasks if task.part is Part.LEAD and task.unit]
        refused = tuple(str(task.unit) for task in leads if task.state is TaskState.SENT_BACK)
        last = case.lead
        return cls(case.no, facts, refused, str(last.unit) if last and last.unit else "")


@dataclass(frozen=True, slots=True)
class Change:
    """A case that would have gone elsewhere: lead unit and rule under the old and the new rulebook."""

    no: str
    before: str
    after: str
    rule_before: str
    rule_after: str


@dataclass(slots=True)
class Simulation:
    """The replay so far. ``moves`` counts changed cases by old and new unit and rule, ``changes`` keeps the first.

    ``load`` are cases a unit leads, ``assisting`` those it assists on, old and new; ``""`` is the duty desk. A
    send-back that happened is ``avoided`` if the new rulebook gives the case at once to the unit that kept it,
    ``repeated`` if it still, or now, names a unit that sent the case back.
    """

    most_changes: int = 1000
    cases: int = 0
    send_backs: int = 0
    avoided: int = 0
    repeated: int = 0
    moves: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)
    load: Mapping[str, Counter[str]] = field(default_factory=lambda: {"before": Counter(), "after": Counter()})
    assisting: Mapping[str, Counter[str]] = field(default_factory=lambda: {"before": Counter(), "after": Counter()})

    @property
    def changed(self) -> int:
        """How many cases would have had another lead unit."""
        return self.moves.total()

    def replay(self, past: Sequence[Past], before: Engine, after: Engine) -> None:
        """Judge these cases by both rulebooks and add what comes of it."""
        facts = [one.facts for one in past]
        for case, old, new in zip(past, before.choose_many(facts), after.choose_many(facts), strict=True):
            self._add(case, old, new)

    def units(self) -> list[str]:
        """All units that lead or assist, those whose load changes most first."""
        sides = (*self.load.values(), *self.assisting.values())
        names: Iterable[str] = set().union(*sides)
        old, new = self.load["before"], self.load["after"]
        return sorted(names, key=lambda unit: (-abs(new[unit] - old[unit]), unit))

    def _add(self, case: Past, old: Verdict, new: Verdict) -> None:
        first, then = old.lead or NOBODY, new.lead or NOBODY
        self.cases += 1
        for side, verdict in (("before", old), ("after", new)):
            self.load[side][verdict.lead or NOBODY] += 1
            self.assisting[side].update(verdict.assist)
        if first != then:
            self.moves[first, then, old.rule, new.rule] += 1
            if len(self.changes) < self.most_changes:
                self.changes.append(Change(case.no, first, then, old.rule, new.rule))
        self.send_backs += len(case.refused)
        if then in case.refused:
            self.repeated += len(case.refused)
        elif case.kept and then == case.kept and first != then:
            self.avoided += len(case.refused)
