"""The schema of plans: what constrained decoding lets a language model write, tried on a decoder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import llguidance
import pytest

from benchmarks.llm.tokens import token_count
from orchestrion.plans import Plan, Task
from orchestrion.values import JsonData, OutputRef
from orchestrion_controller.language_model import Schema
from orchestrion_controller.planner.llm.notation import PlanNames, plan_schema, written
from tests.starter import TASK_TYPES as STARTER
from tests.unit.controller.planner.llm.replies import NAMES, TYPES, plan, task

TOKENIZER = llguidance.LLTokenizer("byte")


def takes(schema: Mapping[str, object], reply: str) -> bool:
    """Whether a decoder that is held to a schema can write a reply, and end there."""
    grammar = llguidance.LLMatcher.grammar_from_json_schema(dict(schema), defaults={"whitespace_flexible": True})
    matcher = llguidance.LLMatcher(TOKENIZER, grammar, log_level=0)
    tokens = TOKENIZER.tokenize_bytes(reply.encode())
    accepted = matcher.try_consume_tokens(tokens)
    assert not matcher.get_error(), matcher.get_error()
    return bool(accepted == len(tokens) and matcher.is_accepting())


READ = task("image-to-text", "read", image="$1")


@pytest.mark.parametrize(
    ("reply", "possible"),
    [
        (plan(READ), True),
        (plan(READ, task("text-to-speech", "say", text="$read.text", speed=0.8)), True),
        (plan(READ, task("text-to-speech", "say", text={"literal": "$1"}, language="de")), True),
        (plan(task("image-to-text", image=["$1", "$earlier.1"])), True),
        (plan(task("text-selection", texts=["a", "$read.text"], criterion="longest")), True),
        (plan(task("text-selection", texts="$all.text", criterion="longest")), True),
        (plan(READ, not_done=[{"words": "mail it", "why": "nothing mails"}]), True),
        (plan(no_task_reason="A greeting."), True),
        ('{"tasks":[]}', True),
        (plan(READ, reason="x"), False),
        (plan(task("image-to-text", image="$2")), False),
        (plan(task("image-to-text", image="the picture")), False),
        (plan(task("image-to-text")), False),
        (plan(task("text-selection", texts=["a"], criterion="nicest")), False),
        (plan(task("text-to-speech", text="a", speed="fast")), False),
        (plan(task("fly")), False),
        ('{"no_task_reason":"x"}', False),
    ],
)
def test_the_schema_takes_plans_and_nothing_else(reply: str, possible: bool) -> None:
    for types in (STARTER, TYPES):
        assert takes(plan_schema(types.values(), NAMES).schema, reply) is possible


def test_few_task_types_have_their_own_inputs_alone_and_many_share_those_that_are_optional() -> None:
    mixed = plan(task("image-to-text", image="$1", low_threshold=3))
    assert not takes(plan_schema(STARTER.values(), NAMES).schema, mixed)
    schema = plan_schema(TYPES.values(), NAMES)
    assert takes(schema.schema, mixed)
    assert not takes(schema.schema, plan(task("image-to-text", image="$1", speed=3)))
    assert takes(schema.schema, plan(task("mask-generation", image="$1", points=[[1, 2]])))
    assert token_count([json.dumps(schema.schema, separators=(",", ":"))]) <= 2840


def test_what_a_small_model_writes_comes_to_an_end() -> None:
    """Held to a form and going round in circles: lists and words have bounds, but in strict modes."""
    schema = plan_schema(STARTER.values(), NAMES)
    parts = [{"words": "round", "why": "and round"}] * 9
    assert takes(schema.schema, json.dumps({"tasks": [], "not_done": parts[:8]}))
    assert not takes(schema.schema, json.dumps({"tasks": [], "not_done": parts}))
    assert not takes(schema.schema, json.dumps({"tasks": [], "not_done": [{"words": "round " * 100, "why": ""}]}))
    assert "maxItems" not in json.dumps(schema.strict_schema)


def test_the_strict_form_has_everything_required_and_what_may_be_left_out_null() -> None:
    schema = plan_schema(STARTER.values(), NAMES)
    whole = nulled(schema, plan(READ, task("text-to-speech", "say", text="$read.text")))
    assert schema.strict_schema is not None
    assert takes(schema.strict_schema, whole)
    assert not takes(schema.strict_schema, plan(READ))
    check_strict(dict(schema.strict_schema))
    # OpenAI takes 5,000 properties.
    every = plan_schema(TYPES.values(), NAMES).strict_schema
    assert every is not None
    assert sum(1 for _ in properties(every)) < 1000


def nulled(schema: Schema, reply: str) -> str:
    """A plan as a model writes it that is held to the strict form."""
    data: dict[str, JsonData] = {"not_done": None, "no_task_reason": None, **json.loads(reply)}
    for one in data["tasks"]:
        declared = STARTER[one["type"]].inputs
        one["inputs"] = {parameter.name: one["inputs"].get(parameter.name) for parameter in declared}
    del schema
    return json.dumps({name: data[name] for name in ("tasks", "not_done", "no_task_reason")})


def properties(schema: Any) -> Iterator[str]:
    """Yields the name of every property of every object in a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield from schema["properties"]
        for item in schema.values():
            yield from properties(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from properties(item)


def check_strict(schema: dict[str, Any]) -> None:
    """Checks what strict modes demand: nothing optional, open or untyped, no recursion, no reference to nothing."""
    definitions = schema["$defs"]

    def check(part: Any, place: tuple[str, ...]) -> None:
        if isinstance(part, list):
            for index, item in enumerate(part):
                check(item, (*place, str(index)))
        elif isinstance(part, dict):
            if part.get("type") == "object":
                assert part["additionalProperties"] is False, place
                assert set(part["required"]) == set(part["properties"]), place
            assert "enum" not in part or part["type"] == "string", place
            if "$ref" in part:
                assert part == {"$ref": f"#/$defs/{part['$ref'].removeprefix('#/$defs/')}"}, place
                assert part["$ref"].removeprefix("#/$defs/") in definitions, place
            assert not {"oneOf", "allOf", "not", "const", "minimum", "maximum"} & part.keys(), place
            for name, item in part.items():
                check(item, (*place, name))

    check(schema, ())
    assert schema["type"] == "object"
    for name, form in definitions.items():
        for later in list(definitions)[list(definitions).index(name) :]:
            assert f'"#/$defs/{later}"' not in json.dumps(form)


def test_what_is_written_has_the_form_of_the_schema() -> None:
    tasks = (
        Task("read", "image-to-text", {"image": OutputRef("draw", "image")}),
        Task("draw", "text-to-image", {"prompt": "$5", "seed": 3.0}),
        Task("find", "zero-shot-object-detection", {"image": OutputRef("draw", "image"), "labels": ("a", "$1")}),
    )
    reply = written(Plan(tasks), NAMES, task_types=TYPES)
    assert takes(plan_schema(TYPES.values(), NAMES).schema, reply)


def test_without_files_a_medium_can_only_be_an_output() -> None:
    schema = plan_schema(STARTER.values(), PlanNames()).schema
    assert not takes(schema, plan(READ))
    assert takes(schema, plan(task("image-to-text", image="$draw.image")))
