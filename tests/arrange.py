"""Stories that stand before a row of the law, by what the row needs: a step, a petition, an alarm, a second case."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from domain.actor import Role
from domain.case import CLOSED_STATES, Clock, State
from domain.commands import Command, Verb
from domain.petition import Matter
from domain.policy import Ladder, Policy
from domain.table import TABLE
from tests.build import TICK, Story, a_policy, a_story, merged, steps_on
from tests.values import DISPATCHER, ROADS

Arranged = tuple[Story, Command]
Arrangement = Callable[[State], Arranged]

_OVERSEERS = frozenset({Role.DISPATCHER, Role.CHIEF, Role.SUPERVISOR, Role.ADMIN})
_NEEDS_STEP: dict[State, tuple[str, ...]] = {State.DISPOSED: ("confirm",), State.PENDING_CLOSE: ("close",)}


def policy_for(state: State, **changes: Any) -> Policy:
    """The default policy, everybody who may answer petitions allowed to, with the step that a state needs."""
    given = {"granted_by": dict.fromkeys(Matter, _OVERSEERS), "steps": steps_on(*_NEEDS_STEP.get(state, ()))}
    return a_policy(**{**given, **changes})


def standing_at(state: State, *assist: str, **policy: Any) -> Story:
    return a_story(state, *assist, policy=policy_for(state, **policy))


def simply(step: Callable[[Story], Command], *assist: str, **policy: Any) -> Arrangement:
    def arranged(source: State) -> Arranged:
        story = standing_at(source, *assist, **policy)
        return story, step(story)

    return arranged


def opening(step: Callable[[Story], Command]) -> Arrangement:
    def arranged(_: State) -> Arranged:
        story = Story()
        return story, step(story)

    return arranged


def after(first: Callable[[Story], Command], step: Callable[[Story], Command], *assist: str, **policy: Any) -> Any:
    def arranged(source: State) -> Arranged:
        story = standing_at(source, *assist, **policy)
        story.do(first(story))
        return story, step(story)

    return arranged


def _been_with_a_unit(state: State, *, first: Callable[[Story], Command]) -> Story:
    """A case that a unit had and sent back, on its way to any state that comes without a unit."""
    story = Story(policy=policy_for(state, consents={**a_policy().consents, Matter.SEND_BACK: 0}))
    story.do(story.file()).do(story.dispatch(ROADS)).do(first(story)).do(story.send_back())
    if state is State.PENDING_DISPATCH:
        return story
    if state is State.JOINT_DECISION:
        while story.case.state is not state:
            story.do(story.dispatch(ROADS)).do(story.send_back())
        return story
    if state in (State.VOID, State.MERGED):
        if state is State.MERGED:
            merged(story, a_story(State.DISPOSING, policy=story.policy))
            return story
        return story.do(story.cancel()).do(story.grant())
    filing = state in (State.PENDING_FILING, State.NOT_FILED)
    story.policy = replace(story.policy, steps=steps_on("filing")) if filing else story.policy
    story.do(story.returns(DISPATCHER))
    last: dict[State, Callable[[], Command]] = {
        State.VERIFYING: story.verify,
        State.NOT_ACCEPTED: story.refuse,
        State.WITHDRAWN: story.withdraw,
        State.NOT_FILED: story.decline,
    }
    return story.do(last[state]()) if state in last else story


def supervised(source: State) -> Arranged:
    """督办 while it was open; the unit answers wherever the case stands by now."""
    road = {State.DISPOSED, State.PENDING_CHECK, State.CHECKING, State.PENDING_CLOSE, *CLOSED_STATES}
    if source in (State.PENDING_DISPOSAL, State.DISPOSING, State.SUSPENDED):
        story = standing_at(source)
        return story.do(story.supervise()), story.reply()
    if source in road or source is State.FORCE_CLOSED:
        story = standing_at(State.DISPOSING, steps=steps_on("confirm", "close"))
        story.do(story.supervise())
        if source is State.FORCE_CLOSED:
            return story.do(story.force_close()), story.reply()
        return _onwards(story, source), story.reply()
    story = _been_with_a_unit(source, first=lambda s: s.supervise())
    return story, story.reply()


def _onwards(story: Story, state: State) -> Story:
    """From disposing to a later state by the ordinary road, with all steps."""
    for step in (
        story.finish, story.confirm, story.check, story.passes, story.close, story.call_back
    ):  # fmt: skip
        if story.case.state is not state:
            story.do(step())
    assert story.case.state is state
    return story


def _asked(matter: Matter) -> Callable[[Story], Command]:
    asked: dict[Matter, Callable[[Story], Command]] = {
        Matter.EXTENSION: lambda s: s.extend(),
        Matter.SUSPENSION: lambda s: s.suspend(),
        Matter.SEND_BACK: lambda s: s.send_back(),
        Matter.VOID: lambda s: s.cancel(),
    }
    return asked[matter]


def answered(matter: Matter, step: Callable[[Story], Command], **policy: Any) -> Arrangement:
    def arranged(source: State) -> Arranged:
        consents = {**a_policy().consents, matter: 1}
        given = {"consents": consents, **policy}
        if matter is Matter.APPEAL:
            story = _appealed(source, **given)
        else:
            story = standing_at(source, **given)
            story.do(_asked(matter)(story))
        return story, step(story)

    return arranged


def missed(source: State, **policy: Any) -> Story:
    """The unit has missed its deadline; the case stands where it may still appeal."""
    story = standing_at(State.DISPOSING, **{**policy, "steps": steps_on("confirm", "close")})
    story.breaks(Clock.DISPOSAL)
    if source is State.FORCE_CLOSED:
        return story.do(story.force_close())
    if source is State.SUSPENDED:
        return story.do(story.suspend()).do(story.grant())
    if source is State.PENDING_DISPOSAL:
        return story.do(story.finish()).do(story.confirm()).do(story.check()).do(story.fails())
    return story if source is State.DISPOSING else _onwards(story, source)


def _appealed(source: State, **policy: Any) -> Story:
    story = missed(source, **policy)
    return story.do(story.appeal())


def any_answer(step: Callable[[Story], Command]) -> Arrangement:
    def arranged(source: State) -> Arranged:
        undispatched = source not in _AFTER_DISPATCH
        matter = Matter.VOID if undispatched else Matter.APPEAL
        story, _ = answered(matter, step, consents={**a_policy().consents, matter: 2})(source)
        return story, step(story)

    return arranged


_AFTER_DISPATCH = frozenset(row.source for row in TABLE if row.verb is Verb.APPEAL)


def alarm(number: int) -> Arrangement:
    """The warning, the breach or the first rung: of a reply that is owed, and after the end of a spot check."""

    def arranged(source: State) -> Arranged:
        story = standing_at(source, ladders=dict.fromkeys(Clock, Ladder(0.8, (1.5, 2.0))))
        closed = source in CLOSED_STATES
        story.do(story.spot_check() if closed else story.supervise())
        for _ in range(number):
            story.do(*_next(story, Clock.SPOT_CHECK if closed else Clock.REPLY))
        command, story.now = _next(story, Clock.SPOT_CHECK if closed else Clock.REPLY)
        return story, command

    return arranged


def _next(story: Story, clock: Clock) -> tuple[Command, Any]:
    one = story.case.running(clock)
    assert one is not None
    assert one.alarm_at is not None
    return story.ring(one), max(story.now, one.alarm_at + TICK)


def resumed(accepted: bool) -> Arrangement:
    def arranged(_: State) -> Arranged:
        story = standing_at(State.DISPOSING if accepted else State.PENDING_DISPOSAL)
        story.do(story.suspend()).do(story.grant())
        story.now = (story.petition().until or story.now) + TICK
        return story, story.resume()

    return arranged


def ended_before(filed: bool, step: Callable[[Story], Command]) -> Arrangement:
    def arranged(source: State) -> Arranged:
        story = standing_at(State.PENDING_DISPATCH if filed else State.REPORTED)
        if source is State.FORCE_CLOSED:
            return story.do(story.force_close()), step(story)
        main = a_story(State.DISPOSING)
        merged(story, main)
        return story, story.split(main.case)

    return arranged


def merging(source: State) -> Arranged:
    story, main = standing_at(source), a_story(State.PENDING_CHECK)
    return story, story.merge(main.case)


def absorbing(source: State) -> Arranged:
    story, other = standing_at(source), a_story(State.REPORTED)
    return story, story.absorb(other.case)


def releasing(source: State) -> Arranged:
    """The main case goes its way after it has absorbed another, and lets it go."""
    start = {
        State.VERIFYING: State.REPORTED, State.NOT_ACCEPTED: State.REPORTED, State.WITHDRAWN: State.REPORTED,
        State.PENDING_FILING: State.PENDING_FILING, State.NOT_FILED: State.PENDING_FILING,
        State.REPORTED: State.REPORTED, State.PENDING_DISPATCH: State.PENDING_DISPATCH,
        State.VOID: State.PENDING_DISPATCH, State.JOINT_DECISION: State.JOINT_DECISION,
        State.PENDING_DISPOSAL: State.PENDING_DISPOSAL,
    }.get(source, State.DISPOSING)  # fmt: skip
    story, other = standing_at(start, steps=steps_on("confirm", "close")), a_story(State.REPORTED)
    merged(other, story)
    match source:
        case State.VERIFYING:
            story.do(story.verify())
        case State.NOT_ACCEPTED:
            story.do(story.refuse())
        case State.WITHDRAWN:
            story.do(story.withdraw()).do(story.withdraw())
        case State.NOT_FILED:
            story.do(story.decline())
        case State.VOID:
            story.do(story.cancel()).do(story.grant())
        case State.SUSPENDED:
            story.do(story.suspend()).do(story.grant())
        case State.FORCE_CLOSED:
            story.do(story.force_close())
        case _ if start is State.DISPOSING and source is not State.DISPOSING:
            _onwards(story, source)
    return story, story.release(other.case)
