"""Whether an answer is what its vector wants, and whether a refusal is one that may leave the house."""

import json
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

from runtime.remedies import DOORS
from tests.vectors.intake import ANY
from tests.vectors.values import CANARY, Want

MAX_REFUSAL = 8 * 1024
MAX_FAULTS = 20
_PLACES = re.compile(r"; (/\S*) ")
# reliability.md §5.0: cannot be parsed 400, size 413, type and charset 415, understood but invalid 422
STATUS = {
    **dict.fromkeys(("json-invalid", "json-duplicate-key", "json-too-deep", "number-too-long", "cursor-invalid"), 400),
    **dict.fromkeys(("idempotency-key-required", "idempotency-key-invalid", "last-event-id-invalid"), 400),
    **dict.fromkeys(("upload-length-invalid", "upload-metadata-invalid", "upload-checksum-invalid"), 400),
    **dict.fromkeys(("credentials-required", "credentials-invalid"), 401),
    "not-found": 404,
    "version-conflict": 409,
    "tus-version-unsupported": 412,
    **dict.fromkeys(("body-too-large", "file-too-large"), 413),
    **dict.fromkeys(("charset-unsupported", "media-type-unsupported", "file-type"), 415),
    "precondition-required": 428,
    "headers-too-large": 431,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, its code if it is a refusal, all its bytes, and where it points."""

    status: int
    code: str
    content: bytes
    pointers: tuple[str, ...] = ()
    media: str = ""


def problem(status: int, content: bytes, media: str) -> Answer:
    """An answer in problem+json, or what was let in."""
    told = json.loads(content) if status >= 400 and content else {}
    return Answer(status, told.get("code", ""), content, _pointers(told), media)


def item(status: int, content: bytes, media: str) -> Answer:
    """The first item's outcome of a batch; the second must have been let in."""
    if status != 200:
        return problem(status, content, media)
    first, second = json.loads(content)["items"]
    assert second["status"] == 202, "one that is wrong takes its neighbour with it"
    told = first["problem"] or {}
    refusal = json.dumps(told, ensure_ascii=False).encode()
    return Answer(first["status"], told.get("code", ""), refusal, _pointers(told), "application/problem+json")


def reject(code: str, reason: str) -> Answer:
    """What became of a record: let in where there is no code, else turned away for a reason that names its places."""
    return Answer(
        422 if code else 202, code, reason.encode(), tuple(_PLACES.findall(reason)), "application/problem+json"
    )


def open311(status: int, content: bytes, media: str) -> Answer:
    """A refusal of Open311: sentences with the code in brackets."""
    if status < 400:
        return Answer(status, "", content)
    first = json.loads(content)[0]["description"]
    return Answer(status, first.rpartition("(")[2].partition(")")[0], content, (), "application/problem+json")


def _pointers(told: dict[str, Any]) -> tuple[str, ...]:
    return tuple(fault["pointer"] for fault in told.get("errors", ()))


def faults(
    answer: Answer,
    want: Want,
    accepted: int,
    pointer: str = "",
    *,
    own_status: bool = True,
    listed: Set[str] = DOORS.keys(),
) -> Iterator[str]:
    """What is wrong with an answer; nothing if all is well.

    ``own_status``: the status is the code's own; ``listed`` are the codes that the documentation has.
    """
    if answer.status >= 500:
        yield f"{answer.status}: the door broke"
    if not want.code:
        if answer.status != accepted:
            yield f"{answer.status} {answer.code} instead of {accepted}"
        return
    if answer.status < 400:
        yield f"{answer.status}: let in instead of {want.code}"
        return
    if want.code not in (ANY, answer.code):
        yield f"{answer.code} instead of {want.code}"
    if own_status and want.code == answer.code and answer.status != STATUS.get(answer.code, 422):
        yield f"{answer.status} for {answer.code}"
    if answer.code not in listed:
        yield f"{answer.code or 'no code'} is in no list"
    if answer.media != "application/problem+json":
        yield f"a refusal as {answer.media}"
    if len(answer.content) > MAX_REFUSAL or len(answer.pointers) > MAX_FAULTS:
        yield f"{len(answer.content)} bytes of refusal with {len(answer.pointers)} faults"
    if any(words in answer.content.decode() for words in (CANARY, json.dumps(CANARY)[1:-1])):
        yield "repeats what somebody wrote"
    if pointer and answer.pointers and not any(each.startswith(pointer) for each in answer.pointers):
        yield f"points at {answer.pointers[0]} and not at {pointer}"
