"""Attachments between the record and the file store: a line that breaks anywhere, a process that dies anywhere."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.attachment import KEPT, LINKABLE, MAX_SIZE, Announced, Attachment, AttachmentId, AttachmentState
from domain.errors import CityloopError, NotFound, Refused, Unavailable
from domain.report import Report
from handlers.attach import (
    ORIGINAL,
    PIECE,
    SERVED,
    THUMBNAIL,
    Archive,
    Quota,
    announce,
    append,
    blob_key,
    own,
    upload_whole,
)
from handlers.darkroom import Darkroom
from handlers.ports import Blobs, Office, new_id
from handlers.tidy import finish_left, sweep_unknown, sweep_unnamed
from store.folder import Folder
from store.pool import Pool
from streams.tidy import tidy
from tests.demo_city import a_call, accepted
from tests.files import a_movie, a_paper, a_photo, an_amr

LATER = KEPT + timedelta(hours=1)


@dataclass
class Counts:
    """What the archive has told its counter."""

    said: dict[str, int] = field(default_factory=dict)

    def __call__(self, what: str, number: int) -> None:
        self.said[what] = self.said.get(what, 0) + number


@pytest.fixture(scope="module")
def darkroom() -> Any:
    room = Darkroom()
    yield room
    room.close()


@pytest.fixture
def archive(office: Office, blobs: Blobs, darkroom: Darkroom) -> Archive:
    return Archive(office, blobs, darkroom, Quota(10_000, 10**12), Counts())


def announced(length: int, client: str = "inspector-1", **changes: Any) -> Announced:
    mark = sha256(str(changes).encode()).digest()
    new = Announced(AttachmentId(new_id()), client, uuid4().hex, length, "a.jpg", None, mark)
    return replace(new, **changes)


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def begun(archive: Archive, length: int, **changes: Any) -> Attachment:
    found, fresh = await announce(archive, announced(length, **changes))
    assert fresh
    return found


async def sent(archive: Archive, content: bytes, **changes: Any) -> Attachment:
    upload = await begun(archive, len(content), **changes)
    return await append(archive, upload.id, upload.client, 0, once(content))


async def read(blobs: Blobs, key: str, size: int) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(key, 0, size)])


async def files(blobs: Blobs, attachment: AttachmentId) -> set[str]:
    prefix = blob_key(attachment, "")
    return {key.rpartition("/")[2] async for key, _ in blobs.listed(prefix[:2]) if key.startswith(prefix)}


async def swept(archive: Archive, attachment: AttachmentId) -> int:
    """What the sweep does to the attachment's shard long after."""
    return await sweep_unknown(archive, blob_key(attachment, "")[:2], datetime.now(UTC) + LATER)


async def aged(pool: Pool, attachment: AttachmentId, by: timedelta) -> None:
    await pool.execute("UPDATE attachments SET changed_at = changed_at - $2::interval WHERE id = $1", attachment, by)


async def refusal(work: Any) -> str:
    with pytest.raises(CityloopError) as caught:
        await work
    return caught.value.code


# --- A line that breaks


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frames=st.integers(1, 60),
    breaks=st.lists(st.floats(0, 1), max_size=12),
    chunks=st.integers(1, 3),
)
async def test_an_upload_that_breaks_anywhere_goes_on_where_it_stopped(
    archive: Archive, frames: int, breaks: list[float], chunks: int
) -> None:
    content = an_amr(frames)
    upload = await begun(archive, len(content))
    for end in (*sorted(int(each * len(content)) for each in breaks), len(content)):
        start = upload.received

        async def line(start: int = start, end: int = end) -> AsyncIterator[bytes]:
            come = end - start
            for n in range(chunks):  # then it breaks: the door ends the stream with what has come
                yield content[start + come * n // chunks : start + come * (n + 1) // chunks]

        upload = await append(archive, upload.id, upload.client, start, line())
        assert upload.received == end, "every byte that came is kept"
    assert upload.state is AttachmentState.READY
    assert upload.sha256 == sha256(content).digest()
    assert await read(archive.blobs, blob_key(upload.id, ORIGINAL), len(content)) == content
    assert await files(archive.blobs, upload.id) == {ORIGINAL}


async def test_a_long_piece_is_kept_megabyte_by_megabyte(archive: Archive, pool: Pool) -> None:
    """The line may break after any of them: what is on the disk counts, not what was meant to be sent."""
    content = a_paper()[:-5] + bytes(3 * PIECE) + b"%%EOF"
    upload = await begun(archive, len(content))

    async def line() -> AsyncIterator[bytes]:
        for at in range(0, len(content), 65_536):
            yield content[at : at + 65_536]
            known = await pool.fetchval("SELECT received FROM attachments WHERE id = $1", upload.id)
            assert known <= at + 65_536
            assert at + 65_536 - known < PIECE + 65_536

    done = await append(archive, upload.id, upload.client, 0, line())
    assert (done.state, done.parts) == (AttachmentState.READY, 4)


async def test_two_who_send_the_same_bytes_do_not_mix_them(archive: Archive) -> None:
    content = an_amr(40)
    upload = await begun(archive, len(content))
    other = content.replace(bytes(31), b"\x07" * 31)
    both = [append(archive, upload.id, upload.client, 0, once(each)) for each in (content, other)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    lost = [each for each in outcomes if isinstance(each, Refused)]
    assert len(lost) == 1
    assert lost[0].code == "upload-offset-mismatch"
    done = await own(archive, upload.id, upload.client)
    held = await read(archive.blobs, blob_key(upload.id, ORIGINAL), len(content))
    assert held in (content, other)
    assert sha256(held).digest() == done.sha256


@pytest.mark.parametrize("offset", [0, 5, 7, 10**12])
async def test_another_offset_is_refused_and_the_right_one_told(archive: Archive, offset: int) -> None:
    upload = await begun(archive, 200)
    upload = await append(archive, upload.id, upload.client, 0, once(b"#!AMR\n"))
    with pytest.raises(Refused, match="go on at byte 6"):
        await append(archive, upload.id, upload.client, offset, once(b"x"))


async def test_more_than_was_announced_is_refused(archive: Archive) -> None:
    upload = await begun(archive, 100)
    assert await refusal(append(archive, upload.id, upload.client, 0, once(bytes(101)))) == "upload-length-exceeded"
    assert (await own(archive, upload.id, upload.client)).received == 0


async def test_single_bytes_come_to_an_end(archive: Archive) -> None:
    upload = await begun(archive, 50_000)
    allowed = upload.parts_allowed
    assert allowed < 100
    for at in range(allowed):
        await append(archive, upload.id, upload.client, at, once(b"x"))
    code = await refusal(append(archive, upload.id, upload.client, allowed, once(b"x")))
    assert code == "upload-too-many-parts"


async def test_an_upload_is_its_clients_own(archive: Archive) -> None:
    upload = await begun(archive, 10)
    with pytest.raises(NotFound):
        await own(archive, upload.id, "hotline-12345")
    with pytest.raises(NotFound):
        await append(archive, upload.id, "hotline-12345", 0, once(b"x"))
    with pytest.raises(NotFound):
        await own(archive, AttachmentId(new_id()), "inspector-1")


# --- A process that dies


class Killed(BaseException):
    """The process is no more: nothing it meant to do afterwards is done, no handler of errors runs."""


class Mortal:
    """A file store whose process dies before or after the n-th thing it is asked for."""

    def __init__(self, blobs: Blobs, dies_at: int, after: bool) -> None:
        self._blobs = blobs
        self._left = dies_at
        self._after = after

    def _step(self, after: bool) -> None:
        if after is self._after:
            self._left -= 1
            if self._left < 0:
                raise Killed

    async def put(self, key: str, content: bytes | Path) -> None:
        self._step(False)
        await self._blobs.put(key, content)
        self._step(True)

    async def drop(self, keys: Sequence[str]) -> None:
        self._step(False)
        await self._blobs.drop(keys)
        self._step(True)

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        self._step(False)
        return self._blobs.read(key, start, end)

    def listed(self, shard: str) -> AsyncIterator[tuple[str, datetime]]:
        return self._blobs.listed(shard)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_whoever_dies_between_file_and_row_loses_nothing(archive: Archive, after: bool) -> None:
    """At each step of an upload in three pieces of a photo with its served copy and its thumbnail."""
    content = a_photo()
    cuts = [0, 300, 700, len(content)]
    deaths = 0
    for dies_at in range(20):
        mortal = replace(archive, blobs=Mortal(archive.blobs, dies_at, after))
        upload = await begun(archive, len(content))
        died = False
        for start, end in pairwise(cuts):
            try:
                await append(mortal, upload.id, upload.client, start, once(content[start:end]))
            except Killed:
                died = True
                break
        deaths += died
        upload = await own(archive, upload.id, upload.client)  # what a client asks after a silence
        if not upload.complete:
            rest = content[upload.received :]
            upload = await append(archive, upload.id, upload.client, upload.received, once(rest))
        assert upload.state is AttachmentState.READY
        assert upload.sha256 == sha256(content).digest()
        await swept(archive, upload.id)
        assert await files(archive.blobs, upload.id) == {ORIGINAL, SERVED, THUMBNAIL}
        assert await read(archive.blobs, blob_key(upload.id, ORIGINAL), len(content)) == content
        shown = await read(archive.blobs, blob_key(upload.id, SERVED), upload.served_size)
        assert sha256(shown).digest() == upload.served_sha256
        if not died:
            break
    assert deaths >= 6, "three pieces, three files, the pieces' end"
    assert not died, "the last one lives through all steps"


async def test_a_piece_whose_row_is_missing_is_swept_and_one_whose_row_is_there_is_not(archive: Archive) -> None:
    upload = await begun(archive, 200)
    await append(archive, upload.id, upload.client, 0, once(b"#!AMR\n"))
    known = await files(archive.blobs, upload.id)
    await archive.blobs.put(blob_key(upload.id, "p6-dead"), b"x")
    assert await sweep_unknown(archive, blob_key(upload.id, "")[:2], datetime.now(UTC)) == 0, "it may be on its way"
    assert await swept(archive, upload.id) >= 1
    assert await files(archive.blobs, upload.id) == known


async def test_a_file_of_nobody_is_swept(archive: Archive) -> None:
    nobody = AttachmentId(new_id())
    await archive.blobs.put(blob_key(nobody, ORIGINAL), b"x")
    assert await swept(archive, nobody) >= 1
    assert await files(archive.blobs, nobody) == set()
    assert isinstance(archive.count, Counts)
    assert archive.count.said["orphans"] >= 1


async def test_what_nobody_looked_at_is_looked_at_by_the_sweep(archive: Archive, pool: Pool) -> None:
    """The client never comes back; its report does, hours later, from a queue that another program empties."""
    content = an_amr(9)
    upload = await begun(archive, len(content))
    mortal = replace(archive, blobs=Mortal(archive.blobs, 1, after=False))
    with pytest.raises(Killed):
        await append(mortal, upload.id, upload.client, 0, once(content))
    assert await pool.fetchval("SELECT state FROM attachments WHERE id = $1", upload.id) == "uploading"
    await finish_left(archive)
    assert await pool.fetchval("SELECT state FROM attachments WHERE id = $1", upload.id) == "uploading", "too early"
    await aged(pool, upload.id, timedelta(minutes=6))
    assert await finish_left(archive) == 1
    assert await pool.fetchval("SELECT state FROM attachments WHERE id = $1", upload.id) == "ready"


async def test_two_who_finish_the_same_upload_agree(archive: Archive) -> None:
    content = a_photo()
    upload = await begun(archive, len(content))
    mortal = replace(archive, blobs=Mortal(archive.blobs, 1, after=False))
    with pytest.raises(Killed):
        await append(mortal, upload.id, upload.client, 0, once(content))
    first, second = await asyncio.gather(*(own(archive, upload.id, upload.client) for _ in range(2)))
    assert first == second
    assert first.state is AttachmentState.READY


async def test_a_piece_that_is_lost_is_an_absence_and_not_a_refusal(archive: Archive) -> None:
    content = an_amr(9)
    upload = await begun(archive, len(content))
    mortal = replace(archive, blobs=Mortal(archive.blobs, 1, after=False))
    with pytest.raises(Killed):
        await append(mortal, upload.id, upload.client, 0, once(content))
    (piece,) = await files(archive.blobs, upload.id)
    await archive.blobs.drop([blob_key(upload.id, piece)])
    with pytest.raises(Unavailable, match="storage-unavailable"):
        await own(archive, upload.id, upload.client)


# --- What is wrong with a content


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<!doctype html><script>1</script>", "file-type"),
        (a_photo()[:600], "file-corrupt"),
        (a_movie(b"vide")[:-3], "file-corrupt"),
    ],
)
async def test_a_refusal_is_final_and_leaves_no_file(archive: Archive, content: bytes, code: str) -> None:
    upload = await begun(archive, len(content))
    assert await refusal(append(archive, upload.id, upload.client, 0, once(content))) == code
    assert await refusal(own(archive, upload.id, upload.client)) == code
    assert await refusal(append(archive, upload.id, upload.client, len(content), once(b""))) == code
    assert await files(archive.blobs, upload.id) == set()


async def test_other_bytes_than_announced_are_refused(archive: Archive) -> None:
    content = an_amr()
    good = await sent(archive, content, digest=sha256(content).digest())
    assert good.state is AttachmentState.READY
    assert await refusal(sent(archive, content, digest=sha256(b"else").digest())) == "digest-mismatch"


@pytest.mark.parametrize(("length", "code"), [(0, "file-empty"), (MAX_SIZE + 1, "file-too-large")])
async def test_a_length_that_cannot_be_is_refused_before_the_first_byte(
    archive: Archive, length: int, code: str
) -> None:
    assert await refusal(announce(archive, announced(length))) == code


async def test_what_takes_too_long_is_refused_and_keeps_its_place(archive: Archive) -> None:
    hurried = Darkroom(places=1, seconds=0.0)
    try:
        code = await refusal(sent(replace(archive, darkroom=hurried), a_photo(size=(2000, 1500))))
        assert code == "file-too-complex"
    finally:
        hurried.close()


async def test_where_it_was_taken_is_kept_apart(archive: Archive, pool: Pool) -> None:
    upload = await sent(archive, a_photo())
    row = await pool.fetchrow("SELECT lon, lat FROM attachments WHERE id = $1", upload.id)
    assert row is not None
    assert (row["lon"], row["lat"]) == (pytest.approx(113.93487, abs=1e-5), pytest.approx(27.96414, abs=1e-5))
    assert not {"lon", "lat", "position"} & set(Attachment.__dataclass_fields__), "nobody reads it by the way"


# --- Repeats and quotas


async def test_a_repeat_finds_the_first_one(archive: Archive) -> None:
    new = announced(100)
    first, fresh = await announce(archive, new)
    again, anew = await announce(archive, replace(new, id=AttachmentId(new_id())))
    assert (again.id, fresh, anew) == (first.id, True, False)
    other, _ = await announce(archive, replace(new, id=AttachmentId(new_id()), client="hotline-12345"))
    assert other.id != first.id, "keys are each client's own"
    assert await refusal(announce(archive, replace(new, fingerprint=b"else"))) == "idempotency-key-reused"


async def test_a_whole_one_that_died_half_way_is_finished_by_its_repeat(archive: Archive) -> None:
    content = a_photo()
    for dies_at in range(5):
        new = announced(len(content))
        mortal = replace(archive, blobs=Mortal(archive.blobs, dies_at, after=True))
        with pytest.raises(Killed):
            await upload_whole(mortal, new, content)
        done, fresh = await upload_whole(archive, replace(new, id=AttachmentId(new_id())), content)
        assert (done.id, done.state, fresh) == (new.id, AttachmentState.READY, False)


async def test_a_clients_day_has_an_end(archive: Archive, pool: Pool) -> None:
    client = f"client-{uuid4().hex}"
    narrow = replace(archive, quota=Quota(3, 1000))
    new = announced(100, client)
    first, _ = await announce(narrow, new)
    await announce(narrow, announced(100, client))
    assert await refusal(announce(narrow, announced(801, client))) == "attachment-quota"
    await announce(narrow, announced(800, client))
    assert await refusal(announce(narrow, announced(1, client))) == "attachment-quota"
    again, _ = await announce(narrow, new)
    assert again.id == first.id, "a repeat costs nothing"
    await pool.execute("UPDATE attachments SET created_at = created_at - interval '25 h' WHERE client = $1", client)
    await announce(narrow, announced(1, client))


async def test_many_at_once_do_not_slip_through_the_quota(archive: Archive) -> None:
    client = f"client-{uuid4().hex}"
    narrow = replace(archive, quota=Quota(3, 10**6))
    outcomes = await asyncio.gather(
        *(announce(narrow, announced(10, client)) for _ in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(each, BaseException) for each in outcomes) == 3


# --- The sweep


def naming(*attachments: Attachment) -> Report:
    return replace(a_call(), extra={"attachments": " ".join(str(each.id) for each in attachments)})


async def test_what_is_named_stays_and_what_nobody_named_goes(archive: Archive, office: Office, pool: Pool) -> None:
    kept, left, half = await sent(archive, a_photo()), await sent(archive, a_photo()), await begun(archive, 500)
    await append(archive, half.id, half.client, 0, once(b"#!AMR\n"))
    young = await sent(archive, a_photo())
    await accepted(office, naming(kept))
    for each in (kept, left, half):
        await aged(pool, each.id, LATER)
    await sweep_unnamed(archive)
    rows = {row["id"] for row in await pool.fetch("SELECT id FROM attachments")}
    assert {kept.id, young.id} <= rows
    assert not {left.id, half.id} & rows
    assert await files(archive.blobs, left.id) == await files(archive.blobs, half.id) == set()
    assert await files(archive.blobs, kept.id) == {ORIGINAL, SERVED, THUMBNAIL}


async def test_there_is_an_hour_between_the_last_naming_and_the_sweep(archive: Archive, pool: Pool) -> None:
    assert timedelta(hours=1) <= KEPT - LINKABLE
    upload = await sent(archive, an_amr())
    await aged(pool, upload.id, LINKABLE + timedelta(minutes=30))
    await sweep_unnamed(archive)
    assert await own(archive, upload.id, upload.client) is not None


async def test_a_sweep_that_dies_leaves_files_that_the_next_one_finds(archive: Archive, pool: Pool) -> None:
    upload = await sent(archive, a_photo())
    await aged(pool, upload.id, LATER)
    with pytest.raises(Killed):
        await sweep_unnamed(replace(archive, blobs=Mortal(archive.blobs, 0, after=False)))
    assert await files(archive.blobs, upload.id) == {ORIGINAL, SERVED, THUMBNAIL}
    assert await swept(archive, upload.id) >= 3
    assert await files(archive.blobs, upload.id) == set()


async def test_what_others_put_into_the_folder_is_left_alone(
    office: Office, darkroom: Darkroom, tmp_path: Path
) -> None:
    foreign = tmp_path / "0a" / "lost+found" / "x"
    await asyncio.to_thread(foreign.parent.mkdir, parents=True)
    await asyncio.to_thread(foreign.write_bytes, b"x")
    archive = Archive(office, Folder(tmp_path), darkroom, Quota(1, 1), Counts())
    assert await sweep_unknown(archive, "0a", datetime.now(UTC) + LATER) == 0
    assert foreign.exists()


async def test_the_tidying_runs_beside_the_sweep(archive: Archive, pool: Pool) -> None:
    upload = await sent(archive, an_amr())
    await aged(pool, upload.id, LATER)
    tidying = asyncio.create_task(tidy(archive))
    try:
        async with asyncio.timeout(30):
            while await pool.fetchval("SELECT count(*) FROM attachments WHERE id = $1", upload.id):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    finally:
        tidying.cancel()


async def test_a_report_and_its_attachments_are_one_commit(archive: Archive, office: Office, pool: Pool) -> None:
    """A report that names what is not there is not let in at all; its neighbours in the batch have their links."""
    upload = await sent(archive, an_amr())
    report = naming(upload)
    await accepted(office, report)
    assert (
        await pool.fetchval("SELECT report_id FROM attachment_links WHERE attachment_id = $1", upload.id) == report.id
    )
    ghost = replace(a_call(), extra={"attachments": str(new_id())})
    with pytest.raises(Exception, match="attachment_links"):
        await accepted(office, ghost)
    assert await pool.fetchval("SELECT count(*) FROM reports WHERE id = $1", ghost.id) == 0
