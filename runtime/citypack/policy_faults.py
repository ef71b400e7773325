"""What only the whole of a policy shows: switches that contradict each other, the law's table, or the calendars."""

from collections.abc import Collection, Container, Iterator, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Any

from domain.actor import Role
from domain.case import Clock
from domain.checks import REASON_VERBS
from domain.commands import Verb
from domain.lifecycle import PAIRED, TABLE
from domain.petition import Matter
from domain.policy import Policy
from domain.ticket import Tier
from runtime.citypack.likeness import likeness_faults
from runtime.citypack.policy import PolicyBlock
from runtime.citypack.words import meaning

Path = tuple[str | int, ...]
Wrong = tuple[Path, str, str]

_GRANTING = frozenset({Verb.GRANT, Verb.DENY})
# Verbs that only come up where a step of their own exists.
_STEP_OF = {Verb.ADMIT: "filing", Verb.DECLINE: "filing", Verb.CONFIRM: "confirm", Verb.CLOSE: "close"}
# Dates that no rule sets: a suspension's is the petition's, a milestone's stands in the filing condition.
_NO_RULE = frozenset({Clock.SUSPENSION, Clock.MILESTONE})


def policy_faults(said: PolicyBlock, house: Policy, calendars: Container[str]) -> Iterator[Wrong]:
    """Path under ``policy``, code and hint of everything unsound. ``house`` is the policy of who says nothing."""
    yield from _clocks(said, calendars)
    yield from _automatic(said, house)
    yield from _people(said)
    yield from _reasons(said)
    yield from _grants(said, house)
    yield from _tickets(said)
    for path, code, hint in likeness_faults(said.likeness, house.likeness):
        yield ("likeness", *path), code, hint


def _clocks(said: PolicyBlock, calendars: Container[str]) -> Iterator[Wrong]:
    seen: dict[object, int] = {}
    for i, row in enumerate(said.limits):
        if row.clock in _NO_RULE:
            yield ("limits", i, "clock"), "clock-without-limit", row.clock
        first = seen.setdefault((row.clock, row.urgency, row.level), i)
        if first != i:
            yield ("limits", i), "limit-repeated", f"as entry {first + 1} of the list"
        if row.calendar and row.calendar not in calendars:
            yield ("limits", i, "calendar"), "calendar-unknown", row.calendar
    for i, clock in enumerate(said.cumulative or ()):
        if clock is Clock.SUSPENSION:
            yield ("cumulative", i), "clock-without-limit", clock
    for clock, ladder in said.ladders.items():
        if clock is Clock.SUSPENSION:
            yield ("ladders", clock), "clock-without-limit", clock
        if any(lower >= upper for lower, upper in pairwise(ladder.rungs)):
            yield ("ladders", clock, "rungs"), "rungs-not-ascending", "each share above the one before"


def _automatic(said: PolicyBlock, house: Policy) -> Iterator[Wrong]:
    if said.auto_admit_from is None:
        return
    files_from = house.auto_file_from if said.auto_file_from is None else said.auto_file_from
    if not said.steps.filing:
        yield ("auto_admit_from",), "step-off", "steps.filing"
    elif said.auto_admit_from >= files_from:
        yield ("auto_admit_from",), "auto-order", f"below auto_file_from, which is {files_from:g}"


def _people(said: PolicyBlock) -> Iterator[Wrong]:
    for verb, roles in said.may.items():
        if verb in PAIRED:
            yield ("may", verb), "verb-paired", verb
            continue
        if _off(said, verb):
            yield ("may", verb), "step-off", f"steps.{_STEP_OF[verb]}"
        yield from _roles(("may", verb), roles, _actors(verb))


def _reasons(said: PolicyBlock) -> Iterator[Wrong]:
    for verb in said.reasons:
        if verb not in REASON_VERBS:
            yield ("reasons", verb), "reason-pointless", f"{verb} needs none"
        elif _off(said, verb):
            yield ("reasons", verb), "step-off", f"steps.{_STEP_OF[verb]}"


def _grants(said: PolicyBlock, house: Policy) -> Iterator[Wrong]:
    for matter, number in said.consents.items():
        if number == 0 and matter is not Matter.SEND_BACK:
            yield ("consents", matter), "consents-zero", f"only {Matter.SEND_BACK} goes without asking"
    for matter, roles in said.granted_by.items():
        yield from _roles(("granted_by", matter), roles, _actors(Verb.GRANT))
    for verb in _GRANTING & said.may.keys():
        may = frozenset(said.may[verb]) & _actors(verb)
        granted_by = {matter: frozenset(said.granted_by.get(matter, house.granted_by[matter])) for matter in Matter}
        stuck = [matter for matter, by in granted_by.items() if may and by & _actors(verb) and not may & by]
        if stuck:
            yield ("may", verb), "answer-nobody", f"none of these answers {', '.join(stuck)}"


def _tickets(said: PolicyBlock) -> Iterator[Wrong]:
    tickets = said.tickets
    for urgency, tier in tickets.tiers.items():
        if tier is Tier.HARD:
            yield ("tickets", "tiers", urgency), "tier-by-desk", tier
    for code, tier in tickets.category_tiers.items():
        if tier is Tier.HARD:
            yield ("tickets", "category_tiers", code), "tier-by-desk", tier


def _roles(path: Path, roles: Collection[Role], able: Collection[Role]) -> Iterator[Wrong]:
    for i, role in enumerate(roles):
        if role is Role.SYSTEM:
            yield (*path, i), "role-reserved", role
        elif role not in able:
            yield (*path, i), "role-cannot", f"{role}; the law knows {', '.join(sorted(able)) or 'nobody'}"


def _actors(verb: Verb) -> frozenset[Role]:
    """The people whom the law lets use a verb in some state."""
    return frozenset(role for row in TABLE if row.verb is verb for role in row.actors) - {Role.SYSTEM}


def _off(said: PolicyBlock, verb: Verb) -> bool:
    step = _STEP_OF.get(verb)
    return step is not None and not getattr(said.steps, step)


def as_written(raw: Any, path: Path) -> Path:
    """The path with its words as the file has them: ``("may", Verb.FILE)`` may be ``("may", "立案")`` there."""
    written: list[str | int] = []
    for step in path:
        key: str | int = step
        if isinstance(step, StrEnum) and isinstance(raw, Mapping):
            key = next((name for name in raw if meaning(str(name).strip(), type(step)) is step), step)
        written.append(key)
        try:
            raw = raw[key]
        except (LookupError, TypeError):
            raw = None
    return tuple(written)
