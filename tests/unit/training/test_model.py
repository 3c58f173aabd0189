"""The model learns what it is shown, and the planner computes with its weights what the model does."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from orchestrion_controller.planner.builtin.reading import features, heads
from orchestrion_controller.planner.builtin.reading.encoder import Encoder
from orchestrion_controller.planner.builtin.reading.heads import Heads, LibraryVectors
from orchestrion_controller.planner.builtin.reading.pieces import read_text
from orchestrion_controller.planner.builtin.reading.reader import Reader
from orchestrion_controller.plans.offers import description_of, offer, words_of
from training.planner import libraries, marked, marked_losses, tool_losses
from training.planner.batches import cut_example, cut_marked
from training.planner.encoding import Encoding, OwnLibrary, own_library
from training.planner.export import export
from training.planner.losses import Losses, Offer
from training.planner.model import WIDTH, PlanModel, Read, Tools, shares
from training.planner.scores import of_pieces

OWN = own_library()
SOME = OwnLibrary(offer([item.task_type for item in OWN.offer.abilities if not item.choices][:10]))
TOOLS = libraries.held_out()[0]
REQUESTS = list(itertools.islice(marked.read(libraries.DATA / "requests" / "en.jsonl"), 12))


def model_for(library: OwnLibrary) -> PlanModel:
    return PlanModel(1, len(library.offer.abilities), len(library.offer.options))


@pytest.fixture(scope="module")
def encoding() -> Encoding:
    torch.manual_seed(1)
    encoding = Encoding(model_for(SOME), random.Random(1))
    # What is learnt of our own library beyond its texts is nothing at first.
    for own in (encoding.model.ability_own, encoding.model.option_own):
        torch.nn.init.normal_(own, std=0.1)
    encoding.model.train(mode=False)
    return encoding


@pytest.fixture(scope="module")
def folder(encoding: Encoding, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    assert export(encoding.model, folder, SOME.offer) > 0.98
    return folder


@pytest.fixture(scope="module")
def read(encoding: Encoding) -> tuple[Read, Tools, LibraryVectors, Heads]:
    """A request and a library, as the model reads them and, from the same vectors, the planner's heads."""
    model = encoding.model
    library = SOME.offer
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    digests = {"ability_digests": library.ability_digests, "option_digests": library.option_digests}
    numpy_heads = Heads(arrays | {name: np.array(value, dtype=np.uint64) for name, value in digests.items()})
    request = cut_marked(REQUESTS[0], encoding.pieces)
    cut = [read_text(*text, encoding.pieces) for text in [*SOME.texts, *library.option_texts]]
    with torch.inference_mode():
        read, tools = encoding.requests([request.pieces]), encoding.own(SOME)
        texts = [encoding.requests([pieces]).hidden[0].numpy() for pieces, _ in cut]
    count = len(library.abilities)
    lengths = [length for _, length in cut]
    vectors = numpy_heads.library(texts[:count], lengths[:count], texts[count:], lengths[count:], library)
    return read, tools, vectors, numpy_heads


def test_a_library_is_summed_up_alike(read: tuple[Read, Tools, LibraryVectors, Heads]) -> None:
    _, tools, ours, _ = read
    # The model reads in 16 bits, each text beside others.
    np.testing.assert_allclose(ours.keys, tools.keys.numpy(), atol=0.03)
    np.testing.assert_allclose(ours.options, tools.options.numpy(), atol=0.03)
    np.testing.assert_allclose(ours.pairs, tools.pair.numpy(), atol=0.06)
    np.testing.assert_allclose(ours.owners, tools.owner.numpy(), atol=0.06)


@pytest.mark.tasks
def test_all_heads_compute_what_the_model_does(
    encoding: Encoding, read: tuple[Read, Tools, LibraryVectors, Heads]
) -> None:
    batch, tools, _, ours = read
    model, library = encoding.model, SOME.offer
    vectors = LibraryVectors(*(item.numpy() for item in (tools.keys, tools.pair, tools.owner, tools.options)))
    hidden, numbers = batch.hidden[0].numpy(), [0, 3, 5]
    words = [bool(item) for item in batch.words[0]]
    mentions = [features.Mention(library.abilities[item].task_type, item) for item in numbers]
    both, alone = features.pairs(mentions, (), REQUESTS[0].text)
    places_of = [(0, 4), (7, 9)]
    beside = features.objects(places_of, mentions, REQUESTS[0].text)
    steps, objects = batch.hidden[0, [1, 3, 4]], batch.hidden[0, [2, 5]]
    ability_of = torch.tensor(library.ability_of)
    with torch.inference_mode():
        asks = model.asks(batch.hidden, tools)
        places = asks - torch.logsumexp(model.role(batch.hidden), -1, keepdim=True)
        keys = tools.pair[numbers]
        expected = {
            "roles": model.role(batch.hidden)[0],
            "asks": asks[0],
            "options": model.options(batch.hidden, tools, ability_of)[0],
            "starts": model.start(batch.hidden)[0].log_softmax(-1),
            "changes": model.change(batch.hidden)[0].log_softmax(-1),
            "wanted": model.wanted(batch, places, tools)[0],
            "shares": shares(places[0]),
            "links": model.pairs(steps, keys, torch.from_numpy(both)),
            "roots": model.roots(steps, keys, torch.from_numpy(alone)),
            "objects": model.objects(objects, steps, keys, torch.from_numpy(beside)),
        }
    links, roots = ours.links(steps.numpy(), numbers, vectors, both, alone)
    computed = {
        "roles": ours.roles(hidden),
        "asks": ours.asks(hidden, vectors),
        "options": ours.options(hidden, vectors, library.ability_of),
        "starts": ours.starts(hidden),
        "changes": ours.changes(hidden),
        "wanted": ours.wanted(hidden, words, places[0].numpy(), vectors),
        "shares": heads.shares(places[0].numpy()),
        "links": links,
        "roots": roots,
        "objects": ours.objects(objects.numpy(), steps.numpy(), numbers, vectors, beside),
    }
    assert computed.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(computed[name], value.numpy(), atol=2e-3, rtol=2e-3, err_msg=name)


@pytest.mark.tasks
def test_the_written_encoder_reads_as_the_model_does(encoding: Encoding, folder: Path) -> None:
    encoder = Encoder(folder)
    texts = [cut_marked(item, encoding.pieces).pieces for item in REQUESTS[:5]]
    with torch.inference_mode():
        for pieces, vectors in zip(texts, encoder.encode(texts), strict=True):
            expected = encoding.requests([pieces]).hidden[0].numpy()
            cosines = (
                (vectors * expected).sum(-1) / np.linalg.norm(vectors, axis=-1) / np.linalg.norm(expected, axis=-1)
            )
            # Eight bits are spread over whatever is in a batch.
            assert cosines.mean() > 0.97
            assert vectors.shape == (len(pieces), WIDTH)


@pytest.mark.tasks
def test_a_reader_reads_anything_with_any_weights(folder: Path) -> None:
    reader = Reader(Encoder(folder))
    types = [item.task_type for item in SOME.offer.abilities]
    for text in ("", "?", "Read this.", "把录音翻译成德语", "word " * 400):
        reading = reader.read(text, types)
        assert all(0 <= item.start < item.end <= len(text) for item in reading.segments)
        assert len(reading.steps) == len(reading.sources) == len(reading.objects)
        for number, sources in enumerate(reading.sources):
            assert all(source < number for source in sources)
    rest = reader.read("word " * 400, types).of_role("unmet")
    # What is beyond the longest text is not passed over.
    assert rest[-1].end == len("word " * 400) - 1


def own_losses(encoding: Encoding) -> Losses:
    requests = [cut_marked(item, encoding.pieces) for item in REQUESTS[:6]]
    tools = encoding.own(OWN)
    teacher = torch.ones(len(OWN.offer.abilities), WIDTH)
    read = encoding.requests([item.pieces for item in requests])
    offered = Offer(tools, [item.task_type for item in OWN.offer.abilities], teacher)
    return marked_losses.losses(encoding.model, requests, read, offered, OWN.offer)


def tool_losses_of(encoding: Encoding) -> Losses:
    requests = [cut_example(item, encoding.pieces) for item in TOOLS.examples[:6]]
    texts = [(words_of(tool.name), description_of(tool)) for tool in TOOLS.tools]
    read = encoding.requests([item.pieces for item in requests])
    offered = Offer(encoding.tools(texts), TOOLS.tools, torch.ones(len(texts), WIDTH))
    return tool_losses.losses(encoding.model, requests, read, offered, random.Random(3))


@pytest.mark.tasks
@pytest.mark.parametrize("losses_of", [own_losses, tool_losses_of])
def test_a_few_steps_teach_a_few_requests(losses_of: object) -> None:
    assert callable(losses_of)
    torch.manual_seed(2)
    encoding = Encoding(model_for(OWN), random.Random(2))
    optimizer = torch.optim.AdamW(encoding.model.parameters(), lr=1e-3)
    seen = []
    for _ in range(8):
        loss = losses_of(encoding)["total"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen.append(loss.item())
    assert sum(seen[-2:]) < 0.9 * sum(seen[:2])


def test_what_was_learnt_is_told_in_one_line() -> None:
    line = of_pieces(Encoding(model_for(OWN), random.Random(1)), OWN, REQUESTS[:8])
    assert line.startswith("held out: pieces 0.")
