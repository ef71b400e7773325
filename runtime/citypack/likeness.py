"""The ``likeness:`` block of a city's policy: what joins by itself, what the desk is shown, what each sign weighs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from domain.likeness import Likeness
from runtime.citypack.fields import DISTINCT
from runtime.citypack.yaml import Section

# Switches that the law knows by the same name and in the same form.
_AS_IS = ("join_from", "suggest_from", "suggest_within_m")

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=100)]
Days = Annotated[float, Field(ge=0, le=366)]
Group = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], Field(min_length=1), DISTINCT]


class WeightsBlock(Section):
    """``domain.likeness.Weights``. None is negative: nearer and sooner is never less alike."""

    bias: Annotated[float, Field(ge=-100, le=100)] | None = None
    near: Weight | None = None
    soon: Weight | None = None
    category: Weight | None = None
    address: Weight | None = None
    words: Weight | None = None
    component: Weight | None = None
    apart: Weight | None = None
    near_m: Annotated[float, Field(ge=1, le=1000)] | None = None
    soon_hours: Annotated[float, Field(ge=1, le=366 * 24)] | None = None
    unsaid: Share | None = None


class LikenessBlock(Section):
    """``domain.likeness.Likeness``; ``related`` are groups of category codes or ``class:NN``."""

    join_from: Share | None = None
    suggest_from: Share | None = None
    suggest_within_m: Annotated[float, Field(gt=0, le=1000)] | None = None
    suggest_within_days: Days | None = None
    reworks_within_days: Days | None = None
    related: tuple[Group, ...] = ()
    weights: WeightsBlock = WeightsBlock()

    def likeness(self, related: tuple[frozenset[str], ...]) -> Likeness:
        """The switches; ``related`` by catalogue key. What was not said has the house's value."""
        house = Likeness(related=related)
        weights = {name: value for name, value in self.weights if value is not None}
        given = {name: value for name, value in self if name in _AS_IS and value is not None}
        if self.suggest_within_days is not None:
            given["suggest_within"] = timedelta(days=self.suggest_within_days)
        if self.reworks_within_days is not None:
            given["reworks_within"] = timedelta(days=self.reworks_within_days)
        return replace(house, weights=replace(house.weights, **weights), **given)


def likeness_faults(said: LikenessBlock, house: Likeness) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Path under ``likeness``, code and hint of what is unsound: the desk is shown no less than what joins."""
    joins = house.join_from if said.join_from is None else said.join_from
    shown = house.suggest_from if said.suggest_from is None else said.suggest_from
    if shown > joins:
        path = ("join_from",) if said.suggest_from is None else ("suggest_from",)
        yield path, "likeness-order", f"suggest_from {shown:g} is above join_from {joins:g}"
