"""Category codes that the YAML files of a pack name, as keys of its catalogue."""

from collections.abc import Mapping
from typing import Final

from domain.errors import Invalid
from domain.ticket import Tier
from runtime.citypack.catalogue import Book
from runtime.citypack.files import PackFiles
from runtime.citypack.settings import Settings

CLASS: Final = "class:"


def key_of(files: PackFiles, book: Book, code: str, at: str) -> str | None:
    """The key of the category a code means; None, noted at ``at``, if there is none.

    A code of a table that could not be read, or of a row at fault, is not noted once more.
    """
    try:
        return book.catalogue.find(code).key
    except Invalid as error:
        if book.complete and code not in book.unsure:
            files.findings.fault(at, error.code, code)
        return None


def read_tiers(files: PackFiles, settings: Settings, book: Book) -> Mapping[str, Tier]:
    """The policy's tiers of tickets by category key."""
    said = settings.said.policy.tickets.category_tiers if settings.said else {}
    tiers: dict[str, Tier] = {}
    for code, tier in said.items():
        at = settings.policy_at("tickets", "category_tiers", code)
        key = key_of(files, book, code, at)
        if key in tiers:
            files.findings.fault(at, "duplicate-id", f"{code} is {key}")
        if key is not None:
            tiers[key] = tier
    return tiers
