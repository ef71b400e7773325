"""One report filed and dispatched by the real advisers and the real law, in memory: documents of honest width."""

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from bench.tickets import tickets
from domain.actor import SYSTEM
from domain.commands import Command, Opening, Verb
from domain.ids import CaseId, CaseNo, ReportId, TaskId
from domain.lifecycle import decide
from domain.ticket import Appeal
from domain.ticket_events import TicketCommand, TicketOpening, TicketVerb
from domain.ticket_law import decide as promised
from handlers.ports import new_id
from runtime.settings import load
from runtime.wiring import advisers, read_pack
from store.cases import area_key
from store.codec import encode
from streams.records import hotline_report


@dataclass(frozen=True, slots=True)
class Sample:
    """The documents and columns of one dispatched case."""

    report: bytes
    contact: bytes
    case: bytes
    filed: bytes
    dispatched: bytes
    ticket: bytes
    opened: bytes
    category: str
    area: str
    unit: str


def sample() -> Sample:
    """The first benchmark ticket that a rule covers, as a dispatched case."""
    pack = read_pack(load())
    desk, now = advisers(pack), datetime.now(UTC)
    for ticket in tickets(pack, 100):
        report = hotline_report(msgspec.json.encode(ticket), now, ReportId(new_id()))
        (place, point), (what,) = desk.where.places_of([report])[0], desk.what.classify_many([report])
        if what.category is None or not place.certain:
            continue
        no = str(CaseNo(desk.prefix, now.date(), 1))
        opening = Opening(
            CaseId(new_id()), no, report.id, report.source, place, point, report.urgency, what.judgement, what.category,
            what.condition,
        )  # fmt: skip
        filed = decide(None, Command(Verb.FILE, SYSTEM, opening=opening), now, desk.policy)
        (verdict,) = desk.who.choose_many(desk.surroundings.facts_many([filed.case], now))
        if verdict.lead is None or verdict.assist:
            continue
        command = Command(Verb.DISPATCH, SYSTEM, verdict=verdict, new_tasks=(TaskId(new_id()),))
        sent = decide(filed.case, command, now, desk.policy)
        tier = desk.policy.tickets.tier(report.urgency, what.category)
        asked = TicketCommand(TicketVerb.OPEN, SYSTEM, report.id, opening=TicketOpening(now, tier, Appeal.HELP))
        heard = promised(None, asked, now, desk.policy.tickets, desk.policy.due)
        return Sample(
            encode(report), encode(report.contact), encode(sent.case), encode(filed.events[0]), encode(sent.events[0]),
            encode(heard.ticket), encode(heard.events[0]),
            what.category.key, area_key(place.path), verdict.lead,
        )  # fmt: skip
    raise LookupError("no benchmark ticket is covered by a rule")
