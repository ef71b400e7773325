"""How often a client may ask, as ``clients.csv`` writes it: ``10/s``, ``60/分钟|3000/天``, or 不限."""

from api.limits import Rate, rates
from api.rates import Contract, contract_of
from domain.actor import Role
from runtime.citypack.tables import Row

_NONE = frozenset({"none", "不限"})


def contract(row: Row, role: Role) -> Contract:
    """What the client may ask: ``rate`` and ``burst`` for reports and commands, ``reads``; by its role where empty."""
    return contract_of(role, _rates(row, "rate", _burst(row)), _rates(row, "reads"))


def _burst(row: Row) -> int:
    """How many at once; 0 where nothing is said."""
    text = row["burst"]
    if not text:
        return 0
    if not row["rate"] or row["rate"] in _NONE:
        row.fault("burst-without-rate", "a burst belongs to a rate")
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= 1_000_000:
        row.fault("number-invalid", "burst")
        return 0
    return int(text)


def _rates(row: Row, column: str, burst: int = 0) -> tuple[Rate, ...] | None:
    """The rates of a cell, none of them for 不限; None where the cell is empty or cannot be read."""
    text = row[column]
    if not text:
        return None
    if text in _NONE:
        return ()
    try:
        return rates(text, burst)
    except ValueError:
        row.fault("rate-invalid", f"{column}: such as 10/s, 60/分钟, 3000/天, several with |, or 不限")
        return None
