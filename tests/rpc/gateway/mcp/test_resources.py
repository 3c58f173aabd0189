"""Artifacts as resources."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import BlobResourceContents, TextResourceContents

from orchestrion import AsyncClient
from tests.rpc.gateway.mcp.conftest import LEGACY, MODERN, Connect


@pytest.mark.parametrize("mode", [LEGACY, MODERN])
async def test_artifacts_are_listed_page_by_page_and_read_as_what_they_are(
    connect: Connect, client: AsyncClient, mode: str
) -> None:
    letter = await client.artifacts.upload("Grüße".encode(), media_type="text/plain", file_name="Grüße.txt")
    latin = await client.artifacts.upload("Grüße".encode("latin-1"), media_type="text/plain", file_name="old.txt")
    nameless = await client.artifacts.upload(b"%PDF-1", media_type="application/pdf", file_name="")
    for number in range(100):
        await client.artifacts.upload(f"{number}".encode(), media_type="text/plain", file_name="n.txt")
    async with connect(mode) as assistant:
        first = await assistant.list_resources()
        second = await assistant.list_resources(cursor=first.next_cursor)
        templates = await assistant.list_resource_templates()
        contents = [
            (await assistant.read_resource(f"orchestrion://{item.name}")).contents[0]
            for item in (letter, latin, nameless)
        ]

    assert (len(first.resources), second.next_cursor) == (100, None)
    assert {resource.name for resource in first.resources} == {"n.txt"}
    digits = nameless.name.removeprefix("artifacts/")[:12]
    # What has no name is called by its hash.
    assert [(item.name, item.mime_type, item.size, item.uri) for item in second.resources] == [
        (digits, "application/pdf", 6, f"orchestrion://{nameless.name}"),
        ("old.txt", "text/plain", 5, f"orchestrion://{latin.name}"),
        ("Grüße.txt", "text/plain", 7, f"orchestrion://{letter.name}"),
    ]
    assert second.resources[0].annotations is not None
    assert second.resources[0].annotations.last_modified is not None
    assert [item.uri_template for item in templates.resource_templates] == ["orchestrion://artifacts/{sha256}"]
    text, *blobs = contents
    assert isinstance(text, TextResourceContents)
    assert (text.text, text.mime_type) == ("Grüße", "text/plain")
    # What is no UTF-8 comes byte for byte.
    assert [base64.b64decode(blob.blob) for blob in blobs if isinstance(blob, BlobResourceContents)] == [
        "Grüße".encode("latin-1"), b"%PDF-1"
    ]  # fmt: skip


async def test_what_is_no_resource_is_an_error_with_its_reason(connect: Connect, client: AsyncClient) -> None:
    large = await client.artifacts.upload(bytes((8 << 20) + 1), media_type="application/zip", file_name="all.zip")
    wrong: list[tuple[str, str, str]] = [
        ("file:///etc/hostname", "ARTIFACT_NOT_FOUND", "is no resource of this server"),
        ("orchestrion://artifacts/../runs", "ARTIFACT_NOT_FOUND", "is no resource of this server"),
        (f"orchestrion://artifacts/{'0' * 64}", "ARTIFACT_NOT_FOUND", ""),
        (f"orchestrion://{large.name}", "ARTIFACT_TOO_LARGE", f"/api/v1/{large.name}/content"),
    ]
    async with connect() as assistant:
        for uri, reason, message in wrong:
            with pytest.raises(MCPError) as caught:
                await assistant.read_resource(uri)
            data: Any = caught.value.data
            assert (data["reason"], message in caught.value.message) == (reason, True)
        with pytest.raises(MCPError) as caught:
            await assistant.list_resources(cursor="nowhere")
        assert caught.value.data["reason"] == "INVALID_FIELD"
