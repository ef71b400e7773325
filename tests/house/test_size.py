"""Small rooms, nothing left lying about, and nothing in the files about the machine they were written on."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "classify", "geo", "dispatch", "sensing", "store", "handlers", "streams", "api", "runtime")
LIMIT = 300
# Longer than that, each with its reason.
LONGER: dict[str, str] = {}

LEFTOVERS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
MACHINE = re.compile(r"(?<![\w.$}<>-])/(?:work|root|home|Users|mnt|tmp)/\w")
REGISTRY = re.compile(
    r"--(?:extra-)?index-url|--find-links|--trusted-host|(?:^|\s)index-url\s*=|_authToken|"
    r"(?:pypi\.org|pythonhosted\.org|registry\.npmjs\.org|registry\.yarnpkg\.com|repo1?\.maven\.(?:apache\.)?org)|"
    r"\b(?:artifactory|nexus|devpi|verdaccio)\.[\w.-]+|https?://(?:\d{1,3}\.){3}\d{1,3}[:/]",
    re.IGNORECASE,
)
OWN_ADDRESS = re.compile(r"https?://127\.0\.0\.1[:/]")
HERE = Path(__file__).relative_to(ROOT).as_posix()


def tracked() -> list[str]:
    """Files of this checkout: those git knows and those it would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted({name for name in listed if (ROOT / name).is_file()})


def texts() -> dict[str, str]:
    found = {}
    for name in tracked():
        raw = (ROOT / name).read_bytes()
        if b"\0" not in raw[:8192]:
            found[name] = raw.decode("utf-8", errors="replace")
    return found


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return texts()


def matching(files: dict[str, str], pattern: re.Pattern[str], but: re.Pattern[str] | None = None) -> list[str]:
    return [
        f"{name}:{number}"
        for name, text in files.items()
        if name != HERE and pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(but.sub("", line) if but else line)
    ]


def test_a_module_has_one_subject_and_fits_in_a_head(files: dict[str, str]) -> None:
    ours = {name: len(text.splitlines()) for name, text in files.items() if name.endswith(".py")}
    ours = {name: lines for name, lines in ours.items() if name.split("/")[0] in PACKAGES}
    assert len(ours) > 40, "the search finds nothing any more"
    assert {name for name, lines in ours.items() if lines > LIMIT} == set(LONGER)


def test_nothing_is_left_for_later(files: dict[str, str]) -> None:
    assert matching(files, LEFTOVERS) == []


def test_no_file_knows_the_machine_it_was_written_on(files: dict[str, str]) -> None:
    assert matching(files, MACHINE) == []


def test_no_file_names_where_packages_come_from(files: dict[str, str]) -> None:
    assert matching(files, REGISTRY, OWN_ADDRESS) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (LEFTOVERS, "x = 1  # TO" + "DO later"),
        (MACHINE, 'PATH = "/ro' + 'ot/project/x"'),
        (MACHINE, "see /ho" + "me/someone/x"),
        (REGISTRY, "--index" + "-url https://mirror.example/simple"),
        (REGISTRY, "wheel @ https://files.python" + "hosted.org/x.whl"),
        (REGISTRY, "http://10." + "0.0.1:8080/simple"),
    ],
)
def test_the_search_can_find_it(pattern: re.Pattern[str], line: str) -> None:
    assert matching({"some.txt": f"first\n{line}\n"}, pattern, OWN_ADDRESS) == ["some.txt:2"]
    assert matching({"some.txt": "https://example.org/work http://127.0.0.1:8000/\n"}, pattern, OWN_ADDRESS) == []
