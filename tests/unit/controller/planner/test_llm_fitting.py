"""Prompts that do not fit in the model's context: by real counts where the endpoint counts, by bounds elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrion.errors import FailedPreconditionError
from orchestrion.events import PlanFinished
from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Message
from orchestrion_controller.language_model import ChatMessage
from orchestrion_controller.language_model.fitting import longest_that_fits
from orchestrion_controller.language_model.messages import byte_count
from orchestrion_controller.planner.llm.fitting import PlanPromptExtents, material
from orchestrion_controller.planner.llm.notation import PlanNames
from orchestrion_controller.stages import PastTurn, PlanningRequest
from tests.llm_server import Beside, LLMServer, prompt_tokens
from tests.starter import TASK_TYPES as STARTER
from tests.unit.controller.planner.llm_plans import SIGN, TASKS, TYPES, plan, planned, planner_for, read, speak

TURN = "Please say it again, and this time as you would say it to a child."


def turn(number: int) -> PastTurn:
    outputs = {"read": TaskResult("read", TaskState.SUCCEEDED, {"text": f"notice {number}: " + "mind the step. " * 60})}
    return PastTurn((Message(f"question {number}"),), Plan(TASKS[:1]), outputs, f"answer {number}", {SIGN.name: SIGN})


HISTORY = tuple(turn(number) for number in range(1, 7))
REQUEST = PlanningRequest((Message(TURN),), (), STARTER, HISTORY)
PLAN = plan(speak("again"))
SPOKEN = Task("speak", "text-to-speech", {"text": "again"})


def endpoint(context: int, *, counts: str = "vllm", tells: bool = True, **options: Any) -> LLMServer:
    """An endpoint with a context of so many tokens: one for four characters, and what its chat template adds."""

    def count(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if counts == "vllm" and "messages" in body:
            return {"count": prompt_tokens(body) + 8, "max_model_len": context, "tokens": []}
        if counts == "sglang" and "prompt" in body:
            return {"count": len(body["prompt"]) // 4, "max_model_len": context, "tokens": []}
        if counts == "llama.cpp":
            return {"tokens": list(range(len(body.get("content", "")) // 4))}
        return None

    beside: dict[str, Beside] = {"/tokenize": count}
    if counts == "llama.cpp":
        beside["/v1/models"] = {"data": [{"id": "a.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}}]}
        beside["/props"] = {"default_generation_settings": {"n_ctx": context}}
        beside["/apply-template"] = lambda body: {"prompt": "".join(item["content"] for item in body["messages"])}
    elif tells:
        beside["/v1/models"] = {
            "data": [{"id": "other", "max_model_len": 1}, {"id": "scripted", "max_model_len": context}]
        }
    return LLMServer(plan=PLAN, beside=beside, most_tokens=context, **options)


def said(server: LLMServer, index: int = -1) -> str:
    """Everything that the model was told in one chat."""
    return "\n".join(message["content"] for message in server.calls[index].body["messages"])


def turns_told(server: LLMServer, index: int = -1) -> list[int]:
    return [number for number in range(1, 7) if f"question {number}" in said(server, index)]


@pytest.mark.parametrize("counts", ["vllm", "sglang", "llama.cpp"])
async def test_history_is_cut_by_the_endpoints_own_count_the_oldest_first(counts: str) -> None:
    async with endpoint(100_000, counts=counts) as roomy, endpoint(3500, counts=counts) as narrow:
        await planned(roomy, REQUEST)
        await planned(narrow, REQUEST)
        whole = prompt_tokens(roomy.calls[0].body)
        cut = prompt_tokens(narrow.calls[0].body)
    assert turns_told(roomy) == [1, 2, 3, 4, 5, 6]
    kept = turns_told(narrow)
    assert 0 < len(kept) < 6
    assert kept == [1, 2, 3, 4, 5, 6][-len(kept) :]
    # As much was told as there was room for: one turn more would have been too much.
    room = 3500 - 875
    assert cut <= room < cut + (whole - cut) / (6 - len(kept)) + 200
    assert len(narrow.calls) == 1
    assert narrow.calls[0].body["messages"][-1]["content"].endswith(TURN)


async def test_what_surely_fits_is_not_counted() -> None:
    async with endpoint(100_000) as server:
        await planned(server, REQUEST)
    assert [call.path for call in server.side_calls] == ["/v1/models"]


async def test_each_narrower_context_leaves_out_more_and_never_the_request() -> None:
    fitted = []
    for context in (6000, 4500, 2950, 2850, 2500, 1900, 1500, 1200):
        async with endpoint(context) as server:
            end = (await planned(server, REQUEST))[-1]
            assert isinstance(end, PlanFinished)
            assert end.plan == Plan((SPOKEN,))
            assert len(server.calls) == 1
            assert TURN in said(server)
            examples = said(server).partition("Examples:")[2].count("Request: ")
            described = "how fast, as a factor" in said(server)
            types = sum(f"- {name}(" in said(server) for name in STARTER)
            fitted.append((len(turns_told(server)), examples, described, types))
            # Whoever asks hears what the model did not.
            room = f"room for {types} of the {len(STARTER)}"
            assert [room in doubt for doubt in end.doubts] == [True] * (types < len(STARTER))
    # In this order: older turns, examples, descriptions, task types, the latest turn.
    every = len(STARTER)
    assert fitted[0] == (6, 3, True, every)
    assert 1 < fitted[1][0] < 6
    assert fitted[1][1:] == (3, True, every)
    assert fitted[2] == (1, 3, True, every)
    assert fitted[3] == (1, 2, True, every)
    assert fitted[4] == (1, 0, True, every)
    assert fitted[5] == (1, 0, False, every)
    assert fitted[6][:3] == (1, 0, False)
    assert 8 <= fitted[6][3] < every
    assert fitted[7][0] == 0
    assert 1 <= fitted[7][3] <= 8


async def test_the_schema_offers_only_the_task_types_that_are_told() -> None:
    request = PlanningRequest((Message("Speak 'hello' aloud."),), (), TYPES)
    async with endpoint(2000) as server:
        await planned(server, request)
        schema = server.calls[0].body["response_format"]["json_schema"]["schema"]
    forms = schema["properties"]["tasks"]["items"]["anyOf"]
    offered = sorted(name for form in forms for name in form["properties"]["type"]["enum"])
    assert 1 <= len(offered) < len(TYPES)
    assert "text-to-speech" in offered
    assert sorted(name for name in TYPES if f"- {name}(" in said(server)) == offered


async def test_a_request_that_cannot_fit_is_an_error_that_names_the_setting_and_the_cure() -> None:
    long = PlanningRequest((Message("I want you to " + "think hard and " * 1500 + "say hello"),), (), STARTER)
    async with endpoint(4000) as server:
        with pytest.raises(FailedPreconditionError) as caught:
            await planned(server, long)
    assert caught.value.reason == "LLM_CONTEXT_EXCEEDED"
    assert caught.value.metadata == {"setting": "llm_context_tokens", "context_tokens": "4000"}
    assert "llm_context_tokens" in caught.value.message
    assert "shorten the request" in caught.value.message
    # It was not sent to be refused.
    assert server.calls == []


async def test_the_setting_stands_in_for_what_an_endpoint_does_not_tell() -> None:
    async with endpoint(4000, tells=False) as server:
        await planned(server, REQUEST, context_tokens=4000)
        assert 0 < len(turns_told(server)) < 6
    assert {call.path for call in server.side_calls} == {"/tokenize"}


async def test_without_a_tokenizer_a_token_has_two_and_a_half_bytes_until_answers_have_told_real_counts() -> None:
    async with endpoint(6400, counts="") as server, planner_for(server) as planner:
        for _ in range(2):
            end = [item async for item in planner.plan(REQUEST)][-1]
            assert isinstance(end, PlanFinished)
            assert end.plan == Plan((SPOKEN,))
        # The first prompt is as long as such tokens allow, the second as those that this endpoint has counted.
        assert len(said(server, 0).encode()) / 2.5 < 6400 - 1600
        assert 0 < len(turns_told(server, 0)) < 6
        assert turns_told(server, 1) == [1, 2, 3, 4, 5, 6]
        # Whether there is a tokenizer is asked once.
        tokenizer_calls = [call.path for call in server.side_calls].count("/tokenize")
        assert tokenizer_calls == 2


async def test_an_endpoint_that_tells_nothing_is_taken_at_its_refusal() -> None:
    async with endpoint(3300, counts="", tells=False) as server, planner_for(server) as planner:
        items = [item async for item in planner.plan(REQUEST)]
        assert items[-1] == PlanFinished(Plan((SPOKEN,)))
        assert turns_told(server, 0) == [1, 2, 3, 4, 5, 6]
        assert 0 < len(turns_told(server, -1)) < 6
        first = len(server.calls)
        assert first <= 3
        # It is remembered: the next prompt fits at once.
        [item async for item in planner.plan(REQUEST)]
        assert len(server.calls) == first + 1


async def test_a_setting_that_is_too_large_yields_to_the_endpoint() -> None:
    async with endpoint(3300, counts="", tells=False) as server:
        items = await planned(server, REQUEST, context_tokens=1_000_000)
        assert items[-1] == PlanFinished(Plan((SPOKEN,)))
        assert len(turns_told(server, -1)) < 6


async def test_a_long_text_is_not_copied_by_the_model() -> None:
    """What was pasted has a name: it is fed on letter by letter, and takes no room in the prompt."""
    minutes = "The committee met and spoke of the repair of the pier. " * 400
    request = PlanningRequest((Message(f"Say this: {minutes}"),), (), STARTER)
    async with endpoint(4000, script=[plan(speak("$request.1"))]) as server:
        end = (await planned(server, request))[-1]
    assert end == PlanFinished(Plan((Task("speak", "text-to-speech", {"text": minutes.strip()}),)))
    assert "[$request.1: 21,999 characters, “The committee met" in said(server)


async def test_a_repair_fits_too() -> None:
    async with endpoint(4600, script=[plan(read(), speak("again"))]) as server:
        items = await planned(server, REQUEST)
    assert items[-1] == PlanFinished(Plan((SPOKEN,)))
    _, second = server.calls
    assert second.body["messages"][-2]["role"] == "assistant"
    assert "not valid" in second.body["messages"][-1]["content"]
    assert prompt_tokens(second.body) <= 4600 - 1150
    assert TURN in said(server)


class Scales:
    """A context of so many bytes."""

    def __init__(self, most: int) -> None:
        self.most = most

    async def fits(self, messages: Sequence[ChatMessage]) -> bool:
        return byte_count(messages) <= self.most


@given(
    words=st.lists(st.sampled_from(["read", "this", "sign", "aloud", "译", "similar", "“a b”"]), max_size=40),
    turns=st.integers(0, 8),
    names=st.sets(st.sampled_from(sorted(TYPES)), min_size=1),
    share=st.floats(0.05, 1.2),
)
# The descriptions of these, of which some have letters of two bytes, are longer in bytes and shorter in characters.
@example(
    words=[],
    turns=1,
    names={
        *("zero-shot-object-detection", "mlsd-text-to-image", "translation", "audio-to-audio", "openpose-control"),
        *("audio-classification", "text2text-generation", "conversational", "fill-mask"),
    },
    share=1.0,
)
@settings(max_examples=60)
def test_whatever_the_sizes_as_much_is_told_as_fits_and_the_request_is_whole(
    words: list[str], turns: int, names: set[str], share: float
) -> None:
    text = " ".join(["Please", *words])
    types = {name: task_type for name, task_type in TYPES.items() if name in names}
    history = tuple(turn(number) for number in range(turns))
    request = PlanningRequest((Message(text),), (), types, history)
    prompt = material(request, PlanNames.of(request))
    sizes = [byte_count(prompt.messages(extent)) for extent in PlanPromptExtents(prompt)]
    # Halving finds the first that fits because none is longer than the one before.
    assert sizes == sorted(sizes, reverse=True)

    most = int(sizes[0] * share)
    search = longest_that_fits(Scales(most), PlanPromptExtents(prompt), prompt.messages)
    extent = asyncio.run(search)

    assert (extent is None) == (sizes[-1] > most)
    if extent is not None:
        size = byte_count(prompt.messages(extent))
        assert size == max(size for size in sizes if size <= most)
        assert prompt.messages(extent)[-1]["role"] == "user"
        assert prompt.messages(extent)[-1]["content"].endswith(text)
        assert prompt.shown_tools(extent)
