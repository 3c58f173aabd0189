"""Files of the API, and what holds for every call of it: sizes, addresses that are not there, keys, other sites."""

from __future__ import annotations

import asyncio
import json

import httpx2
import openai
import pytest

from orchestrion import AsyncClient
from tests.rpc.gateway.conftest import StartGateway


async def test_files_are_artifacts(ai: openai.AsyncOpenAI, client: AsyncClient) -> None:
    files = [(f"{name}.txt", name.encode()) for name in ("a", "b", "c")]
    stored = [await ai.files.create(file=file, purpose="user_data") for file in files]
    assert (stored[0].filename, stored[0].bytes, stored[0].purpose) == ("a.txt", 1, "user_data")
    assert (await client.artifacts.get(stored[0].id.replace("file-", "artifacts/"))).file_name == "a.txt"
    assert (await ai.files.retrieve(stored[1].id)).filename == "b.txt"
    assert (await ai.files.content(stored[2].id)).content == b"c"
    # The package asks for page after page.
    assert {file.filename async for file in ai.files.list(limit=2)} == {"a.txt", "b.txt", "c.txt"}

    assert (await ai.files.delete(stored[0].id)).deleted
    for wrong in (stored[0].id, "file-1"):
        with pytest.raises(openai.NotFoundError) as caught:
            await ai.files.retrieve(wrong)
        assert caught.value.code == "artifact_not_found"
    with pytest.raises(openai.BadRequestError) as refused:
        await ai.files.create(file=("a.jsonl", b"{}"), purpose="batch")
    assert refused.value.param == "purpose"


@pytest.mark.parametrize(
    ("path", "media_type"), [("files", "multipart/form-data; boundary=x"), ("embeddings", "application/json")]
)
async def test_what_is_announced_as_too_large_is_refused_unread(
    start_gateway: StartGateway, address: str, path: str, media_type: str
) -> None:
    gateway = await start_gateway(address, max_upload_bytes=2_000)
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    headers = f"Host: localhost\r\nContent-Type: {media_type}\r\nContent-Length: 3000"
    writer.write(f"POST /v1/{path} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
    answer = await reader.read()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body)["error"]["type"] == "invalid_request_error"
    writer.close()
    await writer.wait_closed()


async def test_every_error_has_the_form_of_the_api(http: httpx2.AsyncClient) -> None:
    cases = [
        (await http.get("/v1/nothing"), 404),
        (await http.get("/v1/chat/completions"), 405),
        (await http.post("/v1/chat/completions", content=b"x=1"), 415),
        (await http.post("/v1/chat/completions", json=[]), 400),
        (await http.post("/v1/chat/completions", content=b"{", headers={"Content-Type": "application/json"}), 400),
        (await http.post("/v1/audio/transcriptions", json={}), 415),
        (await http.post("/v1/audio/transcriptions", data={"model": "x"}, files={"other": b"x"}), 400),
        (await http.get("/v1/files?limit=0"), 400),
        (await http.get("/v1/files?order=asc"), 400),
    ]
    for response, status in cases:
        assert response.status_code == status, response.text
        error = response.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"]
        assert error["type"] == "invalid_request_error"
    # A key is neither wanted nor looked at; pages of other sites may do nothing with or without one.
    for headers in ({}, {"Authorization": "Bearer anything"}):
        assert (await http.get("/v1/models", headers=headers)).status_code == 200
    foreign = await http.post("/v1/embeddings", json={}, headers={"Origin": "http://example.org"})
    assert foreign.status_code == 403
