"""Models of a few kilobytes, made from nothing: a BERT classifier, and an encoder and a classifier as ONNX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "sun", "rain", "warm", "cold", "day", "night")
WIDTH: Final = 16
LABELS: Final = {"0": "gloomy", "1": "sunny"}


def write_tokenizer(folder: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 32, **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def bert_classifier(folder: Path) -> Path:
    """Writes a BERT of one layer with random weights and two classes."""
    folder.mkdir(parents=True)
    write_tokenizer(folder)
    config = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "hidden_size": WIDTH,
        "intermediate_size": 32,
        "num_attention_heads": 2,
        "num_hidden_layers": 1,
        "max_position_embeddings": 32,
        "type_vocab_size": 2,
        "vocab_size": len(WORDS),
        "id2label": LABELS,
        "label2id": {name: int(place) for place, name in LABELS.items()},
        "dtype": "float32",
    }
    (folder / "config.json").write_text(json.dumps(config))
    save_file(_bert_weights(), str(folder / "model.safetensors"), metadata={"format": "pt"})
    return folder


def onnx_encoder(folder: Path) -> tuple[Path, np.ndarray[Any, np.dtype[np.float32]]]:
    """Writes an encoder that looks each token up in a table, and returns the table."""
    folder.mkdir(parents=True)
    write_tokenizer(folder)
    table = np.random.default_rng(7).normal(size=(len(WORDS), WIDTH)).astype(np.float32)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    _write(folder / "model.onnx", nodes, {"table": table}, ("last_hidden_state", ["texts", "tokens", WIDTH]))
    return folder, table


def onnx_classifier(folder: Path) -> Path:
    """Writes a classifier whose classes are the averages of two columns of a table."""
    folder.mkdir(parents=True)
    write_tokenizer(folder)
    table = np.zeros((len(WORDS), 2), dtype=np.float32)
    table[WORDS.index("sun")] = (-4, 4)
    table[WORDS.index("rain")] = (4, -4)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["states"]),
        helper.make_node("ReduceMean", ["states", "axes"], ["logits"], keepdims=0),
    ]
    constants = {"table": table, "axes": np.array([1], dtype=np.int64)}
    _write(folder / "model.onnx", nodes, constants, ("logits", ["texts", 2]))
    (folder / "config.json").write_text(json.dumps({"id2label": LABELS}))
    return folder


def _write(path: Path, nodes: list[Any], constants: dict[str, Any], output: tuple[str, list[Any]]) -> None:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])]
    initialisers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _bert_weights() -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    random = np.random.default_rng(3)
    layer = "bert.encoder.layer.0"
    shapes: dict[str, tuple[int, ...]] = {
        "bert.embeddings.word_embeddings.weight": (len(WORDS), WIDTH),
        "bert.embeddings.position_embeddings.weight": (32, WIDTH),
        "bert.embeddings.token_type_embeddings.weight": (2, WIDTH),
        f"{layer}.intermediate.dense.weight": (32, WIDTH),
        f"{layer}.intermediate.dense.bias": (32,),
        f"{layer}.output.dense.weight": (WIDTH, 32),
        f"{layer}.output.dense.bias": (WIDTH,),
        "bert.pooler.dense.weight": (WIDTH, WIDTH),
        "bert.pooler.dense.bias": (WIDTH,),
        "classifier.weight": (2, WIDTH),
        "classifier.bias": (2,),
    }
    for part in ("self.query", "self.key", "self.value", "output.dense"):
        shapes[f"{layer}.attention.{part}.weight"] = (WIDTH, WIDTH)
        shapes[f"{layer}.attention.{part}.bias"] = (WIDTH,)
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    for norm in ("bert.embeddings.LayerNorm", f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"):
        weights[f"{norm}.weight"] = np.ones(WIDTH, dtype=np.float32)
        weights[f"{norm}.bias"] = np.zeros(WIDTH, dtype=np.float32)
    return weights
