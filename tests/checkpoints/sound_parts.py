"""What tiny checkpoints of sound and video have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

RATE: Final = 16_000


def seeded(kind: Any, config: Any) -> Any:
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(1)
        return kind(config).eval()


def characters(folder: Path, name: str) -> list[str]:
    """Writes a SentencePiece model of single letters, and returns its pieces."""
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the quick brown fox jumps over the lazy dog, 'tis said. A tale in C minor - ends"]),
        model_prefix=str(folder / "pieces"),
        model_type="char",
        vocab_size=40,
        hard_vocab_limit=False,
        bos_id=0,
        pad_id=1,
        eos_id=2,
        unk_id=3,
        minloglevel=2,
    )
    (folder / "pieces.vocab").unlink()
    (folder / "pieces.model").rename(folder / name)
    processor: Any = sentencepiece.SentencePieceProcessor(model_file=str(folder / name))
    return [processor.id_to_piece(place) for place in range(processor.get_piece_size())]
