"""What a model performs, found out from its configuration alone; and what of it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion_host.models import recognition, safety
from orchestrion_host.models.configuration import Configuration

SAFE = ("config.json", "model.safetensors")


def found(architecture: str = "", names: tuple[str, ...] = SAFE, **fields: Any) -> Configuration:
    config = {"architectures": [architecture] if architecture else [], **fields.pop("config", {})}
    return Configuration("someone/model", names, config=config, **fields)


@pytest.mark.parametrize(
    ("configuration", "task_types"),
    [
        (found("BertForSequenceClassification"), ["text-classification"]),
        (
            found("BartForSequenceClassification", config={"id2label": {"0": "contradiction", "1": "ENTAILMENT"}}),
            ["zero-shot-classification"],
        ),
        (found("Wav2Vec2ForSequenceClassification", config={"model_type": "wav2vec2"}), ["audio-classification"]),
        (found("BertForTokenClassification"), ["token-classification"]),
        (found("RobertaForQuestionAnswering"), ["question-answering"]),
        (found("ViltForQuestionAnswering"), ["visual-question-answering"]),
        (found("TapasForQuestionAnswering"), ["table-question-answering"]),
        (found("LayoutLMForQuestionAnswering"), ["document-question-answering"]),
        (found("BertForMaskedLM"), ["fill-mask"]),
        (found("GPT2LMHeadModel"), ["text-generation"]),
        (
            found("LlamaForCausalLM", tokenizer={"chat_template": "{{ messages }}"}),
            ["conversational", "text-generation"],
        ),
        (found("GitForCausalLM"), ["image-to-text"]),
        (found("T5ForConditionalGeneration", config={"model_type": "t5"}), ["text2text-generation"]),
        (
            found("T5ForConditionalGeneration", config={"model_type": "t5"}, pipeline_tag="translation"),
            ["translation"],
        ),
        (found("MarianMTModel"), ["translation"]),
        (found("WhisperForConditionalGeneration", config={"model_type": "whisper"}), ["automatic-speech-recognition"]),
        (found("Wav2Vec2ForCTC", config={"model_type": "wav2vec2"}), ["automatic-speech-recognition"]),
        (found("ViTForImageClassification"), ["image-classification"]),
        (found("DetrForObjectDetection"), ["object-detection"]),
        (found("OwlViTForObjectDetection"), ["zero-shot-object-detection"]),
        (found("SegformerForSemanticSegmentation"), ["image-segmentation", "seg-control"]),
        (found("CLIPModel"), ["zero-shot-image-classification"]),
        (found("SamModel"), ["mask-generation"]),
        (found("DPTForDepthEstimation"), ["depth-estimation", "depth-control", "normal-control"]),
        (found("VisionEncoderDecoderModel"), ["image-to-text"]),
        (
            found("VisionEncoderDecoderModel", pipeline_tag="document-question-answering"),
            ["document-question-answering"],
        ),
        (found("Swin2SRForImageSuperResolution"), ["image-to-image"]),
        (found("VitPoseForPoseEstimation"), ["openpose-control"]),
        (found("ASTForAudioClassification"), ["audio-classification"]),
        (found("VitsModel"), ["text-to-speech"]),
        (found("MusicgenForConditionalGeneration"), ["text-to-audio"]),
        (found("SpeechT5ForSpeechToSpeech"), ["voice-conversion"]),
        (found("EncodecModel"), ["audio-to-audio"]),
        (found("VideoMAEForVideoClassification"), ["video-classification"]),
        (found("BertModel", pipeline_tag="sentence-similarity"), ["sentence-similarity", "feature-extraction"]),
        (found("MPNetModel"), ["sentence-similarity", "feature-extraction"]),
        (found(index={"_class_name": "StableDiffusionXLPipeline"}), ["text-to-image"]),
        (found(index={"_class_name": "StableDiffusionInstructPix2PixPipeline"}), ["image-editing"]),
        (found(index={"_class_name": "TextToVideoSDPipeline"}), ["text-to-video"]),
        (found(index={"_class_name": "StableVideoDiffusionPipeline"}), ["image-to-video"]),
        (
            Configuration("x/control_v11p_sd15_openpose", SAFE, config={"_class_name": "ControlNetModel"}),
            ["openpose-text-to-image"],
        ),
        (
            found(names=("onnx/model.onnx", "tokenizer.json"), pipeline_tag="text-classification"),
            ["text-classification"],
        ),
    ],
)
def test_task_types_follow_from_the_configuration(configuration: Configuration, task_types: list[str]) -> None:
    recognised = recognition.recognise(configuration)
    assert list(recognised.task_types) == task_types
    assert set(task_types) <= set(recognised.family.task_types)
    assert recognised.runtime in recognised.family.loaders


def test_the_caller_knows_better() -> None:
    recognised = recognition.recognise(found("BertForMaskedLM"), ["feature-extraction"])
    assert recognised.task_types == ("feature-extraction",)


@pytest.mark.parametrize(
    ("configuration", "asked", "seen"),
    [
        (found("TimeSeriesTransformerForPrediction"), (), "TimeSeriesTransformerForPrediction"),
        (found(pipeline_tag="robotics"), (), "robotics"),
        (found("BertForMaskedLM"), ("text-to-image",), "BertForMaskedLM"),
        (found("BertForMaskedLM"), ("fill-mask", "translation"), "BertForMaskedLM"),
    ],
)
def test_what_no_runtime_performs_is_refused_with_what_was_seen(
    configuration: Configuration, asked: tuple[str, ...], seen: str
) -> None:
    with pytest.raises(OrchestrionError) as caught:
        recognition.recognise(configuration, asked)
    assert caught.value.reason == "MODEL_NOT_SUPPORTED"
    assert seen in caught.value.message


@pytest.mark.parametrize(
    ("labels", "domain"),
    [
        (["POSITIVE", "NEGATIVE"], "sentiment"),
        (["joy", "anger", "fear", "love"], "emotion"),
        (["toxic", "obscene", "threat"], "toxicity"),
        (["sports", "politics"], ""),
        ([], ""),
    ],
)
def test_the_domain_of_a_classifier_follows_from_its_classes(labels: list[str], domain: str) -> None:
    config = {"id2label": {str(place): label for place, label in enumerate(labels)}}
    assert recognition.recognise(found("BertForSequenceClassification", config=config)).domain == domain


@pytest.mark.parametrize(
    "configuration",
    [
        found("X", config={"auto_map": {"AutoModel": "m.X"}}),
        found("X", tokenizer={"auto_map": {"AutoTokenizer": ["m.X", None]}}),
        found("X", tags=["custom_code"]),
        found(index={"_class_name": ["pipeline", "MyPipeline"]}),
        found(index={"_class_name": "X", "unet": ["my_unet", "Unet"]}, names=("my_unet.py", "unet/model.safetensors")),
    ],
)
def test_code_of_its_own_needs_trust(configuration: Configuration) -> None:
    with pytest.raises(OrchestrionError) as caught:
        safety.check(configuration, pickled_weights=True, remote_code=False)
    assert caught.value.reason == "UNSAFE_MODEL"
    assert safety.check(configuration, pickled_weights=False, remote_code=True) == ("remote-code",)


@pytest.mark.parametrize(
    ("architecture", "task_type"),
    [
        ("RobertaForSequenceClassification", "text-classification"),
        ("BertForTokenClassification", "token-classification"),
        ("DistilBertForQuestionAnswering", "question-answering"),
        ("ModernBertForMaskedLM", "fill-mask"),
    ],
)
def test_what_comes_as_onnx_alone_runs_there(architecture: str, task_type: str) -> None:
    recognised = recognition.recognise(found(architecture, ("config.json", "tokenizer.json", "onnx/model.onnx")))
    assert (recognised.runtime, recognised.task_types) == ("onnx", (task_type,))
