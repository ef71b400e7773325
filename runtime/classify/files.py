"""Model files: numbers and text in NumPy's format, never anything that could be executed. Replaced as a whole."""

import os
import zipfile
from pathlib import Path

import numpy as np

from classify.model import Model
from domain.errors import Invalid


def save_model(model: Model, file: Path) -> None:
    """Write a model beside its place and put it there at once, so that a reader finds the old one or the new one."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as out:
            np.savez_compressed(out, allow_pickle=False, **model.arrays())
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def load_model(file: Path) -> Model:
    """The model in a file. Raises ``Invalid`` with code ``model-invalid`` for what is none, or is not there."""
    try:
        with file.open("rb") as content, np.load(content, allow_pickle=False) as arrays:
            return Model.of_arrays(dict(arrays))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise Invalid("model-invalid", "分类模型文件有误", f"{file.name}: {type(error).__name__}") from error
