"""Checkpoints of full size with random weights in float16: Stable Diffusion 1.5 and BERT base."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tests.checkpoints import diffusion_parts

DIFFUSION_PARAMETERS: Final = 1_066_235_307
"""Of the network, the decoder and the text encoder of Stable Diffusion 1.5 together."""
ENCODER_PARAMETERS: Final = 109_482_240
"""Of BERT base, its vocabulary included."""
SIDE: Final = 512


def stable_diffusion(folder: Path) -> None:
    """Writes a Stable Diffusion with the shapes of version 1.5; without its safety checker, as many serve it."""
    diffusers = import_module("diffusers")
    import torch

    transformers = import_module("transformers")

    torch.manual_seed(5)
    unet = diffusers.UNet2DConditionModel(
        sample_size=SIDE // 8,
        in_channels=4,
        out_channels=4,
        block_out_channels=(320, 640, 1280, 1280),
        layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=768,
        attention_head_dim=8,
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=4,
        sample_size=SIDE,
    )
    text_encoder = transformers.CLIPTextModel(
        transformers.CLIPTextConfig(
            vocab_size=49_408,
            hidden_size=768,
            intermediate_size=3072,
            num_hidden_layers=12,
            num_attention_heads=12,
            max_position_embeddings=77,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
    )
    pipeline = diffusers.StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder.eval(),
        tokenizer=diffusion_parts.tokenizer(),
        unet=unet,
        scheduler=diffusion_parts.scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16)
    pipeline.save_pretrained(folder)


def bert(folder: Path, **settings: Any) -> None:
    """Writes a BERT; with the library's defaults, which are those of BERT base, where no settings are given."""
    import torch

    transformers = import_module("transformers")

    torch.manual_seed(5)
    config = transformers.BertConfig(**settings)
    model = transformers.BertModel(config).eval()
    model.half().save_pretrained(folder)
    _word_tokenizer(config.max_position_embeddings).save_pretrained(folder)


def _word_tokenizer(max_tokens: int) -> Any:
    """Makes a tokenizer with a token for each word that it knows."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "ready", "."]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return import_module("transformers").PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=max_tokens,
    )
