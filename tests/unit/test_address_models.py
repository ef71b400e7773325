"""The parts of the learned parser of addresses: names met before, the network, the vote."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geo.address.elements import Label, Span, spans_of, tags_of
from geo.address.familiar import Familiar
from geo.address.net import Net, likelihoods, rows_of
from geo.address.stacking import with_draft
from geo.address.tags import AT, TAGS, best_tags
from runtime.addresses.learning import fitted


def spans(*parts: tuple[str, Label]) -> tuple[Span, ...]:
    """Labelled parts side by side."""
    found: list[Span] = []
    for text, label in parts:
        start = found[-1].end if found else 0
        found.append(Span(start, start + len(text), label, text))
    return tuple(found)


MET = [
    *(spans(("渡口", Label.TOWN), ("柳岸花园", Label.POI)),) * 9,
    spans(("渡口", Label.ROAD), ("12号", Label.ROADNO)),
    spans(("望湖", Label.TOWN)),
    spans(("望湖", Label.POI)),
]


def test_a_name_leans_to_what_it_was_mostly_met_as() -> None:
    found = Familiar.of(MET).matches("渡口望湖柳岸花园")

    assert [(met.start, met.end, met.letters, met.leaning) for met in found] == [
        (0, 2, "rt", "t4"),
        (2, 4, "pt", "pt2"),
        (4, 8, "p", "p4"),
    ]


def test_an_address_does_not_see_its_own_names_while_it_is_learned() -> None:
    familiar = Familiar.of(MET)

    assert familiar.matches("望湖", MET[-1])[0].leaning == "t1"
    assert familiar.matches("渡口12号", MET[9])[0].letters == "t"
    assert Familiar.of(MET[:1]).matches("渡口柳岸花园", MET[0]) == []


@given(st.integers(1, 12).flatmap(lambda n: arrays(np.float64, (n, len(TAGS)), elements=st.floats(0, 1))))
def test_whatever_the_votes_the_outcome_is_whole_spans(votes: np.ndarray) -> None:
    tags = best_tags(votes)

    assert tags_of(spans_of("湖" * len(votes), tags)) == tags


@given(st.lists(st.tuples(st.sampled_from(Label), st.integers(1, 5)), min_size=1, max_size=5))
def test_votes_of_one_mind_are_followed(parts: list[tuple[Label, int]]) -> None:
    tags = tags_of(spans(*(("湖" * length, label) for label, length in parts)))
    votes = np.zeros((len(tags), len(TAGS)))
    votes[np.arange(len(tags)), [AT[tag] for tag in tags]] = 1

    assert best_tags(votes) == tags


@given(st.integers(0, 2**32 - 1))
def test_a_byte_a_weight_is_enough(seed: int) -> None:
    dice = np.random.default_rng(seed)
    inner = dice.normal(size=(4, 16)).astype(np.float32)
    outer, bias = dice.normal(size=(16, len(TAGS))).astype(np.float32), dice.normal(size=len(TAGS)).astype(np.float32)
    votes = Net.of(["c0=湖", "c1=路", "k=c"], inner, outer, bias).votes([["c0=湖", "k=c", "unheard of"], []])

    hidden = np.stack([inner[0] + inner[1] + inner[3], inner[0]])
    assert np.allclose(votes, likelihoods(np.maximum(hidden, 0) @ outer + bias), atol=0.15)
    assert np.allclose(votes.sum(axis=1), 1)


def test_a_network_learns_what_two_things_mean_together() -> None:
    """Either of two things alone is a road, both or none a point: no sum of weights of the two can say that."""
    dice = random.Random(5)
    meaning = {("one",): "S-road", ("other",): "S-road", ("one", "other"): "S-poi", (): "S-poi"}
    seen = [dice.choice(list(meaning)) for _ in range(4000)]
    net = fitted([[list(names)] for names in seen], [[meaning[names]] for names in seen], seed=1)

    votes = net.votes([list(names) for names in meaning])
    assert [TAGS[at] for at in votes.argmax(axis=1)] == list(meaning.values())


def test_what_is_seen_too_rarely_is_no_input() -> None:
    columns = [[["often", f"once{n}"]] for n in range(10)]

    assert fitted(columns, [["S-poi"]] * 10, seed=1).rows == rows_of(["often"])


def test_the_draft_says_what_stands_around_and_how_often() -> None:
    text, columns = "渡口路望湖路", [["c"] for _ in "渡口路望湖路"]
    seen = with_draft(text, columns, tags_of(spans(("渡口路", Label.ROAD), ("望湖路", Label.ROAD))))

    assert {"c", "p0=B-road", "ls=^>road>road", "ord=road0/2", "sa=road|road", "w=渡口路road"} <= set(seen[0])
    assert {"p0=E-road", "ls=road>road>$", "ord=road1/2", "sb=road|road", "e=路road"} <= set(seen[5])
