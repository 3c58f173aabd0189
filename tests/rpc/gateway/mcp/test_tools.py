"""Tools as clients see and call them, by either generation of the protocol."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import AudioContent, CallToolResult, ImageContent, ResourceLink, TextContent, TextResourceContents

from orchestrion import ArtifactRef, AsyncClient, Json, Reason
from orchestrion.values import Value
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.scripted_host import ScriptedHost
from tests.rpc.gateway.mcp.conftest import ACCEPT, LEGACY, MODERN, Connect, open_session

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PICTURE = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"


def text_of(result: CallToolResult) -> str:
    """The words of a result that has nothing else."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


def reason_of(result: CallToolResult) -> str:
    """The reason of a call that failed."""
    assert result.is_error
    assert result.meta is not None
    return str(result.meta["error"]["reason"])


@pytest.mark.parametrize("mode", [LEGACY, MODERN])
async def test_each_task_type_on_offer_is_a_tool_typed_by_what_its_experts_take(
    connect: Connect, poster_host: ScriptedHost, mode: str
) -> None:
    async with connect(mode) as assistant:
        ask, poster = (await assistant.list_tools()).tools

    assert (ask.name, ask.input_schema["required"]) == ("ask", ["request"])
    assert (poster.name, poster.title) == ("poster-making", "Poster making")
    assert poster.description == "Makes a poster. Languages: de, en."
    assert poster.input_schema["required"] == ["picture", "style"]
    properties = poster.input_schema["properties"]
    # Baroque posters are nobody's here, and none smells.
    assert properties.pop("style") == {"type": "string", "enum": ["plain", "loud"], "description": "How it looks."}
    assert properties.pop("picture")["description"].startswith("What is on it. An image: the URI of a resource")
    assert properties == {
        "copies": {"type": "number", "minimum": 1, "maximum": 9, "description": "How many."},
        "words": {"type": "array", "items": {"type": "string"}, "description": "What stands on it."},
        "framed": {"type": "boolean", "description": "Whether it has a frame."},
        "layout": {"description": "Where things are."},
    }
    assert poster.output_schema is not None
    assert poster.output_schema["required"] == ["poster", "jingle", "sheets", "count"]
    assert poster.output_schema["properties"]["sheets"]["type"] == "array"


@pytest.mark.parametrize("mode", [LEGACY, MODERN])
async def test_a_task_takes_values_of_each_kind_and_returns_them(
    connect: Connect, poster_host: ScriptedHost, mode: str
) -> None:
    arguments = {
        "picture": PICTURE,
        "style": "loud",
        "copies": 2,
        "words": ["buy", "now"],
        "framed": True,
        "layout": {"x": [1.5, None]},
        "scent": None,  # As models write what they leave out.
    }
    async with connect(mode) as assistant:
        result = await assistant.call_tool("poster-making", arguments)
        assert not result.is_error
        again = await assistant.call_tool(
            "poster-making", {"picture": result.structured_content["poster"]["uri"], "style": "plain"}
        )
        read = [
            (await assistant.read_resource(block.uri)).contents[0]
            for block in result.content
            if isinstance(block, ResourceLink)
        ]

    (_, inputs), (_, second) = poster_host.calls
    picture = inputs["picture"]
    assert isinstance(picture, ArtifactRef)
    assert inputs == {
        "picture": picture,
        "style": "loud",
        "copies": 2.0,
        "words": ("buy", "now"),
        "framed": True,
        "layout": Json({"x": [1.5, None]}),
    }
    assert second == {"picture": picture, "style": "plain"}
    structured = result.structured_content
    assert structured["count"] == 2
    assert structured["layout"] == {"x": [1.5, None]}
    assert [file["file_name"] for file in structured["sheets"]] == ["sheet.csv", "sheet.csv"]
    text, image, image_link, sound, sound_link, sheet_link = result.content
    assert isinstance(text, TextContent)
    assert json.loads(text.text) == structured
    assert isinstance(image, ImageContent)
    assert (base64.b64decode(image.data), image.mime_type) == (PIXEL, "image/png")
    assert isinstance(sound, AudioContent)
    assert base64.b64decode(sound.data).startswith(b"RIFF")
    assert [link.uri for link in (image_link, sound_link, sheet_link) if isinstance(link, ResourceLink)] == [
        structured["poster"]["uri"], structured["jingle"]["uri"], structured["sheets"][0]["uri"],
    ]  # fmt: skip
    assert read[0].mime_type == "image/png"
    assert isinstance(read[2], TextResourceContents)
    assert (read[2].text, read[2].mime_type) == ("a;b\n1;2\n", "text/csv")
    assert not again.is_error


async def test_the_text_of_a_file_may_stand_for_a_text(
    connect: Connect, start_host: StartHost, client: AsyncClient
) -> None:
    host = await start_host()
    letter = await client.artifacts.upload(b"Dear all", media_type="text/plain", file_name="letter.txt")
    async with connect() as assistant:
        result = await assistant.call_tool("test-delay", {"text": f"orchestrion://{letter.name}"})
    assert result.structured_content == {"text": "Dear all"}
    assert [inputs for _, inputs in host.calls] == [{"text": "Dear all"}]


async def test_large_pictures_and_many_are_linked_to_alone(
    connect: Connect, poster_host: ScriptedHost, client: AsyncClient
) -> None:
    # A PNG may have anything behind its end.
    large = await client.artifacts.upload(PIXEL + bytes(1 << 20), media_type="image/png", file_name="large.png")
    async with connect() as assistant:
        result = await assistant.call_tool("poster-making", {"picture": large.name, "style": "loud"})
    assert [block.type for block in result.content] == [
        "text", "resource_link", "audio", "resource_link", "resource_link"
    ]  # fmt: skip
    link = result.content[1]
    assert isinstance(link, ResourceLink)
    assert (link.name, link.mime_type, link.size) == ("large.png", "image/png", large.size_bytes)


async def test_what_is_wrong_with_a_call_is_a_result_that_a_model_can_act_on(
    connect: Connect, poster_host: ScriptedHost
) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "'picture' is a required property."),
        ({"picture": PICTURE, "style": "baroque"}, "style: 'baroque' is not one of ['plain', 'loud']."),
        ({"picture": PICTURE, "style": "loud", "copies": 10}, "copies: 10 is greater than the maximum of 9."),
        ({"picture": PICTURE, "style": "loud", "words": ["a", 1]}, "words[1]: 1 is not of type 'string'."),
        ({"picture": PICTURE, "style": "loud", "color": "red"}, "'color' was unexpected"),
        ({"picture": "sign.jpg", "style": "loud"}, "'sign.jpg' is no file: give the URI of a resource"),
        ({"picture": "/etc/hostname", "style": "loud"}, "'/etc/hostname' is no file: give the URI of a resource"),
        ({"picture": "https://example.org/a.png", "style": "loud"}, "Links are not fetched here."),
        ({"picture": "data:image/png;base64", "style": "loud"}, "lacks its comma"),
        ({"picture": "data:image/png;base64,%%", "style": "loud"}, "is no base64"),
    ]
    async with connect() as assistant:
        for arguments, message in wrong:
            result = await assistant.call_tool("poster-making", arguments)
            assert (reason_of(result), message in text_of(result)) == ("INVALID_FIELD", True), result
        nobody = f"orchestrion://artifacts/{'0' * 64}"
        result = await assistant.call_tool("poster-making", {"picture": nobody, "style": "loud"})
        assert reason_of(result) == "ARTIFACT_NOT_FOUND"
        document = "data:text/plain,hello"
        result = await assistant.call_tool("poster-making", {"picture": document, "style": "loud"})
        assert reason_of(result) == "ILL_TYPED_INPUT"
        with pytest.raises(MCPError, match=r"Unknown tool: poster-burning\. On offer now are: ask, poster-making\."):
            await assistant.call_tool("poster-burning", {})
    assert poster_host.calls == []


async def test_what_no_message_can_hold_is_refused_as_what_it_is(
    connect: Connect, poster_host: ScriptedHost, http: httpx2.AsyncClient
) -> None:
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    async with connect() as assistant:
        for layout in ({"x": [10**400]}, deep):
            arguments = {"picture": PICTURE, "style": "loud", "layout": layout}
            assert reason_of(await assistant.call_tool("poster-making", arguments)) == "INVALID_FIELD"
    # What is no JSON, and letters that are none, which only careless programs send.
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    by_name = {"Mcp-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "poster-making"}
    for headers in (await open_session(http), {**ACCEPT, **by_name}):

        async def call(name: str, value: str, headers: dict[str, str] = headers) -> httpx2.Response:
            text = (
                '{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "poster-making", "_meta": '
                f'{json.dumps(meta)}, "arguments": {{"picture": "{PICTURE}", "style": "loud", "{name}": {value}}}}}}}'
            )
            return await http.post("/mcp", content=text, headers={**headers, "Content-Type": "application/json"})

        for name, value in (("layout", '{"x": NaN}'), ("copies", "Infinity"), ("words", '["\\ud800"]')):
            answer = await call(name, value)
            assert answer.status_code == 400 or '"reason":"INVALID_FIELD"' in answer.text, answer.text
        assert '"isError":false' in (await call("framed", "true")).text
    assert len(poster_host.calls) == 2


async def test_what_fails_says_why_and_what_to_do(connect: Connect, start_host: StartHost) -> None:
    async def fail(_: Mapping[str, Value]) -> Mapping[str, Value]:
        raise Reason.INVALID_INPUT.error("The text is too sad: send a merrier one.", field="text")

    await start_host(fail=fail)
    async with connect() as assistant:
        result = await assistant.call_tool("test-delay", {"text": "alas"})
    assert reason_of(result) == "INVALID_INPUT"
    assert text_of(result) == "The text is too sad: send a merrier one."


async def speaking(start_host: StartHost, client: AsyncClient) -> ScriptedHost:
    """A host that says texts aloud, after a fashion."""

    async def speak(_: Mapping[str, Value]) -> Mapping[str, Value]:
        audio = await client.artifacts.upload(b"RIFF", media_type="audio/wav", file_name="speech.wav")
        return {"audio": ArtifactRef(audio.name)}

    host = await start_host("voices", speak=speak)
    host.facts = {"speak": {"task_types": ("text-to-speech",)}}
    await host.report()
    return host


async def test_a_request_in_plain_words_is_planned_carried_out_and_answered(
    connect: Connect, start_host: StartHost, client: AsyncClient
) -> None:
    host = await speaking(start_host, client)
    reports: list[tuple[float, float | None, str | None]] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        reports.append((progress, total, message))

    async with connect() as assistant:
        result = await assistant.call_tool("ask", {"request": 'Say "good morning".'}, progress_callback=tell)
        run = result.structured_content["run"]
        later = await assistant.call_tool("ask", {"request": "Once more, please.", "previous_run": run})
        refused = await assistant.call_tool("ask", {"request": 'Say "good morning" and mail it to Tom.'})

    assert [inputs["text"] for _, inputs in host.calls] == ["good morning", "good morning"]
    text, sound, link, to_continue = result.content
    assert isinstance(text, TextContent)
    assert text.text == result.structured_content["answer"]
    assert "speech.wav" in text.text
    assert isinstance(sound, AudioContent)
    assert isinstance(link, ResourceLink)
    assert isinstance(to_continue, TextContent)
    assert run in to_continue.text
    assert result.structured_content["files"][0]["file_name"] == "speech.wav"
    assert (await client.runs.get(later.structured_content["run"])).previous_run == run
    # Progress only grows, and says in words what goes on.
    amounts = [progress for progress, _, _ in reports]
    assert amounts == sorted(set(amounts))
    assert amounts[-1] < 1
    words = [message for _, _, message in reports]
    assert words[0] == "Plans the request"
    assert "text-to-speech: runs on speak" in words
    assert words[-1] == "Writes the answer"
    # What cannot be done is an error, with what can be.
    assert reason_of(refused) == "REQUEST_BEYOND_PLANNER"
    assert "What can be done instead: " in text_of(refused)


async def test_a_client_that_wants_no_progress_is_sent_none(connect: Connect, start_host: StartHost) -> None:
    await start_host()
    messages: list[object] = []

    async def take(message: object) -> None:
        messages.append(message)

    async with connect(LEGACY, message_handler=take) as assistant:
        await assistant.call_tool("test-delay", {"text": "hello"})
    assert messages == []


async def test_a_task_type_that_is_called_as_a_tool_of_ours_has_another_name(
    connect: Connect, poster_host: ScriptedHost
) -> None:
    (poster,) = poster_host.task_types
    poster_host.task_types = (replace(poster, name="ask"),)
    poster_host.facts["poster"]["task_types"] = ("ask",)
    await poster_host.report()
    async with connect() as assistant:
        assert [tool.name for tool in (await assistant.list_tools()).tools] == ["ask", "task-ask"]
        result = await assistant.call_tool("task-ask", {"picture": PICTURE, "style": "loud"})
    assert not result.is_error
