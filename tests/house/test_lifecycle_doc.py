"""The published page of the law is the law: made from the table, complete, and nobody has edited it by hand."""

import re

import pytest

from domain.actor import Role
from domain.case import ENDED, Clock, State
from domain.clock import TimeUnit
from domain.deadlines import STAGE_OF
from domain.lifecycle import TABLE
from runtime import lifecycle_doc
from runtime.lifecycle_doc import BINDS, PAGE, SETS, STAYS, render

ROW = re.compile(r"^\| (.+?) \| `([\w-]+)` \| (.+?) \| (\S+) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
CODES = re.compile(r"`(\w+)`")


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run python -m runtime.lifecycle_doc"


@pytest.mark.parametrize(
    ("names", "members"),
    [
        (lifecycle_doc.STATES, State),
        (lifecycle_doc.ROLES, Role),
        (lifecycle_doc.CLOCKS, Clock),
        (lifecycle_doc.UNITS, TimeUnit),
    ],
    ids=["states", "roles", "clocks", "units"],
)
def test_everything_has_one_chinese_name(names: dict[str, str], members: type) -> None:
    assert list(names) == list(members)
    assert len(set(names.values())) == len(names)
    assert all(re.fullmatch(r"[\u4e00-\u9fff]+", name) for name in names.values())


def sources_of(cell: str) -> list[State | None]:
    named = {words: states for states, words in SETS.items()}
    if cell in named:
        return [state for state in State if state in named[cell]]
    return [None] if cell == "–" else [State(code) for code in CODES.findall(cell)]


def test_every_row_of_the_law_is_on_the_page_once() -> None:
    read = set()
    for sources, verb, target, says, who, guard, ground in ROW.findall(render()):
        for source in sources_of(sources):
            to = source if target == STAYS else CODES.findall(target)[0]
            row = (source, verb, to, says, tuple(CODES.findall(who)), guard, ground)
            assert row not in read
            read.add(row)
    assert read == {
        (r.source, r.verb, r.target, r.says, tuple(x for x in Role if x in r.actors), said(r), r.ground) for r in TABLE
    }


def said(row: lifecycle_doc.Transition) -> str:
    return row.guard.says if row.guard else "–"


def test_rows_that_differ_only_in_their_source_are_one_line() -> None:
    lines = [line[1:] for line in ROW.findall(render())]
    assert len(set(lines)) == len(lines) < len(TABLE) / 2


def test_the_picture_shows_every_state_and_every_move_and_no_other() -> None:
    page = render()
    assert re.findall(r'^    state ".+" as (\w+)$', page, re.MULTILINE) == list(State)
    drawn = {
        (source, target, verb)
        for source, target, verbs in re.findall(r"^    (\S+) --> ([^\s:]+)(?:: (.+))?$", page, re.MULTILINE)
        for verb in verbs.split(", ")
    }
    moves = {(row.source or "[*]", row.target, row.verb) for row in TABLE if row.source is not row.target}
    assert drawn == moves | {(state, "[*]", "") for state in ENDED}


def test_every_clock_says_when_it_runs() -> None:
    assert {*STAGE_OF.values()} | {*BINDS} == {*Clock}
    assert not {*STAGE_OF.values()} & {*BINDS}
    assert re.findall(r"^\| \S+ `(\w+)` \| .+ \| .+ \| .+ \| .+ \|$", render().split("## Clocks")[1], re.MULTILINE) == [
        *Clock
    ]
