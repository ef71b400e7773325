"""The figures and the account: what is cheap to count must still be what is there."""

from collections import Counter
from itertools import count

import pytest

from domain.commands import Verb
from domain.errors import Unavailable
from handlers.ports import Office
from store.figures import Figures
from store.pool import Pool, connect
from tests.demo_city import DESK, NO_RULE, accepted, calls, case_of, dispatched, done, filed, on_case, to_the_end
from tests.wire import wire

# Where every report is, told the long way: one row a report, with the case of its home.
_PLAINLY = """
    SELECT CASE
        WHEN l.report_id IS NULL THEN 'not_filed_yet'
        WHEN NOT l.opened OR c.state = 'merged' THEN 'joined'
        WHEN c.filed_at IS NOT NULL THEN 'filed'
        WHEN c.ended_at IS NULL THEN 'at_desk'
        ELSE 'not_accepted'
    END FROM reports r
    LEFT JOIN case_reports l ON l.report_id = r.id AND l.home LEFT JOIN cases c ON c.id = l.case_id
"""


@pytest.fixture(scope="module")
async def day(office: Office) -> None:
    """A day with every kind of end: closed, at work, at the desk, refused, joined, and not filed yet."""
    ended, *_ = await dispatched(office, *calls(6))
    await to_the_end(office, ended)
    await filed(office, *calls(2, category=NO_RULE))
    refused, _ = await filed(office, *calls(2, category=None, text="听不清"))
    await done(office, on_case(await case_of(office, refused), Verb.REFUSE, DESK, reason="无法核实"))
    await accepted(office, *calls(3))


@pytest.mark.usefixtures("day")
async def test_the_account_counts_what_is_there(pool: Pool) -> None:
    account = dict(await Figures(pool).account())
    plainly = Counter(row[0] for row in await pool.fetch(_PLAINLY))
    assert account.pop("received") == plainly.total()
    assert account == {"joined": 0, **plainly}
    assert min(plainly[part] for part in ("filed", "at_desk", "not_accepted", "not_filed_yet")) > 0


@pytest.mark.usefixtures("day")
async def test_the_counts_are_those_of_the_record(pool: Pool) -> None:
    found = await Figures(pool).now()
    states = await pool.fetch("SELECT state::text AS state, count(*) FROM cases GROUP BY 1")
    assert found["states"] == {row["state"]: row["count"] for row in states}
    assert found["units"] == {
        row["unit"]: (row["open"], row["overdue"])
        for row in await pool.fetch(
            "SELECT unit, count(*) AS open, count(*) FILTER (WHERE overdue) AS overdue FROM cases"
            " WHERE ended_at IS NULL AND unit IS NOT NULL GROUP BY unit"
        )
    }
    oldest = await pool.fetchval("SELECT extract(epoch FROM now() - min(opened_at))::float8 FROM cases"
                                 " WHERE ended_at IS NULL")  # fmt: skip
    assert 0 <= oldest - found["oldest_open_seconds"] < 60


async def test_counting_takes_a_small_share_of_the_time_whatever_it_costs(pool: Pool, office: Office) -> None:
    seconds = count(step=10)  # every look at the stopwatch is ten seconds later: counting took that long
    own = Figures(pool, lambda: float(next(seconds)))
    before = await own.now()
    await filed(office, *calls(1))
    assert (await own.now())["states"] == before["states"], "what took 10 s is good for 500 s"
    for _ in range(50):
        await own.now()
    assert (await own.now())["states"] != before["states"]


async def test_what_is_remembered_hides_no_absence(fresh_dsn: str) -> None:
    async with wire(fresh_dsn) as line:
        cut = await connect(line.dsn, size=1, application="tests-figures")
        own = Figures(cut)
        await own.now()
        await line.cut()
        with pytest.raises(Unavailable):
            await own.now()
        await line.join()
        cut.terminate()
