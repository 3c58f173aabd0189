"""Checkpoints with random weights at the size of well-known models: what an expert computes does not matter here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

WORDS: Final = (
    "the", "bridge", "freezes", "before", "road", "and", "ice", "of", "a", "long", "winter", "night", "on", "every",
    "river", "north", "city",
)  # fmt: skip
"""What the tokenizers know."""
_SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of a transformer encoder."""

    name: str
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int

    def fields(self) -> Mapping[str, int]:
        """Returns them as a configuration takes them."""
        return {name: value for name, value in asdict(self).items() if name != "name"}


MINI_LM: Final = Sizes("MiniLM-L6", 384, 6, 12, 1536)
BERT_BASE: Final = Sizes("BERT-base", 768, 12, 12, 3072)


@dataclass(frozen=True, slots=True)
class Subject:
    """A task type that is measured: how its checkpoint is made, and what is asked."""

    task_type: str
    model: str
    """Whose size it has."""
    make: Any
    """Writes the checkpoint into a folder."""
    text: str = ""
    """The text that is asked about; empty where it is a medium."""
    medium: tuple[str, Path] | None = None
    """The input and the file that is asked about."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Further inputs of ours."""


def text_model(folder: Path, head: str, sizes: Sizes, **fields: Any) -> None:
    """Writes a BERT with a head, such as `BertForMaskedLM`, and a tokenizer of a few words."""
    import torch
    import transformers

    torch.manual_seed(1)
    settings: dict[str, Any] = {**sizes.fields(), **fields}
    config = transformers.BertConfig(**settings)
    getattr(transformers, head)(config).save_pretrained(folder)
    vocabulary = {word: number for number, word in enumerate((*_SPECIAL, *WORDS))}
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    tokenizer: Any = transformers.BertTokenizer(vocab=vocabulary, model_max_length=512)
    tokenizer.save_pretrained(folder)


def picture_model(folder: Path) -> None:
    """Writes a ViT-base classifier."""
    import torch
    import transformers

    torch.manual_seed(1)
    labels: dict[str, Any] = {"num_labels": 10}
    transformers.ViTForImageClassification(transformers.ViTConfig(**labels)).save_pretrained(folder)
    settings = {
        "image_processor_type": "ViTImageProcessor",
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "resample": 2,
        "rescale_factor": 1 / 255,
        "size": {"height": 224, "width": 224},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def sound_model(folder: Path, head: str) -> None:
    """Writes a Wav2Vec2-base with a head, such as `Wav2Vec2ForCTC`."""
    import torch
    import transformers

    torch.manual_seed(1)
    vocabulary = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4, **{chr(65 + n): 5 + n for n in range(26)}}
    settings: dict[str, Any] = {"vocab_size": len(vocabulary), "num_labels": 8}
    config = transformers.Wav2Vec2Config(**settings)
    getattr(transformers, head)(config).save_pretrained(folder)
    extractor: Any = transformers.Wav2Vec2FeatureExtractor
    extractor(sampling_rate=16_000, return_attention_mask=False).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    tokenizer: Any = transformers.Wav2Vec2CTCTokenizer
    tokenizer(str(folder / "vocab.json")).save_pretrained(folder)
