"""City packs: everything a city brings along, read from a folder, checked to the last line, and ready for the wiring.

A pack with faults is not used at all; ``load`` names every fault with its file and line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

from classify.cues import CueRule
from classify.opinion import Manner
from classify.rules import KeywordRule
from dispatch.check import Office
from dispatch.duty import Duty
from dispatch.facts import Surroundings
from dispatch.roster import Roster
from dispatch.rulebook import Rulebook
from domain.catalogue import Catalogue
from domain.commands import Verb
from domain.errors import Fault, Invalid
from domain.policy import Policy
from domain.rule_table import RuleRow
from geo.atlas import Atlas
from geo.atlases import Atlases
from geo.gazetteer import Bounds, Gazetteer
from geo.responsibility import ResponsibilityGrids
from handlers.sensor_pack import SensorPack
from runtime.citypack.catalogue import read_book
from runtime.citypack.codes import read_life_safety, read_likeness, read_tiers
from runtime.citypack.duties import ClientSpec, read_clients, read_keywords, read_units, warn_of_idle_units
from runtime.citypack.files import PackFiles
from runtime.citypack.gazetteer import read_gazetteer
from runtime.citypack.hearing import read_cues, read_manner
from runtime.citypack.map import read_map
from runtime.citypack.people import read_duty
from runtime.citypack.plans import read_plans
from runtime.citypack.responsibility import read_responsibility_grids
from runtime.citypack.rule_check import Words, read_office, remarks
from runtime.citypack.rulebook import RULES, read_rule_rows, read_vocabulary
from runtime.citypack.sensing import read_sensing
from runtime.citypack.settings import read_settings
from runtime.citypack.tables import Table, read_table, reject_repeated
from runtime.citypack.vocabulary import Vocabulary
from runtime.citypack.words import labels

_LABELS = Table("labels.csv", ("key", "label"))
_READ_AS_DATA = {".csv", ".yaml", ".yml", ".geojson"}


@dataclass(frozen=True)
class Pack:
    """One city. ``version`` is the declared one and a digest of the content: ``2026.1+5d41402a``.

    ``prefix`` are the letters of its case numbers, ``duty_desk`` the unit that has what no rule covers, ``labels``
    the Chinese words for codes (``"state.closed"``). ``atlas`` is the map in force when it was read, ``atlases`` are
    all its versions. ``rule_rows`` are its rules as written in ``rule_lines`` of ``rules.csv``; ``vocabulary`` reads
    other rulebooks for this city, ``bureau`` and ``names`` are what a check of them must know. ``duty`` is the duty
    roster. ``warnings`` are what a person should look at.
    """

    id: str
    name: str
    version: str
    prefix: str
    duty_desk: str
    catalogue: Catalogue
    keywords: tuple[KeywordRule, ...]
    tags: tuple[KeywordRule, ...]
    roster: Roster
    rulebook: Rulebook
    atlas: Atlas
    atlases: Atlases
    responsibility_grids: ResponsibilityGrids
    policy: Policy
    clients: tuple[ClientSpec, ...]
    labels: Mapping[str, str]
    vocabulary: Vocabulary
    rule_rows: tuple[RuleRow, ...]
    rule_lines: tuple[int, ...]
    bureau: Office
    names: Words
    duty: Duty
    gazetteer: Gazetteer | None = None
    sensors: SensorPack = field(default_factory=SensorPack)
    cues: tuple[CueRule, ...] = ()
    manner: Manner = field(default_factory=Manner)
    warnings: tuple[Fault, ...] = ()

    @property
    def surroundings(self) -> Surroundings:
        """What dispatch rules may ask and a case does not say itself."""
        book, policy = self.rulebook, self.policy
        return Surroundings(self.roster, policy.calendar, policy.starting_level, book.windows, book.land_use)


def load(folder: Path, standards: Path, today: date | None = None) -> Pack:
    """The pack in ``folder``, with the national tables it names from ``standards`` (see deploy/standards/README.md).

    Raises ``Invalid`` with code ``pack-invalid``; its ``faults`` are all that is wrong, each with a pointer of file and
    line (``rules.csv:17``), in the order of the files and lines. ``today`` decides which version of the map is in
    force; by default it is the day of reading, in the city's time zone.
    """
    files = PackFiles(folder, standards)
    settings = read_settings(files)
    book = read_book(files, settings, settings.calendars)
    city = read_map(files)
    units = read_units(files, city)
    keywords = read_keywords(files, book)
    cues, manner = read_cues(files), read_manner(files, settings, book)
    clients = read_clients(files, units, city)
    day = today or datetime.now(settings.said.timezone if settings.said else UTC).date()
    atlas = city.atlases.at(day) if city.atlases else None
    grids = read_responsibility_grids(files, city.atlases, day, units, {client.id for client in clients})
    gazetteer = read_gazetteer(files, atlas, settings.said.gazetteer.bounds() if settings.said else Bounds())
    plans = read_plans(files, book, units)
    vocabulary = read_vocabulary(files, settings, book, units, city, {plan.id for plan in plans})
    rule_rows = read_rule_rows(files)
    rules = vocabulary.read(rule_rows)
    duty = read_duty(files, units, vocabulary.windows)
    sensors = read_sensing(files, book, city, vocabulary, settings.said.timezone if settings.said else None)
    bureau = read_office(files, settings, book, units, {client.unit for client in clients if client.unit})
    tiers = read_tiers(files, settings, book)
    life_safety, likeness = read_life_safety(files, settings, book), read_likeness(files, settings, book)
    words = {**labels(), **_own_labels(files)}
    if settings.duty_desk and units.names is not None and settings.duty_desk not in units.names:
        files.findings.fault(settings.duty_desk_at, "unit-unknown", settings.duty_desk)
    said = settings.said
    version = f"{said.version if said else ''}+{pack_digest(files.seen)}"
    rulebook = vocabulary.compile(version, rules, files.findings)
    if said is None or settings.calendars is None or rulebook is None or files.findings.faults:
        raise _invalid(files)
    if city.atlases is None or atlas is None:
        raise _invalid(files)
    policy = replace(said.policy.policy(settings.calendars, plans, tiers), life_safety=life_safety, likeness=likeness)
    names = Words.of(book, city, {unit.id: unit.name for unit in units.roster.units.values()})
    for remark in remarks(rulebook, rules.at, RULES.file, day, bureau, names):
        files.findings.warn(remark.at, remark.code, f"{remark.says}: {remark.remedy}")
    warn_of_idle_units(files, units, clients)
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
        cues=cues,
        manner=manner,
        tags=vocabulary.tags,
        roster=units.roster,
        rulebook=rulebook,
        atlas=atlas,
        atlases=city.atlases,
        responsibility_grids=grids,
        policy=policy,
        clients=clients,
        labels=words,
        warnings=tuple(files.findings.warnings),
        gazetteer=gazetteer,
        sensors=sensors,
        vocabulary=vocabulary,
        rule_rows=tuple({column: text for column, text in row.cells.items() if text} for row in rule_rows),
        rule_lines=tuple(row.line for row in rule_rows),
        bureau=bureau,
        names=names,
        duty=duty.duty(policy.calendar),
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
