"""Times a sender claims (reliability.md §5.1)."""

from datetime import UTC, datetime, timedelta

from tests.vectors.values import Value, Want, bad, good, said


def times() -> tuple[Value, ...]:
    """Around now; a phone's clock may be a day ahead, a call centre's and a clerk's five minutes."""
    now = datetime.now(UTC)

    def ahead(**much: float) -> str:
        return said((now + timedelta(**much)).isoformat())

    return (
        good("three minutes ahead", ahead(minutes=3)),
        good("an hour ahead", ahead(hours=1), "clock-suspect", people=Want("timestamp-in-future")),
        bad("two days ahead", ahead(days=2), "timestamp-in-future"),
        bad("2099", '"2099-01-01T00:00:00+08:00"', "timestamp-in-future"),
        bad("the last minute there is", '"9999-12-31T23:59:59-14:00"', "timestamp-in-future"),
        good("six days ago", ahead(days=-6)),
        good("eight days ago", ahead(days=-8), "reported-late"),
        good("to the minute, with a lower-case t", '"2026-01-01t09:00:00z"', "reported-late"),
        bad("no offset", '"2026-11-16T09:00:00"', "timestamp-no-offset"),
        bad("no offset, with a blank", '"2026-11-16 09:00:00"', "timestamp-no-offset"),
        bad("a date", '"2026-11-16"', "timestamp-no-offset"),
        bad("1970", '"1970-01-01T00:00:00Z"', "timestamp-out-of-range"),
        bad("year one", '"0001-01-01T00:00:00+14:00"', "timestamp-out-of-range"),
        bad("year 10000", '"10000-01-01T00:00:00Z"', "timestamp-invalid"),
        bad("month 13", '"2026-13-01T00:00:00Z"', "timestamp-invalid"),
        bad("30 February", '"2026-02-30T00:00:00Z"', "timestamp-invalid"),
        bad("second 60", '"2026-01-01T00:00:60Z"', "timestamp-invalid"),
        bad("offset of 25 hours", '"2026-01-01T00:00:00+25:00"', "timestamp-invalid"),
        bad("empty", '""', "timestamp-invalid"),
        bad("words", said("昨天"), "timestamp-invalid"),
        bad("a boolean", "true", "type-mismatch"),
        bad("nought", "0", "type-mismatch"),
        bad("seconds", "1763712000", "type-mismatch"),
        bad("milliseconds", "1763712000000", "type-mismatch"),
        bad("half a second", "1763712000.5", "type-mismatch"),
        bad("seconds as a text", '"1763712000"', "type-mismatch"),
        bad("NaN", "NaN", "number-not-finite"),
    )
