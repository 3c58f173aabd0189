"""Artifacts over HTTP: in and out, whole and in parts, whatever they are called, and unable to run anything."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

import httpx2

from orchestrion import AsyncClient
from tests.rpc.gateway.conftest import StartGateway

CONTENT = random.Random(3).randbytes(3 * (1 << 20) + 17)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


def where(artifact: dict[str, Any]) -> str:
    return f"/api/v1/{artifact['name']}/content"


def name_in(header: str) -> str:
    """The file name as a browser reads it: the extended one goes before the plain one."""
    message = EmailMessage()
    message["Content-Disposition"] = header
    extended = [part.strip() for part in header.split(";") if part.strip().startswith("filename*=")]
    if extended:
        message.replace_header("Content-Disposition", f"attachment; {extended[0]}")
    return message.get_filename() or ""


async def test_content_comes_back_as_it_was_sent(http: httpx2.AsyncClient, client: AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(CONTENT), 100_000):
            yield CONTENT[start : start + 100_000]

    sha256 = hashlib.sha256(CONTENT).hexdigest()
    sent = await http.post("/api/v1/artifacts", params={"file_name": "noise.bin"}, content=pieces())

    assert sent.status_code == 201
    assert sent.headers["location"] == f"/api/v1/artifacts/{sha256}"
    stored = sent.json()
    assert (stored["name"], stored["fileName"]) == (f"artifacts/{sha256}", "noise.bin")
    assert stored["sizeBytes"] == str(len(CONTENT))
    content = await http.get(where(stored))
    assert content.content == CONTENT
    assert content.headers["content-length"] == str(len(CONTENT))
    assert content.headers["etag"] == f'"{sha256}"'
    head = await http.head(where(stored))
    assert (head.status_code, head.content) == (200, b"")
    same = ("content-length", "content-type", "etag", "accept-ranges", "content-disposition")
    assert [head.headers[name] for name in same] == [content.headers[name] for name in same]
    assert (await http.get(f"/api/v1/{stored['name']}")).json() == stored
    assert (await http.get("/api/v1/artifacts")).json() == {"artifacts": [stored]}
    assert await client.artifacts.read(stored["name"]) == CONTENT

    assert (await http.delete(f"/api/v1/{stored['name']}")).status_code == 204
    for path in (f"/api/v1/{stored['name']}", where(stored)):
        assert (await http.get(path)).json()["error"]["reason"] == "ARTIFACT_NOT_FOUND"
    assert (await http.head(where(stored))).status_code == 404


async def test_what_a_file_is_shows_in_its_content_unless_it_is_said(http: httpx2.AsyncClient) -> None:
    for media_type in (None, "application/octet-stream", "application/x-www-form-urlencoded"):
        headers = {} if media_type is None else {"Content-Type": media_type}
        sent = await http.post("/api/v1/artifacts", content=PNG, headers=headers)
        assert sent.json()["mediaType"] == "image/png"
    said = await http.post("/api/v1/artifacts", content=b"a,b", headers={"Content-Type": "Text/CSV; charset=utf-8"})
    assert said.json()["mediaType"] == "text/csv"


PARTS = [
    ("bytes=0-0", 0, 0),
    ("bytes=1000000-1999999", 1_000_000, 1_999_999),
    ("bytes=3000000-", 3_000_000, len(CONTENT) - 1),
    ("bytes=-17", len(CONTENT) - 17, len(CONTENT) - 1),
    (f"bytes=-{len(CONTENT) * 2}", 0, len(CONTENT) - 1),
    (f"bytes=5-{len(CONTENT) * 2}", 5, len(CONTENT) - 1),
]


async def test_a_part_is_what_was_asked_for(http: httpx2.AsyncClient) -> None:
    stored = (await http.post("/api/v1/artifacts", content=CONTENT)).json()
    for wanted, first, last in PARTS:
        part = await http.get(where(stored), headers={"Range": wanted})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"
        assert part.content == CONTENT[first : last + 1]


async def test_ranges_that_are_none_get_all_and_those_beyond_the_end_nothing(http: httpx2.AsyncClient) -> None:
    stored = (await http.post("/api/v1/artifacts", content=b"0123456789")).json()
    for ignored in ("bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b", "bytes=-", "bytes=" + "9" * 30 + "-"):
        whole = await http.get(where(stored), headers={"Range": ignored})
        assert (whole.status_code, whole.content) == (200, b"0123456789")
    for beyond in ("bytes=10-", "bytes=10-20", "bytes=-0"):
        refused = await http.get(where(stored), headers={"Range": beyond})
        assert (refused.status_code, refused.headers["content-range"]) == (416, "bytes */10")
        assert refused.json()["error"]["reason"] == "OFFSET_OUT_OF_RANGE"

    tag = (await http.head(where(stored))).headers["etag"]
    same = await http.get(where(stored), headers={"Range": "bytes=2-3", "If-Range": tag})
    assert (same.status_code, same.content) == (206, b"23")
    other = await http.get(where(stored), headers={"Range": "bytes=2-3", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, b"0123456789")
    for names in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        unchanged = await http.get(where(stored), headers={"If-None-Match": names})
        assert (unchanged.status_code, unchanged.content) == (304, b"")


NAMES = [
    "plain.txt",
    "two words.txt",
    'quo"te.txt',
    "per%20cent.txt",
    "größe – 音声.wav",
    "emoji 🎺.png",
    "semi;colon=a.txt",
    "back'tick`.txt",
]


async def test_names_of_any_letters_come_back(http: httpx2.AsyncClient) -> None:
    for name in NAMES:
        by_query = await http.post("/api/v1/artifacts", params={"file_name": name}, content=name.encode())
        header = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
        by_header = await http.post("/api/v1/artifacts", content=PNG + name.encode(), headers=header)
        for stored in (by_query.json(), by_header.json()):
            assert stored["fileName"] == name
            shown = (await http.get(where(stored))).headers["content-disposition"]
            assert name_in(shown) == name
            assert shown.isascii()


HARMFUL = ["../../etc/passwd", "..\\..\\secrets", "a\r\nX-Evil: 1\r\n\r\n<script>", "\x00\x1b[2J"]


async def test_names_that_would_do_harm_do_none(http: httpx2.AsyncClient, client: AsyncClient) -> None:
    for name in HARMFUL:
        # Also where another client has stored it.
        stored = await client.artifacts.upload(name.encode(), file_name=name)
        content = await http.get(f"/api/v1/{stored.name}/content")
        shown = name_in(content.headers["content-disposition"])
        assert not set("/\\\r\n\0\x1b") & set(shown)
        assert "x-evil" not in content.headers
        assert content.content == name.encode()


async def test_nothing_among_artifacts_runs_here(http: httpx2.AsyncClient) -> None:
    body = b"<script>alert(document.domain)</script>"
    kinds = {
        "attachment": ("text/html", "image/svg+xml", "application/xhtml+xml", "application/pdf", "text/javascript"),
        "inline": ("image/png", "audio/wav", "video/mp4", "text/plain"),
    }
    for kind, media_type in ((kind, media_type) for kind, types in kinds.items() for media_type in types):
        content_type = {"Content-Type": media_type}
        stored = (await http.post("/api/v1/artifacts", content=body, headers=content_type)).json()
        content = await http.get(where(stored))
        assert content.headers["content-type"] == media_type
        assert content.headers["content-disposition"].partition(";")[0] == kind
        assert content.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
        assert content.headers["x-content-type-options"] == "nosniff"
        assert content.headers["cross-origin-resource-policy"] == "same-origin"
        saved = await http.get(where(stored), params={"download": "true"})
        assert saved.headers["content-disposition"].startswith("attachment")
        assert (await http.delete(f"/api/v1/{stored['name']}")).status_code == 204


async def test_a_media_type_that_is_none_is_not_handed_on(http: httpx2.AsyncClient, client: AsyncClient) -> None:
    stored = await client.artifacts.upload(b"x", media_type="text/html\r\nX-Evil: 1")
    content = await http.get(f"/api/v1/{stored.name}/content")
    assert content.headers["content-type"] == "application/octet-stream"


async def test_a_form_brings_several_files(http: httpx2.AsyncClient, client: AsyncClient) -> None:
    files = [("file", ("größe.txt", b"one", "text/plain")), ("other", ("two.png", PNG, "application/octet-stream"))]
    sent = await http.post("/api/v1/artifacts", files=files)
    assert sent.status_code == 201
    stored = sent.json()["artifacts"]
    assert [item["fileName"] for item in stored] == ["größe.txt", "two.png"]
    assert [item["mediaType"] for item in stored] == ["text/plain", "image/png"]
    assert await client.artifacts.read(stored[0]["name"]) == b"one"
    mixed = await http.post("/api/v1/artifacts", files=files, data={"note": "lost?"})
    assert (mixed.status_code, mixed.json()["error"]["metadata"]) == (400, {"field": "note"})
    broken = await http.post(
        "/api/v1/artifacts", content=b"nonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert (broken.status_code, broken.json()["error"]["reason"]) == (400, "BAD_REQUEST")


async def test_what_is_too_large_or_empty_is_refused(start_gateway: StartGateway, address: str) -> None:
    gateway = await start_gateway(address, max_upload_bytes=100_000, max_body_bytes=1_000)

    async with httpx2.AsyncClient(base_url=f"http://{gateway.address}", trust_env=False) as http:
        announced = await http.post("/api/v1/artifacts", content=bytes(100_001))
        assert (announced.status_code, announced.json()["error"]["reason"]) == (413, "ARTIFACT_TOO_LARGE")
        form = await http.post("/api/v1/artifacts", files={"file": ("large", bytes(100_001))})
        assert (form.status_code, form.json()["error"]["reason"]) == (413, "ARTIFACT_TOO_LARGE")
        call = await http.post("/api/v1/runs", json={"messages": [{"text": "x" * 1_000}]})
        assert (call.status_code, call.json()["error"]["reason"]) == (413, "MESSAGE_TOO_LARGE")
        empty = await http.post("/api/v1/artifacts", content=b"")
        assert (empty.status_code, empty.json()["error"]["reason"]) == (400, "ARTIFACT_EMPTY")
        # One that does not say how large it is gets the answer in its middle, and its connection ends.
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(b"POST /api/v1/artifacts HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"%x\r\n%s\r\n" % (100_001, bytes(100_001)))
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"ARTIFACT_TOO_LARGE" in answer
        writer.close()
        assert (await http.get("/api/v1/artifacts")).json() == {"artifacts": []}


async def test_an_upload_that_breaks_off_leaves_nothing(http: httpx2.AsyncClient, gateway: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /api/v1/artifacts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await reader.read() == b""
    assert (await http.get("/api/v1/artifacts")).json() == {"artifacts": []}


async def test_content_that_is_sent_under_two_names_is_two_artifacts_with_one_content(http: httpx2.AsyncClient) -> None:
    sent = await http.post("/api/v1/artifacts", files=[("file", ("menu.png", PNG)), ("file", ("copy.png", PNG))])
    stored = sent.json()["artifacts"]

    assert [artifact["fileName"] for artifact in stored] == ["menu.png", "copy.png"]
    again = await http.post("/api/v1/artifacts", params={"file_name": "copy.png"}, content=PNG)
    assert again.json() == stored[1]
    for artifact in stored:
        content = await http.get(where(artifact))
        assert (content.content, name_in(content.headers["content-disposition"])) == (PNG, artifact["fileName"])
    assert (await http.delete(f"/api/v1/{stored[0]['name']}")).status_code == 204
    assert (await http.get(where(stored[1]))).content == PNG
