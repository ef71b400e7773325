"""Fixtures of the contract tests: both file stores, so that one suite runs against either."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from handlers.ports import Blobs
from store.bucket import Address, Bucket
from store.folder import Folder
from tests.bucket import s3_server


@pytest.fixture(scope="session")
def s3(server_home: Path) -> Iterator[Address]:
    """A real S3-compatible server."""
    with s3_server(server_home / "s3") as address:
        yield address


@pytest.fixture(scope="module", params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest) -> Iterator[Blobs]:
    """An empty file store of either kind."""
    if request.param == "bucket":
        yield Bucket(replace(request.getfixturevalue("s3"), prefix=uuid4().hex))
        return
    with TemporaryDirectory(prefix="cityloop-tests-") as folder:
        yield Folder(Path(folder))
