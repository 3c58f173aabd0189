"""Counts of tokens as endpoints write them: what can be read is counted, and nothing that cannot does any harm."""

from __future__ import annotations

from typing import Any

import pytest

from tests.raw_endpoint import DONE, Answer, chunk, event, message, streamed, whole
from tests.unit.controller.language_model.chats import outcome

READ = {"prompt_tokens": 12, "completion_tokens": 3}

USAGES: dict[str, tuple[Any, tuple[int, int]]] = {
    "numbers": (READ, (12, 3)),
    "texts": ({"prompt_tokens": "12", "completion_tokens": " 3 "}, (12, 3)),
    "floats": ({"prompt_tokens": 12.0, "completion_tokens": 3.7}, (12, 3)),
    "null": ({"prompt_tokens": None, "completion_tokens": 3}, (0, 3)),
    "negative": ({"prompt_tokens": -1, "completion_tokens": 3}, (0, 3)),
    "missing": ({"completion_tokens": 3}, (0, 3)),
    "words": ({"prompt_tokens": "many", "completion_tokens": ""}, (0, 0)),
    "not finite": ({"prompt_tokens": float("inf"), "completion_tokens": float("nan")}, (0, 0)),
    "beyond all measure": ({"prompt_tokens": 10**30, "completion_tokens": "1e400"}, (0, 0)),
    "truth": ({"prompt_tokens": True, "completion_tokens": False}, (0, 0)),
    "lists": ({"prompt_tokens": [12], "completion_tokens": {"all": 3}}, (0, 0)),
    "other names": ({"input_tokens": 12, "output_tokens": 3}, (12, 3)),
    "a list of them": ([READ], (0, 0)),
    "a text of them": ("12 and 3", (0, 0)),
    "null altogether": (None, (0, 0)),
    "with details": (
        {**READ, "prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": 1}},
        (12, 3),
    ),
}


@pytest.mark.parametrize(("usage", "counts"), USAGES.values(), ids=USAGES)
async def test_usage_whatever_its_form(usage: Any, counts: tuple[int, int]) -> None:
    alone = Answer((chunk({"content": "Fine."}), chunk(finish="stop"), event({"choices": [], "usage": usage}), DONE))
    with_the_end = Answer((chunk({"content": "Fine."}), chunk(finish="stop", usage=usage), DONE))
    for answer in (alone, with_the_end, whole(message("Fine.", usage=usage))):
        got = await outcome(answer)
        assert got.text == "Fine."
        assert (got.ended.usage.prompt_token_count, got.ended.usage.completion_token_count) == counts
        assert got.ended.usage.llm_call_count == 1


PLACES: dict[str, dict[str, Any]] = {
    "Groq's": {"choices": [], "x_groq": {"id": "r", "usage": READ}},
    "without choices": {"usage": READ},
    "choices of null": {"choices": None, "usage": READ},
    "in the choice": {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": READ}]},
    "llama.cpp's": {"choices": [], "timings": {"prompt_n": 12, "predicted_n": 3}},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
async def test_usage_wherever_it_stands(place: dict[str, Any]) -> None:
    got = await outcome(Answer((chunk({"content": "Fine."}), chunk(finish="stop"), event(place), DONE)))
    assert (got.ended.usage.prompt_token_count, got.ended.usage.completion_token_count) == (12, 3)


async def test_usage_that_grows_counts_once_and_one_that_is_taken_back_does_not() -> None:
    growing = [chunk({"content": "a"}, usage={"prompt_tokens": 12, "completion_tokens": count}) for count in (1, 2, 3)]
    taken_back = event({"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0}})
    got = await outcome(streamed(*growing, taken_back))
    assert (got.ended.usage.prompt_token_count, got.ended.usage.completion_token_count) == (12, 3)
