"""Tiny checkpoints of text models: real classes with random weights, and tokenizers for a few words or for bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_TEXT: Final = (
    "the a sun rain warm cold day night is was this text example about sport music weather berlin ada lives in and "
    "what who where when it opened 1932 . , ? : ; ! city country people how many average of sum count total mill "
    "##ing ##m ##s ##er swim run ing s er"
)
WORDS: Final = tuple(_TEXT.split())
LENGTH: Final = 64
CHAT_TEMPLATE: Final = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def word_tokenizer(folder: Path) -> Any:
    """Writes and returns a tokenizer of WordPiece kind, as BERT has it."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate(dict.fromkeys((*SPECIAL, *WORDS)))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # The library is not typed.
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=LENGTH,
    )
    fast.save_pretrained(str(folder))
    return fast


def byte_tokenizer(folder: Path, *, chat: bool = False, ends_texts: bool = False) -> Any:
    """Writes and returns a tokenizer of bytes, so that any text goes through it, and characters take several tokens.

    Args:
        folder: Where it goes.
        chat: Whether it has a chat template.
        ends_texts: Whether it puts the end of the text behind each text, as those of T5 and BART do.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "</s>", "<unk>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {word: number for number, word in enumerate([*special, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if ends_texts:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
        )
    fast: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # The library is not typed.
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=special[3:],
    )
    if chat:
        fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(str(folder))
    return fast


def bert(folder: Path, class_name: str, **settings: Any) -> None:
    """Writes a BERT with the head of a class, such as `BertForTokenClassification`."""
    import torch
    import transformers

    tokenizer = word_tokenizer(folder)
    torch.manual_seed(5)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_attention_heads=2,
        num_hidden_layers=2,
        max_position_embeddings=LENGTH,
        # Large weights make random models decided, so that rounding does not change what they say.
        initializer_range=0.5,
        **settings,
    )
    getattr(transformers, class_name)(config).save_pretrained(str(folder))


def labels(*names: str) -> dict[str, Any]:
    """Returns the settings that name the classes of a model."""
    return {"id2label": dict(enumerate(names)), "label2id": {name: place for place, name in enumerate(names)}}


def piece_tokenizer(folder: Path) -> Any:
    """Writes and returns a tokenizer of pieces of words that begin with a mark for the space, as Llama 2 has it.

    Characters without a piece become bytes, a token each. It has a chat template.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "</s>", "<unk>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"]
    bytes_of = [f"<0x{number:02X}>" for number in range(256)]
    letters = [*map(chr, range(33, 127)), "\u2581", "ü"]
    # Each piece is merged from two that come before it.
    words = ["th", "the", "\u2581the", "su", "sun", "\u2581sun", '":', '{"', '\u2581"', '",']
    merges = [("t", "h"), ("th", "e"), ("\u2581", "the"), ("s", "u"), ("su", "n"), ("\u2581", "sun")]
    merges += [('"', ":"), ("{", '"'), ("\u2581", '"'), ('"', ",")]
    vocabulary = {word: number for number, word in enumerate([*special, *bytes_of, *letters, *words])}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    fast: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # The library is not typed.
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=special[3:],
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(str(folder))
    return fast


def piece_llama(folder: Path) -> None:
    """Writes a Llama that reads and writes pieces of words."""
    _llama(folder, piece_tokenizer(folder))


def llama(folder: Path, *, chat: bool = True, spare_token_count: int = 0) -> None:
    """Writes a Llama that reads and writes bytes.

    Args:
        folder: Where it goes.
        chat: Whether it has a chat template.
        spare_token_count: How many tokens it scores beyond those of its tokenizer.
    """
    _llama(folder, byte_tokenizer(folder, chat=chat), spare_token_count)


def _llama(folder: Path, tokenizer: Any, spare_token_count: int = 0) -> None:
    import torch
    import transformers

    torch.manual_seed(6)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer) + spare_token_count,
        hidden_size=32,
        intermediate_size=64,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_hidden_layers=2,
        max_position_embeddings=256,
        initializer_range=0.4,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=None,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(str(folder))
