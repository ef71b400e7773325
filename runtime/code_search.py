"""The search for stable error codes: where they are raised, noted or listed. Used by ``runtime.remedies``."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Invalid, Refused, Unavailable
from runtime.embedded import EmbeddedKafka, EmbeddedPostgres
from runtime.embedded.server import EmbeddedServer

_KEBAB = re.compile(r"[a-z]+(?:-[a-z0-9]+)+")
_NO_CODES = frozenset({"utf-8", "utf-8-sig"})
# Where the code stands among a call's arguments; the Chinese title follows it, except in a fault.
_CODE_AT = {
    "Invalid": 0, "Refused": 0, "Unavailable": 0, "Fault": 1, "_invalid": 1, "invalid": 1,
    "_unavailable": 0, "_Needs": 1,
}  # fmt: skip
_FAMILIES = {family.__name__: family for family in (Invalid, Refused, Unavailable)} | {"_Needs": Refused}
_ALL: tuple[type[EmbeddedServer], ...] = (EmbeddedKafka, EmbeddedPostgres)
_SERVERS = {"runtime/embedded/kafka.py": _ALL[:1], "runtime/embedded/postgres.py": _ALL[1:]}


@dataclass(frozen=True, slots=True)
class Found:
    """One code as it stands in one place. ``title`` is empty and ``family`` None where only a fault carries it."""

    code: str
    title: str
    file: str
    family: type | None


def codes_in(path: Path, root: Path) -> Iterator[Found]:
    """Every stable code in one module of the checkout at ``root``, as often as it stands there."""
    file = path.relative_to(root).as_posix()
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


_TABLES = frozenset(
    {
        "api/errors.py",
        "dispatch/check.py",
        "dispatch/rulebook.py",
        "domain/jsontext.py",
        "geo/areas.py",
        "geo/topology.py",
    }
)


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
