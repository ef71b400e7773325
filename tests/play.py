"""A random play of the law: many hands at once do what the law lets them do, on cases of the demo city.

Which step comes next is drawn with a seed; who is faster is not, so two plays of one seed may differ.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.actor import Actor
from domain.case import Case, Verdict
from domain.commands import Command, Said, Verb
from domain.errors import CityloopError
from domain.ids import CaseId, ReportId
from domain.lifecycle import allowed
from domain.place import LEVELS
from domain.plan import Activation
from domain.task import Part
from domain.trials import trials
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.inspect import SENDS
from handlers.outcomes import Done, Failed
from handlers.overdue import ring_due
from handlers.perform import Request, perform_many
from handlers.ports import Office, new_id
from tests.demo_city import (
    CALLBACK,
    CHIEF,
    COARSE,
    DESK,
    DISPATCHER,
    HOTLINE,
    LAMP,
    OFFICER,
    SUPERVISOR,
    a_call,
    accepted,
    cases_of,
    filed,
    ids,
    inspector,
    worker,
)
from tests.values import a_share

_STAFF = (DESK, DISPATCHER, CHIEF, replace(CHIEF, id="chief-2"), OFFICER, SUPERVISOR, CALLBACK, HOTLINE)
_UNITS = ("lighting", "roads", "drainage", "gas", "power", "sanitation")
_INSPECTORS = tuple(f"inspector-{n}" for n in range(1, 5))
# Steps that end a case, turn it back, or may always be taken: drawn as often as the rest, they would be all there is.
_RARE = frozenset(
    {Verb.REFUSE, Verb.DECLINE, Verb.WITHDRAW, Verb.CANCEL, Verb.FORCE_CLOSE, Verb.URGE, Verb.SUPERVISE, Verb.JOIN,
     Verb.MERGE, Verb.REOPEN, Verb.DENY, Verb.RAISE, Verb.LOWER, Verb.RECALL, Verb.RETURN, Verb.REINFORCE,
     Verb.ACTIVATE, Verb.UNASSIGN, Verb.SEND_BACK, Verb.VERIFY}
)  # fmt: skip
_LONGEST = timedelta(seconds=0.3)


class Play:
    """Cases of one office and those who play with them; ``took`` counts the steps that took effect."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office = office
        self.took: Counter[Verb] = Counter()
        self.refused: Counter[str] = Counter()
        self.cases: list[CaseId] = []
        self._seed = seed
        self._reports: list[ReportId] = []

    async def run(self, cases: int, hands: int, rounds: int) -> None:
        """Open cases, half of them in doubt, and let so many hands play so many rounds; sweeps run meanwhile."""
        reports = [
            a_call(n, LAMP if n % 2 else None, text="路灯不亮" if n % 2 else "说不清", **COARSE) for n in range(cases)
        ]
        self.cases = await filed(self.office, *reports)
        self._reports = [report.id for report in reports]
        await assign_many(self.office, self.cases[: cases // 2])
        over = asyncio.Event()
        sweeps = [asyncio.create_task(self._sweep(over)) for _ in range(2)]
        await asyncio.gather(*(self._hand(random.Random(self._seed * 1000 + n), rounds) for n in range(hands)))
        over.set()
        await asyncio.gather(*sweeps)

    async def _sweep(self, over: asyncio.Event) -> None:
        while not over.is_set():
            await ring_due(self.office, 50)
            await asyncio.sleep(0.01)

    async def _hand(self, dice: random.Random, rounds: int) -> None:
        for _ in range(rounds):
            chosen = dice.sample(self.cases, 6)
            if dice.random() < 0.1:
                await assign_many(self.office, chosen)
            if dice.random() < 0.05:
                await file_many(self.office, await accepted(self.office, a_call(dice.randrange(300))))
            requests = [r for case in await cases_of(self.office, chosen) if (r := self._request(case, dice))]
            outcomes = await perform_many(self.office, requests)
            for request, outcome in zip(requests, outcomes, strict=True):
                if isinstance(outcome, Failed):
                    assert isinstance(outcome.error, CityloopError), outcome.error
                    self.refused[outcome.error.code] += 1
                if isinstance(outcome, Done):
                    self.took[request.command.verb] += 1

    def _request(self, case: Case, dice: random.Random) -> Request | None:
        """Something that somebody may do with a case."""
        now, policy = datetime.now(UTC), self.office.advisers.policy
        people = [*dice.sample(_STAFF, 4), *dice.sample(hands := _hands_on(case), min(3, len(hands)))]
        open_to = [(verb, who) for who in people for verb in allowed(case, who, policy, now)]
        options = [(verb, who) for verb, who in open_to if verb not in _RARE or dice.random() < 0.08]
        if not options:
            return None
        verb, who = dice.choice(options)
        trial = dice.choice(list(trials(case, verb, who, max(now, case.updated_at), policy)))
        partner = case.merged_into if verb is Verb.SPLIT else dice.choice(self.cases) if verb is Verb.MERGE else None
        expected = case.version if dice.random() < 0.5 else None
        return Request(replace(self._filled(case, trial, dice), expected=expected), partner=partner)

    def _filled(self, case: Case, trial: Command, dice: random.Random) -> Command:
        """A trial with real ids, units, people and dates in it."""
        verb = trial.verb
        units = dice.sample(_UNITS, dice.choice([1, 2, 3]))
        assist = tuple(units if verb is Verb.REINFORCE else units[1:])
        catalogue = self.office.advisers.catalogue
        lamp = catalogue.find(LAMP)
        shares = tuple(a_share(unit, 60, Part.ASSIST if n else Part.LEAD) for n, unit in enumerate(units))
        return replace(
            trial,
            report=dice.choice(self._reports) if verb is Verb.JOIN else trial.report,
            new_tasks=ids(len(units)) if verb in (Verb.DISPATCH, Verb.REINFORCE, Verb.ACTIVATE) else ids(),
            new_id=new_id(),
            verdict=Verdict(None if verb is Verb.REINFORCE else units[0], assist, assist[:1]),
            category=lamp,
            condition=catalogue.condition(lamp, None),
            place=replace(case.place, path=case.place.path or ("439900",)),
            worker=dice.choice(_INSPECTORS) if verb in SENDS else "老王",
            until=datetime.now(UTC) + dice.random() * _LONGEST,
            said=Said(dice.choice([True, False]), dice.choice([True, False, None]), dice.choice([True, False, None])),
            replies=dice.choice([True, False]),
            plan=Activation("drill", "演练", shares, LEVELS),
            other=None,
        )


def _hands_on(case: Case) -> Sequence[Actor]:
    units = [worker(task.unit) for task in case.tasks if task.unit]
    return [*units, *(inspector(task.worker) for task in case.tasks if task.on_site and task.open)]
