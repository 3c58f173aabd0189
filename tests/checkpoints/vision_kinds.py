"""Tiny models of the further architectures that find and cut out things: what checkpoints on the Hub are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tests.checkpoints import vision

NAMES: Final[dict[str, Any]] = {
    "id2label": {0: "cat", 1: "dog", 2: "N/A"},
    "label2id": {"cat": 0, "dog": 1, "N/A": 2},
}
"""The classes of all of them; COCO's list has places that stand for nothing, too."""
_SIZES: Final = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
_STAGES: Final = {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1]}
_FITTED: Final = {"shortest_edge": 64, "longest_edge": 96}


def detr(folder: Path) -> None:
    """Writes a DETR."""
    transformers = _library()
    transformers.DetrForObjectDetection(_detr_config(transformers.DetrConfig)).save_pretrained(folder)
    _detr_pictures(folder, "DetrImageProcessor")


def conditional_detr(folder: Path) -> None:
    """Writes a Conditional DETR, whose classes have scores of their own."""
    transformers = _library()
    config = _detr_config(transformers.ConditionalDetrConfig)
    transformers.ConditionalDetrForObjectDetection(config).save_pretrained(folder)
    _detr_pictures(folder, "ConditionalDetrImageProcessor")


def rt_detr(folder: Path) -> None:
    """Writes an RT-DETR."""
    transformers = _library()
    seeing = transformers.RTDetrResNetConfig(
        embedding_size=8, layer_type="basic", out_features=["stage2", "stage3", "stage4"], **_STAGES
    )
    config = transformers.RTDetrConfig(
        backbone_config=seeing, encoder_hidden_dim=16, encoder_in_channels=[8, 16, 16], encoder_ffn_dim=32,
        encoder_attention_heads=2, d_model=16, num_queries=10, decoder_in_channels=[16, 16, 16], decoder_ffn_dim=32,
        decoder_layers=2, decoder_attention_heads=2, decoder_n_points=2, num_denoising=0, **NAMES,
    )  # fmt: skip
    transformers.RTDetrForObjectDetection(config).save_pretrained(folder)
    vision.picture_settings(folder, "RTDetrImageProcessor", 64)


def detr_panoptic(folder: Path) -> None:
    """Writes a DETR with a head of masks."""
    transformers = _library()
    config = _detr_config(
        transformers.DetrConfig, d_model=128, encoder_attention_heads=8, stages=["stage1", "stage2", "stage3", "stage4"]
    )
    transformers.DetrForSegmentation(config).save_pretrained(folder)
    _detr_pictures(folder, "DetrImageProcessor", form="coco_panoptic")


def mask2former(folder: Path) -> None:
    """Writes a Mask2Former."""
    transformers = _library()
    config = transformers.Mask2FormerConfig(
        backbone_config=_swin(transformers, 1), feature_size=32, mask_feature_size=32, hidden_dim=32,
        encoder_feedforward_dim=32, encoder_layers=1, decoder_layers=2, num_attention_heads=2, dim_feedforward=32,
        num_queries=6, **NAMES,
    )  # fmt: skip
    transformers.Mask2FormerForUniversalSegmentation(config).save_pretrained(folder)
    vision.picture_settings(folder, "Mask2FormerImageProcessor", 64, size=_FITTED, size_divisor=32)


def beit(folder: Path) -> None:
    """Writes a BEiT of classes of pixels."""
    transformers = _library()
    config = transformers.BeitConfig(
        image_size=64, patch_size=8, **{**_SIZES, "num_hidden_layers": 4}, out_indices=[1, 2, 3, 4], pool_scales=[1, 2],
        use_auxiliary_head=False, **NAMES,
    )  # fmt: skip
    transformers.BeitForSemanticSegmentation(config).save_pretrained(folder)
    vision.picture_settings(folder, "BeitImageProcessor", 64, do_center_crop=False)


def upernet(folder: Path) -> None:
    """Writes a UperNet on ConvNeXt."""
    transformers = _library()
    seeing = transformers.ConvNextConfig(out_features=["stage1", "stage2", "stage3", "stage4"], **_STAGES)
    config = transformers.UperNetConfig(
        backbone_config=seeing, hidden_size=16, pool_scales=[1, 2], use_auxiliary_head=False, **NAMES
    )
    transformers.UperNetForSemanticSegmentation(config).save_pretrained(folder)
    vision.picture_settings(folder, "SegformerImageProcessor", 64)


def mobilevit(folder: Path) -> None:
    """Writes a MobileViT of classes of pixels, whose processor cuts pictures to their middle."""
    transformers = _library()
    config = transformers.MobileViTConfig(
        image_size=64, hidden_sizes=[16, 16, 32], neck_hidden_sizes=[8, 8, 16, 16, 32, 32, 64], num_attention_heads=2,
        aspp_out_channels=16, atrous_rates=[2, 4, 6], **NAMES,
    )  # fmt: skip
    transformers.MobileViTForSemanticSegmentation(config).save_pretrained(folder)
    size = {"height": 64, "width": 64}
    vision.picture_settings(
        folder, "MobileViTImageProcessor", 64, size={"shortest_edge": 72}, do_center_crop=True, crop_size=size
    )


def owlv2(folder: Path) -> None:
    """Writes an OWLv2 that takes every patch for what it was asked for."""
    import torch

    transformers = _library()
    last = 3 + len(vision.WORDS)
    text = {"vocab_size": last + 1, "max_position_embeddings": 16, "bos_token_id": 2, "eos_token_id": last} | _SIZES
    config = transformers.Owlv2Config(
        text_config=text, vision_config={"image_size": 32, "patch_size": 16} | _SIZES, projection_dim=32
    )
    model = transformers.Owlv2ForObjectDetection(config)
    with torch.no_grad():
        # Sure of every patch, whose boxes are the patches themselves.
        model.class_head.logit_shift.bias.fill_(6.0)
        model.class_head.logit_scale.weight.zero_()
        model.box_head.dense2.weight.zero_()
        model.box_head.dense2.bias.zero_()
    model.save_pretrained(folder)
    vision.word_tokenizer(folder, 16)
    vision.picture_settings(folder, "Owlv2ImageProcessor", 32, do_pad=True)


def grounding_dino(folder: Path) -> None:
    """Writes a Grounding DINO."""
    transformers = _library()
    words = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "a", "cat", "cup", "dog", "red")
    config = transformers.GroundingDinoConfig(
        backbone_config=_swin(transformers, 2),
        text_config=transformers.BertConfig(vocab_size=len(words), max_position_embeddings=64, **_SIZES),
        d_model=32, encoder_layers=1, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=32, decoder_ffn_dim=32, num_queries=8, max_text_len=64,
    )  # fmt: skip
    transformers.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    tokenizer = transformers.BertTokenizer(vocab={word: place for place, word in enumerate(words)}, model_max_length=64)
    tokenizer.save_pretrained(folder)
    _detr_pictures(folder, "GroundingDinoImageProcessor")


def _library() -> Any:
    import torch
    import transformers

    torch.manual_seed(1)
    return transformers


def _swin(transformers: Any, first: int) -> Any:
    return transformers.SwinConfig(
        image_size=64, patch_size=4, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1], window_size=4,
        out_features=[f"stage{stage}" for stage in range(first, 5)],
    )  # fmt: skip


def _detr_config(kind: Any, *, stages: list[str] | None = None, **settings: Any) -> Any:
    seeing = _library().ResNetConfig(embedding_size=8, layer_type="basic", out_features=stages or ["stage4"], **_STAGES)
    usual = {"d_model": 16, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    return kind(
        backbone_config=seeing, use_timm_backbone=False, use_pretrained_backbone=False, backbone=None,
        encoder_layers=1, decoder_layers=1, encoder_ffn_dim=32, decoder_ffn_dim=32, num_queries=6,
        **{**usual, **settings}, **NAMES,
    )  # fmt: skip


def _detr_pictures(folder: Path, kind: str, form: str = "coco_detection") -> None:
    vision.picture_settings(folder, kind, 64, size=_FITTED, do_pad=True, format=form)
