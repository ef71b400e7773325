"""Reports in the record: let in once each, linked to their cases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.ids import ReportId
from domain.report import Report
from store.codec import decode_report, encode
from store.pool import Connection
from store.queries import sql


@dataclass(frozen=True, slots=True)
class Known:
    """A report that was let in before under the same origin and key."""

    origin: str
    origin_key: str
    id: ReportId
    fingerprint: bytes


class Reports:
    """The reports of one unit of work. All methods take batches; none makes a query per row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def let_in(self, reports: Sequence[Report], fingerprints: Sequence[bytes]) -> set[ReportId]:
        """Store the reports whose (origin, key) is new, each with its «accepted» event; returns their ids."""
        rows = await self._connection.fetch(
            sql("reports_let_in"),
            [r.id for r in reports],
            [r.source for r in reports],
            [r.origin for r in reports],
            [r.origin_key for r in reports],
            fingerprints,
            [encode(replace(r, contact=None)) for r in reports],
            [encode(r.contact) if r.contact else None for r in reports],
            [r.neighbourhood for r in reports],
            [r.asset for r in reports],
            [attachment for r in reports for attachment in r.attachments],
            [r.id for r in reports for _ in r.attachments],
        )
        return {row["id"] for row in rows}

    async def known(self, reports: Sequence[Report]) -> dict[tuple[str, str], Known]:
        """What stands under the given (origin, key) pairs."""
        rows = await self._connection.fetch(
            sql("reports_known"), [r.origin for r in reports], [r.origin_key for r in reports]
        )
        found = (Known(r["origin"], r["origin_key"], r["id"], r["fingerprint"]) for r in rows)
        return {(known.origin, known.origin_key): known for known in found}

    async def unfiled(self, ids: Sequence[ReportId]) -> list[Report]:
        """Of the given reports, those not behind any case yet, in the order they were received."""
        rows = await self._connection.fetch(sql("reports_unfiled"), ids)
        return [replace(decode_report(row["doc"]), received_at=row["received_at"]) for row in rows]

    async def filed(self, ids: Sequence[ReportId]) -> frozenset[ReportId]:
        """Of the given reports, those that have found their case."""
        return frozenset(row["id"] for row in await self._connection.fetch(sql("reports_filed"), ids))
