"""How endpoints frame what they say: events in every spelling, JSON by line, one JSON, and what keeps a line open."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrion_serving.chat import ReplyReader
from tests.raw_endpoint import DONE, STOP, Answer, bytewise, chunk, event, message, streamed, whole
from tests.unit.controller.language_model.chats import SCHEMA, outcome

SAID = "Fine 😀, thank you."


def data(content: object, finish: object = None) -> str:
    """The JSON of an event."""
    return chunk({"content": content} if content else {}, finish).decode().removeprefix("data: ").strip()


ONE, TWO, LAST = data("Fine 😀"), data(", thank you."), data(None, "stop")
JSON_LABEL = {"content-type": "application/json"}

STREAMS: dict[str, str] = {
    "CR LF": f"data: {ONE}\r\n\r\ndata: {TWO}\r\n\r\ndata: {LAST}\r\n\r\ndata: [DONE]\r\n\r\n",
    "CR": f"data: {ONE}\r\rdata: {TWO}\r\rdata: {LAST}\r\rdata: [DONE]\r\r",
    "no space after the colon": f"data:{ONE}\n\ndata:{TWO}\n\ndata:{LAST}\n\ndata:[DONE]\n\n",
    "a byte order mark": f"\ufeffdata: {ONE}\n\ndata: {TWO}\n\ndata: {LAST}\n\ndata: [DONE]\n\n",
    "names, numbers and waits": f"event: message\nid: 1\nretry: 300\ndata: {ONE}\n\n"
    f"id: 2\ndata: {TWO}\n\ndata: {LAST}\n\n",
    "no blank lines": f"data: {ONE}\ndata: {TWO}\ndata: {LAST}\ndata: [DONE]\n",
    "no end of the last line": f"data: {ONE}\n\ndata: {TWO}\n\ndata: {LAST}",
    "comments": f": hello\n\n: keepalive\n\ndata: {ONE}\n\n"
    f":\n\ndata: {TWO}\n\n: OPENROUTER PROCESSING\n\ndata: {LAST}\n\n",
    "keep-alive as data": f"data: : keepalive\n\ndata: {ONE}\n\ndata:\n\ndata: ping\n\ndata: {TWO}\n\ndata: {LAST}\n\n",
    "keep-alive as JSON": f'event: ping\ndata: {{"type": "ping"}}\n\ndata: {ONE}\n\ndata: null\n\n'
    'data: ""\n\ndata: {}\n\n'
    f"data: {TWO}\n\ndata: 7\n\ndata: []\n\ndata: {LAST}\n\n",
    "an event without choices": f'data: {{"id": "c"}}\n\ndata: {ONE}\n\ndata: {{"choices": []}}\n\n'
    f'data: {{"choices": null}}\n\ndata: {TWO}\n\ndata: {LAST}\n\n',
    "errors that are none": f'data: {ONE[:-1]}, "error": null}}\n\ndata: {TWO[:-1]}, "error": ""}}\n\n'
    f'data: {LAST[:-1]}, "error": {{}}}}\n\n',
    "data said twice": f"data: data: {ONE}\n\ndata: data: {TWO}\n\ndata: {LAST}\n\n",
    "an event in several lines": "".join(
        "".join(f"data: {line}\n" for line in json.dumps(json.loads(item), indent=2).split("\n")) + "\n"
        for item in (ONE, TWO, LAST)
    ),
    "an event in several lines of which one is called data": "".join(
        f"data: {json.dumps(json.loads(item), indent=2)}\n\n" for item in (ONE, TWO, LAST)
    ),
    "indented": f"  data: {ONE}\n\n  : keepalive\n\n  data: {TWO}\n\n  data: {LAST}\n\n",
    "several in one event": f"data: {ONE}{TWO}\n\ndata: {LAST}\n\n",
    "a list of events": f"data: [{ONE}, {TWO}]\n\ndata: {LAST}\n\n",
    "NDJSON": f"{ONE}\n{TWO}\n{LAST}\n",
    "NDJSON with CR LF and no last line end": f"{ONE}\r\n{TWO}\r\n{LAST}",
    "JSON after JSON": f"{ONE}{TWO}{LAST}",
    "JSON sequences": f"\x1e{ONE}\n\x1e{TWO}\n\x1e{LAST}\n",
    "JSON as people write it": "\n".join(json.dumps(json.loads(item), indent=1) for item in (ONE, TWO, LAST)),
    "blank lines before": f"\n\n  \n\ndata: {ONE}\n\ndata: {TWO}\n\ndata: {LAST}\n\n",
    "escapes": f"data: {json.dumps(json.loads(ONE))}\n\ndata: {TWO}\n\ndata: {LAST}\n\n",
}


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json", "text/plain", ""])
@pytest.mark.parametrize("text", STREAMS.values(), ids=STREAMS)
async def test_a_stream_is_read_by_its_bytes_and_not_by_its_label(text: str, content_type: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    for answer in (Answer((text.encode(),), headers=headers), bytewise(Answer((text.encode(),), headers=headers))):
        got = await outcome(answer)
        assert (got.text, got.ended.finish_reason) == (SAID, "stop")


DONES = ["[DONE]", "[done]", '"[DONE]"', "DONE", " [DONE] ", "[ DONE ]", "done"]


@pytest.mark.parametrize("done", DONES)
async def test_an_end_is_one_in_any_spelling(done: str) -> None:
    got = await outcome(Answer((f"data: {ONE}\n\ndata: {TWO}\n\ndata: {done}\n\n".encode(),)))
    assert (got.text, got.ended.finish_reason) == (SAID, "stop")
    # What follows it is none of the reply.
    assert (await outcome(Answer((f"data: {ONE}\n\ndata: {done}\n\ndata: {TWO}\n\n".encode(),)))).text == "Fine 😀"


async def test_an_event_may_be_the_end_by_its_name() -> None:
    assert (await outcome(Answer((f"data: {ONE}\n\nevent: done\ndata:\n\n".encode(),)))).text == "Fine 😀"


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream", "text/html", "application/x-ndjson"])
async def test_an_endpoint_that_does_not_stream_is_understood_whatever_it_calls_it(content_type: str) -> None:
    body = message(SAID, usage={"prompt_tokens": 3, "completion_tokens": 2})
    for text in (json.dumps(body), json.dumps(body, indent=2), "\n\n" + json.dumps(body), "\ufeff" + json.dumps(body)):
        got = await outcome(whole(text, content_type=content_type))
        assert (got.text, got.ended.finish_reason, got.ended.usage.completion_token_count) == (SAID, "stop", 2)
    got = await outcome(Answer((event(body), DONE), headers={"content-type": content_type}))
    assert got.text == SAID


EMOJI = "family 👨‍👩‍👧, flag 🇩🇪, 𝕏, 你好, é"


async def test_a_character_is_whole_wherever_it_is_cut() -> None:
    raw = json.dumps({"choices": [{"delta": {"content": EMOJI}}]}, ensure_ascii=False).encode()
    assert (await outcome(bytewise(Answer((b"data: " + raw + b"\n\n", STOP, DONE))))).text == EMOJI
    # JSON escapes what is beyond the first plane in two halves, and some endpoints send each in an event of its own.
    halves = EMOJI.encode("utf-16-le", "surrogatepass")
    units = [halves[start : start + 2].decode("utf-16-le", "surrogatepass") for start in range(0, len(halves), 2)]
    got = await outcome(streamed(*(chunk({"content": unit}) for unit in units)))
    assert got.text == EMOJI
    assert all(piece.encode() for piece in got.pieces)


@pytest.mark.parametrize("half", ["\ud83d", "\ude00"])  # noqa: PT014 - Halves of one.
async def test_half_a_character_is_none_and_does_no_harm(half: str) -> None:
    assert (await outcome(streamed(chunk({"content": f"Fine {half}"}), "."))).text == "Fine \ufffd."
    assert (await outcome(streamed(chunk({"content": f"Fine {half}"})))).text == "Fine \ufffd"


async def test_bytes_that_are_no_characters_do_no_harm() -> None:
    answer = Answer((b'data: {"choices":[{"delta":{"content":"caf\xe9"}}]}\n\n', STOP, DONE))
    assert (await outcome(answer)).text == "caf\ufffd"


async def test_a_reply_comes_as_it_is_written() -> None:
    for answer in (streamed(*SAID), Answer((*(f"{data(sign)}\n".encode() for sign in SAID), LAST.encode()))):
        got = await outcome(answer)
        assert (len(got.pieces) > 10, got.text) == (True, SAID)
    for schema in (None, SCHEMA):
        assert len((await outcome(streamed(*'{"mood": "fine"}'), schema=schema)).pieces) > 10


@given(text=st.sampled_from(sorted(STREAMS.values())), cuts=st.lists(st.integers(1, 900), max_size=8))
@settings(max_examples=200)
def test_the_borders_of_chunks_make_no_difference(text: str, cuts: list[int]) -> None:
    raw = text.encode()
    borders = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    reader = ReplyReader()
    pieces = [piece for start, end in itertools.pairwise(borders) for piece in reader.feed(raw[start:end])]
    assert "".join([*pieces, *reader.close()]) == SAID
    assert reader.end.finish_reason == "stop"
