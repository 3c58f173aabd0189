"""What a schema leaves without an end gets one, for the decoders of our own hosts."""

from __future__ import annotations

import json

import llguidance
import pytest

from orchestrion.values import JsonData
from orchestrion_controller.hosted_model.schema_bounds import bounded
from orchestrion_controller.planner.llm.notation import PlanNames, plan_schema
from tests.starter import TASK_TYPES as STARTER


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, {"type": "string", "maxLength": 1000}),
        ({"type": "string", "maxLength": 5000}, {"type": "string", "maxLength": 5000}),
        ({"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["a"]}),
        (
            {"type": "array", "items": {"type": "number"}},
            {"type": "array", "items": {"type": "number"}, "maxItems": 64},
        ),
        ({"type": "array", "minItems": 100}, {"type": "array", "minItems": 100, "maxItems": 100}),
        # A property may be called like a word of schemas.
        (
            {"type": "object", "properties": {"type": {"enum": ["x"]}, "items": {"type": "string"}}},
            {"type": "object", "properties": {"type": {"enum": ["x"]}, "items": {"type": "string", "maxLength": 1000}}},
        ),
    ],
)
def test_texts_and_lists_have_an_end(schema: dict[str, JsonData], expected: dict[str, JsonData]) -> None:
    assert bounded(schema) == expected


def test_the_schema_of_plans_compiles_with_bounds_and_takes_plans() -> None:
    schema = bounded(plan_schema(STARTER.values(), PlanNames()).schema)
    grammar = llguidance.LLMatcher.grammar_from_json_schema(schema)
    tokenizer = llguidance.LLTokenizer("byte")
    reply = json.dumps({"tasks": [{"id": "say", "type": "text-to-speech", "inputs": {"text": "Hello"}}]})
    tokens = tokenizer.tokenize_bytes(reply.replace(" ", "").encode())
    matcher = llguidance.LLMatcher(tokenizer, grammar, log_level=0)
    assert matcher.try_consume_tokens(tokens) == len(tokens)
    assert matcher.is_accepting()
