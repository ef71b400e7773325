"""The head of a request: how much of it there may be, and query parameters, each known, given once, and as written."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from domain.errors import Fault, Invalid, Refused
from domain.jsontext import step
from store.views import MAX_PAGE

MAX_HEAD = 64 * 1024
MAX_HEADERS = 500
_WRITTEN = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")


def _as_written(value: object) -> object:
    """Digits: what reads numbers would also take blanks and 1_0."""
    if isinstance(value, str) and not _WRITTEN.fullmatch(value):
        raise PydanticCustomError("type-mismatch", "请求内容有误")
    return value


AsWritten = BeforeValidator(_as_written)
Limit = Annotated[int, AsWritten, Query(ge=1, le=MAX_PAGE)]
"""How many lines a page of a list has."""


def parameters(openapi: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    """The query parameters of every route, by method and path: those its documentation names."""
    return {
        f"{method.upper()} {path}": frozenset(p["name"] for p in told.get("parameters", ()) if p["in"] == "query")
        for path, operations in openapi["paths"].items()
        for method, told in operations.items()
    }


def check_head(request: Request, known: frozenset[str]) -> None:
    """Headers of a size, and only the query parameters in ``known``, each once.

    Raises ``Refused`` (431, ``headers-too-large``), ``Invalid``: ``parameter-unknown``, ``parameter-repeated``.
    """
    headers = request.headers.raw
    if len(headers) > MAX_HEADERS or sum(len(name) + len(value) for name, value in headers) > MAX_HEAD:
        raise Refused("headers-too-large", "请求头过大", f"at most {MAX_HEADERS} headers of {MAX_HEAD} bytes together")
    if not request.scope["query_string"]:
        return
    given = request.query_params
    unknown = tuple(Fault(f"/{step(name)}", "parameter-unknown") for name in given if name not in known)
    if unknown:
        takes = f"this route takes {', '.join(sorted(known))}" if known else "this route takes none"
        raise Invalid("parameter-unknown", "未知查询参数", takes, unknown)
    repeated = tuple(Fault(f"/{name}", "parameter-repeated") for name in given if len(given.getlist(name)) > 1)
    if repeated:
        raise Invalid("parameter-repeated", "查询参数重复", "give each parameter once", repeated)
