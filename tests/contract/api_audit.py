"""A case's record held against the law: every step a row of the table, no gap, and the history gives the state."""

from domain.case import Case
from domain.events import NAMES
from domain.evolution import evolve
from domain.ids import CaseId
from domain.lifecycle import TABLE
from handlers.ports import Office
from store.codec import decode_event
from store.views import Views
from tests.demo_city import case_of

LEGAL = {(row.source, NAMES[row.verb], row.target) for row in TABLE}


async def lawful(views: Views, office: Office, case: CaseId) -> int:
    """Assert that the record of a case is lawful; returns its number of steps."""
    happened = [decode_event(row["doc"]) for row in await views._fetch("view_history", case)]
    now: Case | None = None
    for number, event in enumerate(happened, 1):
        assert event.version == number, "a gap in the history"
        before = now.state if now else None
        assert (before, event.type, event.state) in LEGAL, f"{before} -{event.type}-> {event.state}"
        assert now is None or event.at >= now.updated_at, "the history runs backwards"
        now = evolve(now, event)
    assert now == await case_of(office, case), "the history alone gives the state"
    return len(happened)
