"""What the planner learns from: every line of it says what is there, and what is made up of it is a plan that works."""

from __future__ import annotations

import random

import pytest

from orchestrion_controller.planner.builtin.reading.features import fits
from training.planner import libraries
from training.planner.libraries import Library
from training.planner.synthesis import made_up

LEARNT = libraries.training()
HELD_OUT = libraries.held_out()


@pytest.mark.parametrize("library", [*LEARNT, *HELD_OUT], ids=lambda library: library.name)
def test_plans_are_of_the_librarys_tools_and_their_pieces_fit(library: Library) -> None:
    assert library.examples
    for example in library.examples:
        for step in example.steps:
            assert 0 <= step.start < step.end <= len(example.text)
        for source, target in example.links:
            ends = (library.tools[example.steps[place].tool] for place in (source, target))
            assert fits(*ends), example.text


@pytest.mark.parametrize("library", LEARNT, ids=lambda library: library.name)
def test_people_have_several_ways_to_ask_for_each_tool(library: Library) -> None:
    for tool, phrases in zip(library.tools, library.phrases, strict=True):
        assert len(phrases) >= 6, tool.name
        assert all(phrase.count("{}") == 1 for phrase in phrases), tool.name


def test_what_is_held_out_is_nowhere_in_what_is_learnt() -> None:
    learnt = {example.text for library in LEARNT for example in library.examples}
    assert not learnt & {example.text for library in HELD_OUT for example in library.examples}
    assert not {library.name for library in LEARNT} & {library.name for library in HELD_OUT}


@pytest.mark.parametrize("library", LEARNT[:4], ids=lambda library: library.name)
def test_made_up_requests_say_what_their_plans_do(library: Library) -> None:
    generator = random.Random(7)
    drawn = [example for _ in range(200) if (example := made_up(library, generator))]
    assert len(drawn) > 150
    for example in drawn:
        for step in example.steps:
            words = example.text[step.start : step.end]
            assert words.strip()
            assert any(words.strip() in phrase for phrase in library.phrases[step.tool]), (words, example.text)
        for source, target in example.links:
            assert fits(library.tools[example.steps[source].tool], library.tools[example.steps[target].tool])
    assert {len(example.steps) for example in drawn} >= {1, 2, 3}
