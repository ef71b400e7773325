"""Imports go down only: the contracts of .importlinter hold, cover every package, and would notice a breach."""

import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_ERROR, EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / ".importlinter"
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]


def contracts() -> ConfigParser:
    config = ConfigParser()
    config.read(CONFIG, encoding="utf-8")
    return config


def lint(config: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.chdir(ROOT)
    return lint_imports(config_filename=str(config), no_cache=True)


def test_the_contracts_hold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    status = lint(CONFIG, monkeypatch)
    said = capsys.readouterr().out
    assert status == EXIT_STATUS_SUCCESS, said[said.find("Contracts\n") :]


def test_every_package_is_under_contract() -> None:
    roots = contracts()["importlinter"]["root_packages"].split()
    assert set(roots) == {package.split(".")[0] for package in PACKAGES}
    layers = contracts()["importlinter:contract:layers"]["layers"].replace("|", " ").split()
    assert sorted(layers) == sorted(roots)


def test_every_package_is_listed() -> None:
    roots = [ROOT / package for package in PACKAGES if "." not in package]
    found = {file.parent.relative_to(ROOT).as_posix() for root in roots for file in root.rglob("__init__.py")}
    assert sorted(found) == sorted(package.replace(".", "/") for package in PACKAGES)


def test_a_house_upside_down_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = contracts()
    layers = config["importlinter:contract:layers"]
    layers["layers"] = "\n" + "\n".join(reversed(layers["layers"].split("\n")))
    with (tmp_path / "upside_down.ini").open("w", encoding="utf-8") as file:
        config.write(file)
    assert lint(tmp_path / "upside_down.ini", monkeypatch) == EXIT_STATUS_ERROR
    assert f"{layers['name']} BROKEN" in capsys.readouterr().out


def test_the_law_may_not_use_anything_we_install() -> None:
    """Every direct dependency is named in the law's contract, so that a new one cannot slip in."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    modules = {
        "faust_streaming": "faust",
        "mode_streaming": "mode",
        "kafka_python": "kafka",
        "paho_mqtt": "paho",
        "pillow": "PIL",
        "python_crfsuite": "pycrfsuite",
        "pyyaml": "yaml",
        "scikit_learn": "sklearn",
    }
    names = [spec.split("==")[0].split(">")[0].strip().lower().replace("-", "_") for spec in project["dependencies"]]
    installed = {modules.get(name, name) for name in names}
    assert not installed & sys.stdlib_module_names
    forbidden = set(contracts()["importlinter:contract:law"]["forbidden_modules"].split())
    assert installed <= forbidden
