"""Who may ask how often: rates by client and, where nobody says who he is, by network address. One book a process."""

import ipaddress
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from api.limits import Buckets, Rate, RateLimited
from domain.actor import Actor, Role

_COUNTED_LATER = frozenset({"POST /v1/reports", "POST /v1/reports:batch"})
_BY_QUOTA = frozenset({"HEAD /v1/attachments/{attachment_id}", "PATCH /v1/attachments/{attachment_id}"})


@dataclass(frozen=True, slots=True)
class Contract:
    """What a client may ask; an empty one is not held to any rate. A batch counts as the reports in it."""

    reports: tuple[Rate, ...] = ()
    commands: tuple[Rate, ...] = ()
    reads: tuple[Rate, ...] = ()

    def times(self, factor: float) -> "Contract":
        """The contract of somebody who may ask ``factor`` times as often; 0 stands for no rates at all."""
        if not factor:
            return Contract()
        return Contract(*(_times(held, factor) for held in (self.reports, self.commands, self.reads)))


# a person's phone may have been without a line for a day: a whole batch of reports (500) fits in its burst
PERSON = Contract(
    reports=(Rate(60, 60, 500),),
    commands=(Rate(60, 60, 60),),
    reads=(Rate(600, 60, 600),),
)
DEPARTMENT = Contract(commands=(Rate(50, 1, 500),), reads=(Rate(50, 1, 500),))
OPEN = Contract()
ANONYMOUS = "5/min|30/day"


def contract_of(role: Role, rate: tuple[Rate, ...] | None = None, reads: tuple[Rate, ...] | None = None) -> Contract:
    """What a client of this role may ask, where ``rate`` and ``reads`` do not say otherwise (None: nothing said).

    A person has a person's rates, a department's machine its own, and a hotline, which is many people, or a device
    platform, which is many devices, none.
    """
    usual = {Role.UNIT: DEPARTMENT, Role.HOTLINE: OPEN, Role.DEVICE: OPEN}.get(role, PERSON)
    if rate is not None:
        usual = replace(usual, reports=rate, commands=rate)
    return usual if reads is None else replace(usual, reads=reads)


class Rates:
    """Keeps everybody to the rates of his contract. Raises ``RateLimited`` (429) for who asks more.

    What is said to be about danger to life has buckets of its own, so that it is not turned away for what was asked
    before. ``now`` is a clock in nanoseconds.
    """

    def __init__(
        self,
        contracts: Mapping[str, Contract],
        anonymous: tuple[Rate, ...],
        factor: float = 1.0,
        now: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._contracts = {client: contract.times(factor) for client, contract in contracts.items()}
        self._anonymous = _times(anonymous, factor) if factor else ()
        self._buckets = Buckets()
        self._now = now

    def asked(self, actor: Actor, route: str) -> None:
        """One request on a route, as ``api.auth`` writes it. Reports count when they have been read, pieces of an
        upload by its quota."""
        contract = self._contracts.get(actor.id)
        if contract is None or route in _COUNTED_LATER or route in _BY_QUOTA:
            return
        if route.startswith("GET "):
            self._take("reads", actor.id, contract.reads)
        else:
            self._take("commands", actor.id, contract.commands)

    def reported(self, client: str, number: int, danger: Callable[[], bool]) -> None:
        """So many reports of a client; ``danger`` says whether one of them is about danger to life."""
        contract = self._contracts.get(client)
        if contract is not None:
            self._reports(client, contract.reports, number, danger)

    def reported_by_nobody(self, address: str, danger: Callable[[], bool]) -> None:
        """A report without credentials from a network address."""
        self._reports(network(address), self._anonymous, 1, danger)

    def _reports(self, who: str, held: Sequence[Rate], number: int, danger: Callable[[], bool]) -> None:
        try:
            self._take("reports", who, held, number)
        except RateLimited:
            if not danger():
                raise
            self._take("urgent", who, held, number)

    def _take(self, name: str, who: str, held: Sequence[Rate], number: int = 1) -> None:
        short = self._buckets.take((name, who), held, number, self._now())
        if short is not None:
            raise RateLimited(name, short.rate, short.seconds)


def network(address: str) -> str:
    """What stands for one sender: an IPv4 address, or the /64 of an IPv6 one, of which a house has at least one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if found.version == 6 and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(found) if found.version == 4 else str(ipaddress.ip_network((int(found), 64), strict=False))


def _times(held: tuple[Rate, ...], factor: float) -> tuple[Rate, ...]:
    return tuple(rate.times(factor) for rate in held)
