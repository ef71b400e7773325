"""What a shift leaves to the next: what presses comes first, and what stands still presses nobody."""

from datetime import timedelta

from dispatch.handover import Left, left_over
from domain.case import Case, State
from domain.petition import Matter
from tests.build import a_story

HOURS = timedelta(hours=1)


def left(case: Case, since: timedelta = -HOURS, soon: timedelta = 12 * HOURS) -> Left:
    """The lead's task on a list made when the case was opened, for shifts that end so much later."""
    (found,) = left_over([(case.tasks[0].id, case)], case.opened_at + since, case.opened_at + soon)
    return found


def test_an_open_task_is_told_with_its_promise() -> None:
    case = a_story(State.DISPOSING).case
    disposal = next(d for d in case.deadlines if d.clock == "disposal")
    found = left(case)
    assert (found.due_at, found.overdue, found.fresh) == (disposal.due_at, False, True)
    assert left(case, since=24 * HOURS).fresh is False
    ahead = disposal.due_at - case.opened_at
    assert left(case, soon=ahead).due_soon
    assert not left(case, soon=ahead - timedelta(seconds=1)).due_soon


def test_a_missed_promise_is_overdue_and_no_longer_due_soon() -> None:
    story = a_story(State.DISPOSING)
    story.rings(2)
    found = left(story.case, soon=1000 * HOURS)
    assert (found.overdue, found.due_soon) == (True, False)


def test_a_suspended_case_presses_nobody_and_its_petition_is_over() -> None:
    found = left(a_story(State.SUSPENDED).case)
    assert (found.due_at, found.overdue, found.due_soon, found.asked) == (None, False, False, ())


def test_a_petition_that_waits_is_handed_over() -> None:
    story = a_story(State.DISPOSING)
    story.do(story.suspend())
    assert left(story.case).asked == (Matter.SUSPENSION,)


def test_the_most_pressing_comes_first_and_what_has_no_promise_last() -> None:
    late, paused = a_story(State.DISPOSING, start=a_story().now + 30 * HOURS).case, a_story(State.SUSPENDED).case
    early = a_story(State.PENDING_DISPOSAL).case
    cases = [paused, late, early]
    found = left_over([(case.tasks[0].id, case) for case in cases], early.opened_at, early.opened_at)
    assert [one.case for one in found] == [early, late, paused]
