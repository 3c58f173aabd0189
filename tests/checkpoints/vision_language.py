"""Tiny checkpoints of vision with language and of maps that guide painting, and a row for each of their task types."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from tests.checkpoints.rows import TaskRow

MEDIA: Final = Path(__file__).parents[1] / "media"
CAT: Final = MEDIA / "cat.jpg"
COFFEE: Final = MEDIA / "coffee.jpg"
INVOICE: Final = MEDIA / "invoice.png"
WORDS: Final = (
    *("what", "is", "the", "this", "where", "a", "cat", "cup", "of", "coffee", "picture", "colour", "red", "number"),
    *string.ascii_lowercase,
    *(f"##{letter}" for letter in string.ascii_lowercase),
    *string.digits,
    *(f"##{digit}" for digit in string.digits),
    *("?", ".", ",", ":", "<", ">", "/", "_"),
)
_SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
VOCABULARY: Final = (*_SPECIAL, *WORDS)
_TEXT: Final[dict[str, Any]] = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}
_SEEING: Final[dict[str, Any]] = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 32,
    "patch_size": 16,
}
_BERT_TOKENS: Final = {"bos_token_id": 2, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}


def blip(folder: Path, *, answers: bool = False) -> None:
    """A BLIP that writes captions, or answers to questions."""
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipForQuestionAnswering

    config = BlipConfig(
        text_config={**_TEXT, "encoder_hidden_size": 16, **_BERT_TOKENS}, vision_config=_SEEING, projection_dim=16
    )
    _seeded(BlipForQuestionAnswering if answers else BlipForConditionalGeneration, config).save_pretrained(folder)
    _image_processor(folder, "BlipImageProcessor")
    bert_tokenizer(folder)


def blip_answers(folder: Path) -> None:
    """A BLIP that answers questions."""
    blip(folder, answers=True)


def blip2(folder: Path) -> None:
    """A BLIP-2 on OPT."""
    from transformers import Blip2Config, Blip2ForConditionalGeneration, OPTConfig

    words = OPTConfig(
        vocab_size=len(VOCABULARY) + 1,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=32,
        max_position_embeddings=64,
        word_embed_proj_dim=16,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
    )
    config = Blip2Config(
        vision_config=_SEEING,
        qformer_config={**_TEXT, "encoder_hidden_size": 16},
        text_config=words.to_dict(),
        num_query_tokens=4,
        image_token_index=len(VOCABULARY),
    )
    model = _seeded(Blip2ForConditionalGeneration, config)
    model.save_pretrained(folder)
    _image_processor(folder, "BlipImageProcessor")
    bert_tokenizer(folder)


def git(folder: Path) -> None:
    """A GIT."""
    from transformers import GitConfig, GitForCausalLM

    config = GitConfig(vision_config=_SEEING, **_TEXT, bos_token_id=2, eos_token_id=3, pad_token_id=0)
    _seeded(GitForCausalLM, config).save_pretrained(folder)
    _image_processor(folder, "CLIPImageProcessor", crop=True)
    bert_tokenizer(folder)


def vit_gpt2(folder: Path) -> None:
    """An encoder of pictures with GPT-2 as decoder, as used for captions."""
    from transformers import GPT2Config, VisionEncoderDecoderConfig, VisionEncoderDecoderModel, ViTConfig

    decoder = _made(
        GPT2Config,
        vocab_size=len(VOCABULARY),
        n_positions=64,
        n_embd=16,
        n_layer=1,
        n_head=2,
        add_cross_attention=True,
        is_decoder=True,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(ViTConfig(**_SEEING), decoder)
    _seeded(VisionEncoderDecoderModel, config).save_pretrained(folder)
    _image_processor(folder, "ViTImageProcessor")
    bert_tokenizer(folder)


def trocr(folder: Path) -> None:
    """A reader of single lines."""
    from transformers import TrOCRConfig, VisionEncoderDecoderConfig, VisionEncoderDecoderModel, ViTConfig

    decoder = TrOCRConfig(
        vocab_size=len(VOCABULARY),
        d_model=16,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        cross_attention_hidden_size=16,
        decoder_start_token_id=2,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(ViTConfig(**_SEEING), decoder)
    _seeded(VisionEncoderDecoderModel, config).save_pretrained(folder)
    _image_processor(folder, "ViTImageProcessor")
    bert_tokenizer(folder)


def llava(folder: Path) -> None:
    """A LLaVA that one talks to by a chat template."""
    from transformers import (
        AutoTokenizer,
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    size = bert_tokenizer(folder, ("<image>",))
    words = LlamaConfig(
        vocab_size=size,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
    )
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**_SEEING),
        text_config=words,
        image_token_index=size - 1,
        vision_feature_layer=-1,
    )
    _seeded(LlavaForConditionalGeneration, config).save_pretrained(folder)
    processor = _made(
        LlavaProcessor,
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
        tokenizer=AutoTokenizer.from_pretrained(folder),
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=_CHAT,
    )
    processor.save_pretrained(folder)


_CHAT: Final = (
    "{% for message in messages %}user: {% for part in message.content %}"
    "{% if part.type == 'image' %}<image> {% else %}{{ part.text }}{% endif %}{% endfor %} answer: {% endfor %}"
)


def vilt(folder: Path) -> None:
    """A ViLT of four answers."""
    from transformers import ViltConfig, ViltForQuestionAnswering

    config = ViltConfig(**{**_TEXT, **_SEEING, "max_position_embeddings": 40}, id2label=dict(enumerate(ANSWERS)))
    _seeded(ViltForQuestionAnswering, config).save_pretrained(folder)
    settings = {"image_processor_type": "ViltImageProcessor", "size": {"shortest_edge": 32}, "size_divisor": 16}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    bert_tokenizer(folder)


ANSWERS: Final = ("yes", "no", "cat", "2")


def layoutlm(folder: Path) -> None:
    """A LayoutLM that points to answers."""
    from transformers import LayoutLMConfig, LayoutLMForQuestionAnswering

    config = LayoutLMConfig(**_TEXT, max_2d_position_embeddings=1024)
    _seeded(LayoutLMForQuestionAnswering, config).save_pretrained(folder)
    bert_tokenizer(folder)


def donut(folder: Path) -> None:
    """A Donut with the marks of its form."""
    from transformers import DonutSwinConfig, MBartConfig, VisionEncoderDecoderConfig, VisionEncoderDecoderModel

    marks = ("<s_docvqa>", "<s_question>", "</s_question>", "<s_answer>", "</s_answer>", "<sep/>")
    size = bert_tokenizer(folder, marks)
    encoder = DonutSwinConfig(
        image_size=[32, 32],
        patch_size=4,
        embed_dim=8,
        depths=[1, 1],
        num_heads=[2, 2],
        window_size=4,
    )
    decoder = _made(
        MBartConfig,
        vocab_size=size,
        d_model=16,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
        is_decoder=True,
        is_encoder_decoder=False,
        add_cross_attention=True,
        scale_embedding=True,
        add_final_layer_norm=True,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id = size - len(marks)
    config.pad_token_id = 0
    _seeded(VisionEncoderDecoderModel, config).save_pretrained(folder)
    settings = {"image_processor_type": "DonutImageProcessor", "size": {"height": 32, "width": 32}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def dpt(folder: Path) -> None:
    """A DPT: relative nearness."""
    from transformers import DPTConfig, DPTForDepthEstimation

    config = DPTConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=32,
        patch_size=8,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        is_hybrid=False,
    )
    _seeded(DPTForDepthEstimation, config).save_pretrained(folder)
    settings = {"image_processor_type": "DPTImageProcessor", "size": {"height": 32, "width": 32}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def depth_anything(folder: Path, *, metric: bool = True) -> None:
    """A Depth Anything, which keeps the shape of pictures; in metres, or not."""
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

    eyes = _made(
        Dinov2Config,
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=42,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=eyes,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        head_hidden_size=8,
        depth_estimation_type="metric" if metric else "relative",
        max_depth=20 if metric else None,
    )
    _seeded(DepthAnythingForDepthEstimation, config).save_pretrained(folder)
    settings = {
        "image_processor_type": "DPTImageProcessor",
        "size": {"height": 42, "width": 42},
        "keep_aspect_ratio": True,
        "ensure_multiple_of": 14,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def glpn(folder: Path) -> None:
    """A GLPN: metres."""
    from transformers import GLPNConfig, GLPNForDepthEstimation

    config = GLPNConfig(hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 1, 1],
                        mlp_ratios=[1, 1, 1, 1], decoder_hidden_size=8)  # fmt: skip
    _seeded(GLPNForDepthEstimation, config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": "GLPNImageProcessor"}))


def swin2sr(folder: Path) -> None:
    """A Swin2SR that doubles."""
    from transformers import Swin2SRConfig, Swin2SRForImageSuperResolution

    config = Swin2SRConfig(
        image_size=16,
        embed_dim=8,
        depths=[1],
        num_heads=[2],
        window_size=8,
        mlp_ratio=2.0,
        upscale=2,
        upsampler="pixelshuffledirect",
        resi_connection="1conv",
    )
    _seeded(Swin2SRForImageSuperResolution, config, spread=0.1).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": "Swin2SRImageProcessor"}))


def vitpose(folder: Path) -> None:
    """A ViTPose of COCO's joints, whose heatmaps have peaks."""
    from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation

    eyes = _made(
        VitPoseBackboneConfig,
        image_size=[64, 48],
        patch_size=[16, 16],
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        out_indices=[1],
        out_features=["stage1"],
    )
    model = _seeded(VitPoseForPoseEstimation, _made(VitPoseConfig, backbone_config=eyes, num_labels=17))
    # Heatmaps of new models are flat, and nothing would be drawn.
    for weight in model.head.parameters():
        weight.data *= 40
    model.save_pretrained(folder)
    settings = {"image_processor_type": "VitPoseImageProcessor", "size": {"height": 64, "width": 48}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def person_detector(folder: Path) -> None:
    """A detector to which everything is a person."""
    from transformers import YolosConfig, YolosForObjectDetection

    config = YolosConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=[32, 32],
        patch_size=16,
        num_detection_tokens=3,
        id2label={0: "person"},
    )
    model = _seeded(YolosForObjectDetection, config)
    model.class_labels_classifier.layers[-1].bias.data = model.class_labels_classifier.layers[-1].bias.new_tensor(
        [4, -4]
    )
    model.save_pretrained(folder)
    settings = {"image_processor_type": "YolosImageProcessor", "size": {"shortest_edge": 32, "longest_edge": 64}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def bert_tokenizer(folder: Path, marks: Sequence[str] = ()) -> int:
    """Writes a tokenizer of some words and all letters, and returns how many tokens it knows."""
    from transformers import BertTokenizer

    tokenizer: Any = BertTokenizer(vocab={word: place for place, word in enumerate(VOCABULARY)}, model_max_length=64)
    if marks:
        tokenizer.add_special_tokens({"additional_special_tokens": list(marks)})
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def _made(kind: Any, **settings: Any) -> Any:
    """Makes a configuration or processor; their classes declare only some of the settings that they take."""
    return kind(**settings)


def _seeded(kind: Any, config: Any, *, spread: float = 0.3) -> Any:
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = kind(config).eval()
        # New weights are so small that all outputs are alike.
        for name, weight in model.named_parameters():
            if weight.dim() > 1 and "position" not in name:
                weight.data.normal_(0, spread)
    return model


def _image_processor(folder: Path, kind: str, *, crop: bool = False) -> None:
    size = {"height": 32, "width": 32}
    settings = {"image_processor_type": kind, "size": {"shortest_edge": 32} if crop else size}
    (folder / "preprocessor_config.json").write_text(json.dumps({**settings, **({"crop_size": size} if crop else {})}))


def _check_text(name: str) -> Any:
    def check(outputs: Mapping[str, Any]) -> None:
        assert isinstance(outputs[name], str)
        assert outputs[name] == outputs[name].strip()

    return check


def _check_picked(outputs: Mapping[str, Any]) -> None:
    assert outputs["answer"] in ANSWERS
    assert 0 <= outputs["score"] <= 1
    scores = [item["score"] for item in outputs["scores"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == outputs["score"]


def _check_page(outputs: Mapping[str, Any]) -> None:
    assert outputs["answer"]
    assert 0 <= outputs["score"] <= 1
    with Image.open(INVOICE) as page:
        width, height = page.size
    box = outputs["box"]
    assert -1 <= box["x_min"] < box["x_max"] <= width + 1
    assert -1 <= box["y_min"] < box["y_max"] <= height + 1


def _check_map(mode: str, *, factor: int = 1) -> Any:
    def check(outputs: Mapping[str, Any]) -> None:
        with Image.open(CAT) as given, Image.open(outputs["image"]) as made:
            assert made.size == (given.width * factor, given.height * factor)
            assert made.mode == mode
            assert np.asarray(made).std() > 0

    return check


def _check_depth(outputs: Mapping[str, Any]) -> None:
    _check_map("L")(outputs)
    assert 0 < outputs["nearest"] <= outputs["statistics"]["median"] <= outputs["farthest"] <= 21
    assert outputs["statistics"]["unit"] == "metres"


def _engine(task_type: str, model: str) -> TaskRow:
    expert = f"drawn-{task_type}"
    return TaskRow(task_type, expert, None, {"image": CAT}, _check_map("L"), "engine", facts={"model": model})


ROWS: Final = (
    TaskRow(
        "image-to-text", "tiny-blip", blip, {"image": CAT, "domain": "caption"}, _check_text("text"),
        facts={"domain": "caption"},
    ),
    TaskRow(
        "visual-question-answering", "tiny-vilt", vilt, {"image": CAT, "question": "What is this?"}, _check_picked
    ),
    TaskRow(
        "document-question-answering", "tiny-layoutlm", layoutlm,
        {"image": INVOICE, "question": "What is the number?"}, _check_page,
    ),
    TaskRow(
        "image-to-image", "tiny-swin2sr", swin2sr, {"image": CAT, "operation": "upscale"}, _check_map("RGB", factor=2),
        facts={"accepts": {"operation": ["upscale"]}},
    ),
    TaskRow("depth-estimation", "tiny-depth-anything", depth_anything, {"image": CAT}, _check_depth),
    TaskRow("depth-control", "tiny-depth", dpt, {"image": CAT}, _check_map("L")),
    TaskRow("normal-control", "tiny-normals", dpt, {"image": CAT}, _check_map("RGB")),
    TaskRow(
        "openpose-control", "tiny-vitpose", vitpose, {"image": CAT}, _check_map("RGB"),
        parts={"detector": person_detector},
    ),
    _engine("canny-control", "opencv"),
    _engine("hed-control", "opencv-controls"),
    _engine("mlsd-control", "opencv-controls"),
    _engine("scribble-control", "opencv-controls"),
)  # fmt: skip
