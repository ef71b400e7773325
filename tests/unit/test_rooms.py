"""Rooms hold what they hold, every request has one, and whoever watches over us is always let in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.auth import PUBLIC, ROUTES
from api.rooms import Room, Rooms, Sizes, room_of
from api.width import Width

ALL = sorted(ROUTES.keys() | PUBLIC)
SIZES = Sizes.of(pool=8, lanes=2, batch=100)


def room(route: str) -> Room:
    method, path = route.split(" ")
    return room_of(method, path)


@pytest.mark.parametrize("route", ALL)
def test_every_route_has_the_room_of_its_kind(route: str) -> None:
    found = room(route)
    kinds = {
        Room.ALWAYS: route in ("GET /livez", "GET /readyz", "GET /metrics"),
        Room.STREAMS: route == "GET /v1/stream",
        Room.FILES: "/v1/attachments" in route or route == "POST /v1/imports",
        Room.INTAKE: route in ("POST /v1/reports", "POST /v1/reports:batch", "POST /open311/v2/requests.{form}"),
        Room.READINGS: route.startswith("POST /sta/"),
    }
    held = [kind for kind, holds in kinds.items() if holds]
    reading = route.startswith(("GET", "HEAD", "OPTIONS"))
    assert found is (held[0] if held else Room.READS if reading else Room.COMMANDS)


def test_a_path_nobody_knows_takes_no_place_of_a_report() -> None:
    assert room_of("POST", "/nothing") is Room.COMMANDS
    assert room_of("GET", "/livez/") is Room.READS, "only what is told always is always let in"


@given(st.lists(st.tuples(st.sampled_from(Room), st.booleans())))
def test_no_room_holds_more_than_its_size_and_none_takes_anothers_place(moves: list[tuple[Room, bool]]) -> None:
    small = Sizes(intake=3, reserve=2, commands=2, readings=2, reads=1, files=1)
    rooms, inside = Rooms(small), dict.fromkeys(Room, 0)
    for which, enters in moves:
        size = rooms.size(which)
        if enters:
            let_in = rooms.enter(which)
            assert let_in is (size is None or inside[which] < size)
            inside[which] += let_in
        elif inside[which]:
            rooms.leave(which)
            inside[which] -= 1
        assert rooms.inside == inside


@given(st.integers(1, 64), st.integers(1, 8), st.integers(1, 500), st.floats(0.001, 1000))
def test_rooms_grow_with_what_they_are_sized_for(pool: int, lanes: int, batch: int, factor: float) -> None:
    sizes = Sizes.of(pool=pool, lanes=lanes, batch=batch, factor=factor)
    assert min(sizes.intake, sizes.reserve, sizes.commands, sizes.readings, sizes.reads, sizes.files) >= 1
    assert sizes.reserve <= sizes.intake
    assert Sizes.of(pool=2 * pool, lanes=lanes, batch=batch, factor=factor).reads >= sizes.reads


def test_a_process_with_eight_connections() -> None:
    assert Sizes(intake=400, reserve=200, commands=400, readings=64, reads=64, files=64) == SIZES


ANSWERS = st.lists(st.tuples(st.floats(0.0, 20.0), st.integers(1, 500)), max_size=400)


@given(st.integers(1, 500), ANSWERS)
def test_a_room_never_closes_wholly_nor_opens_beyond_its_size(most: int, answers: list[tuple[float, int]]) -> None:
    width = Width(most, 32, 0.5)
    for seconds, inside in answers:
        width.note(seconds, inside)
        assert min(32, most) <= width.now <= most


def crowd(rooms: Rooms, seconds: float | None, times: int = 5000) -> int:
    """So many times one leaves a full room, and those who wait fill it; how wide it is then."""
    for _ in range(times):
        while rooms.enter(Room.INTAKE):
            pass
        rooms.leave(Room.INTAKE, seconds)
    while rooms.inside[Room.INTAKE]:
        rooms.leave(Room.INTAKE)
    return rooms.size(Room.INTAKE) or 0


def test_a_room_closes_while_answers_come_late_and_opens_again_afterwards() -> None:
    rooms = Rooms(SIZES)
    assert crowd(rooms, 3.0) == 32
    assert crowd(rooms, 0.1) == 400
    assert crowd(rooms, None) == 400, "what says nothing of our pace changes nothing"


def test_a_quiet_hour_does_not_open_it_for_a_busy_one() -> None:
    rooms = Rooms(SIZES)
    crowd(rooms, 3.0)
    for _ in range(5000):
        assert rooms.enter(Room.INTAKE)
        rooms.leave(Room.INTAKE, 0.01)
    assert rooms.size(Room.INTAKE) == 32


@given(st.floats(50.0, 5000.0))
def test_whatever_the_machine_carries_answers_come_about_in_time(carried: float) -> None:
    """More comes than fits, always: by Little's law an answer takes as long as those inside take to be carried."""
    width = Width(400, 32, 0.5)
    for _ in range(10_000):
        width.note(width.now / carried, width.now)
    assert width.now / carried <= max(0.5, 32 / carried) + 1 / carried
    assert width.now == 400 or width.now / carried >= 0.5 - 2 / carried
