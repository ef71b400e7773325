"""A way in and what may be sent on it: fields with their values, made into vectors."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.vectors.bodies import JSON, bodies
from tests.vectors.values import Manner, Value, Want

ANY = "*"
"""Wanted: any code of the list. For what is refused for one of several reasons."""

_HERE = "@here@"


@dataclass(frozen=True, slots=True)
class Field:
    """A field by its path, with what may stand in it. ``beside`` are further fields it only makes sense with.

    ``at`` is where a refusal has to point if that is not the field itself.
    """

    path: tuple[str | int, ...]
    values: tuple[Value, ...]
    beside: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""

    @property
    def pointer(self) -> str:
        """The JSON pointer."""
        return self.at or "".join(f"/{part}" for part in self.path)


@dataclass(frozen=True, slots=True)
class Vector:
    """One request. ``accepted`` is the status wanted of what is let in; ``pointer`` where a refusal has to point."""

    intake: str
    name: str
    who: str
    method: str
    path: str
    want: Want
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: int = 200
    pointer: str = ""
    shape: str = "problem"

    @property
    def id(self) -> str:
        """Unique name."""
        return f"{self.intake}: {self.name}"


@dataclass(frozen=True, slots=True)
class Intake:
    """A route that takes JSON. ``stays``: what is accepted changes nothing that the next vector would notice."""

    name: str
    who: str
    method: str
    path: str
    good: Mapping[str, Any]
    manner: Manner
    fields: tuple[Field, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: int = 200
    most: int = 256 * 1024
    stays: bool = True
    whole: bool = True

    def vectors(self) -> Iterator[Vector]:
        """A vector for every value of every field, and for every body."""
        for one in self.fields:
            for value in one.values:
                want = value.wanted(self.manner)
                if want.code or self.stays:
                    content = filled({**self.good, **one.beside}, one.path, value.raw)
                    yield self._vector(f"{one.pointer} {value.name}", content, want, pointer=one.pointer)
        for body in bodies(as_json(self.good), self.most) if self.whole else ():
            if body.code or self.stays:
                yield self._vector(f"body: {body.name}", body.content, Want(body.code), media=body.media)

    def _vector(self, name: str, content: bytes, want: Want, pointer: str = "", media: str = JSON) -> Vector:
        headers = {"Idempotency-Key": f"v-{uuid4()}", **({"Content-Type": media} if media else {}), **self.headers}
        return Vector(self.name, name, self.who, self.method, self.path, want, content, headers, self.accepted, pointer)


def as_json(plain: Any) -> bytes:
    """Plain data as JSON."""
    return json.dumps(plain, ensure_ascii=False).encode()


def filled(good: Mapping[str, Any], path: Iterable[str | int], raw: str) -> bytes:
    """``good`` as JSON, with ``raw`` at a path; objects and lists on the way are made where there are none."""
    whole: Any = json.loads(json.dumps(good))
    *way, last = path
    at = whole
    for part in way:
        at = at.setdefault(part, {}) if isinstance(at, dict) else at[part]
    if isinstance(last, int):
        raise TypeError("name the list, and write all of it")
    at[last] = _HERE
    return as_json(whole).decode().replace(f'"{_HERE}"', raw).encode("utf-8", "surrogatepass")
