"""How many may wait follows from how fast they are carried, and a single stall is not held against the next hour."""

from hypothesis import given
from hypothesis import strategies as st

from api.pace import Pace

BATCHES = st.lists(st.tuples(st.integers(1, 100), st.floats(0.001, 30.0)), max_size=50)


@given(BATCHES, st.floats(0.1, 10.0))
def test_nobody_waits_longer_than_his_patience_or_the_next_batch(
    seen: list[tuple[int, float]], patience: float
) -> None:
    pace = Pace(lanes=2, batch=100)
    for items, seconds in seen:
        pace.note(items, seconds)
    room = pace.room(patience)
    assert room == 100 or room / pace.rate <= patience
    assert pace.room(patience * 2) >= room


@given(st.floats(0.002, 20.0))
def test_after_a_while_it_knows_how_long_batches_take(seconds: float) -> None:
    pace = Pace(lanes=2, batch=100)
    for _ in range(60):
        pace.note(100, seconds)
    assert abs(pace.rate * seconds / 200 - 1) < 0.01


@given(st.lists(st.tuples(st.integers(1, 99), st.floats(0.0, 30.0))))
def test_small_batches_say_nothing_of_what_can_be_carried(seen: list[tuple[int, float]]) -> None:
    pace = Pace(lanes=2, batch=100)
    before = pace.rate
    for items, seconds in seen:
        pace.note(items, seconds)
    assert pace.rate == before


def test_a_database_that_slows_down_shortens_the_queue_and_one_that_recovers_lengthens_it() -> None:
    pace = Pace(lanes=2, batch=100)
    for _ in range(20):
        pace.note(100, 0.05)
    quick = pace.room(1.0)
    for _ in range(20):
        pace.note(100, 4.0)
    assert pace.room(1.0) == 100 < quick
    for _ in range(20):
        pace.note(100, 0.05)
    assert pace.room(1.0) > quick * 0.9
