"""Tiny checkpoints of sound and video, and one row for each of their task types."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from tests.checkpoints.rows import TaskRow

SPEECH: Final = Path(__file__).parents[1] / "media" / "speech.flac"
ERRAND: Final = SPEECH.with_name("errand.flac")
CLIP: Final = Path(__file__).parents[1] / "media" / "waves.mp4"
RATE: Final = 16_000
LETTERS: Final = ("<pad>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'")
SPEAKER_NUMBERS: Final = 8

_WAV2VEC2: Final[dict[str, Any]] = {
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


def wav2vec2(folder: Path, *, masked: bool = True, spaces: bool = True) -> None:
    """A recogniser that spells.

    Args:
        folder: Where it goes.
        masked: Whether it bears padding, as those with layer norm do, and those with group norm do not.
        spaces: Whether its script has spaces between words.
    """
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    config = Wav2Vec2Config(**_WAV2VEC2, vocab_size=len(LETTERS), feat_extract_norm="layer" if masked else "group")
    _seeded(Wav2Vec2ForCTC, config).save_pretrained(folder)
    _wav2vec2_extractor(folder, masked=masked)
    _letters(folder, spaces=spaces)


def wav2vec2_classifier(folder: Path) -> None:
    """A classifier of sounds that takes waveforms."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForSequenceClassification

    names = {0: "speech", 1: "music", 2: "noise"}
    config = Wav2Vec2Config(**_WAV2VEC2, id2label=names, feat_extract_norm="layer")
    _seeded(Wav2Vec2ForSequenceClassification, config).save_pretrained(folder)
    _wav2vec2_extractor(folder, masked=True)


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
    _seeded(ASTForAudioClassification, config).save_pretrained(folder)
    ASTFeatureExtractor(max_length=128, num_mel_bins=32).save_pretrained(folder)  # type: ignore[no-untyped-call]


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
    model = _seeded(WhisperForConditionalGeneration, config)
    languages = {
        "lang_to_id": {f"<|{code}|>": tokens[f"<|{code}|>"] for code in ("en", "de", "fr")},
        "task_to_id": {"transcribe": tokens["<|transcribe|>"], "translate": tokens["<|translate|>"]},
    }
    times = {"no_timestamps_token_id": tokens["<|notimestamps|>"], "max_initial_timestamp_index": 50}
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
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
    WhisperFeatureExtractor(feature_size=8).save_pretrained(folder)  # type: ignore[no-untyped-call]


def speech2text(folder: Path) -> None:
    """A recogniser that writes."""
    from transformers import (
        Speech2TextConfig,
        Speech2TextFeatureExtractor,
        Speech2TextForConditionalGeneration,
        Speech2TextTokenizer,
    )

    pieces = _characters(folder, "sentencepiece.bpe.model")
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
    _seeded(Speech2TextForConditionalGeneration, config).save_pretrained(folder)
    Speech2TextFeatureExtractor(feature_size=16, num_mel_bins=16).save_pretrained(folder)  # type: ignore[no-untyped-call]


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
    _seeded(VitsModel, config).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(letters))
    VitsTokenizer(
        str(folder / "vocab.json"), pad_token="_", unk_token="'", language="eng", phonemize=False
    ).save_pretrained(folder)


def speecht5_speech(folder: Path) -> None:
    """A voice without its vocoder."""
    from transformers import SpeechT5Config, SpeechT5ForTextToSpeech, SpeechT5Tokenizer

    size = len(_characters(folder, "spm_char.model"))
    _talkative(_seeded(SpeechT5ForTextToSpeech, SpeechT5Config(**_SPEECHT5, vocab_size=size))).save_pretrained(folder)
    SpeechT5Tokenizer(str(folder / "spm_char.model")).save_pretrained(folder)


def speecht5_conversion(folder: Path) -> None:
    """A converter of voices without its vocoder."""
    from transformers import SpeechT5Config, SpeechT5FeatureExtractor, SpeechT5ForSpeechToSpeech

    _talkative(_seeded(SpeechT5ForSpeechToSpeech, SpeechT5Config(**_SPEECHT5, vocab_size=81))).save_pretrained(folder)
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
    model = _seeded(SpeechT5HifiGan, config)
    _louder(model)
    model.save_pretrained(folder)


def speaker_encoder(folder: Path, *, numbers: int = SPEAKER_NUMBERS) -> None:
    """What tells speakers apart."""
    from transformers import WavLMConfig, WavLMForXVector

    config = WavLMConfig(
        **_WAV2VEC2,
        feat_extract_norm="layer",
        tdnn_dim=[16, 16, 16],
        tdnn_kernel=[3, 3, 1],
        tdnn_dilation=[1, 2, 1],
        xvector_output_dim=numbers,
        num_buckets=16,
        max_bucket_distance=32,
    )
    _seeded(WavLMForXVector, config).save_pretrained(folder)
    _wav2vec2_extractor(folder, masked=True)


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
    model = _seeded(MusicgenForConditionalGeneration, config)
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
    model = _seeded(EncodecModel, config)
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
    _seeded(DacModel, config).save_pretrained(folder)
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
    _seeded(MimiModel, config).save_pretrained(folder)
    EncodecFeatureExtractor(sampling_rate=RATE).save_pretrained(folder)


def videomae(folder: Path) -> None:
    """A classifier of videos that takes eight pictures."""
    from transformers import VideoMAEConfig, VideoMAEForVideoClassification

    config = VideoMAEConfig(
        image_size=32,
        patch_size=16,
        num_frames=8,
        tubelet_size=2,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        id2label={0: "waving", 1: "cooking", 2: "surfing"},
    )
    _seeded(VideoMAEForVideoClassification, config).save_pretrained(folder)
    _video_processor(folder)


def timesformer(folder: Path) -> None:
    """Another one, which takes four."""
    from transformers import TimesformerConfig, TimesformerForVideoClassification

    config = TimesformerConfig(
        image_size=32,
        patch_size=16,
        num_frames=4,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        id2label={0: "waving", 1: "cooking"},
    )
    _seeded(TimesformerForVideoClassification, config).save_pretrained(folder)
    _video_processor(folder)


def vivit(folder: Path) -> None:
    """A third one."""
    from transformers import VivitConfig, VivitForVideoClassification

    config = VivitConfig(
        image_size=32,
        tubelet_size=[2, 16, 16],
        num_frames=4,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        id2label={0: "waving", 1: "cooking"},
    )
    _seeded(VivitForVideoClassification, config).save_pretrained(folder)
    settings = {"image_processor_type": "VivitImageProcessor", "size": {"shortest_edge": 36}}
    (folder / "preprocessor_config.json").write_text(json.dumps({**settings, "crop_size": {"height": 32, "width": 32}}))


def _seeded(kind: Any, config: Any) -> Any:
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(1)
        return kind(config).eval()


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


def _fill_codebooks(model: Any) -> None:
    """Gives the codebooks different entries: those of a new model are all zero, and nothing would be heard."""
    import torch

    generator = torch.Generator().manual_seed(1)
    for layer in model.quantizer.layers:
        layer.codebook.embed.copy_(torch.randn(layer.codebook.embed.shape, generator=generator) / 4)


def _wav2vec2_extractor(folder: Path, *, masked: bool) -> None:
    from transformers import Wav2Vec2FeatureExtractor

    extractor: Any = Wav2Vec2FeatureExtractor(sampling_rate=RATE, return_attention_mask=masked)  # type: ignore[no-untyped-call]
    extractor.save_pretrained(folder)


def _letters(folder: Path, *, spaces: bool) -> None:
    from transformers import Wav2Vec2CTCTokenizer

    letters = [letter if spaces or letter != "|" else "_" for letter in LETTERS]
    (folder / "vocab.json").write_text(json.dumps({letter: place for place, letter in enumerate(letters)}))
    Wav2Vec2CTCTokenizer(str(folder / "vocab.json")).save_pretrained(folder)  # type: ignore[no-untyped-call]


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


def _characters(folder: Path, name: str) -> list[str]:
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


def _video_processor(folder: Path) -> None:
    settings = {"image_processor_type": "VideoMAEImageProcessor", "size": {"shortest_edge": 36}}
    (folder / "preprocessor_config.json").write_text(json.dumps({**settings, "crop_size": {"height": 32, "width": 32}}))


def _text_is_spelled(outputs: Mapping[str, Any]) -> None:
    assert set(outputs["text"]) <= set("".join(LETTERS[3:]) + " ")
    assert outputs["text"]
    assert [word["text"] for word in outputs["words"]] == outputs["text"].split()
    assert all(0 <= word["start_s"] < word["end_s"] < 3 for word in outputs["words"])


def _scores_add_up(outputs: Mapping[str, Any]) -> None:
    shares = [item["score"] for item in outputs["scores"]]
    assert len(shares) == 3
    assert math.isclose(sum(shares), 1, abs_tol=1e-4)
    assert outputs["label"] == outputs["scores"][0]["label"]
    assert outputs["score"] == max(shares)


def _is_sound(outputs: Mapping[str, Any], *, seconds: float | None = None) -> None:
    samples, rate = soundfile.read(outputs["audio"], dtype="float32", always_2d=True)
    information = soundfile.info(outputs["audio"])
    assert (information.format, information.subtype) == ("WAV", "PCM_16")
    assert rate == RATE
    assert samples.shape[1] == 1
    assert np.abs(samples).max() > 0
    if seconds is not None:
        assert len(samples) == round(seconds * RATE)


ROWS: Final = (
    TaskRow(
        task_type="automatic-speech-recognition",
        expert="tiny-wav2vec2",
        make=wav2vec2,
        inputs={"audio": SPEECH},
        check=_text_is_spelled,
    ),
    TaskRow(
        task_type="audio-classification",
        expert="tiny-wav2vec2-classifier",
        make=wav2vec2_classifier,
        inputs={"audio": SPEECH},
        check=_scores_add_up,
    ),
    TaskRow(
        task_type="text-to-speech",
        expert="tiny-vits",
        make=vits,
        inputs={"text": "The train leaves at ten. Take your coat.", "language": "en"},
        check=_is_sound,
    ),
    TaskRow(
        task_type="text-to-audio",
        expert="tiny-musicgen",
        make=musicgen,
        inputs={"prompt": "a slow waltz", "duration_seconds": 0.5, "seed": 7},
        check=lambda outputs: _is_sound(outputs, seconds=0.5),
    ),
    TaskRow(
        task_type="audio-to-audio",
        expert="tiny-encodec",
        make=encodec,
        inputs={"audio": SPEECH, "bandwidth_kbps": 0.5},
        check=lambda outputs: _is_sound(outputs, seconds=soundfile.info(SPEECH).duration),
    ),
    TaskRow(
        task_type="voice-conversion",
        expert="tiny-speecht5-converter",
        make=speecht5_conversion,
        inputs={"audio": SPEECH, "reference_audio": ERRAND},
        check=_is_sound,
        parts={"vocoder": vocoder, "speaker_encoder": speaker_encoder},
    ),
    TaskRow(
        task_type="video-classification",
        expert="tiny-videomae",
        make=videomae,
        inputs={"video": CLIP},
        check=_scores_add_up,
    ),
)
"""One for each task type of sound and video."""
