"""Every file of the catalogue as an import: handed in, worked off, and looked at again (reliability.md §5.3)."""

import json
from uuid import uuid4

import httpx

from handlers.import_work import work_once
from runtime.remedies import DOORS, FILES
from tests.front_door import FrontDoor
from tests.vectors import files
from tests.vectors.judge import Answer, faults, problem
from tests.vectors.line import Line
from tests.vectors.values import Want

WHERE, WHO = "/v1/imports", "hotline-12345"
LISTED = DOORS.keys() | FILES.keys()
_KINDS = {files.CSV: "CSV", files.XLSX: "XLSX", files.TICKETS: "tickets"}


async def by_import(city: FrontDoor) -> dict[str, Line]:
    """Hand in every file; a line for CSV, workbooks and the rest."""
    lines: dict[str, Line] = {}
    for one in files.FILES:
        line = lines.setdefault(f"POST {WHERE}, {_KINDS.get(one.type, 'other types')}", Line())
        answer = await _become(city, one)
        want = Want("" if one.wanted == files.ACCEPTED else one.wanted)
        line.take(one.name, answer, list(faults(answer, want, 202, own_status=False, listed=LISTED)))
    return lines


async def _become(city: FrontDoor, one: files.File) -> Answer:
    """What became of a file: refused at once, refused when it was worked off, a row of it refused, or all taken.

    All are trials (``dry_run``): most hold a row of the same number.
    """
    headers = {"Content-Type": one.type, "Idempotency-Key": uuid4().hex, "Authorization": f"Bearer {city.keys[WHO]}"}
    sent = await city.http.post(WHERE, content=one.content, params={**one.declared, "dry_run": "true"}, headers=headers)
    if sent.status_code != 202:
        return problem(sent.status_code, sent.content, sent.headers["content-type"])
    while await work_once(city.tools.imports):
        pass
    job = await _told(city, sent)
    remarks = [each for each in job["remarks"] if each["outcome"] == "refused"]
    code = job.get("failure") or (remarks[0]["code"] if remarks else "")
    refusal = json.dumps(remarks[:1], ensure_ascii=False).encode()
    return Answer(422 if code else 202, code, refusal, (), "application/problem+json")


async def _told(city: FrontDoor, sent: httpx.Response) -> dict[str, object]:
    found: dict[str, object] = (await city.get(WHO, sent.headers["Location"])).json()
    return found
