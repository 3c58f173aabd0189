"""Tiny checkpoints that compose sounds, or carry them as codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tests.checkpoints.sound_parts import RATE, seeded

_ENCODEC: Final[dict[str, Any]] = {
    "num_filters": 4,
    "hidden_size": 8,
    "codebook_dim": 8,
    "codebook_size": 16,
    "upsampling_ratios": [8, 5, 4, 2],
    "target_bandwidths": [0.5, 1.0],
    "num_lstm_layers": 1,
    "sampling_rate": RATE,
}


def musicgen(folder: Path) -> None:
    """A maker of music: T5, a decoder of two codebooks, EnCodec."""
    from transformers import (
        EncodecConfig,
        EncodecFeatureExtractor,
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForConditionalGeneration,
        T5Config,
        T5Tokenizer,
    )

    letters = [
        ("<pad>", 0.0),
        ("</s>", 0.0),
        ("<unk>", -9.0),
        *((letter, -3.0) for letter in "\u2581abcdefghijklmnopqrstuvwxyz"),
    ]
    T5Tokenizer(vocab=letters, extra_ids=0).save_pretrained(folder)
    text = T5Config(vocab_size=len(letters), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    decoder = MusicgenDecoderConfig(
        vocab_size=16,
        num_codebooks=2,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=16,
        pad_token_id=16,
        bos_token_id=16,
    )
    config = MusicgenConfig(
        text_encoder=text.to_dict(), audio_encoder=EncodecConfig(**_ENCODEC).to_dict(), decoder=decoder.to_dict()
    )
    model = seeded(MusicgenForConditionalGeneration, config)
    _fill_codebooks(model.audio_encoder)
    model.generation_config.guidance_scale = 3.0
    model.generation_config.do_sample = True
    model.generation_config.pad_token_id = 16
    model.generation_config.decoder_start_token_id = 16
    model.generation_config.bos_token_id = 16
    model.save_pretrained(folder)
    EncodecFeatureExtractor(sampling_rate=RATE).save_pretrained(folder)


def encodec(folder: Path, *, channels: int = 1) -> None:
    """A codec."""
    from transformers import EncodecConfig, EncodecFeatureExtractor, EncodecModel

    config = EncodecConfig(**_ENCODEC, audio_channels=channels)
    model = seeded(EncodecModel, config)
    _fill_codebooks(model)
    model.save_pretrained(folder)
    EncodecFeatureExtractor(feature_size=channels, sampling_rate=RATE).save_pretrained(folder)


def dac(folder: Path) -> None:
    """Another codec."""
    from transformers import DacConfig, DacFeatureExtractor, DacModel

    config = DacConfig(
        encoder_hidden_size=4,
        downsampling_ratios=[2, 4, 8],
        decoder_hidden_size=32,
        n_codebooks=3,
        codebook_size=16,
        codebook_dim=4,
        sampling_rate=RATE,
    )
    seeded(DacModel, config).save_pretrained(folder)
    DacFeatureExtractor(sampling_rate=RATE, hop_length=64).save_pretrained(folder)


def mimi(folder: Path) -> None:
    """A third codec."""
    from transformers import EncodecFeatureExtractor, MimiConfig, MimiModel

    config = MimiConfig(
        sampling_rate=RATE,
        num_filters=4,
        hidden_size=16,
        codebook_dim=8,
        vector_quantization_hidden_dimension=8,
        codebook_size=16,
        num_quantizers=4,
        upsampling_ratios=[8, 5, 4, 2],
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
        intermediate_size=16,
        upsample_groups=16,
    )
    seeded(MimiModel, config).save_pretrained(folder)
    EncodecFeatureExtractor(sampling_rate=RATE).save_pretrained(folder)


def _fill_codebooks(model: Any) -> None:
    """Gives the codebooks different entries: those of a new model are all zero, and nothing would be heard."""
    import torch

    generator = torch.Generator().manual_seed(1)
    for layer in model.quantizer.layers:
        layer.codebook.embed.copy_(torch.randn(layer.codebook.embed.shape, generator=generator) / 4)
