"""YAML of a city pack, checked against a model, every fault with the line it stands in. Used by ``packsettings``."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from runtime.packfiles import Findings, PackFiles

Path = tuple[str | int, ...]

_CODES = {"extra_forbidden": "key-unknown", "missing": "key-missing"}


class Section(BaseModel):
    """A mapping in a pack's YAML: unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


S = TypeVar("S", bound=Section)


@dataclass(frozen=True)
class Document(Generic[S]):
    """A checked file, and the line of everything in it."""

    content: S
    file: str
    lines: dict[Path, int]

    def at(self, *path: str | int) -> str:
        """The address of a key or list entry, of the nearest thing around it where that is absent."""
        return _address(self.file, self.lines, path)


def read_yaml(files: PackFiles, name: str, model: type[S]) -> Document[S] | None:
    """The file as ``model``; None, with every fault noted, if it is none.

    Scalars reach the model as text, whatever they look like: YAML would read ``14:00`` as 840 and ``no`` as false.
    """
    text = files.text(name)
    if text is None:
        return None
    findings = files.findings
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        if not isinstance(root, yaml.MappingNode):
            findings.fault(f"{name}:1", "yaml-not-a-mapping")
            return None
        lines = dict(_lines(root, name, findings))
        data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  (makes nothing but text, lists and mappings)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        findings.fault(f"{name}:{mark.line + 1 if mark else 1}", "yaml-malformed")
        return None
    try:
        return Document(model.model_validate(data), name, lines)
    except ValidationError as error:
        for wrong in error.errors(include_url=False, include_input=False):
            path = ".".join(map(str, wrong["loc"]))
            code = _CODES.get(wrong["type"], wrong["type"] if "-" in wrong["type"] else "value-invalid")
            hint = path if wrong["type"] in _CODES else f"{path}: {wrong['msg']}"
            findings.fault(_address(name, lines, wrong["loc"]), code, hint)
        return None


def _address(file: str, lines: dict[Path, int], path: Sequence[str | int]) -> str:
    upper = tuple(path)
    while upper and upper not in lines:
        upper = upper[:-1]
    return f"{file}:{lines.get(upper, 1)}"


def _lines(node: yaml.Node, file: str, findings: Findings, path: Path = ()) -> Iterator[tuple[Path, int]]:
    """Path and line of all keys and list entries; a key given twice is noted, for YAML would keep the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                findings.fault(f"{file}:{line}", "key-repeated", str(key.value))
            seen.add(key.value)
            yield (*path, key.value), line
            yield from _lines(value, file, findings, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield (*path, i), value.start_mark.line + 1
            yield from _lines(value, file, findings, (*path, i))


