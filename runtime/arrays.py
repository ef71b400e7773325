"""Arrays as a file in NumPy's format, replaced as a whole: a reader finds the old one or the new one."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def write_arrays(file: Path, arrays: Mapping[str, Any]) -> None:
    """Write beside the place and put it there at once. Raises ``OSError``."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as out:
            np.savez_compressed(out, allow_pickle=False, **arrays)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
