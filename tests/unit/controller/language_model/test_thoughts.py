"""Thoughts in the text itself: never shown, and never part of a reply, wherever the borders of chunks are."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrion_serving.chat.thoughts import ThoughtFilter
from tests.raw_endpoint import bytewise, streamed, whole
from tests.raw_endpoint import message as whole_message
from tests.unit.controller.language_model.chats import SCHEMA, chat, model_of, outcome

SAID = "They are <b>well</b>, 3 < 4."
JSON = '{"mood": "well </think> made"}'

MARKED = {
    "think": "<think>hm</think>",
    "think, on lines of its own": "\n<think>\nhm\n</think>\n\n",
    "thinking": "<thinking>hm</thinking> ",
    "reflection": "<reflection>hm</reflection>\n",
    "a name with a space of names and an attribute": '<seed:think budget="512">hm</seed:think>',
    "capitals": "<THOUGHT>hm</thought>",
    "any name": "<hmm>They seem well.</hmm>",
    "several": "<think>hm</think>\n<think>so</think>\n",
    "the mark in the thought": "<think>They write <think> in it.</think>",
    "an empty thought": "<think>\n\n</think>\n\n",
    "only its end": "</think>\n\n",
    "Magistral": "[THINK]hm[/THINK]",
    "Kimi": "◁think▷hm◁/think▷",
    "begin of thought": "<|begin_of_thought|>hm<|end_of_thought|>\n\n<|begin_of_solution|>",
    "Command A": "<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>",
    "gpt-oss": "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>",
    "gpt-oss, with a second channel": "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary"
    "<|message|>I will look.<|end|><|start|>assistant<|channel|>final<|message|>",
    "gpt-oss, opened by the prompt": "analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>",
    "gpt-oss, with a constraint": "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final "
    "<|constrain|>json<|message|>",
    "gpt-oss without its marks": "analysisHm. They are well?assistantfinal",
}


@pytest.mark.parametrize("thought", MARKED.values(), ids=MARKED)
async def test_a_thought_before_a_reply_is_not_shown(thought: str) -> None:
    for answer in (
        bytewise(streamed(thought + SAID)),
        streamed(*(thought + SAID)),
        whole(whole_message(thought + SAID)),
    ):
        got = await outcome(answer)
        assert (got.text, "".join(got.pieces), got.ended.withdrawn) == (SAID, SAID, 0)


@pytest.mark.parametrize("thought", MARKED.values(), ids=MARKED)
async def test_a_thought_before_json_is_not_planned_from(thought: str) -> None:
    got = await outcome(streamed(*(thought + JSON)), schema=SCHEMA)
    assert "".join(got.pieces) == JSON


@pytest.mark.parametrize("ending", ["<|im_end|>", "</s>", "<|end|>", "<|eot_id|>", "<|return|>\n"])
async def test_marks_of_the_end_are_none_of_the_reply(ending: str) -> None:
    assert (await outcome(streamed(*(SAID + ending)))).text == SAID


async def test_what_stands_around_the_reply_is_none_of_it() -> None:
    assert (await outcome(streamed(*f"<think>hm</think><answer>{SAID}</answer>"))).text == SAID


async def test_a_thought_that_nothing_opened_is_dropped_from_json_whatever_it_drafts() -> None:
    draft = 'Perhaps {"mood": "ill"}? No, they are well.\n</think>\n\n{"mood": "well"}'
    got = await outcome(streamed(*draft), schema=SCHEMA)
    assert "".join(got.pieces) == '{"mood": "well"}'


async def test_a_thought_that_nothing_opened_is_withdrawn_and_from_then_on_waited_for() -> None:
    answer = streamed("They seem ", "well.\n</thi", "nk>\n\n", SAID)
    async with model_of(answer, answer, streamed(*SAID), streamed(*SAID)) as (model, _):
        first, second, plain, again = [await chat(model) for _ in range(4)]
    assert (first.text, second.text, plain.text) == (SAID, SAID, SAID)
    assert "".join(first.pieces)[: first.ended.withdrawn].startswith("They seem ")
    # Nothing of the second is shown before its thought has ended; a reply without one is shown at its end.
    assert ("".join(second.pieces), second.ended.withdrawn) == (SAID, 0)
    assert (len(plain.pieces), len(again.pieces) > 5) == (1, True)


PLAIN = [
    SAID, "<b>Well</b>, they are.", "<p>They are well.</p>", "<your name> is well.", "<note>Well.</note>", "<", "<3",
    "<item>one</item><item>two</item>", "[Well](https://example.org) they are.", "[1] They are well.",
    "analysis is fun.", "analysis", "a", "Analysis: they are well.", "Write `</think>` to end a thought.",
    "It ends with “</think>”, mostly.", "Between <think> and </think> stands a thought.", "1 < 2 | 3",
    "  indented", "\n\nlate", "a <|", "…◁…▷",
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
async def test_what_is_no_thought_is_shown_as_it_is(text: str) -> None:
    got = await outcome(streamed(*text))
    assert (got.text, got.ended.withdrawn) == (text, 0)


@pytest.mark.parametrize("thought", ["<think>hm", "[THINK]hm", "<|channel|>analysis<|message|>hm", "analysisHm."])
async def test_a_thought_without_an_end_is_no_reply(thought: str) -> None:
    for finish in ("length", "stop"):
        got = await outcome(streamed(*thought, finish=finish))
        assert (got.pieces, got.ended.finish_reason) == ((), finish)


@given(
    text=st.lists(
        st.sampled_from(
            [
                "<think>",
                "</think>",
                "<hm>",
                "</hm>",
                "hm",
                " ",
                "\n",
                "<",
                "`",
                "<b>",
                "[THINK]",
                "[/THINK]",
                "<|",
                "|>",
            ]
        ),
        max_size=12,
    ).map("".join),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    is_json=st.booleans(),
    thinks_aloud=st.booleans(),
)
@settings(max_examples=300)
def test_the_borders_of_chunks_make_no_difference(
    text: str, cuts: list[int], is_json: bool, thinks_aloud: bool
) -> None:
    borders = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:end] for start, end in itertools.pairwise(borders)]

    def left(parts: list[str]) -> str:
        thoughts = ThoughtFilter(is_json=is_json, thinks_aloud=thinks_aloud)
        shown = "".join([*(thoughts.feed(part) for part in parts), thoughts.close()])
        return shown[thoughts.withdrawn :]

    assert left(pieces) == left([text])
