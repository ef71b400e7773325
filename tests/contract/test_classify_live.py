"""The text model in the office: taken up without a restart, a faulty one left alone, decisions of people given back."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from classify.model import Model
from classify.training import Example, fit
from domain.commands import Verb
from handlers.ports import Office
from runtime.citypack import Pack
from runtime.classify.command import export_texts
from runtime.classify.files import save_model
from runtime.classify.live import LiveClassifier
from store.pool import Pool
from store.training import training_texts
from tests.demo_city import DESK, LAMP, a_call, case_of, dispatched, done, filed, on_case, pack, to_the_end
from tests.letters import NOISE, ROADS, RUBBISH, letters

# the made-up matters as categories of the demo city
_MEANT = {ROADS: "06013", RUBBISH: "06010", NOISE: "06028"}
_TEXT = "新村厨余成堆，臭味难闻，苍蝇很多"


def _model(day: str) -> Model:
    return fit([Example(_MEANT[row.label], row.group, row.text, row.words) for row in letters()], day, day)


@pytest.fixture(scope="module")
def models() -> tuple[Model, Model]:
    """Two that differ in their day."""
    return _model("2026-07-01"), _model("2026-07-02")


class Hours:
    """A clock that is turned by hand: only the first look at the file and those asked for happen."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _until(asked: Callable[[], bool]) -> bool:
    """Whether it comes true within half a minute."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if asked():
            return True
        time.sleep(0.02)
    return False


class Worker:
    """A worker's classifier on a file, asked again and again."""

    def __init__(self, city: Pack, file: Path) -> None:
        self.hours = Hours()
        self._what = LiveClassifier(city, file, self.hours)

    def by(self) -> str:
        """Which model judges now."""
        self.hours.now += 10
        (found,) = self._what.classify_many([a_call(category=None, text=_TEXT)])
        return found.model

    def judges(self, model: Model) -> bool:
        """Whether it is this one."""
        return self.by() == model.header.id


def test_a_new_model_is_taken_up_and_says_who_it_is(tmp_path: Path, models: tuple[Model, Model]) -> None:
    file = tmp_path / "model.npz"
    worker = Worker(pack(), file)
    assert worker.by() == "", "without a file the rules judge alone"
    for model in (*models, models[0]):
        save_model(model, file)
        assert _until(partial(worker.judges, model))


def test_a_model_that_is_there_at_the_start_judges_the_first_report(
    tmp_path: Path, models: tuple[Model, Model]
) -> None:
    save_model(models[0], tmp_path / "model.npz")
    assert Worker(pack(), tmp_path / "model.npz").by() == models[0].header.id


def test_a_faulty_file_leaves_the_model_before_at_work(tmp_path: Path, models: tuple[Model, Model]) -> None:
    file = tmp_path / "model.npz"
    save_model(models[0], file)
    worker = Worker(pack(), file)
    first = worker.by()
    file.write_bytes(b"PK\x03\x04 torn")
    assert [worker.by() for _ in range(5)] == [first] * 5
    save_model(models[1], file)
    assert _until(lambda: worker.by() == models[1].header.id)


def test_a_model_that_is_taken_away_leaves_the_rules(tmp_path: Path, models: tuple[Model, Model]) -> None:
    file = tmp_path / "model.npz"
    save_model(models[0], file)
    worker = Worker(pack(), file)
    assert worker.by()
    file.unlink()
    assert _until(lambda: worker.by() == "")


def test_between_two_looks_the_file_is_not_asked(tmp_path: Path, models: tuple[Model, Model]) -> None:
    file = tmp_path / "model.npz"
    worker = Worker(pack(), file)
    assert worker.by() == ""
    save_model(models[0], file)
    worker.hours.now -= 10
    assert worker.by() == ""


# --- People's decisions become training data


async def _exported(pool: Pool, since: datetime = datetime(2000, 1, 1, tzinfo=UTC)) -> dict[str, str]:
    return {str(one.report): one.category async for one in training_texts(pool, since)}


async def test_what_the_desk_files_and_what_was_closed_is_training_data(office: Office, pool: Pool) -> None:
    unclear = a_call(category=None, text="听不清楚，好像是灯")
    (at_desk,) = await filed(office, unclear)
    by_machine = a_call(1)
    await filed(office, by_machine)
    closed = a_call(2)
    (ended,) = await dispatched(office, closed)
    await to_the_end(office, ended)
    assert str(closed.id) in await _exported(pool)
    assert not {str(unclear.id), str(by_machine.id)} & (await _exported(pool)).keys()
    case = await case_of(office, at_desk)
    category = office.advisers.catalogue.find(LAMP)
    await done(office, on_case(case, Verb.FILE, DESK, category=category, place=case.place))
    assert (await _exported(pool))[str(unclear.id)] == category.key
    assert str(unclear.id) not in await _exported(pool, datetime.now(UTC) + timedelta(hours=1))


async def test_the_file_has_no_numbers_of_people_and_holds_a_case_together(
    office: Office, pool: Pool, fresh_dsn: str, tmp_path: Path
) -> None:
    told = a_call(4, text="路灯不亮，请回电13812345678")
    (ended,) = await dispatched(office, told)
    await to_the_end(office, ended)
    count = await export_texts(fresh_dsn, tmp_path / "texts.jsonl", datetime(2000, 1, 1, tzinfo=UTC))
    rows = [json.loads(line) for line in (tmp_path / "texts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == count
    (mine,) = [row for row in rows if row["group"] == str(ended)]
    assert mine["text"] == "路灯不亮，请回电[电话]"
    assert mine["label"].startswith("gbt")
