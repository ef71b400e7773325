"""Messages of one hot topic found by their likeness alone, beside the topics that student teams agreed on."""

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.feature_extraction.text import TfidfVectorizer

from bench.acceptance.data import FOLDER
from domain.likeness import shingles

AGREED = 2
"""Teams that must name a message for a topic."""
_LEAST = 5
_DAYS = 365.0
_SCALES = (120.0, 200.0, 365.0, 1000.0)
_CUTS = tuple(np.round(np.arange(0.03, 0.42, 0.01), 2))


@dataclass(frozen=True)
class Corpus:
    """Messages and their agreed topics; ``unsure`` ones were named by one team only: neither right nor wrong."""

    texts: Sequence[str]
    at: Any
    topics: Mapping[str, frozenset[int]]
    unsure: frozenset[int]


def corpus() -> Corpus:
    """The development part of the hot-topic messages with the teams' answers."""
    with gzip.open(FOLDER / "teddy_hot_messages_dev.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    number = {row["id"]: n for n, row in enumerate(rows)}
    teams: dict[tuple[str, int], set[str]] = defaultdict(set)
    with (FOLDER / "teddy_hot_silver_dev.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            teams[row["topic"], number[row["id"]]].add(row["team"])
    topics: dict[str, set[int]] = defaultdict(set)
    for (topic, n), by in teams.items():
        if len(by) >= AGREED:
            topics[topic].add(n)
    agreed = set().union(*topics.values())
    days = np.array([datetime.fromisoformat(row["created_at"]).timestamp() / 86_400 for row in rows])
    kept = {topic: frozenset(members) for topic, members in sorted(topics.items()) if len(members) >= _LEAST}
    return Corpus([row["text"] for row in rows], days, kept, frozenset(n for _, n in teams) - agreed)


def house_likeness(texts: Sequence[str]) -> Any:
    """The product's own likeness of words, for every pair."""
    found = TfidfVectorizer(analyzer=lambda text: shingles(text), use_idf=False, norm="l2").fit_transform(texts)
    return (found @ found.T).toarray()


def rare_likeness(texts: Sequence[str]) -> Any:
    """The same pairs of characters with rare ones weighing more: names of places and people tell most."""
    found = TfidfVectorizer(analyzer=lambda text: shingles(text), min_df=2, sublinear_tf=True).fit_transform(texts)
    return (found @ found.T).toarray()


def _tree(likeness: Any, at: Any, days: float) -> Any:
    apart = 1 - likeness * np.exp(-np.abs(at[:, None] - at[None, :]) / days)
    np.fill_diagonal(apart, 0.0)
    return linkage(squareform(np.clip(apart, 0.0, 1.0), checks=False), "average")


def topic_f1(found: Any, members: frozenset[int], unsure: frozenset[int]) -> tuple[float, float, float]:
    """Precision, recall and F1 of the cluster that fits a topic best; what one team only named does not count."""
    best = (0.0, 0.0, 0.0)
    for number in {found[n] for n in members}:
        cluster = set(np.flatnonzero(found == number).tolist()) - unsure
        hit = len(cluster & members)
        precision, recall = hit / len(cluster), hit / len(members)
        best = max(best, (precision, recall, 2 * precision * recall / (precision + recall)), key=lambda each: each[2])
    return best


def pairwise(found: Any, told: Corpus) -> tuple[float, float]:
    """Precision and recall of «these two are of one topic» over all pairs with at least one message of a topic."""
    topic = {n: name for name, members in told.topics.items() for n in members}
    together: dict[int, list[int]] = defaultdict(list)
    for n, number in enumerate(found):
        if n not in told.unsure:
            together[number].append(n)
    said = right = 0
    for members in together.values():
        for one, other in combinations(members, 2):
            if one in topic or other in topic:
                said += 1
                right += topic.get(one) == topic.get(other)
    true = sum(len(members) * (len(members) - 1) // 2 for members in told.topics.values())
    return right / max(1, said), right / true


def run() -> str:
    """The table, as Markdown: every topic judged at the cut that is best for the other topics."""
    told = corpus()
    sizes = ", ".join(f"{name} {len(members)}" for name, members in told.topics.items())
    lines = [
        f"Teddy hot topics, {len(told.texts):,} messages clustered by words and time (average linkage; a likeness "
        f"falls to 1/e over {_DAYS:.0f} days); a topic's messages are those at least {AGREED} of four teams named "
        f"for it, and at least {_LEAST} in this part: {sizes}. Every topic is judged at the cut that is best, by "
        "mean F1, for the other topics; messages only one team named count for nothing, all others as wrong. The "
        "data has no coordinates and no categories.",
        "",
        "| words | topic | cut | precision | recall | F1 of the best cluster |",
        "|---|---|---:|---:|---:|---:|",
    ]
    means: dict[tuple[str, float], float] = {}
    for name, likeness in (("the product's", house_likeness), ("rare ones weigh more", rare_likeness)):
        found = likeness(told.texts)
        for days in _SCALES:
            rows, means[name, days] = _judged(name, told, found, days)
            lines += rows if days == _DAYS else []
    tried = "; ".join(
        f"{name} {', '.join(f'{mean:.2f}' for (other, _), mean in means.items() if other == name)}"
        for name in dict.fromkeys(name for name, _ in means)
    )
    scales = ", ".join(f"{days:.0f}" for days in _SCALES)
    lines += ["", f"Mean F1 at scales of {scales} days (no more than four topics: the scale matters): {tried}."]
    return "\n".join(lines)


def _judged(name: str, told: Corpus, likeness: Any, days: float) -> tuple[list[str], float]:
    tree = _tree(likeness, told.at, days)
    found = {cut: fcluster(tree, 1 - cut, "distance") for cut in _CUTS}
    fits = {
        (cut, topic): topic_f1(found[cut], members, told.unsure)
        for cut in _CUTS
        for topic, members in told.topics.items()
    }
    lines, chosen = [], []
    for topic in told.topics:
        others = [other for other in told.topics if other != topic]
        cut = max(_CUTS, key=lambda each: sum(fits[each, other][2] for other in others))
        chosen.append(cut)
        precision, recall, f1 = fits[cut, topic]
        lines.append(f"| {name} | {topic} | {cut:.2f} | {precision:.2f} | {recall:.2f} | {f1:.2f} |")
    middle = float(np.median(chosen))
    mean = float(np.mean([fits[cut, topic][2] for cut, topic in zip(chosen, told.topics, strict=True)]))
    pairs = pairwise(fcluster(tree, 1 - middle, "distance"), told)
    lines.append(f"| {name} | mean | | | | **{mean:.2f}** |")
    lines.append(f"| {name} | pairs at cut {middle:.2f} | | {pairs[0]:.2f} | {pairs[1]:.2f} | |")
    return lines, mean
