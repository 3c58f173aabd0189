"""How many of the 50 cases both policies get right, and that the prompt tells what a choice needs."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.selection import quality
from benchmarks.selection.quality import Case
from benchmarks.selection.reader import ReadingServer
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig

RANK_FLOOR = 0.88
LLM_FLOOR = 0.9


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(quality.load())


def test_there_are_fifty_cases_of_four_kinds_each_with_a_choice(cases: list[Case]) -> None:
    assert len(cases) == len({case.id for case in cases}) == 50
    assert min(Counter(case.decides for case in cases).values()) >= 10
    for case in cases:
        assert case.report.facts is not None
        offered = [expert.id for expert in case.report.facts.experts]
        assert case.right in offered, case.id
        assert len(offered) > 1, case.id
        assert case.why, case.id


async def test_rank_gets_most_of_them_right(cases: list[Case], capsys: pytest.CaptureFixture[str]) -> None:
    judged = await quality.by_rank(cases)
    with capsys.disabled():
        print("\n" + "\n".join(quality.lines("rank", judged)))
    assert sum(item.right for item in judged) / len(judged) >= RANK_FLOOR


async def test_the_most_popular_expert_is_right_far_less_often(cases: list[Case]) -> None:
    """The cases are no easy ones: the paper's rule, downloads, gets few of them."""
    chosen = [
        max(case.report.facts.experts, key=lambda item: item.download_count) for case in cases if case.report.facts
    ]
    right = sum(expert.id == case.right for expert, case in zip(chosen, cases, strict=True))
    assert right / len(cases) < 0.5


async def test_a_model_that_reads_the_prompt_gets_most_of_them_right(
    cases: list[Case], capsys: pytest.CaptureFixture[str]
) -> None:
    async with ReadingServer() as server:
        model = LanguageModel(LanguageModelConfig(base_url=server.base_url))
        judged = await quality.by_language_model(cases, model)
        await model.aclose()
    with capsys.disabled():
        print("\n" + "\n".join(quality.lines("llm", judged)))
    assert len(server.calls) == 50
    assert sum(item.right for item in judged) / len(judged) >= LLM_FLOOR
