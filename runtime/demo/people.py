"""Everybody who works on cases in the demo city: one person for every client of the pack that acts."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from domain.actor import Role
from domain.place import Level
from runtime.citypack import ClientSpec, Pack
from runtime.demo.clock import ExerciseClock
from runtime.demo.departments import Department
from runtime.demo.desks import Desk, Dispatcher, Officer, Supervisor
from runtime.demo.line import Line
from runtime.demo.person import Person
from runtime.demo.voices import CallBacks, Hotline

SLOW: Mapping[str, float] = {"sanitation": 0.22, "enforcement": 0.15, "roads": 0.10}
SELDOM_SLOW, PICKY = 0.03, 0.05
"""Shares of jobs that drag on elsewhere, and of cases a unit says are not its own."""

SUSPENDS = frozenset({"roads", "parks"})
"""Units that have to wait for somebody else's consent once in a day."""

_ALIKE: Mapping[Role, Callable[[Line, ExerciseClock, Random, Counter[str]], Person]] = {
    Role.OFFICER: Officer,
    Role.SUPERVISOR: Supervisor,
    Role.HOTLINE: Hotline,
    Role.CALLBACK: CallBacks,
}


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody at work; the desk's and the dispatcher's notes are needed in the evening."""

    desk: Desk
    dispatcher: Dispatcher
    others: tuple[Person, ...]

    def __iter__(self) -> Iterator[Person]:
        return iter((self.desk, self.dispatcher, *self.others))


def hire(pack: Pack, lines: Mapping[str, Line], clock: ExerciseClock, seed: int, deeds: Counter[str]) -> Staff:
    """One person for every client of the pack that acts on cases or tickets; their deeds are counted together.

    Roles that the pack has no client for stay empty, but for the desk and the dispatcher.
    """

    def dice(client: ClientSpec) -> Random:
        return Random(f"{seed} {client.id}")  # noqa: S311  (chance for a play)

    def department(client: ClientSpec) -> Department:
        unit = client.unit or ""
        return Department(
            lines[client.id],
            clock,
            dice(client),
            deeds,
            slow=SLOW.get(unit, SELDOM_SLOW),
            picky=PICKY,
            suspends=unit in SUSPENDS,
        )

    by_role = {role: [client for client in pack.clients if client.role is role] for role in Role}
    communities = [area.code for area in pack.atlas.tree.areas.values() if area.level is Level.COMMUNITY]
    desk, dispatcher = by_role[Role.DESK][0], by_role[Role.DISPATCHER][0]
    return Staff(
        Desk(lines[desk.id], clock, dice(desk), deeds, communities),
        Dispatcher(lines[dispatcher.id], clock, dice(dispatcher), deeds),
        (
            *(make(lines[one.id], clock, dice(one), deeds) for role, make in _ALIKE.items() for one in by_role[role]),
            *(department(one) for one in by_role[Role.UNIT]),
        ),
    )
