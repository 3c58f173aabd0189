"""Tiny diffusion pipelines: real classes with random weights that make pictures of 64 x 64 pixels."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Final

SIDE: Final = 64
"""The usual width and height of what they make, in pixels."""
FRAMES: Final = 4
"""The pictures of a video from a picture."""

_WIDTH: Final = 16
_LATENT_SIDE: Final = SIDE // 8
_TOKENS: Final = 77
_HEADS: Final = 2


def stable_diffusion(folder: Path, *, safety_checker: bool = False) -> None:
    """Writes a Stable Diffusion, with or without the network that withholds pictures."""
    diffusers = import_module("diffusers")

    checker, extractor = (_safety_checker(), _image_processor()) if safety_checker else (None, None)
    diffusers.StableDiffusionPipeline(
        **_components(_unet()),
        safety_checker=checker,
        feature_extractor=extractor,
        requires_safety_checker=safety_checker,
    ).save_pretrained(folder)


def stable_diffusion_xl(folder: Path) -> None:
    """Writes a Stable Diffusion XL, which has two text encoders and is told the size."""
    diffusers = import_module("diffusers")
    transformers = import_module("transformers")

    components = _components(
        _unet(
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + _WIDTH,
            cross_attention_dim=2 * _WIDTH,
        )
    )
    second = transformers.CLIPTextModelWithProjection(_text_config()).eval()
    diffusers.StableDiffusionXLPipeline(
        **components, text_encoder_2=second, tokenizer_2=components["tokenizer"]
    ).save_pretrained(folder)


def controlnet(folder: Path) -> None:
    """Writes the ControlNet that fits `stable_diffusion`."""
    diffusers = import_module("diffusers")

    _seed()
    model = diffusers.ControlNetModel(
        block_out_channels=(8, _WIDTH),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        conditioning_embedding_out_channels=(4, 8, 8, 8),
        cross_attention_dim=_WIDTH,
        attention_head_dim=_HEADS,
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
        **_components(_unet(in_channels=8)), safety_checker=None, feature_extractor=None, requires_safety_checker=False
    ).save_pretrained(folder)


def text_to_video(folder: Path) -> None:
    """Writes a TextToVideoSD."""
    diffusers = import_module("diffusers")

    _seed()
    unet = diffusers.UNet3DConditionModel(
        block_out_channels=(8, _WIDTH),
        layers_per_block=1,
        sample_size=_LATENT_SIDE,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=_WIDTH,
        attention_head_dim=4,
        norm_num_groups=4,
    )
    diffusers.TextToVideoSDPipeline(**_components(unet)).save_pretrained(folder)


def motion_adapter(folder: Path) -> None:
    """Writes the motion modules that set `stable_diffusion` in motion, for up to 24 pictures."""
    diffusers = import_module("diffusers")

    _seed()
    diffusers.MotionAdapter(
        block_out_channels=(8, _WIDTH),
        motion_layers_per_block=1,
        motion_norm_num_groups=4,
        motion_num_attention_heads=_HEADS,
        motion_max_seq_length=24,
    ).save_pretrained(folder)


def stable_video_diffusion(folder: Path) -> None:
    """Writes a Stable Video Diffusion of four pictures."""
    diffusers = import_module("diffusers")
    transformers = import_module("transformers")

    _seed()
    unet = diffusers.UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64),
        layers_per_block=1,
        sample_size=_LATENT_SIDE,
        in_channels=8,
        out_channels=4,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=_WIDTH,
        num_attention_heads=_HEADS,
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
        image_encoder=transformers.CLIPVisionModelWithProjection(_vision_config()).eval(),
        unet=unet,
        scheduler=scheduler,
        feature_extractor=_image_processor(),
    ).save_pretrained(folder)


def i2vgen_xl(folder: Path) -> None:
    """Writes an I2VGen-XL, whose pipeline tells its steps by a progress bar alone."""
    diffusers = import_module("diffusers")
    unets = import_module("diffusers.models.unets.unet_i2vgen_xl")
    transformers = import_module("transformers")

    _seed()
    unet = unets.I2VGenXLUNet(
        block_out_channels=(4, 8),
        layers_per_block=1,
        sample_size=_LATENT_SIDE,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=_WIDTH,
        attention_head_dim=4,
        norm_num_groups=2,
    )
    diffusers.I2VGenXLPipeline(
        **_components(unet),
        image_encoder=transformers.CLIPVisionModelWithProjection(_vision_config()).eval(),
        feature_extractor=_image_processor(),
    ).save_pretrained(folder)


def flux(folder: Path) -> None:
    """Writes a Flux: a transformer on packed latents, with T5 beside CLIP."""
    diffusers = import_module("diffusers")
    transformers = import_module("transformers")

    _seed()
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=_HEADS,
        joint_attention_dim=32,
        pooled_projection_dim=_WIDTH,
        axes_dims_rope=(4, 4, 8),
    )
    settings = transformers.T5Config(
        vocab_size=len(tokenizer()), d_model=32, d_ff=37, d_kv=8, num_layers=1, num_heads=4
    )
    long_tokenizer = tokenizer()
    long_tokenizer.model_max_length = 512
    components = _components(None)
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


def _components(unet: Any) -> dict[str, Any]:
    """Makes what all pipelines of Stable Diffusion share, around the network that takes the noise away."""
    diffusers = import_module("diffusers")
    transformers = import_module("transformers")

    _seed()
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
        "text_encoder": transformers.CLIPTextModel(_text_config()).eval(),
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


def _unet(**settings: Any) -> Any:
    diffusers = import_module("diffusers")

    _seed()
    return diffusers.UNet2DConditionModel(
        **{
            "block_out_channels": (8, _WIDTH),
            "layers_per_block": 1,
            "sample_size": _LATENT_SIDE,
            "in_channels": 4,
            "out_channels": 4,
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
            "cross_attention_dim": _WIDTH,
            "attention_head_dim": _HEADS,
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


def _text_config() -> Any:
    transformers = import_module("transformers")

    return transformers.CLIPTextConfig(
        vocab_size=len(tokenizer()),
        hidden_size=_WIDTH,
        intermediate_size=2 * _WIDTH,
        num_attention_heads=_HEADS,
        num_hidden_layers=1,
        max_position_embeddings=_TOKENS,
        projection_dim=_WIDTH,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )


def _vision_config() -> Any:
    transformers = import_module("transformers")

    return transformers.CLIPVisionConfig(
        hidden_size=_WIDTH,
        intermediate_size=2 * _WIDTH,
        num_attention_heads=_HEADS,
        num_hidden_layers=1,
        image_size=224,
        patch_size=32,
        projection_dim=_WIDTH,
    )


def _image_processor() -> Any:
    transformers = import_module("transformers")

    return transformers.CLIPImageProcessorPil()


def _safety_checker() -> Any:
    transformers = import_module("transformers")
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

    config = transformers.CLIPConfig(
        text_config=_text_config().to_dict(), vision_config=_vision_config().to_dict(), projection_dim=_WIDTH
    )
    network: Any = StableDiffusionSafetyChecker
    checker = network(config).eval()
    # Everything is like everything else to it, and so everything is withheld.
    checker.concept_embeds_weights.data.fill_(-1.0)
    return checker


def _seed() -> None:
    import torch

    torch.manual_seed(5)
