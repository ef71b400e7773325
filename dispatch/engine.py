"""Who must act? Facts in, verdicts out, each with its rule and its reasons. Judging never writes anything."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from operator import attrgetter
from typing import Any

from dispatch.facts import Facts
from dispatch.rulebook import Ranked, Rulebook
from dispatch.rules import MAINTAINER, OWNER, Ask, Names, Rule, listed
from domain.case import Verdict

_TOLD = 3  # rules passed over, and changes, that a verdict keeps
_NO_RULE = "no rule of the rulebook matches"


@dataclass(frozen=True, slots=True)
class _Cell:
    """The rules that may speak for one category and area on one day, and the verdicts given so far.

    Only what these rules ask can make a difference: ``looked_at`` takes it out of the facts, and cases alike in it get
    the same verdict. After the first rule that asks for nothing else no further one is heard, unless its unit has sent
    the case back.
    """

    candidates: tuple[Ranked, ...]
    looked_at: Callable[[Facts], Any]
    verdicts: dict[Any, Verdict] = field(default_factory=dict)

    def looked_at_all(self, facts: Facts) -> Any:
        """As ``looked_at``, for a case that was sent back or is handled at another level: every rule may be heard."""
        return _looks(self.candidates, "refused_by", "level")(facts)


class Engine:
    """Judges by one rulebook. Cases alike get the same verdict object, so that a flood of them is cheap."""

    _MEMORY = 65_536

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self._cells: dict[tuple[tuple[str, ...], tuple[str, ...], date], _Cell] = {}

    def choose_many(self, facts: Sequence[Facts]) -> list[Verdict]:
        """One verdict for each, in order; ``lead`` None means that the duty desk must decide, ``reason`` why.

        The rule decides; where none holds, the fallback unit of the territory (属地兜底) leads. A case that was raised
        or lowered is led by who answers for its area at that level, and whom the rule names assists. ``rule`` is empty
        where the lead is not the rule's.
        """
        return [self._choose(one) for one in facts]

    def _choose(self, facts: Facts) -> Verdict:
        cell = self._cells.get((facts.categories, facts.areas, facts.day)) or self._cell(facts)
        key = cell.looked_at_all(facts) if facts.refused_by or facts.level else cell.looked_at(facts)
        verdict = cell.verdicts.get(key)
        if verdict is None:
            verdict = cell.verdicts[key] = self._judge(facts, cell.candidates)
        return verdict

    def _cell(self, facts: Facts) -> _Cell:
        if len(self._cells) >= self._MEMORY:
            self._cells.clear()
        found = self.rulebook.candidates(facts.categories, facts.areas)
        heard = next((n for n, entry in enumerate(found, 1) if self._settles(entry, facts)), len(found))
        cell = _Cell(found, _looks(found[:heard]))
        self._cells[facts.categories, facts.areas, facts.day] = cell
        return cell

    def _settles(self, entry: Ranked, facts: Facts) -> bool:
        """Whether a rule holds for every case of this cell and day that nobody has sent back."""
        rule = entry.rule
        if entry.looks or not rule.valid.holds(facts.day):
            return False
        return any(self._resolve(name, facts) is not None for name in rule.lead)

    def _judge(self, facts: Facts, candidates: Sequence[Ranked]) -> Verdict:
        ordinary = self._by_rule(facts, candidates)
        if facts.level:
            return self._at_level(facts, ordinary)
        return self._fallback(facts, ordinary) if ordinary.lead is None else ordinary

    def _by_rule(self, facts: Facts, candidates: Sequence[Ranked]) -> Verdict:
        passed_over: list[str] = []
        changes: list[str] = []
        chosen: Ranked | None = None
        leads: list[str] = []
        for entry in candidates:
            rule = entry.rule
            if chosen is not None:
                passed_over.append(f"{rule.id}: less specific than {chosen.rule.id}")
            elif (against := _against(entry, facts)) is not None:
                passed_over.append(f"{rule.id}: {against}")
                changes += _change(entry, facts)
            elif able := list(self._able(rule, facts)):
                chosen, leads = entry, able
            else:
                passed_over.append(f"{rule.id}: {self._nobody(rule, facts)}")
            if chosen is not None and len(passed_over) >= _TOLD:
                break
        return self._verdict(chosen, leads, facts, passed_over, changes)

    def _verdict(
        self, chosen: Ranked | None, leads: Sequence[str], facts: Facts, passed_over: list[str], changes: list[str]
    ) -> Verdict:
        told = tuple(passed_over[:_TOLD])
        could = tuple(changes[:_TOLD])
        version = self.rulebook.version
        if chosen is None:
            reason = f"{_NO_RULE}; the duty desk decides"
            return Verdict(None, rulebook=version, reason=reason, passed_over=told, changes=could)
        rule, lead = chosen.rule, leads[0]
        assist = self._named((*rule.assist, *rule.optional), facts, lead)
        return Verdict(
            lead,
            assist,
            optional=tuple(unit for unit in self._named(rule.optional, facts, lead) if unit in assist),
            rule=rule.id,
            rulebook=version,
            reason=chosen.says,
            passed_over=told,
            plan=rule.plan,
            limit=rule.limit,
            instruction=rule.instruction,
            choice=tuple(leads) if len(leads) > 1 else (),
            changes=could,
        )

    def _able(self, rule: Rule, facts: Facts) -> Iterator[str]:
        """The units that may lead by a rule."""
        for name in rule.lead:
            unit = self._resolve(name, facts)
            if unit is not None and unit not in facts.refused_by:
                yield unit

    def _nobody(self, rule: Rule, facts: Facts) -> str:
        return "; ".join(self._not_this(self._resolve(name, facts), name, facts) for name in rule.lead)

    def _named(self, names: Sequence[str], facts: Facts, lead: str) -> tuple[str, ...]:
        if not names:
            return ()
        units = (self._resolve(name, facts) for name in names)
        return tuple(dict.fromkeys(unit for unit in units if unit is not None and unit != lead))

    def _resolve(self, name: str, facts: Facts) -> str | None:
        if name in (OWNER, MAINTAINER):
            name = facts.owner if name == OWNER else facts.maintainer
        return self.rulebook.roster.resolve(name, facts.areas, facts.day)

    def _not_this(self, unit: str | None, name: str, facts: Facts) -> str:
        """What speaks against a unit that was sought as ``name``, in words; empty if it may lead."""
        if unit is None:
            return f"no unit {name} answers for this area"
        return f"{unit} sent this case back before" if unit in facts.refused_by else ""

    def _fallback(self, facts: Facts, ordinary: Verdict) -> Verdict:
        name = self.rulebook.fallback
        if not name:
            return ordinary
        unit = self._resolve(name, facts)
        against = self._not_this(unit, name, facts)
        if against:
            return replace(ordinary, reason=f"{_NO_RULE} and {against}; the duty desk decides")
        return replace(ordinary, lead=unit, reason=f"属地兜底: {_NO_RULE}; {unit} answers for the territory")

    def _at_level(self, facts: Facts, ordinary: Verdict) -> Verdict:
        unit = self.rulebook.roster.at_level(facts.level, facts.areas, facts.day)
        against = self._not_this(unit, f"at level {facts.level}", facts)
        bare = replace(ordinary, rule="", plan="", limit=None, instruction="", choice=(), optional=())
        if against:
            reason = f"handled at level {facts.level}: {against}; the duty desk decides"
            return replace(bare, lead=None, assist=(), reason=reason)
        named = () if ordinary.lead is None else (ordinary.lead, *ordinary.assist)
        assist = tuple(other for other in named if other != unit)
        whom = f"assisted by whom {ordinary.reason} names" if assist else "nobody else is called"
        reason = f"handled at level {facts.level}: {unit} answers for the territory; {whom}"
        return replace(bare, lead=unit, assist=assist, reason=reason)


def _looks(entries: Sequence[Ranked], *besides: str) -> Callable[[Facts], Any]:
    """Takes out of the facts what these rules depend on, beside category, area and day."""
    return _taking(frozenset(besides).union(*[entry.looks for entry in entries]))


@cache
def _taking(names: frozenset[str]) -> Callable[[Facts], Any]:
    return attrgetter(*sorted(names)) if names else _nothing


def _nothing(_: Facts) -> None:
    """What rules look at that ask nothing."""


def _against(entry: Ranked, facts: Facts) -> str | None:
    """What speaks against a rule for the case's category and area, in words; None if it holds."""
    rule = entry.rule
    for ask, names in entry.asks:
        if not _meets(ask, names, facts):
            return f"{ask} is {_said(ask, facts)}, not {listed(names)}"
    if facts.sent_back < rule.sent_back:
        return f"sent back {facts.sent_back} times, not {rule.sent_back}"
    return None if rule.valid.holds(facts.day) else f"not valid on {facts.day}"


def _change(entry: Ranked, facts: Facts) -> Iterator[str]:
    """What one other fact would make this more particular rule hold; nothing if it takes more than one."""
    missed = [(ask, names) for ask, names in entry.asks if not _meets(ask, names, facts)]
    rule = entry.rule
    if len(missed) == 1 and facts.sent_back >= rule.sent_back and rule.valid.holds(facts.day):
        ask, names = missed[0]
        yield f"{ask} {listed(names)}: {rule.id}, {listed(rule.lead)}"


def _meets(ask: Ask, names: Names, facts: Facts) -> bool:
    return any(word in names for word in facts.answer(ask))


def _said(ask: Ask, facts: Facts) -> str:
    return listed(facts.answer(ask)) or "none"
