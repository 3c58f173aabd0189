"""Replies in pieces: tasks are out as early as can be, and the pieces make no difference."""

from __future__ import annotations

import itertools
import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrion.plans import Task
from orchestrion.values import ArtifactRef, OutputRef
from orchestrion_controller.planner.llm.notation import PlanReader
from tests.unit.controller.planner.llm.replies import NAMES, STATION, TYPES, outcome, plan, task

READING = task("image-to-text", "read", image="$1")
SAYING = task("text-to-speech", "say", text="$read.text")
LATER = task("text-to-speech", "later", text="$last.text")
LAST = task("image-to-text", "last", image="$1")
PARTS = [
    *("{", "}", "[", "]", ",", ":", '"', "'", "\\", "\n", " ", "// ", "/*", "*/", "#", "```", "<think>", "</think>"),
    *(
        "[THINK]",
        "[/THINK]",
        "<|channel|>analysis",
        "<|end|>",
        '{"tasks":[',
        '"tasks"',
        "]}",
        "{tasks:",
        "None",
        "-1.5",
    ),
    *('{"id":"a","type":"image-to-text","inputs":{"image":"$1"}}', '{"id":"b","type":"text-to-speech",', '"inputs":{'),
    *(
        '"text":"$a.text"}}',
        '"text":"$5"}}',
        '"no_task_reason":"why"',
        '"not_done":[{"words":"w","why":"y"}]',
        "word",
        "é",
    ),
    plan(READING, SAYING),
    plan(LATER, LAST),
    plan(SAYING, task("text-to-speech", "price", text="$100"), READING, not_done=[{"words": "x", "why": "y"}]),
    "\ud83d",
]


def in_pieces(text: str, seed: int) -> tuple[str, ...]:
    """Cuts a text at places of a random generator's choice."""
    generator = random.Random(seed)
    cuts = sorted({0, len(text), *(generator.randrange(len(text) + 1) for _ in range(generator.randrange(1, 40)))})
    return tuple(text[start:end] for start, end in itertools.pairwise(cuts)) or ("",)


@given(
    parts=st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=12),
    upto=st.integers(0, 2000),
    seed=st.integers(0, 2**32),
    cut=st.booleans(),
)
@example(parts=[plan(LATER, LAST)], upto=2000, seed=1, cut=False)
@settings(max_examples=300)
def test_every_prefix_in_whatever_pieces_gives_the_same(parts: list[str], upto: int, seed: int, *, cut: bool) -> None:
    reply = "".join(parts)[:upto]
    whole = outcome(reply, cut=cut)
    pieces = outcome(reply, cut=cut, pieces=in_pieces(reply, seed))
    letters = outcome(reply, cut=cut, pieces=tuple(reply) or ("",))
    for read in (pieces, letters):
        assert read.tasks == whole.tasks
        assert read.draft == whole.draft
        assert read.not_done == whole.not_done
        assert read.no_task_reason == whole.no_task_reason
        assert [fault.message for fault in read.faults] == [fault.message for fault in whole.faults]
        assert (read.has_plan, read.closed) == (whole.has_plan, whole.closed)
    for fault in whole.faults:
        # Protobuf and the person's terminal can have it.
        fault.message.encode()
        assert fault.message.endswith((".", "?"))


def test_a_task_is_out_with_its_last_bracket() -> None:
    reader = PlanReader(TYPES, NAMES)
    reply = plan(READING, SAYING)
    end = reply.index("}}") + 2
    assert reader.feed(reply[: end - 1]) == []
    assert reader.feed(reply[end - 1 : end]) == [Task("read", "image-to-text", {"image": ArtifactRef(STATION.name)})]
    assert not reader.closed
    assert reader.feed(reply[end:]) == [Task("say", "text-to-speech", {"text": OutputRef("read", "text")})]
    assert reader.closed


def test_a_task_that_refers_to_a_later_one_is_out_with_that() -> None:
    reader = PlanReader(TYPES, NAMES)
    assert reader.feed('{"tasks":[' + str(LATER).replace("'", '"')) == []
    read = reader.feed("," + str(LAST).replace("'", '"'))
    assert [one.id for one in read] == ["last", "later"]


def test_an_amount_in_dollars_is_no_reference_once_the_plan_is_whole() -> None:
    reader = PlanReader(TYPES, NAMES)
    reply = plan(task("text-to-speech", text="$100"), READING)
    assert [one.id for one in reader.feed(reply[:-1])] == ["read"]
    assert [one.inputs["text"] for one in reader.feed(reply[-1:])] == ["$100"]


def test_when_another_plan_begins_the_tasks_before_it_no_longer_count() -> None:
    reader = PlanReader(TYPES, NAMES)
    reader.feed(f"Draft: {plan(READING, SAYING)} Final: ")
    assert (reader.draft, len(reader.tasks), reader.closed) == (0, 2, True)
    reader.feed('{"tasks":[')
    assert (reader.draft, len(reader.tasks)) == (0, 2)
    assert [one.id for one in reader.feed(str(LAST).replace("'", '"'))] == ["last"]
    assert (reader.draft, [one.id for one in reader.tasks], reader.closed) == (1, ["last"], False)
    # The second is not whole in the end: the first counts again.
    reader.finish()
    assert reader.closed
    reader = PlanReader(TYPES, NAMES)
    reader.feed(f'{plan(READING, SAYING)} {{"tasks":[{LAST!s}, '.replace("'", '"'))
    reader.finish()
    assert (reader.draft, [one.id for one in reader.tasks]) == (2, ["read", "say"])
    assert reader.faults == []


def test_a_long_reply_takes_time_in_proportion() -> None:
    """Ten times as long a text, in pieces of four characters, is not read from its beginning again and again."""
    tasks = [task("text-to-speech", f"t{number}", text="word " * 40) for number in range(300)]
    reply = plan(*tasks, task("text-to-speech", "long", text="long " * 20_000))
    read = outcome(reply, pieces=tuple(reply[at : at + 4] for at in range(0, len(reply), 4)))
    assert read.faults == ()
    assert len(read.tasks) == 301
    nested = "[" * 20_000 + "{" * 20_000 + '{"a":' * 2_000 + '{"id":{"a":1},' * 2_000
    assert not outcome(nested).has_plan
