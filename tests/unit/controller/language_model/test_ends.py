"""How replies end: whole, cut, filtered, or broken off, in the many words of endpoints, and without any."""

from __future__ import annotations

from typing import Any

import pytest

from tests.raw_endpoint import DONE, STOP, Answer, Break, chunk, event, message, streamed, whole
from tests.unit.controller.language_model.chats import SCHEMA, chat, failure, model_of, outcome

SAID = "They are well."

REASONS: dict[str, list[Any]] = {
    "stop": ["stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence", "COMPLETE", "FINISH_REASON_STOP", 1,
             "FinishReason.STOP", {"type": "stop"}, True, "end_of_turn"],
    "content_filter": ["content_filter", "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "sensitive", "refusal",
                       "FinishReason.SAFETY", 3, "guardrail_intervened"],
    "tool_calls": ["tool_calls", "tool_use", "function_call"],
}  # fmt: skip
CUT = ["length", "LENGTH", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length", 2,
       "FINISH_REASON_MAX_TOKENS", "model_context_window_exceeded", {"type": "length", "length": 8},
       "FinishReason.MAX_TOKENS", "max_length", "truncated", "incomplete"]  # fmt: skip
GOING_ON: list[Any] = [None, "", "null", "none", "FINISH_REASON_UNSPECIFIED", 0, False, {}, []]


@pytest.mark.parametrize(
    ("reason", "spelling"), [(reason, word) for reason, words in REASONS.items() for word in words]
)
async def test_a_reason_in_each_spelling(reason: str, spelling: Any) -> None:
    assert (await outcome(streamed(SAID, finish=spelling))).ended.finish_reason == reason
    got = await outcome(whole(message(SAID, spelling)))
    assert (got.text, got.ended.finish_reason) == (SAID, reason)


async def test_a_reason_that_nobody_has_heard_of_is_one() -> None:
    assert (await outcome(streamed(SAID, finish="Tired"))).ended.finish_reason == "tired"


@pytest.mark.parametrize("spelling", GOING_ON)
async def test_no_reason_is_none_and_what_says_that_it_is_done_or_is_whole_has_ended_well(spelling: Any) -> None:
    events = [chunk({"content": part}, spelling) for part in ("They are ", "well.")]
    for answer in (Answer((*events, DONE)), whole(message(SAID, spelling)), Answer((*events, STOP))):
        got = await outcome(answer)
        assert (got.text, got.ended.finish_reason) == (SAID, "stop")
    assert (await failure(Answer(tuple(events)))).reason == "LLM_BROKE_OFF"


@pytest.mark.parametrize("place", ["stop_reason", "finishReason", "done_reason"])
async def test_a_reason_wherever_it_stands(place: str) -> None:
    answer = Answer((chunk({"content": SAID}), event({"choices": [{"delta": {}, place: "max_tokens"}]}), DONE))
    assert (await outcome(answer, schema=SCHEMA)).ended.finish_reason == "length"


def rest_of(*parts: str, finish: Any = "stop") -> Any:
    """An endpoint that writes a part of its reply in each call, and is cut but in the last one."""

    def answer(body: dict[str, Any]) -> Answer:
        turn = sum(item["role"] == "assistant" for item in body["messages"])
        is_last = turn == len(parts) - 1
        return streamed(*parts[turn], chunk(usage={"prompt_tokens": 5, "completion_tokens": 4}),
                        finish=finish if is_last else "length")  # fmt: skip

    return answer


JOINTS: dict[str, tuple[str, str, str]] = {
    "in the middle of a word": ("It is fri", "endly.", "It is friendly."),
    "between words": ("They are", " well.", "They are well."),
    "from the beginning of the word": ("It is fri", "friendly.", "It is friendly."),
    "with the last words once more": ("One, two, three, fo", "two, three, four.", "One, two, three, four."),
    "from the start": ("They are well, all of th", "They are well, all of them, and happy.", "They are well, all of "
                       "them, and happy."),
    "with a letter that only looks like one": ("It is free", "ezing.", "It is freeezing."),
    "with nothing": ("They are well.", "", "They are well."),
    "after thoughts": ("It is fri", "<think>where was I?</think>endly.", "It is friendly."),
    "in another script": ("他们很好，", "他们很好，谢谢。", "他们很好，谢谢。"),
}  # fmt: skip


@pytest.mark.parametrize(("first", "rest", "joined"), JOINTS.values(), ids=JOINTS)
async def test_a_text_that_was_cut_is_asked_to_go_on_and_joined_without_doubling(
    first: str, rest: str, joined: str
) -> None:
    async with model_of(rest_of(first, rest)) as (model, endpoint):
        got = await chat(model)
    assert (got.text, got.ended.finish_reason) == (joined, "stop")
    assert "".join(got.pieces) == joined
    usage = got.ended.usage
    assert (usage.llm_call_count, usage.prompt_token_count, usage.completion_token_count) == (2, 10, 8)
    before, after = (body["messages"] for body in endpoint.bodies)
    assert after[: len(before)] == before
    assert [item["role"] for item in after[len(before) :]] == ["assistant", "user"]
    assert after[len(before)]["content"] == first


@pytest.mark.parametrize("spelling", CUT)
async def test_a_text_goes_on_once_and_is_told_as_cut_where_that_is_not_enough(spelling: Any) -> None:
    async with model_of(rest_of("They ", "are ", "well.", finish=spelling)) as (model, endpoint):
        got = await chat(model)
    assert (got.text, got.ended.finish_reason, len(endpoint.bodies)) == ("They are ", "length", 2)
    got = await outcome(whole(message(SAID, spelling)))
    assert (got.text, got.ended.finish_reason) == (SAID, "length")


async def test_a_reply_with_a_schema_is_told_as_cut_and_not_continued() -> None:
    async with model_of(streamed('{"mood": "fi', finish="length")) as (model, endpoint):
        got = await chat(model, SCHEMA)
    assert (got.text, got.ended.finish_reason, len(endpoint.bodies)) == ('{"mood": "fi', "length", 1)


async def test_thoughts_without_a_reply_are_not_continued() -> None:
    thought = chunk({"content": None, "reasoning_content": "hm"})
    async with model_of(streamed(thought, finish="length")) as (model, endpoint):
        got = await chat(model)
    assert (got.pieces, got.ended.finish_reason, len(endpoint.bodies)) == ((), "length", 1)


@pytest.mark.parametrize(
    "then",
    [whole({"error": "no"}, 500), Answer((chunk({"content": "we"}), Break.CLOSE)), whole({"error": {"code": 429}})],
    ids=["refused", "broken off", "too much"],
)
async def test_what_came_is_kept_where_its_rest_does_not_come(then: Answer) -> None:
    got = await outcome(streamed("They are ", finish="length"), then)
    assert got.text.removesuffix("we") == "They are "
    assert got.ended.finish_reason == "length"


WHOLE: dict[str, tuple[bytes | Break, ...]] = {
    "closed after the reason": (chunk({"content": SAID}), STOP, Break.CLOSE),
    "reset after the reason": (chunk({"content": SAID}), STOP, Break.RESET),
    "closed after a reason with the last words": (chunk({"content": SAID}, "stop"), Break.CLOSE),
    "held open after the reason": (chunk({"content": SAID}), STOP, Break.HOLD),
    "held open after its end": (chunk({"content": SAID}), DONE, Break.HOLD),
    "closed after its end": (chunk({"content": SAID}), DONE, Break.CLOSE),
    "an error after the reason": (chunk({"content": SAID}), STOP, event({"error": "usage is broken"})),
    "a whole answer, then closed": (event(message(SAID, None)), Break.CLOSE),
}


@pytest.mark.parametrize("pieces", WHOLE.values(), ids=WHOLE)
async def test_a_whole_answer_is_whole_whatever_becomes_of_the_connection(pieces: tuple[bytes | Break, ...]) -> None:
    got = await outcome(Answer(pieces), idle_timeout_s=1.0)
    assert (got.text, got.ended.finish_reason) == (SAID, "stop")


BROKEN: dict[str, tuple[bytes | Break, ...]] = {
    "ended without a word": (chunk({"content": "They"}),),
    "closed": (chunk({"content": "They"}), Break.CLOSE),
    "reset": (chunk({"content": "They"}), Break.RESET),
    "after whose turn it is": (chunk({"role": "assistant", "content": ""}),),
    "after a thought": (chunk({"reasoning_content": "hm"}), Break.CLOSE),
    "in the middle of an event": (chunk({"content": "They"}), b'data: {"choices": [{"del', Break.CLOSE),
    "in the middle of a whole answer": (b'{"choices": [{"message": {"content": "They', ),
    "an error in place of a reason": (chunk({"content": "They"}), chunk(finish="error")),
    "aborted": (chunk({"content": "They"}), chunk(finish="abort"), DONE),
}  # fmt: skip


@pytest.mark.parametrize("pieces", BROKEN.values(), ids=BROKEN)
async def test_what_has_no_end_has_broken_off(pieces: tuple[bytes | Break, ...]) -> None:
    assert (await failure(Answer(pieces))).reason in {"LLM_BROKE_OFF", "LLM_UNAVAILABLE"}


@pytest.mark.parametrize("end", [(), (Break.CLOSE,), (Break.RESET,)])
async def test_json_says_by_itself_that_it_is_whole(end: tuple[Break, ...]) -> None:
    got = await outcome(Answer((chunk({"content": '{"mood": "fine"}'}), *end)), schema=SCHEMA)
    assert (got.text, got.ended.finish_reason) == ('{"mood": "fine"}', "stop")


async def test_an_endpoint_that_says_nothing_after_the_reason_costs_no_second_call() -> None:
    async with model_of(Answer((chunk({"content": SAID}), STOP, Break.HOLD))) as (model, endpoint):
        assert (await chat(model)).text == SAID
        await endpoint.left.wait()
        assert len(endpoint.bodies) == 1
