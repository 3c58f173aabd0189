"""Tiny diffusion pipelines that paint pictures, saved as those of the Hub are."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.checkpoints.diffusion_parts import (
    HEADS,
    WIDTH,
    make_components,
    make_image_processor,
    make_safety_checker,
    make_text_config,
    make_unet,
    seed,
    tokenizer,
)


def stable_diffusion(folder: Path, *, safety_checker: bool = False) -> None:
    """Writes a Stable Diffusion, with or without the network that withholds pictures."""
    diffusers = import_module("diffusers")

    checker, extractor = (make_safety_checker(), make_image_processor()) if safety_checker else (None, None)
    diffusers.StableDiffusionPipeline(
        **make_components(make_unet()),
        safety_checker=checker,
        feature_extractor=extractor,
        requires_safety_checker=safety_checker,
    ).save_pretrained(folder)


def stable_diffusion_xl(folder: Path) -> None:
    """Writes a Stable Diffusion XL, which has two text encoders and is told the size."""
    diffusers = import_module("diffusers")
    transformers = import_module("transformers")

    components = make_components(
        make_unet(
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + WIDTH,
            cross_attention_dim=2 * WIDTH,
        )
    )
    second = transformers.CLIPTextModelWithProjection(make_text_config()).eval()
    diffusers.StableDiffusionXLPipeline(
        **components, text_encoder_2=second, tokenizer_2=components["tokenizer"]
    ).save_pretrained(folder)


def controlnet(folder: Path) -> None:
    """Writes the ControlNet that fits `stable_diffusion`."""
    diffusers = import_module("diffusers")

    seed()
    model = diffusers.ControlNetModel(
        block_out_channels=(8, WIDTH),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        conditioning_embedding_out_channels=(4, 8, 8, 8),
        cross_attention_dim=WIDTH,
        attention_head_dim=HEADS,
        norm_num_groups=4,
    )
    # Trained ones begin with silence, too; here the map is to be seen at once.
    for block in (*model.controlnet_down_blocks, model.controlnet_mid_block):
        block.reset_parameters()
    model.controlnet_cond_embedding.conv_out.reset_parameters()
    model.save_pretrained(folder)


def instruct_pix2pix(folder: Path) -> None:
    """Writes an InstructPix2Pix, whose network sees the picture beside the noise."""
    diffusers = import_module("diffusers")

    diffusers.StableDiffusionInstructPix2PixPipeline(
        **make_components(make_unet(in_channels=8)),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def flux(folder: Path) -> None:
    """Writes a Flux: a transformer on packed latents, with T5 beside CLIP."""
    diffusers = import_module("diffusers")
    transformers = import_module("transformers")

    seed()
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=HEADS,
        joint_attention_dim=32,
        pooled_projection_dim=WIDTH,
        axes_dims_rope=(4, 4, 8),
    )
    settings = transformers.T5Config(
        vocab_size=len(tokenizer()), d_model=32, d_ff=37, d_kv=8, num_layers=1, num_heads=4
    )
    long_tokenizer = tokenizer()
    long_tokenizer.model_max_length = 512
    components = make_components(None)
    components["vae"].register_to_config(shift_factor=0.1)
    diffusers.FluxPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=components["vae"],
        text_encoder=components["text_encoder"],
        tokenizer=components["tokenizer"],
        text_encoder_2=transformers.T5EncoderModel(settings).eval(),
        tokenizer_2=long_tokenizer,
        transformer=transformer,
    ).save_pretrained(folder)
