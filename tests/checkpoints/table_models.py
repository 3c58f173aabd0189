"""Tiny models of tables: TAPAS, and an ONNX classifier of rows."""

from __future__ import annotations

import json
from pathlib import Path

from tests.checkpoints.text_models import LENGTH, WORDS


def tapas(folder: Path) -> None:
    """Writes a TAPAS that picks cells and one of four operations."""
    import torch
    import transformers

    letters = [f"{mark}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789" for mark in ("", "##")]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[EMPTY]"]
    words = list(dict.fromkeys([*special, *WORDS, *letters]))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(words), "utf-8")
    tokenizer = transformers.TapasTokenizer(str(folder / "vocab.txt"), model_max_length=LENGTH)
    tokenizer.save_pretrained(str(folder))
    torch.manual_seed(11)
    config = transformers.TapasConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_attention_heads=2,
        num_hidden_layers=1,
        max_position_embeddings=LENGTH,
        initializer_range=0.5,
        num_aggregation_labels=4,
        aggregation_labels={0: "NONE", 1: "SUM", 2: "AVERAGE", 3: "COUNT"},
        no_aggregation_label_index=0,
        use_answer_as_supervision=True,
    )
    model = transformers.TapasForQuestionAnswering(config)
    # As they are, no cell is likely.
    for weights in (model.output_weights, model.column_output_weights):
        torch.nn.init.normal_(weights, std=0.3)
    model.save_pretrained(str(folder))


def row_classifier(folder: Path, *, maps: bool = True, one_input: bool = True, number: str = "FLOAT") -> None:
    """Writes an ONNX classifier of flowers: short petals are setosa, long ones virginica.

    Args:
        folder: Where it goes.
        maps: Whether shares come as maps by class, as from skl2onnx by default; as a tensor otherwise.
        one_input: Whether all features go into one input; one for each column otherwise.
        number: The name that ONNX has for the type of the features.
    """
    import onnx
    from onnx import TensorProto, helper

    folder.mkdir(parents=True, exist_ok=True)
    names = ["petal length", "petal width"]
    classes = ["setosa", "versicolor", "virginica"]
    kind = getattr(TensorProto, number)
    if one_input:
        inputs = [helper.make_tensor_value_info("numbers", kind, [None, 2])]
        nodes = []
    else:
        inputs = [helper.make_tensor_value_info(name.replace(" ", "_"), kind, [None, 1]) for name in names]
        nodes = [helper.make_node("Concat", [item.name for item in inputs], ["numbers"], axis=1)]
    nodes.append(helper.make_node("Cast", ["numbers"], ["features"], to=TensorProto.FLOAT))
    nodes.append(
        helper.make_node(
            "LinearClassifier",
            ["features"],
            ["label", "shares"],
            domain="ai.onnx.ml",
            coefficients=[-2.0, -2.0, 0.0, 0.0, 2.0, 2.0],
            intercepts=[8.0, 4.0, -20.0],
            classlabels_strings=classes,
            multi_class=1,
            post_transform="SOFTMAX",
        )
    )
    outputs = [helper.make_tensor_value_info("label", TensorProto.STRING, [None])]
    if maps:
        nodes.append(
            helper.make_node("ZipMap", ["shares"], ["probabilities"], domain="ai.onnx.ml", classlabels_strings=classes)
        )
        kinds = helper.make_sequence_type_proto(
            helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
        )
        outputs.append(helper.make_value_info("probabilities", kinds))
    else:
        outputs.append(helper.make_tensor_value_info("shares", TensorProto.FLOAT, [None, 3]))
    graph = helper.make_graph(nodes, "flowers", inputs, outputs)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    helper.set_model_props(model, {"columns": json.dumps(names), "class_names": ",".join(classes)})
    onnx.save(model, str(folder / "model.onnx"))
