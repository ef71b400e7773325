"""Model files: numbers and text in NumPy's format, never anything that could be executed. Replaced as a whole."""

import zipfile
from pathlib import Path

import numpy as np

from classify.model import Model
from domain.errors import Invalid
from runtime.arrays import write_arrays


def save_model(model: Model, file: Path) -> None:
    """Write a model beside its place and put it there at once, so that a reader finds the old one or the new one."""
    write_arrays(file, model.arrays())


def load_model(file: Path) -> Model:
    """The model in a file. Raises ``Invalid`` with code ``model-invalid`` for what is none, or is not there."""
    try:
        with file.open("rb") as content, np.load(content, allow_pickle=False) as arrays:
            return Model.of_arrays(dict(arrays))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise Invalid("model-invalid", "分类模型文件有误", f"{file.name}: {type(error).__name__}") from error
