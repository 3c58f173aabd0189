"""Tiny language models as GGUF files, written as the converters of llama.cpp write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tests.checkpoints.text_models import CHAT_TEMPLATE

CONTEXT: Final = 256
FREQUENCY_FACTORS: Final = (1.0, 1.5, 4.0, 8.0)
_SPECIAL: Final = ("<pad>", "</s>", "<unk>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>")
_MERGES: Final = ("t h", "th e", "s u", "su n", '{ "', '" :')
_CLASSES: Final = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}
_NORMAL, _CONTROL = 1, 3


def write(
    path: Path,
    architecture: str = "llama",
    *,
    storage: str = "F32",
    chat: bool = True,
    stretched: bool = False,
    fields: Mapping[str, str | int] = MappingProxyType({}),
) -> Any:
    """Writes a file and returns the model that is in it.

    Args:
        path: Where it goes.
        architecture: `llama`, `qwen2` or `qwen3`.
        storage: How its matrices are stored, such as `Q8_0`.
        chat: Whether it has a chat template.
        stretched: Whether it divides the frequencies of its positions by `FREQUENCY_FACTORS`, as Llama 3.1 does.
        fields: Further fields of its header.
    """
    import gguf
    import torch
    import transformers

    tokens = _tokens()
    # Files of Qwen 3 do not say what is the same in all of its models.
    head_width = 128 if architecture == "qwen3" else 8
    torch.manual_seed(8)
    name = _CLASSES[architecture]
    config = getattr(transformers, name.replace("ForCausalLM", "Config"))(
        vocab_size=len(tokens),
        hidden_size=32,
        intermediate_size=64,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_hidden_layers=2,
        head_dim=head_width,
        max_position_embeddings=CONTEXT,
        initializer_range=0.4,
        rms_norm_eps=1e-6,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=None,
        tie_word_embeddings=False,
    )
    model = getattr(transformers, name)(config).eval()
    kind = next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == architecture)
    names = gguf.get_tensor_name_map(kind, config.num_hidden_layers)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(f"Tiny {architecture}")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(32)
    writer.add_block_count(2)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_key_length(head_width)
    writer.add_value_length(head_width)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(tokens))
    _add_tokenizer(writer, tokens, chat=chat)
    for field, value in fields.items():
        if isinstance(value, str):
            writer.add_string(field, value)
        else:
            writer.add_uint32(field, value)
    for weight_name, weight in model.state_dict().items():
        values = weight.numpy()
        if architecture == "llama" and ("q_proj" in weight_name or "k_proj" in weight_name):
            values = _interleaved(values, 4 if "q_proj" in weight_name else 2)
        stored = storage if values.ndim > 1 else "F32"
        quantisation = gguf.GGMLQuantizationType[stored]
        data = values if stored == "F32" else gguf.quants.quantize(values, quantisation)
        target = names.get_name(weight_name, try_suffixes=(".weight", ".bias"))
        assert target is not None, weight_name
        writer.add_tensor(target, data, raw_dtype=quantisation)
    if stretched:
        writer.add_tensor("rope_freqs.weight", torch.tensor(FREQUENCY_FACTORS).numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model


def _tokens() -> list[str]:
    from tokenizers import pre_tokenizers

    merged = ["".join(merge.split(" ")) for merge in _MERGES]
    return [*_SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet()), *merged]


def _add_tokenizer(writer: Any, tokens: list[str], *, chat: bool) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([_CONTROL if token in _SPECIAL else _NORMAL for token in tokens])
    writer.add_token_merges(_MERGES)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(False)
    if chat:
        writer.add_chat_template(CHAT_TEMPLATE)


def _interleaved(values: Any, head_count: int) -> Any:
    """Orders the rows of a projection as llama.cpp turns pairs of positions: side by side, not in two halves."""
    rows = values.reshape(head_count, 2, values.shape[0] // head_count // 2, values.shape[1])
    return rows.swapaxes(1, 2).reshape(values.shape)
