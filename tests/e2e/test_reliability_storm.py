"""The storm drill in short form: a cloudburst is one incident a line, and no reading is lost or kept twice."""

import pytest

from bench.reliability import storm
from bench.reliability.town import Ground

SEED = 20261122


@pytest.mark.timeout(300)
async def test_a_cloudburst_over_fifty_gauges_is_three_incidents_though_the_worker_dies_in_it(ground: Ground) -> None:
    account = await storm.drill(ground, storm.SHORT, SEED)
    print(account.facts)
    assert account.broken == {}
    assert isinstance(sent := account.facts["readings"], int)
    assert sent >= storm.SHORT.readings == 2500
    assert (account.facts["incidents"], account.facts["reports"]) == (len(storm.LINES), len(storm.LINES))
    assert account.facts["raised"] == 2 * storm.SHORT.devices, "too high, and rising too fast"
    assert account.facts["killed"] == {"sensors": 1}, "the worker was not killed: this run proves nothing"


@pytest.mark.timeout(300)
async def test_control_who_forgets_what_was_kept_keeps_it_twice(ground: Ground) -> None:
    account = await storm.drill(ground, storm.BLIND_MARKS, SEED)
    assert account.wrongs["readings kept twice"]
    assert not account.wrongs["alarms nobody should have raised"], "an alarm is known by its key all the same"
