"""Errors as Open311 tells them: a list of code and description in the form that was asked for, never problem+json.

The specification knows 400, 403 and 404; 408, 429 and 503 say besides that the same request may be sent again later.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.errors import MAX_FAULTS, later, status_of
from api.open311.render import Content, Form, respond
from domain.errors import CityloopError

_AGAIN = (408, 429, 503)
_KEPT = (403, 404, *_AGAIN)


class Open311Route(APIRoute):
    """A route whose refusals leave in Open311's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, with our errors turned into answers."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except CityloopError as error:
                return refusal(error, request.path_params.get("form", ""))

        return told


def refusal(error: CityloopError, ending: str) -> Response:
    """The error as an answer; in XML, the form everybody must read, where the path asks for one we do not know.

    Every description is a sentence for people with our stable code behind it, and repeats nobody's words.
    """
    status = open311_status(error)
    form = Form(ending) if ending in list(Form) else Form.XML
    sentences = [
        _sentence(f"{fault.pointer.lstrip('/')}: {error.title}", fault.code, fault.hint)
        for fault in error.faults[:MAX_FAULTS]
    ]
    sentences = sentences or [_sentence(error.title, error.code, error.detail)]
    content: list[Content] = [{"code": status, "description": sentence} for sentence in sentences]
    return respond(form, "errors", content, status, later(error) if status in _AGAIN else None)


def open311_status(error: CityloopError) -> int:
    """The HTTP status: 403 for a key that is missing, unknown or not for this, 404 for what is not there, else 400."""
    status = status_of(error)
    if status == 401:
        return 403
    return status if status in _KEPT else 400


def _sentence(says: str, code: str, hint: str) -> str:
    return f"{says} ({code})" + (f": {hint}" if hint else "")
