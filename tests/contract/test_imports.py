"""Tables handed in whole, on a real database: every row once, whoever dies, in whatever order and however often."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest

from domain.errors import Invalid, Refused
from domain.table_import import MAX_UNFINISHED, Import, ImportMode, ImportState, TableKind, TableOrder
from handlers.attach import Archive, Quota
from handlers.darkroom import Darkroom
from handlers.import_work import forget_old, work_once
from handlers.imports import Delivery, ImportDesk, JudgedRow, cancel, hand_in, table_key
from handlers.ports import Blobs, Office
from handlers.tidy import sweep_unknown
from runtime.importing.headers import default_mapping
from runtime.importing.rows import RowFile
from runtime.importing.tables import CityTables
from runtime.importing.tickets import RowReader, Ticket
from store.folder import Folder
from store.pool import Pool
from store.views import Views
from streams.intake import accept, report_parser
from streams.raw import Raw
from streams.topics import HOTLINE
from tests.demo_city import pack
from tests.vectors.files import ENGLISH, row, table

ME = "hotline-12345"
ROWS = 120


class Breaking(CityTables):
    """Tables that stop at a row of the n-th opening: whoever reads it there is as good as dead."""

    def __init__(self, at: int, error: BaseException) -> None:
        super().__init__(pack(), {})
        self._at = at
        self._error: BaseException | None = error

    @contextmanager
    def judged(self, file: Path, order: TableOrder) -> Iterator[Iterator[JudgedRow]]:
        with super().judged(file, order) as rows:
            yield self._until(rows)

    def _until(self, rows: Iterator[JudgedRow]) -> Iterator[JudgedRow]:
        for number, each in enumerate(rows):
            if number == self._at and self._error is not None:
                error, self._error = self._error, None
                raise error
            yield each


class Counting(Counter[str]):
    def __call__(self, what: str, number: int) -> None:
        self[what] += number


@pytest.fixture
async def desk(office: Office, pool: Pool, tmp_path: Path) -> ImportDesk:
    """A desk with an empty in-tray, small batches, and no patience with the silent."""
    await pool.execute("DELETE FROM imports")
    tables = CityTables(pack(), {})
    return ImportDesk(office, Folder(tmp_path / "files"), tables, Counting(), {}, timedelta(0), 7)


@pytest.fixture
def source() -> str:
    return f"s-{uuid4().hex[:10]}"


def rows_of(number: int, first: int = 0) -> list[tuple[str, ...]]:
    return [row(ticket_no=f"T-{n}", text=f"井盖缺失，第{n}处") for n in range(first, first + number)]


async def handed(
    desk: ImportDesk, tmp_path: Path, source: str, content: bytes, key: str | None = None, **how: object
) -> Import:
    path = tmp_path / uuid4().hex
    path.write_bytes(content)
    order = replace(TableOrder(TableKind.CSV, source), **how)
    sent = Delivery(ME, key or uuid4().hex, order, path, sha256(content).digest())
    job, _ = await hand_in(desk, sent)
    return job


async def ended(desk: ImportDesk, pool: Pool, job: Import) -> Import:
    """The import, once there is nothing left to do."""
    while await work_once(desk):
        pass
    found = await Views(pool).imports.one(job.id, ME)
    assert found is not None
    return found


async def imported(desk: ImportDesk, pool: Pool, tmp_path: Path, source: str, content: bytes, **how: object) -> Import:
    return await ended(desk, pool, await handed(desk, tmp_path, source, content, **how))


async def inside(pool: Pool, source: str) -> list[str]:
    """The numbers of the source's reports, each with its «accepted» event."""
    found = await pool.fetch(
        "SELECT r.origin_key, count(e.subject) AS told FROM reports r LEFT JOIN events e ON e.subject = r.id "
        "WHERE r.origin = $1 GROUP BY r.id ORDER BY r.origin_key",
        f"hotline:{source}",
    )
    assert all(each["told"] == 1 for each in found)
    return [each["origin_key"] for each in found]


async def remarks(pool: Pool, job: Import) -> list[tuple[int, str, str, str]]:
    found, _ = await Views(pool).imports.remarks(job.id, None, 10_000)
    return [(each.line, each.outcome, each.fault.pointer, each.fault.code) for each in found]


def sums(job: Import) -> tuple[int, int, int, int]:
    return job.read, job.accepted, job.repeated, job.refused


# --- Rows come in


async def test_good_rows_come_in_and_the_others_are_listed(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    bad = [row(ticket_no="B-1", occurred_at="昨天", lon="?"), row(ticket_no="", text="x")]
    job = await imported(desk, pool, tmp_path, source, table(*rows_of(20), *bad))
    assert (job.state, job.rows, job.percentage, job.failure) == (ImportState.DONE, 22, 100, "")
    assert sums(job) == (22, 20, 0, 2)
    assert await inside(pool, source) == sorted(f"T-{n}" for n in range(20))
    assert await remarks(pool, job) == [
        (22, "refused", "事发时间", "timestamp-malformed"),
        (22, "refused", "经度", "number-invalid"),
        (23, "refused", "工单号", "key-empty"),
    ]
    assert desk.count == {"rows_accepted": 20, "rows_refused": 2, "done": 1}  # type: ignore[comparison-overlap]
    with pytest.raises(FileNotFoundError):
        _ = [chunk async for chunk in desk.blobs.read(table_key(job.id), 0, 1)]


async def test_the_same_rows_in_any_order_change_nothing(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    rows = rows_of(30)
    await imported(desk, pool, tmp_path, source, table(*rows))
    again = await imported(desk, pool, tmp_path, source, table(*rows[::-1], *rows_of(2, 30), *rows[:3]))
    assert sums(again) == (35, 2, 33, 0)
    assert {outcome for _, outcome, _, _ in await remarks(pool, again)} == {"repeated"}
    assert len(await inside(pool, source)) == 32


async def test_a_number_with_another_content_is_refused(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    await imported(desk, pool, tmp_path, source, table(*rows_of(3)))
    changed = [row(ticket_no="T-1", text="路灯不亮"), row(ticket_no="N-1", text="甲"), row(ticket_no="N-1", text="乙")]
    job = await imported(desk, pool, tmp_path, source, table(*changed))
    assert sums(job) == (3, 1, 0, 2)
    assert [(line, code) for line, _, _, code in await remarks(pool, job)] == [
        (2, "idempotency-key-reused"), (4, "idempotency-key-reused")
    ]  # fmt: skip


async def test_what_came_by_kafka_is_known(desk: ImportDesk, pool: Pool, tmp_path: Path, source: str) -> None:
    """The same row through the hotline's topic and in a table is one report, whichever came first."""
    content = table(*rows_of(10))
    path = tmp_path / "t"
    path.write_bytes(content)
    with RowFile(path) as opened:
        mapping = default_mapping(opened.header, source, pack().policy.calendar.zone, None)
        tickets = [RowReader(mapping, opened.header).judged(each) for each in opened]
    values = [ticket.value for ticket in tickets if isinstance(ticket, Ticket)]
    parse = report_parser(desk.office, HOTLINE)
    headers = (("schema", HOTLINE.contract.encode()),)
    by_kafka = [
        parse(Raw(HOTLINE.name, 0, n, None, headers, value, 1_780_000_000_000))[0] for n, value in enumerate(values[:6])
    ]
    await accept(desk.office, by_kafka)
    job = await imported(desk, pool, tmp_path, source, content)
    assert sums(job) == (10, 4, 6, 0)
    ndjson = await imported(desk, pool, tmp_path, source, b"\n".join(values), kind=TableKind.TICKETS)
    assert sums(ndjson) == (10, 0, 10, 0)
    assert len(await inside(pool, source)) == 10


# --- Somebody dies


@pytest.mark.parametrize("at", [1, 3, 60, 111, ROWS - 1])
async def test_whoever_takes_over_goes_on_at_the_very_row(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str, at: int
) -> None:
    bad = row(ticket_no="B", text="")
    rows = rows_of(ROWS - 1)
    job = await handed(desk, tmp_path, source, table(*rows[:50], bad, *rows[50:]))
    dying = replace(desk, tables=Breaking(at, asyncio.CancelledError()))
    with suppress(asyncio.CancelledError):
        await work_once(dying)
    left = await Views(pool).imports.one(job.id, ME)
    assert left is not None
    assert (left.state, left.read) == (ImportState.RUNNING, at // 7 * 7)
    assert len(await inside(pool, source)) == left.accepted
    done = await ended(desk, pool, job)
    assert (done.state, done.attempt) == (ImportState.DONE, 2)
    assert sums(done) == (ROWS, ROWS - 1, 0, 1)
    assert await remarks(pool, done) == [(52, "refused", "诉求内容", "text-empty")]
    assert len(await inside(pool, source)) == ROWS - 1


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.05, 0.1, 0.2])
async def test_a_worker_cancelled_anywhere_leaves_nothing_half_done(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str, seconds: float
) -> None:
    job = await handed(desk, tmp_path, source, table(*rows_of(ROWS)))
    worker = asyncio.create_task(work_once(desk))
    await asyncio.sleep(seconds)
    worker.cancel()
    with suppress(asyncio.CancelledError):
        await worker
    done = await ended(desk, pool, job)
    assert sums(done) == (ROWS, ROWS, 0, 0)
    assert len(await inside(pool, source)) == ROWS


async def test_many_workers_at_once_do_each_row_once(desk: ImportDesk, pool: Pool, tmp_path: Path, source: str) -> None:
    """Without any lease everybody takes over from everybody: only one at a time gets a batch in."""
    jobs = [await handed(desk, tmp_path, source, table(*rows_of(40, 40 * n))) for n in range(3)]
    await asyncio.gather(*(work_once(desk) for _ in range(6)))
    for job in jobs:
        done = await ended(desk, pool, job)
        assert (done.state, sums(done)) == (ImportState.DONE, (40, 40, 0, 0))
    assert len(await inside(pool, source)) == 120


async def test_a_lease_keeps_others_away(desk: ImportDesk, pool: Pool, tmp_path: Path, source: str) -> None:
    patient = replace(desk, lease=timedelta(minutes=1))
    await handed(desk, tmp_path, source, table(*rows_of(3)))
    with suppress(asyncio.CancelledError):
        await work_once(replace(patient, tables=Breaking(1, asyncio.CancelledError())))
    assert not await work_once(patient)
    await pool.execute("UPDATE imports SET leased_to = now() - interval '1 second'")
    assert await work_once(patient)


async def test_a_table_that_kills_its_workers_is_given_up(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    job = await handed(desk, tmp_path, source, table(*rows_of(3)))
    for _ in range(5):
        with suppress(asyncio.CancelledError):
            await work_once(replace(desk, tables=Breaking(0, asyncio.CancelledError())))
    done = await ended(desk, pool, job)
    assert (done.state, done.failure, await inside(pool, source)) == (ImportState.REFUSED, "import-given-up", [])


async def test_a_fault_of_ours_ends_one_import_and_no_other(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken = await handed(desk, tmp_path, source, table(*rows_of(3)))
    well = await handed(desk, tmp_path, source, table(*rows_of(3, 3)))
    await work_once(replace(desk, tables=Breaking(0, RuntimeError("a fault of ours"))))
    assert (await ended(desk, pool, well)).state is ImportState.DONE
    found = await Views(pool).imports.one(broken.id, ME)
    assert found is not None
    assert (found.state, found.failure) == (ImportState.REFUSED, "internal")
    assert "an import fails" in caplog.text


async def test_a_file_that_is_gone_is_told(desk: ImportDesk, pool: Pool, tmp_path: Path, source: str) -> None:
    job = await handed(desk, tmp_path, source, table(*rows_of(3)))
    await desk.blobs.drop([table_key(job.id)])
    done = await ended(desk, pool, job)
    assert (done.state, done.failure) == (ImportState.REFUSED, "import-file-lost")


# --- All or nothing, and trials


WHOLE = {"mode": ImportMode.ALL_OR_NOTHING}


async def test_a_single_bad_row_keeps_all_out(desk: ImportDesk, pool: Pool, tmp_path: Path, source: str) -> None:
    rows = rows_of(30)
    job = await imported(desk, pool, tmp_path, source, table(*rows, row(ticket_no="B", text="")), **WHOLE)
    assert (job.state, job.failure) == (ImportState.REFUSED, "rows-refused")
    assert sums(job) == (31, 0, 0, 1)
    assert await inside(pool, source) == []
    assert [(line, code) for line, _, _, code in await remarks(pool, job)] == [(32, "text-empty")]
    mended = await imported(desk, pool, tmp_path, source, table(*rows), **WHOLE)
    assert (mended.state, sums(mended)) == (ImportState.DONE, (30, 30, 0, 0))
    again = await imported(desk, pool, tmp_path, source, table(*rows, *rows_of(1, 30)), **WHOLE)
    assert sums(again) == (31, 1, 30, 0)
    assert len(await inside(pool, source)) == 31


async def test_a_number_used_twice_keeps_all_out(desk: ImportDesk, pool: Pool, tmp_path: Path, source: str) -> None:
    rows = [*rows_of(3), row(ticket_no="T-1", text="路灯不亮")]
    job = await imported(desk, pool, tmp_path, source, table(*rows), **WHOLE)
    assert (job.state, sums(job), await inside(pool, source)) == (ImportState.REFUSED, (4, 0, 0, 1), [])


@pytest.mark.parametrize("at", [ROWS + 1, ROWS + 40, 2 * ROWS - 1])
async def test_whoever_dies_while_all_comes_in_has_brought_nothing_in(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str, at: int
) -> None:
    class DyingAtTheEnd(Breaking):
        seen = 0

        def _until(self, rows: Iterator[JudgedRow]) -> Iterator[JudgedRow]:
            for each in rows:
                self.seen += 1
                if self.seen == at:
                    raise asyncio.CancelledError
                yield each

    job = await handed(desk, tmp_path, source, table(*rows_of(ROWS)), **WHOLE)
    with suppress(asyncio.CancelledError):
        await work_once(replace(desk, tables=DyingAtTheEnd(-1, asyncio.CancelledError())))
    assert await inside(pool, source) == []
    done = await ended(desk, pool, job)
    assert (done.state, sums(done)) == (ImportState.DONE, (ROWS, ROWS, 0, 0))
    assert len(await inside(pool, source)) == ROWS


async def test_somebody_who_uses_a_number_in_between_keeps_all_out(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    """The rows were judged well; before they come in, another report takes one of their numbers."""
    job = await handed(desk, tmp_path, source, table(*rows_of(20)), **WHOLE)
    other = await handed(desk, tmp_path, source, table(row(ticket_no="T-15", text="路灯不亮")))
    loop = asyncio.get_running_loop()
    quick = replace(desk, lease=timedelta(minutes=1))

    class Overtaken(CityTables):
        times = 0

        @contextmanager
        def judged(self, file: Path, order: TableOrder) -> Iterator[Iterator[JudgedRow]]:
            self.times += 1
            if self.times == 2:
                asyncio.run_coroutine_threadsafe(work_once(quick), loop).result(30)
            with super().judged(file, order) as rows:
                yield rows

    await work_once(replace(quick, tables=Overtaken(pack(), {})))
    taken, kept_out = await ended(quick, pool, other), await ended(quick, pool, job)
    assert taken.state is ImportState.DONE
    assert (kept_out.state, kept_out.failure) == (ImportState.REFUSED, "rows-refused")
    assert [(line, code) for line, _, _, code in await remarks(pool, kept_out)] == [(17, "idempotency-key-reused")]
    assert await inside(pool, source) == ["T-15"]


@pytest.mark.parametrize("mode", [*ImportMode])
async def test_a_trial_foresees_everything_and_writes_no_report(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str, mode: ImportMode
) -> None:
    await imported(desk, pool, tmp_path, source, table(*rows_of(5)))
    changed = row(ticket_no="T-2", text="路灯不亮")
    rows = [*rows_of(2), changed, *rows_of(10, 5), *rows_of(1, 5), row(ticket_no="B", text="")]
    before = await pool.fetchval("SELECT count(*) FROM reports"), await pool.fetchval("SELECT count(*) FROM events")
    trial = await imported(desk, pool, tmp_path, source, table(*rows), dry_run=True)
    assert (trial.state, sums(trial)) == (ImportState.DONE, (15, 10, 3, 2))
    assert before == (
        await pool.fetchval("SELECT count(*) FROM reports"), await pool.fetchval("SELECT count(*) FROM events")
    )  # fmt: skip
    real = await imported(desk, pool, tmp_path, source, table(*rows))
    assert sums(real) == sums(trial)
    assert await remarks(pool, real) == await remarks(pool, trial)


# --- Handing in, cancelling, forgetting


async def test_the_same_request_again_finds_the_first(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    content, key = table(*rows_of(3)), uuid4().hex
    first = await handed(desk, tmp_path, source, content, key)
    assert (await handed(desk, tmp_path, source, content, key)).id == first.id
    both = await asyncio.gather(*(handed(desk, tmp_path, source, content, "twice at once") for _ in range(4)))
    assert len({job.id for job in both}) == 1
    files = [name for one in {first.id: first, both[0].id: both[0]}.values() for name in await names(desk.blobs, one)]
    assert files == [table_key(first.id), table_key(both[0].id)], "a file nobody needs"
    for other in (table(*rows_of(4)), content):
        with pytest.raises(Refused, match="idempotency-key-reused"):
            await handed(desk, tmp_path, source, other, key, dry_run=True)


async def test_what_keeps_a_whole_file_out_is_told_at_once(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    with pytest.raises(Invalid, match="csv-header"):
        await handed(desk, tmp_path, source, table(row()[1:], header=ENGLISH[1:]))
    assert await pool.fetchval("SELECT count(*) FROM imports") == 0


async def test_a_client_may_not_fill_the_tray(desk: ImportDesk, tmp_path: Path, source: str) -> None:
    jobs = [await handed(desk, tmp_path, source, table(*rows_of(1))) for _ in range(MAX_UNFINISHED)]
    with pytest.raises(Refused, match="import-quota"):
        await handed(desk, tmp_path, source, table(*rows_of(1)))
    await cancel(desk, jobs[0].id, ME)
    await handed(desk, tmp_path, source, table(*rows_of(1)))


async def test_an_import_is_cancelled_and_what_came_in_stays(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    waiting = await handed(desk, tmp_path, source, table(*rows_of(3, 500)))
    assert (await cancel(desk, waiting.id, ME)).state is ImportState.CANCELLED
    job = await handed(desk, tmp_path, source, table(*rows_of(ROWS)))
    with suppress(asyncio.CancelledError):
        await work_once(replace(desk, tables=Breaking(30, asyncio.CancelledError())))
    stopped = await cancel(desk, job.id, ME)
    assert (await cancel(desk, job.id, ME)).state is ImportState.CANCELLED
    assert not await work_once(desk)
    assert (stopped.state, sums(stopped)) == (ImportState.CANCELLED, (28, 28, 0, 0))
    assert stopped.percentage < 100
    assert len(await inside(pool, source)) == 28


async def test_whoever_works_on_a_cancelled_import_stops(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    job = await handed(desk, tmp_path, source, table(*rows_of(ROWS)))
    loop = asyncio.get_running_loop()

    class Stopped(CityTables):
        @contextmanager
        def judged(self, file: Path, order: TableOrder) -> Iterator[Iterator[JudgedRow]]:
            def rows() -> Iterator[JudgedRow]:
                for number, each in enumerate(found):
                    if number == 50:
                        asyncio.run_coroutine_threadsafe(cancel(desk, job.id, ME), loop).result(30)
                    yield each

            with super().judged(file, order) as found:
                yield rows()

    assert await work_once(replace(desk, tables=Stopped(pack(), {})))
    found = await Views(pool).imports.one(job.id, ME)
    assert found is not None
    assert (found.state, sums(found)) == (ImportState.CANCELLED, (49, 49, 0, 0))
    assert len(await inside(pool, source)) == 49


async def test_an_ended_import_cannot_be_cancelled_and_others_have_none(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    job = await imported(desk, pool, tmp_path, source, table(*rows_of(1)))
    with pytest.raises(Refused, match="import-ended"):
        await cancel(desk, job.id, ME)
    for ask in (cancel(desk, job.id, "admin-1"),):
        with pytest.raises(Refused, match="not-found"):
            await ask
    assert await Views(pool).imports.one(job.id, "admin-1") is None


async def test_a_file_that_waits_long_is_not_swept(desk: ImportDesk, pool: Pool, tmp_path: Path, source: str) -> None:
    job = await handed(desk, tmp_path, source, table(*rows_of(3)))
    gone = await handed(desk, tmp_path, source, table(*rows_of(3)))
    await pool.execute("UPDATE imports SET state = 'cancelled', ended_at = now() WHERE id = $1", gone.id)
    darkroom = Darkroom()
    archive = Archive(desk.office, desk.blobs, darkroom, Quota(1, 1), Counting())
    later = datetime.now(UTC) + timedelta(days=3)
    for shard in {str(one.id)[-2:] for one in (job, gone)}:
        await sweep_unknown(archive, shard, later)
    darkroom.close()
    assert await names(desk.blobs, job) == [table_key(job.id)]
    assert await names(desk.blobs, gone) == []
    assert (await ended(desk, pool, job)).state is ImportState.DONE


async def names(blobs: Blobs, job: Import) -> list[str]:
    return [name async for name, _ in blobs.listed(str(job.id)[-2:]) if str(job.id) in name]


async def test_old_imports_are_forgotten_and_their_reports_stay(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    job = await imported(desk, pool, tmp_path, source, table(*rows_of(3), row(text="")))
    waiting = await handed(desk, tmp_path, source, table(*rows_of(3)))
    assert await forget_old(desk) == 0
    await pool.execute("UPDATE imports SET ended_at = now() - interval '91 days' WHERE ended_at IS NOT NULL")
    assert await forget_old(desk) == 1
    views = Views(pool).imports
    assert await views.one(job.id, ME) is None
    assert await views.one(waiting.id, ME) is not None
    assert len(await inside(pool, source)) == 3


def order_of(found: Sequence[Import], key: Callable[[Import], object]) -> list[object]:
    return [key(one) for one in found]


async def test_the_newest_import_stands_first_in_the_list(
    desk: ImportDesk, pool: Pool, tmp_path: Path, source: str
) -> None:
    jobs = [await handed(desk, tmp_path, source, table(*rows_of(1))) for _ in range(5)]
    views, found, before = Views(pool).imports, [], None
    while page := await views.page(ME, before, 2):
        found += page
        before = page[-1].created_at, page[-1].id
    assert order_of(found, lambda one: one.id) == order_of(jobs[::-1], lambda one: one.id)
    assert await views.page("admin-1", None, 10) == []
