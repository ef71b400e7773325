"""One person's line to the public API: a base address, a key, and patience when the line is bad."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

Plain = dict[str, Any]

_PAUSE, _PATIENCE = 0.5, 60.0


class Line:
    """Calls the API in one client's name; every call may be repeated without harm.

    Transport errors and 503 are waited out for a minute; then they are raised, as ``httpx.HTTPError``.
    """

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self._http = http
        self._own = {"Authorization": f"Bearer {key}"}

    async def ask(self, path: str, **params: str | int) -> Plain:
        """What a GET answers. Raises ``httpx.HTTPStatusError`` when it is refused."""
        answer = await self._insist("GET", path, params=params)
        answer.raise_for_status()
        found: Plain = answer.json()
        return found

    async def fetch(self, path: str, **params: str | int) -> bytes:
        """What a GET answers that is no JSON. Raises ``httpx.HTTPStatusError`` when it is refused."""
        answer = await self._insist("GET", path, params=params)
        answer.raise_for_status()
        return answer.content

    async def put(self, path: str, body: Plain) -> httpx.Response:
        """The answer to a PUT of JSON, whatever it is."""
        return await self._insist("PUT", path, json=body)

    async def pages(self, path: str, **params: str | int) -> AsyncIterator[Plain]:
        """Every item of a list, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            page = await self.ask(path, **params, **({"cursor": cursor} if cursor else {}), limit=200)
            for item in page["items"]:
                yield item
            cursor = page["next"]

    async def tell(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """The answer to a POST of JSON, whatever it is."""
        sent = {"Content-Type": "application/json", **headers}
        return await self._insist("POST", path, content=body, headers=sent)

    def listen(self, path: str, headers: Mapping[str, str]) -> Any:
        """An open stream, as a context manager."""
        return self._http.stream("GET", path, headers={**self._own, **headers}, timeout=httpx.Timeout(10, read=40))

    async def _insist(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> httpx.Response:
        own = {**self._own, **(headers or {})}
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                answer = await self._http.request(method, path, headers=own, **rest)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            else:
                if answer.status_code != 503:
                    return answer
                if time.monotonic() > deadline:
                    answer.raise_for_status()
            await asyncio.sleep(_PAUSE)
