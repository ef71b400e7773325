"""A recommender of units: what became of cases like this, and what it may do with it."""

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.advised import RECOMMENDED, AdvisedEngine
from dispatch.engine import Engine
from dispatch.facts import Facts
from dispatch.history import Past
from dispatch.recommender import Recommender
from dispatch.recommender_training import train
from dispatch.roster import Roster, Unit
from dispatch.rulebook import Rulebook
from dispatch.rules import Rule
from domain.case import Verdict
from domain.errors import Invalid
from runtime.dispatch.live_recommender import LiveRecommender
from runtime.dispatch.recommender_files import load_recommender, save_recommender
from tests.history import AREAS, CATEGORIES, CLASS_OF, FIRST, ROSTER, STREETS, book, cases, past, stalls_everywhere
from tests.rulebook import rule

LAMPS = [*stalls_everywhere(), *cases("lamp", "north", "lights", 15), *cases("cover", "south", "drains", 15)]


def case(category: str = "lamp", street: str = "north", **changes: Any) -> Facts:
    return replace(past(category, street, "").facts, **changes)


@pytest.fixture(scope="module")
def trained() -> Recommender:
    return train(LAMPS, ROSTER, "2026-11-22")


def top(model: Recommender, **asked: Any) -> list[str]:
    return [one.unit for one in model.advise(case(**asked)).suggested]


def verdict(model: Recommender, facts: Facts, *rules: Rule, dispatch_from: float = inf, **more: Any) -> Verdict:
    rulebook = Rulebook("book-1", rules, ROSTER, CATEGORIES, AREAS, **more)
    return AdvisedEngine(Engine(rulebook), model, ROSTER, dispatch_from).choose_many([facts])[0]


# --- What it learns


def test_it_suggests_three_units_the_likeliest_first_and_says_what_speaks_for_it(trained: Recommender) -> None:
    advice = trained.advise(case())
    shares = [one.probability for one in advice.suggested]
    assert advice.suggested[0].unit == "lights"
    assert advice.says == "lights had 15 of 15 cases of lamp, north-1"
    assert len(shares) == 3
    assert sorted(shares, reverse=True) == shares


def test_what_one_streets_patrol_does_the_patrol_of_a_street_without_cases_will_do() -> None:
    posters = [one for street in ("north", "middle") for one in cases("poster", street, f"patrol-{street}", 8)]
    assert top(train([*LAMPS, *posters], ROSTER), category="poster", street="south")[0] == "patrol-south"


def test_send_backs_teach_it() -> None:
    halves = [*LAMPS, *cases("poster", "north", "roads", 8), *cases("poster", "north", "drains", 7)]
    assert top(train(halves, ROSTER), category="poster")[0] == "roads"
    refused = cases("poster", "north", "roads", 6, sent_back=True)
    assert top(train([*halves, *refused], ROSTER), category="poster")[0] == "drains"


def test_a_unit_that_sent_the_case_back_is_not_suggested_again(trained: Recommender) -> None:
    without = trained.advise(case(refused_by=frozenset({"lights"}))).suggested
    assert "lights" not in [one.unit for one in without]
    assert sum(one.probability for one in without) <= 1


def test_a_unit_is_suggested_under_the_name_it_has_now() -> None:
    model = train([*LAMPS, *cases("cover", "north", "old-roads", 12)], ROSTER)
    assert top(model, category="cover")[0] == "roads"


def test_too_little_history_is_refused() -> None:
    with pytest.raises(Invalid, match="history-too-short"):
        train(cases("lamp", "north", "lights", 300), ROSTER)
    with pytest.raises(Invalid, match="history-too-short"):
        train(stalls_everywhere()[:19], ROSTER)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(CLASS_OF)), st.sampled_from(STREETS)), min_size=1, max_size=8),
    st.integers(0, 2),
)
def test_the_answer_does_not_depend_on_what_was_asked_before(asked: list[tuple[str, str]], depth: int) -> None:
    model, fresh = train(LAMPS, ROSTER), train(LAMPS, ROSTER)
    for category, street in asked:
        model.advise(case(category, street))
    facts = case(*asked[-1])
    areas = facts.areas[:depth]
    shares = model.probabilities(facts.categories, areas)
    assert np.allclose(shares, fresh.probabilities(facts.categories, areas))
    assert shares.sum() == pytest.approx(1)
    assert (shares >= 0).all()


def test_a_share_is_what_it_says() -> None:
    """Of posters in the middle every fourth went to the drains: neither unit is certain of the next."""
    middle = [past("poster", "middle", "drains" if n % 4 == 0 else "roads", day=n) for n in range(80)]
    first = train([*LAMPS, *middle], ROSTER).advise(case("poster", "middle")).suggested[0]
    assert first.unit == "roads"
    assert 0.65 < first.probability < 0.85


# --- What may be done with it


def test_the_desk_sees_the_suggestions_where_no_rule_holds(trained: Recommender) -> None:
    found = verdict(trained, case())
    assert (found.lead, found.rule, found.suggested[0].unit) == (None, "", "lights")
    assert found.reason == Engine(book()).choose_many([case()])[0].reason


def test_a_rule_goes_before_history(trained: Recommender) -> None:
    found = verdict(trained, case(), rule("r1", "drains", category="lamp"), dispatch_from=0.0)
    assert (found.lead, found.rule, found.suggested) == ("drains", "r1", ())


def test_where_the_policy_lets_it_the_likely_unit_leads_and_the_reason_says_so(trained: Recommender) -> None:
    sure = trained.advise(case()).suggested[0].probability
    found = verdict(trained, case(), dispatch_from=sure)
    assert (found.lead, found.rule, found.rulebook) == ("lights", RECOMMENDED, "book-1")
    assert "no rule holds; lights had 15 of 15 cases" in found.reason
    assert verdict(trained, case(), dispatch_from=sure + 0.001).lead is None


def test_history_that_is_sure_goes_before_the_fallback_and_a_doubtful_one_after_it(trained: Recommender) -> None:
    assert verdict(trained, case(), fallback="@patrol", dispatch_from=0.5).lead == "lights"
    assert verdict(trained, case(), fallback="@patrol").lead == "patrol-north"


def test_a_case_that_came_back_or_was_raised_is_never_dispatched_by_history(trained: Recommender) -> None:
    back = case(sent_back=1, refused_by=frozenset({"drains"}))
    assert verdict(trained, back, dispatch_from=0.0).lead is None
    assert verdict(trained, back, dispatch_from=0.0).suggested[0].unit == "lights"
    assert verdict(trained, case(level="street"), dispatch_from=0.0).suggested == ()


def test_a_unit_that_is_gone_is_suggested_as_its_successor_or_not_at_all(trained: Recommender) -> None:
    units = [replace(unit, successor="drains") if unit.id == "lights" else unit for unit in ROSTER.units.values()]
    ended = [replace(u, valid=replace(u.valid, last=FIRST)) if u.id == "lights" else u for u in units]
    facts = case(day=FIRST.replace(year=2027))
    after = AdvisedEngine(Engine(book()), trained, Roster(ended)).choose_many([facts])[0]
    assert after.suggested[0].unit == "drains"
    nobody = [unit for unit in ROSTER.units.values() if unit.id != "lights"]
    left = AdvisedEngine(Engine(book()), trained, Roster([*nobody, Unit("other", "other")])).choose_many([facts])[0]
    assert "lights" not in [one.unit for one in left.suggested]


# --- As a file


def test_a_saved_recommender_answers_as_before(trained: Recommender, tmp_path: Path) -> None:
    save_recommender(trained, tmp_path / "recommender.npz")
    loaded = load_recommender(tmp_path / "recommender.npz", ROSTER)
    assert loaded.header == trained.header
    for category in CLASS_OF:
        for street in STREETS:
            assert loaded.advise(case(category, street)) == trained.advise(case(category, street))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"\x93NUMPY"])
def test_what_is_no_recommender_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "recommender.npz"
    file.write_bytes(content)
    with pytest.raises(Invalid, match="recommender-invalid"):
        load_recommender(file, ROSTER)


def test_a_file_with_other_arrays_is_refused(trained: Recommender, tmp_path: Path) -> None:
    file = tmp_path / "recommender.npz"
    save_recommender(trained, file)
    with np.load(file) as arrays:
        held = dict(arrays)
    for broken in (
        {"weights": held["weights"][:1]},
        {"weights": held["weights"] * np.nan},
        {"cells": held["cells"] + 99},
    ):
        np.savez(file, allow_pickle=False, **{**held, **broken})
        with pytest.raises(Invalid, match="recommender-invalid"):
            load_recommender(file, ROSTER)


def test_workers_take_a_new_recommender_and_keep_the_old_one_while_the_file_is_faulty(tmp_path: Path) -> None:
    file, now = tmp_path / "recommender.npz", [0.0]

    def clock() -> float:
        now[0] += 10
        return now[0]

    def asked_until(unit: str) -> bool:
        return any(_first(live) == unit for _ in range(100_000))

    live = LiveRecommender(ROSTER, file, clock)
    assert live.advise(case()).suggested == ()
    save_recommender(train(LAMPS, ROSTER), file)
    assert asked_until("lights")
    file.write_bytes(b"torn")
    assert {_first(live) for _ in range(50)} == {"lights"}
    moved: list[Past] = [*LAMPS, *cases("lamp", "north", "drains", 60)]
    save_recommender(train(moved, ROSTER), file)
    assert asked_until("drains")
    file.unlink()
    assert asked_until("")


def _first(live: LiveRecommender) -> str:
    suggested = live.advise(case()).suggested
    return suggested[0].unit if suggested else ""
