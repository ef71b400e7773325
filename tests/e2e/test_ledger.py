"""T-G1 in short form: what we acknowledged is in the record, once, whatever dies (docs/reliability.md).

Processes are killed with SIGKILL in a seeded order, PostgreSQL and Kafka included. Unknown answers are asked again with
the same key, as an inspector's phone does.
"""

from pathlib import Path

import pytest

from bench.reliability import g1

SEED = 20261121


@pytest.mark.timeout(300)
async def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(server_home: Path) -> None:
    account = await g1.drill(server_home / "ledger", g1.SHORT, SEED)
    print(account.facts)
    assert account.broken == {}
    killed = account.facts["killed"]
    assert isinstance(killed, dict)
    assert set(g1.VICTIMS) == {name for name, count in killed.items() if count}, "every kind was to be killed"
    assert account.facts["unknown outcomes"], "no request was ever cut off: this run proves nothing"
