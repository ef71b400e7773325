"""Observations on their way to the worker: none is lost or doubled, and those of a device keep their order."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from sensing.wire import MAX_READINGS, Columns, Observation, columns_of

NAMES = st.sampled_from([f"d{n}" for n in range(6)])
OBSERVATIONS = st.lists(st.builds(Observation, NAMES, st.integers(0, 9), st.floats(allow_nan=False)), max_size=60)
GATEWAYS = st.dictionaries(NAMES, st.sampled_from(["gw-1", "gw-2", ""]))


@given(sent=OBSERVATIONS, gateways=GATEWAYS, most=st.integers(1, 7))
def test_every_observation_is_in_one_record_of_its_gateway_in_order(
    sent: list[Observation], gateways: dict[str, str], most: int
) -> None:
    records = columns_of(sent, gateways, most)
    wanted: dict[str, list[Observation]] = defaultdict(list)
    for one in sent:
        wanted[gateways.get(one.device) or one.device].append(one)
    found: dict[str, list[Observation]] = defaultdict(list)
    for record in records:
        assert 0 < len(record) <= most
        assert len(record.devices) == len(record.at) == len(record.values)
        found[record.gateway] += map(Observation, record.devices, record.at, record.values)
    assert found == wanted
    assert list(found) == list(wanted), "gateways as they were first heard"
    fewest = sum(-(-len(each) // most) for each in wanted.values())
    assert len(records) == fewest, "no record more than needed"


def test_a_record_is_the_wire_form() -> None:
    (record,) = columns_of([Observation("d1", 1, 2.5), Observation("d2", 2, 3.0)], {"d1": "gw", "d2": "gw"})
    assert record.record == {"gateway": "gw", "devices": ["d1", "d2"], "at": [1, 2], "values": [2.5, 3.0]}
    assert columns_of([], {}) == []
    assert [len(each) for each in columns_of([Observation("d", n, 0.0) for n in range(MAX_READINGS + 1)], {})] == [
        MAX_READINGS, 1,
    ]  # fmt: skip


def test_records_do_not_share_their_columns() -> None:
    one, other = Columns("a"), Columns("b")
    one.devices.append("d")
    assert other.devices == []
