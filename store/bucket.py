"""Files in a bucket of an S3-compatible server: the file store of a city with several machines."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from obstore.exceptions import BaseError
from obstore.store import S3Store

from domain.errors import Unavailable

_PATIENCE = timedelta(seconds=15)
_CHUNK = 256 * 1024
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Address:
    """Where the bucket is. An empty ``endpoint`` means Amazon's own; ``prefix`` stands before every key."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = ""


class Bucket:
    """``handlers.ports.Blobs`` on a bucket: an object a key; the server answers when the object is safe."""

    def __init__(self, address: Address) -> None:
        more = {"endpoint": address.endpoint} if address.endpoint else {}
        self._store = S3Store(
            address.bucket,
            prefix=address.prefix or None,
            region=address.region,
            access_key_id=address.access_key,
            secret_access_key=address.secret_key,
            client_options={"allow_http": True, "connect_timeout": "5s", "timeout": "60s"},
            retry_config={"max_retries": 3, "retry_timeout": _PATIENCE},
            **more,  # type: ignore[arg-type]
        )

    async def put(self, key: str, content: bytes | Path) -> None:
        """Keep a content under a key."""
        with _translated():
            await self._store.put_async(key, content)

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` to ``end`` (exclusive). Raises ``FileNotFoundError`` for an unknown key."""
        if start == end:
            return
        with _translated():
            found = await self._store.get_async(key, options={"range": (start, end)})
            async for chunk in found.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)

    async def drop(self, keys: Sequence[str]) -> None:
        """Forget contents; unknown keys are passed over."""
        with _translated():
            for at in range(0, len(keys), _BATCH):
                await self._store.delete_async(list(keys[at : at + _BATCH]))

    async def listed(self, shard: str) -> AsyncIterator[tuple[str, datetime]]:
        """Keys of a shard, each with the time it was written."""
        with _translated():
            async for page in self._store.list(shard):
                for one in page:
                    yield one["path"], one["last_modified"]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise Unavailable("storage-unavailable", "文件存储暂不可用", type(error).__name__) from error
