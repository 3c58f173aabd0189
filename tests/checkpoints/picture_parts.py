"""What tiny checkpoints of pictures and words have in common."""

from __future__ import annotations

import json
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

WORDS: Final = (
    *("what", "is", "the", "this", "where", "a", "cat", "cup", "of", "coffee", "picture", "colour", "red", "number"),
    *string.ascii_lowercase,
    *(f"##{letter}" for letter in string.ascii_lowercase),
    *string.digits,
    *(f"##{digit}" for digit in string.digits),
    *("?", ".", ",", ":", "<", ">", "/", "_"),
)
_SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
VOCABULARY: Final = (*_SPECIAL, *WORDS)


def bert_tokenizer(folder: Path, marks: Sequence[str] = ()) -> int:
    """Writes a tokenizer of some words and all letters, and returns how many tokens it knows."""
    from transformers import BertTokenizer

    tokenizer: Any = BertTokenizer(vocab={word: place for place, word in enumerate(VOCABULARY)}, model_max_length=64)
    if marks:
        tokenizer.add_special_tokens({"additional_special_tokens": list(marks)})
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def made(kind: Any, **settings: Any) -> Any:
    """Makes a configuration or processor; their classes declare only some of the settings that they take."""
    return kind(**settings)


def seeded(kind: Any, config: Any, *, spread: float = 0.3) -> Any:
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = kind(config).eval()
        # New weights are so small that all outputs are alike.
        for name, weight in model.named_parameters():
            if weight.dim() > 1 and "position" not in name:
                weight.data.normal_(0, spread)
    return model


def image_processor(folder: Path, kind: str, *, crop: bool = False) -> None:
    size = {"height": 32, "width": 32}
    settings = {"image_processor_type": kind, "size": {"shortest_edge": 32} if crop else size}
    (folder / "preprocessor_config.json").write_text(json.dumps({**settings, **({"crop_size": size} if crop else {})}))
