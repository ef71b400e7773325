"""Epoch milliseconds UTC, as readings carry their times, and times as everything else does. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def moment(ms: int) -> datetime:
    """Epoch milliseconds as a time in UTC."""
    return _EPOCH + ms * _MILLISECOND


def epoch_ms(at: datetime) -> int:
    """Whole milliseconds from 1970 to a time with offset; what is finer is dropped."""
    return (at - _EPOCH) // _MILLISECOND
