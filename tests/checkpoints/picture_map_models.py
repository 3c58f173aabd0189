"""Tiny checkpoints that draw depth, enlarge pictures, and find poses."""

from __future__ import annotations

import json
from pathlib import Path

from tests.checkpoints.picture_parts import made, seeded


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
    seeded(DPTForDepthEstimation, config).save_pretrained(folder)
    settings = {"image_processor_type": "DPTImageProcessor", "size": {"height": 32, "width": 32}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def depth_anything(folder: Path, *, metric: bool = True) -> None:
    """A Depth Anything, which keeps the shape of pictures; in metres, or not."""
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

    eyes = made(
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
    seeded(DepthAnythingForDepthEstimation, config).save_pretrained(folder)
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
    seeded(GLPNForDepthEstimation, config).save_pretrained(folder)
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
    seeded(Swin2SRForImageSuperResolution, config, spread=0.1).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": "Swin2SRImageProcessor"}))


def vitpose(folder: Path) -> None:
    """A ViTPose of COCO's joints, whose heatmaps have peaks."""
    from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation

    eyes = made(
        VitPoseBackboneConfig,
        image_size=[64, 48],
        patch_size=[16, 16],
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        out_indices=[1],
        out_features=["stage1"],
    )
    model = seeded(VitPoseForPoseEstimation, made(VitPoseConfig, backbone_config=eyes, num_labels=17))
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
    model = seeded(YolosForObjectDetection, config)
    model.class_labels_classifier.layers[-1].bias.data = model.class_labels_classifier.layers[-1].bias.new_tensor(
        [4, -4]
    )
    model.save_pretrained(folder)
    settings = {"image_processor_type": "YolosImageProcessor", "size": {"shortest_edge": 32, "longest_edge": 64}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
