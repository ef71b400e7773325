"""The city's own record teaches it: who led, who sent back, and what the desk is then shown."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import inf
from pathlib import Path

from rich.console import Console

from dispatch.advised import RECOMMENDED
from dispatch.history import Past
from dispatch.recommender_training import train
from domain.case import Case, State
from domain.commands import Verb
from domain.task import TaskState
from handlers.ports import Office
from runtime.dispatch.learning import from_record
from runtime.dispatch.recommender_files import save_recommender
from runtime.wiring import advisers
from store.lead_tasks import LeadTask, lead_tasks
from store.pool import Pool
from store.unit import Store
from tests.demo_city import LAMP, NO_RULE, a_call, case_of, dispatched, done, on_task, pack, to_the_end

_EVER = datetime(2000, 1, 1, tzinfo=UTC)


async def _told(pool: Pool, since: datetime = _EVER) -> list[LeadTask]:
    return [one async for one in lead_tasks(pool, since)]


async def test_who_led_to_a_result_and_who_sent_back_is_told_and_who_is_at_work_is_not(
    office: Office, pool: Pool, fresh_dsn: str
) -> None:
    ended, returned, _at_work = await dispatched(office, a_call(1), a_call(2), a_call(3))
    case = await to_the_end(office, ended)
    refusing = (await case_of(office, returned)).lead
    assert refusing is not None
    await done(office, on_task(await case_of(office, returned), Verb.SEND_BACK, refusing.unit, reason="not-ours"))
    assert case.category is not None
    assert case.lead is not None
    key, path = case.category.key, case.place.path
    told = await _told(pool)
    assert {(one.unit, one.sent_back) for one in told} == {(case.lead.unit, False), (refusing.unit, True)}
    assert [(one.category, one.areas) for one in told if not one.sent_back] == [(key, path)]
    assert await _told(pool, datetime.now(UTC) + timedelta(hours=1)) == []

    past = await asyncio.to_thread(from_record, fresh_dsn, _EVER, pack(), Console(quiet=True))
    classes = f"class:{case.category.class_code}", key
    assert [(one.categories, one.areas) for one in past if not one.sent_back] == [(classes, path)]


async def test_a_case_without_a_rule_shows_the_desk_the_likely_units_or_goes_to_the_first_if_the_policy_says_so(
    pool: Pool, tmp_path: Path
) -> None:
    save_recommender(train(_history(), pack().roster), tmp_path / "recommender.npz")
    shown = await _unruled(pool, tmp_path, inf)
    assert (shown.state, shown.lead) == (State.PENDING_DISPATCH, None)
    assert shown.verdict is not None
    assert shown.verdict.suggested[0].unit == "gas"
    assert shown.verdict.suggested[0].probability > 0.5

    sent = await _unruled(pool, tmp_path, 0.5, n=1)
    assert sent.lead is not None
    assert sent.verdict is not None
    assert (sent.lead.unit, sent.lead.state, sent.verdict.rule) == ("gas", TaskState.OFFERED, RECOMMENDED)
    assert "cases of" in sent.verdict.reason


def _history() -> list[Past]:
    """Filling stations were always the gas company's, lamps the lighting's."""
    catalogue, path = pack().catalogue, next(path for path in pack().atlases.paths.values() if len(path) > 2)
    found = []
    for code, unit in ((NO_RULE, "gas"), (LAMP, "lighting")):
        category = catalogue.find(code)
        categories = f"class:{category.class_code}", category.key
        found += [Past(date(2026, 3, 2) + timedelta(days=n), categories, path, unit) for n in range(20)]
    return found


async def _unruled(pool: Pool, folder: Path, dispatch_from: float, n: int = 0) -> Case:
    city = replace(pack(), policy=replace(pack().policy, auto_dispatch_from=dispatch_from))
    office = Office(Store(pool), advisers(city, recommender=folder / "recommender.npz"))
    (case,) = await dispatched(office, a_call(10 + n, NO_RULE))
    return await case_of(office, case)
