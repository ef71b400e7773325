"""Health: alive, ready, and the figures for Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.deps import Deps, answer, deps
from domain.errors import Unavailable

router = APIRouter(tags=["health"])

Scrape = Callable[[], Awaitable[bytes]]
_OUTBOX_LATE = 60.0


@router.get("/livez")
async def livez() -> Response:
    """Whether the process answers at all. Never depends on a neighbour: a restart would not bring it back."""
    return answer({"alive": True})


@router.get("/readyz", responses={503: {"description": "The database is away."}})
async def readyz(tools: Annotated[Deps, Depends(deps)]) -> Response:
    """Whether requests can be served: the database answers. Without Kafka we are degraded, and intake still works."""
    try:
        figures = await tools.views.figures()
    except Unavailable as error:
        return answer({"ready": False, "database": error.code}, 503)
    age = figures["outbox_age_seconds"] or 0.0
    kafka = await _answers(tools.kafka_bootstrap)
    degraded = [*([] if kafka else ["kafka-unavailable"]), *(["outbox-late"] if age > _OUTBOX_LATE else [])]
    return answer({"ready": True, "degraded": degraded, "outbox_age_seconds": round(age, 1)})


async def _answers(bootstrap: str) -> bool:
    host, _, port = bootstrap.split(",")[0].rpartition(":")
    with suppress(OSError, TimeoutError, ValueError):
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), 1.0)
        writer.close()
        return True
    return False
