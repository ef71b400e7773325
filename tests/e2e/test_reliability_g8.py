"""T-G8 in short form: every record read is accepted, known, or rejected with its reason (docs/reliability.md)."""

import pytest

from bench.reliability import g8
from bench.reliability.poison import KINDS
from bench.reliability.town import Ground
from store.pool import connect
from tests.record import consistent

SEED = 20261122


@pytest.mark.timeout(300)
async def test_conservation_with_poison_kills_and_a_database_that_is_away(ground: Ground) -> None:
    account = await g8.drill(ground, g8.SHORT, SEED)
    print(account.facts)
    assert account.broken == {}
    assert account.facts["kinds of poison"] == len(KINDS)
    assert account.facts["killed"], "no worker was killed: this run proves nothing"
    assert account.facts["answers of the database lost"], "no commit was ever in doubt"
    pool = await connect(ground.dsn, size=2, application="tests")
    try:
        assert await consistent(pool)
    finally:
        await pool.close()


@pytest.mark.timeout(300)
async def test_control_offsets_before_the_transaction_lose_what_was_in_hand(ground: Ground) -> None:
    account = await g8.drill(ground, g8.OFFSET_FIRST, SEED)
    assert account.wrongs["lost"]
    assert account.wrongs["records unaccounted for"]


@pytest.mark.timeout(300)
async def test_control_a_handler_that_sends_every_exception_to_the_dead_letters_rejects_good_records(
    ground: Ground,
) -> None:
    account = await g8.drill(ground, g8.DEAD_LETTER, SEED)
    assert account.wrongs["false rejects"]
