"""The file store's contract, the same for a folder and for a bucket; then what only a folder can get wrong."""

import asyncio
import errno
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Unavailable
from handlers.ports import Blobs
from runtime.embedded.server import free_port
from store.bucket import Address, Bucket
from store.folder import Folder


def within(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def a_key(name: str = "original", shard: str | None = None) -> str:
    owner = str(uuid4())
    return f"{shard or owner[-2:]}/{owner}/{name}"


async def content(blobs: Blobs, key: str, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(key, start, end)])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_what_was_put_is_read_whole_and_in_any_range(blobs: Blobs, data: st.DataObject) -> None:
    put = data.draw(st.binary(min_size=1, max_size=2000))
    start = data.draw(st.integers(0, len(put)))
    end = data.draw(st.integers(start, len(put)))
    key = a_key()
    await blobs.put(key, put)
    assert await content(blobs, key, 0, len(put)) == put
    assert await content(blobs, key, start, end) == put[start:end]


async def test_a_large_file_is_put_from_the_disk_and_read_in_pieces(blobs: Blobs, tmp_path: Path) -> None:
    large = os.urandom(1 << 20) * 12
    (tmp_path / "film").write_bytes(large)
    key = a_key()
    await blobs.put(key, tmp_path / "film")
    chunks = [chunk async for chunk in blobs.read(key, 0, len(large))]
    assert b"".join(chunks) == large
    assert len(chunks) > 1
    assert await content(blobs, key, len(large) - 7, len(large)) == large[-7:]


async def test_a_content_is_replaced_as_a_whole(blobs: Blobs) -> None:
    key, versions = a_key(), [bytes([n]) * 300_000 for n in range(6)]
    await blobs.put(key, versions[0])

    async def replacing() -> None:
        for version in versions[1:]:
            await blobs.put(key, version)

    async def reading() -> None:
        for _ in range(10):
            head = await content(blobs, key, 0, 1000)
            assert len(set(head)) == 1, "half of one and half of another"

    await asyncio.gather(replacing(), reading())
    assert await content(blobs, key, 0, 300_000) == versions[-1]


async def test_what_is_not_there_is_told_and_dropped_twice_without_harm(blobs: Blobs) -> None:
    kept, gone = a_key(), a_key()
    await blobs.put(kept, b"kept")
    await blobs.put(gone, b"gone")
    await blobs.drop([gone, a_key()])
    await blobs.drop([gone])
    await blobs.drop([])
    for key in (gone, a_key()):
        with pytest.raises(FileNotFoundError):
            await content(blobs, key, 0, 4)
    assert await content(blobs, kept, 0, 4) == b"kept"


async def test_the_files_of_a_shard_are_listed_with_their_time(blobs: Blobs) -> None:
    ours = {a_key(name, "0a") for name in ("original", "served", "p0-1f", "p1048576-2c")}
    for key in (*ours, a_key("original", "0b")):
        await blobs.put(key, b"x")
    listed = {key: written async for key, written in blobs.listed("0a")}
    assert ours <= set(listed)
    assert {key[:3] for key in listed} == {"0a/"}
    for written in listed.values():
        assert abs(datetime.now(UTC) - written) < timedelta(minutes=5)
    assert not ours & {key async for key, _ in blobs.listed("0b")}


def a_closed_folder(tmp_path: Path) -> Blobs:
    (tmp_path / "file").write_bytes(b"")
    return Folder(tmp_path / "file")


def an_absent_server(_: Path) -> Blobs:
    return Bucket(Address("nowhere", endpoint=f"http://127.0.0.1:{free_port()}", access_key="a", secret_key="b"))  # noqa: S106


@pytest.mark.parametrize("away", [a_closed_folder, an_absent_server])
async def test_a_file_store_that_is_away_is_unavailable(away: Callable[[Path], Blobs], tmp_path: Path) -> None:
    blobs = away(tmp_path)
    with pytest.raises(Unavailable, match="storage-unavailable"):
        await blobs.put(a_key(), b"x")
    with pytest.raises(Unavailable, match="storage-unavailable"):
        await content(blobs, a_key(), 0, 1)


async def test_a_wrong_key_to_the_bucket_is_an_absence_and_no_file(s3: Address) -> None:
    blobs = Bucket(replace(s3, secret_key="wrong"))  # noqa: S106
    with pytest.raises(Unavailable, match="storage-unavailable"):
        await content(blobs, a_key(), 0, 1)


# --- A folder


@pytest.mark.parametrize("key", ["../../etc/passwd", "0a/../x", "/abs", "0a/b", "", "0a/" + "." * 36 + "/x", "a\x00b"])
async def test_no_key_leads_out_of_the_folder(key: str, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with pytest.raises(ValueError, match="not a key"):
        await folder.put(key, b"x")
    with pytest.raises(ValueError, match="not a key"):
        await content(folder, key, 0, 1)
    assert within(tmp_path) == []


async def test_a_file_and_its_folder_are_on_the_disk_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order that survives a loss of power: content, then name, then the folder that holds the name."""
    done: list[str] = []
    really, rename = os.fsync, Path.rename

    def fsync(handle: int) -> None:
        done.append(Path(os.readlink(f"/proc/self/fd/{handle}")).name)
        really(handle)

    def renamed(path: Path, target: Path) -> Path:
        done.append("rename")
        return rename(path, target)

    monkeypatch.setattr("store.folder.os.fsync", fsync)
    monkeypatch.setattr(Path, "rename", renamed)
    key = a_key()
    await Folder(tmp_path / "new").put(key, b"x")
    shard, owner, name = key.split("/")
    assert done[-3].startswith(f"{name}-")
    assert done[-2:] == ["rename", owner]
    assert {tmp_path.name, "new", shard} <= set(done[:-3]), "new folders are names too"


async def test_a_full_disk_is_said_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder, key = Folder(tmp_path), a_key()
    await folder.put(key, b"before")
    monkeypatch.setattr("store.folder.os.fsync", full)
    with pytest.raises(Unavailable, match="storage-full"):
        await folder.put(key, b"after")
    assert await content(folder, key, 0, 6) == b"before"
    assert len(within(tmp_path)) == 3, "shard, owner, and the one file"


async def test_an_empty_folder_goes_with_its_last_file(tmp_path: Path) -> None:
    folder, key = Folder(tmp_path), a_key()
    await folder.put(key, b"x")
    await folder.drop([key])
    assert within(tmp_path) == [key[:2]]
    await folder.put(key, b"again")
    assert await content(folder, key, 0, 5) == b"again"


async def test_a_file_shorter_than_the_record_says_is_missing(tmp_path: Path) -> None:
    folder, key = Folder(tmp_path), a_key()
    await folder.put(key, b"short")
    with pytest.raises(FileNotFoundError):
        await content(folder, key, 0, 6)
