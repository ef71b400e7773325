"""What the columns of somebody's table mean: a YAML file, read with every fault and its line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from domain.catalogue import Catalogue, Kind, Urgency
from domain.errors import Invalid
from domain.place import Crs
from domain.ticket import Appeal
from runtime.citypack.files import PackFiles
from runtime.citypack.settings import Zone
from runtime.citypack.yaml import Document, Section, read_yaml, reader
from runtime.importing.damage import known_category

ISO = "iso"

Column = Annotated[str, Field(min_length=1)]
Columns = Annotated[tuple[Column, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)]


class TimeFrom(Section):
    """When it happened. ``format`` is ``iso`` or one of ``strptime``; a time without offset is in ``timezone``."""

    column: Column
    format: str = ISO
    timezone: Zone | None = None


class Choice(Section):
    """A code: the cell as it is, or what ``values`` makes of it.

    A cell that ``values`` does not know is no code, or with ``keep`` the code itself.
    """

    column: Column
    values: dict[str, str] | None = None
    keep: bool = False


CodeFrom = Annotated[Choice, BeforeValidator(lambda given: {"column": given} if isinstance(given, str) else given)]


class PositionFrom(Section):
    """Degrees, and the system they are in: one for all rows, or each row's own. It is never guessed."""

    lon: Column
    lat: Column
    crs: Annotated[Crs, reader("crs-unknown", f"one of {', '.join(Crs)}", Crs)] | None = None
    crs_from: CodeFrom | None = None

    @model_validator(mode="after")
    def _said(self) -> Self:
        if self.crs is None and self.crs_from is None:
            raise PydanticCustomError("own", "name crs, or a column in crs_from", {"code": "crs-missing"})
        return self


class CallerFrom(Section):
    """Who called. Personal data: kept apart from the report."""

    name: Column | None = None
    phone: Column | None = None


class Constants(Section):
    """What holds for every row whose own cell says nothing."""

    text: str = ""
    address: str = ""
    category: str | None = None
    condition: str | None = None
    kind: Kind = Kind.EVENT
    urgency: Urgency = Urgency.NORMAL
    appeal: Appeal = Appeal.HELP


class RowMapping(Section):
    """The mapping file. ``source`` and the key column's cell name a row for ever: that makes repeating an import safe.

    Several columns of ``text`` or ``address`` are joined by a blank; ``areas`` run from coarse to fine. Cells that
    stand in ``not_given`` count as empty. ``delimiter`` None is told by the header.
    """

    source: Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]{1,64}$")]
    key: Column
    time: TimeFrom
    text: Columns = ()
    address: Columns = ()
    areas: Columns = ()
    position: PositionFrom | None = None
    category: CodeFrom | None = None
    condition: CodeFrom | None = None
    urgency: CodeFrom | None = None
    kind: CodeFrom | None = None
    appeal: CodeFrom | None = None
    asset: Column | None = None
    caller: CallerFrom = CallerFrom()
    constants: Constants = Constants()
    not_given: tuple[str, ...] = ("", "-")
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None

    def columns(self) -> Iterator[str]:
        """Every column that is asked for."""
        yield from (self.key, self.time.column, *self.text, *self.address, *self.areas)
        at = self.position
        choices = (self.category, self.condition, self.urgency, self.kind, self.appeal, at.crs_from if at else None)
        if at:
            yield from (at.lon, at.lat)
        yield from (choice.column for choice in choices if choice)
        yield from (column for column in (self.asset, self.caller.name, self.caller.phone) if column)


def read_mapping(path: Path, catalogue: Catalogue) -> RowMapping:
    """The mapping in a YAML file. Raises ``Invalid`` naming every fault with its line.

    A category that is written out must be one of the catalogue: the mistake would be the mapping's, not the rows'.
    """
    files = PackFiles(path.parent, path.parent)
    document = read_yaml(files, path.name, RowMapping)
    if document is not None and document.content is not None:
        for at, code, hint in _unknown(document.content, document, catalogue):
            files.findings.fault(at, code, hint)
    faults = tuple(files.findings.faults)
    if document is None or document.content is None or faults:
        raise Invalid("mapping-invalid", "列映射文件有误", f"{len(faults)} faults in {path.name}", faults)
    return document.content


def _unknown(
    mapping: RowMapping, document: Document[RowMapping], catalogue: Catalogue
) -> Iterator[tuple[str, str, str]]:
    written: list[tuple[tuple[str, ...], str | None]] = [(("constants", "category"), mapping.constants.category)]
    if mapping.category and mapping.category.values:
        written += [(("category", "values", cell), code) for cell, code in mapping.category.values.items()]
    for path, code in written:
        if code and not known_category(catalogue, code, mapping.constants.kind):
            yield document.at(*path), "category-unknown", code
    zoned = mapping.time.timezone is not None or mapping.time.format == ISO or "%z" in mapping.time.format
    if not zoned:
        yield document.at("time"), "timezone-missing", "the format has no offset: say which timezone"
