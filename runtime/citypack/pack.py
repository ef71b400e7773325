"""City packs: everything a city brings along, read from a folder, checked to the last line, and ready for the wiring.

A pack with faults is not used at all; ``load`` names every fault with its file and line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from classify.rules import KeywordRule
from dispatch.roster import Roster
from dispatch.rulebook import Rulebook
from domain.catalogue import Catalogue
from domain.commands import Verb
from domain.errors import Fault, Invalid
from domain.policy import Policy
from geo.atlas import Atlas
from runtime.citypack.catalogue import read_book
from runtime.citypack.codes import read_tiers
from runtime.citypack.duties import ClientSpec, read_clients, read_keywords, read_rules, read_units, warn_of_gaps
from runtime.citypack.files import PackFiles
from runtime.citypack.map import read_map
from runtime.citypack.plans import read_plans
from runtime.citypack.settings import read_settings
from runtime.citypack.tables import Table, read_table, reject_repeated
from runtime.citypack.words import labels

_LABELS = Table("labels.csv", ("key", "label"))
_READ_AS_DATA = {".csv", ".yaml", ".yml", ".geojson"}


@dataclass(frozen=True)
class Pack:
    """One city. ``version`` is the declared one and a digest of the content: ``2026.1+5d41402a``.

    ``prefix`` are the letters of its case numbers, ``duty_desk`` the unit that has what no rule covers, ``labels``
    the Chinese words for codes (``"state.closed"``). ``warnings`` are what a person should look at.
    """

    id: str
    name: str
    version: str
    prefix: str
    duty_desk: str
    catalogue: Catalogue
    keywords: tuple[KeywordRule, ...]
    roster: Roster
    rulebook: Rulebook
    atlas: Atlas
    policy: Policy
    clients: tuple[ClientSpec, ...]
    labels: Mapping[str, str]
    warnings: tuple[Fault, ...] = ()


def load(folder: Path, standards: Path) -> Pack:
    """The pack in ``folder``, with the national tables it names from ``standards`` (see deploy/standards/README.md).

    Raises ``Invalid`` with code ``pack-invalid``; its ``faults`` are all that is wrong, each with a pointer of file and
    line (``rules.csv:17``), in the order of the files and lines.
    """
    files = PackFiles(folder, standards)
    settings = read_settings(files)
    book = read_book(files, settings, settings.calendars)
    city = read_map(files)
    units = read_units(files, city)
    keywords = read_keywords(files, book)
    rows = read_rules(files, book, units, city)
    clients = read_clients(files, units, city)
    plans = read_plans(files, book, units)
    tiers = read_tiers(files, settings, book)
    words = {**labels(), **_own_labels(files)}
    if settings.duty_desk and units.names is not None and settings.duty_desk not in units.names:
        files.findings.fault(settings.duty_desk_at, "unit-unknown", settings.duty_desk)
    said = settings.said
    version = f"{said.version if said else ''}+{pack_digest(files.seen)}"
    fallback = said.fallback if said else ""
    rulebook = rows.compile(version, units, city, files.findings, fallback, settings.fallback_at)
    if said is None or settings.calendars is None or city.atlas is None or rulebook is None or files.findings.faults:
        raise _invalid(files)
    policy = said.policy.policy(settings.calendars, plans, tiers)
    warn_of_gaps(files, book, rows.rules, units, clients)
    _warn_of_lone_answers(files, policy, clients)
    _warn_of_strangers(files)
    return Pack(
        id=said.id,
        name=said.name,
        version=version,
        prefix=said.prefix,
        duty_desk=said.duty_desk,
        catalogue=book.catalogue,
        keywords=keywords,
        roster=units.roster,
        rulebook=rulebook,
        atlas=city.atlas,
        policy=policy,
        clients=clients,
        labels=words,
        warnings=tuple(files.findings.warnings),
    )


def pack_digest(content: Mapping[str, bytes]) -> str:
    """Eight hexadecimal digits that change with any file's name or bytes; line ends do not count."""
    digest = sha256()
    for name in sorted(content):
        file = sha256(content[name].replace(b"\r\n", b"\n")).hexdigest()
        digest.update(f"{name} {file}\n".encode())
    return digest.hexdigest()[:8]


def _own_labels(files: PackFiles) -> dict[str, str]:
    rows = read_table(files, _LABELS, required=False) or []
    reject_repeated(rows, "key")
    known = labels()
    for row in rows:
        row.refer([row["key"]], known, "label-unknown")
    return {row["key"]: row["label"] for row in rows if row.ok}


def _warn_of_lone_answers(files: PackFiles, policy: Policy, clients: Sequence[ClientSpec]) -> None:
    """A petition that fewer people may grant than must agree is never granted."""
    for matter, needed in policy.consents.items():
        roles = policy.granted_by[matter] & policy.may.get(Verb.GRANT, policy.granted_by[matter])
        able = sum(client.role in roles for client in clients)
        if able < needed:
            files.findings.warn("clients.csv", "consents-short", f"{matter}: {able} of {needed} who must agree")


def _warn_of_strangers(files: PackFiles) -> None:
    """A file of data that nobody read is most likely a misspelt name."""
    for path in sorted(files.folder.iterdir()):
        if path.suffix in _READ_AS_DATA and path.name not in files.seen:
            files.findings.warn(path.name, "file-unknown")


def _invalid(files: PackFiles) -> Invalid:
    def place(fault: Fault) -> tuple[str, int]:
        file, _, line = fault.pointer.partition(":")
        return file, int(line or 0)

    faults = tuple(sorted(files.findings.faults, key=place))
    return Invalid("pack-invalid", "城市包有误", f"{len(faults)} faults in {files.folder.name}", faults)
