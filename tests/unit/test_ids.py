"""The case number people read out on the phone: what is printed is read back, what is misheard is refused."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.ids import CaseNo, check_digit

PREFIXES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=6)
NUMBERS = st.builds(CaseNo, PREFIXES, st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(0, 99_999_999))


def digit_places(printed: str) -> list[int]:
    return [place for place, char in enumerate(printed) if char.isdigit()]


def test_a_number_is_printed_with_city_day_running_number_and_check_digit() -> None:
    printed = str(CaseNo("YH", date(2026, 11, 21), 123))
    assert printed[:-1] == "YH-261121-0000123-"
    assert printed[-1].isdigit()


def test_the_check_digit_is_that_of_iso_7064_mod_11_10() -> None:
    # the worked example of the standard for this system: 0794 has the check digit 5
    assert check_digit("0794") == 5


@given(NUMBERS)
def test_what_is_printed_is_read_back(number: CaseNo) -> None:
    assert CaseNo.parse(str(number)) == number


@given(NUMBERS)
def test_clerks_may_type_small_letters_and_stray_blanks(number: CaseNo) -> None:
    assert CaseNo.parse(f"  {str(number).lower()}\n") == number


def test_every_single_wrong_digit_is_caught() -> None:
    printed = str(CaseNo("YH", date(2026, 11, 21), 4_817_305))
    misheard = [
        printed[:place] + digit + printed[place + 1 :]
        for place in digit_places(printed)
        for digit in "0123456789"
        if digit != printed[place]
    ]
    assert len(misheard) == 14 * 9
    for text in misheard:
        with pytest.raises(Invalid) as caught:
            CaseNo.parse(text)
        assert caught.value.code == "case-no-invalid"


@given(NUMBERS, st.data())
def test_a_digit_misheard_never_opens_anothers_case(number: CaseNo, data: st.DataObject) -> None:
    printed = str(number)
    place = data.draw(st.sampled_from(digit_places(printed)))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != printed[place]]))
    with pytest.raises(Invalid):
        CaseNo.parse(printed[:place] + wrong + printed[place + 1 :])


@given(st.from_regex(r"[A-Z]{2}-26112[0-9]-[0-9]{7,9}-[0-9]", fullmatch=True))
@example(f"YH-261121-00000123-{check_digit('26112100000123')}")
def test_a_case_has_one_number_only(text: str) -> None:
    """Whatever is read prints as it was written: no two spellings of one number."""
    try:
        number = CaseNo.parse(text)
    except Invalid:
        return
    assert str(number) == text


def dated(day: str) -> str:
    return f"YH-{day}-0000123-{check_digit(day + '0000123')}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "YH",
        "261121-0000123-4",
        "Y-261121-0000123-4",
        "YUNHECITY-261121-0000123-4",
        "YH-261121-123-4",
        "YH 261121 0000123 4",
        dated("261321"),  # no 13th month
        dated("260229"),  # 2026 has no 29 February
        "YH-261121-0000123-4; DROP TABLE cases",
    ],
)
def test_what_is_no_number_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        CaseNo.parse(text)
    assert caught.value.code == "case-no-invalid"
    assert caught.value.title == "案件编号有误"
    assert "DROP" not in str(caught.value)
