"""Control tokens that a person writes: text to every kind of tokenizer, with its places, and nothing else changes."""

from __future__ import annotations

from typing import Any, Final

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from orchestrion_host.worker.text import control_tokens

SPECIAL: Final = {"pad_token": "<pad>", "unk_token": "<unk>", "eos_token": "</s>", "mask_token": "<mask>"}
LETTERS: Final = tuple("abs</>mk▁")
PLAIN: Final = ("a b s", "ab", "a <b> b", "s/a", "")
WRITTEN: Final = ("a </s> b", "a</s>b", "</s>", "<mask>", "<pad></s>s", "b <mask>a</s>")


def tokenizer(kind: str) -> Any:
    """A tokenizer of a kind of model that ends each text with `</s>`."""
    names = [*SPECIAL.values(), *LETTERS]
    vocabulary = {name: place for place, name in enumerate(names)}
    if kind == "Unigram":
        # As in SentencePiece's files, the names of control tokens cost nothing.
        scores = [(name, 0.0 if name in SPECIAL.values() else -3.0) for name in names]
        made = Tokenizer(models.Unigram(scores, unk_id=1))
        made.pre_tokenizer = pre_tokenizers.Metaspace()
    elif kind == "WordLevel":
        made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
        made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    elif kind == "WordPiece":
        made = Tokenizer(models.WordPiece(vocabulary, unk_token="<unk>"))
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    else:
        made = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>"))
        made.normalizer = normalizers.Replace(" ", "▁")
    end = vocabulary["</s>"]
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", end)])
    return PreTrainedTokenizerFast(tokenizer_object=made, **SPECIAL)  # type: ignore[no-untyped-call]  # Untyped.


@pytest.mark.parametrize("kind", ["Unigram", "WordLevel", "WordPiece", "BPE"])
def test_what_is_written_is_never_a_control_token(kind: str) -> None:
    reader = control_tokens.as_text(tokenizer(kind))
    controls = {reader.convert_tokens_to_ids(name) for name in SPECIAL.values() if name != "<unk>"}
    for text in WRITTEN:
        encoded = reader(text, return_offsets_mapping=True)
        *own, last = encoded["input_ids"]
        assert last == reader.eos_token_id
        assert own
        assert controls.isdisjoint(own), text
        covered = {place for start, end in encoded["offset_mapping"][:-1] for place in range(start, end)}
        assert covered >= {place for place, letter in enumerate(text) if letter != " "}


@pytest.mark.parametrize("kind", ["Unigram", "WordLevel", "WordPiece", "BPE"])
def test_all_other_text_is_read_as_before(kind: str) -> None:
    before, after = tokenizer(kind), control_tokens.as_text(tokenizer(kind))
    for text in PLAIN:
        assert after(text, return_offsets_mapping=True) == before(text, return_offsets_mapping=True)
    # Where a call puts a control token into a text by itself, it says so.
    for text in WRITTEN:
        assert after(text, split_special_tokens=False)["input_ids"] == before(text)["input_ids"]
