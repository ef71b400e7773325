"""What the documents name exists: files, links, make targets, commands with their options, routes, metrics, words."""

import re
import subprocess
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import typer.main

from api.auth import PUBLIC, ROUTES
from domain.actor import Role
from domain.case import Clock, DeadlineState, State
from domain.catalogue import Kind, Urgency
from domain.clock import TimeUnit
from domain.commands import Verb
from domain.device import Keeping, UnknownReason
from domain.petition import Matter, PetitionState
from domain.place import Doubt, Level
from domain.report import Source
from domain.task import Part, TaskState
from domain.ticket import Appeal, PromiseKind, PromiseState, TicketState, Tier
from domain.ticket_events import TicketVerb
from runtime.citypack.words import WORDS as LABELS
from runtime.cli import app
from runtime.remedies import ROOT
from runtime.telemetry import METRICS
from sensing.rules import Direction, RuleKind, Vicinity
from sensing.signal import Change
from sensing.storm import Turn
from streams.app import EXIT_UNFIT
from streams.watchdog import EXIT_STALLED

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
# Measured pages: written by `make bench` and `make acceptance`, absent until somebody has measured.
MEASURED = {"docs/benchmarks.md", "docs/acceptance.md"}
# Patterns and places that are not in the checkout.
MADE = re.compile(r"[*<>{}…]|NNNN|^\.cityloop/|^\.cache/")
FOLDERS = "domain|classify|geo|dispatch|sensing|store|handlers|streams|api|runtime|docs|tests|deploy|bench"
FILE = re.compile(rf"(?<![\w/.-])((?:{FOLDERS})/[\w./*<>{{}}-]*[\w/*>}}])")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ALONE = re.compile(
    r"`([\w.-]+\.(?:md|toml|yml|yaml|lock|py|sql|csv|geojson))`|`(Dockerfile|Makefile|LICENSE|\.importlinter)`"
)

TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}


def exists(path: Path) -> bool:
    return path.exists() or (path.is_relative_to(ROOT) and path.relative_to(ROOT).as_posix() in MEASURED)


def missing_files(text: str) -> list[str]:
    """Paths from the top of the checkout that are not there."""
    named = {name.rstrip(".") for name in FILE.findall(text) if not MADE.search(name)}
    return sorted(name for name in named if not exists(ROOT / name))


def missing_links(text: str, folder: Path) -> list[str]:
    targets = [target.partition("#")[0] for target in LINK.findall(text) if not re.match(r"\w+:", target)]
    return [target for target in targets if target and not exists((folder / target).resolve())]


def code(text: str) -> Iterator[str]:
    """Everything written as code, line by line, without comments; continued lines are joined."""
    for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield re.sub(r"\s#\s.*$|^#\s.*$", "", line)
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def unknown_targets(text: str) -> set[str]:
    known = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    return {target for line in code(text) for target in re.findall(r"\bmake ([a-z0-9-]+)", line)} - known


def wrong_commands(text: str) -> list[str]:
    """Calls of ``cityloop`` whose command or option the command line does not know."""
    wrong = []
    for line in code(text):
        for call in re.findall(r"(?:^|\s|/)cityloop( [a-z].*)$", line):
            words = call.split()
            command: Any = typer.main.get_command(app)
            while hasattr(command, "commands") and words and not words[0].startswith("-"):
                command = command.commands.get(words.pop(0))
            if command is None or hasattr(command, "commands"):
                wrong.append(line)
                continue
            options = {option for parameter in command.params for option in parameter.opts}
            wrong += [line for word in words if word.startswith("--") and word.partition("=")[0] not in options]
    return wrong


def wrong_routes(text: str) -> set[str]:
    named = set(re.findall(r"\b((?:GET|POST) /(?:v1/)?[\w{}/:-]*\w}?)", text))
    return named - (ROUTES.keys() | PUBLIC)


def wrong_metrics(text: str) -> set[str]:
    named = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in re.findall(r"\bcityloop_\w+", text)}
    return named - METRICS.keys()


@pytest.mark.parametrize("page", TEXTS)
def test_every_file_named_is_there(page: str) -> None:
    assert missing_files(TEXTS[page]) == []
    assert missing_links(TEXTS[page], (ROOT / page).parent) == []


def test_files_named_without_a_folder_are_somewhere() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    names = {Path(name).name for name in listed} | {Path(name).name for name in MEASURED} | {"categories.csv"}
    named = {one or other for text in TEXTS.values() for one, other in ALONE.findall(text)}
    assert len(named) > 10, "the search finds nothing any more"
    assert named <= names


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_named_can_be_given(page: str) -> None:
    assert unknown_targets(TEXTS[page]) == set()
    assert wrong_commands(TEXTS[page]) == []
    modules = {name for line in code(TEXTS[page]) for name in re.findall(r"\bpython -m ([\w.]+)", line)}
    for name in modules:
        path = ROOT / name.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), name


@pytest.mark.parametrize("page", TEXTS)
def test_every_route_and_metric_named_exists(page: str) -> None:
    assert wrong_routes(TEXTS[page]) == set()
    if page != "docs/acceptance.md":
        assert wrong_metrics(TEXTS[page]) == set()


@pytest.mark.parametrize(
    ("search", "text"),
    [
        (missing_files, "see `store/memory.py`"),
        (missing_files, "in docs/no-such-page.md."),
        (lambda text: missing_links(text, ROOT), "[here](docs/nowhere.md)"),
        (unknown_targets, "run `make coffee`"),
        (unknown_targets, "```sh\nmake coffee   # strong\n```"),
        (wrong_commands, "run `cityloop brew`"),
        (wrong_commands, "run `cityloop rejects burn`"),
        (wrong_commands, "run `cityloop republish --tomorrow`"),
        (wrong_routes, "`GET /v1/coffee`"),
        (wrong_metrics, "`cityloop_cups_total`"),
    ],
)
def test_the_search_can_find_it(search: object, text: str) -> None:
    assert callable(search)
    assert search(text)


def test_the_two_readmes_say_the_same() -> None:
    """Same commands, same links in the same order, same number of headings and table rows."""
    english, chinese = TEXTS["README.md"], TEXTS["README.zh.md"]
    fences = [re.findall(r"^```(\w*)$", text, re.MULTILINE) for text in (english, chinese)]
    assert fences[0] == fences[1]
    calls = [
        [
            re.sub(r"\s*#.*", "", line)
            for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
            for line in block.split("\n")
        ]
        for text in (english, chinese)
    ]
    assert calls[0] == calls[1]
    assert len(re.findall(r"^#", english, re.MULTILINE)) == len(re.findall(r"^#", chinese, re.MULTILINE))
    assert len(re.findall(r"^\|", english, re.MULTILINE)) == len(re.findall(r"^\|", chinese, re.MULTILINE))
    links = [[link for link in LINK.findall(text) if not link.startswith("README")] for text in (english, chinese)]
    assert links[0] == links[1]


WORDS: tuple[type[StrEnum], ...] = (
    State, Verb, Role, Source, Kind, Urgency, Part, TaskState, Matter, PetitionState, Clock, DeadlineState, TimeUnit,
    Level, Doubt, Appeal, Tier, TicketState, PromiseKind, PromiseState, TicketVerb,
    RuleKind, Direction, Vicinity, Change, Turn, UnknownReason, Keeping,
)  # fmt: skip
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| `([^`]+)` \| ([^|]+) \|$", re.MULTILINE)


def glossary(text: str) -> dict[tuple[str, str], str]:
    """The Chinese of every word, by the file that defines it and its name in code."""
    return {
        (file, word): chinese
        for chinese, words, file, _ in ROW.findall(text)
        for word in re.findall(r"`([^`]+)`", words)
    }


def unexplained(text: str, kind: type[StrEnum]) -> list[str]:
    """Members that have no row of their own file, or whose row lacks the word that screens show for them."""
    rows, file = glossary(text), kind.__module__.replace(".", "/") + ".py"
    shown = {member: word for group in LABELS.values() for member, word in group.items() if isinstance(member, kind)}
    told = {member: rows.get((file, member.value)) for member in kind}
    return [member for member, chinese in told.items() if chinese is None or shown.get(member, "") not in chinese]


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_the_glossary_has_every_word_as_screens_show_it(kind: type[StrEnum]) -> None:
    assert unexplained(TEXTS["docs/glossary.md"], kind) == []


def test_a_word_the_glossary_lacks_is_found() -> None:
    text = TEXTS["docs/glossary.md"]
    assert unexplained(text.replace("| 挂账 | `suspended` |", "| 挂账 | `resting` |"), State) == [State.SUSPENDED]
    assert unexplained(text.replace("| 挂账 | `suspended` |", "| 搁置 | `suspended` |"), State) == [State.SUSPENDED]
    assert unexplained(text.replace("`domain/ticket_events.py`", "`domain/ticket.py`"), TicketVerb) == [*TicketVerb]


def test_the_glossary_says_where_a_word_is_defined() -> None:
    rows = ROW.findall(TEXTS["docs/glossary.md"])
    assert len(rows) >= 200
    for chinese, words, file, _ in rows:
        assert re.search(r"[\u4e00-\u9fff]|Idempotency", chinese)
        text = (ROOT / file).read_text(encoding="utf-8")
        for word in re.findall(r"`([^`]+)`", words):
            assert word.rpartition(".")[2] in text, f"{word} is not in {file}"


def test_the_exit_codes_are_those_of_the_code() -> None:
    section = TEXTS["docs/operations.md"].partition("## Exit codes")[2].partition("\n## ")[0]
    told = {int(number): rest for number, rest in re.findall(r"^\| (\d+) \| (.+)$", section, re.MULTILINE)}
    assert set(told) == {0, 1, EXIT_STALLED, EXIT_UNFIT}
    assert "no progress" in told[EXIT_STALLED]
    assert "unexpected" in told[EXIT_UNFIT]


def test_the_pack_examples_are_of_the_demo_pack() -> None:
    """Rows shown as examples stand in the demo pack, word for word."""
    demo = ROOT / "deploy" / "citypacks" / "demo"
    text = TEXTS["docs/citypack.md"]
    shown = 0
    for file, block in re.findall(r"^## (\w+\.csv)[^\n]*\n\n```csv\n(.*?)```", text, re.DOTALL | re.MULTILINE):
        lines = (demo / file).read_text(encoding="utf-8").splitlines()
        assert [line for line in block.splitlines() if line not in lines] == [], file
        shown += len(block.splitlines())
    assert shown > 15, "the search finds nothing any more"
