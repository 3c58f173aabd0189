"""Attention is computed by PyTorch's fused kernel wherever an architecture can use it."""

from __future__ import annotations

from pathlib import Path

import pytest
import transformers

from orchestrion_host.worker.models.checkpoint import Checkpoint
from tests.checkpoints import sequence_models, text_models
from tests.unit.host.worker import calls


@pytest.mark.parametrize(
    ("make", "task_type", "auto_class"),
    [
        (lambda folder: text_models.bert(folder, "BertForMaskedLM"), "fill-mask", "AutoModelForMaskedLM"),
        (text_models.llama, "text-generation", "AutoModelForCausalLM"),
        (sequence_models.bart, "summarization", "AutoModelForSeq2SeqLM"),
    ],
    ids=["an encoder", "a decoder", "both"],
)
def test_a_checkpoint_is_loaded_with_fused_attention(
    make: object, task_type: str, auto_class: str, tmp_path: Path
) -> None:
    assert callable(make)
    make(tmp_path / "model")
    model = Checkpoint(calls.spec(tmp_path / "model", task_type)).model(getattr(transformers, auto_class))
    assert model.config._attn_implementation == "sdpa"
