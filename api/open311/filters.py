"""What a list of service requests is narrowed to: the query of GeoReport v2, with its 90 days, and pages."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi.datastructures import QueryParams

from api.open311.form import repeated
from api.open311.services import Services
from api.routes.paging import Cursor, read
from domain.errors import CityloopError, invalid
from domain.ids import CaseNo
from store.views import RequestFilter

SPAN = timedelta(days=90)
MAX_REQUESTS = 1000
MAX_SKIPPED = 10_000
_OPEN = {frozenset({"open"}): True, frozenset({"closed"}): False}
_STATES = frozenset({"open", "closed"})
# W3C's note on date and time: to the minute at least, always with an offset. A «+» that was not escaped arrives as a
# blank.
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?P<offset>Z|[+ -]\d{2}:\d{2})?")
_DAY = re.compile(r"\d{4}(?:-\d{2}){0,2}")
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")
_CURSOR = re.compile(r"[A-Za-z0-9_-]{20,120}")


@dataclass(frozen=True, slots=True)
class Asked:
    """Either case numbers, or a filter; of numbers, those that cannot be one are left out."""

    nos: tuple[str, ...] | None
    filter: RequestFilter


def asked(query: QueryParams, services: Services, now: datetime) -> Asked:
    """What a query asks for. Raises ``Invalid``, or ``Refused`` (404) for a service code that is none."""
    since, until = span(one(query, "start_date"), one(query, "end_date"), now)
    size = _size(one(query, "page_size"))
    before, skip = _page(one(query, "page"), size)
    codes = many(query, "service_code")
    found = tuple(category.key if category else "" for category in map(services.find, codes))
    narrowed = RequestFilter(since, until, found if codes else None, _open(query), before, skip, size)
    ids = many(query, "service_request_id")
    return Asked(tuple(no for no in map(number, ids) if no) if ids else None, narrowed)


def one(query: QueryParams, name: str) -> str:
    """A parameter that may be given once, empty if it is not. Raises ``Invalid`` with ``field-repeated``."""
    values = [value for value in query.getlist(name) if value.strip()]
    if len(values) > 1:
        raise repeated(name)
    return values[0].strip() if values else ""


def many(query: QueryParams, name: str) -> tuple[str, ...]:
    """A parameter that may be given several times, with commas between its values, each value once.

    Raises ``Invalid`` with code ``too-many-items``.
    """
    values = tuple(dict.fromkeys(v.strip() for given in query.getlist(name) for v in given.split(",") if v.strip()))
    if len(values) > MAX_REQUESTS:
        raise invalid(f"/{name}", "too-many-items", "项目过多", f"at most {MAX_REQUESTS}")
    return values


def number(text: str) -> str | None:
    """A case number as it is printed; None for what cannot be one."""
    try:
        return str(CaseNo.parse(text))
    except CityloopError:
        return None


def span(start: str, end: str, now: datetime) -> tuple[datetime, datetime]:
    """First and last moment: what is not said is 90 days from what is, and with neither the last 90 days.

    Raises ``Invalid``: ``range-too-long`` above 90 days, ``interval-empty`` where the end comes first.
    """
    since = _moment(start, "start_date") if start else None
    until = _moment(end, "end_date") if end else (since + SPAN if since else now)
    since = since or until - SPAN
    if until - since > SPAN:
        raise invalid("/start_date", "range-too-long", "时间跨度超过 90 天", "ask for 90 days at a time")
    if until < since:
        raise invalid("/start_date", "interval-empty", "时间范围为空", "start_date comes first")
    return since, until


def _moment(text: str, name: str) -> datetime:
    match = _MOMENT.fullmatch(text)
    if _DAY.fullmatch(text) or (match and not match["offset"]):
        raise invalid(f"/{name}", "timestamp-no-offset", "时间缺少时区")
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+")) if match else None
    except ValueError:
        moment = None
    if moment is None:
        raise invalid(f"/{name}", "type-mismatch", "请求内容有误", "a time such as 2026-01-01T00:00:00Z is expected")
    if not 1970 <= moment.year <= 9000:
        raise invalid(f"/{name}", "timestamp-out-of-range", "时间超出范围")
    return moment


def _open(query: QueryParams) -> bool | None:
    states = frozenset(many(query, "status"))
    if states - _STATES:
        raise invalid("/status", "type-mismatch", "请求内容有误", "open or closed")
    return _OPEN.get(states)


def _size(text: str) -> int:
    if text and not (_NUMBER.fullmatch(text) and int(text) <= MAX_REQUESTS):
        raise invalid("/page_size", "number-out-of-range", "数值超出范围", f"1 to {MAX_REQUESTS}")
    return int(text) if text else MAX_REQUESTS


def _page(text: str, size: int) -> tuple[Cursor | None, int]:
    """Where the page begins: after a cursor, or so many rows on. Numbered pages end where counting rows gets dear."""
    if not text:
        return None, 0
    if _NUMBER.fullmatch(text):
        skip = (int(text) - 1) * size
        if skip > MAX_SKIPPED:
            raise invalid("/page", "number-out-of-range", "数值超出范围", "follow the Link header instead")
        return None, skip
    if not _CURSOR.fullmatch(text):
        raise invalid("/page", "cursor-invalid", "分页位置有误", "a number from 1, or the page of a Link header")
    return read(text), 0
