"""The examples of docs/atlas.md run as they stand, and its tables name what the code says."""

import re
from pathlib import Path

import pytest

from domain.place import Doubt
from runtime.map_remedies import MAP

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "atlas.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(number: int) -> None:
    exec(compile(EXAMPLES[number], f"atlas.md, example {number + 1}", "exec"), {})  # noqa: S102 - our own page


def test_every_example_asserts_something() -> None:
    assert len(EXAMPLES) >= 2
    assert all("assert " in example for example in EXAMPLES)


def test_the_tables_are_complete() -> None:
    drawing = PAGE.partition("## Whether a drawing fits")[2].partition("\n## ")[0]
    told = set(re.findall(r"`([a-z]+-[a-z]+)`", "".join(re.findall(r"^\| (`.+?) \|", drawing, re.MULTILINE))))
    of_drawings = {code for code in MAP if not code.startswith(("responsibility", "person", "parent"))}
    assert told == of_drawings | {"invalid-ring"}
    answers = PAGE.partition("## What the map answers")[2].partition("\n## ")[0]
    assert set(re.findall(r"\| `(\w+)` \|", answers)) == {*Doubt} - {Doubt.NOWHERE}
