"""One table from the tree of errors to problem+json (RFC 9457). Chinese title, stable English code, JSON pointers."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from api.limits import RateLimited
from domain.errors import CityloopError, Conflict, Fault, Invalid, NotFound, Refused, Unavailable
from domain.jsontext import step

MAX_FAULTS = 20
_RETRY_AFTER = {"attachment-quota": "3600"}  # seconds; what is there no room for now is mostly there a moment later

# Refusals are 409 (the case does not allow it) unless their code says otherwise.
STATUS_BY_CODE: Mapping[str, int] = {
    "charset-unsupported": 415,
    "headers-too-large": 431,
    "json-invalid": 400,
    "json-duplicate-key": 400,
    "json-too-deep": 400,
    "number-too-long": 400,
    "cursor-invalid": 400,
    "field-repeated": 400,
    "form-incomplete": 400,
    "form-invalid": 400,
    "location-missing": 400,
    "range-too-long": 400,
    "url-invalid": 400,
    "idempotency-key-required": 400,
    "idempotency-key-invalid": 400,
    "last-event-id-invalid": 400,
    "credentials-required": 401,
    "credentials-invalid": 401,
    "actor-not-allowed": 403,
    "door-closed": 403,
    "request-timeout": 408,
    "role-not-allowed": 403,
    "task-not-yours": 403,
    "four-eyes": 403,
    "format-unknown": 404,
    "jurisdiction-unknown": 404,
    "route-unknown": 404,
    "service-unknown": 404,
    "method-not-allowed": 405,
    "body-too-large": 413,
    "rows-too-many": 413,
    "table-type": 415,
    "import-quota": 429,
    "source-not-yours": 403,
    "media-type-unsupported": 415,
    "idempotency-key-reused": 422,
    "upload-checksum-invalid": 400,
    "upload-length-invalid": 400,
    "upload-metadata-invalid": 400,
    "upload-offset-invalid": 400,
    "upload-offset-mismatch": 409,
    "tus-version-unsupported": 412,
    "attachments-too-large": 413,
    "attachments-too-many": 413,
    "file-too-large": 413,
    "upload-length-exceeded": 413,
    "file-type": 415,
    "range-not-satisfiable": 416,
    "attachment-quota": 429,
    "upload-too-many-parts": 429,
    "upload-checksum-mismatch": 460,  # so the protocol says: tus 1.0, «Checksum»
    **dict.fromkeys(
        (
            "closing-required",
            "evidence-required",
            "filing-incomplete",
            "inspector-required",
            "level-required",
            "note-required",
            "other-case-required",
            "photos-required",
            "plan-required",
            "position-required",
            "reason-required",
            "reason-unknown",
            "report-required",
            "unit-required",
            "until-invalid",
            "verdicts-required",
            "worker-required",
        ),
        422,
    ),
    "precondition-required": 428,
    "rate-limited": 429,
    "too-many-streams": 429,
}

STATUS_BY_FAMILY: tuple[tuple[type[CityloopError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 409),
    (Invalid, 422),
    (Unavailable, 503),
)

_PYDANTIC_CODES = {
    "missing": ("field-missing", "缺少必填字段"),
    "extra_forbidden": ("field-unknown", "未知字段"),
    "json_invalid": ("json-invalid", "无法解析 JSON"),
    "finite_number": ("number-not-finite", "必须为有限数"),
    "string_too_long": ("text-too-long", "文本过长"),
    "string_too_short": ("text-empty", "文本不能为空"),
    "too_long": ("too-many-items", "项目过多"),
    "timezone_aware": ("timestamp-no-offset", "时间缺少时区"),
    "datetime_parsing": ("timestamp-invalid", "时间格式有误"),
    "datetime_from_date_parsing": ("timestamp-invalid", "时间格式有误"),
}

_DEFAULT = ("type-mismatch", "请求内容有误")


def status_of(error: CityloopError) -> int:
    """The HTTP status an error is told with."""
    if error.code in STATUS_BY_CODE:
        return STATUS_BY_CODE[error.code]
    return next((status for family, status in STATUS_BY_FAMILY if isinstance(error, family)), 500)


def told(error: CityloopError) -> dict[str, object]:
    """An error as problem details; at most 20 faults, none of which repeats what a person wrote."""
    body: dict[str, object] = {
        "type": f"urn:problem:{error.code}",
        "title": error.title,
        "status": status_of(error),
        "code": error.code,
    }
    if error.detail:
        body["detail"] = error.detail
    if error.faults:
        body["errors"] = [
            {"pointer": f.pointer, "code": f.code, **({"hint": f.hint} if f.hint else {})}
            for f in error.faults[:MAX_FAULTS]
        ]
    if isinstance(error, Conflict):
        body["current_version"] = error.current_version
    return body


def problem(error: CityloopError) -> Response:
    """An error as an ``application/problem+json`` answer."""
    status, headers = status_of(error), {}
    if isinstance(error, Conflict):
        headers["ETag"] = f'"{error.current_version}"'
    if status in (408, 429, 503) or error.code == "idempotency-in-progress":
        headers.update(later(error))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(told(error)), status, headers, "application/problem+json")


def later(error: CityloopError) -> Mapping[str, str]:
    """The headers that say when the same request may be sent again."""
    return error.headers if isinstance(error, RateLimited) else {"Retry-After": _RETRY_AFTER.get(error.code, "2")}


def invalid_of(error: ValidationError | RequestValidationError) -> Invalid:
    """A pydantic error as one of ours, with a fault for each field and without the values."""
    faults, titles = [], []
    for each in error.errors():
        where = [step(part) for part in each["loc"] if part not in ("body", "query", "path", "header")]
        code, title = _code_of(each)
        faults.append(Fault("/" + "/".join(where), code))
        titles.append(title)
    return Invalid(faults[0].code, titles[0], f"{len(faults)} faults", tuple(faults))


def _code_of(error: Mapping[str, Any]) -> tuple[str, str]:
    """Code and title of one of pydantic's errors; those of our own validators carry both."""
    kind = error["type"]
    if kind.startswith(("int_from", "less_than", "greater_than")):
        of_page = error["loc"] == ("query", "limit")
        return ("limit-out-of-range", "每页条数超出范围") if of_page else ("number-out-of-range", "数值超出范围")
    return (kind, error["msg"]) if "-" in kind else _PYDANTIC_CODES.get(kind, _DEFAULT)


def install(app: FastAPI) -> None:
    """Make every error of the application leave in this one shape."""

    @app.exception_handler(CityloopError)
    async def _ours(_: Request, error: CityloopError) -> Response:
        return problem(error)

    @app.exception_handler(ValidationError)
    async def _model(_: Request, error: ValidationError) -> Response:
        return problem(invalid_of(error))

    @app.exception_handler(RequestValidationError)
    async def _request(_: Request, error: RequestValidationError) -> Response:
        return problem(invalid_of(error))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return problem(Refused("route-unknown", "接口不存在", "see /docs for the routes there are"))
        if error.status_code == 405:
            return problem(Refused("method-not-allowed", "请求方法不允许", "see /docs for the methods there are"))
        return problem(Invalid("json-invalid", "请求内容有误", str(error.status_code)))

    @app.exception_handler(Exception)
    async def _unexpected(_: Request, __: Exception) -> Response:
        body = {"type": "urn:problem:internal", "title": "系统内部错误", "status": 500, "code": "internal"}
        return Response(msgspec.json.encode(body), 500, media_type="application/problem+json")
