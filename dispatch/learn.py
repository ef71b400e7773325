"""What a rulebook could learn from its city's cases: proposals that a person reads, takes over or leaves."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dispatch.decision_list import Demand, Learnt, learn_rules
from dispatch.engine import Engine
from dispatch.history import Past, by_heirs, heirs
from dispatch.rulebook import Rulebook
from dispatch.rules import Rule

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule learnt, beside what the rulebook makes of the same cases today.

    ``today`` counts the cases that today's rulebook decides as people did; ``by`` are the rules that decide them, with
    how often, "" for no rule; ``examples`` are days and units of cases that speak against the proposal, newest first.
    """

    learnt: Learnt
    today: int
    by: tuple[tuple[str, int], ...] = ()
    examples: tuple[Past, ...] = ()

    @property
    def gain(self) -> int:
        """How many more of the cases would have gone to the right unit."""
        return self.learnt.right - self.today


def propose(history: Sequence[Past], book: Rulebook, demand: Demand) -> list[Proposal]:
    """Rules that would have decided more cases as people did than the book does, the most useful first.

    Nothing is applied. ``history`` may name units that have successors; the cases are theirs then.
    """
    last = heirs(book.roster)
    cases = by_heirs(history, book.roster)
    verdicts = Engine(book).choose_many([past.facts for past in history])
    leads = [last.get(verdict.lead or "", "") for verdict in verdicts]
    found: list[Proposal] = []
    for learnt in learn_rules(cases, book.roster, demand):
        today = sum(leads[at] == cases[at].unit and not cases[at].sent_back for at in learnt.decides)
        by = Counter(verdicts[at].rule for at in learnt.decides)
        latest = sorted(learnt.against, key=lambda at: (cases[at].day, at))[-_EXAMPLES:]
        told = tuple(sorted(by.items(), key=lambda item: (-item[1], item[0])))
        proposal = Proposal(learnt, today, told, tuple(history[at] for at in reversed(latest)))
        if proposal.gain >= demand.worth:
            found.append(proposal)
    return sorted(found, key=lambda one: (-one.gain, one.learnt.category, one.learnt.area))


def as_rule(learnt: Learnt, number: int, prefix: str = "learnt") -> Rule:
    """The rule as the rulebook has it, with what it was learnt from as its note."""
    return Rule(
        f"{prefix}-{number}",
        (learnt.lead,),
        category=frozenset(filter(None, [learnt.category])),
        area=frozenset(filter(None, [learnt.area])),
        note=says(learnt),
    )


def says(learnt: Learnt) -> str:
    """The support of a rule in words: ``38 of 41 (93 %, at least 83 %); else roads 2, drains 1; 1 sent back``."""
    said = [f"{learnt.right} of {learnt.cases} ({learnt.confidence:.0%}, at least {learnt.at_least:.0%})"]
    if learnt.instead:
        said.append("else " + ", ".join(f"{unit} {count}" for unit, count in learnt.instead[:_EXAMPLES]))
    if learnt.sent_back:
        said.append(f"{learnt.sent_back} sent back")
    return "; ".join(said)
