"""The register in the database: loaded, loaded again, loaded in pieces; nothing doubled, nothing put back in time."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from domain.errors import Invalid, Unavailable
from domain.place import Crs
from runtime.assets import load as loader
from store.asset_load import AssetLoad, AssetRow, Fates, loading
from store.assets import Assets
from store.pool import Pool
from store.queries import sql
from store.views import AssetViews
from tests.assets import a_code, a_component, brought, filled, remarks
from tests.demo_city import grid, spot


@pytest.fixture
async def register(fresh_dsn: str, pool: Pool) -> AsyncIterator[AssetLoad]:
    """An empty register, for one load."""
    await pool.execute("TRUNCATE assets")
    async with loading(fresh_dsn) as one:
        yield one


def fates(found: loader.LoadTally) -> tuple[int, int, int, int]:
    return found.fates.added, found.fates.changed, found.fates.unchanged, found.fates.older


async def names(pool: Pool) -> dict[str, str]:
    return {row["code"]: row["name"] for row in await pool.fetch("SELECT code, name FROM assets")}


async def test_what_the_table_says_can_be_read_back(register: AssetLoad, pool: Pool, tmp_path: Path) -> None:
    told = {**a_component(7, n=5, BGRQ="2025-03-04", BZ="靠路口", SZDYWGBSM=grid(6)), "材质": "铸铁"}
    await brought(register, tmp_path / "t.csv", told)
    one = await AssetViews(pool).one(a_code(7))
    assert one is not None
    assert (one.code, one.name, one.state, one.category) == (
        a_code(7), "污水井盖", "intact", "gbt47678.5-2026:event:01002"
    )  # fmt: skip
    assert (one.authority.name, one.owner.code, one.maintainer.name) == (
        told["ZGBMMC"], told["QSDWDM"], told["YHDWMC"]
    )  # fmt: skip
    assert (one.grid, one.grid_by_point, one.area[-1]) == (grid(6), grid(5), grid(6))
    assert one.point == spot(5)
    assert (one.first_on, one.changed_on, one.note) == (date(2024, 6, 1), date(2025, 3, 4), "靠路口")
    assert one.more == {"材质": "铸铁"}
    assert remarks(tmp_path / "t.csv") == [["2", "noted", "SZDYWGBSM", "grid-mismatch"]]


async def test_loading_again_writes_nothing(register: AssetLoad, pool: Pool, tmp_path: Path) -> None:
    table = [a_component(number, n=number, CHANGED="x") for number in range(50)]
    assert fates(await brought(register, tmp_path / "t.csv", *table)) == (50, 0, 0, 0)
    before = await pool.fetch("SELECT code, xmin, ctid FROM assets ORDER BY code")
    assert fates(await brought(register, tmp_path / "t.csv")) == (0, 0, 50, 0)
    assert await pool.fetch("SELECT code, xmin, ctid FROM assets ORDER BY code") == before


async def test_the_later_date_wins_in_whatever_order_files_come(
    register: AssetLoad, pool: Pool, tmp_path: Path
) -> None:
    census = a_component(1, GLBJMC="census")
    change = a_component(1, GLBJMC="change", BGRQ="20250101")
    later = a_component(1, GLBJMC="later", BGRQ="20260101")
    for order in ((census, change, later), (later, census, change), (change, later, census)):
        await pool.execute("TRUNCATE assets")
        for row in order:
            await brought(register, tmp_path / "t.csv", row)
        assert await names(pool) == {a_code(1): "later"}
    tally = await brought(register, tmp_path / "t.csv", census, a_component(2))
    assert fates(tally) == (1, 0, 0, 1)


async def test_a_change_date_is_kept_where_a_later_table_says_none(
    register: AssetLoad, pool: Pool, tmp_path: Path
) -> None:
    await brought(register, tmp_path / "t.csv", a_component(1, BGRQ="20250101"))
    tally = await brought(register, tmp_path / "t.csv", a_component(1, CSRQ="20260101", GLBJZT="破损"))
    assert fates(tally) == (0, 1, 0, 0)
    row = await pool.fetchrow("SELECT state, first_on, changed_on FROM assets")
    assert row is not None
    assert tuple(row) == ("damaged", date(2026, 1, 1), date(2025, 1, 1))


async def test_what_is_refused_is_listed_and_the_rest_comes_in(register: AssetLoad, pool: Pool, tmp_path: Path) -> None:
    rows = [a_component(1), a_component(2, GLBJZT="?"), a_component(3, GLBJBSM="1"), a_component(4, CSRQ="")]
    tally = await brought(register, tmp_path / "t.csv", *rows)
    assert (tally.rows, tally.refused, fates(tally)) == (4, 3, (1, 0, 0, 0))
    assert await names(pool) == {a_code(1): "污水井盖"}
    assert remarks(tmp_path / "t.csv") == [
        ["3", "refused", "GLBJZT", "word-unknown"],
        ["4", "refused", "GLBJBSM", "component-code-invalid"],
        ["5", "refused", "CSRQ", "cell-empty"],
    ]


async def test_many_batches_are_one_table(
    register: AssetLoad, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "BATCH", 7)
    rows = [a_component(number, n=number % 40) for number in range(40)] + [a_component(0, n=0, GLBJMC="again")]
    tally = await brought(register, tmp_path / "t.csv", *rows)
    assert (tally.rows, fates(tally)) == (41, (40, 1, 0, 0))
    assert (await names(pool))[a_code(0)] == "again"
    assert await pool.fetchval("SELECT count(*) FROM assets_staged") <= 7, "what is staged is one batch"


class Torn:
    """A register whose connection breaks after some batches."""

    def __init__(self, register: AssetLoad, batches: int) -> None:
        self._register = register
        self._left = batches

    async def bring(self, rows: Sequence[AssetRow]) -> Fates:
        self._left -= 1
        if self._left < 0:
            raise Unavailable("database-unavailable", "数据库暂不可用")
        return await self._register.bring(rows)


async def test_a_load_that_broke_off_is_finished_by_giving_it_again(
    register: AssetLoad, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "BATCH", 10)
    rows = [a_component(number, n=number % 40) for number in range(50)]
    with pytest.raises(Unavailable):
        await brought(Torn(register, 3), tmp_path / "t.csv", *rows)
    assert len(await names(pool)) == 30
    assert fates(await brought(register, tmp_path / "t.csv")) == (20, 0, 30, 0)
    assert len(await names(pool)) == 50


async def test_together_means_at_once_or_not_at_all(
    register: AssetLoad, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "BATCH", 10)
    rows = [a_component(number, n=number % 40) for number in range(30)]

    async def changed_meanwhile() -> None:
        async with register.together():
            await brought(register, tmp_path / "t.csv", *rows)
            raise Invalid("file-changed", "文件在导入过程中被改动")

    with pytest.raises(Invalid, match="file-changed"):
        await changed_meanwhile()
    assert await names(pool) == {}
    async with register.together():
        await brought(register, tmp_path / "t.csv")
        assert await names(pool) == {}, "nobody sees half of it"
    assert len(await names(pool)) == 30


async def test_two_loads_do_not_mix(register: AssetLoad, fresh_dsn: str) -> None:
    with pytest.raises(Unavailable) as error:
        async with loading(fresh_dsn):
            pass
    assert error.value.code == "assets-load-running"


async def test_whoever_died_in_the_middle_keeps_nobody_out(fresh_dsn: str, pool: Pool, tmp_path: Path) -> None:
    """The right to load goes with the connection; what was staged is no part of the register."""
    await pool.execute("TRUNCATE assets")
    async with loading(fresh_dsn) as one:
        await brought(one, tmp_path / "t.csv", a_component(1))
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cityloop-assets' "
            "AND datname = current_database()"
        )
        with pytest.raises(Unavailable):
            await brought(one, tmp_path / "t.csv", a_component(2))
    async with asyncio.timeout(10):
        while True:
            try:
                async with loading(fresh_dsn) as another:
                    await brought(another, tmp_path / "t.csv", a_component(2))
                break
            except Unavailable:
                await asyncio.sleep(0.05)
    assert sorted(await names(pool)) == [a_code(1), a_code(2)]


async def test_the_register_holds_what_the_law_of_the_table_allows(pool: Pool, register: AssetLoad) -> None:
    columns = (
        "code, name, state, authority_code, authority_name, owner_code, owner_name, maintainer_code, "
        "maintainer_name, area, first_on, source, street_code, street_name, community_code, community_name, note, doc"
    )
    for code, name in (("123", "x"), (a_code(1), "")):
        with pytest.raises(asyncpg.CheckViolationError):
            await pool.execute(
                f"INSERT INTO assets ({columns}) VALUES ($1, $2, 'intact', '', '', '', '', '', '', '', now(), '', '', "  # noqa: S608
                "'', '', '', '', '{}')",
                code,
                name,
            )


@pytest.mark.parametrize("crs", [Crs.WGS84, Crs.GCJ02, Crs.BD09])
async def test_what_is_near_is_found_nearest_first(register: AssetLoad, pool: Pool, tmp_path: Path, crs: Crs) -> None:
    """Round about a point, over the borders of lattice cells; positions of other systems are converted first."""
    here = spot(20)
    steps = [(0.0, 0.0), (0.0003, 0.0), (0.0, -0.0004), (0.0007, 0.0007), (-0.0012, 0.0), (0.004, 0.0)]
    rows = [
        a_component(n, n=20, SZDYWGBSM=grid(20), 经度=str(here.lon + east), 纬度=str(here.lat + north))
        for n, (east, north) in enumerate(steps)
    ]
    await brought(register, tmp_path / "t.csv", *rows, crs=crs)
    views = AssetViews(pool)
    first = await views.one(a_code(0))
    assert first is not None
    assert first.point is not None
    assert (first.point == here) is (crs is Crs.WGS84)
    found = await views.near(first.point, 150.0, 10)
    assert [one.code for one, _ in found] == [a_code(n) for n in (0, 1, 2, 3, 4)]
    assert [round(metres) for _, metres in found[:2]] == [0, pytest.approx(29.5, abs=1)]
    assert [one.code for one, _ in await views.near(first.point, 150.0, 2)] == [a_code(0), a_code(1)]
    assert [one.code for one, _ in await views.near(first.point, 40.0, 10)] == [a_code(0), a_code(1)]


async def test_looking_near_reads_an_index_and_not_the_register(
    register: AssetLoad, pool: Pool, tmp_path: Path
) -> None:
    await brought(register, tmp_path / "t.csv", *(a_component(n, n=n) for n in range(300)))
    await pool.execute("ANALYZE assets")
    at = spot(3)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetch(
            "EXPLAIN " + sql("assets_near"), at.lon, at.lat, 113930, 113934, 27930, 27932, 100.0, 10
        )
    assert any("assets_near" in row[0] for row in plan), [row[0] for row in plan]


async def test_a_unit_of_work_asks_for_many_components_at_once(register: AssetLoad, pool: Pool, tmp_path: Path) -> None:
    await brought(register, tmp_path / "t.csv", *(a_component(n, n=n) for n in range(5)))
    async with pool.acquire() as connection:
        found = await Assets(connection).known([a_code(1), a_code(3), a_code(99)])
    assert sorted(found) == [a_code(1), a_code(3)]


async def test_a_file_that_is_cut_off_keeps_what_came_before(
    fresh_dsn: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "BATCH", 100)
    whole = filled(tmp_path / "t.csv", *(a_component(n, n=n % 40) for n in range(2000)))
    (tmp_path / "t.gz").write_bytes(gzip.compress(whole.read_bytes())[:-20])
    await pool.execute("TRUNCATE assets")
    async with loading(fresh_dsn) as register:
        with pytest.raises(Invalid, match="file-damaged"):
            await brought(register, tmp_path / "t.gz")
        assert 0 < len(await names(pool)) < 2000
        assert fates(await brought(register, whole))[0] > 0
    assert len(await names(pool)) == 2000
