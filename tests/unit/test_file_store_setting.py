"""Where attachments are kept is one setting: a folder, or a bucket by its address."""

from pathlib import Path

import pytest

from domain.errors import Invalid
from runtime.settings import Settings, load
from runtime.wiring import blobs
from store.bucket import Bucket
from store.folder import Folder


def test_without_a_word_it_is_a_folder_below_home(tmp_path: Path) -> None:
    store = blobs(Settings(home=tmp_path))
    assert isinstance(store, Folder)
    assert store._root == tmp_path / "attachments"


def test_a_path_is_a_folder(tmp_path: Path) -> None:
    store = blobs(Settings(attachments=str(tmp_path / "photos")))
    assert isinstance(store, Folder)
    assert store._root == tmp_path / "photos"


@pytest.mark.parametrize("address", ["s3://city", "s3://city/", "s3://city/yunhu/attachments"])
def test_an_address_is_a_bucket(address: str) -> None:
    assert isinstance(blobs(Settings(attachments=address, s3_access_key="a", s3_secret_key="b")), Bucket)  # noqa: S106


@pytest.mark.parametrize("address", ["s3:", "s3://", "s3:///prefix", "s3:city"])
def test_half_an_address_is_refused_and_the_variable_named(address: str) -> None:
    with pytest.raises(Invalid, match="CITYLOOP_ATTACHMENTS"):
        blobs(Settings(attachments=address))


def test_the_secret_key_is_not_in_what_people_print() -> None:
    settings = load({"CITYLOOP_S3_SECRET_KEY": "sesame"})
    assert "sesame" not in repr(settings)
    assert "sesame" in settings.environment().values(), "child processes need it"
