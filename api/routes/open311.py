"""Open311 GeoReport v2: what existing 311 apps speak. One road: a request that is posted becomes a report.

Paths end in the form of the answer. Errors leave in Open311's own shape (``api.open311.errors``).
"""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from api.deps import Deps, deps
from api.open311 import schemas as shapes
from api.open311.errors import Open311Route
from api.open311.filters import asked, number, one
from api.open311.form import posted
from api.open311.intake import account_of, report_of
from api.open311.render import CORS, Form, respond
from api.routes.paging import written
from api.routes.reports import idempotency_key
from domain.errors import NotFound
from domain.ids import ReportId
from handlers.outcomes import AlreadyDone
from store.views import RequestView

router = APIRouter(prefix="/open311/v2", tags=["open311"], route_class=Open311Route)

_NOTICE = "诉求已登记，立案后可凭 token 查询编号"
Tools = Annotated[Deps, Depends(deps)]


@router.get("/discovery.{form}", responses=shapes.answers(shapes.DiscoveryOut))
async def discovery(form: str, request: Request, tools: Tools) -> Response:
    """Where the interface is, in which forms it answers, and whom to ask for a key."""
    return respond(Form.of(form), "discovery", tools.open311.discovery(_endpoint(request)))


@router.get("/services.{form}", responses=shapes.answers(list[shapes.ServiceOut]), openapi_extra=shapes.JURISDICTION)
async def services(form: str, request: Request, tools: Tools) -> Response:
    """What can be reported: the event categories (小类) of the city's catalogue, grouped by class (大类)."""
    shape = _shape(form, request, tools)
    return respond(shape, "services", tools.open311.services.listing())


@router.get(
    "/services/{service_code}.{form}",
    responses=shapes.answers(shapes.DefinitionOut),
    openapi_extra=shapes.JURISDICTION,
)
async def definition(service_code: str, form: str, request: Request, tools: Tools) -> Response:
    """What one may add to a report of this service: which of its filing conditions (立案条件) holds."""
    shape = _shape(form, request, tools)
    return respond(shape, "service_definition", tools.open311.services.definition(service_code))


@router.options("/requests.{form}", status_code=204, responses={204: {"description": "May be asked from any site."}})
async def preflight(form: str) -> Response:
    """What a page of another site may send: browsers ask before they send an Idempotency-Key."""
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
        "Access-Control-Max-Age": "86400",
    }
    return Response(status_code=204, headers={**CORS, **allowed})


@router.post(
    "/requests.{form}",
    status_code=201,
    responses=shapes.answers(list[shapes.ReceiptOut], 201),
    openapi_extra=shapes.REPORT,
)
async def submit(
    form: str,
    request: Request,
    tools: Tools,
    key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Response:
    """Report an incident. The 201 is sent after the commit; its token leads to the number of the case."""
    shape, desk = Form.of(form), tools.open311
    sent = await posted(request)
    desk.check_jurisdiction(sent.get("jurisdiction_id"))
    origin = await desk.sender(tools.gate, sent.get("api_key") or one(request.query_params, "api_key"))
    own = ReportId(tools.office.new_id())
    name = idempotency_key(key) if key else str(own)
    account = account_of(sent)
    report = report_of(sent, desk.services, tools.area_keys, own, origin, name, datetime.now(UTC))
    await desk.admit(report, request.client.host if request.client else "")
    outcome = await tools.reports.submit(report)
    headers = {"Idempotent-Replayed": "true"} if isinstance(outcome, AlreadyDone) else {}
    receipt = {"token": str(outcome.subject), "service_notice": _NOTICE, "account_id": account}
    return respond(shape, "service_requests", [{**receipt}], 201, headers)


@router.get("/requests.{form}", responses=shapes.answers(list[shapes.RequestOut]), openapi_extra=shapes.FILTERS)
async def requests(form: str, request: Request, tools: Tools) -> Response:
    """Service requests (cases), newest first: by number, or of 90 days by service and status; pages by Link header."""
    shape, desk = _shape(form, request, tools), tools.open311
    wanted = asked(request.query_params, desk.services, datetime.now(UTC))
    origin = await desk.reader(tools.gate, one(request.query_params, "api_key"))
    if wanted.nos is not None:
        found = await tools.views.open311.by_no(wanted.nos, origin, desk.words)
        return respond(shape, "service_requests", [desk.request(view) for view in found])
    found = await tools.views.open311.page(wanted.filter, origin, desk.words)
    more = {"Link": f'<{_next(request, found[-1])}>; rel="next"'} if len(found) == wanted.filter.limit else {}
    return respond(shape, "service_requests", [desk.request(view) for view in found], headers=more)


@router.get(
    "/requests/{service_request_id}.{form}",
    responses=shapes.answers(list[shapes.RequestOut]),
    openapi_extra=shapes.JURISDICTION,
)
async def read(service_request_id: str, form: str, request: Request, tools: Tools) -> Response:
    """One service request (a case) by its number."""
    shape, desk = _shape(form, request, tools), tools.open311
    origin = await desk.reader(tools.gate, one(request.query_params, "api_key"))
    no = number(service_request_id)
    found = await tools.views.open311.by_no([no], origin, desk.words) if no else []
    if not found:
        raise NotFound("service_request_id")
    return respond(shape, "service_requests", [desk.request(found[0])])


@router.get(
    "/tokens/{token}.{form}", responses=shapes.answers(list[shapes.TokenOut]), openapi_extra=shapes.JURISDICTION
)
async def token(token: str, form: str, request: Request, tools: Tools) -> Response:
    """The number of the case that a report found; null for the moment until it has one."""
    shape = _shape(form, request, tools)
    try:
        report = UUID(token)
    except ValueError:
        raise NotFound("token") from None
    found = await tools.views.open311.token(report)
    if found is None:
        raise NotFound("token")
    return respond(shape, "service_requests", [{"service_request_id": found.no, "token": str(report)}])


def _shape(form: str, request: Request, tools: Deps) -> Form:
    shape = Form.of(form)
    tools.open311.check_jurisdiction(one(request.query_params, "jurisdiction_id"))
    return shape


def _endpoint(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}{router.prefix}"


def _next(request: Request, last: RequestView) -> str:
    """The page after ``last`` with the same filters. A key is not repeated: addresses end up in logs."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("page", "api_key")]
    cursor = written((last.case.opened_at, last.case.id))
    return f"?{urlencode([*kept, ('page', cursor)])}"
