"""Times in the query of a request."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator

from api.schemas import Moment
from domain.errors import invalid

_YEARS = range(2000, 9999)  # at the ends of time an offset leads out of it


def _plus(value: object) -> object:
    """A plus that was not escaped reads as a blank; an offset has no other blank."""
    return value.replace(" ", "+") if isinstance(value, str) else value


Asked = Annotated[Moment, BeforeValidator(_plus)]


def possible(moment: datetime, name: str) -> datetime:
    """A moment that can be reckoned with. Raises ``Invalid`` with code ``timestamp-out-of-range``."""
    if moment.year not in _YEARS:
        raise invalid(f"/{name}", "timestamp-out-of-range", "时间超出范围")
    return moment
