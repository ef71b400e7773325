"""Readings (docs/readings.md): what may stand for a result, for an instant, and in a column of either."""

from collections.abc import Iterable
from dataclasses import replace

from tests.vectors.times import times
from tests.vectors.values import NUMBERS, Value, Want, bad, good

GATEWAY = "gw-17"
GAUGE = "lamp-0001"
"""A device that is registered with the gateway."""
AT = "2026-11-16T09:00:00+08:00"
_CALENDAR = ("year one", "the last minute there is")
"""In UTC these are of years nobody can write."""
_OF_CLOCKS = ("timestamp-in-future", "timestamp-out-of-range")

RESULTS = (
    *(bad(name, raw, code) for name, raw, code in NUMBERS if name != "a boolean"),
    bad("a list", "[0.42]", "type-mismatch"),
    bad("an object", '{"value":0.42}', "type-mismatch"),
    good("nought", "0"),
    good("minus nought", "-0.0"),
    good("the least a double can be", "5e-324"),
    good("nearly the most", "1.7e308"),
    good("more digits than a double has", "0.1234567890123456789012345678901"),
)
BITS = bad("65 bits", str(2**64), "number-out-of-range")
"""Of a whole number; over HTTP it is one that a double can be."""
STATE = good("a truth value", "true")
"""Taken where the standard lets a result be one; the wire among ourselves has 1 and 0."""
NO_STATE = bad("a truth value", "true", "type-mismatch")

MILLISECONDS = (
    *(bad(name, raw, code) for name, raw, code in NUMBERS),
    BITS,
    bad("half a millisecond", "1795305600000.5", "type-mismatch"),
    bad("with a power of ten", "1.7953056e12", "type-mismatch"),
    bad("as a time is written", f'"{AT}"', "type-mismatch"),
    bad("beyond the calendar", "253402300800000", "timestamp-out-of-range"),
    bad("before the calendar", "-62135596800001", "timestamp-out-of-range"),
    good("1970", "0"),
    good("before 1970", "-1"),
    good("2099", "4070908800000"),
)
"""Instants in columns: epoch milliseconds."""


def instants() -> tuple[Value, ...]:
    """Times on the wire: what a clock may have told, however wrong it goes, is let in; the desk judges the clock."""
    return tuple(
        replace(value, want=Want("timestamp-out-of-range" if value.name in _CALENDAR else ""))
        if value.want.code in _OF_CLOCKS
        else value
        for value in times()
    )


def among(values: Iterable[Value], before: str = "", behind: str = "") -> tuple[Value, ...]:
    """Each value in a list, between what is written before and behind it."""
    return tuple(replace(value, raw=f"[{before}{value.raw}{behind}]") for value in values)
