"""Tiny checkpoints that speak, and those that give them voices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.checkpoints.recognition_models import WAV2VEC2, wav2vec2_extractor
from tests.checkpoints.sound_parts import characters, seeded

SPEAKER_NUMBERS: Final = 8
_SPEECHT5: Final[dict[str, Any]] = {
    "hidden_size": 16,
    "encoder_layers": 1,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 32,
    "conv_dim": [8, 8, 8],
    "conv_kernel": [10, 8, 4],
    "conv_stride": [10, 8, 4],
    "num_feat_extract_layers": 3,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "num_mel_bins": 8,
    "speech_decoder_prenet_units": 16,
    "speech_decoder_postnet_units": 16,
    "speech_decoder_postnet_layers": 1,
    "speaker_embedding_dim": SPEAKER_NUMBERS,
    "max_text_positions": 64,
    "max_speech_positions": 2000,
}


def vits(folder: Path, *, speakers: int = 1) -> None:
    """A voice of English letters."""
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    letters = {letter: place for place, letter in enumerate("_ abcdefghijklmnopqrstuvwxyz'-")}
    config = VitsConfig(
        vocab_size=len(letters),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=16,
        flow_size=16,
        spectrogram_bins=9,
        duration_predictor_filter_channels=16,
        prior_encoder_num_flows=1,
        prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1,
        upsample_initial_channel=16,
        upsample_rates=[8, 4],
        upsample_kernel_sizes=[16, 8],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]],
        depth_separable_num_layers=1,
        duration_predictor_num_flows=1,
        num_speakers=speakers,
        speaker_embedding_size=4 if speakers > 1 else 0,
    )
    seeded(VitsModel, config).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(letters))
    VitsTokenizer(
        str(folder / "vocab.json"), pad_token="_", unk_token="'", language="eng", phonemize=False
    ).save_pretrained(folder)


def speecht5_speech(folder: Path) -> None:
    """A voice without its vocoder."""
    from transformers import SpeechT5Config, SpeechT5ForTextToSpeech, SpeechT5Tokenizer

    size = len(characters(folder, "spm_char.model"))
    _talkative(seeded(SpeechT5ForTextToSpeech, SpeechT5Config(**_SPEECHT5, vocab_size=size))).save_pretrained(folder)
    SpeechT5Tokenizer(str(folder / "spm_char.model")).save_pretrained(folder)


def speecht5_conversion(folder: Path) -> None:
    """A converter of voices without its vocoder."""
    from transformers import SpeechT5Config, SpeechT5FeatureExtractor, SpeechT5ForSpeechToSpeech

    _talkative(seeded(SpeechT5ForSpeechToSpeech, SpeechT5Config(**_SPEECHT5, vocab_size=81))).save_pretrained(folder)
    SpeechT5FeatureExtractor(num_mel_bins=8).save_pretrained(folder)


def vocoder(folder: Path) -> None:
    """What makes spectrograms heard, 64 samples for each of their frames."""
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    config = SpeechT5HifiGanConfig(
        model_in_dim=8,
        upsample_initial_channel=16,
        upsample_rates=[8, 8],
        upsample_kernel_sizes=[16, 16],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]],
    )
    model = seeded(SpeechT5HifiGan, config)
    _louder(model)
    model.save_pretrained(folder)


def speaker_encoder(folder: Path, *, numbers: int = SPEAKER_NUMBERS) -> None:
    """What tells speakers apart."""
    from transformers import WavLMConfig, WavLMForXVector

    config = WavLMConfig(
        **WAV2VEC2,
        feat_extract_norm="layer",
        tdnn_dim=[16, 16, 16],
        tdnn_kernel=[3, 3, 1],
        tdnn_dilation=[1, 2, 1],
        xvector_output_dim=numbers,
        num_buckets=16,
        max_bucket_distance=32,
    )
    seeded(WavLMForXVector, config).save_pretrained(folder)
    wav2vec2_extractor(folder, masked=True)


def _talkative(model: Any) -> Any:
    """Keeps a SpeechT5 from ending at its first step, which random weights would let it do."""
    import torch

    with torch.no_grad():
        model.speech_decoder_postnet.prob_out.bias.fill_(-3.0)
    return model


def _louder(model: Any) -> None:
    """Gives a vocoder weights that make more than silence of what goes in."""
    import torch

    generator = torch.Generator().manual_seed(1)
    for weights in model.parameters():
        if weights.dim() > 1:
            weights.detach().normal_(0, 0.2, generator=generator)
