"""What models perform, by the classes that they were saved from: tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ENCODER: Final = ("sentence-similarity", "feature-extraction")
DEPTH: Final = ("depth-estimation", "depth-control", "normal-control")
SEGMENTATION: Final = ("image-segmentation", "seg-control")
CONTROLS: Final = ("canny", "hed", "mlsd", "normal", "openpose", "depth", "seg", "scribble")

CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "AlignModel": ("zero-shot-image-classification",),
    "ASTForAudioClassification": ("audio-classification",),
    "BarkModel": ("text-to-speech",),
    "BlipForQuestionAnswering": ("visual-question-answering",),
    "CLIPModel": ("zero-shot-image-classification",),
    "ChineseCLIPModel": ("zero-shot-image-classification",),
    "DacModel": ("audio-to-audio",),
    "DonutSwinModel": ("document-question-answering",),
    "EncodecModel": ("audio-to-audio",),
    "GitForCausalLM": ("image-to-text",),
    "GroundingDinoForObjectDetection": ("zero-shot-object-detection",),
    "LayoutLMForQuestionAnswering": ("document-question-answering",),
    "LayoutLMv2ForQuestionAnswering": ("document-question-answering",),
    "LayoutLMv3ForQuestionAnswering": ("document-question-answering",),
    "MMGroundingDinoForObjectDetection": ("zero-shot-object-detection",),
    "MarianMTModel": ("translation",),
    "MimiModel": ("audio-to-audio",),
    "MusicgenForConditionalGeneration": ("text-to-audio",),
    "OwlViTForObjectDetection": ("zero-shot-object-detection",),
    "Owlv2ForObjectDetection": ("zero-shot-object-detection",),
    "SamModel": ("mask-generation",),
    "Siglip2Model": ("zero-shot-image-classification",),
    "SiglipModel": ("zero-shot-image-classification",),
    "SpeechT5ForSpeechToSpeech": ("voice-conversion",),
    "SpeechT5ForTextToSpeech": ("text-to-speech",),
    "Swin2SRForImageSuperResolution": ("image-to-image",),
    "TapasForQuestionAnswering": ("table-question-answering",),
    "ViltForQuestionAnswering": ("visual-question-answering",),
    "VisionEncoderDecoderModel": ("image-to-text",),
    "VitPoseForPoseEstimation": ("openpose-control",),
    "VitsModel": ("text-to-speech",),
}
"""Classes of transformers that perform something else than their last words say."""

ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "ForAudioClassification": ("audio-classification",),
    "ForCTC": ("automatic-speech-recognition",),
    "ForCausalLM": ("text-generation",),
    "ForDepthEstimation": DEPTH,
    "ForImageClassification": ("image-classification",),
    "ForInstanceSegmentation": SEGMENTATION,
    "ForMaskedLM": ("fill-mask",),
    "ForObjectDetection": ("object-detection",),
    "ForQuestionAnswering": ("question-answering",),
    "ForSemanticSegmentation": SEGMENTATION,
    "ForSequenceClassification": ("text-classification",),
    "ForSpeechSeq2Seq": ("automatic-speech-recognition",),
    "ForTokenClassification": ("token-classification",),
    "ForUniversalSegmentation": SEGMENTATION,
    "ForVideoClassification": ("video-classification",),
    "LMHeadModel": ("text-generation",),
}
"""Last words of classes of transformers."""

GENERATORS: Final[Mapping[str, tuple[str, ...]]] = {
    "bart": ("summarization",),
    "blip": ("image-to-text",),
    "blip-2": ("image-to-text",),
    "m2m_100": ("translation",),
    "marian": ("translation",),
    "mbart": ("translation",),
    "moonshine": ("automatic-speech-recognition",),
    "mt5": ("text2text-generation",),
    "nllb-moe": ("translation",),
    "pegasus": ("summarization",),
    "speech_to_text": ("automatic-speech-recognition",),
    "t5": ("text2text-generation",),
    "whisper": ("automatic-speech-recognition",),
}
"""What `…ForConditionalGeneration` is for, by `model_type`; of the others it is not known."""

SPEECH_MODELS: Final = frozenset(
    {"hubert", "sew", "sew-d", "unispeech", "unispeech-sat", "wav2vec2", "wav2vec2-bert", "wav2vec2-conformer", "wavlm"}
)
"""Values of `model_type` whose sequences are sounds: `…ForSequenceClassification` classifies those."""

PIPELINES: Final = (
    ("InstructPix2Pix", "image-editing"),
    ("StableVideoDiffusion", "image-to-video"),
    ("ImageToVideo", "image-to-video"),
    ("I2VGenXL", "image-to-video"),
    ("TextToVideo", "text-to-video"),
    ("AnimateDiff", "text-to-video"),
    ("CogVideoX", "text-to-video"),
    ("LTX", "text-to-video"),
    ("Wan", "text-to-video"),
    ("Mochi", "text-to-video"),
    ("HunyuanVideo", "text-to-video"),
    ("Img2Img", "image-to-image"),
    ("StableDiffusion", "text-to-image"),
    ("Flux", "text-to-image"),
    ("PixArt", "text-to-image"),
    ("Sana", "text-to-image"),
    ("Kandinsky", "text-to-image"),
    ("LatentConsistency", "text-to-image"),
    ("AutoPipelineForText2Image", "text-to-image"),
)
"""What diffusion pipelines are for, by a word in the name of their class; the first that fits counts."""

PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "SpeechT5ForTextToSpeech": {"vocoder": "microsoft/speecht5_hifigan"},
    "SpeechT5ForSpeechToSpeech": {
        "vocoder": "microsoft/speecht5_hifigan",
        "speaker_encoder": "microsoft/wavlm-base-plus-sv",
    },
}
"""The checkpoints that some classes do not work without, and that are always the same."""

CONTROL_BASES: Final[Mapping[int, str]] = {
    768: "stable-diffusion-v1-5/stable-diffusion-v1-5",
    2048: "stabilityai/stable-diffusion-xl-base-1.0",
}
"""The pipeline that a ControlNet steers, by the width of the text's vectors that it was made for."""
