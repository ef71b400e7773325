"""An online geocoder behind ``handlers.ports.Geocoder``, off by default: Tianditu (天地图) or AMap (高德).

Addresses are personal data; a city that switches this on sends them to the service. Nothing in the pipeline waits for
it: the desk asks it when the city's own gazetteer is not sure.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from domain.errors import Invalid, Unavailable
from geo.address.answers import Candidate
from runtime.geocoder_shapes import Service, asked, read
from runtime.settings import Settings

_CACHED = 10_000


class OnlineGeocoder:
    """Asks one service, within a time limit, each text once while it is remembered."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        service: Service,
        url: str,
        key: str,
        seconds: float = 2.0,
        cached: int = _CACHED,
    ) -> None:
        self._client = client
        self._service = service
        self._url = url
        self._key = key
        self._seconds = seconds
        self._most = cached
        self._cache: OrderedDict[str, tuple[Candidate, ...]] = OrderedDict()

    async def candidates(self, text: str) -> tuple[Candidate, ...]:
        """What the service takes the text for; points in WGS-84 or CGCS2000, without a place.

        Raises ``Unavailable`` with code ``geocoder-unavailable`` if it does not answer within the limit, or not in its
        own form. Failures are not remembered.
        """
        if text in self._cache:
            self._cache.move_to_end(text)
            return self._cache[text]
        try:
            async with asyncio.timeout(self._seconds):
                response = await self._client.get(self._url, params=asked(self._service, text, self._key))
            response.raise_for_status()
            found = read(self._service, response.json())
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError, AttributeError) as error:
            # the address and the key stand in the request: only the kind of failure is told
            raise Unavailable("geocoder-unavailable", "在线地理编码服务不可用", type(error).__name__) from None
        self._cache[text] = found
        if len(self._cache) > self._most:
            self._cache.popitem(last=False)
        return found


@asynccontextmanager
async def geocoder(settings: Settings) -> AsyncIterator[OnlineGeocoder]:
    """The geocoder the settings name. Raises ``Invalid`` with code ``geocoder-off`` where they name none."""
    if not settings.geocoder_url:
        raise Invalid("geocoder-off", "未启用在线地理编码", "set CITYLOOP_GEOCODER_URL")
    # no environment: a proxy set for other purposes must not see addresses
    async with httpx.AsyncClient(trust_env=False) as client:
        yield OnlineGeocoder(
            client, settings.geocoder_service, settings.geocoder_url, settings.geocoder_key, settings.geocoder_seconds
        )
