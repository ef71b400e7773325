"""Files in a local folder: the file store of one machine, or of several that mount the same folder."""

import asyncio
import errno
import os
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from shutil import copyfileobj
from typing import TypeVar

from domain.errors import Unavailable

T = TypeVar("T")

_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f-]{36}/[0-9a-z-]{1,64}")
_CHUNK = 256 * 1024
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Folder:
    """``handlers.ports.Blobs`` on a folder: a file a key, never seen half-written, safe on the disk when told so."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    async def put(self, key: str, content: bytes | Path) -> None:
        """Keep a content under a key. When this returns it survives a loss of power."""
        await _in_thread(lambda: self._write(self._path(key), content))

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` to ``end`` (exclusive). Raises ``FileNotFoundError`` for an unknown key."""
        path = self._path(key)
        while start < end:
            at, size = start, min(_CHUNK, end - start)
            chunk = await _in_thread(lambda: _piece(path, at, size))  # noqa: B023  (awaited within the round)
            if not chunk:
                raise FileNotFoundError(errno.ENOENT, "shorter than it should be", key)
            start += len(chunk)
            yield chunk

    async def drop(self, keys: Sequence[str]) -> None:
        """Forget contents; unknown keys are passed over."""
        paths = [self._path(key) for key in keys]
        await _in_thread(lambda: _remove(paths))

    async def listed(self, shard: str) -> AsyncIterator[tuple[str, datetime]]:
        """Keys of a shard, each with the time it was written."""
        for found in await _in_thread(lambda: list(self._of(shard))):
            yield found

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError("not a key of the file store")
        return self._root / key

    def _of(self, shard: str) -> list[tuple[str, datetime]]:
        found = []
        for path in (self._root / shard).glob("*/*"):
            try:
                written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            except FileNotFoundError:
                continue
            if path.is_file():
                found.append((path.relative_to(self._root).as_posix(), written))
        return found

    def _write(self, path: Path, content: bytes | Path) -> None:
        try:
            self._write_once(path, content)
        except FileNotFoundError:  # whoever dropped the folder's last file took the folder away in between
            self._write_once(path, content)

    def _write_once(self, path: Path, content: bytes | Path) -> None:
        for folder in (self._root, path.parent.parent, path.parent):
            if not folder.exists():
                folder.mkdir(parents=True, exist_ok=True)
                _settle(folder.parent)
        new = path.with_name(f"{path.name}-{token_hex(4)}")  # a leftover is a key nobody knows, and is swept
        try:
            with new.open("xb") as file:
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    with content.open("rb") as source:
                        copyfileobj(source, file, _CHUNK)
                file.flush()
                os.fsync(file.fileno())
            new.rename(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        _settle(path.parent)


async def _in_thread(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except FileNotFoundError:
        raise
    except OSError as error:
        code = "storage-full" if error.errno in _FULL else "storage-unavailable"
        raise Unavailable(code, "文件存储暂不可用", type(error).__name__) from error


def _piece(path: Path, at: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(at)
        return file.read(size)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in paths}:
        with suppress(OSError):  # it holds other files, or is gone
            folder.rmdir()


def _settle(folder: Path) -> None:
    """A name in a folder is safe when the folder is written, not only the file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
