"""The HTTP door: what is promised on paper."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from api import case_schemas, schemas, ticket_schemas
from api.auth import PUBLIC, ROUTES
from api.schemas import ReportIn
from tests.contract.api_city import a_key
from tests.front_door import NOBODY, FrontDoor, keys_of


async def openapi(city: FrontDoor) -> dict[str, Any]:
    document: dict[str, Any] = (await city.get(NOBODY, "/openapi.json")).json()
    return document


async def test_every_route_is_documented(city: FrontDoor) -> None:
    document = await openapi(city)
    documented = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert documented == (set(ROUTES) | PUBLIC) - {"GET /openapi.json", "GET /docs"}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert len(operation["description"]) > 20, f"{method} {path}"
            assert any(status.startswith("2") for status in operation["responses"])


async def test_every_reference_in_the_document_leads_somewhere(city: FrontDoor) -> None:
    document = await openapi(city)
    dangling = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str):
                target: Any = document
                for part in reference.removeprefix("#/").split("/"):
                    target = target.get(part) if isinstance(target, dict) else None
                if target is None:
                    dangling.add(reference)
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(document)
    assert dangling == set()


def models() -> list[type[BaseModel]]:
    modules = (schemas, case_schemas, ticket_schemas)
    found = ((module, getattr(module, name)) for module in modules for name in dir(module))
    return [m for of, m in found if isinstance(m, type) and issubclass(m, BaseModel) and m.__module__ == of.__name__]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_examples_are_valid(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
        for example in field.examples or ():
            assert adapter.validate_json(json.dumps(example)) is not None, name


async def test_a_report_made_of_the_examples_is_accepted(city: FrontDoor) -> None:
    body: dict[str, Any] = {n: f.examples[0] for n, f in ReportIn.model_fields.items() if f.examples}
    body["position"] = {n: f.examples[0] for n, f in schemas.PositionIn.model_fields.items() if f.examples}
    assert body["position"].keys() == schemas.PositionIn.model_fields.keys()
    assert TypeAdapter(ReportIn).validate_json(json.dumps(body))
    assert (await city.post("hotline-12345", "/v1/reports", body, Idempotency_Key=a_key())).status_code == 202


def test_the_comparison_with_declared_models_can_fail() -> None:
    assert keys_of({"a": [{"b": 1}]}) == {"/a", "/a[]/b"} != keys_of({"a": [{"b": 1, "c": 2}]})
