"""docs/asyncapi.yaml is the code, is AsyncAPI 3.0, and says of every record what our own reader says of it."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from runtime.asyncapi import asyncapi_page, document
from runtime.contracts import CONTRACTS
from runtime.pages import DOCS
from streams.topics import TOPICS

STANDARD = Draft7Validator(json.loads(Path(__file__).with_name("asyncapi").joinpath("3.0.0.json").read_text("utf-8")))
GOLDEN = Path(__file__).resolve().parents[1] / "contracts"


def test_the_document_is_up_to_date() -> None:
    assert (DOCS / "asyncapi.yaml").read_text(encoding="utf-8") == asyncapi_page(), "run python -m runtime.pages"


def test_it_is_asyncapi_by_the_standards_own_schema() -> None:
    written = yaml.safe_load(asyncapi_page())
    assert written == document()
    assert [f"{list(e.absolute_path)}: {e.message}" for e in STANDARD.iter_errors(written)] == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda plain: plain["channels"]["alerts"].update(adress="x"),
        lambda plain: plain["operations"]["receive-intake-hotline-v1"].pop("action"),
        lambda plain: plain["components"]["messages"]["work.v1"]["payload"].update(type="thing"),
        lambda plain: plain.update(asyncapi="2.6.0"),
    ],
)
def test_the_standards_schema_sees_a_mistake(spoil: Any) -> None:
    plain = deepcopy(document())
    spoil(plain)
    assert list(STANDARD.iter_errors(plain))


def references(plain: Any) -> Iterator[str]:
    if isinstance(plain, Mapping):
        if isinstance(plain.get("$ref"), str):
            yield plain["$ref"]
        for each in plain.values():
            yield from references(each)
    elif isinstance(plain, list):
        for each in plain:
            yield from references(each)


def test_whatever_is_referred_to_is_there_and_whatever_is_there_is_referred_to() -> None:
    plain = document()
    named = set(references(plain))
    for name in named:
        found: Any = plain
        for part in name.removeprefix("#/").split("/"):
            assert part in found, name
            found = found[part]
    defined = {f"#/components/{kind}/{name}" for kind, all_ in plain["components"].items() for name in all_}
    assert defined <= named


def test_every_topic_and_every_contract_is_told() -> None:
    plain = document()
    assert [channel["address"] for channel in plain["channels"].values()] == [f"{{prefix}}.{t.name}" for t in TOPICS]
    contracts = dict.fromkeys(contract for topic in TOPICS for contract in topic.contracts)
    assert list(plain["components"]["messages"]) == list(contracts)
    directions: dict[str, set[str]] = {"receive": set(), "send": set()}
    for operation in plain["operations"].values():
        directions[operation["action"]].add(operation["channel"]["$ref"].rpartition("/")[2])
    assert {name for name in directions["receive"] if name.startswith("intake-")} == {
        name for name in plain["channels"] if name.startswith("intake-")
    }
    assert directions["receive"] | directions["send"] == set(plain["channels"])
    assert directions["receive"] & directions["send"] == {
        "sensor-readings-v1",
        "work-file-v1",
        "work-assign-v1",
    }


def payload(contract: str) -> Draft7Validator:
    """The schema of a contract's value, with what it refers to."""
    plain = document()
    schema = plain["components"]["messages"][contract]["payload"]
    return Draft7Validator({"allOf": [schema], "components": plain["components"]})


RECORDS = sorted(path.stem for path in GOLDEN.glob("*.json"))


@pytest.mark.parametrize("contract", RECORDS)
def test_a_golden_record_fits_its_schema_and_a_spoilt_one_does_not(contract: str) -> None:
    record = json.loads((GOLDEN / f"{contract}.json").read_text(encoding="utf-8"))
    schema = payload(contract)
    assert list(schema.iter_errors(record)) == []
    assert list(schema.iter_errors(record | {"a_field_nobody_knows": 1})) == [], "deaf to what is extra"
    for name in record:
        assert list(schema.iter_errors(record | {name: [{"spoilt": True}]})), f"{name} may be anything"


def test_every_contract_that_comes_in_has_a_golden_record() -> None:
    published = {"case-event.v1", "ticket-event.v1"}
    assert set(RECORDS) == set(CONTRACTS) - published
