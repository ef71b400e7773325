"""The memory keeps what nobody could use, whatever it looks like, until somebody replays it."""

from dataclasses import replace
from typing import Any

import pytest

from handlers.ports import Office
from handlers.reject import Rejected, keep_rejects, note_replayed, one_reject, waiting_rejects


def rejected(offset: int = 7, **changes: Any) -> Rejected:
    given = Rejected(
        topic="t.intake", partition=1, offset=offset, item=0, key=b"\x00k",
        headers=[["schema", "ff"], ["schema", "00"]],
        value=b"\xff\x00not json", code="json-invalid", reason="the value is not well-formed UTF-8 JSON",
    )  # fmt: skip
    return replace(given, **changes)


async def test_a_reject_is_kept_once_with_everything_it_came_with(office: Office) -> None:
    await keep_rejects(office, [rejected(), rejected(item=1), rejected()])
    await keep_rejects(office, [rejected(reason="told differently after a redelivery")])
    kept = [r for r in await waiting_rejects(office) if r.offset == 7]
    assert [r.item for r in kept] == [0, 1]
    assert replace(kept[0], id=0, rejected_at=None) == rejected()
    # the topic was made anew: another record has the same address
    await keep_rejects(office, [rejected(value=b"another record")])
    assert len([r for r in await waiting_rejects(office) if r.offset == 7]) == 3


async def test_a_replayed_reject_waits_no_more(office: Office) -> None:
    await keep_rejects(office, [rejected(offset=8, code="schema-missing"), rejected(offset=9, code="schema-missing")])
    first, second = await waiting_rejects(office, code="schema-missing")
    assert await waiting_rejects(office, code="schema-missing", after=first.id) == [second]
    assert [r.offset for r in await waiting_rejects(office, code="schema-missing", limit=1)] == [8]
    await note_replayed(office, [first.id])
    assert await waiting_rejects(office, code="schema-missing") == [second]
    whole = await one_reject(office, first.id)
    assert whole is not None
    assert whole.replayed_at is not None
    assert await one_reject(office, 10**9) is None


async def test_an_empty_record_can_be_kept(office: Office) -> None:
    await keep_rejects(office, [rejected(offset=10, key=None, value=None, headers=[])])
    (kept,) = [r for r in await waiting_rejects(office) if r.offset == 10]
    assert (kept.key, kept.value, kept.headers) == (None, None, [])


async def test_a_reject_can_be_kept_whatever_its_headers_are_called(office: Office) -> None:
    await keep_rejects(office, [rejected(offset=11, headers=[("a\x00b", "ff")])])
    (kept,) = [r for r in await waiting_rejects(office) if r.offset == 11]
    assert kept.headers == [["a\x00b", "ff"]]


@pytest.mark.parametrize("field", ["reason", "traceback"])
async def test_a_reject_can_be_kept_whatever_was_said_about_it(office: Office, field: str) -> None:
    await keep_rejects(office, [rejected(offset=12, **{field: "Invalid enum value '\x00'"})])
