"""GGUF files: the model in them writes what it wrote before it was put there, and what is wrong with one is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
import transformers

from orchestrion.errors import FailedPreconditionError
from orchestrion_host import gguf_files, ipc
from orchestrion_host.models import sizes
from orchestrion_host.worker.models.text import causal_lm
from tests.checkpoints import gguf_models
from tests.unit.host.worker import calls


def spec(path: Path, **options: Any) -> ipc.Load:
    return msgspec.structs.replace(calls.spec(path.parent, "conversational", **options), gguf=path.name)


def logits(model: Any, length: int = 40) -> torch.Tensor:
    with torch.inference_mode():
        scores: torch.Tensor = model(input_ids=torch.arange(7, 7 + length)[None]).logits
    return scores


@pytest.mark.parametrize("architecture", list(gguf_files.ARCHITECTURES))
def test_a_model_computes_what_it_computed_before(architecture: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    original = gguf_models.write(path, architecture)
    expert: Any = causal_lm.load(spec(path))
    torch.testing.assert_close(logits(expert._model), logits(original), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("storage", ["F16", "BF16", "Q8_0", "Q5_1", "Q4_0"])
def test_numbers_of_fewer_bits_are_read_as_the_format_says(storage: str, tmp_path: Path) -> None:
    import gguf

    path = tmp_path / "tiny.gguf"
    original = gguf_models.write(path, storage=storage)
    kind = gguf.GGMLQuantizationType[storage]
    rounded = {
        name: torch.from_numpy(gguf.dequantize(gguf.quantize(weight.numpy(), kind), kind)).reshape(weight.shape)
        for name, weight in original.state_dict().items()
        if weight.ndim > 1
    }
    original.load_state_dict(rounded, strict=False)
    expert: Any = causal_lm.load(spec(path))
    torch.testing.assert_close(logits(expert._model), logits(original), rtol=1e-3, atol=1e-3)


def test_a_context_that_was_stretched_is_read_so(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    original = gguf_models.write(path, stretched=True)
    unstretched = logits(original)
    original.model.rotary_emb.inv_freq /= torch.tensor(gguf_models.FREQUENCY_FACTORS)
    assert not torch.allclose(logits(original), unstretched, atol=0.1)
    expert: Any = causal_lm.load(spec(path))
    torch.testing.assert_close(logits(expert._model), logits(original), rtol=1e-4, atol=1e-4)


def test_tokenizer_and_chat_template_come_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    gguf_models.write(path)
    expert: Any = causal_lm.load(spec(path))
    tokenizer = expert._tokenizer
    for text in ("the sün is 12 °C\n\n", "日本 👋", ' {"a": "the sun"}'):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert tokenizer.tokenize("the sun") == ["the", "Ġ", "sun"]
    inputs = {"text": "rain?", "system": "be short", "max_tokens": 8.0}
    [result] = expert.predict([calls.call("conversational", inputs, tmp_path)])
    prompt = "<|system|>be short<|end|><|user|>rain?<|end|><|assistant|>"
    assert result["prompt_token_count"] == len(tokenizer(prompt)["input_ids"])
    # Each mark is one token, not its letters.
    assert result["prompt_token_count"] == 5 + len("be short") + len("rain?")
    [chosen] = expert.predict(
        [calls.call("conversational", {**inputs, "schema": {"json": {"enum": ["sun", "rain"]}}}, tmp_path)]
    )
    assert chosen["text"] in ('"sun"', '"rain"')


def test_the_header_says_what_an_expert_needs_to_know(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    original = gguf_models.write(path, storage="Q8_0")
    header = gguf_files.read(path)
    assert (header.architecture, header.context_token_count) == ("llama", gguf_models.CONTEXT)
    assert "add_generation_prompt" in header.chat_template
    assert header.number_count == sum(weight.numel() for weight in original.parameters())
    counted = {"number_count": header.number_count, "other_bytes": 0}
    options: dict[str, Any] = {"options": {}, "runtime": "transformers"}
    # What it takes is that of whole numbers, not that of the file.
    expert: Any = causal_lm.load(spec(path))
    assert sizes.estimate([counted], has_graphics=False, **options) > expert.parameter_bytes()
    assert expert.parameter_bytes() == pytest.approx(4 * header.number_count, rel=0.01)
    expert = causal_lm.load(spec(path, dtype="bfloat16"))
    assert expert.parameter_bytes() == pytest.approx(2 * header.number_count, rel=0.01)


def with_length(content: bytes, place: int) -> bytes:
    return content[:place] + b"\xff" * 8 + content[place + 8 :]


DAMAGES: dict[str, Any] = {
    "nothing": lambda content: b"",
    "its first bytes": lambda content: content[:3],
    "another format": lambda content: b"PK\x03\x04" + content[4:],
    "a version of the future": lambda content: content[:4] + b"\x09\0\0\0" + content[8:],
    "half of the header": lambda content: content[:2000],
    "all but the last byte of the weights": lambda content: content[:-1],
    "all but the weights": lambda content: content[:-60_000],
    "a count of fields beyond all bounds": lambda content: with_length(content, 16),
    "a count of tensors beyond all bounds": lambda content: with_length(content, 8),
    "a text longer than the file": lambda content: with_length(content, 24),
    "bytes at random": lambda content: content[:24] + bytes(range(1, 256)) * 200,
}


UNREAD: dict[str, dict[str, str | int]] = {
    "positions scaled in a way of their own": {"llama.rope.scaling.type": "yarn"},
    "a mixture of experts": {"llama.expert_count": 8},
}


@pytest.mark.parametrize("kind", UNREAD)
def test_what_would_be_read_wrongly_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    gguf_models.write(path, fields=UNREAD[kind])
    with pytest.raises(FailedPreconditionError, match=str(path)):
        causal_lm.load(spec(path))
    gguf_models.write(path, fields={"llama.rope.scaling.type": "none", "llama.expert_count": 0})
    causal_lm.load(spec(path))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_what_is_wrong(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    gguf_models.write(path)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(FailedPreconditionError, match=str(path)) as caught:
        causal_lm.load(spec(path))
    assert caught.value.reason == "EXPERT_LOAD_FAILED"


def test_every_cut_of_a_header_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    gguf_models.write(path)
    content = path.read_bytes()
    for size in range(1, len(content), 997):
        path.write_bytes(content[:size])
        with pytest.raises(gguf_files.GgufError):
            gguf_files.read(path)


def test_a_model_without_some_of_its_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gguf

    path = tmp_path / "tiny.gguf"
    add = gguf.GGUFWriter.add_tensor

    def leave_one_out(writer: Any, name: str, *arguments: Any, **settings: Any) -> None:
        if name != "blk.1.ffn_down.weight":
            add(writer, name, *arguments, **settings)

    with monkeypatch.context() as patched:
        patched.setattr(gguf.GGUFWriter, "add_tensor", leave_one_out)
        gguf_models.write(path)
    with pytest.raises(FailedPreconditionError, match=r"lacks 1 weights.*down_proj") as caught:
        causal_lm.load(spec(path))
    assert caught.value.reason == "MODEL_INCOMPLETE"


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    for architecture in ("llama", "qwen2"):
        original = gguf_models.write(path, architecture)
        expert: Any = causal_lm.load(spec(path))
        torch.testing.assert_close(logits(expert._model), logits(original), rtol=1e-4, atol=1e-4)
    assert isinstance(expert._model, transformers.Qwen2ForCausalLM)
