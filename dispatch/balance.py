"""Which of several units leads, where the rulebook leaves a choice: on duty, not busier than need be, near. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from dispatch.duty import OnDuty
from domain.case import Verdict
from domain.lattice import metres
from domain.place import Point

SLACK = 2
"""So many open tasks more than the least busy one the nearest may have."""


class Balance:
    """Chooses for one batch; what it gives counts for the verdicts after it.

    ``load`` are the open tasks of each unit, 0 where it says nothing.
    """

    def __init__(self, duty: OnDuty, load: Mapping[str, int]) -> None:
        self._duty = duty
        self._load = dict(load)

    def settle_many(self, verdicts: Sequence[Verdict], points: Sequence[Point | None]) -> list[Verdict]:
        """The verdicts in order, each choice settled; ``points`` are where the cases are, in WGS-84 or CGCS2000.

        A verdict that leaves no choice stays as it is. Of a choice those on duty can lead, or all where nobody is. Of
        them those count who have at most ``SLACK`` open tasks more than the least busy one, and of these the nearest
        leads; where the way of one of them is unknown, whoever has the least to do. Equals: the first of the rule.
        """
        for verdict in verdicts:
            if not verdict.choice and verdict.lead is not None:
                self._give(verdict.lead)
        return [self._settled(v, point) if v.choice else v for v, point in zip(verdicts, points, strict=True)]

    def _settled(self, verdict: Verdict, point: Point | None) -> Verdict:
        choice = verdict.choice
        able = [unit for unit in choice if self._duty.is_on(unit)] or list(choice)
        least = min(self._open(unit) for unit in able)
        level = [unit for unit in able if self._open(unit) <= least + SLACK]
        away = {unit: self._metres(point, unit) for unit in level}
        known = {unit: found for unit, found in away.items() if found is not None}
        compared = known if len(known) == len(level) else {}
        lead = min(level, key=lambda unit: (compared.get(unit, 0.0), self._open(unit)))
        reason = f"{verdict.reason}; {self._says(lead, choice, able, compared)}"
        self._give(lead)
        return replace(
            verdict,
            lead=lead,
            assist=tuple(unit for unit in verdict.assist if unit != lead),
            optional=tuple(unit for unit in verdict.optional if unit != lead),
            reason=reason,
        )

    def _says(self, lead: str, choice: Sequence[str], able: Collection[str], compared: Mapping[str, float]) -> str:
        on = "on duty" if self._duty.is_on(lead) else "nobody is on duty"
        said = [f"of {', '.join(choice)} {lead} leads: {on}", f"{self._open(lead)} open tasks"]
        others = [f"{unit} {self._open(unit)}" for unit in able if unit != lead]
        if others:
            said[-1] += f" ({', '.join(others)})"
        if lead in compared:
            said.append(f"{compared[lead] / 1000:.1f} km away")
        off = [unit for unit in choice if unit not in able]
        if off:
            said.append(f"off duty: {', '.join(off)}")
        return ", ".join(said)

    def _metres(self, point: Point | None, unit: str) -> float | None:
        """The way of the unit's nearest team on duty."""
        posts = self._duty.posts.get(unit)
        return min(metres(point, post) for post in posts) if point is not None and posts else None

    def _open(self, unit: str) -> int:
        return self._load.get(unit, 0)

    def _give(self, unit: str) -> None:
        self._load[unit] = self._open(unit) + 1
