"""Tiny encoder-decoder models: they write texts about texts, and answers from tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.checkpoints.text_models import WORDS, byte_tokenizer


def t5(folder: Path, **settings: Any) -> None:
    """Writes a T5 that reads and writes bytes."""
    import torch
    import transformers

    tokenizer = byte_tokenizer(folder, ends_texts=True)
    torch.manual_seed(7)
    config_class: Any = transformers.T5Config  # Its signature knows no settings of generation.
    config = config_class(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=1,
        num_heads=4,
        initializer_factor=2.0,
        decoder_start_token_id=0,
        eos_token_id=1,
        pad_token_id=0,
        **settings,
    )
    transformers.T5ForConditionalGeneration(config).save_pretrained(str(folder))


def bart(folder: Path, *, beams: int = 1, positions: int = 128) -> None:
    """Writes a BART that reads and writes bytes and wants summaries of 8 to 24 tokens."""
    import torch
    import transformers

    tokenizer = byte_tokenizer(folder, ends_texts=True)
    torch.manual_seed(8)
    config = transformers.BartConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=positions,
        init_std=0.4,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=1,
        decoder_start_token_id=1,
        forced_eos_token_id=None,
    )
    model = transformers.BartForConditionalGeneration(config)
    settings: Any = model.generation_config
    settings.update(max_length=24, min_length=8, num_beams=beams, no_repeat_ngram_size=3)
    model.save_pretrained(str(folder))


def marian(folder: Path, *, marks: tuple[str, ...] = ()) -> None:
    """Writes a Marian model from English to German, or to several languages by marks such as `>>fra<<`."""
    import torch
    import transformers

    pieces = _sentence_pieces(folder, "source.spm")
    (folder / "target.spm").write_bytes((folder / "source.spm").read_bytes())
    vocabulary = {piece: number for number, piece in enumerate(["</s>", "<unk>", *marks, *pieces, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    settings = {"tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "de", "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    torch.manual_seed(9)
    config = transformers.MarianConfig(
        vocab_size=len(vocabulary),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=64,
        init_std=0.4,
        pad_token_id=vocabulary["<pad>"],
        eos_token_id=0,
        decoder_start_token_id=vocabulary["<pad>"],
        forced_eos_token_id=0,
    )
    model = transformers.MarianMTModel(config)
    generation: Any = model.generation_config
    generation.update(max_length=64, num_beams=2, bad_words_ids=[[vocabulary["<pad>"]]])
    model.save_pretrained(str(folder))


def m2m(folder: Path) -> None:
    """Writes an M2M100 model of a hundred languages."""
    import torch
    import transformers

    pieces = _sentence_pieces(folder, "sentencepiece.bpe.model")
    vocabulary = {piece: number for number, piece in enumerate(["<s>", "<pad>", "</s>", "<unk>", *pieces])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    tokenizer = transformers.M2M100Tokenizer(str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"))
    tokenizer.save_pretrained(str(folder))
    torch.manual_seed(10)
    config = transformers.M2M100Config(
        vocab_size=len(vocabulary) + len(tokenizer.lang_code_to_id) + 8,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=64,
        init_std=0.4,
    )
    transformers.M2M100ForConditionalGeneration(config).save_pretrained(str(folder))


def tapex(folder: Path) -> None:
    """Writes a BART that reads tables and writes short answers."""
    import torch
    import transformers
    from tokenizers import pre_tokenizers

    folder.mkdir(parents=True, exist_ok=True)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocabulary = {word: place for place, word in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "TapexTokenizer"}))
    torch.manual_seed(12)
    config = transformers.BartConfig(
        vocab_size=len(vocabulary),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=256,
        init_std=0.4,
    )
    model = transformers.BartForConditionalGeneration(config)
    settings: Any = model.generation_config
    settings.update(max_length=16)
    model.save_pretrained(str(folder))


def _sentence_pieces(folder: Path, name: str) -> list[str]:
    """Trains a tokenizer of SentencePiece on a few words and returns its pieces, those with a meaning left out."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    corpus = folder / "corpus"
    corpus.write_text("\n".join(" ".join(WORDS[place:]) for place in range(20)), "utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(folder / "pieces"),
        vocab_size=120,
        hard_vocab_limit=False,
        minloglevel=2,
        num_threads=1,
    )
    corpus.unlink()
    (folder / "pieces.vocab").unlink()
    (folder / "pieces.model").rename(folder / name)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / name))
    return [processor.id_to_piece(number) for number in range(3, processor.get_piece_size())]
