"""The law played at random by many hands at once on the real database: whatever they do, the record holds together."""

import random
from typing import Any

import pytest

from domain.case import Clock
from domain.commands import Verb
from domain.petition import Matter
from domain.policy import Ladder, OnSite, Reopening, SendBack, Steps
from handlers.overdue import ring_due
from store.pool import Pool
from tests.demo_city import an_office, pack
from tests.play import Play
from tests.record import consistent, histories, lateness

_LADDERS = dict.fromkeys(Clock, Ladder(0.8, (1.5, 2.0)))
_PLAIN: dict[str, Any] = {"ladders": _LADDERS}
_FULL: dict[str, Any] = {
    "ladders": _LADDERS,
    "steps": Steps(filing=True, confirm=True, close=True, call_back=True),
    "cumulative": frozenset({Clock.DISPATCH, Clock.DISPOSAL, Clock.CHECK}),
    "verifying_pauses_intake": True,
    "first_accepts_leads": True,
    "send_back": SendBack(2),
    "on_site": OnSite(1, 100.0, required=True),
    "reopening": Reopening(dissatisfied=True, most=9),
    "suspensions": 9,
    "auto_check": False,
}


@pytest.mark.parametrize("switches", [_PLAIN, _FULL], ids=["plain", "every switch on"])
async def test_a_hundred_cases_played_at_random_leave_a_record_that_holds_together(
    pool: Pool, switches: dict[str, Any]
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    consents = pack().policy.consents
    if switches is _FULL:
        switches = {**switches, "consents": {**consents, Matter.SEND_BACK: 1, Matter.VOID: 2}}
    # 15 minutes of a stage are six tenths of a second, 4 hours ten seconds: some ring and some are met
    play = Play(an_office(pool, exercise_pace=1_500, **switches), seed)
    await play.run(cases=100, hands=6, rounds=60)
    assert sum(play.took.values()) > 500, play.refused
    assert len(play.took) > 25, sorted(set(Verb) - set(play.took))
    moment = await pool.fetchval("SELECT clock_timestamp()")
    while await ring_due(play.office):
        pass
    stuck = await pool.fetch("SELECT * FROM alarms WHERE rings_at < $1", moment)
    assert not stuck, "an alarm that the law refuses would be rung for ever, and others never"
    assert await consistent(pool) >= 100
    late = [each for events in (await histories(pool, play.cases)).values() for each in lateness(events)]
    assert len(late) > 50, "hardly an alarm rang: this run proves little about them"
    late.sort()
    print(f"{len(late)} alarms, late by {late[len(late) // 2]} (median), {late[-1]} (most); took {dict(play.took)}")
