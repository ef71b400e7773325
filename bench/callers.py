"""What the hotline said to the callers behind bench.lives: the ticket of a report, told through the law of tickets."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.actor import SYSTEM, Actor, Role
from domain.case import Case
from domain.oversight import CallBack
from domain.policy import Policy
from domain.report import Report
from domain.ticket import Ticket
from domain.ticket_events import TicketCommand, TicketEvent, TicketOpening, TicketVerb
from domain.ticket_law import decide

_HOTLINE = Actor("hotline-12345", Role.HOTLINE)
_WORDS = {
    TicketVerb.CONTACT: "已与来电人联系，告知受理情况。",
    TicketVerb.ANSWER: "已处置完毕，请来电人核实，感谢反映。",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A ticket, its events, and what was said as (version, verb, at, words)."""

    ticket: Ticket
    events: tuple[TicketEvent, ...]
    words: tuple[tuple[int, str, datetime, str], ...]


def told(report: Report, case: Case, policy: Policy, now: datetime, dice: random.Random) -> Told:
    """Opened with the case; the caller is contacted, and answered and called back once the case has ended."""
    opening = TicketOpening(report.received_at, policy.tickets.tier(case.urgency, case.category))
    teller = _Teller(report, policy)
    teller.do(TicketCommand(TicketVerb.OPEN, SYSTEM, report.id, opening=opening), case.opened_at)
    teller.say(TicketVerb.CONTACT, case.opened_at + timedelta(minutes=dice.randint(5, 60)))
    if case.ended_at is None:
        teller.expire(now)
    else:
        teller.say(TicketVerb.ANSWER, case.ended_at + timedelta(minutes=dice.randint(5, 90)))
        if dice.random() < 0.9:
            at = teller.at + timedelta(minutes=dice.randint(60, 600))
            said = CallBack(_HOTLINE, at, contacted=True, solved=True, satisfied=dice.random() < 0.8)
            teller.do(TicketCommand(TicketVerb.CALL_BACK, _HOTLINE, report.id, call_back=said), at)
    return teller.told()


class _Teller:
    def __init__(self, report: Report, policy: Policy) -> None:
        self._report, self._policy = report, policy
        self._ticket: Ticket | None = None
        self._events: list[TicketEvent] = []
        self._words: list[tuple[int, str, datetime, str]] = []
        self.at = report.received_at

    def say(self, verb: TicketVerb, at: datetime) -> None:
        """A step with words, after what has run out before it."""
        at = max(at, self.at + timedelta(seconds=1))
        self.expire(at)
        command = TicketCommand(verb, _HOTLINE, self._report.id, words=_WORDS[verb])
        version = self.do(command, at)
        self._words.append((version, verb, at, _WORDS[verb]))

    def expire(self, until: datetime) -> None:
        """Promises that ran out before ``until`` are marked, a second after their time."""
        while self._ticket and self._ticket.next_due_at and self._ticket.next_due_at < until - timedelta(seconds=1):
            at = max(self._ticket.next_due_at + timedelta(seconds=1), self.at)
            self.do(TicketCommand(TicketVerb.EXPIRE, SYSTEM, self._report.id), at)

    def do(self, command: TicketCommand, at: datetime) -> int:
        """Ask the law; returns the version after it."""
        decision = decide(self._ticket, command, at, self._policy.tickets, self._policy.due)
        self._ticket, self.at = decision.ticket, max(at, self.at)
        self._events.extend(decision.events)
        return decision.ticket.version

    def told(self) -> Told:
        """What came of it. Raises ``LookupError`` before the first step."""
        if self._ticket is None:
            raise LookupError("a ticket is opened first")
        return Told(self._ticket, tuple(self._events), tuple(self._words))
