"""What stands over a case: 催办, 督办, levels, 并单 and 拆单, 强制结案."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.case import Clock, DeadlineState, State
from domain.clock import Limit, TimeUnit
from domain.ids import ReportId
from domain.place import Level
from domain.policy import LimitRule
from domain.task import TaskState
from tests.build import TICK, Story, a_story, deadline, merged, refused
from tests.values import DESK, DISPATCHER, DRAINS, PARKS, ROADS, a_policy, an_id, worker

# --- 催办, 督办


@pytest.mark.parametrize("state", [State.REPORTED, State.DISPOSING, State.CHECKING, State.SUSPENDED])
def test_urging_is_counted_and_moves_nothing(state: State) -> None:
    story = a_story(state)
    before = story.case
    story.do(story.urge()).do(story.urge(DESK))
    assert (story.case.urges, story.case.state, story.case.deadlines) == (2, state, before.deadlines)


def test_each_supervision_is_more_serious_and_the_one_that_asks_is_answered_in_time() -> None:
    story = a_story(State.DISPOSING)
    story.do(story.supervise(replies=False)).do(story.supervise())
    assert [(s.no, s.level, s.reply_due) for s in story.case.supervisions] == [(1, 1, False), (2, 2, True)]
    assert [d.clock for d in story.case.deadlines if d.clock is Clock.REPLY] == [Clock.REPLY]
    assert refused(story, replace(story.reply(), note="")) == "note-required"
    story.do(story.reply(note="明日完工"), deadline(story, Clock.REPLY).due_at)
    answered = story.case.supervisions[1]
    assert (answered.reply, answered.replied_by, answered.replied_at) == ("明日完工", worker(ROADS), story.now)
    assert story.case.supervisions[0].replied_at is None
    assert deadline(story, Clock.REPLY).state is DeadlineState.MET
    assert refused(story, story.reply()) == "reply-not-owed"


def test_only_a_unit_with_a_part_in_the_case_replies() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    story.do(story.supervise())
    assert refused(story, story.reply(PARKS)) == "guard-not-met"
    story.do(story.reply(DRAINS))
    assert story.case.supervisions[0].replied_by == worker(DRAINS)


def test_two_replies_are_owed_one_after_another_each_with_its_clock() -> None:
    story = a_story(State.DISPOSING)
    story.do(story.supervise()).do(story.supervise()).do(story.reply())
    assert [s.replied_at is None for s in story.case.supervisions] == [False, True]
    assert [deadline(story, Clock.REPLY, n).open for n in (1, 2)] == [False, True]


# --- 提级, 吹哨, 下派


def test_the_unit_that_leads_whistles_and_the_case_is_dispatched_a_level_higher() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    assert refused(story, story.raises(actor=worker(DRAINS))) == "guard-not-met"
    story.do(story.raises(Level.CITY, worker(ROADS)))
    assert (story.case.state, story.case.level, story.case.verdict) == (State.PENDING_DISPATCH, Level.CITY, None)
    assert {t.state for t in story.case.tasks} == {TaskState.CANCELLED}
    assert [(e.level, e.reason) for e in story.happened if e.type == "raised"] == [(Level.CITY, "beyond-us")]


def test_up_is_up_and_down_is_down() -> None:
    story = a_story(State.PENDING_DISPATCH)
    assert story.case.level is Level.DISTRICT
    for command in (story.raises(Level.STREET), story.raises(Level.DISTRICT), story.lowers(Level.CITY)):
        assert refused(story, command) == "level-required"
    assert refused(story, replace(story.lowers(), level=None)) == "level-required"
    story.do(story.lowers(Level.STREET))
    assert (story.case.state, story.case.level) == (State.PENDING_DISPATCH, Level.STREET)


def test_a_level_has_its_own_limits_from_the_moment_it_has_the_case() -> None:
    rule = LimitRule(Clock.DISPATCH, Limit(2, TimeUnit.HOUR), level=Level.CITY)
    story = a_story(State.DISPOSING, policy=a_policy(limits=(*a_policy().limits, rule)))
    assert str(deadline(story, Clock.DISPATCH).limit) == "15 minute"
    story.do(story.raises(Level.CITY))
    assert str(deadline(story, Clock.DISPATCH, 2).limit) == "2 hour"


def test_what_no_rule_covered_is_judged_anew_at_another_level() -> None:
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.defer())
    assert story.case.verdict is not None
    story.do(story.raises(Level.CITY))
    assert story.case.verdict is None


def test_a_level_above_joins_an_operation_under_way_and_nobody_is_sent_home() -> None:
    story = a_story(State.DISPOSING)
    story.do(story.activate())
    at_work = [task for task in story.case.tasks if task.open]
    story.do(story.raises(Level.CITY))
    assert (story.case.state, story.case.level) == (State.DISPOSING, Level.CITY)
    assert [task for task in story.case.tasks if task.open] == at_work
    story.do(story.lowers(Level.DISTRICT))
    assert [task for task in story.case.tasks if task.open] == at_work


# --- 并单, 拆单


def two(state: State = State.PENDING_DISPATCH) -> tuple[Story, Story]:
    """The elder case and a younger one, ten minutes apart."""
    elder = a_story(state)
    return elder, a_story(state, start=elder.now + timedelta(minutes=10))


def parted(one: Story, main: Story) -> None:
    """拆单 as the office does it: both sides at once."""
    theirs, mine = main.case, one.case
    one.do(one.split(theirs))
    main.do(main.release(mine), one.now)


def test_merged_cases_share_their_reporters_and_the_clock_of_the_eldest() -> None:
    elder, main = two()
    promised, ours = deadline(elder, Clock.DISPATCH).due_at, deadline(main, Clock.DISPATCH).due_at
    merged(elder, main)
    assert (elder.case.state, elder.case.merged_into) == (State.MERGED, main.case.id)
    assert main.case.absorbed == (elder.case.id,)
    assert main.reports == (main.reports[0], *elder.reports)
    assert (main.case.behind, elder.case.behind) == (2, 1)
    kept = deadline(main, Clock.DISPATCH)
    assert (kept.due_at, kept.first_due_at) == (promised, ours)
    assert not any(d.open for d in elder.case.deadlines)
    assert (elder.happened[-1].other, main.happened[-1].other) == (main.case.id, elder.case.id)


def test_a_joint_operation_is_not_merged_away() -> None:
    elder, main = two(State.DISPOSING)
    elder.do(elder.activate())
    assert refused(elder, replace(elder.merge(main.case), other=main.case)) == "plan-running"
    merged(main, elder)
    assert main.case.merged_into == elder.case.id


def test_a_reporter_behind_two_absorbed_cases_leaves_with_the_last_of_them() -> None:
    first, main = two()
    second = a_story(State.PENDING_DISPATCH)
    shared = first.reports[0]
    second.do(second.join(shared, actor=DESK))
    merged(first, main)
    merged(second, main)
    assert shared in main.reports
    parted(first, main)
    assert shared in main.reports
    parted(second, main)
    assert shared not in main.reports


def test_the_younger_case_shortens_nothing() -> None:
    main, younger = two()
    before = main.case.deadlines
    merged(younger, main)
    assert main.case.deadlines == before


def test_a_reply_that_another_case_owes_is_not_ours() -> None:
    elder, main = two(State.DISPOSING)
    elder.do(elder.supervise())
    main.do(main.supervise(), elder.now + timedelta(days=2))
    before = deadline(main, Clock.REPLY)
    merged(elder, main)
    assert deadline(main, Clock.REPLY) == before


def test_a_split_undoes_the_merge_and_takes_only_its_own_reporters_along() -> None:
    shared = ReportId(an_id())
    one, main = two()
    one.do(one.join(shared))
    main.do(main.join(shared))
    mine, theirs = one.reports, main.reports
    merged(one, main)
    assert main.reports == (*theirs, mine[0])
    absorbed = one.case
    one.do(one.split(main.case))
    main.do(main.release(absorbed))
    assert (one.reports, main.reports) == (mine, theirs)
    assert (one.case.state, one.case.merged_into, main.case.absorbed) == (State.PENDING_DISPATCH, None, ())
    assert one.case.running(Clock.DISPATCH)
    assert one.case.reopened == 0


def test_what_was_never_filed_comes_back_to_the_desk() -> None:
    one, main = a_story(State.REPORTED), a_story(State.DISPOSING)
    merged(one, main)
    one.do(one.split(main.case))
    assert one.case.state is State.REPORTED


def test_a_case_is_merged_into_another_open_one_and_not_in_a_ring() -> None:
    one, main, third = a_story(State.DISPOSING), a_story(State.DISPOSING), a_story(State.REPORTED)
    assert refused(one, one.merge(one.case)) == "other-case-required"
    assert refused(one, replace(one.merge(main.case), other=None)) == "other-case-required"
    assert refused(one, one.merge(a_story(State.CLOSED).case)) == "other-case-ended"
    merged(one, main)
    assert {t.state for t in one.case.tasks} == {TaskState.CANCELLED}
    assert refused(main, main.merge(third.case)) == "other-case-absorbed"
    assert refused(third, third.merge(one.case)) == "other-case-ended"
    assert refused(one, one.split(third.case)) == refused(main, main.release(third.case)) == "other-case-required"
    assert refused(main, main.absorb(one.case)) == "other-case-absorbed"


# --- 强制结案


@pytest.mark.parametrize("state", [State.REPORTED, State.DISPOSING, State.SUSPENDED, State.PENDING_CHECK])
def test_the_chief_ends_what_cannot_be_done_and_nothing_counts_as_done(state: State) -> None:
    story = a_story(state, DRAINS)
    assert refused(story, replace(story.force_close(), actor=DISPATCHER)) == "actor-not-allowed"
    open_before = {(d.clock, d.cycle) for d in story.case.deadlines if d.open}
    story.do(story.force_close("not-curable"))
    assert (story.case.state, story.case.end_reason) == (State.FORCE_CLOSED, "not-curable")
    assert not any(t.open for t in story.case.tasks)
    ended = [d for d in story.case.deadlines if (d.clock, d.cycle) in open_before]
    assert {d.state for d in ended} == {DeadlineState.STOPPED}


def test_what_was_late_when_it_was_ended_was_late() -> None:
    story = a_story(State.DISPOSING)
    story.do(story.force_close(), deadline(story, Clock.DISPOSAL).due_at + TICK)
    assert deadline(story, Clock.DISPOSAL).state is DeadlineState.MISSED
    story.do(story.appeal())
    assert story.case.asked(story.petition().matter)
