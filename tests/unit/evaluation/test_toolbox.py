"""Tools as task types, and plans over them as tool graphs."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from orchestrion.plans import ParameterKind, Plan, Task
from orchestrion.values import ArtifactRef, Json, OutputRef
from orchestrion_controller.plans import rules
from orchestrion_evaluation.graphs import Argument
from orchestrion_evaluation.library import Library, Tool, read_library
from orchestrion_evaluation.toolbox import Toolbox, tag
from tests.unit.evaluation.libraries import daily, typed

TEXT, IMAGE, AUDIO = ParameterKind.TEXT, ParameterKind.IMAGE, ParameterKind.AUDIO


def test_task_types_have_the_tools_words_and_inputs_by_type() -> None:
    types = {task_type.name: task_type for task_type in Toolbox(typed()).task_types}
    asking = types["visual-question-answering"]
    assert asking.description == "Visual Question Answering: Answers a question about an image."
    assert asking.cues == ("visual question answering",)
    assert [(it.name, it.kind, it.optional) for it in asking.inputs] == [
        ("image", IMAGE, True),
        ("question", TEXT, True),
    ]
    assert [it.name for it in types["sentence-similarity"].inputs] == ["text", "text_2"]
    assert [(it.name, it.kind) for it in types["sentence-similarity"].outputs] == [("result", TEXT)]
    assert [(it.name, it.kind) for it in types["text-to-speech"].outputs] == [("audio", AUDIO)]


def test_types_that_no_kind_stands_for_are_texts_with_their_names() -> None:
    tools = [{"id": "URL Extractor", "desc": "", "input-type": ["Text"], "output-type": ["url"]}]
    (only,) = Toolbox(read_library(json.dumps(tools), "tools")).task_types
    assert [(it.name, it.kind, it.description) for it in only.outputs] == [("url", TEXT, "Of type url.")]
    assert only.inputs[0].kind is TEXT


def test_tools_with_parameters_take_what_comes_before_them() -> None:
    types = {task_type.name: task_type for task_type in Toolbox(daily()).task_types}
    assert [it.name for it in types["book-flight"].inputs] == ["date", "from", "after"]
    assert types["book-flight"].inputs[0].description == "The date (date)"
    assert [it.name for it in types["send-sms"].inputs] == ["phone_number", "after"]
    assert [it.name for it in types["do-nothing"].inputs] == ["after"]


def test_names_that_become_one_stay_apart() -> None:
    names = ["get.weather", "getWeather", "Get Weather", "???", "天气", "Image Search (by Image)"]
    toolbox = Toolbox(Library(tuple(Tool(name) for name in names)))
    tags = [task_type.name for task_type in toolbox.task_types]
    assert tags == ["get-weather", "get-weather-2", "get-weather-3", "tool", "天气", "image-search-by-image"]
    plan = Plan(tuple(Task(str(number), name) for number, name in enumerate(tags)))
    assert toolbox.graph(plan, {}).tools == tuple(names)


@given(st.text())
def test_tags_are_lower_case_words_joined_by_hyphens(name: str) -> None:
    assert re.fullmatch(r"[^\W_]+(-[^\W_]+)*", tag(name))
    assert tag(tag(name)) == tag(name)


def test_a_plan_becomes_the_graph_that_is_scored() -> None:
    toolbox = Toolbox(typed())
    plan = Plan(
        (
            Task("read", "image-to-text", {"image": ArtifactRef("artifacts/aa")}),
            Task("ask", "visual-question-answering", {"image": ArtifactRef("artifacts/aa"), "question": "Who?"}),
            Task(
                "compare",
                "sentence-similarity",
                {"text": OutputRef("read", "text"), "text_2": OutputRef("ask", "text")},
            ),
            Task("say", "text-to-speech", {"text": (OutputRef("compare", "result"), "and “so”")}),
        )
    )
    graph = toolbox.graph(plan, {"artifacts/aa": "sign.jpg"})
    assert graph.edges == {
        ("Image-to-Text", "Sentence Similarity"),
        ("Visual Question Answering", "Sentence Similarity"),
        ("Sentence Similarity", "Text-to-Speech"),
    }
    assert graph.arguments == {
        Argument("Image-to-Text", "image", "sign.jpg"),
        Argument("Visual Question Answering", "image", "sign.jpg"),
        Argument("Visual Question Answering", "text", "Who?"),
        Argument("Sentence Similarity", "text", "Image-to-Text"),
        Argument("Sentence Similarity", "text", "Visual Question Answering"),
        Argument("Text-to-Speech", "none", "Sentence Similarity"),
        Argument("Text-to-Speech", "text", "and “so”"),
    }


def test_an_order_in_time_is_an_edge_and_no_argument() -> None:
    plan = Plan(
        (
            Task("fly", "book-flight", {"date": "Monday", "from": 3.0}),
            Task("tell", "send-sms", {"phone_number": Json([1, 2]), "after": OutputRef("fly", "result")}),
        )
    )
    graph = Toolbox(daily()).graph(plan, {})
    assert graph.edges == {("book_flight", "send_sms")}
    assert graph.arguments == {
        Argument("book_flight", "date", "Monday"),
        Argument("book_flight", "from", "3"),
        Argument("send_sms", "phone number", "[1, 2]"),
    }


def test_the_controller_takes_plans_without_any_input_and_with_every_text_bound() -> None:
    toolbox = Toolbox(typed())
    task_types = {task_type.name: task_type for task_type in toolbox.task_types}
    bare = Plan(tuple(Task(str(number), name) for number, name in enumerate(task_types)))
    assert rules.check(bare, task_types) == bare
    bound = Plan((Task("a", "sentence-similarity"), Task("b", "translation", {"text": OutputRef("a", "result")})))
    assert rules.check(bound, task_types) == bound
