"""The worked examples that the planning language model is shown: right by the rules, and fitting."""

from __future__ import annotations

import json
import re

import llguidance
import pytest

from orchestrion.plans import Parameter, ParameterKind, Plan, TaskType
from orchestrion.values import OutputRef
from orchestrion_controller.planner.llm import examples
from orchestrion_controller.planner.llm.notation import PlanReader, plan_schema
from orchestrion_controller.plans import rules
from tests.starter import TASK_TYPES as STARTER
from tests.unit.controller.planner.llm.replies import TYPES

TEXT = ParameterKind.TEXT
TOKENIZER = llguidance.LLTokenizer("byte")


def written_plan(example: examples.Example) -> str:
    return example.shown().rpartition("\n")[2]


@pytest.mark.parametrize("example", examples.library(), ids=lambda example: example.request[:30])
def test_every_example_keeps_the_rules_of_plans_and_the_schema(example: examples.Example) -> None:
    files = {one.name: one for one in example.names.artifacts.values()}
    reason = example.plan.no_task_reason or ("" if example.plan.tasks else "what stands in `not_done`")
    rules.check(Plan(example.plan.tasks, reason), TYPES, (), files)
    reader = PlanReader(TYPES, example.names)
    reader.feed(written_plan(example))
    reader.finish()
    assert reader.faults == []
    assert reader.tasks == example.plan.tasks
    assert reader.not_done == example.not_done
    schema = plan_schema(TYPES.values(), example.names).schema
    matcher = llguidance.LLMatcher(TOKENIZER, llguidance.LLMatcher.grammar_from_json_schema(dict(schema)), log_level=0)
    tokens = TOKENIZER.tokenize_bytes(written_plan(example).encode())
    assert matcher.try_consume_tokens(tokens) == len(tokens)
    assert matcher.is_accepting()


@pytest.mark.parametrize("example", examples.library(), ids=lambda example: example.request[:30])
def test_every_example_takes_texts_from_the_request_letter_by_letter(example: examples.Example) -> None:
    for part in example.not_done:
        assert part.words
        assert part.words in example.request
        assert part.reason
    for task in example.plan.tasks:
        if task.id in example.derived:
            continue
        for name, value in task.inputs.items():
            parameter = TYPES[task.type].input(name)
            assert parameter is not None
            # A language's tag and a word for a voice come from the description of the input.
            if parameter.choices or name in {"language", "domain"}:
                continue
            for text in value if isinstance(value, tuple) else (value,):
                assert not isinstance(text, str) or text in (*example.names.texts.values(),) or text in example.request


def test_no_example_feeds_a_task_the_original_of_a_text_that_another_one_made() -> None:
    """Where one task makes a new text from a text, a later one is given the new text and never the old one."""
    chains = 0
    for example in examples.library():
        made_from = {
            task.id: task.inputs[TYPES[task.type].inputs[0].name]
            for task in example.plan.tasks
            if any(output.kind is TEXT for output in TYPES[task.type].outputs)
        }
        for task in example.plan.tasks:
            for value in task.inputs.values():
                if isinstance(value, OutputRef) and value.task_id in made_from:
                    chains += 1
                    assert made_from[value.task_id] not in task.inputs.values()
    assert chains >= 10


def test_examples_cover_the_forms_of_plans() -> None:
    plans = [example.plan for example in examples.library()]
    assert any(not plan.tasks and plan.no_task_reason for plan in plans)
    assert any(len(plan.tasks) >= 3 for plan in plans)
    assert any(example.not_done and not example.plan.tasks for example in examples.library())
    assert sum(bool(example.not_done and example.plan.tasks) for example in examples.library()) >= 4
    types = {task.type for plan in plans for task in plan.tasks}
    # Whatever a fresh machine performs is shown at least once, but for what nobody asks for in words.
    assert set(STARTER) - types <= {"feature-extraction"}


@pytest.mark.parametrize(
    ("text", "media_types", "expected"),
    [
        ("Read this poster out loud, please, but slowly.", ["image/png"], "Read this sign aloud, slowly."),
        ("Count the faces in both photos.", ["image/jpeg", "image/jpeg"], "How many faces are in these pictures?"),
        ("Sum up this report in three sentences.", ["text/plain"], "Sum up the attached report in two sentences"),
        ("How similar are 'a dog' and 'a wolf'?", [], "How similar are"),
    ],
)
def test_the_most_fitting_example_stands_next_to_the_request(text: str, media_types: list[str], expected: str) -> None:
    chosen = examples.chosen(text, media_types, TYPES, follows_up=False)
    assert len(chosen) == examples.MOST_EXAMPLES
    assert chosen[-1].request.startswith(expected)


@pytest.mark.parametrize(
    "text", ["Read this.", "Which dish is the cheapest?", "Thanks!", "Mail it to Anna.", "次はどこですか"]
)
@pytest.mark.parametrize("types", [STARTER, TYPES], ids=["starter", "all"])
def test_one_example_hands_something_on_and_one_leaves_something_out(text: str, types: dict[str, TaskType]) -> None:
    shown = examples.chosen(text, ["image/png"], types, follows_up=False)
    assert len(shown) == examples.MOST_EXAMPLES
    assert any(re.search(r"\.(text|image|cutout)\b", written_plan(example)) for example in shown)
    assert any(example.not_done for example in shown)


def tool(name: str, *inputs: Parameter, outputs: tuple[Parameter, ...] = (Parameter("result", TEXT),)) -> TaskType:
    return TaskType(name, f"Does {name}.", inputs, outputs)


def test_a_library_of_tools_that_has_nothing_to_do_with_ours_is_shown_how_its_own_hand_on() -> None:
    image = Parameter("picture", ParameterKind.IMAGE)
    library = {
        one.name: one
        for one in (
            tool("Find Colour", image),
            tool("book_flight", Parameter("date", TEXT, optional=True), Parameter("city", TEXT, optional=True)),
            tool("pay", Parameter("account", TEXT), Parameter("sum", ParameterKind.NUMBER)),
        )
    }
    shown = examples.chosen("Book a flight to Rome and pay it", [], library, follows_up=False)
    assert [example.request for example in shown] == [
        "Do find colour with this file, then book flight with what that gives.",
        "Thanks, that was all!",
        "Iron my shirts, please.",
    ]
    assert json.loads(written_plan(shown[0])) == {
        "tasks": [
            {"id": "first", "type": "Find Colour", "inputs": {"picture": "$1"}},
            {"id": "second", "type": "book_flight", "inputs": {"date": "$first.result"}},
        ]
    }
    assert "[$1: image/jpeg]" in shown[0].shown()
    rules.check(shown[0].plan, library, tuple(shown[0].names.attachments))


def test_where_no_tool_takes_what_another_gives_there_is_no_such_example() -> None:
    weather = tool("weather", Parameter("city", TEXT), outputs=())
    shown = examples.chosen("Is it warm in Rome?", [], {"weather": weather}, follows_up=False)
    assert [example.request for example in shown] == ["Thanks, that was all!", "Iron my shirts, please."]
