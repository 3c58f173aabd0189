"""The components of tiny diffusion pipelines."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

SIDE: Final = 64
"""The usual width and height of what they make, in pixels."""
FRAMES: Final = 4
"""The pictures of a video from a picture."""
WIDTH: Final = 16
LATENT_SIDE: Final = SIDE // 8
_TOKENS: Final = 77
HEADS: Final = 2


def make_components(unet: Any) -> dict[str, Any]:
    """Makes what all pipelines of Stable Diffusion share, around the network that takes the noise away."""
    diffusers = import_module("diffusers")
    transformers = import_module("transformers")

    seed()
    vae = diffusers.AutoencoderKL(
        block_out_channels=(4, 4, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=SIDE,
    )
    return {
        "vae": vae,
        "text_encoder": transformers.CLIPTextModel(make_text_config()).eval(),
        "tokenizer": tokenizer(),
        "unet": unet,
        "scheduler": scheduler(),
    }


def scheduler() -> Any:
    """Makes a scheduler for the noise of Stable Diffusion, which takes exactly the steps that are asked for."""
    diffusers = import_module("diffusers")

    return diffusers.DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )


def make_unet(**settings: Any) -> Any:
    diffusers = import_module("diffusers")

    seed()
    return diffusers.UNet2DConditionModel(
        **{
            "block_out_channels": (8, WIDTH),
            "layers_per_block": 1,
            "sample_size": LATENT_SIDE,
            "in_channels": 4,
            "out_channels": 4,
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
            "cross_attention_dim": WIDTH,
            "attention_head_dim": HEADS,
            "norm_num_groups": 4,
            **settings,
        }
    )


def tokenizer() -> Any:
    """Makes a tokenizer of CLIP's kind that spells every word."""
    transformers = import_module("transformers")
    from tokenizers import pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ["<|startoftext|>", "<|endoftext|>", *alphabet, *(f"{letter}</w>" for letter in alphabet)]
    vocabulary = {word: number for number, word in enumerate(words)}
    return transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=_TOKENS)


def make_text_config() -> Any:
    transformers = import_module("transformers")

    return transformers.CLIPTextConfig(
        vocab_size=len(tokenizer()),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_attention_heads=HEADS,
        num_hidden_layers=1,
        max_position_embeddings=_TOKENS,
        projection_dim=WIDTH,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )


def make_vision_config() -> Any:
    transformers = import_module("transformers")

    return transformers.CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_attention_heads=HEADS,
        num_hidden_layers=1,
        image_size=224,
        patch_size=32,
        projection_dim=WIDTH,
    )


def make_image_processor() -> Any:
    transformers = import_module("transformers")

    return transformers.CLIPImageProcessorPil()


def make_safety_checker() -> Any:
    transformers = import_module("transformers")
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

    config = transformers.CLIPConfig(
        text_config=make_text_config().to_dict(), vision_config=make_vision_config().to_dict(), projection_dim=WIDTH
    )
    network: Any = StableDiffusionSafetyChecker
    checker = network(config).eval()
    # Everything is like everything else to it, and so everything is withheld.
    checker.concept_embeds_weights.data.fill_(-1.0)
    return checker


def seed() -> None:
    import torch

    torch.manual_seed(5)
