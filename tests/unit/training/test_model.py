"""The model learns what it is shown, and the planner computes with its weights what the model does."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from orchestrion_controller.planner.builtin.learned import features

from orchestrion_controller.planner.builtin.reading.encoder import Encoder
from orchestrion_controller.planner.builtin.reading.heads import Heads
from orchestrion_controller.planner.builtin.reading.marking import MARKS
from orchestrion_controller.planner.builtin.reading.pieces import Pieces
from orchestrion_controller.planner.builtin.reading.tool_texts import read_tool
from training.planner import batches, libraries
from training.planner.batches import Request
from training.planner.export import export
from training.planner.losses import Losses, Offer, losses
from training.planner.model import WIDTH, PlanModel, Read, shares

LIBRARY = libraries.held_out()[0]
TYPES = LIBRARY.tools[:12]
WORDS = sorted(
    {word for tool in TYPES for word in tool.description.lower().replace(".", " ").replace(",", " ").split()}
)
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, *MARKS]
PIECES = Pieces(VOCABULARY)


@pytest.fixture(scope="module")
def model() -> PlanModel:
    torch.manual_seed(1)
    return PlanModel(len(VOCABULARY), layers=1)


def loss_of(model: PlanModel, requests: list[Request]) -> Losses:
    ids, mask = batches.padded([request.pieces for request in requests])
    read = Read(model.hidden(ids, mask), mask, batches.words(requests))
    offer = Offer(model.tools(*batches.tools(TYPES, PIECES)), TYPES, torch.ones(len(TYPES), WIDTH))
    return losses(model, requests, read, offer, random.Random(3))


def test_the_planner_computes_what_the_model_does(model: PlanModel, tmp_path: Path) -> None:
    likeness = export(model.eval(), VOCABULARY, tmp_path)
    assert likeness > 0.98
    heads = Heads(Encoder(tmp_path).heads)
    request = Request.of(LIBRARY.examples[0], PIECES)
    words = [piece.end > piece.start for piece in request.pieces]
    tools = [0, 3, 5]
    places = [features.Mention(TYPES[tool], position) for tool, position in zip(tools, (0, 9, 4), strict=True)]
    both, alone = features.pairs(places, request.asides, request.example.text)
    with torch.inference_mode():
        tools_read = model.tools(*batches.tools(TYPES, PIECES))
        ids, mask = batches.padded([request.pieces])
        hidden = model.hidden(ids, mask)
        expected_places = model.places(hidden, tools_read)
        expected_wanted = model.wanted(Read(hidden, mask, torch.tensor([words]).float()), expected_places, tools_read)[
            0
        ]
        taken = shares(expected_places[0])[:, tools].masked_fill(~torch.tensor(words)[:, None], -1e4)
        vectors = torch.softmax(taken, 0).T @ hidden[0]
        expected_links = model.pairs(vectors, tools_read.pair[tools], torch.from_numpy(both))
        expected_roots = model.roots(vectors, tools_read.pair[tools], torch.from_numpy(alone))
        rows = [read_tool(task_type, PIECES) for task_type in TYPES]
        texts = [model.hidden(*batches.padded([row]))[0].numpy() for row, _ in rows]
    ours = heads.tools(texts, [length for _, length in rows])
    scores = heads.scores(hidden[0].numpy(), words, ours)
    links, roots = heads.links(tools, scores, ours, both, alone)
    # The heads are kept in 16 bits.
    np.testing.assert_allclose(scores.places, expected_places[0].numpy(), atol=0.05)
    np.testing.assert_allclose(scores.wanted, expected_wanted.numpy(), atol=0.05)
    np.testing.assert_allclose(links, expected_links.numpy(), atol=0.02)
    np.testing.assert_allclose(roots, expected_roots.numpy(), atol=0.02)


def test_a_few_steps_teach_a_few_requests() -> None:
    torch.manual_seed(2)
    model = PlanModel(len(VOCABULARY), layers=1)
    shown = [example for example in LIBRARY.examples if all(step.tool < len(TYPES) for step in example.steps)][:6]
    requests = [Request.of(example, PIECES) for example in shown]
    assert len(requests) == 6
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    seen = []
    for _ in range(25):
        loss = loss_of(model, requests).total
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # The library is not typed.
        optimizer.step()
        seen.append(loss.item())
    assert sum(seen[-5:]) < 0.7 * sum(seen[:5])
