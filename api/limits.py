"""Token buckets: how often somebody may ask. Pure: time is an argument, in whole nanoseconds, so none gets lost.

A bucket is one number, the moment it will be full again (the generic cell rate algorithm, ITU-T I.371).
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.errors import Refused

SECOND: Final = 1_000_000_000
_UNITS: Mapping[str, int] = {
    **dict.fromkeys(("s", "秒"), 1),
    **dict.fromkeys(("min", "分钟"), 60),
    **dict.fromkeys(("h", "小时"), 3600),
    **dict.fromkeys(("day", "天"), 86_400),
}
_RATE = re.compile(r"([1-9][0-9]{0,6}) ?/ ?(s|秒|min|分钟|h|小时|day|天)")
_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Rate:
    """``amount`` in every ``seconds``, and at most ``burst`` at once."""

    amount: int
    seconds: int
    burst: int

    @classmethod
    def parse(cls, text: str, burst: int = 0) -> "Rate":
        """``10/s``, ``60/min``, ``30/day`` (秒, 分钟, 小时, 天). Raises ``ValueError``.

        Where no burst is given it is the amount of ten seconds, and at least the amount itself.
        """
        found = _RATE.fullmatch(text.strip())
        if found is None:
            raise ValueError(text)
        amount, seconds = int(found[1]), _UNITS[found[2]]
        return cls(amount, seconds, burst or amount * max(1, _AT_ONCE // seconds))

    @property
    def interval(self) -> int:
        """Nanoseconds in which one is earned, rounded up: never more than the rate says."""
        return -(-self.seconds * SECOND // self.amount)

    def times(self, factor: float) -> "Rate":
        """The rate of somebody who may ask ``factor`` times as often."""
        return Rate(max(1, round(self.amount * factor)), self.seconds, max(1, round(self.burst * factor)))


class RateText(str):
    """Rates as a person writes them, known to be readable; empty for none. Raises ``ValueError``."""

    __slots__ = ()

    def __new__(cls, text: str) -> "RateText":
        if text:
            rates(text)
        return super().__new__(cls, text)

    @property
    def rates(self) -> tuple[Rate, ...]:
        """The rates."""
        return rates(self) if self else ()


def rates(text: str, burst: int = 0) -> tuple[Rate, ...]:
    """Rates that all hold, separated by ``|``; ``burst`` is the first one's. Raises ``ValueError``."""
    first, *others = text.split("|")
    return Rate.parse(first, burst), *map(Rate.parse, others)


class RateLimited(Refused):
    """Asked too often. ``wait`` is the time in whole seconds after which the same request is let in."""

    def __init__(self, name: str, rate: Rate, wait: int) -> None:
        super().__init__("rate-limited", "请求过于频繁，请稍后重试", f"{name}: {rate.amount} in {rate.seconds} s")
        self.wait = wait
        self.headers: Mapping[str, str] = {
            "Retry-After": str(wait),
            "RateLimit-Policy": f'"{name}";q={rate.amount};w={rate.seconds}',
            "RateLimit": f'"{name}";r=0;t={wait}',
        }


@dataclass(frozen=True, slots=True)
class Short:
    """What was asked is more than a bucket holds: the rate that says so, and the nanoseconds until it would do."""

    rate: Rate
    wait: int

    @property
    def seconds(self) -> int:
        """The wait in whole seconds, rounded up."""
        return max(1, -(-self.wait // SECOND))


class Buckets:
    """The buckets of everybody, at most ``limit`` of them; a full one is as good as none and is forgotten.

    Where even so there is no place for another, who asks is let in uncounted: no caller is turned away for want of a
    place in this book, and what all of them may ask together is bounded elsewhere (``api.admission``).
    """

    def __init__(self, limit: int = 50_000) -> None:
        self._limit = limit
        self._full_at: dict[Hashable, tuple[int, ...]] = {}
        self._tidied = -SECOND

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, who: Hashable, held: Sequence[Rate], cost: int, now: int) -> Short | None:
        """Take ``cost`` from all of ``who``'s buckets, or from none of them and say how short they are.

        ``held`` is always the same for the same ``who``. What is larger than a whole bucket is given when the bucket is
        full, and is owed afterwards.
        """
        if not held:
            return None
        full_at = [max(at, now) for at in self._full_at.get(who, ())] or [now] * len(held)
        short = [
            Short(rate, wait)
            for rate, at in zip(held, full_at, strict=True)
            if (wait := at - now - max(0, rate.burst - cost) * rate.interval) > 0
        ]
        if short:
            return max(short, key=lambda each: each.wait)
        if who in self._full_at or self._room(now):
            self._full_at[who] = tuple(at + cost * rate.interval for rate, at in zip(held, full_at, strict=True))
        return None

    def _room(self, now: int) -> bool:
        if len(self._full_at) >= self._limit and now - self._tidied >= SECOND:
            self._tidied = now
            self._full_at = {who: at for who, at in self._full_at.items() if max(at) > now}
        return len(self._full_at) < self._limit
