"""Tiny diffusion pipelines that make videos."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.checkpoints.diffusion_parts import (
    FRAMES,
    HEADS,
    LATENT_SIDE,
    WIDTH,
    make_components,
    make_image_processor,
    make_vision_config,
    seed,
)


def text_to_video(folder: Path) -> None:
    """Writes a TextToVideoSD."""
    diffusers = import_module("diffusers")

    seed()
    unet = diffusers.UNet3DConditionModel(
        block_out_channels=(8, WIDTH),
        layers_per_block=1,
        sample_size=LATENT_SIDE,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=4,
    )
    diffusers.TextToVideoSDPipeline(**make_components(unet)).save_pretrained(folder)


def motion_adapter(folder: Path) -> None:
    """Writes the motion modules that set `stable_diffusion` in motion, for up to 24 pictures."""
    diffusers = import_module("diffusers")

    seed()
    diffusers.MotionAdapter(
        block_out_channels=(8, WIDTH),
        motion_layers_per_block=1,
        motion_norm_num_groups=4,
        motion_num_attention_heads=HEADS,
        motion_max_seq_length=24,
    ).save_pretrained(folder)


def stable_video_diffusion(folder: Path) -> None:
    """Writes a Stable Video Diffusion of four pictures."""
    diffusers = import_module("diffusers")
    transformers = import_module("transformers")

    seed()
    unet = diffusers.UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64),
        layers_per_block=1,
        sample_size=LATENT_SIDE,
        in_channels=8,
        out_channels=4,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=WIDTH,
        num_attention_heads=HEADS,
        projection_class_embeddings_input_dim=96,
        addition_time_embed_dim=32,
        num_frames=FRAMES,
    )
    vae = diffusers.AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=4,
    )
    # As the published one does it, but for the steps.
    scheduler = diffusers.EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        timestep_type="continuous",
        timestep_spacing="leading",
        use_karras_sigmas=True,
        sigma_min=0.002,
        sigma_max=700.0,
        steps_offset=1,
    )
    diffusers.StableVideoDiffusionPipeline(
        vae=vae,
        image_encoder=transformers.CLIPVisionModelWithProjection(make_vision_config()).eval(),
        unet=unet,
        scheduler=scheduler,
        feature_extractor=make_image_processor(),
    ).save_pretrained(folder)


def i2vgen_xl(folder: Path) -> None:
    """Writes an I2VGen-XL, whose pipeline tells its steps by a progress bar alone."""
    diffusers = import_module("diffusers")
    unets = import_module("diffusers.models.unets.unet_i2vgen_xl")
    transformers = import_module("transformers")

    seed()
    unet = unets.I2VGenXLUNet(
        block_out_channels=(4, 8),
        layers_per_block=1,
        sample_size=LATENT_SIDE,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=2,
    )
    diffusers.I2VGenXLPipeline(
        **make_components(unet),
        image_encoder=transformers.CLIPVisionModelWithProjection(make_vision_config()).eval(),
        feature_extractor=make_image_processor(),
    ).save_pretrained(folder)
