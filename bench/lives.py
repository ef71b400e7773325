"""Lives of cases for a bulk history: each told step by step through the real law, at its own time of the last year.

Some 97 of 100 are over: closed in time or late, after rework, a send-back or an extension, or refused at the desk. The
rest are open, with their next alarm hours ahead. The mix is a guess; the documents are what the law writes.
"""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from bench.callers import Told, told
from bench.tickets import tickets
from classify.classifier import Classification
from domain.actor import SYSTEM, Actor, Role
from domain.case import Case, Clock, State, Verdict
from domain.commands import Command, Opening, Verb
from domain.events import Event
from domain.ids import CaseId, ReportId, TaskId
from domain.lifecycle import decide
from domain.place import Place, Point
from domain.report import Report
from domain.task import Part, Task
from handlers.ports import Advisers, new_id
from runtime.citypack import Pack
from runtime.wiring import advisers
from streams.records import hotline_report

NO, KEY, FRACTION = "@no@", "@key@", 654_321
"""What stands for the case number, the sender's key and the microseconds of every time until a copy has its own."""

OPEN_SHARE = 0.03
_AHEAD = timedelta(hours=12)  # no alarm of an open case rings sooner: a benchmark run is not disturbed by them
_MINUTE = timedelta(minutes=1)
_DESK, _DISPATCHER = Actor("desk-1", Role.DESK), Actor("dispatcher-1", Role.DISPATCHER)
_OFFICER = Actor("officer-1", Role.OFFICER)
_LAST = (Verb.FILE, Verb.DISPATCH, Verb.DISPATCH, Verb.ACCEPT, Verb.ACCEPT, Verb.ACCEPT, Verb.EXTEND, Verb.FINISH)


@dataclass(frozen=True, slots=True)
class Life:
    """One report, what became of it, and what its caller was told."""

    report: Report
    case: Case
    events: tuple[Event, ...]
    caller: Told


@dataclass(frozen=True, slots=True)
class _Advised:
    report: Report
    place: Place
    point: Point | None
    what: Classification


def lives(pack: Pack, count: int, now: datetime, seed: int = 7) -> list[Life]:
    """``count`` lives, the oldest first; the same for the same seed and ``now`` but for their ids."""
    desk = advisers(pack)
    advised = enumerate(_advised(desk, pack, count, now, seed))
    found = [_life(desk, one, now, random.Random(f"{seed}/{n}")) for n, one in advised]
    return sorted(found, key=lambda life: life.case.opened_at)


def _advised(desk: Advisers, pack: Pack, count: int, now: datetime, seed: int) -> list[_Advised]:
    stamp = {"ticket_no": KEY, "called_at": now.isoformat()}
    values = (msgspec.json.encode({**ticket, **stamp}) for ticket in tickets(pack, count, seed))
    reports = [hotline_report(value, now, ReportId(new_id())) for value in values]
    advice = zip(reports, desk.where.places_of(reports), desk.what.classify_many(reports), strict=True)
    return [_Advised(report, place, point, what) for report, (place, point), what in advice]


def _life(desk: Advisers, one: _Advised, now: datetime, dice: random.Random) -> Life:
    """A life that is over by ``now``; or one that goes on, begun the later the sooner its next alarm would ring."""
    if dice.random() < OPEN_SHARE:
        last = dice.choice(_LAST)
        for hours in (60, 24, 8, 2):
            life = _Teller(desk, one, now - timedelta(hours=dice.uniform(hours, hours * 1.5)), dice).life(last, now)
            rings = [d.alarm_at for d in life.case.deadlines] + [life.caller.ticket.next_due_at]
            if all(at is None or at > now + _AHEAD for at in rings):
                return life
    return _Teller(desk, one, now - timedelta(days=dice.uniform(30, 365)), dice).life(Verb.PASS, now)


class _Teller:
    """Tells one life: lets the time pass, the alarms ring on the way, and asks the law for every step."""

    def __init__(self, desk: Advisers, one: _Advised, start: datetime, dice: random.Random) -> None:
        self._desk, self._dice = desk, dice
        self._at = start.replace(microsecond=FRACTION)
        said = self._at - dice.randint(0, 5) * _MINUTE
        self._one = replace(one, report=replace(one.report, received_at=self._at, occurred_at=said))
        self._events: list[Event] = []
        self._case = self._opened()

    def life(self, last: Verb, now: datetime) -> Life:
        """The life up to a step, and what rang between that and ``now`` if the case is still open then."""
        for verb in (Verb.FILE, Verb.DISPATCH, Verb.ACCEPT, Verb.EXTEND, Verb.FINISH, Verb.PASS):
            if self._case.open:
                self._step(verb, asked=verb is last)
            if verb is last:
                break
        if self._case.open:
            self._ring(now)
        caller = told(self._one.report, self._case, self._desk.policy, now, self._dice)
        return Life(self._one.report, self._case, tuple(self._events), caller)

    def _opened(self) -> Case:
        one, what = self._one, self._one.what
        opening = Opening(
            CaseId(new_id()), NO, one.report.id, one.report.source, one.place, one.point, one.report.urgency,
            what.judgement, what.category, what.condition, one.report.occurred_at,
        )  # fmt: skip
        sure = what.category and one.place.certain and what.judgement.confidence >= self._desk.policy.auto_file_from
        command = Command(Verb.FILE if sure else Verb.REGISTER, SYSTEM, opening=opening)
        decision = decide(None, command, self._at, self._desk.policy)
        self._events.extend(decision.events)
        return decision.case

    def _step(self, verb: Verb, *, asked: bool) -> None:
        """One step on the way, with what sometimes comes between; ``asked``: the life stops just here."""
        chance = self._dice.random()
        match verb:
            case Verb.FILE if self._case.state is State.REPORTED and not asked:
                self._file(chance)
            case Verb.DISPATCH:
                self._dispatch()
                if chance < 0.04 and not asked:
                    self._by_lead(Verb.SEND_BACK, self._some(5, 240), reason="权属不在我单位")
                    self._dispatch()
            case Verb.ACCEPT:
                self._accept()
            case Verb.EXTEND if chance < 0.04 or asked:
                self._extend(granted=not asked)
            case Verb.FINISH:
                self._finish(slow=chance < 0.1 and not asked)
            case Verb.PASS:
                if chance < 0.05:
                    again = (TaskId(new_id()),)
                    self._do(Verb.FAIL, _OFFICER, self._some(2, 60), reason="现场仍有残留，请返工", new_tasks=again)
                    self._accept()
                    self._finish(slow=False)
                self._do(Verb.PASS, _OFFICER, self._some(2, 25))

    def _file(self, chance: float) -> None:
        what = self._one.what
        if chance < 0.4 or what.category is None or not self._case.place.path:
            self._do(Verb.REFUSE, _DESK, self._some(1, 12), reason="非城市管理事项，已当场答复")
        else:
            given = {"category": what.category, "condition": what.condition, "place": self._case.place}
            self._do(Verb.FILE, _DESK, self._some(1, 12), **given)

    def _dispatch(self) -> None:
        """By rule within the second; where no rule names a unit, by the dispatcher, to the duty desk."""
        facts = self._desk.surroundings.facts_many([self._case], self._case.updated_at)
        (verdict,) = self._desk.who.choose_many(facts)
        actor, wait = SYSTEM, timedelta(seconds=1)
        if verdict.lead is None:
            self._do(Verb.DEFER, SYSTEM, wait, verdict=verdict)
            actor, wait = _DISPATCHER, self._some(2, 12)
            verdict = Verdict("duty-desk", rule="by hand", reason="chosen by the dispatcher")
        tasks = tuple(TaskId(new_id()) for _ in (verdict.lead, *verdict.assist))
        self._do(Verb.DISPATCH, actor, wait, verdict=verdict, new_tasks=tasks)

    def _extend(self, *, granted: bool) -> None:
        """Asked for while there is time left, so not where the limit is minutes."""
        running = self._case.running(Clock.DISPOSAL)
        if running is None or running.due_at < self._at + 90 * _MINUTE:
            return
        self._by_lead(Verb.EXTEND, self._some(5, 40), reason="需协调产权单位", new_id=new_id())
        if granted:
            self._do(Verb.GRANT, _DISPATCHER, self._some(5, 40), petition=self._case.petitions[-1].id)

    def _accept(self) -> None:
        for task in self._work():
            if task.accepted_at is None:
                self._do(Verb.ACCEPT, _of(task), self._some(1, 9), task=task.id)

    def _finish(self, *, slow: bool) -> None:
        """The assistants first, the lead last; ``slow``: nobody comes until the limit is over."""
        work = sorted(self._work(), key=lambda task: task.part is Part.LEAD)
        for task in work:
            due = min((d.due_at for d in self._case.deadlines if d.open), default=self._at)
            wait = min(self._some(10, 150), max(due - self._at, 4 * _MINUTE) / (len(work) + 1))
            if slow and task is work[0]:
                wait += max(d.due_at for d in self._case.deadlines if d.open) - self._at
            self._do(Verb.FINISH, _of(task), wait, task=task.id, photos=("photo-before", "photo-after"))

    def _by_lead(self, verb: Verb, wait: timedelta, **given: object) -> None:
        lead = self._case.lead
        if lead is not None and lead.open:
            self._do(verb, _of(lead), wait, task=lead.id, **given)

    def _work(self) -> list[Task]:
        return [task for task in self._case.tasks if task.open and task.unit]

    def _do(self, verb: Verb, actor: Actor, wait: timedelta, **given: object) -> None:
        at = self._at + timedelta(seconds=wait.total_seconds() // 1)
        self._ring(at)
        self._decide(Command(verb, actor, case=self._case.id, **given), at)  # type: ignore[arg-type]

    def _ring(self, until: datetime) -> None:
        """Every alarm that is due before ``until`` rings, a second after its time."""
        while due := [d for d in self._case.deadlines if d.alarm_at and d.alarm_at < until - timedelta(seconds=1)]:
            first = min(due, key=lambda d: d.alarm_at or until)
            share = first.alarms[0]
            verb = Verb.EXPIRE if share == 1.0 else Verb.WARN if share < 1.0 else Verb.ESCALATE
            at = (first.alarm_at or until) + timedelta(seconds=1)
            command = Command(verb, SYSTEM, case=self._case.id, clock=first.clock, cycle=first.cycle, share=share)
            self._decide(command, at)

    def _decide(self, command: Command, at: datetime) -> None:
        decision = decide(self._case, command, at, self._desk.policy)
        self._case, self._at = decision.case, max(at, self._at)
        self._events.extend(decision.events)

    def _some(self, least: int, most: int) -> timedelta:
        return self._dice.randint(least, most) * _MINUTE


def _of(task: Task) -> Actor:
    return Actor(f"unit-{task.unit}", Role.UNIT, task.unit)
