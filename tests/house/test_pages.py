"""The pages made from the code are the code: up to date, complete, and what they are made from is complete too."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from api.errors import STATUS_BY_CODE
from runtime.contracts import CONTRACTS, REPORT_EVENT, REPORT_EVENT_FIELDS
from runtime.pages import DOCS, PAGES, errors_page, metrics_page, settings_page, topics_page
from runtime.remedies import DOORS, FILES, ROOT, START, found
from runtime.settings import MEANINGS, PREFIX, Settings
from runtime.telemetry import METRICS, Telemetry
from streams.topics import TOPICS


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run python -m runtime.pages"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_keeps_the_line_length_outside_tables(name: str) -> None:
    assert [line for line in PAGES[name]().splitlines() if len(line) > 120 and not line.startswith("|")] == []


def first_cells(page: str) -> list[str]:
    """What stands in backticks in the first cell of each row."""
    return re.findall(r"^\| `([^`]+)`", page, re.MULTILINE)


def test_every_setting_has_a_meaning_and_a_row() -> None:
    assert [f.name for f in fields(Settings)] == list(MEANINGS)
    assert first_cells(settings_page()) == [f"{PREFIX}{name.upper()}" for name in MEANINGS]


def test_only_the_settings_know_the_names_of_settings() -> None:
    """A variable named anywhere in the code or in the docs is one there is."""
    named = {
        word
        for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/**/*.py"), ROOT / "Makefile")
        if ".venv" not in path.parts
        for word in re.findall(r"\bCITYLOOP_([A-Z]+(?:_[A-Z]+)*)\b", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 5, "the search finds nothing any more"
    assert named - {"NAME"} <= {name.upper() for name in MEANINGS}


def test_metrics_are_named_as_they_leave() -> None:
    telemetry = Telemetry()
    for name, (_, _, labels) in METRICS.items():
        if labels:
            telemetry[name].labels(*labels)
    sent = set(re.findall(r"^(cityloop_\w+?)(?:\{| )", generate_latest(telemetry.registry).decode(), re.MULTILINE))
    assert len(first_cells(metrics_page())) == len(METRICS)
    assert set(first_cells(metrics_page())) == {name for name in sent if not re.search(r"_(sum|count|created)$", name)}


def test_every_topic_has_its_row_and_every_contract_its_table() -> None:
    contracts = dict.fromkeys(contract for topic in TOPICS for contract in topic.contracts)
    assert first_cells(topics_page())[: len(TOPICS)] == [topic.name for topic in TOPICS]
    assert re.findall(r"^### `(.+)`$", topics_page(), re.MULTILINE) == list(contracts)
    built_by_sql, a_standard = "report-event.v1", "cap.1.2"
    assert set(contracts) - set(CONTRACTS) == {built_by_sql, a_standard}, "one is written out, one not ours to write"


def test_the_event_that_sql_builds_has_the_fields_that_are_told() -> None:
    statement = (ROOT / "store" / "queries" / "reports_let_in.sql").read_text(encoding="utf-8")
    built = re.search(r"json_build_object\((.+?)\)$", statement, re.MULTILINE)
    assert built is not None
    assert re.findall(r"'(\w+)',", built[1]) == list(REPORT_EVENT) == list(REPORT_EVENT_FIELDS)


def test_every_code_has_a_remedy_and_every_remedy_a_code() -> None:
    raised = {each.code for each in found()}
    assert len(raised) > 100, "the search finds nothing any more"
    listed = [*DOORS, *START, *FILES]
    assert len(listed) == len(set(listed)), "a code stands in one table"
    assert raised - set(listed) == set(), "say in runtime/remedies.py what to do"
    assert set(listed) - raised == set(), "nobody raises it any more"
    assert sorted(first_cells(errors_page())) == sorted(listed)


def test_codes_with_a_status_of_their_own_are_raised() -> None:
    assert set(STATUS_BY_CODE) <= set(DOORS)


def test_codes_look_like_codes() -> None:
    assert [c for c in (*DOORS, *START, *FILES) if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", c)] == []


@pytest.mark.parametrize(
    "source",
    [
        'raise Invalid("a-new-code", "标题")',
        'raise Refused("a-new-code", "标题", f"{x}")',
        'faults.append(Fault(pointer, "a-new-code"))',
        'def f():\n code = "old" if x else "a-new-code"\n raise Unavailable(code, "标题")',
        'def f():\n raise _invalid(pointer, "a-new-code", "标题")',
    ],
)
def test_the_search_can_find_a_code(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "new.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr("runtime.remedies.ROOT", tmp_path)
    assert "a-new-code" in {each.code for each in found()}
