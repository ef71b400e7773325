"""Who is on duty: shifts that run over midnight, deputies, teams, and whom a shift hands over to."""

from datetime import datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.duty import Duty, Person, Present, Shift, Team
from dispatch.rules import Validity
from dispatch.windows import Window
from domain.absence import Absence
from domain.place import Crs, Point
from tests.build import a_policy

CALENDAR = a_policy().calendar
DAY = Window("day", start=time(8), end=time(20))
NIGHT = Window("night", start=time(20), end=time(8))
OFFICE = Window("office", working=True, start=time(9), end=time(17))
DEPOT = Point(116.40, 39.90, Crs.WGS84)
PEOPLE = (
    Person("li", "李班长", "roads", deputy="wang"),
    Person("wang", "王工", "roads", deputy="zhao"),
    Person("zhao", "赵工", "roads", deputy="li"),
    Person("sun", "孙工", "roads"),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CALENDAR.zone)


def away(person: str, deputy: str = "", since: str = "2026-11-20T00:00", until: str = "2026-11-27T00:00") -> Absence:
    return Absence(person, at(since), at(until), deputy)


def roster(*shifts: Shift, teams: tuple[Team, ...] = ()) -> Duty:
    return Duty(CALENDAR, PEOPLE, teams, shifts)


DAYS = Shift("roads", "白班", DAY, ("li",))
NIGHTS = Shift("roads", "夜班", NIGHT, ("wang",))
CREW = roster(DAYS, NIGHTS)


def there(duty: Duty, moment: str, *absences: Absence) -> list[Present]:
    return [present for watch in duty.at(at(moment), absences).watches for present in watch.present]


def test_the_night_shift_of_friday_works_on_saturday_morning() -> None:
    friday = roster(Shift("roads", "周五夜班", Window("n", frozenset({4}), start=time(20), end=time(8)), ("li",)))
    (watch,) = friday.at(at("2026-11-21T03:00")).watches
    assert (watch.begins, watch.ends) == (at("2026-11-20T20:00"), at("2026-11-21T08:00"))
    assert not friday.at(at("2026-11-20T03:00")).watches
    assert not friday.at(at("2026-11-20T03:00")).is_on("roads")


def test_at_twenty_hours_the_night_has_begun_and_the_day_is_over() -> None:
    assert there(CREW, "2026-11-20T19:59") == [Present("li")]
    assert there(CREW, "2026-11-20T20:00") == [Present("wang")]


def test_a_deputy_stands_in_and_the_deputys_deputy_after_that() -> None:
    assert there(CREW, "2026-11-20T10:00", away("li")) == [Present("wang", "li")]
    assert there(CREW, "2026-11-20T10:00", away("li"), away("wang")) == [Present("zhao", "li")]
    assert there(CREW, "2026-11-20T10:00", away("li", "sun")) == [Present("sun", "li")]


def test_where_all_are_away_nobody_is_there_and_the_unit_is_off_duty() -> None:
    gone = (away("li"), away("wang"), away("zhao"))
    duty = CREW.at(at("2026-11-20T10:00"), gone)
    assert [(watch.present, watch.missing) for watch in duty.watches] == [((), ("li",))]
    assert not duty.is_on("roads")
    assert not roster(Shift("roads", "白班", DAY, ("sun",))).at(at("2026-11-20T10:00"), [away("sun")]).is_on("roads")


def test_an_absence_ends_on_the_minute() -> None:
    gone = away("li", since="2026-11-20T09:00", until="2026-11-20T10:00")
    heads = [there(CREW, f"2026-11-20T{hour}", gone)[0].person for hour in ("08:59", "09:00", "09:59", "10:00")]
    assert heads == ["li", "wang", "wang", "li"]


def test_whoever_is_on_the_shift_anyway_is_there_once() -> None:
    both = roster(Shift("roads", "白班", DAY, ("li", "wang")))
    assert there(both, "2026-11-20T10:00", away("li")) == [Present("wang")]
    assert both.at(at("2026-11-20T10:00"), [away("li")]).watches[0].missing == ()


def test_working_hours_without_names_open_the_unit_on_working_days() -> None:
    duty = roster(Shift("roads", "办公", OFFICE))
    assert duty.at(at("2026-11-20T10:00")).is_on("roads")
    assert not duty.at(at("2026-11-20T17:00")).is_on("roads")
    assert not duty.at(at("2026-11-21T10:00")).is_on("roads"), "a Saturday"
    assert duty.at(at("2026-11-21T10:00")).is_on("parks"), "nobody says when it works"


def test_a_unit_works_when_one_of_its_teams_does_and_only_that_team_stands_ready() -> None:
    east, west = Team("east", "东班", "roads", DEPOT), Team("west", "西班", "roads", Point(116.5, 39.9, Crs.WGS84))
    duty = roster(Shift("east", "夜班", NIGHT), Shift("west", "白班", DAY), teams=(east, west)).at(
        at("2026-11-20T22:00")
    )
    assert duty.is_on("roads")
    assert (duty.is_on("east"), duty.is_on("west")) == (True, False)
    assert duty.posts == {"roads": (DEPOT,)}


def test_a_team_without_shifts_works_when_its_unit_does() -> None:
    duty = roster(Shift("roads", "白班", DAY), teams=(Team("east", "东班", "roads", DEPOT),))
    assert duty.at(at("2026-11-20T10:00")).posts == {"roads": (DEPOT,)}
    assert duty.at(at("2026-11-20T21:00")).posts == {}


def test_a_shift_of_next_year_does_not_run_yet() -> None:
    later = Validity(at("2027-01-01T00:00").date())
    assert not roster(Shift("roads", "白班", DAY, valid=later)).at(at("2026-11-20T10:00")).watches
    assert roster(Shift("roads", "夜班", NIGHT, valid=later)).at(at("2027-01-01T03:00")).watches == ()


# --- Handing over


def test_before_eight_in_the_evening_the_day_prepares_to_hand_over_to_the_night() -> None:
    found = CREW.hand_over("roads", at("2026-11-20T19:45"))
    assert found is not None
    assert (found.begins, found.ends) == (at("2026-11-20T08:00"), at("2026-11-20T20:00"))
    assert [watch.shift.name for watch in found.leaving] == ["白班"]
    assert [watch.shift.name for watch in found.coming] == ["夜班"]


def test_at_twenty_hours_and_for_an_hour_the_night_reads_what_the_day_leaves() -> None:
    for moment in ("2026-11-20T20:00", "2026-11-20T20:59"):
        found = CREW.hand_over("roads", at(moment))
        assert found is not None
        assert (found.begins, found.ends) == (at("2026-11-20T08:00"), at("2026-11-20T20:00"))
        assert [watch.present for watch in found.coming] == [(Present("wang"),)]
    late = CREW.hand_over("roads", at("2026-11-20T21:00"))
    assert late is not None
    assert late.begins == at("2026-11-20T20:00")


def test_the_deputy_is_named_as_the_one_who_takes_over() -> None:
    found = CREW.hand_over("roads", at("2026-11-20T19:45"), [away("wang")])
    assert found is not None
    assert found.coming[0].present == (Present("zhao", "wang"),)


def test_a_unit_without_shifts_hands_nothing_over() -> None:
    assert CREW.hand_over("parks", at("2026-11-20T20:00")) is None
    assert roster(DAYS).hand_over("roads", at("2026-11-20T23:00")) is None


# --- For any roster

IDS = st.sampled_from("abcde")
WINDOWS = st.builds(
    Window,
    st.just("w"),
    st.frozensets(st.integers(0, 6), max_size=4),
    st.none() | st.booleans(),
    st.none(),
    st.integers(0, 23).map(time),
    st.integers(0, 23).map(time),
)
MOMENTS = st.integers(0, 366 * 24 * 60).map(lambda minutes: at("2026-01-01T00:00") + timedelta(minutes=minutes))


@given(WINDOWS, MOMENTS)
def test_a_span_holds_from_its_begin_to_its_end_and_not_at_it(window: Window, moment: datetime) -> None:
    span = window.span(moment, CALENDAR)
    assert (span is not None) == window.holds(moment, CALENDAR)
    if span is None:
        return
    begin, end = span
    assert begin <= moment < end
    assert end - begin <= timedelta(days=1)
    assert window.span(begin, CALENDAR) == window.span(end - timedelta(microseconds=1), CALENDAR) == span
    assert window.span(end, CALENDAR) != span


@given(
    st.dictionaries(IDS, st.one_of(st.just(""), IDS)),
    st.lists(IDS, unique=True, min_size=1),
    st.dictionaries(IDS, st.one_of(st.just(""), IDS)),
)
def test_who_stands_in_is_never_away_and_there_once_whatever_the_chain(
    deputies: dict[str, str], put_down: list[str], gone: dict[str, str]
) -> None:
    people = [Person(name, name, "u", deputy=deputies.get(name, "")) for name in "abcde"]
    shift = Shift("u", "s", Window("w"), tuple(put_down))
    absences = [away(person, deputy) for person, deputy in gone.items()]
    (watch,) = Duty(CALENDAR, people, shifts=[shift]).at(at("2026-11-20T10:00"), absences).watches
    names = [present.person for present in watch.present]
    assert len(set(names)) == len(names)
    assert not {*names} & gone.keys()
    assert {*put_down} - gone.keys() <= {*names}
    assert {*watch.missing} <= gone.keys()
    assert watch.staffed == bool(names)
