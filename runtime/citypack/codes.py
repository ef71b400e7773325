"""Category codes that the YAML files of a pack name, as keys of its catalogue."""

from collections.abc import Mapping
from typing import Final

from domain.errors import Invalid
from domain.life_safety import LifeSafety
from domain.likeness import Likeness
from domain.ticket import Tier
from runtime.citypack.catalogue import Book
from runtime.citypack.files import PackFiles
from runtime.citypack.likeness import LikenessBlock
from runtime.citypack.policy import LifeSafetyBlock
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


def read_life_safety(files: PackFiles, settings: Settings, book: Book) -> LifeSafety:
    """What the policy says goes first, its categories by key."""
    block = settings.said.policy.life_safety if settings.said else LifeSafetyBlock()
    at = (settings.policy_at("life_safety", "categories", i) for i in range(len(block.categories)))
    keys = [key_of(files, book, code, where) for code, where in zip(block.categories, at, strict=True)]
    return block.life_safety(frozenset(filter(None, keys)))


def read_likeness(files: PackFiles, settings: Settings, book: Book) -> Likeness:
    """What the policy says of duplicates, its related categories by key; a class stands for all its categories."""
    block = settings.said.policy.likeness if settings.said else LikenessBlock()
    related: list[frozenset[str]] = []
    for i, group in enumerate(block.related):
        keys: set[str] = set()
        for j, code in enumerate(group):
            at = settings.policy_at("likeness", "related", i, j)
            if code.startswith(CLASS):
                of_class = {c.key for c in book.catalogue.categories.values() if c.class_code == code[len(CLASS) :]}
                if not of_class and book.complete:
                    files.findings.fault(at, "class-unknown", code)
                keys |= of_class
            elif key := key_of(files, book, code, at):
                keys.add(key)
        related.append(frozenset(keys))
    return block.likeness(tuple(related))


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
