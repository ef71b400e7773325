"""T-G2 in short form: however often and by whichever way a report comes, it is there once (docs/reliability.md)."""

import pytest

from bench.reliability import g2
from bench.reliability.town import Ground
from store.pool import connect
from tests.record import consistent

SEED = 20261122


@pytest.mark.timeout(300)
async def test_once_effective_under_fire(ground: Ground) -> None:
    account = await g2.drill(ground, g2.SHORT, SEED)
    print(account.facts)
    assert account.broken == {}
    wanted = ("unknown outcomes", "answers lost after the commit", "422 to impostors", "impostors by Kafka rejected")
    assert all(account.facts[name] for name in wanted), "this run proves nothing"
    pool = await connect(ground.dsn, size=2, application="tests")
    try:
        assert await consistent(pool)
    finally:
        await pool.close()


@pytest.mark.timeout(300)
async def test_control_with_the_unique_index_dropped_reports_are_there_twice(ground: Ground) -> None:
    account = await g2.drill(ground, g2.BLIND_INDEX, SEED)
    assert account.wrongs["duplicate reports"]
    assert account.wrongs["answers that named another report"]


@pytest.mark.timeout(300)
async def test_control_an_inbox_by_address_doubles_copies_and_loses_what_a_new_topic_brings(ground: Ground) -> None:
    account = await g2.drill(ground, g2.BY_ADDRESS, SEED)
    assert account.wrongs["duplicate reports"], "a copy at another offset"
    assert account.wrongs["lost"], "a new ticket at an offset that an old one had"
