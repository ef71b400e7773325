"""OGC SensorThings 1.1: devices and readings read in the standard's words, and observations taken for the stream."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import Caller
from api.body import json_body, json_bytes, read_tree
from api.deps import Deps, answer, caller, deps
from api.parameters import AsWritten
from api.present import Plain
from api.schemas import json_of, problems
from api.sensorthings.entities import Collection, Entities, Navigation
from api.sensorthings.intake import MAX_BODY, MAX_VALUES, Group, ObservationIn, groups_of, one_of
from api.sensorthings.query import MOST, TOP, Options
from api.sensorthings.reader import Reader, options_of
from domain.device import is_device_id
from domain.errors import NotFound
from domain.jsontext import wrong
from handlers.devices import heard_unknown
from sensing.wire import Observation, columns_of

router = APIRouter(prefix="/sta/v1.1", tags=["sensorthings"])

Who = Annotated[Caller, Depends(caller)]
Tools = Annotated[Deps, Depends(deps)]
Number = Annotated[int, AsWritten]
Text = Annotated[str, Query(max_length=400)]
_CONFORMANCE = "http://www.opengis.net/spec/iot_sensing/1.1/req"
_MET = (
    "datamodel/thing", "datamodel/location", "datamodel/datastream", "datamodel/sensor",
    "datamodel/observed-property", "datamodel/observation", "resource-path/resource-path-to-entities",
    "request-data/top", "request-data/skip", "request-data/count", "request-data/pagination", "data-array/data-array",
)  # fmt: skip
_MISSING = problems(404)
_REFUSALS = problems(400, 404, 413, 415, 422, 503)
_ARRAYS = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {
            "type": "array", "items": {"$ref": "#/components/schemas/DataArrayIn"},
        }}},
    }
}  # fmt: skip


class Asked:
    """The query options of a GET, each as OData spells it."""

    def __init__(
        self,
        top: Annotated[Number, Query(alias="$top", ge=0, description=f"entities at most; {MOST} are the most")] = TOP,
        skip: Annotated[Number, Query(alias="$skip", ge=0, le=10_000_000)] = 0,
        count: Annotated[Literal["true", "false"], Query(alias="$count")] = "false",
        orderby: Annotated[Text | None, Query(alias="$orderby")] = None,
        select: Annotated[Text | None, Query(alias="$select")] = None,
        expand: Annotated[Text | None, Query(alias="$expand")] = None,
        filter: Annotated[Text | None, Query(alias="$filter")] = None,  # noqa: A002  (OData's own word)
    ) -> None:
        self.top = top
        self.skip = skip
        self.count = count == "true"
        self.texts: Mapping[str, str | None] = {
            "$orderby": orderby, "$select": select, "$expand": expand, "$filter": filter
        }  # fmt: skip

    def of(self, collection: Collection, way: Navigation | None = None) -> Options:
        """The options for a collection. Raises ``Invalid`` for what is not served there."""
        return options_of(collection, way, self.top, self.skip, self.count, self.texts)


@router.get("")
async def root(request: Request, who: Who, tools: Tools) -> Response:
    """The service's root: where its collections are, and which requirements of the standard it meets."""
    base = _base(request)
    sets = [{"name": str(each), "url": f"{base}/{each}"} for each in Collection]
    met = [f"{_CONFORMANCE}/{each}" for each in _MET]
    return answer({"value": sets, "serverSettings": {"conformance": met}})


@router.post(
    "/Observations",
    status_code=201,
    responses={201: {"description": "kept by the broker"}, **_REFUSALS},
    openapi_extra=json_of(ObservationIn),
)
async def observe(request: Request, who: Who, tools: Tools) -> Response:
    """Take one observation, its Datastream named in the body. 201 once the broker has it; it can be read soon after."""
    sent = await json_body(request, ObservationIn)
    return await _observed(request, who, tools, one_of(sent, None, datetime.now(UTC)))


@router.post(
    "/Datastreams({key})/Observations",
    status_code=201,
    responses={201: {"description": "kept by the broker"}, **_REFUSALS},
    openapi_extra=json_of(ObservationIn),
)
async def observe_stream(key: str, request: Request, who: Who, tools: Tools) -> Response:
    """Take one observation of a Datastream. 201 once the broker has it; it can be read soon after."""
    named = unquoted(key)
    sent = await json_body(request, ObservationIn)
    return await _observed(request, who, tools, one_of(sent, named, datetime.now(UTC)))


@router.post(
    "/CreateObservations",
    status_code=201,
    responses={201: {"model": list[str]}, **_REFUSALS},
    openapi_extra=_ARRAYS,
)
async def observe_many(request: Request, who: Who, tools: Tools) -> Response:
    """Take data arrays: up to 10,000 observations of many Datastreams at once, all or, where one is malformed, none.

    Answers with the address of each, in order, and ``error`` for those whose Datastream is not there.
    """
    tree, faults = read_tree(await json_bytes(request, MAX_BODY), MAX_VALUES)
    if faults:
        raise wrong(faults)
    groups = groups_of(tree, datetime.now(UTC))
    known = await _publish(who, tools, groups)
    entities = _entities(request, tools)
    links = [
        _link(entities, one) if group.datastream in known else "error" for group in groups for one in group.observations
    ]
    return answer(links, 201)


@router.get("/{collection}({key})", responses=_MISSING)
async def entity(
    collection: Collection, key: str, request: Request, who: Who, tools: Tools, asked: Annotated[Asked, Depends()]
) -> Response:
    """One entity by its id, which stands in quotation marks: ``Things('water-0001')``."""
    reader = Reader(tools.views.devices, who.scope, _entities(request, tools))
    return answer(await reader.one(collection, unquoted(key), asked.of(collection)))


@router.get("/{collection}({key})/{navigation}", responses=_MISSING)
async def navigated(
    collection: Collection,
    key: str,
    navigation: Navigation,
    request: Request,
    who: Who,
    tools: Tools,
    asked: Annotated[Asked, Depends()],
) -> Response:
    """What an entity leads to: ``Datastreams('water-0001')/Observations``, ``Things('water-0001')/Locations``."""
    reader = Reader(tools.views.devices, who.scope, _entities(request, tools))
    found = await reader.along(collection, unquoted(key), navigation, asked.of(collection, navigation))
    return answer(found if isinstance(found, dict) else _page(request, *found))


@router.get("/{collection}", responses=_MISSING)
async def listing(
    collection: Collection, request: Request, who: Who, tools: Tools, asked: Annotated[Asked, Depends()]
) -> Response:
    """A collection. Observations are listed by Datastream: name it in ``$filter``, or take the way from it."""
    reader = Reader(tools.views.devices, who.scope, _entities(request, tools))
    return answer(_page(request, *await reader.many(collection, asked.of(collection))))


def unquoted(key: str) -> str:
    """The id between the quotation marks. Raises ``NotFound``: other ids than such there are none."""
    name = key[1:-1]
    # an Observation's id is a device's with a time behind it
    if key != f"'{name}'" or not is_device_id(name.partition("@")[0]) or not name.isprintable():
        raise NotFound("entity")
    return name


async def _observed(request: Request, who: Caller, tools: Deps, one: Observation) -> Response:
    if not await _publish(who, tools, [Group(one.device, [one])]):
        raise NotFound("Datastream")
    return Response(None, 201, {"Location": _link(_entities(request, tools), one)})


async def _publish(who: Caller, tools: Deps, groups: Sequence[Group]) -> frozenset[str]:
    """Hand observations to the stream; those of Datastreams that are not there are noted. The ids that are there.

    Raises ``Unavailable``.
    """
    wanted = sorted({group.datastream for group in groups if is_device_id(group.datastream)})
    known = await tools.views.devices.many(wanted, who.scope)
    gateways = {device.id: device.gateway for device in known.values()}
    records = columns_of((one for group in groups if group.datastream in known for one in group.observations), gateways)
    if records:
        await tools.outlet.publish(records)
    await heard_unknown(
        tools.office, [one for group in groups if group.datastream not in known for one in group.observations]
    )
    return frozenset(known)


def _page(request: Request, items: Sequence[Plain], number: int | None, skip: int | None) -> Plain:
    """A collection as the standard writes it; ``skip`` is where the next page begins, None for no next page."""
    page: dict[str, Any] = {} if number is None else {"@iot.count": number}
    if skip is not None:
        kept = [(name, value) for name, value in request.query_params.multi_items() if name != "$skip"]
        query = urlencode([*kept, ("$skip", skip)], safe="$")
        page["@iot.nextLink"] = f"{str(request.url).partition('?')[0]}?{query}"
    return {**page, "value": items}


def _entities(request: Request, tools: Deps) -> Entities:
    return Entities(_base(request), tools.present.names, tools.kinds)


def _link(entities: Entities, one: Observation) -> str:
    return entities.link(Collection.OBSERVATIONS, f"{one.device}@{one.at}")


def _base(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}{router.prefix}"
