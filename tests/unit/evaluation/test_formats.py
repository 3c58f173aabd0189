"""TaskBench's formats, ours and the public ones, and what is said of files that have neither."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.errors import InvalidArgumentError
from orchestrion_evaluation.graphs import Argument, ToolGraph, content_type, same_shape, topological
from orchestrion_evaluation.library import Tool, ToolParameter, read_library
from orchestrion_evaluation.samples import Structure, read_samples, structure_of, unknown_tools
from tests.unit.evaluation.libraries import daily, typed

OURS: dict[str, Any] = {
    "id": "1",
    "type": "chain",
    "instruction": "Read 'sign.jpg' and translate it.",
    "task_nodes": [
        {"task": "Translation", "arguments": ["<node-1>", "French"]},
        {"task": "Image-to-Text", "arguments": ["sign.jpg"]},
    ],
    "task_links": [{"source": "Image-to-Text", "target": "Translation"}],
}
GOLD = ToolGraph(
    ("Translation", "Image-to-Text"),
    frozenset({("Image-to-Text", "Translation")}),
    frozenset(
        {
            Argument("Translation", "text", "Image-to-Text"),
            Argument("Translation", "text", "French"),
            Argument("Image-to-Text", "image", "sign.jpg"),
        }
    ),
)
PUBLIC = {
    "id": 1,
    "seed": 5,
    "n_tools": 2,
    "type": "chain",
    "user_request": OURS["instruction"],
    "tool_steps": json.dumps(["Step 1", "Step 2"]),
    "tool_nodes": json.dumps(OURS["task_nodes"]),
    "tool_links": json.dumps(OURS["task_links"]),
}


def lines(*samples: Any) -> str:
    return "".join(json.dumps(sample) + "\n" for sample in samples)


@pytest.mark.parametrize(
    "text",
    [
        lines(OURS),
        lines(PUBLIC),
        json.dumps([OURS], indent=2),
        json.dumps(PUBLIC, indent=2),
        "\ufeff\n" + lines(OURS),
        lines(OURS | {"task_nodes": [{**node, "task": node["task"].replace("-", "_")} for node in OURS["task_nodes"]]}),
        lines(OURS | {"task_links": [[1, 0]]}),
        lines(OURS | {"task_links": [{"source": {"task": "Image-to-Text"}, "target": 0}]}),
    ],
    ids=["ours", "public", "array", "one object", "mark", "underscores", "numbers", "nested"],
)
def test_every_variant_reads_as_the_same_sample(text: str) -> None:
    (sample,) = read_samples(text, "dev.jsonl", typed())
    assert (sample.id, sample.structure, sample.request) == ("1", Structure.CHAIN, OURS["instruction"])
    assert sample.gold == GOLD


def test_words_for_structures_and_what_stands_in_for_unknown_ones() -> None:
    words = ["single", "node", "chain", "dag", "Graph", "unheard of", None]
    texts = lines(*({**OURS, "type": word} for word in words))
    structures = [sample.structure for sample in read_samples(texts, "dev.jsonl", typed())]
    single, chain, dag = Structure.SINGLE, Structure.CHAIN, Structure.DAG
    assert structures == [single, single, chain, dag, dag, chain, chain]
    assert structure_of(ToolGraph(("a", "b", "c"), frozenset({("a", "b"), ("a", "c")}))) is dag
    assert structure_of(ToolGraph(("a", "b"))) is dag
    assert structure_of(ToolGraph()) is single


@pytest.mark.parametrize(
    ("references", "sources"),
    [
        (["x.jpg", "<node-0>", "<node-1>"], ["Image-to-Text", "Translation"]),
        (["x.jpg", "<node-1>", "<node-2>"], ["Image-to-Text", "Translation"]),
        (["x.jpg", "<node-0-output-0>", "the text of <node-1>"], ["Image-to-Text", "Translation"]),
        # Outside of the plan: the only link tells.
        (["x.jpg", "<node-0>", "<node-7>"], ["Image-to-Text", "Translation"]),
    ],
    ids=["from 0", "from 1", "other spellings", "outside"],
)
def test_references_count_from_0_or_1(references: list[str], sources: list[str]) -> None:
    tools = ["Image-to-Text", "Translation", "Text-to-Speech"]
    sample = OURS | {
        "task_nodes": [{"task": tool, "arguments": [value]} for tool, value in zip(tools, references, strict=True)],
        "task_links": [{"source": a, "target": b} for a, b in itertools.pairwise(tools)],
    }
    (read,) = read_samples(lines(sample), "dev.jsonl", typed())
    assert {argument.value for argument in read.gold.arguments} == {"x.jpg", *sources}


def test_references_to_themselves_and_to_nowhere_are_left_out() -> None:
    nodes = [{"task": "Translation", "arguments": ["<node-0>", "<node-9>"]}]
    (read,) = read_samples(lines(OURS | {"task_nodes": nodes, "task_links": []}), "dev.jsonl", typed())
    assert read.gold.arguments == frozenset()


def test_a_tool_without_output_type_is_referred_to_as_none() -> None:
    nodes = [
        {"task": "Sentence Similarity", "arguments": ["a", "b"]},
        {"task": "Text-to-Speech", "arguments": ["<node-0>"]},
    ]
    links = [{"source": "Sentence Similarity", "target": "Text-to-Speech"}]
    (read,) = read_samples(lines(OURS | {"task_nodes": nodes, "task_links": links}), "dev.jsonl", typed())
    assert Argument("Text-to-Speech", "none", "Sentence Similarity") in read.gold.arguments


def test_daily_life_arguments_have_names_of_their_own() -> None:
    sample = {
        "id": "7",
        "type": "chain",
        "user_request": "Fly from Rome on Monday and tell 123.",
        "task_nodes": [
            {
                "task": "book_flight",
                "arguments": [{"name": "date", "value": "Monday"}, {"name": "from", "value": "Rome"}],
            },
            {"task": "send_sms", "arguments": {"phone number": 123}},
        ],
        "task_links": [{"source": "book_flight", "target": "send_sms"}],
    }
    (read,) = read_samples(lines(sample), "dev.jsonl", daily())
    assert read.gold.arguments == {
        ("book_flight", "date", "Monday"),
        ("book_flight", "from", "Rome"),
        ("send_sms", "phone number", "123"),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "dev.jsonl: it holds no record; give JSON lines"),
        (lines(OURS) + "{'id': 1}\n", "dev.jsonl, line 2: this is no JSON (Expecting property name"),
        (lines(OURS) + "[1]\n", "dev.jsonl, line 2: [1] is no JSON object"),
        ("[{},\n{]", "dev.jsonl, line 2: this is no JSON array"),
        (
            lines({**OURS, "instruction": None}),
            "dev.jsonl, item 1, instruction: there is no such field; add `instruction`",
        ),
        (lines(OURS, {**OURS, "instruction": " "}), 'dev.jsonl, line 2, instruction: " " is no text'),
        (lines(OURS, {**OURS, "task_nodes": 3}), "dev.jsonl, line 2, task_nodes: 3 is no list; write a JSON array."),
        (lines(OURS, {**OURS, "task_nodes": "[{"}), "dev.jsonl, line 2, task_nodes: the text is no JSON"),
        (lines(OURS, {**OURS, "task_nodes": [{}]}), "task_nodes: {} names no tool; write {task, arguments}."),
        (lines(OURS, {**OURS, "task_links": ["x"]}), 'task_links: "x" is no link; write {source, target}'),
        (lines(OURS, {**OURS, "task_links": [{"source": "Translation"}]}), "has no target; name the tool at that end."),
        (
            lines({**OURS, "task_nodes": [{"task": "Juggling"}], "task_links": []}),
            "no tool of these samples is in the tool file (Juggling); give theirs.",
        ),
    ],
)
def test_what_is_wrong_with_samples_is_told_with_its_place_and_cure(text: str, words: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_samples(text, "dev.jsonl", typed())
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"nodes": []}', "nodes: there is no tool; list at least one."),
        ('{"nodes": [7]}', "nodes: 7 is no tool; write an object with `id` and `desc`."),
        (
            '{"nodes": [{"desc": "x"}]}',
            "tools.json, nodes[0], id: there is no such field; add `id` (or `name`, `task`).",
        ),
        ('{"nodes": [{"id": "a"}, {"id": "a"}]}', 'tools.json, nodes[1], id: "a" is taken by an earlier tool'),
        ('{"nodes": [{"id": "a", "desc": 5}]}', "desc: 5 is no text"),
        ('{"nodes": [{"id": "a", "input-type": [""]}]}', 'input-type: "" is no type; write words such as text'),
        ('{"nodes": [{"id": "a", "parameters": ["x"]}]}', 'parameters: "x" is no parameter; write {name, type, desc}.'),
    ],
)
def test_what_is_wrong_with_tools_is_told_with_its_place_and_cure(text: str, words: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_library(text, "tools.json")
    assert words in caught.value.message


def test_tools_in_a_list_on_lines_and_with_words_for_lists() -> None:
    tools = [
        {"id": "a.b", "input-type": "text", "output-type": ""},
        {"id": "C", "description": "d", "output_type": ["x"]},
    ]
    expected = (Tool("a.b", "", ("text",), ()), Tool("C", "d", (), ("x",)))
    assert read_library(json.dumps(tools), "tools.json").tools == expected
    assert read_library(lines(*tools), "tools.jsonl").tools == expected


def test_parameters_are_read_with_their_types() -> None:
    flight = daily().by_id["book_flight"]
    assert flight.parameters == (
        ToolParameter("date", "date", "The date"),
        ToolParameter("from", "string", "Where it starts"),
    )
    assert daily().by_id["do_nothing"].parameters == ()


def test_unknown_tools_stay_and_are_told() -> None:
    nodes = [{"task": "Translation"}, {"task": "Juggling"}]
    samples = read_samples(lines(OURS | {"task_nodes": nodes, "task_links": []}), "dev.jsonl", typed())
    assert unknown_tools(samples, typed()) == ["Juggling"]
    assert samples[0].gold.tools == ("Translation", "Juggling")


def test_the_samples_of_the_repository_are_whole() -> None:
    folder = Path(__file__).parents[3] / "benchmarks" / "planning"
    library = read_library((folder / "taskbench_tools.json").read_text(), "tools")
    samples = read_samples((folder / "taskbench_dev.jsonl").read_text(), "dev", library)
    count = {structure: sum(sample.structure is structure for sample in samples) for structure in Structure}
    assert count == {Structure.SINGLE: 26, Structure.CHAIN: 32, Structure.DAG: 14}
    assert unknown_tools(samples, library) == []
    # Every link of the samples is an edge whose ends the plan has, and nothing is between a tool and nothing.
    assert all({tool for edge in sample.gold.edges for tool in edge} <= set(sample.gold.tools) for sample in samples)
    assert all(argument.tool in library.by_id for sample in samples for argument in sample.gold.arguments)


def test_content_types() -> None:
    values = ["a.jpg", "the sound in b.WAV? no, b.wav", "c.mp4", "d.txt", "word", "x.jpg and y.wav"]
    assert [content_type(value) for value in values] == ["image", "audio", "video", "text", "text", "image"]


NAMES = st.sampled_from("abcde")
GRAPHS = st.builds(
    lambda tools, pairs: ToolGraph(tuple(tools), frozenset(pair for pair in pairs if set(pair) <= set(tools))),
    st.lists(NAMES, unique=True, max_size=5),
    st.lists(st.tuples(NAMES, NAMES), max_size=8),
)


@given(GRAPHS, st.permutations("abcde"))
def test_the_shape_stays_when_tools_are_renamed(graph: ToolGraph, names: list[str]) -> None:
    new = dict(zip("abcde", names, strict=True))
    renamed = ToolGraph(tuple(new[tool] for tool in graph.tools), frozenset((new[a], new[b]) for a, b in graph.edges))
    assert same_shape(graph, renamed)


@given(GRAPHS, GRAPHS)
def test_graphs_of_one_shape_have_the_same_degrees(first: ToolGraph, second: ToolGraph) -> None:
    def degrees(graph: ToolGraph) -> list[tuple[int, int]]:
        return sorted(
            (sum(a == tool for a, _ in graph.edges), sum(b == tool for _, b in graph.edges)) for tool in graph.tools
        )

    if same_shape(first, second):
        assert degrees(first) == degrees(second)


def test_equal_degrees_are_not_enough_for_one_shape() -> None:
    ring = ToolGraph(tuple("abcdef"), frozenset(zip("abcdef", "bcdefa", strict=True)))
    rings = ToolGraph(tuple("abcdef"), frozenset(zip("abcdef", "bcaefd", strict=True)))
    assert not same_shape(ring, rings)


@given(st.permutations("abcde"))
def test_a_chain_has_one_order_however_its_nodes_are_listed(listed: list[str]) -> None:
    assert topological(listed, zip("abcd", "bcde", strict=True)) == tuple("abcde")


def test_a_circle_keeps_the_order_of_the_plan() -> None:
    assert topological("cab", [("a", "b"), ("b", "a"), ("a", "a")]) == ("c", "a", "b")
