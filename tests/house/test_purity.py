"""The law and its advisers are pure: no clock, no chance, no files, no waiting, no SQL. Read from the syntax tree."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PURE = ("domain", "classify", "geo", "dispatch", "sensing")
OURS = (*PURE, "store", "handlers", "streams", "api", "runtime")

CLOCKS = {"now", "utcnow", "today", "fromtimestamp", "time", "time_ns", "monotonic", "perf_counter", "sleep"}
CLOCK_HOLDERS = {"datetime", "date", "time"}
IMPURE_NAMES = {"open", "print", "input", "exec", "eval", "breakpoint", "__import__"}
IMPURE_MODULES = {
    "asyncio",
    "io",
    "logging",
    "os",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "sys",
    "threading",
    "time",
}
FILE_VERBS = {"read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir", "touch"}
CHANCE = {"uuid1", "uuid4", "default_rng", "getrandbits", "shuffle"}
SQL = re.compile(
    r"^\s*(SELECT\s.+|INSERT\s+INTO\s.+|UPDATE\s+\w+\s+SET\s.+|DELETE\s+FROM\s.+|(CREATE|ALTER|DROP)\s+"
    r"(TABLE|INDEX|TYPE|DATABASE|SEQUENCE)\s.+|WITH\s+\w+\s+AS\s.+|LISTEN\s\w+|NOTIFY\s\w+)",
    re.DOTALL,
)
# Statements outside store/, each with its reason.
SQL_ELSEWHERE = {"runtime/embedded/postgres.py": "makes the database itself, through psql, before there is a store"}


def modules(*packages: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for package in packages for path in (ROOT / package).rglob("*.py"))


def impurities(source: str) -> Iterator[str]:
    """Everything in a module that reaches out of its arguments."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                yield "waits"
            case ast.Import(names=names):
                yield from (f"import {n.name}" for n in names if n.name.split(".")[0] in IMPURE_MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in IMPURE_MODULES:
                yield f"from {module} import"
            case ast.Name(id=name, ctx=ast.Load()) if name in IMPURE_NAMES | CHANCE:
                yield name
            case ast.Attribute(value=ast.Name(id=holder) | ast.Attribute(attr=holder), attr=name):
                if (holder in CLOCK_HOLDERS and name in CLOCKS) or holder == "random" or name in CHANCE | FILE_VERBS:
                    yield f"{holder}.{name}"
            case ast.Attribute(attr=name) if name in FILE_VERBS | CHANCE:
                yield f".{name}"
            case ast.Global():
                yield "global"


@pytest.mark.parametrize("module", modules(*PURE))
def test_the_law_and_its_advisers_are_pure(module: str) -> None:
    assert list(impurities((ROOT / module).read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "at = datetime.now(UTC)",
        "at = datetime.datetime.utcnow()",
        "at = date.today()",
        "import time",
        "from time import monotonic",
        "import random",
        "import numpy as np\nnp.random.default_rng()",
        "from uuid import uuid4\nuuid4()",
        "import uuid\nuuid.uuid4()",
        "open('x')",
        "Path('x').read_text()",
        "path.read_bytes()",
        "async def f(): ...",
        "import asyncio",
        "import os.path",
        "print('x')",
        "def f():\n global x",
    ],
)
def test_the_search_for_impurity_can_find_it(source: str) -> None:
    assert list(impurities(source))


@pytest.mark.parametrize("source", ["at.time()", "from datetime import time\ntime(8)", "unit.today", "points.shape"])
def test_and_does_not_see_it_where_there_is_none(source: str) -> None:
    assert list(impurities(source)) == []


@pytest.mark.parametrize("module", modules("domain"))
def test_the_law_knows_the_standard_library_and_itself_only(module: str) -> None:
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [node.module or ""]
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | {"domain"}


def statements(source: str) -> list[str]:
    """String constants that are SQL; docstrings are prose."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [node.value for node in texts if id(node) not in prose and SQL.match(node.value)]


def test_sql_is_spoken_in_the_store_only() -> None:
    speakers = {m for m in modules(*OURS) if statements((ROOT / m).read_text(encoding="utf-8"))}
    assert {m for m in speakers if not m.startswith("store/")} == set(SQL_ELSEWHERE)
    assert any(m.startswith("store/") for m in speakers), "the search finds nothing any more"


@pytest.mark.parametrize(
    "text", ["SELECT 1", "\n  INSERT INTO a VALUES (1)", "UPDATE a SET b = 1", "WITH x AS (SELECT 1) SELECT 2"]
)
def test_the_search_for_sql_can_find_it(text: str) -> None:
    assert statements(f"run({text!r})") == [text]
    assert statements(f"{text!r}\nrun('Select a unit')") == []
