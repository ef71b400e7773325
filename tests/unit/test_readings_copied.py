"""The form in which readings are copied to PostgreSQL holds every one of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from store.readings import RawReadings, copied

EPOCH_2000_MS = 946_684_800_000
TUPLE = np.dtype(
    [
        ("fields", ">i2"), ("s1", ">i4"), ("at", ">i8"), ("s2", ">i4"), ("value", ">f8"), ("s3", ">i4"),
        ("device", ">i4"), ("s4", ">i4"), ("flags", ">i2"),
    ]
)  # fmt: skip
READING = st.tuples(
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-62_135_596_800_000, 253_402_300_799_999),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(0, 63),
)


@given(rows=st.lists(READING, max_size=30))
def test_every_reading_is_there_in_the_order_of_the_index(rows: list[tuple[int, int, float, int]]) -> None:
    table = np.array(rows, [("device", "i4"), ("at", "i8"), ("value", "f8"), ("flags", "i2")])
    body = copied(RawReadings(table["device"], table["at"], table["value"], table["flags"]))
    assert (body[:11], body[-2:]) == (b"PGCOPY\n\xff\r\n\x00", b"\xff\xff")
    found = np.frombuffer(body[19:-2], TUPLE)
    assert {tuple(sizes) for sizes in found[["fields", "s1", "s2", "s3", "s4"]].tolist()} <= {(4, 8, 8, 4, 2)}
    at = (found["at"] // 1000 + EPOCH_2000_MS).tolist()
    told = list(zip(found["device"].tolist(), at, found["value"].tolist(), found["flags"].tolist(), strict=True))
    assert [one[:2] for one in told] == sorted(one[:2] for one in rows)
    assert sorted(told) == sorted(rows)


def test_times_no_calendar_holds_are_cut_to_its_ends() -> None:
    at = np.array([-(2**62), 2**62], np.int64)
    body = copied(RawReadings(np.array([1, 2], "i4"), at, np.zeros(2), np.zeros(2, "i2")))
    years = np.frombuffer(body[19:-2], TUPLE)["at"] // 1000 + EPOCH_2000_MS
    assert years.tolist() == [-62_135_596_800_000, 253_402_300_799_999]
