"""How components are shown: with the names people know, what may be wrong with them, and what is open on them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from api.present import Names, Plain
from domain.asset import Asset, AssetState
from domain.catalogue import Catalogue, Condition
from store.views import AssetCase

_STATES: Mapping[AssetState, str] = {
    AssetState.INTACT: "完好",
    AssetState.DAMAGED: "破损",
    AssetState.MISSING: "丢失",
    AssetState.ABANDONED: "废弃",
    AssetState.REMOVED: "移除",
}


def asset(
    one: Asset, cases: Sequence[AssetCase], catalogue: Catalogue, names: Names, metres: float | None = None
) -> Plain:
    """A component with its open cases (``AssetOut``)."""
    plain: Plain = msgspec.to_builtins(one)
    areas = [{"code": code, "name": names.areas.get(code, code)} for code in one.area]
    shown = {name: said for name, said in plain.items() if name not in ("category", "area")}
    return {
        **shown,
        "first_on": one.first_on,
        "changed_on": one.changed_on,
        "state_name": _STATES[one.state],
        "categories": _candidates(one, catalogue),
        "areas": areas,
        "cases": [_case(case, names) for case in cases],
        "report": _report(one, catalogue),
        "distance_m": None if metres is None else round(metres, 1),
    }


def _candidates(one: Asset, catalogue: Catalogue) -> list[Plain]:
    """The component's own event, «<component>异常»; none where its class is in no table of the city."""
    category = catalogue.categories.get(one.category or "")
    if category is None:
        return []
    conditions = [_condition(condition) for condition in catalogue.conditions.get(category.key, ())]
    return [
        {
            "code": category.code,
            "name": category.name,
            "class_code": category.class_code,
            "class_name": category.class_name,
            "conditions": conditions,
        }
    ]


def _condition(condition: Condition) -> Plain:
    return {
        "id": condition.id,
        "filing": condition.filing,
        "closing": condition.closing,
        "limit": str(condition.limit),
        "urgency": condition.urgency,
    }


def _case(case: AssetCase, names: Names) -> Plain:
    plain: Plain = msgspec.to_builtins(case)
    del plain["asset"]
    state_name = names.labels.get(f"state.{case.state}", case.state)
    return {**plain, "opened_at": case.opened_at, "state_name": state_name, "href": f"/v1/cases/{case.no}"}


def _report(one: Asset, catalogue: Catalogue) -> Plain:
    body: dict[str, Any] = {"asset": one.code}
    category = catalogue.categories.get(one.category or "")
    if category is not None:
        body["category"] = category.code
    if one.point is not None:
        body["position"] = {"lon": one.point.lon, "lat": one.point.lat, "crs": one.point.crs}
    return body
