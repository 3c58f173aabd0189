"""Checkpoints that lack weights: refused by name in every family, unless the weights are none that a model reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import safetensors.torch

from orchestrion.errors import FailedPreconditionError
from orchestrion_host.worker import runtimes
from tests.checkpoints import (
    diffusion_models,
    picture_map_models,
    picture_text_models,
    recognition_models,
    sequence_models,
    text_models,
    vision,
)
from tests.unit.host.worker import calls

# Each makes and loads a checkpoint: seconds in all.
pytestmark = pytest.mark.tasks


@dataclass(frozen=True)
class Headless:
    """A checkpoint, and what is taken out of it."""

    task_type: str
    make: Callable[[Path], Any]
    missing: str
    """The weights whose names begin with this are taken out."""
    file: str = "model.safetensors"
    runtime: str = "transformers"


def bert(class_name: str) -> Callable[[Path], Any]:
    return lambda folder: text_models.bert(folder, class_name)


HEADLESS: Final = {
    "a classifier of texts": Headless("text-classification", bert("BertForSequenceClassification"), "classifier."),
    "a classifier of tokens": Headless("token-classification", bert("BertForTokenClassification"), "classifier."),
    "a reader": Headless("question-answering", bert("BertForQuestionAnswering"), "qa_outputs."),
    "a filler of gaps": Headless("fill-mask", bert("BertForMaskedLM"), "cls.predictions.transform."),
    "an encoder": Headless("feature-extraction", bert("BertModel"), "encoder.layer.1.output."),
    "a decoder": Headless("text-generation", text_models.llama, "model.layers.0.mlp."),
    "a rewriter": Headless("text2text-generation", sequence_models.bart, "model.decoder.layers.0.fc1."),
    "a classifier of images": Headless("image-classification", vision.vit, "classifier."),
    "a detector": Headless("object-detection", vision.cat_counter, "class_labels_classifier."),
    "a segmenter": Headless("image-segmentation", vision.segformer, "decode_head.classifier."),
    "a writer about images": Headless("image-to-text", picture_text_models.blip, "text_decoder.cls."),
    "a recogniser of speech": Headless("automatic-speech-recognition", recognition_models.wav2vec2, "lm_head."),
    "a classifier of sounds": Headless("audio-classification", recognition_models.wav2vec2_classifier, "classifier."),
    "a painter": Headless(
        "text-to-image",
        diffusion_models.stable_diffusion,
        "conv_out.",
        "unet/diffusion_pytorch_model.safetensors",
        "diffusers",
    ),
    "a painter's reader": Headless(
        "text-to-image",
        diffusion_models.stable_diffusion,
        "encoder.layers.0.mlp.",
        "text_encoder/model.safetensors",
        "diffusers",
    ),
}


def without(folder: Path, file: str, beginning: str) -> list[str]:
    """Takes weights out of a file of a checkpoint, and returns their names."""
    path = folder / file
    tensors = safetensors.torch.load_file(path)
    names = [name for name in tensors if name.startswith(beginning)]
    kept = {name: tensor for name, tensor in tensors.items() if name not in names}
    safetensors.torch.save_file(kept, path, metadata={"format": "pt"})
    return names


def load(folder: Path, task_type: str, runtime: str = "transformers", **options: Any) -> Any:
    spec = msgspec.structs.replace(calls.spec(folder, task_type, **options), runtime=runtime)
    return runtimes.loader(spec)(spec)


@pytest.mark.parametrize("kind", HEADLESS)
def test_a_checkpoint_without_some_of_its_weights_is_refused_with_their_names(kind: str, tmp_path: Path) -> None:
    headless = HEADLESS[kind]
    folder = tmp_path / "model"
    headless.make(folder)
    load(folder, headless.task_type, headless.runtime).unload()
    names = without(folder, headless.file, headless.missing)
    assert names
    with pytest.raises(FailedPreconditionError) as caught:
        load(folder, headless.task_type, headless.runtime)
    assert caught.value.reason == "MODEL_INCOMPLETE"
    assert set(caught.value.metadata["missing"].split(",")) >= set(names)
    assert all(name in caught.value.message for name in (*names, caught.value.metadata["expert"]))


def test_a_masked_language_model_is_no_classifier(tmp_path: Path) -> None:
    text_models.bert(tmp_path / "model", "BertForMaskedLM")
    with pytest.raises(
        FailedPreconditionError, match=r"lacks 4 weights of a BertForSequenceClassification: .*bias"
    ) as c:
        load(tmp_path / "model", "text-classification")
    assert c.value.reason == "MODEL_INCOMPLETE"


def test_what_a_family_does_not_read_may_be_missing(tmp_path: Path) -> None:
    text_models.bert(tmp_path / "encoder", "BertModel")
    assert without(tmp_path / "encoder", "model.safetensors", "pooler.")
    load(tmp_path / "encoder", "feature-extraction")

    recognition_models.wav2vec2(tmp_path / "spelling")
    assert without(tmp_path / "spelling", "model.safetensors", "wav2vec2.masked_spec_embed")
    load(tmp_path / "spelling", "automatic-speech-recognition")

    picture_map_models.dpt(tmp_path / "depth")
    assert without(tmp_path / "depth", "model.safetensors", "neck.fusion_stage.layers.0.residual_layer1.")
    load(tmp_path / "depth", "depth-estimation")

    sequence_models.marian(tmp_path / "german")
    without(tmp_path / "german", "model.safetensors", "model.encoder.embed_positions.")
    load(tmp_path / "german", "translation", target_language="de")


def test_an_operator_may_say_what_a_model_does_not_read(tmp_path: Path) -> None:
    text_models.bert(tmp_path / "model", "BertForSequenceClassification")
    assert without(tmp_path / "model", "model.safetensors", "bert.pooler.")
    with pytest.raises(FailedPreconditionError, match="lacks 2 weights"):
        load(tmp_path / "model", "text-classification")
    load(tmp_path / "model", "text-classification", unread_weights=[r"\.pooler\."])


def test_weights_of_another_shape_than_the_configuration_says_are_named(tmp_path: Path) -> None:
    text_models.bert(tmp_path / "model", "BertForSequenceClassification")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    names = [f"L{number}" for number in range(7)]
    config |= {"id2label": dict(enumerate(names)), "label2id": {name: number for number, name in enumerate(names)}}
    path.write_text(json.dumps(config))
    with pytest.raises(FailedPreconditionError, match=r"classifier\.bias \(\d, not 7\), classifier\.weight \(") as c:
        load(tmp_path / "model", "text-classification")
    assert (c.value.reason, c.value.metadata["missing_count"]) == ("MODEL_INCOMPLETE", "2")
