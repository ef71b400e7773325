"""The likeness block of a pack: what is out of order is told at its line, and codes become keys."""

from datetime import timedelta
from pathlib import Path

import pytest

from domain.likeness import Likeness
from tests.unit.test_citypack_policy import City


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def test_a_city_says_what_joins_and_what_is_shown(city: City) -> None:
    likeness = city.says("""
join_within_m: 200
likeness:
  join_from: 0.7
  suggest_within_days: 21
  related: [["01001", "01002"], ["class:05"]]
  weights: {apart: 12}
""").likeness
    assert (likeness.join_from, likeness.suggest_from, likeness.suggest_within) == (0.7, 0.1, timedelta(days=21))
    assert likeness.weights.apart == 12
    assert likeness.weights.near == Likeness().weights.near
    pair, whole_class = likeness.related
    assert pair == {"gbt47678.5-2026:event:01001", "gbt47678.5-2026:event:01002"}
    assert len(whole_class) > 2
    assert all(key.rpartition(":")[2].startswith("05") for key in whole_class if ":event:" in key)


@pytest.mark.parametrize(
    ("said", "line", "code"),
    [
        ("suggest_from: 0.6", "suggest_from: 0.6", "likeness-order"),
        ("join_from: 0.05", "join_from: 0.05", "likeness-order"),
        ("join_from: 1.5", "join_from: 1.5", "value-invalid"),
        ("weights: {near: -1}", "weights: {near: -1}", "value-invalid"),
        ('related: [["99999"]]', 'related: [["99999"]]', "category-unknown"),
        ('related: [["class:99"]]', 'related: [["class:99"]]', "class-unknown"),
    ],
)
def test_what_is_out_of_order_is_told_at_its_line(city: City, said: str, line: str, code: str) -> None:
    assert city.is_told(f"likeness:\n  {said}") == [(line, code)]
