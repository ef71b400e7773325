"""All drills with sizes and controls. A control breaks one mechanism, and the drill must be seen to fail."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bench.reliability import g1, g2, g8, storm
from bench.reliability.reckoning import Account
from bench.reliability.schedule import printed
from bench.reliability.town import Ground


@dataclass(frozen=True, slots=True)
class Part:
    """One run of a drill. ``breaks`` names what a control takes away; empty for the product as it is."""

    title: str
    play: Callable[[Ground, int], Awaitable[Account]]
    schedule: Callable[[int], str]
    breaks: str = ""


@dataclass(frozen=True, slots=True)
class Drill:
    """A promise under drill. ``counted`` names the fact whose number the bound 3/N is of."""

    name: str
    title: str
    counted: str
    long: Sequence[Part]
    short: Sequence[Part]


def _g1(title: str, size: g1.Size) -> Part:
    return Part(title, partial(_play_g1, size), lambda seed: printed(g1.schedule(size, seed)))


async def _play_g1(size: g1.Size, ground: Ground, seed: int) -> Account:
    home = ground.home / "g1"
    home.mkdir()
    return await g1.drill(home, size, seed)


def _g2(title: str, size: g2.Size, breaks: str = "") -> Part:
    return Part(title, partial(_play_g2, size), lambda seed: printed(g2.schedule(size, seed)), breaks)


async def _play_g2(size: g2.Size, ground: Ground, seed: int) -> Account:
    return await g2.drill(ground, size, seed)


def _g8(title: str, size: g8.Size, breaks: str = "") -> Part:
    return Part(title, partial(_play_g8, size), lambda seed: printed(g8.schedule(size, seed)), breaks)


async def _play_g8(size: g8.Size, ground: Ground, seed: int) -> Account:
    return await g8.drill(ground, size, seed)


def _storm(title: str, size: storm.Size, breaks: str = "") -> Part:
    return Part(title, partial(_play_storm, size), lambda seed: printed(storm.schedule(size, seed)), breaks)


async def _play_storm(size: storm.Size, ground: Ground, seed: int) -> Account:
    return await storm.drill(ground, size, seed)


_G2_CONTROLS = (
    _g2("blind index", g2.BLIND_INDEX, "the unique index on (origin, number) dropped"),
    _g2("by address", g2.BY_ADDRESS, "the inbox keyed by topic, partition and offset"),
)
_G8_CONTROLS = (
    _g8("offset first", g8.OFFSET_FIRST, "offsets acknowledged before the transaction"),
    _g8("dead letter", g8.DEAD_LETTER, "every exception sends the batch to the dead letters"),
)
_STORM_CONTROLS = (_storm("blind marks", storm.BLIND_MARKS, "the record of what was kept wiped"),)

DRILLS: Mapping[str, Drill] = {
    "g1": Drill(
        "g1", "T-G1: acknowledged is durable", "acknowledged",
        (_g1("the product", g1.LONG),), (_g1("the product", g1.SHORT),),
    ),
    "g2": Drill(
        "g2", "T-G2: once effective", "logical reports",
        (_g2("the product", g2.LONG), *_G2_CONTROLS), (_g2("the product", g2.SHORT), *_G2_CONTROLS),
    ),
    "g8": Drill(
        "g8", "T-G8: conservation and poison", "read",
        (_g8("the product", g8.LONG), *_G8_CONTROLS), (_g8("the product", g8.SHORT), *_G8_CONTROLS),
    ),
    "storm": Drill(
        "storm", "Storm drill: one incident a line", "readings",
        (_storm("the product", storm.LONG), *_STORM_CONTROLS), (_storm("the product", storm.SHORT), *_STORM_CONTROLS),
    ),
}  # fmt: skip
