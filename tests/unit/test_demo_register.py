"""The demo city's register: exactly what its script writes, and every row of it comes in without a remark."""

import csv
import io
import runpy
from pathlib import Path

from domain.asset import ComponentCode
from runtime.assets.load import Nowhere
from tests.assets import brought, remarks
from tests.demo_city import pack

DEMO = Path(__file__).resolve().parents[2] / "deploy/citypacks/demo"
TEXT = (DEMO / "register" / "assets.csv").read_text(encoding="utf-8")


def test_the_register_is_what_the_script_writes() -> None:
    assert runpy.run_path(str(DEMO / "make_register.py"))["table"]() == TEXT


async def test_every_component_comes_in_and_needs_no_second_look(tmp_path: Path) -> None:
    copy = tmp_path / "assets.csv"
    copy.write_text(TEXT, encoding="utf-8")
    tally = await brought(Nowhere(), copy)
    assert (tally.rows, tally.refused, tally.repeated, tally.noted) == (tally.taken, 0, 0, 0)
    assert 200 <= tally.rows <= 600
    assert remarks(copy) == []


def test_a_component_is_named_as_its_class_is() -> None:
    catalogue = pack().catalogue
    for row in csv.DictReader(io.StringIO(TEXT)):
        event = ComponentCode.parse(row["GLBJBSM"]).event(catalogue)
        assert catalogue.categories[f"{catalogue.current}:component:{event.component}"].name == row["GLBJMC"]
