"""What HTTP clients are told of imports."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from domain.table_import import Import, Remark


class RemarkOut(BaseModel):
    """Something about one row. What the row says is not repeated; ``column`` is its own name in the table."""

    line: int
    outcome: str = Field(examples=["refused"])
    column: str
    code: str = Field(examples=["timestamp-malformed"])
    hint: str


class ImportOut(BaseModel):
    """An import as it stands; ``rows`` = ``accepted`` + ``repeated`` + ``refused`` once all were ``read``.

    ``failure`` is the code of what kept all of it out. Of a dry run ``accepted`` are the rows that would come in.
    """

    id: UUID
    state: str = Field(examples=["running"])
    kind: str = Field(examples=["csv"])
    source: str
    mapping: str
    mode: str = Field(examples=["partial"])
    dry_run: bool
    rows: int
    read: int
    accepted: int
    repeated: int
    refused: int
    percentage: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    failure: str
    links: dict[str, str]


class ImportWhole(ImportOut):
    """An import with the first remarks on its rows."""

    remarks: list[RemarkOut]


class ImportPage(BaseModel):
    """A client's imports, the newest first."""

    items: list[ImportOut]
    next: str | None


def shown(job: Import) -> dict[str, Any]:
    """An import as clients see it."""
    where = f"/v1/imports/{job.id}"
    return {
        "id": job.id,
        "state": job.state,
        "kind": job.order.kind,
        "source": job.order.source,
        "mapping": job.order.mapping,
        "mode": job.order.mode,
        "dry_run": job.order.dry_run,
        "rows": job.rows,
        "read": job.read,
        "accepted": job.accepted,
        "repeated": job.repeated,
        "refused": job.refused,
        "percentage": job.percentage,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "failure": job.failure,
        "links": {"self": where, "report": f"{where}/report"},
    }


def told(remark: Remark) -> dict[str, Any]:
    """A remark as clients see it."""
    fault = remark.fault
    return {
        "line": remark.line,
        "outcome": remark.outcome,
        "column": fault.pointer,
        "code": fault.code,
        "hint": fault.hint,
    }
