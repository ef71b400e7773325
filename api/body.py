"""The one road by which a request's body comes in: cut off while it arrives, judged by its form, parsed once."""

from collections.abc import AsyncIterator
from typing import Any, TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, ValidationError

from domain.errors import Fault, Invalid
from domain.jsontext import BOM, careful, check_shape, faults_in, names_once, text_of, wrong

M = TypeVar("M", bound=BaseModel)

MAX_BODY = 256 * 1024
MAX_ITEMS = 10_000
"""Values in one body, however they are nested; no request of ours needs a hundredth of it."""
_UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii"})


async def arriving(request: Request, most: int, hint: str = "") -> AsyncIterator[bytes]:
    """The body as it comes, refused by its announced length before it is read and cut off above ``most`` bytes.

    Raises ``Invalid`` with code ``body-too-large``; ``hint`` says what to do then.
    """
    fault = Invalid("body-too-large", "请求内容过大", f"at most {most} bytes{hint}")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 15 or int(announced) > most):
        raise fault
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise fault
        yield chunk


async def whole(request: Request, most: int, hint: str = "") -> bytes:
    """The body at once. Raises ``Invalid`` as ``arriving`` does."""
    return b"".join([chunk async for chunk in arriving(request, most, hint)])


def check_media(request: Request, wanted: str, title: str) -> None:
    """Raises ``Invalid`` for another type of body (``media-type-unsupported``) or charset (``charset-unsupported``)."""
    media, _, rest = request.headers.get("content-type", "").partition(";")
    if media.strip().lower() != wanted:
        raise Invalid("media-type-unsupported", title, f"send Content-Type: {wanted} in UTF-8")
    for parameter in rest.split(";") if rest else ():
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset" and value.strip('" ').lower() not in _UTF8:
            raise no_utf8()


async def json_body(request: Request, model: type[M]) -> M:
    """The request's JSON as its model. Raises ``Invalid``, or pydantic's ``ValidationError`` for what does not fit."""
    body = await json_bytes(request, MAX_BODY)
    tree, faults = parsed(body, MAX_ITEMS)
    if faults:
        raise wrong(faults)
    try:
        return model.model_validate(tree)
    except ValidationError:
        _, faults = _closely(body.removeprefix(BOM))  # a number of too many digits was taken for another
        if faults:
            raise wrong(faults) from None
        raise


async def json_bytes(request: Request, most: int) -> bytes:
    """The bytes of a JSON body. Raises ``Invalid`` (413, 415)."""
    check_media(request, "application/json", "仅接受 JSON")
    return await whole(request, most)


def parsed(body: bytes, items: int) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """The object a body is, of at most ``items`` values, and what in it cannot be: numbers, names, half characters.

    With faults the parts they point at are no values. Raises ``Invalid`` for what is no JSON object at all.
    """
    tree, faults = read_tree(body, items)
    if not isinstance(tree, dict) and not (faults and faults[0].pointer == ""):
        raise Invalid("body-not-object", "请求内容须为 JSON 对象", "send one JSON object")
    return tree, faults


def read_tree(body: bytes, items: int) -> tuple[Any, tuple[Fault, ...]]:
    """Whatever JSON value a body is; see ``parsed``. Raises ``Invalid`` for what is no JSON."""
    body = body.removeprefix(BOM)
    check_shape(body, items)
    tree: Any = None
    faults: tuple[Fault, ...] = ()
    try:
        tree = orjson.loads(body)
        sure = names_once(body, orjson.dumps(tree))
    except ValueError:
        sure = False
    if not sure:
        tree, faults = _closely(body)
    return tree, faults


def _closely(body: bytes) -> tuple[Any, tuple[Fault, ...]]:
    text = text_of(body)
    if text is None:
        raise no_utf8()
    tree = careful(text)
    return tree, tuple(faults_in(tree))


def no_utf8() -> Invalid:
    """What is said of bytes that are no UTF-8: nothing is guessed."""
    return Invalid("charset-unsupported", "仅接受 UTF-8 编码", "send the body in UTF-8")
