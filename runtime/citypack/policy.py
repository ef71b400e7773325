"""The ``policy:`` block of ``pack.yaml``: what the city decides for itself, as people write it.

Keys are named like the fields of ``domain.policy.Policy``; docs/policy.md explains every one. What is left out keeps
the house's value, and lists are laid over the house's entry by entry.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from pydantic import Field

from domain.case import Clock
from domain.catalogue import Urgency
from domain.clock import Calendar
from domain.commands import Verb
from domain.life_safety import LifeSafety
from domain.petition import Matter
from domain.plan import Plan
from domain.policy import Ladder, LimitRule, OnSite, Policy, Reopening, SendBack, Steps
from domain.ticket import TicketPolicy, Tier
from runtime.citypack.fields import (
    DISTINCT,
    FILLED,
    ClockWord,
    Count,
    Flag,
    LevelWord,
    LimitText,
    MatterWord,
    RoleWord,
    SourceWord,
    SureFrom,
    TierWord,
    UrgencyWord,
    VerbWord,
    keyed,
)
from runtime.citypack.likeness import LikenessBlock
from runtime.citypack.yaml import Section

T = TypeVar("T")

# Switches that the policy knows by the same name and in the same form.
_AS_IS = (
    "auto_file_from", "auto_admit_from", "auto_dispatch_from", "auto_check", "recovery_withdraws", "join_within_m",
    "default_limit", "rework_limit", "verifying_pauses_intake", "extensions", "suspensions", "first_accepts_leads",
    "starting_level", "exercise_pace",
)  # fmt: skip

Metres = Annotated[float, Field(gt=0, le=1000)]
Hours = Annotated[float, Field(ge=0, le=366 * 24)]
Pace = Annotated[float, Field(ge=1, le=100_000)]
Roles = Annotated[tuple[RoleWord, ...], FILLED]
Codes = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], FILLED]


class LimitRow(Section):
    """One rule of ``limits``; ``domain.policy.LimitRule``."""

    clock: ClockWord
    limit: LimitText
    urgency: UrgencyWord | None = None
    level: LevelWord | None = None
    calendar: str = ""


class LadderBlock(Section):
    """``domain.policy.Ladder``: shares of the limit."""

    warn: Annotated[float, Field(gt=0, lt=1)] | None = None
    rungs: tuple[Annotated[float, Field(gt=1, le=100)], ...] = ()


class StepsBlock(Section):
    """``domain.policy.Steps``."""

    filing: Flag | None = None
    confirm: Flag | None = None
    close: Flag | None = None
    call_back: Flag | None = None


class OnSiteBlock(Section):
    """``domain.policy.OnSite``."""

    photos: Count | None = None
    within_m: Annotated[float, Field(gt=0, le=100_000)] | None = None
    required: Flag | None = None


class SendBackBlock(Section):
    """``domain.policy.SendBack``."""

    most: Annotated[int, Field(ge=1, le=99)] | None = None
    within: LimitText | None = None


class ReopeningBlock(Section):
    """``domain.policy.Reopening``."""

    unsolved: Flag | None = None
    dissatisfied: Flag | None = None
    most: Count | None = None


class TicketBlock(Section):
    """``domain.ticket.TicketPolicy``; ``category_tiers`` by category code."""

    limits: Annotated[Mapping[TierWord, LimitText], keyed(Tier)] = {}
    contact: LimitText | None = None
    tiers: Annotated[Mapping[UrgencyWord, TierWord], keyed(Urgency)] = {}
    category_tiers: Mapping[str, TierWord] = {}
    reopen_unsolved: Flag | None = None
    reopen_dissatisfied: Flag | None = None
    reopen_most: Count | None = None
    call_back_attempts: Annotated[int, Field(ge=1, le=99)] | None = None

    def policy(self, category_tiers: Mapping[str, Tier]) -> TicketPolicy:
        """The hotline's part of the policy; ``category_tiers`` by catalogue key."""
        house = TicketPolicy()
        given = _given(self, "contact", "reopen_unsolved", "reopen_dissatisfied", "reopen_most", "call_back_attempts")
        limits, tiers = {**house.limits, **self.limits}, {**house.tiers, **self.tiers}
        return replace(house, limits=limits, tiers=tiers, category_tiers=dict(category_tiers), **given)


class LifeSafetyBlock(Section):
    """``domain.life_safety.LifeSafety``; ``categories`` by code."""

    words: Annotated[tuple[Annotated[str, Field(min_length=2, max_length=20)], ...], DISTINCT] | None = None
    categories: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], DISTINCT] = ()
    urgency: UrgencyWord | None = None

    def life_safety(self, categories: frozenset[str]) -> LifeSafety:
        """What goes first; ``categories`` by catalogue key."""
        return replace(LifeSafety(categories=categories), **_given(self, "words", "urgency"))


class PolicyBlock(Section):
    """The switches; see ``domain.policy.Policy``, whose values hold where one is not given."""

    auto_file_from: SureFrom | None = None
    auto_admit_from: SureFrom | None = None
    auto_dispatch_from: SureFrom | None = None
    auto_verify: Annotated[tuple[SourceWord, ...], DISTINCT] | None = None
    auto_check: Flag | None = None
    recovery_withdraws: Flag | None = None
    join_within_m: Metres | None = None
    join_within_hours: Hours | None = None
    likeness: LikenessBlock = LikenessBlock()
    limits: tuple[LimitRow, ...] = ()
    default_limit: LimitText | None = None
    rework_limit: LimitText | None = None
    cumulative: Annotated[tuple[ClockWord, ...], DISTINCT] | None = None
    ladders: Annotated[Mapping[ClockWord, LadderBlock], keyed(Clock)] = {}
    verifying_pauses_intake: Flag | None = None
    steps: StepsBlock = StepsBlock()
    may: Annotated[Mapping[VerbWord, Roles], keyed(Verb)] = {}
    reasons: Annotated[Mapping[VerbWord, Codes], keyed(Verb)] = {}
    consents: Annotated[Mapping[MatterWord, Annotated[int, Field(ge=0, le=9)]], keyed(Matter)] = {}
    granted_by: Annotated[Mapping[MatterWord, Roles], keyed(Matter)] = {}
    extensions: Count | None = None
    suspensions: Count | None = None
    longest_suspension_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    send_back: SendBackBlock = SendBackBlock()
    first_accepts_leads: Flag | None = None
    on_site: OnSiteBlock = OnSiteBlock()
    reopening: ReopeningBlock = ReopeningBlock()
    starting_level: LevelWord | None = None
    tickets: TicketBlock = TicketBlock()
    life_safety: LifeSafetyBlock = LifeSafetyBlock()
    exercise_pace: Pace | None = None

    def policy(
        self, calendars: Mapping[str, Calendar], plans: tuple[Plan, ...] = (), tiers: Mapping[str, Tier] | None = None
    ) -> Policy:
        """The policy: on these calendars (the city's own under ``""``), with these plans and tiers of categories."""
        house = Policy(calendars[""])
        given = _given(self, *_AS_IS)
        if self.join_within_hours is not None:
            given["join_within"] = timedelta(hours=self.join_within_hours)
        if self.longest_suspension_days is not None:
            given["longest_suspension"] = timedelta(days=self.longest_suspension_days)
        if self.auto_verify is not None:
            given["auto_verify"] = frozenset(self.auto_verify)
        if self.cumulative is not None:
            given["cumulative"] = frozenset(self.cumulative)
        ladders = {clock: Ladder(said.warn, said.rungs) for clock, said in self.ladders.items()}
        return replace(
            house,
            calendars={name: calendar for name, calendar in calendars.items() if name},
            limits=self._limits(house),
            ladders={**house.ladders, **ladders},
            steps=_made(Steps, self.steps),
            may={verb: frozenset(roles) for verb, roles in self.may.items()},
            reasons={verb: frozenset(codes) for verb, codes in self.reasons.items()},
            consents={**house.consents, **self.consents},
            granted_by={**house.granted_by, **{matter: frozenset(by) for matter, by in self.granted_by.items()}},
            send_back=_made(SendBack, self.send_back),
            on_site=_made(OnSite, self.on_site),
            reopening=_made(Reopening, self.reopening),
            plans=plans,
            tickets=self.tickets.policy(tiers or {}),
            **given,
        )

    def _limits(self, house: Policy) -> tuple[LimitRule, ...]:
        """The house's rules, each replaced by the city's for the same clock, urgency and level; then the others."""
        own = tuple(LimitRule(row.clock, row.limit, row.urgency, row.level, row.calendar) for row in self.limits)
        replaced = {(rule.clock, rule.urgency, rule.level) for rule in own}
        return *(r for r in house.limits if (r.clock, r.urgency, r.level) not in replaced), *own


def _given(said: Section, *names: str) -> dict[str, Any]:
    """What was said of these keys."""
    return {name: value for name, value in said if name in names and value is not None}


def _made(kind: Callable[..., T], said: Section) -> T:
    """A part of the policy from its block; what was not said has the house's value."""
    return kind(**{name: value for name, value in said if value is not None})
