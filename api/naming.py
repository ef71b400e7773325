"""Attachments that a report or an action names: whether the caller may name them, and whether they are not too many."""

from collections.abc import Sequence
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
    asked = [_id(each) for each in ids]
    known = await tools.views.attachments.named([each for each in asked if each is not None])
    found = [known.get(each) if each else None for each in asked]
    _check(found, who.actor.id, pointer)
    wanted = tuple(dict.fromkeys(str(each) for each in asked))
    before = await tools.views.attachments.count_of_case(case) if case else 0
    if len(wanted) > MAX_FILES or before + len(wanted) > MAX_CASE_FILES:
        detail = f"at most {MAX_FILES} at once, {MAX_CASE_FILES} on a case"
        raise Invalid("attachments-too-many", "附件数量过多", detail)
    if sum(one.size for one in known.values()) > MAX_BYTES:
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
