"""``$filter`` and its neighbours: exactly the moments that fulfil a filter are found, and no part of it is ignored."""

import re
from datetime import UTC, datetime, timedelta, timezone
from operator import eq, ge, gt, le, lt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.sensorthings.query import Condition, chosen, condition_of, descending
from domain.errors import Invalid

OPERATORS = {"ge": ge, "gt": gt, "le": le, "lt": lt, "eq": eq}
MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[str, datetime, str]:
    """An operator, a moment, and the two as somebody writes them."""
    operator, moment, zone = draw(st.sampled_from(sorted(OPERATORS))), draw(MOMENTS), draw(ZONES)
    text = moment.astimezone(zone).isoformat()
    if draw(st.booleans()):
        text = text.replace("+", " ")  # a plus that was not escaped
    if draw(st.booleans()):
        text = f"'{text}'"
    blanks = " " * draw(st.integers(1, 3))
    return operator, moment, f"phenomenonTime{blanks}{operator}{blanks}{text}"


@given(said=st.lists(comparisons(), max_size=4), probes=st.lists(MOMENTS, max_size=5))
def test_a_filter_holds_exactly_the_moments_that_fulfil_all_of_it(
    said: list[tuple[str, datetime, str]], probes: list[datetime]
) -> None:
    found = condition_of(" and ".join(text for _, _, text in said)) if said else condition_of(None)
    edges = [moment + timedelta(microseconds=n) for _, moment, _ in said for n in (-1, 0, 1)]
    for moment in (*probes, *edges):
        wanted = all(OPERATORS[operator](moment, bound) for operator, bound, _ in said)
        assert (found.since <= moment < found.until) is wanted
        assert not (wanted and found.empty)


@given(device=st.from_regex(re.compile(r"[A-Za-z0-9._:~-]{1,64}"), fullmatch=True), moment=MOMENTS)
def test_a_datastream_is_named_beside_the_time(device: str, moment: datetime) -> None:
    for way in ("id", "@iot.id"):
        found = condition_of(f"Datastream/{way} eq '{device}' and phenomenonTime ge {moment.isoformat()}")
        assert found == Condition(since=moment, until=Condition().until, datastream=device)


def code_of(text: str) -> str:
    """Why a filter is refused; empty where it is served."""
    try:
        condition_of(text)
    except Invalid as error:
        return error.code
    return ""


@given(text=st.text(max_size=60) | st.text("phenomenonTimDasrlg /eqandT0123456789:-+Z'", max_size=60))
def test_no_text_breaks_the_reader_and_only_what_it_knows_is_served(text: str) -> None:
    code = code_of(text)
    assert code in ("", "query-option-invalid", "timestamp-invalid")
    assert code or re.match(r"\s*(phenomenonTime|Datastream/)", text)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "and", "result gt 5", "phenomenonTime ne 2026-01-01T00:00:00Z",
        "not phenomenonTime gt 2026-01-01T00:00:00Z",
        "phenomenonTime gt 2026-01-01", "phenomenonTime gt 2026-01-01T00:00:00", "phenomenonTime gt now()",
        "phenomenonTime gt 2026-01-01T00:00:00Z or phenomenonTime lt 2026-01-01T00:00:00Z",
        "phenomenonTime gt 2026-01-01T00:00:00Z and", "(phenomenonTime gt 2026-01-01T00:00:00Z)",
        "phenomenonTime gt '2026-01-01T00:00:00Z", "Datastream/id eq 'a' and Datastream/id eq 'b'",
        "Datastream/id eq ''", "Datastream/name eq 'a'",
    ],
)  # fmt: skip
def test_what_is_not_served_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        condition_of(text)
    assert (caught.value.code, caught.value.faults[0].pointer) == ("query-option-invalid", "/$filter")


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00+25:00"])
def test_a_time_that_never_was_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        condition_of(f"phenomenonTime gt {text}")
    assert caught.value.code == "timestamp-invalid"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_the_ends_of_time_are_no_trap(text: str) -> None:
    assert condition_of(f"phenomenonTime lt {text}").empty is text.startswith("0001")


def test_order_and_names_are_of_what_is_served() -> None:
    assert [descending(text, ("phenomenonTime",)) for text in (None, "phenomenonTime", "phenomenonTime desc")] == [
        False, False, True,
    ]  # fmt: skip
    assert chosen("$select", "name, id", ("id", "name", "result")) == {"name", "id"}
    assert chosen("$select", None, ("id",)) == frozenset()
    for wrong in ("result", "phenomenonTime down", "phenomenonTime desc,result", ""):
        with pytest.raises(Invalid):
            descending(wrong, ("phenomenonTime",))
    for wrong in ("name,,id", "other", ""):
        with pytest.raises(Invalid):
            chosen("$select", wrong, ("id", "name"))
