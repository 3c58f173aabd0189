"""The forms that endpoints give to what a model says: strings, parts, parts in parts, thoughts beside them, nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.raw_endpoint import DONE, STOP, Answer, chunk, event, message, streamed, whole
from tests.unit.controller.language_model.chats import SCHEMA, outcome

SAID = "They are well."

DELTAS: dict[str, list[Any]] = {
    "a string": [{"content": SAID}],
    "null, then strings": [{"role": "assistant", "content": None}, {"content": "They are "}, {"content": "well."}],
    "missing, then strings": [{"role": "assistant"}, {"content": "They are "}, {"content": "well."}],
    "empty strings between": [{"content": ""}, {"content": "They are "}, {"content": ""}, {"content": "well."}],
    "parts of text": [{"content": [{"type": "text", "text": "They are "}, {"type": "text", "text": "well."}]}],
    "a part without a type": [{"content": [{"text": SAID}]}],
    "one part without a list": [{"content": {"type": "text", "text": SAID}}],
    "strings in a list": [{"content": ["They are ", "well."]}],
    "parts of output text": [{"content": [{"type": "output_text", "text": SAID, "annotations": []}]}],
    "a text with a value": [{"content": [{"type": "text", "text": {"value": SAID, "annotations": []}}]}],
    "parts in parts": [{"content": [{"type": "message", "content": [{"type": "output_text", "text": SAID}]}]}],
    "an empty list": [{"content": []}, {"content": SAID}],
    "parts of thinking": [
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "let me see"}]}]},
        {"content": SAID},
    ],
    "thinking and text in one list": [
        {"content": [{"type": "thinking", "thinking": "hm", "closed": True}, {"type": "text", "text": SAID}]}
    ],
    "a thought that is marked as one": [{"content": [{"text": "hm", "thought": True}, {"text": SAID}]}],
    "a summary of reasoning": [
        {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}, {"text": SAID}]}
    ],
    "reasoning_content": [{"content": None, "reasoning_content": "hm"}, {"reasoning_content": None, "content": SAID}],
    "reasoning": [{"reasoning": "hm", "content": ""}, {"content": SAID}],
    "reasoning details": [{"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}, {"content": SAID}],
    "a picture among the parts": [{"content": [{"type": "image_url", "image_url": {"url": "x"}}, {"text": SAID}]}],
    "no object": ["They are ", "well."],
    "numbers and truths, which are none": [{"content": 7}, {"content": True}, {"content": SAID}],
}


@pytest.mark.parametrize("deltas", DELTAS.values(), ids=DELTAS)
async def test_what_a_stream_says_whatever_its_form(deltas: list[Any]) -> None:
    got = await outcome(streamed(*(chunk(delta) for delta in deltas)))
    assert (got.text, got.ended.finish_reason, got.ended.withdrawn) == (SAID, "stop", 0)


@pytest.mark.parametrize("deltas", DELTAS.values(), ids=DELTAS)
async def test_what_a_whole_answer_says_whatever_its_form(deltas: list[Any]) -> None:
    parts = [delta.get("content") if isinstance(delta, dict) else delta for delta in deltas]
    got = await outcome(whole(message(parts)))
    assert (got.text, got.ended.finish_reason) == (SAID, "stop")


async def test_the_text_of_old_completions_is_one() -> None:
    events = [
        event({"choices": [{"index": 0, "text": text, "finish_reason": None}]}) for text in ("They are ", "well.")
    ]
    assert (await outcome(Answer((*events, STOP, DONE)))).text == SAID


@pytest.mark.parametrize(
    "last",
    [
        event(message(SAID)),
        event({"choices": [{"message": {"content": SAID}, "delta": {}, "finish_reason": "stop"}]}),
    ],
    ids=["a whole answer", "a message with the last event"],
)
async def test_a_stream_that_ends_with_the_whole_message_says_it_once(last: bytes) -> None:
    assert (await outcome(streamed("They are ", "we", last, finish=None))).text == SAID


async def test_json_that_comes_as_an_object_is_written_out() -> None:
    for answer in (whole(message({"mood": "fine"})), streamed(chunk({"content": {"mood": "fine"}}))):
        assert (await outcome(answer, schema=SCHEMA)).text == '{"mood": "fine"}'


@pytest.mark.parametrize(
    "answer",
    [
        streamed(chunk({"refusal": "I would "}), chunk({"refusal": "rather not."})),
        streamed(chunk({"content": [{"type": "refusal", "refusal": "I would rather not."}]})),
        whole({"choices": [{"message": {"content": None, "refusal": "I would rather not."}, "finish_reason": "stop"}]}),
        whole(message([{"type": "refusal", "refusal": "I would rather not."}])),
    ],
    ids=["in a field, in pieces", "as a part", "whole, in a field", "whole, as a part"],
)
async def test_a_refusal_is_no_answer(answer: Answer) -> None:
    got = await outcome(answer)
    assert (got.text, got.ended.refusal, got.ended.is_refusal) == ("", "I would rather not.", True)


async def test_only_the_first_of_several_choices_is_read() -> None:
    two = {"choices": [{"index": 0, "delta": {"content": SAID}}, {"index": 1, "delta": {"content": "They are ill."}}]}
    assert (await outcome(streamed(event(two)))).text == SAID
