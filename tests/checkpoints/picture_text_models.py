"""Tiny checkpoints that write about pictures, or answer questions about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.checkpoints.picture_parts import VOCABULARY, bert_tokenizer, image_processor, made, seeded

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
    seeded(BlipForQuestionAnswering if answers else BlipForConditionalGeneration, config).save_pretrained(folder)
    image_processor(folder, "BlipImageProcessor")
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
    model = seeded(Blip2ForConditionalGeneration, config)
    model.save_pretrained(folder)
    image_processor(folder, "BlipImageProcessor")
    bert_tokenizer(folder)


def git(folder: Path) -> None:
    """A GIT."""
    from transformers import GitConfig, GitForCausalLM

    config = GitConfig(vision_config=_SEEING, **_TEXT, bos_token_id=2, eos_token_id=3, pad_token_id=0)
    seeded(GitForCausalLM, config).save_pretrained(folder)
    image_processor(folder, "CLIPImageProcessor", crop=True)
    bert_tokenizer(folder)


def vit_gpt2(folder: Path) -> None:
    """An encoder of pictures with GPT-2 as decoder, as used for captions."""
    from transformers import GPT2Config, VisionEncoderDecoderConfig, VisionEncoderDecoderModel, ViTConfig

    decoder = made(
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
    seeded(VisionEncoderDecoderModel, config).save_pretrained(folder)
    image_processor(folder, "ViTImageProcessor")
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
    seeded(VisionEncoderDecoderModel, config).save_pretrained(folder)
    image_processor(folder, "ViTImageProcessor")
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
    seeded(LlavaForConditionalGeneration, config).save_pretrained(folder)
    processor = made(
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
    seeded(ViltForQuestionAnswering, config).save_pretrained(folder)
    settings = {"image_processor_type": "ViltImageProcessor", "size": {"shortest_edge": 32}, "size_divisor": 16}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    bert_tokenizer(folder)


ANSWERS: Final = ("yes", "no", "cat", "2")


def layoutlm(folder: Path) -> None:
    """A LayoutLM that points to answers."""
    from transformers import LayoutLMConfig, LayoutLMForQuestionAnswering

    config = LayoutLMConfig(**_TEXT, max_2d_position_embeddings=1024)
    seeded(LayoutLMForQuestionAnswering, config).save_pretrained(folder)
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
    decoder = made(
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
    seeded(VisionEncoderDecoderModel, config).save_pretrained(folder)
    settings = {"image_processor_type": "DonutImageProcessor", "size": {"height": 32, "width": 32}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
