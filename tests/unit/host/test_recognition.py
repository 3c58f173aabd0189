"""What a model performs, found out from its configuration alone; and what of it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrion.errors import OrchestrionError
from orchestrion_host.models import recognition, safety
from orchestrion_host.models.configuration import Configuration

SAFE = ("config.json", "model.safetensors")


def configured(architecture: str = "", names: tuple[str, ...] = SAFE, **fields: Any) -> Configuration:
    config = {"architectures": [architecture] if architecture else [], **fields.pop("config", {})}
    return Configuration("someone/model", names, config=config, **fields)


@pytest.mark.parametrize(
    ("configuration", "task_types"),
    [
        (configured("BertForSequenceClassification"), ["text-classification"]),
        (
            configured("BartForSequenceClassification", config={"id2label": {"0": "contradiction", "1": "ENTAILMENT"}}),
            ["zero-shot-classification"],
        ),
        (configured("Wav2Vec2ForSequenceClassification", config={"model_type": "wav2vec2"}), ["audio-classification"]),
        (configured("BertForTokenClassification"), ["token-classification"]),
        (configured("RobertaForQuestionAnswering"), ["question-answering"]),
        (configured("ViltForQuestionAnswering"), ["visual-question-answering"]),
        (configured("TapasForQuestionAnswering"), ["table-question-answering"]),
        (configured("LayoutLMForQuestionAnswering"), ["document-question-answering"]),
        (configured("BertForMaskedLM"), ["fill-mask"]),
        (configured("GPT2LMHeadModel"), ["text-generation"]),
        (
            configured("LlamaForCausalLM", tokenizer={"chat_template": "{{ messages }}"}),
            ["conversational", "text-generation"],
        ),
        (configured("GitForCausalLM"), ["image-to-text"]),
        (configured("T5ForConditionalGeneration", config={"model_type": "t5"}), ["text2text-generation"]),
        (
            configured("T5ForConditionalGeneration", config={"model_type": "t5"}, pipeline_tag="translation"),
            ["translation"],
        ),
        (configured("MarianMTModel"), ["translation"]),
        (
            configured("WhisperForConditionalGeneration", config={"model_type": "whisper"}),
            ["automatic-speech-recognition"],
        ),
        (configured("Wav2Vec2ForCTC", config={"model_type": "wav2vec2"}), ["automatic-speech-recognition"]),
        (configured("ViTForImageClassification"), ["image-classification"]),
        (configured("DetrForObjectDetection"), ["object-detection"]),
        (configured("OwlViTForObjectDetection"), ["zero-shot-object-detection"]),
        (configured("SegformerForSemanticSegmentation"), ["image-segmentation", "seg-control"]),
        (configured("CLIPModel"), ["zero-shot-image-classification"]),
        (configured("SamModel"), ["mask-generation"]),
        (configured("DPTForDepthEstimation"), ["depth-estimation", "depth-control", "normal-control"]),
        (configured("VisionEncoderDecoderModel"), ["image-to-text"]),
        (
            configured("VisionEncoderDecoderModel", pipeline_tag="document-question-answering"),
            ["document-question-answering"],
        ),
        (configured("Swin2SRForImageSuperResolution"), ["image-to-image"]),
        (configured("VitPoseForPoseEstimation"), ["openpose-control"]),
        (configured("ASTForAudioClassification"), ["audio-classification"]),
        (configured("VitsModel"), ["text-to-speech"]),
        (configured("MusicgenForConditionalGeneration"), ["text-to-audio"]),
        (configured("SpeechT5ForSpeechToSpeech"), ["voice-conversion"]),
        (configured("EncodecModel"), ["audio-to-audio"]),
        (configured("VideoMAEForVideoClassification"), ["video-classification"]),
        (configured("BertModel", pipeline_tag="sentence-similarity"), ["sentence-similarity", "feature-extraction"]),
        (configured("MPNetModel"), ["sentence-similarity", "feature-extraction"]),
        (configured(index={"_class_name": "StableDiffusionXLPipeline"}), ["text-to-image"]),
        (configured(index={"_class_name": "StableDiffusionInstructPix2PixPipeline"}), ["image-editing"]),
        (configured(index={"_class_name": "TextToVideoSDPipeline"}), ["text-to-video"]),
        (configured(index={"_class_name": "StableVideoDiffusionPipeline"}), ["image-to-video"]),
        (
            Configuration("x/control_v11p_sd15_openpose", SAFE, config={"_class_name": "ControlNetModel"}),
            ["openpose-text-to-image"],
        ),
        (
            configured(names=("onnx/model.onnx", "tokenizer.json"), pipeline_tag="text-classification"),
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
    recognised = recognition.recognise(configured("BertForMaskedLM"), ["feature-extraction"])
    assert recognised.task_types == ("feature-extraction",)


@pytest.mark.parametrize(
    ("configuration", "requested", "seen"),
    [
        (configured("TimeSeriesTransformerForPrediction"), (), "TimeSeriesTransformerForPrediction"),
        (configured(pipeline_tag="robotics"), (), "robotics"),
        (configured("BertForMaskedLM"), ("text-to-image",), "BertForMaskedLM"),
        (configured("BertForMaskedLM"), ("fill-mask", "translation"), "BertForMaskedLM"),
    ],
)
def test_what_no_runtime_performs_is_refused_with_what_was_seen(
    configuration: Configuration, requested: tuple[str, ...], seen: str
) -> None:
    with pytest.raises(OrchestrionError) as caught:
        recognition.recognise(configuration, requested)
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
    assert recognition.recognise(configured("BertForSequenceClassification", config=config)).domain == domain


@pytest.mark.parametrize(
    "configuration",
    [
        configured("X", config={"auto_map": {"AutoModel": "m.X"}}),
        configured("X", tokenizer={"auto_map": {"AutoTokenizer": ["m.X", None]}}),
        configured("X", tags=["custom_code"]),
        configured(index={"_class_name": ["pipeline", "MyPipeline"]}),
        configured(
            index={"_class_name": "X", "unet": ["my_unet", "Unet"]}, names=("my_unet.py", "unet/model.safetensors")
        ),
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
    recognised = recognition.recognise(configured(architecture, ("config.json", "tokenizer.json", "onnx/model.onnx")))
    assert (recognised.runtime, recognised.task_types) == ("onnx", (task_type,))
