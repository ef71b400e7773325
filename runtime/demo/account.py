"""The evening's accounting: the senders' ledger against the record. Nothing may be missing, and nothing be twice."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from domain.case import State
from domain.ids import ReportId
from domain.report import Report, Source
from handlers.ports import Office
from handlers.reject import Rejected, waiting_rejects
from runtime.demo.ledger import Address, Entry, Ledger
from runtime.demo.line import Line, Plain

_PAGE = 1000
_AT_ONCE = 16


class Fate(StrEnum):
    """What became of a message."""

    RECEIVED = "received"
    AGAIN = "again"
    REFUSED = "refused"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of every acknowledged message, with what the record knows: report ids by (origin, key)."""

    entries: tuple[tuple[Entry, Fate], ...]
    known: Mapping[tuple[str, str], str]
    reasons: Counter[str]
    doubled: int

    def of(self, fate: Fate) -> list[Entry]:
        """The messages with this fate."""
        return [entry for entry, own in self.entries if own is fate]


async def fates(office: Office, ledger: Ledger, since: datetime) -> Fates:
    """Look every acknowledged message up: in the reports by its number, in the rejects by its address on the broker."""
    acknowledged = ledger.acknowledged
    known = await _known(office, acknowledged)
    rejected = await _rejected(office, since)
    seen: set[tuple[str, str]] = set()
    reasons: Counter[str] = Counter()
    found: list[tuple[Entry, Fate]] = []
    for entry in acknowledged:
        number = (entry.message.origin, entry.message.key)
        reason = entry.refused or (rejected[entry.address].code if entry.address in rejected else None)
        if reason is not None:
            reasons[reason] += 1
            found.append((entry, Fate.REFUSED))
        elif number not in known:
            found.append((entry, Fate.MISSING))
        else:
            found.append((entry, Fate.AGAIN if number in seen else Fate.RECEIVED))
            seen.add(number)
    told = {(entry.message.origin, entry.message.key, entry.report) for entry in acknowledged if entry.report}
    doubled = sum(known.get((origin, key)) != report for origin, key, report in told)
    return Fates(tuple(found), known, reasons, doubled)


async def arrived(office: Office, ledger: Ledger, since: datetime) -> bool:
    """Whether every message somebody answered for is in the record or among the rejects."""
    return not (await fates(office, ledger, since)).of(Fate.MISSING)


async def _known(office: Office, entries: Sequence[Entry]) -> dict[tuple[str, str], str]:
    """Report ids by (origin, key), of those in the record."""
    numbers = {(entry.message.origin, entry.message.key) for entry in entries}
    nothing, never = ReportId(UUID(int=0)), datetime.min.replace(tzinfo=UTC)
    wanted = [Report(nothing, Source.HOTLINE, origin, key, never) for origin, key in numbers]
    async with office.store.unit() as unit:
        found = await unit.reports.known(wanted)
    return {number: str(report.id) for number, report in found.items()}


async def _rejected(office: Office, since: datetime) -> dict[Address | None, Rejected]:
    """This run's rejects by the address of their record."""
    found: dict[Address | None, Rejected] = {}
    after = 0
    while page := await waiting_rejects(office, None, after, _PAGE):
        after = page[-1].id
        found.update({one.address: one for one in page if one.rejected_at is None or one.rejected_at >= since})
    return found


@dataclass(slots=True)
class Account:
    """Where this run's messages are. Each of ``sent`` was received, sent again, refused, or is lost."""

    expected: int
    sent: int
    received: int = 0
    again: int = 0
    refused: int = 0
    doubled: int = 0
    filed: int = 0
    joined: int = 0
    at_desk: int = 0
    not_accepted: int = 0
    not_filed_yet: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    opened: dict[str, Entry] = field(default_factory=dict)
    """The message that opened each case, by the case's number."""
    cases: set[str] = field(default_factory=set)
    """Numbers of all cases with a report of this run behind them."""

    @property
    def lost(self) -> int:
        """Messages that left and are nowhere to be found, whether or not somebody had answered for them."""
        return self.sent - self.received - self.again - self.refused

    @property
    def balanced(self) -> bool:
        """Whether every message is accounted for, once."""
        placed = self.filed + self.joined + self.at_desk + self.not_accepted
        adds_up = self.sent == self.expected and self.received == placed
        return adds_up and self.lost == self.doubled == self.not_filed_yet == 0


async def draw_up(office: Office, ledger: Ledger, since: datetime, desk: Line) -> Account:
    """The account of one run; where each report stands is asked of the API, report by report."""
    found = await fates(office, ledger, since)
    received = found.of(Fate.RECEIVED)
    account = Account(
        expected=ledger.expected,
        sent=len(ledger.entries),
        received=len(received),
        again=len(found.of(Fate.AGAIN)),
        refused=len(found.of(Fate.REFUSED)),
        doubled=found.doubled,
        reasons=found.reasons,
    )
    gate = asyncio.Semaphore(_AT_ONCE)

    async def read(entry: Entry) -> Plain:
        async with gate:
            return await desk.ask(f"/v1/reports/{found.known[entry.message.origin, entry.message.key]}")

    for entry, report in zip(received, await asyncio.gather(*map(read, received)), strict=True):
        place(account, entry, report["cases"])
    return account


def place(account: Account, entry: Entry | None, cases: Sequence[Plain]) -> None:
    """Enter one received report by the case it stands behind; without ``entry``, no sender knows of it."""
    account.cases.update(case["no"] for case in cases)
    if not cases:
        account.not_filed_yet += 1
        return
    # a report goes along when its case is merged: beside each merged case it stands behind one other, and no more
    account.doubled += len(cases) - 1 - sum(case["state"] == State.MERGED for case in cases)
    case = next((case for case in cases if case["opened"]), cases[0])
    if not case["opened"] or case["state"] == State.MERGED:  # what was merged is where it went
        account.joined += 1
        return
    if entry is not None:
        account.opened[case["no"]] = entry
    match case["state"]:
        case State.REPORTED:
            account.at_desk += 1
        case State.NOT_ACCEPTED:
            account.not_accepted += 1
        case _:
            account.filed += 1
