"""Tiny checkpoints that watch videos."""

from __future__ import annotations

import json
from pathlib import Path

from tests.checkpoints.sound_parts import seeded


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
    seeded(VideoMAEForVideoClassification, config).save_pretrained(folder)
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
    seeded(TimesformerForVideoClassification, config).save_pretrained(folder)
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
    seeded(VivitForVideoClassification, config).save_pretrained(folder)
    settings = {"image_processor_type": "VivitImageProcessor", "size": {"shortest_edge": 36}}
    (folder / "preprocessor_config.json").write_text(json.dumps({**settings, "crop_size": {"height": 32, "width": 32}}))


def _video_processor(folder: Path) -> None:
    settings = {"image_processor_type": "VideoMAEImageProcessor", "size": {"shortest_edge": 36}}
    (folder / "preprocessor_config.json").write_text(json.dumps({**settings, "crop_size": {"height": 32, "width": 32}}))
