"""Sensors: alarms without limits or labels on series with known anomalies, beside a running mean and deviation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, product

import numpy as np
from numpy.typing import NDArray

from bench.acceptance.data import table
from sensing.baseline import LIMIT, WARM_UP, start, together, update
from sensing.baseline_row import Tuning

NAME = "Sensors"

_APART = 60
_SPAN = 288
_DEVIATIONS = 6.0
_BUDGET = 0.2
_BEIJING_MS = 8 * 3_600_000
_ROW = {"experiment", "datetime", "anomaly", "changepoint"}
_CURVE = (4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 8.0)
_RULE_CURVE = (4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 14.0)
_LIMITS = np.arange(4.5, 9.01, 0.25)
_TUNINGS = [
    Tuning(windows, share, refresh)
    for windows, share, refresh in product(
        ((96, 24, 6), (144, 48, 6), (288, 96, 12)), (0.01, 0.02, 0.05), (0.02, 0.05, 0.1)
    )
]

_METHOD = f"""Whole series with labelled windows: the Numenta Anomaly Benchmark (`nab`, one sensor each, mostly servers,
traffic and machines) and the Skoltech benchmark (`skab`, eight sensors of a water loop with valves). Every reading is
judged before it is learnt; nothing is known of a series beforehand. *Counting*, the same for all methods: an alarm is
a reading beyond the limit, no sooner than {_APART} readings after the alarm before; a window (`skab`: a run of
readings marked `anomaly`) is hit if an alarm lies in it; every alarm outside a window is false; the first {WARM_UP}
readings are judged by nobody. *Readings*: all those beyond the limit outside windows. *Simple rule*: exponential mean
and deviation over {_SPAN} readings, alarm above {_DEVIATIONS:g} deviations, with either usual weight of a reading; of
eight sensors, any. *Baseline*: `sensing.baseline`, of eight sensors by `together`. *As shipped*: the figures of
`Tuning` and the limit {LIMIT:g}; not held out: they were settled by a search over these very series. *Chosen
elsewhere*: for each of the folders, {len(_TUNINGS)} tunings and {len(_LIMITS)} limits are tried on all other folders of
both sets; the pair with most windows hit at no more than {_BUDGET} false alarms per 1,000 readings of either set is
judged on the folder left out. Only these are held out. What the three witnesses look at was picked among some 40
candidates, over several hundred combinations, with all series in view, and so were the constants of the tail: read
both rows as the upper end. When an earlier form of the detector had its three witnesses and its limits picked anew
inside the folds as well (three draws of 500 triples, a limit for each set, not part of this script), it hit 22, 28 and
27 of 49 windows of `nab` at 0.20, 0.21 and 0.23 false alarms, and 17, 14 and 13 of 24 of `skab` at 0.30, 0.11 and 0.11:
fewer false alarms than the simple rule on `nab` in every draw with about as many hits or more; on `skab` more hits in
every draw, but fewer false alarms not in every one. *NAB score*: its standard profile on these alarms (100 is
perfect, 0 is silence; its probation of 15 % of a series left out); it rewards early alarms."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """One series or experiment of n readings: values (n, sensors), and which readings lie in a labelled window."""

    data: str
    folder: str
    at: NDArray[np.int64]
    values: Floats
    inside: NDArray[np.bool_]

    @property
    def windows(self) -> list[tuple[int, int]]:
        """First reading of each window, and the first after it."""
        edges = np.flatnonzero(np.diff(self.inside.astype(np.int8), prepend=0, append=0)).tolist()
        return list(zip(edges[::2], edges[1::2], strict=True))


@dataclass(frozen=True)
class Score:
    """What alarms are worth. ``readings``: all beyond the limit outside windows; ``points``: all that were read."""

    hits: int = 0
    windows: int = 0
    false: int = 0
    readings: int = 0
    points: int = 0
    gained: float = 0.0

    def __add__(self, other: "Score") -> "Score":
        return Score(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def false_rate(self) -> float:
        """False alarms per 1,000 readings."""
        return 1000 * self.false / self.points

    @property
    def cells(self) -> str:
        """Windows hit, false alarms and false readings per 1,000."""
        return f"{self.hits} of {self.windows} | {self.false_rate:.2f} | {1000 * self.readings / self.points:.2f}"


def run() -> str:
    """The section of the page."""
    sets = {"nab": _nab(), "skab": _skab()}
    every = [one for series in sets.values() for one in series]
    simple, slower, shipped = _simple(every, 2 / (_SPAN + 1)), _simple(every, 1 / _SPAN), _baseline(every, Tuning())
    rows = {
        f"simple rule, weight 2/{_SPAN + 1}": _scores(every, simple, _DEVIATIONS),
        f"simple rule, weight 1/{_SPAN}": _scores(every, slower, _DEVIATIONS),
        "**baseline**, as shipped": _scores(every, shipped, LIMIT),
        "**baseline**, chosen elsewhere": _elsewhere(every),
    }
    lines = [
        "| method | nab: windows hit | false per 1,000 | readings | NAB score | skab: windows hit | false per 1,000 "
        "| readings |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, scores in rows.items():
        nab, skab = (_sum(every, scores, data) for data in sets)
        lines.append(f"| {name} | {nab.cells} | {50 * nab.gained / nab.windows:.0f} | {skab.cells} |")
    said = f"{_size(sets['nab'])} (nab), {_size(sets['skab'])} (skab)."
    curves = [
        _curve(f"simple rule, weight 2/{_SPAN + 1}, deviations", every, simple, _RULE_CURVE),
        _curve("**baseline**, limit", every, shipped, _CURVE),
    ]
    return "\n\n".join([_METHOD.replace("\n", " "), said, "\n".join(lines), *curves])


def _nab() -> list[Series]:
    found = []
    for name, rows in groupby(table("nab_dev.csv.gz"), lambda row: row["series"]):
        cells = [(_ms(row["timestamp"]), float(row["value"]), row["in_window"] == "1") for row in rows]
        at, values, inside = (np.array(column) for column in zip(*cells, strict=True))
        found.append(Series("nab", f"nab {name.partition('/')[0]}", at, values[:, None], inside))
    return found


def _skab() -> list[Series]:
    found = []
    for name, group in groupby(table("skab_dev.csv.gz"), lambda row: row["experiment"]):
        rows = list(group)
        at = np.array([_ms(row["datetime"]) for row in rows])
        values = np.array([[float(cell) for column, cell in row.items() if column not in _ROW] for row in rows])
        inside = np.array([float(row["anomaly"]) > 0 for row in rows])
        found.append(Series("skab", f"skab {name.partition('/')[0]}", at, values, inside))
    return found


def _ms(local: str) -> int:
    """The stamps are local times without a zone; the baseline counts hours in Beijing's."""
    return round(datetime.fromisoformat(local).replace(tzinfo=UTC).timestamp() * 1000) - _BEIJING_MS


def _simple(every: Sequence[Series], weight: float) -> list[Floats]:
    """Deviations from the mean, by the greatest of a series' sensors."""
    found = []
    for one in every:
        mean, variance = one.values[0].copy(), np.zeros(one.values.shape[1])
        off = np.zeros(one.values.shape)
        for place, values in enumerate(one.values):
            step = values - mean
            still = np.where(step == 0, 0.0, np.inf)
            off[place] = np.divide(np.abs(step), np.sqrt(variance), out=still, where=variance > 0)
            mean += weight * step
            variance = (1 - weight) * (variance + weight * step**2)
        off[:WARM_UP] = 0
        found.append(off.max(axis=1))
    return found


def _baseline(every: Sequence[Series], tuning: Tuning) -> list[Floats]:
    """The surprise of each reading, all sensors of all series in one batch a round; longest series first."""
    order = sorted(range(len(every)), key=lambda n: -len(every[n].at))
    sensors = [every[n].values.shape[1] for n in order]
    state = start(sum(sensors))
    found = [np.zeros(every[n].values.shape) for n in order]
    for turn in range(len(every[order[0]].at)):
        live = [(n, place) for place, n in enumerate(order) if turn < len(every[n].at)]
        ends = np.cumsum(sensors[: len(live)])
        at = np.repeat([every[n].at[turn] for n, _ in live], sensors[: len(live)])
        values = np.concatenate([every[n].values[turn] for n, _ in live])
        surprise = update(state[: ends[-1]], at, values, tuning)
        for (_, place), part in zip(live, np.split(surprise, ends[:-1]), strict=True):
            found[place][turn] = part
    by_series = dict(zip(order, found, strict=True))
    return [together(by_series[n]) for n in range(len(every))]


def _elsewhere(every: Sequence[Series]) -> list[Score]:
    """Each folder judged with what served best on the others."""
    tried = [
        [_scores(every, found, limit) for limit in _LIMITS]
        for found in (_baseline(every, tuning) for tuning in _TUNINGS)
    ]
    choices = [scores for by_limit in tried for scores in by_limit]
    best = {
        folder: max(choices, key=lambda scores: _worth([*zip(every, scores, strict=True)], folder))
        for folder in {one.folder for one in every}
    }
    return [best[one.folder][place] for place, one in enumerate(every)]


def _worth(judged: Sequence[tuple[Series, Score]], without: str) -> float:
    """Share of windows hit, over both sets; less than nothing where one has too many false alarms."""
    worth = 0.0
    for data in ("nab", "skab"):
        total = sum((part for one, part in judged if one.data == data and one.folder != without), Score())
        worth += total.hits / total.windows - max(total.false_rate - _BUDGET, 0) * 100
    return worth


def score(one: Series, found: Floats, limit: float) -> Score:
    """What the alarms of one series are worth; ``found`` (n,) is what was found of each reading."""
    beyond = np.flatnonzero(found >= limit)
    alarms: list[int] = []
    for place in beyond.tolist():
        if not alarms or place - alarms[-1] >= _APART:
            alarms.append(place)
    hits = sum(any(begin <= alarm < end for alarm in alarms) for begin, end in one.windows)
    false = [alarm for alarm in alarms if not one.inside[alarm]]
    readings = int((~one.inside[beyond]).sum())
    return Score(hits, len(one.windows), len(false), readings, len(one.at), nab_score(one, alarms))


def nab_score(one: Series, alarms: Iterable[int]) -> float:
    """What NAB's standard profile gives above silence: 2 for a window hit at once, -0.11 for a far false alarm.

    Lavin and Ahmad, Evaluating Real-Time Anomaly Detection Algorithms, ICMLA 2015, section III: a window missed costs
    1, one hit earns up to 1 by a sigmoid of the first alarm's place, a false alarm costs by how far a window lies back.
    """
    probation = min(0.15 * len(one.at), 750)
    gained, hit = 0.0, set()
    for alarm in alarms:
        if alarm < probation:
            continue
        last = max((window for window in one.windows if window[0] <= alarm), default=None)
        if last is None:
            gained -= 0.11
            continue
        begin, end = last
        place = (alarm - end + 1) / (end - begin)
        if alarm >= end:
            gained += 0.11 * _sigmoid(place)
        elif last not in hit:
            hit.add(last)
            gained += 1 + _sigmoid(place) / _sigmoid(-1)
    return gained


def _sigmoid(place: float) -> float:
    return float(2 / (1 + np.exp(5 * place)) - 1)


def _scores(every: Sequence[Series], found: Sequence[Floats], limit: float) -> list[Score]:
    return [score(one, part, limit) for one, part in zip(every, found, strict=True)]


def _sum(every: Sequence[Series], scores: Sequence[Score], data: str) -> Score:
    return sum((part for one, part in zip(every, scores, strict=True) if one.data == data), Score())


def _curve(name: str, every: Sequence[Series], found: Sequence[Floats], limits: Sequence[float]) -> str:
    """Windows hit and false alarms per 1,000 readings by the limit."""
    lines = [f"| {name} | {' | '.join(f'{limit:g}' for limit in limits)} |", f"|---|{'---:|' * len(limits)}"]
    for data in ("nab", "skab"):
        sums = [_sum(every, _scores(every, found, limit), data) for limit in limits]
        lines.append(f"| {data}, windows hit | {' | '.join(str(total.hits) for total in sums)} |")
        lines.append(f"| {data}, false per 1,000 | {' | '.join(f'{total.false_rate:.2f}' for total in sums)} |")
    return "\n".join(lines)


def _size(series: Sequence[Series]) -> str:
    windows = sum(len(one.windows) for one in series)
    return f"{sum(len(one.at) for one in series):,} readings, {len(series)} series, {windows} windows"
