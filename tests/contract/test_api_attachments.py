"""Attachments at the HTTP door: tus 1.0 for a bad line, one request for a small photo, who may see what, and how."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from api.tus import MAX_WHOLE
from domain.actor import Role
from domain.attachment import MAX_SIZE
from handlers.ports import new_id
from store.bucket import Address
from store.pool import Pool
from tests.conftest import fresh_database
from tests.contract.api_city import CLIENTS, LINHU, PHOTO, SECRET, a_body, a_key, at_work, opened, reported, sent_out
from tests.files import FILES, WORDS, a_movie, a_paper, a_photo, an_amr
from tests.front_door import NOBODY, FrontDoor, front_door

WHERE = "/v1/attachments"
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(scope="module")
async def remote(postgres_dsn: str, s3: Address) -> AsyncIterator[FrontDoor]:
    """A city that keeps its attachments in a bucket, with a small quota."""
    keys = {f"s3_{name}": value for name, value in asdict(s3).items() if name not in ("bucket", "prefix")}
    files = {"attachments": f"s3://{s3.bucket}/{uuid4().hex}", "attachment_files": 4, **keys}
    async with fresh_database(postgres_dsn) as dsn, front_door(dsn, kafka="127.0.0.1:1", files=files) as door:
        yield door


def said(**pairs: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


async def sent(city: FrontDoor, who: str, content: bytes, kind: str = "image/jpeg", **headers: str) -> httpx.Response:
    """An attachment in one request."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await city.ask(
        who, "POST", WHERE, content=content, headers={"Content-Type": kind, "Idempotency-Key": a_key(), **named}
    )


async def announced(city: FrontDoor, who: str, length: int | str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fixed = {**TUS, "Upload-Length": str(length), "Idempotency-Key": a_key()}
    return await city.ask(who, "POST", WHERE, headers={**fixed, **named})


async def piece(city: FrontDoor, who: str, where: str, offset: int, content: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fixed = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return await city.ask(who, "PATCH", where, content=content, headers={**fixed, **named})


async def reached(city: FrontDoor, who: str, where: str) -> httpx.Response:
    return await city.ask(who, "HEAD", where, headers=TUS)


# --- In one request


@pytest.mark.parametrize("name", FILES)
async def test_a_small_file_comes_in_one_request_and_goes_out_without_words(city: FrontDoor, name: str) -> None:
    content, kind, of = FILES[name]
    answer = await sent(
        city, "inspector-1", content, "application/octet-stream", Upload_Metadata=said(filename="证据.bin")
    )
    assert answer.status_code == 201, answer.text
    told = answer.json()
    served = "image/jpeg" if kind == "image/heic" else kind
    assert (told["state"], told["kind"], told["type"]) == ("ready", of, served)
    assert answer.headers["location"] == told["links"]["self"] == told["links"]["content"]
    assert ("thumbnail" in told["links"]) is (of == "photo")
    shown = await city.get("inspector-1", told["links"]["content"])
    assert shown.status_code == 200
    assert shown.headers["content-type"] == served
    assert len(shown.content) == told["size"]
    assert WORDS not in shown.content
    assert (await city.get("inspector-1", told["links"]["about"])).json() == told


async def test_a_file_leaves_as_a_file_and_never_as_a_page(city: FrontDoor) -> None:
    answer = await sent(city, "inspector-1", a_photo("PNG"), Upload_Metadata=said(filename="../井盖 1\u202e.html"))
    told = answer.json()
    assert told["name"] == "井盖 1.html"
    for link in (told["links"]["content"], told["links"]["thumbnail"]):
        shown = await city.get("inspector-1", link)
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert shown.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        assert ".html" not in shown.headers["content-disposition"]
        assert "private" in shown.headers["cache-control"]
    small = await city.get("inspector-1", told["links"]["thumbnail"])
    assert Image.open(BytesIO(small.content)).format == "JPEG"


async def test_a_repeat_is_answered_as_the_first_and_says_so(city: FrontDoor, pool: Pool) -> None:
    key, content = a_key(), a_photo()
    first = await sent(city, "inspector-1", content, Idempotency_Key=key)
    again = await sent(city, "inspector-1", content, Idempotency_Key=key)
    assert again.status_code == first.status_code == 201
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    changed = await sent(city, "inspector-1", content + b"x", Idempotency_Key=key)
    assert (changed.status_code, changed.json()["code"]) == (422, "idempotency-key-reused")
    other = await sent(city, "hotline-12345", content, Idempotency_Key=key)
    assert other.json()["id"] != first.json()["id"], "the same bytes of another client are another attachment"
    assert await pool.fetchval("SELECT count(*) FROM attachments WHERE key = $1", key) == 2


async def test_twins_end_as_one(city: FrontDoor, pool: Pool) -> None:
    key, content = a_key(), a_photo()
    answers = await asyncio.gather(*(sent(city, "inspector-1", content, Idempotency_Key=key) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert any(answer.status_code == 201 for answer in answers)
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"upload-offset-mismatch"}
    assert await pool.fetchval("SELECT count(*) FROM attachments WHERE key = $1", key) == 1
    assert (await sent(city, "inspector-1", content, Idempotency_Key=key)).status_code == 201


BAD: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "nothing": (b"", {}, 422, "file-empty"),
    "a page named a photo": (b"<!doctype html><script>1</script>", {"Content_Type": "image/jpeg"}, 415, "file-type"),
    "a drawing that runs": (b"<svg onload='x()'/>", {"Content_Type": "image/svg+xml"}, 415, "file-type"),
    "a form": (b"--x", {"Content_Type": "multipart/form-data; boundary=x"}, 415, "media-type-unsupported"),
    "JSON": (b"{}", {"Content_Type": "application/json"}, 415, "media-type-unsupported"),
    "no type": (b"x", {"Content_Type": ""}, 415, "media-type-unsupported"),
    "cut off": (a_photo()[:700], {}, 422, "file-corrupt"),
    "other bytes": (a_photo(), {"Upload_Metadata": said(sha256="00" * 32)}, 422, "digest-mismatch"),
    "no digest": (a_photo(), {"Upload_Metadata": said(sha256="00")}, 400, "upload-metadata-invalid"),
    "no hex": (a_photo(), {"Upload_Metadata": said(sha256="zz" * 32)}, 400, "upload-metadata-invalid"),
    "not Base64": (a_photo(), {"Upload_Metadata": "filename %%%"}, 400, "upload-metadata-invalid"),
    "GBK": (a_photo(), {"Upload_Metadata": "filename " + base64.b64encode("井".encode("gbk")).decode()}, 400,
            "upload-metadata-invalid"),
    "named twice": (a_photo(), {"Upload_Metadata": said(filename="a") + "," + said(filename="b")}, 400,
                    "upload-metadata-invalid"),
    "a name of 10 KB": (a_photo(), {"Upload_Metadata": said(filename="x" * 10_000)}, 400, "upload-metadata-invalid"),
    "a changed sum": (a_photo(), {"Upload_Checksum": "sha256 " + base64.b64encode(bytes(32)).decode()}, 460,
                      "upload-checksum-mismatch"),
    "a strange sum": (a_photo(), {"Upload_Checksum": "crc32 AAAA"}, 400, "upload-checksum-invalid"),
    "an empty sum": (a_photo(), {"Upload_Checksum": "sha256"}, 400, "upload-checksum-invalid"),
    "too large for one request": (bytes(MAX_WHOLE + 1), {}, 413, "body-too-large"),
    "no key": (a_photo(), {"Idempotency_Key": ""}, 400, "idempotency-key-invalid"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_file_is_refused_with_a_reason(city: FrontDoor, name: str) -> None:
    content, headers, status, code = BAD[name]
    answer = await sent(city, "inspector-1", content, **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_refusal_is_repeated_word_for_word(city: FrontDoor) -> None:
    key = a_key()
    answers = [await sent(city, "inspector-1", b"<html>" * 9, Idempotency_Key=key) for _ in range(2)]
    assert [answer.json()["code"] for answer in answers] == ["file-type"] * 2
    assert answers[0].content == answers[1].content


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=300), start=st.sampled_from([b"", *(content[:60] for content, _, _ in FILES.values())])
)
async def test_no_noise_is_an_accident(city: FrontDoor, content: bytes, start: bytes) -> None:
    answer = await sent(city, "inspector-1", start + content)
    assert answer.status_code in (201, 415, 422), answer.text


# --- Piece by piece


async def test_what_is_spoken_is_told_to_everybody(city: FrontDoor) -> None:
    answer = await city.ask(NOBODY, "OPTIONS", WHERE)
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert set(answer.headers["tus-extension"].split(",")) == {"creation", "checksum", "expiration"}
    assert int(answer.headers["tus-max-size"]) == MAX_SIZE
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"


async def test_a_film_comes_piece_by_piece(city: FrontDoor) -> None:
    content = a_movie(b"vide", b"soun")
    digest = hashlib.sha256(content).hexdigest()
    answer = await announced(
        city, "unit-lighting", len(content), Upload_Metadata=said(filename="修好了.mp4", sha256=digest)
    )
    assert answer.status_code == 201
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert answer.json()["state"] == "uploading"
    assert "content" not in answer.json()["links"]
    where = answer.headers["location"]
    assert (await city.get("unit-lighting", where)).status_code == 404, "there is nothing to see yet"
    at = 0
    while at < len(content):
        told = await reached(city, "unit-lighting", where)
        assert (told.status_code, told.headers["upload-offset"]) == (200, str(at))
        assert told.headers["upload-length"] == str(len(content))
        assert told.headers["cache-control"] == "no-store"
        assert told.headers["upload-expires"].endswith("GMT")
        part = content[at : at + 1000]
        check = base64.b64encode(hashlib.sha1(part, usedforsecurity=False).digest()).decode()
        more = await piece(city, "unit-lighting", where, at, part, Upload_Checksum=f"sha1 {check}")
        assert more.status_code == 204, more.text
        at += len(part)
        assert more.headers["upload-offset"] == str(at)
    assert "upload-expires" not in more.headers, "it is complete"
    about = (await city.get("unit-lighting", f"{where}/about")).json()
    assert (about["state"], about["kind"], about["name"]) == ("ready", "video", "修好了.mp4")


async def test_a_line_that_breaks_keeps_what_has_come(city: FrontDoor) -> None:
    content = an_amr(50)
    where = (await announced(city, "inspector-1", len(content))).headers["location"]

    come: list[Any] = [
        {"type": "http.request", "body": content[:500], "more_body": True},
        {"type": "http.request", "body": content[500:700], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return come.pop(0)

    async def send(_: Any) -> None:
        return

    told = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    told["Authorization"] = f"Bearer {city.keys['inspector-1']}"
    headers = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "PATCH", "scheme": "http",
        "path": where, "raw_path": where.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "server": ("city", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    await city.app(scope, receive, send)
    assert (await reached(city, "inspector-1", where)).headers["upload-offset"] == "700"
    assert (await piece(city, "inspector-1", where, 700, content[700:])).status_code == 204
    shown = await city.get("inspector-1", where)
    assert shown.content == content


async def test_the_content_is_looked_at_after_the_last_byte(city: FrontDoor) -> None:
    content = b"<html><body>" * 5
    where = (await announced(city, "inspector-1", len(content))).headers["location"]
    assert (await piece(city, "inspector-1", where, 0, content[:20])).status_code == 204
    for answer in (
        await piece(city, "inspector-1", where, 20, content[20:]),
        await reached(city, "inspector-1", where),
        await piece(city, "inspector-1", where, len(content), b""),
    ):
        assert answer.status_code == 415
        assert answer.headers["tus-resumable"] == "1.0.0"
    assert (await city.get("inspector-1", where)).status_code == 404
    assert (await city.get("inspector-1", f"{where}/about")).json()["state"] == "refused"


@pytest.mark.parametrize(
    ("length", "status", "code"),
    [
        ("0", 422, "file-empty"),
        (str(MAX_SIZE + 1), 413, "file-too-large"),
        ("-1", 400, "upload-length-invalid"),
        ("x", 400, "upload-length-invalid"),
        ("9" * 400, 400, "upload-length-invalid"),
        ("１２", 400, "upload-length-invalid"),
        ("", 400, "upload-length-invalid"),
    ],
)
async def test_a_length_that_cannot_be(city: FrontDoor, length: str, status: int, code: str) -> None:
    headers: list[tuple[bytes, bytes]] = [
        (b"upload-length", length.encode()), (b"idempotency-key", a_key().encode()), (b"tus-resumable", b"1.0.0"),
        (b"authorization", f"Bearer {city.keys['inspector-1']}".encode()),
    ]  # fmt: skip
    answer = await city.http.post(WHERE, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_piece_that_does_not_fit_is_refused(city: FrontDoor) -> None:
    where = (await announced(city, "inspector-1", 100)).headers["location"]
    wrong_sum = "sha256 " + base64.b64encode(bytes(32)).decode()
    kind = {"Content_Type": "application/octet-stream"}
    for answer, status, code in (
        (await piece(city, "inspector-1", where, 7, b"x"), 409, "upload-offset-mismatch"),
        (await piece(city, "inspector-1", where, 0, bytes(101)), 413, "upload-length-exceeded"),
        (await piece(city, "inspector-1", where, 0, b"x", Upload_Checksum=wrong_sum), 460, "upload-checksum-mismatch"),
        (await piece(city, "inspector-1", where, 0, b"x", Upload_Offset="-1"), 400, "upload-offset-invalid"),
        (await piece(city, "inspector-1", where, 0, b"x", **kind), 415, "media-type-unsupported"),
        (await piece(city, "inspector-1", where, 0, b"x", Tus_Resumable="0.2.2"), 412, "tus-version-unsupported"),
        (await piece(city, "hotline-12345", where, 0, b"x"), 404, "not-found"),
        (await piece(city, "inspector-1", f"{WHERE}/{new_id()}", 0, b"x"), 404, "not-found"),
        (await announced(city, "inspector-1", 5, Tus_Resumable="2.0.0"), 412, "tus-version-unsupported"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert (answer.headers.get("tus-version") == "1.0.0") is (status == 412)
    assert (await reached(city, "hotline-12345", where)).status_code == 404
    assert (await reached(city, "inspector-1", where)).headers["upload-offset"] == "0"


async def test_an_announcement_repeats_like_anything_else(city: FrontDoor) -> None:
    key = a_key()
    first = await announced(city, "inspector-1", 100, Idempotency_Key=key)
    await piece(city, "inspector-1", first.headers["location"], 0, b"#!AMR\n")
    again = await announced(city, "inspector-1", 100, Idempotency_Key=key)
    assert again.headers["location"] == first.headers["location"]
    assert (again.headers["idempotent-replayed"], again.headers["upload-offset"]) == ("true", "6")
    other = await announced(city, "inspector-1", 101, Idempotency_Key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


# --- Ranges


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(0, 2000), length=st.integers(1, 2000))
async def test_a_range_is_what_it_says(city: FrontDoor, first: int, length: int) -> None:
    answer = await sent(city, "inspector-1", an_amr(20), Idempotency_Key="one-recording-for-all-ranges")
    where, whole = answer.headers["location"], an_amr(20)
    got = await city.get("inspector-1", where, headers={"Range": f"bytes={first}-{first + length - 1}"})
    if first >= len(whole):
        assert (got.status_code, got.json()["code"]) == (416, "range-not-satisfiable")
        assert got.headers["content-range"] == f"bytes */{len(whole)}"
        return
    assert got.status_code == 206
    assert got.content == whole[first : first + length]
    assert got.headers["content-range"] == f"bytes {first}-{first + len(got.content) - 1}/{len(whole)}"


async def test_ends_versions_and_several_ranges(city: FrontDoor) -> None:
    answer, whole = await sent(city, "inspector-1", an_amr(20)), an_amr(20)
    where = answer.headers["location"]
    full = await city.get("inspector-1", where)
    etag = full.headers["etag"]
    assert etag == f'"{hashlib.sha256(whole).hexdigest()}"'
    assert full.headers["accept-ranges"] == "bytes"
    for asked, status, content in (
        ({"Range": "bytes=-10"}, 206, whole[-10:]),
        ({"Range": "bytes=600-"}, 206, whole[600:]),
        ({"Range": "bytes=-99999"}, 206, whole),
        ({"Range": "bytes=0-1,5-6"}, 200, whole),
        ({"Range": "lines=1-2"}, 200, whole),
        ({"Range": "bytes=-"}, 200, whole),
        ({"Range": "bytes=0-4", "If-Range": etag}, 206, whole[:5]),
        ({"Range": "bytes=0-4", "If-Range": '"another"'}, 200, whole),
        ({"If-None-Match": f'"x", {etag}'}, 304, b""),
        ({"If-None-Match": '"x"'}, 200, whole),
    ):
        got = await city.get("inspector-1", where, headers=asked)
        assert (got.status_code, got.content) == (status, content), asked
    for nothing in ("bytes=-0", "bytes=9-3"):
        assert (await city.get("inspector-1", where, headers={"Range": nothing})).status_code == 416


# --- Named by reports and actions


async def test_a_report_shows_what_it_names(city: FrontDoor) -> None:
    photo, voice = await city.photo("hotline-12345"), (await sent(city, "hotline-12345", an_amr())).json()["id"]
    report = await reported(city, attachments=[photo, voice, photo])
    told = (await city.get("hotline-12345", f"/v1/reports/{report}")).json()["attachments"]
    assert [(one["id"], one["kind"]) for one in told] == [(photo, "photo"), (voice, "voice")]
    assert (await city.get("hotline-12345", f"/v1/reports/{await reported(city)}")).json()["attachments"] == []


async def test_a_report_with_attachments_repeats_and_does_not_change(city: FrontDoor) -> None:
    photos = [await city.photo("hotline-12345") for _ in range(2)]
    key, body = a_key(), a_body(attachments=photos)
    first = await city.post("hotline-12345", "/v1/reports", body, Idempotency_Key=key)
    again = await city.post("hotline-12345", "/v1/reports", body, Idempotency_Key=key)
    assert again.json() == first.json()
    fewer = await city.post("hotline-12345", "/v1/reports", {**body, "attachments": photos[:1]}, Idempotency_Key=key)
    assert (fewer.status_code, fewer.json()["code"]) == (422, "idempotency-key-reused")


async def test_only_own_finished_attachments_can_be_named(city: FrontDoor, pool: Pool) -> None:
    own, foreign = await city.photo("hotline-12345"), await city.photo("inspector-1")
    half = (await announced(city, "hotline-12345", 500)).json()["id"]
    old = await city.photo("hotline-12345")
    await pool.execute(
        "UPDATE attachments SET changed_at = now() - $2::interval WHERE id = $1", old, timedelta(hours=25)
    )
    for wrong, code in (
        (foreign, "attachment-unknown"),
        (str(new_id()), "attachment-unknown"),
        (old, "attachment-unknown"),
        (half, "attachment-unfinished"),
    ):
        answer = await city.post(
            "hotline-12345", "/v1/reports", a_body(attachments=[own, wrong]), Idempotency_Key=a_key()
        )
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["errors"] == [{"pointer": "/attachments/1", "code": code}]
    road = await at_work(city)
    for wrong in (foreign, "photo-1", SECRET, ""):
        status, code = await road.refused("unit-lighting", "finish", note="已换灯", photos=[wrong])
        assert status == 422
        assert code in ("attachment-unknown", "text-empty")


async def test_named_once_it_can_be_named_again_however_old(city: FrontDoor, pool: Pool) -> None:
    photo = await city.photo("hotline-12345")
    body, key = a_body(attachments=[photo]), a_key()
    await city.post("hotline-12345", "/v1/reports", body, Idempotency_Key=key)
    await pool.execute("UPDATE attachments SET changed_at = now() - interval '9 days' WHERE id = $1", photo)
    again = await city.post("hotline-12345", "/v1/reports", body, Idempotency_Key=key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (202, "true")


async def test_too_many_and_too_much_are_refused(city: FrontDoor, pool: Pool) -> None:
    photos = [await city.photo("hotline-12345") for _ in range(2)]
    many = photos + [await city.photo("hotline-12345") for _ in range(19)]
    answer = await city.post("hotline-12345", "/v1/reports", a_body(attachments=many), Idempotency_Key=a_key())
    assert (answer.status_code, answer.json()["code"]) == (413, "attachments-too-many")
    await pool.execute("UPDATE attachments SET length = 101e6, received = 101e6 WHERE id = ANY ($1::uuid[])", photos)
    answer = await city.post("hotline-12345", "/v1/reports", a_body(attachments=photos), Idempotency_Key=a_key())
    assert (answer.status_code, answer.json()["code"]) == (413, "attachments-too-large")


async def test_a_case_takes_only_so_many(city: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.naming.MAX_CASE_FILES", 2)
    road = await at_work(city)
    photos = [await city.photo("unit-lighting") for _ in range(3)]
    refused = await road.refused("unit-lighting", "finish", note="已换灯", photos=photos)
    assert refused == (413, "attachments-too-many")
    await road.does("unit-lighting", "finish", note="已换灯", photos=photos[:2])


async def test_a_case_shows_what_its_reports_and_its_actions_name(city: FrontDoor) -> None:
    before = await city.photo("hotline-12345")
    road = await at_work(city, attachments=[before])
    shown = await road.does("unit-lighting", "finish", note="已换灯", photos=[PHOTO])
    after = road.task("lead")["photos"]
    assert [one["id"] for one in shown["attachments"]] == [before, *after]
    assert all(one["links"]["thumbnail"].endswith("/thumbnail") for one in shown["attachments"])


async def test_a_refused_action_names_nothing(city: FrontDoor, pool: Pool) -> None:
    road, photo = await sent_out(city), await city.photo("unit-lighting")
    assert (await road.refused("unit-lighting", "finish", photos=[photo]))[0] == 409
    assert await pool.fetchval("SELECT count(*) FROM attachment_links WHERE attachment_id = $1", photo) == 0


# --- Who sees what


async def test_an_attachment_is_seen_by_its_uploader_and_whoever_sees_the_case(city: FrontDoor) -> None:
    photo = await city.photo("inspector-1")
    where = f"{WHERE}/{photo}"

    async def seers() -> set[str]:
        seeing = (client for role, client in CLIENTS.items() if role is not Role.DEVICE)
        others = (*seeing, "inspector-3", "officer-2", "unit-gas")
        found = set()
        for who in others:
            answers = {
                (await city.get(who, path)).status_code for path in (where, f"{where}/about", f"{where}/thumbnail")
            }
            assert answers in ({200}, {404}), who
            found |= {who} if answers == {200} else set()
        return found

    assert await seers() == {"inspector-1"}, "named by nothing it is nobody's else"
    road = await sent_out(city, who="inspector-1", n=LINHU, attachments=[photo])
    everywhere = {"desk-1", "chief-1", "dispatcher-1", "callback-1", "supervisor-1", "viewer-1", "admin-1"}
    assert await seers() == everywhere | {"inspector-1", "officer-1", "unit-lighting"}
    assert road.now["unit"] == "lighting"


async def test_what_a_unit_shows_of_its_work_is_not_another_units(city: FrontDoor) -> None:
    road = await at_work(city, n=LINHU)
    await road.does("unit-lighting", "finish", note="已换灯", photos=[PHOTO])
    (photo,) = road.task("lead")["photos"]
    assert (await city.get("hotline-12345", f"{WHERE}/{photo}")).status_code == 200, "its report stands behind the case"
    assert (await city.get("officer-1", f"{WHERE}/{photo}")).status_code == 200
    assert (await city.get("officer-2", f"{WHERE}/{photo}")).status_code == 404
    assert (await city.get("unit-gas", f"{WHERE}/{photo}")).status_code == 404


async def test_a_report_before_its_case_is_seen_by_those_who_see_all_reports(city: FrontDoor) -> None:
    photo = await city.photo("hotline-12345")
    await reported(city, attachments=[photo])
    assert (await city.get("desk-1", f"{WHERE}/{photo}")).status_code == 200
    for who in ("unit-lighting", "inspector-1", "officer-1"):
        assert (await city.get(who, f"{WHERE}/{photo}")).status_code == 404, who


async def test_an_id_proves_nothing(city: FrontDoor) -> None:
    for path in (f"{WHERE}/{new_id()}", f"{WHERE}/{new_id()}/thumbnail", f"{WHERE}/{new_id()}/about"):
        assert (await city.get("admin-1", path)).status_code == 404
    assert (await city.get(NOBODY, f"{WHERE}/{await city.photo('desk-1')}")).status_code == 401
    paper = (await sent(city, "desk-1", a_paper(), "application/pdf")).json()
    assert (await city.get("desk-1", f"{paper['links']['self']}/thumbnail")).status_code == 404


async def test_where_a_photo_was_taken_is_told_to_nobody(city: FrontDoor, pool: Pool) -> None:
    photo = await city.photo("hotline-12345")
    assert await pool.fetchval("SELECT lon FROM attachments WHERE id = $1", photo) == pytest.approx(113.9348667)
    road = await opened(city, attachments=[photo])
    for answer in (
        await city.get("admin-1", f"{WHERE}/{photo}/about"),
        await city.get("admin-1", f"{WHERE}/{photo}"),
        await city.get("admin-1", f"/v1/cases/{road.no}/history"),
    ):
        assert b"113.93" not in answer.content
        assert "113.93" not in str(answer.headers)


# --- The other store, the quota, the figures


async def test_a_bucket_serves_as_well(remote: FrontDoor) -> None:
    content = a_movie(b"vide")
    where = (await announced(remote, "inspector-1", len(content))).headers["location"]
    await piece(remote, "inspector-1", where, 0, content[:900])
    assert (await piece(remote, "inspector-1", where, 900, content[900:])).status_code == 204
    got = await remote.get("inspector-1", where, headers={"Range": "bytes=4-11"})
    assert (got.status_code, got.content) == (206, b"ftypisom")
    photo = await remote.photo("inspector-1")
    small = await remote.get("inspector-1", f"{WHERE}/{photo}/thumbnail")
    assert Image.open(BytesIO(small.content)).size == (64, 48)


async def test_a_clients_day_has_an_end(remote: FrontDoor) -> None:
    for _ in range(4):
        await remote.photo("hotline-12345")
    answer = await sent(remote, "hotline-12345", a_photo())
    assert (answer.status_code, answer.json()["code"]) == (429, "attachment-quota")
    assert int(answer.headers["retry-after"]) >= 3600
    figures = (await remote.get(NOBODY, "/metrics")).text
    assert 'cityloop_attachments_total{outcome="over_quota"} 1.0' in figures
    assert 'cityloop_attachments_total{outcome="photo"}' in figures
    assert "cityloop_attachment_bytes_total" in figures


async def test_a_store_that_is_away_is_told_so(postgres_dsn: str) -> None:
    files = {"attachments": "s3://nowhere", "s3_endpoint": "http://127.0.0.1:1", "s3_access_key": "a"}
    async with fresh_database(postgres_dsn) as dsn, front_door(dsn, kafka="127.0.0.1:1", files=files) as door:
        answer = await sent(door, "inspector-1", a_photo())
        assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
        assert "retry-after" in answer.headers


async def test_a_content_that_is_lost_is_told_before_the_answer_begins(city: FrontDoor) -> None:
    answer = (await sent(city, "inspector-1", a_photo())).json()
    listed = [key async for key, _ in city.tools.archive.blobs.listed(answer["id"][-2:]) if answer["id"] in key]
    await city.tools.archive.blobs.drop(listed)
    lost = await city.get("inspector-1", answer["links"]["content"])
    assert (lost.status_code, lost.json()["code"]) == (503, "storage-unavailable")
