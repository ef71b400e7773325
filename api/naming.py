"""Attachments that a report or an action names: whether the caller may name them, and whether they are not too many."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from api.auth import Caller
from api.deps import Deps
from domain.attachment import MAX_BYTES, MAX_CASE_FILES, MAX_FILES
from domain.errors import Fault, Invalid
from store.views import Named


async def named(
    tools: Deps, who: Caller, ids: Sequence[str], pointer: str, case: UUID | None = None
) -> tuple[str, ...]:
    """The attachments somebody names, each once, in order.

    Only the client that uploaded an attachment may name it, within a day after its last byte. Raises ``Invalid``:
    ``attachment-unknown`` for what is not there or somebody else's (told alike), ``attachment-unfinished`` for what is
    not complete, ``attachments-too-many`` and ``attachments-too-large`` for more than a report or an action may have,
    or a case.
    """
    if not ids:
        return ()
    before = await tools.views.attachments.count_of_case(case) if case else 0
    return allowed(await known(tools, ids), who, ids, pointer, before)


async def known(tools: Deps, ids: Sequence[str]) -> Mapping[UUID, Named]:
    """The attachments with these ids, as far as there are any; one query, none for no ids."""
    wanted = [each for each in map(_id, ids) if each is not None]
    return await tools.views.attachments.named(wanted) if wanted else {}


def allowed(
    known: Mapping[UUID, Named], who: Caller, ids: Sequence[str], pointer: str, before: int = 0
) -> tuple[str, ...]:
    """Of ``known``, what one report or action names; ``before`` are those its case has. Raises as ``named`` does."""
    asked = [_id(each) for each in ids]
    found = [known.get(each) if each else None for each in asked]
    _check(found, who.actor.id, pointer)
    wanted = tuple(dict.fromkeys(str(each) for each in asked))
    if len(wanted) > MAX_FILES or before + len(wanted) > MAX_CASE_FILES:
        detail = f"at most {MAX_FILES} at once, {MAX_CASE_FILES} on a case"
        raise Invalid("attachments-too-many", "附件数量过多", detail)
    if sum({each: one.size for each, one in zip(asked, found, strict=True) if one}.values()) > MAX_BYTES:
        raise Invalid("attachments-too-large", "附件总容量过大", f"at most {MAX_BYTES} bytes together")
    return wanted


def _check(found: Sequence[Named | None], client: str, pointer: str) -> None:
    unknown = [n for n, one in enumerate(found) if one is None or one.client != client or not one.linkable]
    if unknown:
        faults = tuple(Fault(f"{pointer}/{n}", "attachment-unknown") for n in unknown)
        raise Invalid("attachment-unknown", "附件不存在或无权使用", "name what this client has uploaded today", faults)
    unfinished = tuple(
        Fault(f"{pointer}/{n}", "attachment-unfinished") for n, one in enumerate(found) if one and not one.ready
    )
    if unfinished:
        raise Invalid("attachment-unfinished", "附件尚未上传完成", "send the rest, then name it", unfinished)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
