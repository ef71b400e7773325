"""The ledger against the record: what was lost, what nobody sent, what is there twice. Pure arithmetic."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.reliability.ledger import Entry

Address = tuple[str, int, int, str]
"""Topic, partition, offset and digest of the value: a topic that was made anew counts its offsets from 0 again."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A record on the hotline topic: where it lies, the key of the ticket it holds (empty if none), and when it was
    sent, in seconds since 1970."""

    address: Address
    key: str
    at: float = 0.0

    @property
    def partition(self) -> int:
        """Its partition."""
        return self.address[1]


@dataclass(frozen=True, slots=True)
class Found:
    """One report of the record, behind how many cases it stands with its home, and when it was let in (as ``at``)."""

    id: str
    homes: int
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports part of the account. Everything but ``expected``, ``acked`` and ``found`` must be 0."""

    expected: int
    acked: int
    found: int
    lost: int
    phantom: int
    duplicate: int
    misnamed: int
    homeless: int


def reckon_reports(book: Mapping[str, Entry], record: Mapping[str, Sequence[Found]]) -> Reports:
    """Compare by key. ``misnamed`` are keys whose answers named more than one id, or another than the record has."""
    lost = sum(1 for key, entry in book.items() if entry.acked and key not in record)
    phantom = sum(len(found) for key, found in record.items() if key not in book or not book[key].sent)
    misnamed = sum(
        entry.ids != {one.id for one in record[key]} for key, entry in book.items() if entry.ids and key in record
    )
    return Reports(
        expected=sum(1 for entry in book.values() if entry.sent),
        acked=sum(1 for entry in book.values() if entry.acked),
        found=sum(map(len, record.values())),
        lost=lost,
        phantom=phantom,
        duplicate=sum(len(found) - 1 for found in record.values()),
        misnamed=misnamed,
        homeless=sum(one.homes != 1 for found in record.values() for one in found),
    )


@dataclass(frozen=True, slots=True)
class Records:
    """Conservation of the records read: ``read`` = ``accepted`` + ``duplicate`` + ``rejected``, else ``unaccounted``.

    ``false_rejects``: good records among the rejects; ``missing_rejects``: planted ones that are not;
    ``wrong_codes``: planted ones there under another code than theirs.
    """

    read: int
    accepted: int
    duplicate: int
    rejected: int
    false_rejects: int
    missing_rejects: int
    wrong_codes: int

    @property
    def unaccounted(self) -> int:
        """Records that went in and came out nowhere (or more than once, if negative)."""
        return self.read - self.accepted - self.duplicate - self.rejected


def reckon_records(
    topic: Iterable[Ticket], planted: Mapping[str, str], record: Collection[str], rejects: Mapping[Address, str]
) -> Records:
    """Account for every record of the topics read from offset 0.

    ``planted``: digest of a bad record -> the code it must get; ``record``: the keys in the record; ``rejects``: the
    codes of the rejects by address. ``duplicate`` are good records of a key beyond its first.
    """
    good, bad = Counter[str](), dict[Address, str]()
    for ticket in topic:
        if (code := planted.get(ticket.address[3])) is not None:
            bad[ticket.address] = code
        else:
            good[ticket.key] += 1
    return Records(
        read=good.total() + len(bad),
        accepted=sum(key in record for key in good),
        duplicate=sum(times - 1 for times in good.values()),
        rejected=len(rejects),
        false_rejects=sum(address not in bad for address in rejects),
        missing_rejects=sum(address not in rejects for address in bad),
        wrong_codes=sum(rejects.get(address, code) != code for address, code in bad.items()),
    )


@dataclass(frozen=True, slots=True)
class Events:
    """History against topics. ``gaps`` are versions a consumer would have had to skip; ``repeats`` may occur."""

    history: int
    unpublished: int
    ghosts: int
    gaps: int
    repeats: int


def reckon_events(before: Collection[str], after: Collection[str], published: Sequence[Sequence[str]]) -> Events:
    """Events as ``subject/version``: in the history before and after the topics were read; published by partition.

    A consumer applies version seen + 1, ignores what it knows, and a higher one is a gap.
    """
    seen: Counter[str] = Counter()
    gaps = repeats = 0
    for partition in published:
        for event in partition:
            subject, _, version = event.rpartition("/")
            number = int(version)
            repeats += number <= seen[subject]
            gaps += number > seen[subject] + 1
            seen[subject] = max(seen[subject], number)
    told = {event for partition in published for event in partition}
    return Events(len(before), len(set(before) - told), len(told - set(after)), gaps, repeats)


@dataclass(frozen=True, slots=True)
class Account:
    """All that must be 0 in one drill, by name, and what it rests on."""

    wrongs: Mapping[str, int]
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not any(self.wrongs.values())

    @property
    def broken(self) -> dict[str, int]:
        """What is wrong."""
        return {name: count for name, count in self.wrongs.items() if count}


def bound(number: int) -> float:
    """Upper 95 % bound of the share of failures, where none was seen in ``number`` (the rule of three)."""
    return 3 / number if number else 1.0


def share(values: Sequence[float], part: float) -> float:
    """The quantile ``part`` of values in ascending order; NaN of none."""
    return values[min(int(len(values) * part), len(values) - 1)] if values else float("nan")
