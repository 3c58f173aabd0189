"""The trained reader: plans for tools that it may never have seen, and how sure it is of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrion.runs import Message
from orchestrion_controller.planner.builtin.reading.encoder import WEIGHTS
from orchestrion_controller.planner.builtin.reading.marking import beside
from orchestrion_controller.planner.builtin.reading.reader import Reader
from orchestrion_controller.planner.builtin.reading.readings import PlanEstimate
from orchestrion_controller.stages import PlanningRequest
from orchestrion_evaluation.library import read_library
from orchestrion_evaluation.toolbox import Toolbox
from tests.unit.controller.planner.reading.libraries import TOOLS, request_for

ROOT = Path(__file__).parents[5]

pytestmark = pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not trained yet")


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def estimate(reader: Reader, request: PlanningRequest) -> PlanEstimate:
    files = [item.file_name for item in request.attachments]
    return reader.estimate(
        request.messages[-1].text, tuple(request.task_types.values()), files, beside(request.attachments)
    )


def links(understood: PlanEstimate) -> set[tuple[str, str]]:
    names = [task_type.name for task_type in understood.types]
    return {(names[i], names[j]) for j, sources in enumerate(understood.graph.sources) for i in sources}


def test_a_chain_for_tools_that_nobody_has_words_for(reader: Reader) -> None:
    understood = estimate(
        reader,
        request_for(
            "I recorded a talk, talk.wav. Please write down what is said and give me a short summary.", "talk.wav"
        ),
    )
    assert links(understood) == {("audio-to-text", "text-summarizer")}
    assert 0 < understood.confidence <= 1


def test_the_order_of_work_is_not_the_order_of_words(reader: Reader) -> None:
    understood = estimate(
        reader,
        request_for("I'd like to hear a summary of this article read aloud: 'The council met on Monday and agreed.'"),
    )
    assert [task_type.name for task_type in understood.types] == ["text-summarizer", "text-to-audio"]


def test_tools_are_read_by_what_they_do_not_by_their_names(reader: Reader) -> None:
    request = request_for("Translate 'Good morning, everybody here.' into Spanish.")
    renamed = {f"tool-{number}": item for number, item in enumerate(request.task_types.values())}
    types = {name: type(item)(name, item.description, item.inputs, item.outputs) for name, item in renamed.items()}
    understood = estimate(reader, PlanningRequest(request.messages, (), types))
    assert [task_type.description for task_type in understood.types] == ["Puts a text into another language."]


def test_what_nobody_can_do_is_no_step(reader: Reader) -> None:
    understood = estimate(reader, request_for("Book me a table for two at eight this evening."))
    assert understood.types == ()
    assert understood.confidence == 0


def test_vague_requests_are_planned_with_less_confidence(reader: Reader) -> None:
    plain = estimate(reader, request_for("Transcribe the recording talk.wav.", "talk.wav"))
    vague = estimate(reader, request_for("Do something nice with talk.wav so that my boss can use it.", "talk.wav"))
    assert vague.confidence < plain.confidence


def test_without_task_types_nothing_is_planned(reader: Reader) -> None:
    assert estimate(reader, request_for("Transcribe talk.wav", "talk.wav", tools=())).types == ()


def test_a_library_is_read_once(reader: Reader) -> None:
    assert reader.prepare(TOOLS) is reader.prepare(tuple(TOOLS))


def test_texts_read_together_are_read_as_if_alone(reader: Reader) -> None:
    encoder = reader._encoder
    texts = [encoder.pieces.cut(text) for text in ("Read it.", "Please write down what is said in the recording.")]
    for together, alone in zip(encoder.encode(texts), (encoder.encode([text])[0] for text in texts), strict=True):
        cosines = (together * alone).sum(-1) / np.linalg.norm(together, axis=-1) / np.linalg.norm(alone, axis=-1)
        # Eight bits are spread over whatever is in a batch, so it is not the same to the last digit.
        assert cosines.min() > 0.98


def test_plans_are_better_than_the_floor_on_requests_that_were_not_learnt_from(reader: Reader) -> None:
    """The floor is what gpt-3.5-turbo is published to reach; `make eval-planning` tells more."""
    folder = ROOT / "benchmarks" / "planning"
    library = read_library((folder / "taskbench_tools.json").read_text(encoding="utf-8"), "tools")
    types = Toolbox(library).task_types
    names = {tool.id: item.name for tool, item in zip(library.tools, types, strict=True)}
    hits, total = np.zeros(2), np.zeros(2)
    for line in (folder / "taskbench_dev.jsonl").read_text(encoding="utf-8").splitlines():
        sample = json.loads(line)
        understood = estimate(
            reader, PlanningRequest((Message(sample["instruction"]),), task_types={item.name: item for item in types})
        )
        predicted: tuple[set[Any], set[Any]] = ({task_type.name for task_type in understood.types}, links(understood))
        expected: tuple[set[Any], set[Any]] = (
            {names[node["task"]] for node in sample["task_nodes"]},
            {(names[link["source"]], names[link["target"]]) for link in sample["task_links"]},
        )
        for row, (ours, theirs) in enumerate(zip(predicted, expected, strict=True)):
            hits[row] += len(ours & theirs)
            total[row] += len(ours) + len(theirs)
    node_f1, edge_f1 = 200 * hits / total
    assert node_f1 > 69.5
    assert edge_f1 > 33.4


def test_the_weights_are_small_enough_to_live_in_the_repository() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 8_000_000
