"""A component (部件) in the city's register: its identifier, what a scan of its QR code says, and what is known of it.

Identifier and attributes: GB/T 47678.5-2026, table 2; the editions before it had a shorter class code.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlsplit

from domain.catalogue import Catalogue, Category, Kind
from domain.errors import Fault, Invalid
from domain.place import Point
from domain.report import Report, clean_text

MAX_SCANNED = 2048
# the provinces of GB/T 2260 come first: a timestamp or an order number in a URL is not taken for a component
_PRINTED = re.compile(r"((?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12])[0-9]{4})([0-9]{4,5})([0-9A-Z]{6})")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


class AssetState(StrEnum):
    """完好, 破损, 丢失, 废弃, 移除 (管理部件状态)."""

    INTACT = "intact"
    DAMAGED = "damaged"
    MISSING = "missing"
    ABANDONED = "abandoned"
    REMOVED = "removed"


class Accuracy(StrEnum):
    """Accuracy class of a surveyed position: A within 0.5 m, B within 1 m, C coarser (10 m)."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class ComponentCode:
    """The identifier of a component (部件标识码): area (6), class code (5, before 2026 4), running number (6).

    Area and class are digits. The running number may hold capital letters: the standard's field is of characters.
    """

    area: str
    category: str
    serial: str

    def __str__(self) -> str:
        return self.area + self.category + self.serial

    @property
    def legacy(self) -> bool:
        """Whether it is one of 16 digits, as CJ/T 214-2007 and GB/T 30428.2-2013 made them."""
        return len(self.category) == 4

    @classmethod
    def parse(cls, text: str, pointer: str = "") -> "ComponentCode":
        """Read an identifier of 16 or 17 characters. Raises ``Invalid`` with code ``component-code-invalid``."""
        match = _PRINTED.fullmatch(text.strip().upper()) if text.isascii() else None
        if match is None:
            hint = "16 or 17 digits: area 6, class 4 or 5, number 6"
            raise _invalid(pointer, "component-code-invalid", "部件标识码有误", hint)
        return cls(*match.groups())

    def event(self, catalogue: Catalogue) -> Category:
        """The event «<component>异常» that a defect of it is, in the current table; 16 digits go by the mapping.

        Raises ``Invalid`` with code ``category-unknown`` where the class is in no table, or is none of a component.
        """
        found = catalogue.find(self.category, Kind.COMPONENT)
        if found.kind is Kind.EVENT and not found.component:
            raise Invalid("category-unknown", "类别代码不在现行目录中", "the class is no component's")
        return found


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation by code (统一社会信用代码, 18) and name; both empty where the register names none."""

    code: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """One component of the register.

    ``category`` is the key of its event (see ``ComponentCode.event``), None where the class is in no table.
    ``authority`` supervises (主管部门), ``owner`` owns (权属单位), ``maintainer`` keeps it up (养护单位). ``grid`` is
    the unit grid as registered, or where that was missing as its point says; ``grid_by_point`` is set where the two
    disagree. ``area`` are the area codes from the top down. ``changed_on`` is empty after the first census. ``more`` is
    what else the city's table says of it.
    """

    code: str
    name: str
    state: AssetState
    authority: Body
    first_on: date
    category: str | None = None
    owner: Body = Body()
    maintainer: Body = Body()
    grid: str | None = None
    grid_by_point: str | None = None
    area: tuple[str, ...] = ()
    point: Point | None = None
    accuracy: Accuracy | None = None
    changed_on: date | None = None
    source: str = ""
    street: Body = Body()
    community: Body = Body()
    note: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


def scanned(text: str, pointer: str = "/qr") -> ComponentCode:
    """The component a QR code names: the bare identifier, or a URL (城市码) that carries it.

    In a URL it is the last segment of the path or the value of a query parameter; a fragment that looks like a path is
    read the same way. Raises ``Invalid``: ``qr-no-code`` where there is none, ``qr-ambiguous`` where there are two
    different ones, and as ``clean_text`` does.
    """
    said = clean_text(text, pointer, limit=MAX_SCANNED)
    if not _URL.fullmatch(said):
        return ComponentCode.parse(said, pointer)
    codes = {part.upper() for part in _parts(said) if part.isascii() and _PRINTED.fullmatch(part.upper())}
    if not codes:
        raise _invalid(
            pointer, "qr-no-code", "二维码不含部件标识码", "a path or a query parameter must end in the code"
        )
    if len(codes) > 1:
        raise _invalid(pointer, "qr-ambiguous", "二维码含多个部件标识码", f"{len(codes)} different codes")
    return ComponentCode.parse(codes.pop(), pointer)


def completed(report: Report, assets: Mapping[str, Asset]) -> Report:
    """The report with the place its component has, for the advisers; the point the sender gave goes before it.

    A component the register does not know tells nothing: it is left out, for its code may be a typing error.
    """
    if report.asset is None:
        return report
    asset = assets.get(report.asset)
    if asset is None:
        return replace(report, extra={name: said for name, said in report.extra.items() if name != "asset"})
    if report.point is not None:
        return report
    here = asset.grid or (asset.area[-1] if asset.area else None)
    return replace(report, point=asset.point, area_names=(here,) if here else report.area_names)


def _parts(url: str) -> Iterator[str]:
    try:
        whole = urlsplit(url)
        places = [whole, urlsplit(whole.fragment)]
    except ValueError:  # such as a bracket that is no address
        return
    for place in places:
        yield unquote(place.path.rstrip("/").rpartition("/")[2]).strip()
        yield from (value.strip() for _, value in parse_qsl(place.query))


def _invalid(pointer: str, code: str, title: str, hint: str) -> Invalid:
    return Invalid(code, title, hint, (Fault(pointer, code, hint),))
