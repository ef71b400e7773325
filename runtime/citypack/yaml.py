"""YAML of a city pack, checked against a model, every fault with the line it stands in. Used by ``packsettings``."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError
from pydantic_core import PydanticCustomError

from domain.errors import Invalid
from runtime.citypack.files import Findings, PackFiles

Path = tuple[str | int, ...]

_CODES = {"extra_forbidden": "key-unknown", "missing": "key-missing", "string_pattern_mismatch": "text-malformed"}


class Section(BaseModel):
    """A mapping in a pack's YAML: unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)


S = TypeVar("S", bound=Section)


def reader(code: str, wanted: str, read: Callable[[str], object]) -> PlainValidator:
    """A validator that reads text with ``read``; what that refuses is a fault with our ``code``."""

    def validate(text: object) -> object:
        try:
            if isinstance(text, str):
                return read(text.strip())
        except (ValueError, LookupError, Invalid):
            pass
        raise PydanticCustomError("own", "{wanted} wanted", {"code": code, "wanted": wanted})

    return PlainValidator(validate)


@dataclass(frozen=True)
class Document(Generic[S]):
    """A file and the line of everything in it; ``content`` is None where it breaks the model, ``raw`` is as written."""

    content: S | None
    raw: Mapping[str, Any]
    file: str
    lines: Mapping[Path, int]

    def at(self, *path: str | int) -> str:
        """The address of a key or list entry, or of what is nearest around it where that is absent."""
        upper = path
        while upper and upper not in self.lines:
            upper = upper[:-1]
        return f"{self.file}:{self.lines.get(upper, 1)}"


def read_yaml(files: PackFiles, name: str, model: type[S]) -> Document[S] | None:
    """The file, checked against ``model``; None if it is absent or no YAML mapping.

    Scalars reach the model as text, whatever they look like: YAML would read ``14:00`` as 840 and ``no`` as false.
    """
    text = files.text(name)
    if text is None:
        return None
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  (makes nothing but text, lists and mappings)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        files.findings.fault(f"{name}:{mark.line + 1 if mark else 1}", "yaml-malformed")
        return None
    if not isinstance(root, yaml.MappingNode):
        files.findings.fault(f"{name}:1", "yaml-malformed", "keys and values wanted")
        return None
    lines = dict(_lines(root, name, files.findings))
    try:
        return Document(model.model_validate(data), data, name, lines)
    except ValidationError as error:
        document = Document[S](None, data, name, lines)
        for wrong in error.errors(include_url=False, include_input=False):
            code, hint = _told(wrong["type"], wrong["msg"], wrong["loc"], wrong.get("ctx", {}))
            files.findings.fault(document.at(*wrong["loc"]), code, hint)
        return document


def _told(kind: str, message: str, loc: Sequence[str | int], context: Mapping[str, Any]) -> tuple[str, str]:
    """Code and hint of one of pydantic's complaints."""
    path = ".".join(map(str, loc))
    if kind in ("extra_forbidden", "missing"):
        return _CODES[kind], path
    return context.get("code") or _CODES.get(kind, "value-invalid"), f"{path}: {message}"


def _lines(node: yaml.Node, file: str, findings: Findings, path: Path = ()) -> Iterator[tuple[Path, int]]:
    """Path and line of all keys and list entries; a key given twice is noted, for YAML would keep the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                findings.fault(f"{file}:{line}", "key-repeated", str(key.value))
            seen.add(str(key.value))
            yield (*path, str(key.value)), line
            yield from _lines(value, file, findings, (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield (*path, i), value.start_mark.line + 1
            yield from _lines(value, file, findings, (*path, i))
