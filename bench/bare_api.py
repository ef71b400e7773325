"""The reference of bench.http: a bare FastAPI route that does one single-row insert, and nothing else."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import uvicorn
from fastapi import FastAPI

from api.schemas import ReportIn


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A pool of the size ours has, and one table."""
    async with asyncpg.create_pool(os.environ["CITYLOOP_DATABASE_URL"], min_size=1, max_size=8) as pool:
        await pool.execute("CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, text text, lon float8, lat float8)")
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/reports", status_code=202)
async def submit(report: ReportIn) -> dict[str, str]:
    """One insert."""
    own, place = uuid4(), report.position
    await app.state.pool.execute(
        "INSERT INTO bare VALUES ($1, $2, $3, $4)", own, report.text, place and place.lon, place and place.lat
    )
    return {"report_id": str(own)}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="error", loop="uvloop")
