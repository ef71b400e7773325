"""Builders for tests: cases told as stories step by step.

A case is never put together by hand: ``Story`` brings it where a test needs it through the law itself.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from domain.actor import Actor
from domain.case import Case, Clock, Deadline, State
from domain.clock import Limit, TimeUnit
from domain.commands import Command
from domain.errors import Refused
from domain.events import Event
from domain.evolution import evolve
from domain.lifecycle import Decision, decide
from domain.petition import Matter
from domain.policy import Ladder, LimitRule, OnSite, Policy, Reopening, SendBack
from domain.policy import Steps as StepsOn
from domain.task import Part, Task
from tests.steps import Steps
from tests.values import (
    CALENDAR,
    CALLBACK,
    CHIEF,
    DESK,
    DISPATCHER,
    DRAINS,
    HOLIDAYS,
    HOTLINE,
    INSPECTOR,
    MAKEUP_DAYS,
    MONDAY,
    OFFICER,
    PARKS,
    ROADS,
    SUPERVISOR,
    ZONE,
    a_category,
    a_condition,
    a_place,
    a_point,
    a_policy,
    a_report,
    a_share,
    a_verdict,
    an_activation,
    an_actor,
    an_id,
    an_opening,
    at,
    days,
    task_ids,
    worker,
)

__all__ = [
    "CALENDAR",
    "CALLBACK",
    "CHIEF",
    "DESK",
    "DISPATCHER",
    "DRAINS",
    "HOLIDAYS",
    "HOTLINE",
    "INSPECTOR",
    "MAKEUP_DAYS",
    "MONDAY",
    "OFFICER",
    "PARKS",
    "ROADS",
    "SUPERVISOR",
    "TICK",
    "ZONE",
    "Story",
    "a_case",
    "a_category",
    "a_condition",
    "a_full_policy",
    "a_place",
    "a_point",
    "a_policy",
    "a_report",
    "a_share",
    "a_story",
    "a_verdict",
    "an_activation",
    "an_actor",
    "an_id",
    "an_opening",
    "at",
    "days",
    "deadline",
    "merged",
    "part_of",
    "refused",
    "steps_on",
    "task_ids",
    "worker",
]

TICK = timedelta(microseconds=1)


def steps_on(*names: str) -> StepsOn:
    """The optional steps of the procedure that exist."""
    return StepsOn(**dict.fromkeys(names, True))


def a_full_policy(**changes: object) -> Policy:
    """Every switch on: all steps, all clocks and ladders, photos on the spot, consents for everything."""
    plain = a_policy()
    everything = {
        "limits": (*plain.limits, LimitRule(Clock.CASE, Limit(10, TimeUnit.WORK_DAY))),
        "rework_limit": Limit(2, TimeUnit.WORK_HOUR),
        "cumulative": frozenset({Clock.DISPATCH, Clock.DISPOSAL, Clock.CHECK}),
        "ladders": dict.fromkeys(Clock, Ladder(0.8, (1.5, 2.0))),
        "verifying_pauses_intake": True,
        "steps": steps_on("filing", "confirm", "close", "call_back"),
        "consents": {**plain.consents, Matter.SEND_BACK: 1, Matter.VOID: 2},
        "send_back": SendBack(2, Limit(1, TimeUnit.WORK_DAY)),
        "first_accepts_leads": True,
        "on_site": OnSite(1, 100.0, required=True),
        "reopening": Reopening(dissatisfied=True),
    }
    return a_policy(**{**everything, **changes})


class Story(Steps):
    """One case on its way: every step asks the law, a minute after the one before, and is remembered."""

    def __init__(self, start: datetime = MONDAY, policy: Policy | None = None) -> None:
        super().__init__(start, policy)
        self.happened: list[Event] = []

    def ask(self, command: Command, moment: datetime | None = None) -> Decision:
        """What the law would say; nothing happens."""
        return decide(self._case, self.informed(command), moment or self.now, self.policy)

    def informed(self, command: Command) -> Command:
        """The command with what the docket would tell the law of the reports it is about."""
        return self.crowd.informed(command, {self._case.id: self._case} if self._case else {})

    def do(self, command: Command, moment: datetime | None = None) -> "Story":
        """A step that the law allows; by default a minute after the last."""
        self.now = moment or self.now + timedelta(minutes=1)
        decision = self.ask(command)
        self._case = decision.case
        self.happened += decision.events
        for event in decision.events:
            self.crowd.follow(event)
        return self

    def rings(self, times: int = 1) -> "Story":
        """So many alarms ring, each the moment after it is due."""
        for _ in range(times):
            alarms = [d.alarm_at for d in self.case.deadlines if d.alarm_at is not None]
            self.do(self.ring(), max(self.now, min(alarms) + TICK))
        return self

    def breaks(self, clock: Clock) -> "Story":
        """The running deadline of a clock is missed; alarms of this clock that come before ring too."""
        while (one := self.case.running(clock)) and 1.0 in one.alarms:
            self.do(self.ring(one), max(self.now, (one.alarm_at or self.now) + TICK))
        return self

    def replayed(self) -> Case:
        """The case that its history alone gives."""
        case = None
        for event in self.happened:
            case = evolve(case, event)
        assert case is not None
        return case


def refused(story: Story, command: Command, moment: datetime | None = None) -> str:
    """The code with which the law refuses a command that it must refuse."""
    try:
        story.ask(command, moment)
    except Refused as refusal:
        return refusal.code
    raise AssertionError(f"{command.verb} was not refused")


def merged(one: Story, main: Story) -> None:
    """并单 as the office does it: both sides at once, each seeing the other as it was."""
    mine, theirs = one.case, main.case
    one.do(one.merge(theirs))
    main.do(main.absorb(mine), one.now)


def _dispatched(story: Story, *assist: str) -> Story:
    return story.do(story.file()).do(story.dispatch(ROADS, *assist))


def _disposing(story: Story, *assist: str) -> Story:
    return _dispatched(story, *assist).do(story.accept(ROADS))


def _finished(story: Story, *assist: str) -> Story:
    _disposing(story, *assist)
    for unit in assist:
        story.do(story.accept(unit)).do(story.finish(unit))
    return story.do(story.finish(ROADS))


def _checked(story: Story, *assist: str) -> Story:
    _finished(story, *assist)
    return story.do(story.confirm()) if story.policy.steps.confirm else story


def _passed(story: Story, *assist: str) -> Story:
    _checked(story, *assist)
    if story.policy.on_site.required:
        story.do(story.check())
    return story.do(story.passes())


def _closed(story: Story, *assist: str) -> Story:
    _passed(story, *assist)
    return story.do(story.close()) if story.policy.steps.close else story


def _joint(story: Story, *_: str) -> Story:
    story.do(story.file())
    while story.case.state is not State.JOINT_DECISION:
        story.do(story.dispatch(ROADS)).do(story.send_back())
        if story.policy.consents[Matter.SEND_BACK]:
            story.do(story.grant())
    return story


def _void(story: Story, *_: str) -> Story:
    story.do(story.file()).do(story.cancel())
    for number in range(story.policy.consents[Matter.VOID]):
        story.do(story.grant(_another_chief(number)))
    return story


def _another_chief(number: int) -> Actor:
    return replace(CHIEF, id=f"chief-{number + 1}")


def _merged(story: Story, *_: str) -> Story:
    main = a_story(State.DISPOSING, start=story.now, policy=story.policy)
    merged(story.do(story.file()), main)
    return story


_ROADS_TO: dict[State, Callable[..., Story]] = {
    State.REPORTED: lambda s, *_: s.do(s.register()),
    State.VERIFYING: lambda s, *_: s.do(s.register()).do(s.verify()),
    State.NOT_ACCEPTED: lambda s, *_: s.do(s.register()).do(s.refuse()),
    State.WITHDRAWN: lambda s, *_: s.do(s.register()).do(s.withdraw()),
    State.PENDING_FILING: lambda s, *_: s.do(s.admit()),
    State.NOT_FILED: lambda s, *_: s.do(s.admit()).do(s.decline()),
    State.PENDING_DISPATCH: lambda s, *_: s.do(s.file()),
    State.JOINT_DECISION: _joint,
    State.PENDING_DISPOSAL: _dispatched,
    State.DISPOSING: _disposing,
    State.SUSPENDED: lambda s, *assist: _disposing(s, *assist).do(s.suspend()).do(s.grant()),
    State.DISPOSED: _finished,
    State.PENDING_CHECK: _checked,
    State.CHECKING: lambda s, *assist: _checked(s, *assist).do(s.check()),
    State.PENDING_CLOSE: _passed,
    State.CLOSED: _closed,
    State.EVALUATED: lambda s, *assist: _closed(s, *assist).do(s.call_back()),
    State.FORCE_CLOSED: lambda s, *assist: _disposing(s, *assist).do(s.force_close()),
    State.VOID: _void,
    State.MERGED: _merged,
}
# A step that the city must have switched on for a case to stand there.
_STEP_OF = {State.DISPOSED: "confirm", State.PENDING_CLOSE: "close"}


def a_story(state: State | None = None, *assist: str, start: datetime = MONDAY, policy: Policy | None = None) -> Story:
    """A story whose case stands in ``state``, with the lead unit ROADS and the given assistants.

    Without a policy the city's default one, and the step that the state needs.
    """
    if policy is None and state in _STEP_OF:
        policy = a_policy(steps=steps_on(_STEP_OF[state]))
    story = Story(start, policy)
    return story if state is None else _ROADS_TO[state](story, *assist)


def a_case(state: State = State.PENDING_DISPATCH, *assist: str) -> Case:
    """A case in a state."""
    return a_story(state, *assist).case


def part_of(case: Case, part: Part) -> Task:
    """The first task of a part."""
    return next(task for task in case.tasks if task.part is part)


def deadline(story: Story, clock: Clock, cycle: int = 1) -> Deadline:
    """The promise of a stage on a story's case, running or ended."""
    return next(d for d in story.case.deadlines if (d.clock, d.cycle) == (clock, cycle))
