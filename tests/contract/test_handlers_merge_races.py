"""Desks and departments at the same two cases at once: never a circle, never both merged, nobody in the air."""

import asyncio
from dataclasses import replace
from itertools import chain

from domain.case import Case, State
from domain.commands import Verb
from handlers.outcomes import Done, Failed
from handlers.perform import Request, perform_many
from handlers.ports import Office
from store.pool import Pool
from tests.demo_city import (
    COARSE,
    DESK,
    a_call,
    behind,
    cases_of,
    code_of,
    dispatched,
    merging,
    on_task,
    perform,
    two_at_work,
)
from tests.record import consistent


async def test_two_desks_that_merge_the_same_two_in_opposite_directions_never_make_a_circle(
    office: Office, pool: Pool
) -> None:
    cases = await cases_of(office, await dispatched(office, *(a_call(**COARSE) for _ in range(100))))
    both: list[Case] = []
    for one, other in zip(cases[::2], cases[1::2], strict=True):
        (there,), (back,) = await asyncio.gather(
            perform_many(office, [merging(one, other.id)]),
            perform_many(office, [merging(other, one.id, actor=replace(DESK, id="desk-2"))]),
        )
        assert sorted(type(outcome).__name__ for outcome in (there, back)) == ["Done", "Failed"]
        lost = back if isinstance(there, Done) else there
        assert code_of(lost) in ("version-conflict", "other-case-ended")
        both = await cases_of(office, [one.id, other.id])
        (gone,), (main,) = ([c for c in both if (c.state is State.MERGED) is merged_] for merged_ in (True, False))
        assert (gone.merged_into, main.merged_into) == (main.id, None)
        assert main.open
        assert set(await behind(office, main)) == {*await behind(office, one), *await behind(office, other)}
    assert await consistent(pool) >= 100


async def test_a_ring_of_desks_merging_at_once_leaves_open_cases_that_hold_everybody(
    office: Office, pool: Pool
) -> None:
    """Four cases, each merged into the next at once, without a version: whoever is first, nobody hangs in the air."""
    for _ in range(10):
        ring = await cases_of(office, await dispatched(office, *(a_call(**COARSE) for _ in range(4))))
        turns = [merging(case, ring[(n + 1) % 4].id) for n, case in enumerate(ring)]
        free = [Request(replace(t.command, expected=None), partner=t.partner) for t in turns]
        await asyncio.gather(*(perform_many(office, [request]) for request in free))
        after = {case.id: case for case in await cases_of(office, [case.id for case in ring])}
        mains = [case for case in after.values() if case.open]
        assert mains
        for case in after.values():
            if case.merged_into:
                assert after[case.merged_into].open
        kept = [report for case in mains for report in await behind(office, case)]
        assert set(kept) == set(chain(*[await behind(office, case) for case in ring]))
        await consistent(pool, *after)


async def test_a_merge_and_a_department_at_once_leave_both_sides_whole(office: Office, pool: Pool) -> None:
    """The department accepts what is merged away at that moment: one of them is told, and the record holds together."""
    for _ in range(10):
        one, main = await two_at_work(office)
        (merge,), (accept,), (other,) = await asyncio.gather(
            perform_many(office, [merging(one, main.id)]),
            perform(office, on_task(one, Verb.ACCEPT)),
            perform(office, on_task(main, Verb.ACCEPT)),
        )
        assert isinstance(other, Done | Failed)
        assert sum(isinstance(outcome, Done) for outcome in (merge, accept)) == 1
        await consistent(pool, one.id, main.id)
