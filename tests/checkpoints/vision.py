"""Tiny models of pictures with random weights: classes, objects, segments, masks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from PIL import Image

from orchestrion.values import Json
from tests.checkpoints.rows import TaskRow

_MEDIA: Final = Path(__file__).parents[1] / "media"
CAT: Final = _MEDIA / "cat.jpg"
WORDS: Final = ("a", "photo", "of", "this", "is", "cat", "dog", "cup", "table", ".")
CATS: Final = 2
"""How many boxes of class `cat` the detector of `cat_counter` finds in any picture."""


def _seed() -> Any:
    import torch

    torch.manual_seed(7)
    import transformers

    return transformers


def picture_settings(folder: Path, kind: str, side: int, **more: Any) -> None:
    settings = {
        "image_processor_type": kind,
        "do_resize": True,
        "size": {"height": side, "width": side},
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        **more,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def word_tokenizer(folder: Path, max_length: int) -> None:
    """Writes a tokenizer of a few words that ends each text with `</s>`, as CLIP's does."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {word: number for number, word in enumerate(("<pad>", "<unk>", "<s>", *WORDS, "</s>"))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", vocabulary["<s>"]), ("</s>", vocabulary["</s>"])]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_length,
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "model_input_names": ["input_ids", "attention_mask"],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def vit(folder: Path) -> None:
    """Writes a ViT of three classes."""
    transformers = _seed()
    config = transformers.ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=32, patch_size=8,
        id2label={0: "cat", 1: "dog", 2: "cup"}, label2id={"cat": 0, "dog": 1, "cup": 2},
    )  # fmt: skip
    transformers.ViTForImageClassification(config).save_pretrained(folder)
    picture_settings(folder, "ViTImageProcessor", 32)


def clip(folder: Path) -> None:
    """Writes a CLIP with a vocabulary of ten words."""
    transformers = _seed()
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    # The end of a text has the greatest number, as CLIP's published tokenizer has it.
    last = 3 + len(WORDS)
    text = {"vocab_size": last + 1, "max_position_embeddings": 24, "bos_token_id": 2, "eos_token_id": last} | sizes
    vision = {"image_size": 32, "patch_size": 8} | sizes
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)
    transformers.CLIPModel(config).save_pretrained(folder)
    word_tokenizer(folder, 24)
    picture_settings(folder, "CLIPImageProcessor", 32, do_center_crop=True, crop_size={"height": 32, "width": 32})


def siglip(folder: Path) -> None:
    """Writes a SigLIP with a vocabulary of ten words."""
    transformers = _seed()
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    last = 3 + len(WORDS)
    text = {"vocab_size": last + 1, "max_position_embeddings": 64, "bos_token_id": 2, "eos_token_id": last} | sizes
    text |= {"pad_token_id": 0, "projection_size": 32}
    vision = {"image_size": 32, "patch_size": 8} | sizes
    config = transformers.SiglipConfig(text_config=text, vision_config=vision)
    transformers.SiglipModel(config).save_pretrained(folder)
    word_tokenizer(folder, 64)
    picture_settings(folder, "SiglipImageProcessor", 32)


def cat_counter(folder: Path) -> None:
    """Writes a YOLOS that finds exactly `CATS` cats in any picture: its boxes and classes do not depend on it."""
    import torch

    transformers = _seed()
    config = transformers.YolosConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=[64, 96],
        patch_size=16, num_detection_tokens=CATS, id2label={0: "dog", 1: "cat"}, label2id={"dog": 0, "cat": 1},
    )  # fmt: skip
    model = transformers.YolosForObjectDetection(config)
    with torch.no_grad():
        last = model.class_labels_classifier.layers[-1]
        last.weight.zero_()
        # Of dog, cat, and nothing: a cat is likeliest by far.
        last.bias.copy_(torch.tensor([-4.0, 4.0, -4.0]))
    model.save_pretrained(folder)
    picture_settings(folder, "YolosImageProcessor", 64, size={"shortest_edge": 64, "longest_edge": 96}, do_pad=True)


def detr_settings(folder: Path) -> None:
    """Writes the settings of DETR's image processor for small pictures."""
    size = {"shortest_edge": 48, "longest_edge": 64}
    picture_settings(folder, "DetrImageProcessor", 48, size=size, do_pad=True, format="coco_detection")


def owl(folder: Path) -> None:
    """Writes an OWL-ViT that takes every patch for what it was asked for."""
    import torch

    transformers = _seed()
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    last = 3 + len(WORDS)
    text = {"vocab_size": last + 1, "max_position_embeddings": 16, "bos_token_id": 2, "eos_token_id": last} | sizes
    vision = {"image_size": 32, "patch_size": 16} | sizes
    config = transformers.OwlViTConfig(text_config=text, vision_config=vision, projection_dim=32)
    model = transformers.OwlViTForObjectDetection(config)
    with torch.no_grad():
        # Sure of every patch, whose boxes are the patches themselves.
        model.class_head.logit_shift.bias.fill_(6.0)
        model.box_head.dense2.weight.zero_()
        model.box_head.dense2.bias.zero_()
    model.save_pretrained(folder)
    word_tokenizer(folder, 16)
    picture_settings(folder, "OwlViTImageProcessor", 32, do_center_crop=False)


def segformer(folder: Path) -> None:
    """Writes a SegFormer of three classes."""
    transformers = _seed()
    config = transformers.SegformerConfig(
        num_encoder_blocks=2, depths=[1, 1], sr_ratios=[2, 1], hidden_sizes=[8, 16], patch_sizes=[7, 3], strides=[4, 2],
        num_attention_heads=[1, 2], mlp_ratios=[2, 2], decoder_hidden_size=16,
        id2label={0: "wall", 1: "floor", 2: "cat"}, label2id={"wall": 0, "floor": 1, "cat": 2},
    )  # fmt: skip
    transformers.SegformerForSemanticSegmentation(config).save_pretrained(folder)
    picture_settings(folder, "SegformerImageProcessor", 64, do_reduce_labels=False)


def maskformer(folder: Path) -> None:
    """Writes a MaskFormer of three classes, which tells one thing of a class from the next."""
    transformers = _seed()
    config = transformers.MaskFormerConfig(
        fpn_feature_size=32, mask_feature_size=32,
        backbone_config=transformers.SwinConfig(
            image_size=64, patch_size=4, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1], window_size=4,
            out_features=["stage1", "stage2", "stage3", "stage4"],
        ),
        decoder_config=transformers.DetrConfig(
            d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
            encoder_ffn_dim=32, decoder_ffn_dim=32, num_queries=6,
        ),
        id2label={0: "sky", 1: "tree", 2: "cat"}, label2id={"sky": 0, "tree": 1, "cat": 2},
    )  # fmt: skip
    transformers.MaskFormerForInstanceSegmentation(config).save_pretrained(folder)
    picture_settings(folder, "MaskFormerImageProcessor", 64, size={"shortest_edge": 64, "longest_edge": 96})


def sam(folder: Path) -> None:
    """Writes a SAM that looks at pictures of 64 pixels."""
    transformers = _seed()
    config = transformers.SamConfig(
        vision_config={
            "hidden_size": 16, "output_channels": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": 64, "patch_size": 8, "window_size": 4, "global_attn_indexes": [1], "mlp_dim": 32,
            "num_pos_feats": 8,
        },
        prompt_encoder_config={"hidden_size": 16, "image_size": 64, "patch_size": 8, "mask_input_channels": 4},
        mask_decoder_config={
            "hidden_size": 16, "mlp_dim": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "iou_head_depth": 2, "iou_head_hidden_dim": 16,
        },
    )  # fmt: skip
    transformers.SamModel(config).save_pretrained(folder)


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def _ranked(outputs: Mapping[str, Any], labels: set[str]) -> None:
    scores = outputs["scores"]
    assert {item["label"] for item in scores} == labels
    assert [item["score"] for item in scores] == sorted((item["score"] for item in scores), reverse=True)
    assert abs(sum(item["score"] for item in scores) - 1) < 1e-4
    assert (outputs["label"], outputs["score"]) == (scores[0]["label"], scores[0]["score"])


def _boxes_inside(objects: list[dict[str, Any]], size: tuple[int, int]) -> None:
    for item in objects:
        box = item["box"]
        assert 0 <= box["x_min"] < box["x_max"] <= size[0]
        assert 0 <= box["y_min"] < box["y_max"] <= size[1]


def _check_classes(outputs: Mapping[str, Any]) -> None:
    _ranked(outputs, {"cat", "dog", "cup"})


def _check_cats(outputs: Mapping[str, Any]) -> None:
    assert (outputs["text"], outputs["count"]) == (f"{CATS} cats", CATS)
    assert [item["label"] for item in outputs["objects"]] == ["cat"] * CATS
    _boxes_inside(outputs["objects"], _size(CAT))
    assert _size(outputs["annotated_image"]) == _size(CAT)


def _check_named(outputs: Mapping[str, Any]) -> None:
    assert outputs["count"] == len(outputs["objects"]) > 0
    assert {item["label"] for item in outputs["objects"]} <= {"cat", "cup"}
    _boxes_inside(outputs["objects"], _size(CAT))
    assert _size(outputs["annotated_image"]) == _size(CAT)


def _check_segments(outputs: Mapping[str, Any]) -> None:
    segments = outputs["segments"]
    assert outputs["count"] == len(segments) > 0
    with Image.open(outputs["mask"]) as mask:
        assert mask.size == _size(CAT)
        shown = set(mask.get_flattened_data())
    assert shown - {0} == {item["id"] for item in segments}
    assert abs(sum(item["area_share"] for item in segments) - 1) < 1e-3
    _boxes_inside(segments, _size(CAT))
    assert _size(outputs["annotated_image"]) == _size(CAT)


def _check_masks(outputs: Mapping[str, Any]) -> None:
    assert outputs["count"] == len(outputs["masks"]) == len(outputs["objects"]) > 0
    for path in outputs["masks"]:
        with Image.open(path) as mask:
            assert (mask.size, mask.mode) == (_size(CAT), "L")
            assert set(mask.get_flattened_data()) <= {0, 255}
    _boxes_inside(outputs["objects"], _size(CAT))
    assert _size(outputs["annotated_image"]) == _size(CAT)


def _check_map(outputs: Mapping[str, Any]) -> None:
    with Image.open(outputs["image"]) as image:
        assert (image.size, image.mode) == (_size(CAT), "RGB")


_POINTS: Final = Json([[100, 120]])

ROWS: Final = (
    TaskRow("image-classification", "tiny-vit", vit, {"image": CAT}, _check_classes),
    TaskRow(
        "zero-shot-image-classification", "tiny-clip", clip, {"image": CAT, "labels": ["cat", "dog", "cup"]},
        _check_classes,
    ),
    TaskRow("object-detection", "tiny-yolos", cat_counter, {"image": CAT}, _check_cats),
    TaskRow("zero-shot-object-detection", "tiny-owl", owl, {"image": CAT, "labels": ["cat", "cup"]}, _check_named),
    TaskRow("image-segmentation", "tiny-segformer", segformer, {"image": CAT}, _check_segments),
    TaskRow("mask-generation", "tiny-sam", sam, {"image": CAT, "points": _POINTS}, _check_masks),
    TaskRow("seg-control", "tiny-segformer-map", segformer, {"image": CAT}, _check_map),
)  # fmt: skip
"""One for each task type of this area."""
