"""Answers with a form: whatever a model would write, what it writes fits the schema; what has none is as ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import torch
import transformers

from orchestrion.errors import InvalidArgumentError, RunCancelledError
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.models.text import causal_lm
from orchestrion_host.worker.output_files import Spool
from tests.checkpoints import text_models
from tests.unit.host.worker import calls
from tests.unit.host.worker.calls import Sent

WORD: Final = {"type": "string", "maxLength": 3}
TASK: Final = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z]{1,4}(-[0-9])?$"},
        "type": {"enum": ["text-to-speech", "translation"]},
        "inputs": {"type": "object", "properties": {"text": WORD, "speed": {"type": "integer", "maximum": 99}}},
    },
    "required": ["id", "type"],
    "additionalProperties": False,
}
TASK["properties"]["inputs"] |= {"required": ["text"], "additionalProperties": False}  # type: ignore[index]
SCHEMAS: Final[dict[str, Any]] = {
    "a plan": {
        "type": "object",
        "properties": {"tasks": {"type": "array", "items": {"$ref": "#/$defs/task"}, "maxItems": 2}, "why": WORD},
        "required": ["tasks"],
        "additionalProperties": False,
        "$defs": {"task": TASK},
    },
    "one of two": {"anyOf": [{"const": "sün"}, {"type": "array", "items": {"type": "boolean"}, "maxItems": 3}]},
    "a choice": {"enum": ["day", "night", None, 5, "a \"mark\"\n"]},
    "letters of any script": {"type": "string", "minLength": 2, "maxLength": 9},
    "nothing but null": {"type": "null"},
    "an empty object": {"type": "object", "additionalProperties": False},
    "a recursion": {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"of": {"type": "array", "items": {"$ref": "#/$defs/leaf"}, "maxItems": 2}},
                "required": ["of"],
                "additionalProperties": False,
            },
            "leaf": {"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "null"}, "maxItems": 2}]},
        },
    },
}  # fmt: skip


def byte_llama(folder: Path) -> None:
    """Writes a model whose tokens are bytes, in the spelling of GPT-2."""
    text_models.llama(folder)


def piece_llama(folder: Path) -> None:
    """Writes a model whose tokens are pieces of words, and bytes for what has no piece, in that of SentencePiece."""
    text_models.piece_llama(folder)


def padded_llama(folder: Path) -> None:
    """Writes a model that scores more tokens than its tokenizer has, as those do whose matrices were rounded up."""
    text_models.llama(folder, spare_token_count=25)


def repeating_llama(folder: Path) -> None:
    """Writes a model whose settings forbid what structures need: repetition, and the quotation mark altogether."""
    text_models.llama(folder)
    settings = transformers.GenerationConfig(  # type: ignore[no-untyped-call]  # The library is not typed.
        eos_token_id=1, repetition_penalty=1.8, no_repeat_ngram_size=2, suppress_tokens=[8]
    )
    settings.save_pretrained(str(folder))


@pytest.fixture(scope="module", params=[byte_llama, piece_llama, padded_llama, repeating_llama])
def chat(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    write: Callable[[Path], None] = request.param
    folder = tmp_path_factory.mktemp("models") / write.__name__
    write(folder)
    return causal_lm.load(calls.spec(folder, "conversational"))


def chat_call(tmp_path: Path, sent: Sent | None = None, **inputs: Any) -> Call:
    if "schema" in inputs:
        inputs["schema"] = {"json": inputs["schema"]}
    return calls.call("conversational", {"text": "the sün", "max_tokens": 240.0, **inputs}, tmp_path, sent)


def fits(result: Any, schema: Any) -> bool:
    jsonschema.validate(json.loads(result["text"]), schema)
    return bool(result["finish_reason"] == "stop")


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_reply_parses_and_fits_however_boldly_it_is_drawn(chat: Any, tmp_path: Path, name: str) -> None:
    for seed in range(4):
        sent = Sent()
        inputs = {"schema": SCHEMAS[name], "temperature": float(seed), "seed": float(seed)}
        [result] = chat.predict([chat_call(tmp_path, sent, **inputs)])
        assert fits(result, SCHEMAS[name])
        assert "".join(sent.pieces()) == result["text"]


def test_rows_with_and_without_a_form_write_what_each_gets_alone(chat: Any, tmp_path: Path) -> None:
    requests: list[dict[str, Any]] = [
        {"schema": SCHEMAS["a plan"], "temperature": 1.0, "seed": 3.0},
        {"max_tokens": 30.0},
        {"schema": SCHEMAS["a choice"]},
        {"max_tokens": 20.0, "temperature": 1.5, "seed": 4.0},
    ]
    together = chat.predict([chat_call(tmp_path, **inputs) for inputs in requests])
    assert fits(together[0], SCHEMAS["a plan"])
    assert fits(together[2], SCHEMAS["a choice"])
    for inputs, result in zip(requests, together, strict=True):
        assert chat.predict([chat_call(tmp_path, **inputs)]) == [result]


def test_a_cancelled_row_ends_at_its_next_token_and_the_others_keep_their_form(chat: Any, tmp_path: Path) -> None:
    pieces: list[str] = []

    def send(message: ipc.FromWorker) -> None:
        if isinstance(message, ipc.TextPiece):
            pieces.append(message.text)
            leaving.cancel()

    schema = {"type": "array", "items": {"const": "sun"}, "minItems": 12}
    inputs = {"text": "the sün", "max_tokens": 150.0, "schema": {"json": schema}}
    leaving = Call(1, "conversational", inputs, Spool(tmp_path), send)
    left, result = chat.predict([leaving, chat_call(tmp_path, schema=SCHEMAS["a plan"], temperature=1.0, seed=6.0)])
    assert isinstance(left, RunCancelledError)
    assert len(pieces) == 1
    assert fits(result, SCHEMAS["a plan"])


def test_a_reply_that_is_cut_off_says_so(chat: Any, tmp_path: Path) -> None:
    [cut] = chat.predict([chat_call(tmp_path, schema=SCHEMAS["a plan"], max_tokens=5.0)])
    assert cut["finish_reason"] == "length"
    assert cut["completion_token_count"] == 5
    assert not cut["text"].endswith("}")
    # One whose last token completes it is whole.
    [whole] = chat.predict([chat_call(tmp_path, schema={"const": [1, 2]})])
    count = whole["completion_token_count"]
    [exact] = chat.predict([chat_call(tmp_path, schema={"const": [1, 2]}, max_tokens=count)])
    assert exact == whole
    assert (exact["finish_reason"], json.loads(exact["text"])) == ("stop", [1, 2])


UNUSABLE: Final[dict[str, Any]] = {
    "a text": "object",
    "no type of JSON": {"type": "colour"},
    "a keyword that is not enforced": {"type": "array", "uniqueItems": True},
    "that keyword with a plea for leniency": {"type": "array", "uniqueItems": True, "x-guidance": {"lenient": True}},
    "alternatives that may both hold": {"oneOf": [{"type": "object"}, {"type": "object", "properties": {"a": {}}}]},
    "what nothing fits": {"allOf": [{"type": "string"}, {"type": "number"}]},
    "an expression with a look-ahead": {"type": "string", "pattern": "(?=a)b"},
    "a part of another document": {"$ref": "https://example.org/plan.json"},
    "a part that is not there": {"$ref": "#/$defs/task"},
    "too long a text": {"type": "object", "description": "x" * (1 << 20)},
    "nothing": None,
    "a list": [{"type": "object"}],
    "no schema at all may be fitted": False,
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_schema_that_cannot_be_enforced_is_named_and_the_others_are_served(
    chat: Any, tmp_path: Path, name: str
) -> None:
    bad, good = chat.predict(
        [chat_call(tmp_path, schema=UNUSABLE[name]), chat_call(tmp_path, schema=SCHEMAS["a choice"])]
    )
    assert isinstance(bad, InvalidArgumentError)
    assert bad.field == "inputs.schema"
    assert len(str(bad).splitlines()) == 1
    assert fits(good, SCHEMAS["a choice"])


def test_any_json_fits_true(chat: Any, tmp_path: Path) -> None:
    [result] = chat.predict([chat_call(tmp_path, schema=True, max_tokens=3.0)])
    assert result["completion_token_count"] <= 3


def test_a_tokenizer_without_bytes_refuses_schemas_and_still_talks(tmp_path: Path) -> None:
    folder = tmp_path / "python"
    text_models.llama(folder)
    expert: Any = causal_lm.load(calls.spec(folder, "conversational"))
    expert._schemas = None
    refused, said = expert.predict([chat_call(tmp_path, schema={}), chat_call(tmp_path, max_tokens=5.0)])
    assert isinstance(refused, InvalidArgumentError)
    assert refused.field == "inputs.schema"
    assert said["finish_reason"] == "length"


def test_spaces_that_a_tokenizer_would_tidy_up_stay(tmp_path: Path) -> None:
    folder = tmp_path / "tidy"
    text_models.llama(folder)
    expert: Any = causal_lm.load(calls.spec(folder, "conversational"))
    expert._tokenizer.clean_up_tokenization_spaces = True
    schema = {"const": "a , b . do n't"}
    [result] = expert.predict([chat_call(tmp_path, schema=schema)])
    assert json.loads(result["text"]) == schema["const"]


def test_settings_against_repetition_hold_for_prose_as_the_library_has_them(tmp_path: Path) -> None:
    folder = tmp_path / "repeating"
    repeating_llama(folder)
    expert: Any = causal_lm.load(calls.spec(folder, "conversational"))
    [result] = expert.predict([chat_call(tmp_path, text="the sun", max_tokens=40.0)])
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(folder)
    encoded = tokenizer("<|user|>the sun<|end|><|assistant|>", return_tensors="pt", add_special_tokens=False)
    ends = [1, tokenizer.convert_tokens_to_ids("<|end|>")]
    with torch.inference_mode():
        written = model.generate(**encoded, max_new_tokens=40, do_sample=False, pad_token_id=0, eos_token_id=ends)
    new = written[0][encoded["input_ids"].shape[1] :]
    assert result["text"] == tokenizer.decode(new, skip_special_tokens=True).strip() != ""


def test_what_was_read_and_written_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "bytes"
    text_models.llama(folder)
    expert: Any = causal_lm.load(calls.spec(folder, "conversational"))
    [result] = expert.predict([chat_call(tmp_path, text="rain?", schema={"const": "sun"})])
    assert result == {
        "text": '"sun"',
        # Three marks and five letters; five letters.
        "prompt_token_count": 8,
        "completion_token_count": 5,
        "finish_reason": "stop",
        "omitted_turn_count": 0,
    }
    turns = [{"role": role, "content": f"{role} {n} " + "x" * 60} for n in range(4) for role in ("user", "assistant")]
    [result] = expert.predict([chat_call(tmp_path, history={"json": turns}, max_tokens=8.0)])
    assert result["omitted_turn_count"] == 6
