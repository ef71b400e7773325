"""The published page of the law is the law: made from the table, complete, and nobody has edited it by hand."""

import re

import pytest

from domain.case import ENDED, Clock, State
from domain.commands import Role
from domain.lifecycle import TABLE
from runtime import lifecycle_doc
from runtime.lifecycle_doc import ANY_TIME, GUARDS, PAGE, render


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run python -m runtime.lifecycle_doc"


@pytest.mark.parametrize(
    ("names", "members"),
    [(lifecycle_doc.STATES, State), (lifecycle_doc.ROLES, Role), (lifecycle_doc.CLOCKS, Clock)],
    ids=["states", "roles", "clocks"],
)
def test_everything_has_one_chinese_name(names: dict[str, str], members: type) -> None:
    assert list(names) == list(members)
    assert len(set(names.values())) == len(names)
    assert all(re.fullmatch(r"[\u4e00-\u9fff]+", name) for name in names.values())


def test_every_row_is_in_the_table_once() -> None:
    rows = re.findall(r"^\|.*`([\w-]+)` \| .*`\w+` \| (\S+) \| (.+?) \| (.+?) \| (.+) \|$", render(), re.MULTILINE)
    assert [(verb, says, ground) for verb, says, _, _, ground in rows] == [(r.verb, r.says, r.ground) for r in TABLE]
    assert [re.findall(r"`(\w+)`", who) for _, _, who, _, _ in rows] == [
        [x for x in Role if x in r.actors] for r in TABLE
    ]


def test_every_guard_is_in_words_and_no_words_are_left_over() -> None:
    assert {row.says for row in TABLE if row.guard} == set(GUARDS)


def test_the_picture_shows_every_arrow_and_no_other() -> None:
    arrows = re.findall(r"^    (\S+) --> ([^\s:]+)(?:: (.+))?$", render(), re.MULTILINE)
    drawn = {(source, target, label) for source, target, labels in arrows for label in labels.split(" / ")}
    meant = {(row.source or "[*]", row.target, f"{row.verb} {row.says}") for row in TABLE if row.verb not in ANY_TIME}
    assert drawn == meant | {(state, "[*]", "") for state in ENDED}


def test_what_the_picture_leaves_out_comes_in_every_open_state_and_changes_none() -> None:
    for verb in ANY_TIME:
        rows = [row for row in TABLE if row.verb is verb]
        assert {row.source for row in rows} == set(State) - ENDED
        assert all(row.source is row.target for row in rows)
