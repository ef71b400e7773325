"""A command that comes twice under one Idempotency-Key is answered once; shared by all that answer commands."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import NAMESPACE_OID, UUID, uuid5

from domain.errors import Refused
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from store.cases import Answer
from store.unit import Unit


def key_lock(client: str, key: str) -> UUID:
    """What two commands of a client under one key wait for, even if they are about different things."""
    return uuid5(NAMESPACE_OID, f"{client}\0{key}")


@dataclass(frozen=True, slots=True)
class Keyed:
    """Whose command it is, under which Idempotency-Key (None: never remembered), and what its content hashes to."""

    client: str
    key: str | None
    fingerprint: bytes


def locks(commands: Iterable[Keyed]) -> list[UUID]:
    """The locks of all keys that are used."""
    return [key_lock(one.client, one.key) for one in commands if one.key is not None]


class Memory:
    """The answers given under some keys, in one unit of work. A client's keys are one space, whatever is commanded."""

    def __init__(self, unit: Unit, answered: dict[tuple[str, str], Answer]) -> None:
        self._unit = unit
        self._answered = answered
        self._fresh: list[Answer] = []

    @classmethod
    async def of(cls, unit: Unit, commands: Iterable[Keyed]) -> "Memory":
        """What was answered before to any of these."""
        keyed = [(one.client, one.key) for one in commands if one.key is not None]
        return cls(unit, await unit.cases.answers(keyed) if keyed else {})

    def once(self, asked: Keyed, act: Callable[[], Outcome]) -> Outcome:
        """The outcome of ``act``, or the same answer as before for the same content; other content is refused."""
        if asked.key is None:
            return act()
        before = self._answered.get((asked.client, asked.key))
        if before is None:
            return self._kept(asked, asked.key, act())
        if before.fingerprint == asked.fingerprint:
            return AlreadyDone(before.subject, before.version)
        return Failed(Refused("idempotency-key-reused", "同一编号已用于不同内容", "use a new key for a new command"))

    async def save(self) -> None:
        """Keep the new answers; the unit of work commits them with what was done."""
        if self._fresh:
            await self._unit.cases.remember(self._fresh)

    def _kept(self, asked: Keyed, key: str, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Done):
            # the column behind the subject holds any, not only cases
            answer = Answer(asked.client, key, asked.fingerprint, outcome.subject, outcome.version)
            self._answered[asked.client, key] = answer
            self._fresh.append(answer)
        return outcome
