"""Tickets as import jobs over HTTP: handed in, waited for, and their report read back line by line."""

import asyncio
import csv
import io
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, NoReturn
from uuid import uuid4

import httpx

from domain.errors import Fault, Invalid, Refused, Unavailable
from domain.table_import import ENDED, ImportMode, ImportState, Remark
from handlers.row_report import MARK
from runtime.importing.senders import Receipt
from runtime.importing.tickets import Ticket

_JOBS = "/v1/imports"
_PATIENCE = 60.0
_LOOK_EVERY = 0.3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


class HttpSender(AbstractAsyncContextManager["HttpSender"]):
    """Batches of tickets to ``POST /v1/imports``, one after another; all of the source ``source``."""

    def __init__(
        self, url: str, api_key: str, source: str, mode: ImportMode = ImportMode.PARTIAL, batch: int = 4_000
    ) -> None:
        self.batch = batch
        self._asked = {"source": source, "mode": mode.value}
        self._client = httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {api_key}"}, timeout=60.0, follow_redirects=False
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, tickets: Sequence[Ticket]) -> Receipt:
        """Hand a batch in and wait for its end; busy servers and broken lines are tried again under the same key.

        Raises ``Refused`` where the key may not import, ``Invalid`` where all of the batch was refused.
        """
        headers = {"Idempotency-Key": uuid4().hex, "Content-Type": "application/x-ndjson"}
        body = b"".join(ticket.value + b"\n" for ticket in tickets)
        answer = await self._asked_for(
            lambda: self._client.post(_JOBS, params=self._asked, content=body, headers=headers)
        )
        where = answer.headers["Location"]
        job = await self._ended(where)
        remarks = _remarks((await self._get(f"{where}/report")).text, tickets)
        if job["state"] != ImportState.DONE and not any(remark.outcome == "refused" for remark in remarks):
            raise Invalid(job["failure"] or "import-cancelled", "导入未完成", "the server gave the import up")
        refused = tuple(remark for remark in remarks if remark.outcome == "refused")
        return Receipt(refused, tuple(remark.line for remark in remarks if remark.outcome == "repeated"))

    async def _ended(self, where: str) -> dict[str, Any]:
        """The job once it has come to its end."""
        while True:
            job: dict[str, Any] = (await self._get(where)).json()
            if ImportState(job["state"]) in ENDED:
                return job
            await asyncio.sleep(_LOOK_EVERY)

    async def _get(self, where: str) -> httpx.Response:
        return await self._asked_for(lambda: self._client.get(where))

    async def _asked_for(self, ask: Callable[[], Any]) -> httpx.Response:
        until, pause = time.monotonic() + _PATIENCE, _FIRST_PAUSE
        while True:
            wait = pause
            try:
                answer: httpx.Response = await ask()
                if answer.is_success:
                    return answer
                if answer.status_code not in _LATER:
                    _refuse(answer)
                reason = f"HTTP {answer.status_code}"
                asked = answer.headers.get("Retry-After", "")
                wait = min(float(asked), _LONGEST_PAUSE) if asked.isdecimal() else pause
            except httpx.TransportError as error:
                reason = type(error).__name__
            if time.monotonic() > until:
                hint = f"the API does not answer ({reason}); import the file again"
                raise Unavailable("api-unavailable", "服务暂不可用", hint)
            await asyncio.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)


def _refuse(answer: httpx.Response) -> NoReturn:
    try:
        problem: dict[str, Any] = answer.json()
        code, title, detail = problem["code"], problem["title"], problem.get("detail", "")
    except (ValueError, KeyError, TypeError):
        code, title, detail = f"http-{answer.status_code}", "接口返回错误", ""
    if answer.status_code in (401, 403):
        raise Refused("api-key-refused", "接口拒绝了该密钥", f"{code}: use the key of a client that may import")
    raise Invalid(code, title, detail)


def _remarks(text: str, tickets: Sequence[Ticket]) -> list[Remark]:
    """The job's report with the lines of the table, not of the batch."""
    rows = csv.DictReader(io.StringIO(text.removeprefix(MARK)))
    return [
        Remark(tickets[int(row["line"]) - 1].line, row["outcome"], Fault(row["column"], row["code"], row["hint"]))
        for row in rows
    ]
