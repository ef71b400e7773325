"""If-Match: which version of a thing the caller looked at before it asked for a change, and which it has after it."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from api.deps import answer
from domain.errors import Refused
from handlers.outcomes import AlreadyDone, Done

_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')


def expected_version(match: str | None) -> int:
    """The version in an ``If-Match`` header. Raises ``Refused`` (428) where there is none, or more than one."""
    if match is None:
        raise Refused("precondition-required", "缺少 If-Match", "send If-Match with the version you looked at")
    found = _ETAG.fullmatch(match.strip())
    if found is None:
        raise Refused("precondition-required", "If-Match 格式有误", 'If-Match holds one quoted version, like "3"')
    return int(found[1])


def changed(outcome: Done | AlreadyDone, what: Mapping[str, Any]) -> Response:
    """The answer to a change: what was changed, with its version now, and whether it had been asked before."""
    headers = {"ETag": f'"{outcome.version}"'}
    if isinstance(outcome, AlreadyDone):
        headers["Idempotent-Replayed"] = "true"
    return answer({**what, "version": outcome.version}, headers=headers)
