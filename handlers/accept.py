"""Reports come in, through any door. After the commit a report is in the record and can be read; the rest follows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from domain.errors import Refused
from domain.ids import ReportId
from domain.report import Report
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.ports import Office
from store.codec import encode
from store.reports import Reports

_NO_ID = ReportId(UUID(int=0))
_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def fingerprint(report: Report) -> bytes:
    """SHA-256 of what the sender said, without our own id and clock: equal for a repeat, else different."""
    return sha256(encode(replace(report, id=_NO_ID, received_at=_NO_TIME))).digest()


async def accept_many(office: Office, reports: Sequence[Report]) -> list[Outcome]:
    """Let a batch of reports in, each once for ever by (origin, origin_key), in one statement.

    A repeat is ``AlreadyDone`` with the first report's id; the same key with another content is refused and changes
    nothing. Raises ``Unavailable`` if the database is away: then nothing of the batch was promised.
    """
    async with office.store.intake() as record:
        return await let_in(record, reports)


async def let_in(record: Reports, reports: Sequence[Report]) -> list[Outcome]:
    """As ``accept_many``, as a part of whatever else happens to the record at once."""
    prints = [fingerprint(report) for report in reports]
    fresh = await record.let_in(reports, prints)
    repeats = [report for report in reports if report.id not in fresh]
    known = await record.known(repeats) if repeats else {}
    outcomes: list[Outcome] = []
    for report, own in zip(reports, prints, strict=True):
        if report.id in fresh:
            outcomes.append(Done(report.id))
            continue
        first = known[report.origin, report.origin_key]
        if first.fingerprint == own:
            outcomes.append(AlreadyDone(first.id))
        else:
            outcomes.append(Failed(reused()))
    return outcomes


def reused() -> Refused:
    """The refusal of another content under a key that is known."""
    return Refused("idempotency-key-reused", "同一编号已用于不同内容", "use a new key for a new report")
