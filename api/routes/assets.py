"""Components of the register: by their code, by a scan of their QR code, or near a place."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.asset_present import asset as shown
from api.asset_schemas import AssetList, AssetOut, AssetQuery
from api.auth import Caller
from api.deps import Deps, answer, caller, deps
from api.schemas import problems
from domain.asset import Asset, ComponentCode, scanned
from domain.errors import Fault, Invalid, NotFound
from domain.place import Point
from domain.report import checked_point, crs_of

router = APIRouter(prefix="/v1/assets", tags=["assets"])

_MISSING = problems(404)
_NUMBER = r"-?[0-9]{1,3}(?:\.[0-9]{1,12})?"
_NEAR = re.compile(rf"({_NUMBER}),({_NUMBER})")
Found = list[tuple[Asset, float | None]]


@router.get("", response_model=AssetList, responses=_MISSING)
async def find(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    asked: Annotated[AssetQuery, Query()],
) -> Response:
    """The component a QR code names (``qr``), or those around a position (``near``), the nearest first.

    A QR code holds the bare identifier of 16 or 17 characters, or a URL (城市码) with it at the end of the path or as
    a parameter's value. Positions come with their ``crs``, at most 500 m and 100 components far.
    """
    if (asked.qr is None) is (asked.near is None):
        raise Invalid("question-unclear", "请指定 qr 或 near", "ask by exactly one of qr and near")
    if asked.qr is not None:
        found: Found = [(await _one(tools, scanned(asked.qr)), None)]
    else:
        found = list(await tools.views.assets.near(_point(asked, tools), asked.radius_m, asked.limit))
    return answer({"items": await _shown(found, who, tools)})


@router.get("/{code}", response_model=AssetOut, responses=_MISSING)
async def whole(code: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """One component by its identifier (部件标识码), of 17 characters or, from the editions before 2026, 16."""
    found = await _one(tools, ComponentCode.parse(code, "/code"))
    return answer((await _shown([(found, None)], who, tools))[0])


async def _one(tools: Deps, code: ComponentCode) -> Asset:
    found = await tools.views.assets.one(str(code))
    if found is None:
        raise NotFound("asset")
    return found


async def _shown(found: Found, who: Caller, tools: Deps) -> list[dict[str, object]]:
    cases = await tools.views.assets.open_cases([one.code for one, _ in found], who.scope)
    catalogue, names = tools.office.advisers.catalogue, tools.present.names
    return [shown(one, cases.get(one.code, ()), catalogue, names, metres) for one, metres in found]


def _point(asked: AssetQuery, tools: Deps) -> Point:
    """The position in WGS-84. Raises ``Invalid``: nothing is guessed, least of all the system."""
    said = _NEAR.fullmatch(asked.near or "")
    if said is None:
        fault = Fault("/near", "near-malformed", "lon,lat in degrees")
        raise Invalid("near-malformed", "位置格式有误", "write near=lon,lat", (fault,))
    point = checked_point(float(said[1]), float(said[2]), crs_of(asked.crs, ""), "/near")
    return tools.office.advisers.where.in_wgs84([point])[0] or point
