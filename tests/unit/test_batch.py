"""A batch that fails for one member's sake: the culprit stands alone, its neighbours go through."""

from collections.abc import Sequence
from itertools import count
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Unavailable
from handlers.batch import in_halves
from handlers.outcomes import Done, Failed, Outcome
from tests.build import an_id

AWAY = Unavailable("database-unavailable", "数据库暂不可用")
NAMES = [an_id() for _ in range(200)]


class Culprit(Exception):
    """Something a member provoked that nobody had thought of."""


class Desk:
    """Does the work of a batch in one go or not at all, like one transaction; ``bad`` members break it."""

    def __init__(self, bad: frozenset[int] = frozenset(), away_at: int | None = None) -> None:
        self.bad = bad
        self.calls = count(1)
        self.away_at = away_at
        self.committed: list[int] = []
        self.asked = 0

    async def run(self, items: Sequence[int]) -> list[Outcome]:
        self.asked += 1
        if next(self.calls) == self.away_at:
            raise AWAY
        broken = self.bad.intersection(items)
        if broken:
            raise Culprit(min(broken))
        self.committed += items
        return [Done(NAMES[item]) for item in items]


def said(outcomes: Sequence[Outcome]) -> list[int | str]:
    return [NAMES.index(o.subject) if not isinstance(o, Failed) else f"failed {o.error}" for o in outcomes]


BATCHES = st.integers(0, 150).flatmap(
    lambda size: st.tuples(st.just(size), st.frozensets(st.integers(0, max(size - 1, 0)), max_size=6))
)


@given(BATCHES)
async def test_only_culprits_fail_and_everybody_is_answered_in_their_place(batch: tuple[int, frozenset[int]]) -> None:
    size, bad = batch
    desk = Desk(bad)
    outcomes = await in_halves(desk.run, range(size))
    assert said(outcomes) == [f"failed {item}" if item in bad else item for item in range(size)]
    assert desk.committed == [item for item in range(size) if item not in bad], "each good member once, in order"


@given(st.integers(1, 150), st.data())
async def test_one_culprit_costs_a_handful_of_tries(size: int, data: st.DataObject) -> None:
    desk = Desk(frozenset({data.draw(st.integers(0, size - 1))}))
    await in_halves(desk.run, range(size))
    assert desk.asked <= 1 + 2 * (int(log2(size)) + 1)


@given(BATCHES, st.integers(1, 8))
async def test_a_neighbour_that_is_away_is_nobodys_fault(batch: tuple[int, frozenset[int]], call: int) -> None:
    size, bad = batch
    desk = Desk(bad, away_at=call)
    try:
        outcomes = await in_halves(desk.run, range(size))
    except Unavailable as error:
        assert error is AWAY  # noqa: PT017
        assert desk.asked == call, "nothing more is tried; the door waits and brings the whole batch again"
        return
    assert desk.asked < call
    assert len(outcomes) == size


async def test_a_good_batch_is_run_once() -> None:
    desk = Desk()
    await in_halves(desk.run, range(100))
    assert desk.asked == 1


async def test_an_empty_batch_asks_nobody() -> None:
    desk = Desk()
    assert await in_halves(desk.run, []) == []
    assert desk.asked == 0


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
async def test_who_stops_the_program_is_not_taken_for_a_culprit(stop: type[BaseException]) -> None:
    async def run(items: Sequence[int]) -> list[Outcome]:
        raise stop

    with pytest.raises(stop):
        await in_halves(run, range(4))


@pytest.mark.parametrize("answers", [0, 1, 3], ids=["none", "too few", "too many"])
async def test_a_batch_that_does_not_answer_each_member_is_not_believed(answers: int) -> None:
    """Answers out of step would tell one citizen what became of another's report."""

    async def run(items: Sequence[int]) -> list[Outcome]:
        return [Done(NAMES[0])] * answers

    with pytest.raises(ValueError, match="outcomes"):
        await in_halves(run, [0, 1])
