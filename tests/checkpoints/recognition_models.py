"""Tiny checkpoints that listen: speech recognition and classes of sounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.checkpoints.sound_parts import RATE, characters, seeded

LETTERS: Final = ("<pad>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'")
WAV2VEC2: Final[dict[str, Any]] = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": [8, 8, 8],
    "conv_kernel": [10, 8, 4],
    "conv_stride": [10, 8, 4],
    "num_feat_extract_layers": 3,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 8,
}


def wav2vec2(folder: Path, *, masked: bool = True, spaces: bool = True) -> None:
    """A recogniser that spells.

    Args:
        folder: Where it goes.
        masked: Whether it bears padding, as those with layer norm do, and those with group norm do not.
        spaces: Whether its script has spaces between words.
    """
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    config = Wav2Vec2Config(**WAV2VEC2, vocab_size=len(LETTERS), feat_extract_norm="layer" if masked else "group")
    seeded(Wav2Vec2ForCTC, config).save_pretrained(folder)
    wav2vec2_extractor(folder, masked=masked)
    _letters(folder, spaces=spaces)


def wav2vec2_classifier(folder: Path) -> None:
    """A classifier of sounds that takes waveforms."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForSequenceClassification

    names = {0: "speech", 1: "music", 2: "noise"}
    config = Wav2Vec2Config(**WAV2VEC2, id2label=names, feat_extract_norm="layer")
    seeded(Wav2Vec2ForSequenceClassification, config).save_pretrained(folder)
    wav2vec2_extractor(folder, masked=True)


def ast(folder: Path) -> None:
    """A classifier of sounds that takes spectrograms of fixed length, and finds several things at once."""
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    config = ASTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_length=128,
        num_mel_bins=32,
        id2label={0: "Speech", 1: "Guitar", 2: "Rain", 3: "Engine"},
        problem_type="multi_label_classification",
    )
    seeded(ASTForAudioClassification, config).save_pretrained(folder)
    ASTFeatureExtractor(max_length=128, num_mel_bins=32).save_pretrained(folder)  # type: ignore[no-untyped-call]  # The library is not typed.


def whisper(folder: Path, *, is_multilingual: bool = True, tells_times: bool = True) -> None:
    """A Whisper of three languages, with its times; or of English alone, or as the first fine-tuned ones were."""
    from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

    tokens = _whisper_tokenizer(folder)
    config = WhisperConfig(
        vocab_size=len(tokens),
        num_mel_bins=8,
        d_model=16,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        max_target_positions=32,
        pad_token_id=tokens["<|endoftext|>"],
        bos_token_id=tokens["<|endoftext|>"],
        eos_token_id=tokens["<|endoftext|>"],
        decoder_start_token_id=tokens["<|startoftranscript|>"],
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = seeded(WhisperForConditionalGeneration, config)
    languages = {
        "lang_to_id": {f"<|{code}|>": tokens[f"<|{code}|>"] for code in ("en", "de", "fr")},
        "task_to_id": {"transcribe": tokens["<|transcribe|>"], "translate": tokens["<|translate|>"]},
    }
    times = {"no_timestamps_token_id": tokens["<|notimestamps|>"], "max_initial_timestamp_index": 50}
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]  # The library is not typed.
        is_multilingual=is_multilingual,
        **(languages if is_multilingual else {}),
        **(times if tells_times else {}),
        return_timestamps=False,
        max_length=32,
        pad_token_id=config.pad_token_id,
        bos_token_id=config.bos_token_id,
        eos_token_id=config.eos_token_id,
        decoder_start_token_id=config.decoder_start_token_id,
    )
    model.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=8).save_pretrained(folder)  # type: ignore[no-untyped-call]  # The library is not typed.


def speech2text(folder: Path) -> None:
    """A recogniser that writes."""
    from transformers import (
        Speech2TextConfig,
        Speech2TextFeatureExtractor,
        Speech2TextForConditionalGeneration,
        Speech2TextTokenizer,
    )

    pieces = characters(folder, "sentencepiece.bpe.model")
    (folder / "vocab.json").write_text(json.dumps({piece: place for place, piece in enumerate(pieces)}))
    Speech2TextTokenizer(str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model")).save_pretrained(folder)
    config = Speech2TextConfig(
        vocab_size=len(pieces),
        d_model=16,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        max_source_positions=3200,
        max_target_positions=40,
        input_feat_per_channel=16,
        conv_channels=16,
    )
    seeded(Speech2TextForConditionalGeneration, config).save_pretrained(folder)
    Speech2TextFeatureExtractor(feature_size=16, num_mel_bins=16).save_pretrained(folder)  # type: ignore[no-untyped-call]  # The library is not typed.


def wav2vec2_extractor(folder: Path, *, masked: bool) -> None:
    from transformers import Wav2Vec2FeatureExtractor

    extractor: Any = Wav2Vec2FeatureExtractor(sampling_rate=RATE, return_attention_mask=masked)  # type: ignore[no-untyped-call]  # The library is not typed.
    extractor.save_pretrained(folder)


def _letters(folder: Path, *, spaces: bool) -> None:
    from transformers import Wav2Vec2CTCTokenizer

    letters = [letter if spaces or letter != "|" else "_" for letter in LETTERS]
    (folder / "vocab.json").write_text(json.dumps({letter: place for place, letter in enumerate(letters)}))
    Wav2Vec2CTCTokenizer(str(folder / "vocab.json")).save_pretrained(folder)  # type: ignore[no-untyped-call]  # The library is not typed.


def _whisper_tokenizer(folder: Path) -> dict[str, int]:
    """Writes a tokenizer of single bytes with Whisper's special tokens, and returns its tokens."""
    from tokenizers import pre_tokenizers
    from transformers import WhisperTokenizer

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<|startoftranscript|>", "<|en|>", "<|de|>", "<|fr|>", "<|translate|>", "<|transcribe|>"]
    special += ["<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    times = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    names = [*letters, "<|endoftext|>", *special, *times]
    tokens = {name: place for place, name in enumerate(names)}
    tokenizer: Any = WhisperTokenizer(
        vocab={name: tokens[name] for name in [*letters, "<|endoftext|>"]}, merges=[], additional_special_tokens=special
    )
    tokenizer.add_tokens(times)
    assert tokenizer.convert_tokens_to_ids(names[-1]) == len(names) - 1
    tokenizer.save_pretrained(folder)
    return tokens
