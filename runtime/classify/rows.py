"""Training data: JSON lines with ``label`` and ``text`` or ``tokens``; ``group`` holds rows of one matter together."""

import gzip
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from classify.training import Example
from domain.errors import Fault, Invalid


def read_rows(files: Sequence[Path]) -> list[Example]:
    """The rows of all files, plain or gzip; ``tokens`` is a list of words, or words with blanks between.

    A row without ``group`` is of one group with every row of the same text. Raises ``Invalid`` with code
    ``training-data-invalid``, naming the first hundred lines at fault (``cases.jsonl:17``).
    """
    faults: list[Fault] = []
    rows: list[Example] = []
    for file in files:
        for at, line in enumerate(_lines(file), 1):
            if not line.strip():
                continue
            try:
                rows.append(_example(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                faults.append(
                    Fault(f"{file.name}:{at}", "row-invalid", f"{type(error).__name__}: label and text wanted")
                )
    if faults:
        raise Invalid("training-data-invalid", "训练数据有误", f"{len(faults)} lines", tuple(faults[:100]))
    return rows


def digest(rows: Sequence[Example]) -> str:
    """The SHA-256 of the rows, whatever file or order they come in."""
    lines = sorted(f"{row.label}\t{row.group}\t{row.text}\t{' '.join(row.words)}" for row in rows)
    return sha256("\n".join(lines).encode()).hexdigest()


def _lines(file: Path) -> list[str]:
    try:
        content = file.read_bytes()
        return (gzip.decompress(content) if file.suffix == ".gz" else content).decode("utf-8-sig").split("\n")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise Invalid("training-data-invalid", "训练数据有误", f"{file.name}: {type(error).__name__}") from error


def _example(row: dict[str, Any]) -> Example:
    tokens = row.get("tokens") or ()
    words = tuple(tokens.split() if isinstance(tokens, str) else map(str, tokens))
    text = str(row.get("text") or "")
    if not (words or text.strip()):
        raise ValueError("no text")
    label = str(row["label"]).strip()
    if not label:
        raise ValueError("no label")
    said = " ".join(words) if words else " ".join(text.split())
    return Example(label, str(row.get("group") or sha256(said.encode()).hexdigest()), "" if words else text, words)
