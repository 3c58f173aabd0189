"""What a language model writes for a value, however it writes it, is read as it was meant: a table for each kind."""

from __future__ import annotations

import pytest

from orchestrion.values import ArtifactRef, Json, JsonData, OutputRef, Value
from tests.unit.controller.planner.llm.replies import (
    BELL,
    LETTER,
    NOTES,
    READ,
    SIGN,
    STATION,
    outcome,
    plan,
    refused,
    task,
    value,
)

PICTURE = ArtifactRef(STATION.name)
TEXT_OF_READ = OutputRef("read", "text")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hello", "hello"),
        ("", ""),
        ("$1", ArtifactRef(NOTES.name)),
        ("$earlier.2", "No entry without a permit"),
        ("$request.1", LETTER),
        ("$read.text", TEXT_OF_READ),
        (" $read.text ", TEXT_OF_READ),
        ("${read.text}", TEXT_OF_READ),
        ("{{read.text}}", TEXT_OF_READ),
        ("{{ $read.text }}", TEXT_OF_READ),
        ("$read", TEXT_OF_READ),
        ("$Read.Text", TEXT_OF_READ),
        ("$read.output", TEXT_OF_READ),
        ("$read.outputs.text", TEXT_OF_READ),
        ("<GENERATED>-7", OutputRef("7", "text")),
        ("$all.text.0", OutputRef("all", "text", 0)),
        ("$all.text[1]", OutputRef("all", "text", 1)),
        ("$all.1", OutputRef("all", "text", 1)),
        # The first of what is no list is all of it.
        ("$read.text.0", TEXT_OF_READ),
        ("$read.text[0]", TEXT_OF_READ),
    ],
)
def test_references_to_files_to_what_is_there_and_to_outputs(written: str, meant: Value) -> None:
    names = {"$1": "$2"}
    seventh = task("image-to-text", "7", image="$1")
    folded = task("image-to-text", "all", image=["$1", "$earlier.1"])
    read = outcome(plan(READ, folded, seventh, task("text-to-speech", text=names.get(written, written))))
    assert read.faults == ()
    assert read.tasks[-1].inputs["text"] == meant


@pytest.mark.parametrize(
    "text",
    [
        "$5 off",
        "$100",
        "$3.50",
        "$1,000.99",
        "$TSLA",
        "US$",
        "$",
        "$$",
        "costs $20 or $30",
        "{name}",
        "{{}}",
        "${}",
        "$-1",
    ],
)
def test_a_text_that_begins_with_a_dollar_and_refers_to_nothing_stays_the_text(text: str) -> None:
    assert value(text) == text
    # It does so wherever the plan goes on afterwards.
    read = outcome(plan(task("text-to-speech", text=text), READ))
    assert read.faults == ()
    assert {one.id: one for one in read.tasks}["it"].inputs["text"] == text


@pytest.mark.parametrize(
    "text", ["$1", "$read.text", "$earlier.2", "{{read}}", "attachments/1", "<GENERATED>-1", "$x.y"]
)
def test_a_literal_is_never_a_reference(text: str) -> None:
    assert value({"literal": text}) == text
    assert value([{"literal": text}, "b"]) == (text, "b")


@pytest.mark.parametrize(
    "written",
    [
        *("$1", "1", 1, "[1]", "[$1]", "$[1]", "attachments/1", "attachment/1", "$attachments/1", "$attachments.1"),
        *("[$1: station.jpg, image/jpeg]", "$1: station.jpg", "$station.jpg", "$file.1"),
        *("file1", "file 1", "File_1", "attachment 1", "station.jpg", "Station.JPG", "/home/anna/station.jpg"),
        *("./station.jpg", "C:\\photos\\station.jpg", {"artifact": "attachments/1"}, {"artifact": "station.jpg"}),
        *({"file": "$1"}, {"image": "$1"}, {"value": "$1"}, {"attachment": 1}, STATION.name),
    ],
)
def test_a_file_by_its_number_or_by_its_name(written: JsonData) -> None:
    assert value(written, "image-to-text", "image") == PICTURE


def test_files_of_earlier_turns_and_outputs_where_a_file_is_wanted() -> None:
    assert value("$earlier.1", "image-to-text", "image") == ArtifactRef(SIGN.name)
    assert value("earlier/1", "image-to-text", "image") == ArtifactRef(SIGN.name)
    assert value("sign.png", "image-to-text", "image") == ArtifactRef(SIGN.name)
    assert value(["$1", "$earlier.1"], "image-to-text", "image") == (PICTURE, ArtifactRef(SIGN.name))
    edges = task("canny-control", "edges", image="$1")
    for written in (
        "$edges.image",
        "edges.image",
        "$edges",
        {"artifact": "$edges.image"},
        {"output": {"taskId": "edges", "output": "image"}},
    ):
        read = outcome(plan(edges, task("image-to-text", image=written)))
        assert read.faults == ()
        assert read.tasks[-1].inputs["image"] == OutputRef("edges", "image")


def test_a_file_wins_over_a_task_of_the_same_number_and_where_there_is_none_the_task_is_meant() -> None:
    first = {"id": 1, "type": "image-to-text", "inputs": {"image": "$1"}}
    ninth = {"id": 9, "type": "image-to-text", "inputs": {"image": "$1"}}
    read = outcome(plan(first, ninth, task("text-to-speech", text="$9"), task("image-to-text", "again", image="$1")))
    assert read.faults == ()
    assert [one.id for one in read.tasks] == ["1", "9", "it", "again"]
    assert read.tasks[2].inputs["text"] == OutputRef("9", "text")
    assert read.tasks[3].inputs["image"] == PICTURE


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (0.8, 0.8),
        (1, 1.0),
        ("0.8", 0.8),
        (" 2 ", 2.0),
        ({"number": 0.8}, 0.8),
        ({"number": "0.8"}, 0.8),
        ({"value": 0.8}, 0.8),
        ({"speed": 0.8}, 0.8),
        ([0.8, "1"], (0.8, 1.0)),
    ],
)
def test_numbers(written: JsonData, meant: Value) -> None:
    read = value(written, name="speed", text=["a", "b"])
    assert read == meant
    assert all(isinstance(one, float) for one in (read if isinstance(read, tuple) else (read,)))


@pytest.mark.parametrize("written", ["fast", "nan", "inf", "1_000", "0,8", [[1]], {"a": 1}, True])
def test_what_is_no_number_is_refused(written: JsonData) -> None:
    assert "NUMBER" in refused(written, name="speed", text="hi") or "nested" in refused(
        written, name="speed", text="hi"
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (True, True),
        ("true", True),
        ("False", False),
        ({"boolean": True}, True),
        ({"value": "true"}, True),
    ],
)
def test_truth_values(written: JsonData, meant: Value) -> None:
    from orchestrion.plans import Parameter, ParameterKind, TaskType

    mark = TaskType("mark", "Marks.", (Parameter("loud", ParameterKind.BOOLEAN),), ())
    read = outcome(plan(task("mark", loud=written)), types={"mark": mark})
    assert read.faults == ()
    assert read.tasks[0].inputs == {"loud": meant}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hello", "hello"),
        ({"text": "hello"}, "hello"),
        ({"value": "hello"}, "hello"),
        ({"text": "$read.text"}, TEXT_OF_READ),
        (42, "42"),
        ({"output": {"taskId": "read", "output": "text"}}, TEXT_OF_READ),
        ({"output": {"task_id": "read", "output": "text", "index": None}}, TEXT_OF_READ),
        ({"output": {"taskId": "all", "output": "text", "index": 1}}, OutputRef("all", "text", 1)),
        ({"output": {"taskId": "read", "output": "text", "index": 0}}, TEXT_OF_READ),
        ({"taskId": "read", "output": "text"}, TEXT_OF_READ),
        ({"output": "read.text"}, TEXT_OF_READ),
        ({"ref": "$read.text"}, TEXT_OF_READ),
        ({"artifact": "attachments/2"}, ArtifactRef(NOTES.name)),
        ({"artifact": "earlier/2"}, "No entry without a permit"),
        ({"list": {"items": [{"text": "a"}, "b"]}}, ("a", "b")),
        ({"list": ["a", "b"]}, ("a", "b")),
        (["a"], ("a",)),
        (["a", "$read.text"], ("a", TEXT_OF_READ)),
        ("$2", ArtifactRef(NOTES.name)),
    ],
)
def test_the_long_form_and_bare_values_alike(written: JsonData, meant: Value) -> None:
    assert value(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["food", "price"], ("food", "price")),
        ("food", ("food",)),
        ({"text": "food"}, ("food",)),
        ({"list": {"items": ["food", {"text": "price"}]}}, ("food", "price")),
        ("$all.text", OutputRef("all", "text")),
        ("$read.text", (TEXT_OF_READ,)),
        (["$read.text", "$all.text.0"], (TEXT_OF_READ, OutputRef("all", "text", 0))),
    ],
)
def test_where_a_list_is_wanted_a_single_value_is_a_list_of_one(written: JsonData, meant: Value) -> None:
    assert value(written, "zero-shot-classification", "labels", text="the waiter forgot us") == meant


@pytest.mark.parametrize("written", ["sentiment", "Sentiment", "SENTIMENT", {"text": "Sentiment"}])
def test_choices_by_their_letters(written: JsonData) -> None:
    assert value(written, "text-classification", "domain", text="lovely") == "sentiment"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("de", "de"), ("German", "de"), ("german", "de"), ("Deutsch", "de"), ("deutsch", "de"), ("allemand", "de")),
        *(("ドイツ語", "de"), ("de_DE", "de-DE"), ("de-DE", "de-DE"), ("zh-Hans", "zh-Hans"), ("Polish", "pl")),
        *(("Chinese", "zh"), ("中文", "zh"), ("Simplified Chinese", "zh-Hans"), ("Brazilian Portuguese", "pt-BR")),
        *(
            ("français", "fr"),
            ("русский", "ru"),
            ("한국어", "ko"),
            ("العربية", "ar"),
            ("Klingonish", "Klingonish"),
            ({"text": "German"}, "de"),
            ({"literal": "German"}, "German"),
        ),
    ],
)
def test_names_of_languages_become_tags(written: JsonData, meant: str) -> None:
    assert value(written, "translation", "language", text="hello") == meant
    assert value(written, "translation", "source_language", text="hello", language="fr") == meant
    # Elsewhere the name of a language is a text like any other.
    assert value(written) == (
        written["text" if "text" in written else "literal"] if isinstance(written, dict) else written
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ([[1, 2], [3, 4]], Json([[1, 2], [3, 4]])),
        ({"x": [1, None]}, Json({"x": [1, None]})),
        ({"text": "x"}, Json({"text": "x"})),
        ({"json": [1]}, Json([1])),
        ("[[1, 2]]", Json([[1, 2]])),
        ({"literal": "[1]"}, "[1]"),
        ("[1", "[1"),
        ("[" * 100_000, "[" * 100_000),
        ("[" * 500 + "]" * 500, "[" * 500 + "]" * 500),
        ("$read.lines", OutputRef("read", "lines")),
        ("$read", OutputRef("read", "lines")),
        ("words", "words"),
        (3, 3.0),
    ],
)
def test_data_is_free_where_data_is_wanted(written: JsonData, meant: Value) -> None:
    assert value(written, "mask-generation", "points", image="$1") == meant


def test_null_is_left_out_and_bells_are_no_pictures() -> None:
    read = outcome(plan(task("text-to-speech", text="hi", speed=None, language=None, nonsense=None)))
    assert read.faults == ()
    assert read.tasks[0].inputs == {"text": "hi"}
    message = refused("bell.wav", "image-to-text", "image")
    assert BELL.file_name in message
    assert "`$1` (station.jpg)" in refused("stations.jpg", "image-to-text", "image")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("$raed.text", "Did you mean `$read`?"),
        ("$raed", "Did you mean `$read`?"),
        ("$earlier.7", "`$earlier.7` refers to nothing"),
        ("$request.2", "`$request.1`"),
        ("$nothing.text", "`$nothing.text` refers to nothing"),
        ("It says: $read.text", "inside a text"),
        ("It says: {{read.text}}!", "inside a text"),
        ("$read.text and $all.text", "inside a text"),
        ("$read.text.0.words", "goes deeper"),
        ("<GENERATED>-9", "`<GENERATED>-9` refers to nothing"),
        ("$1.text", "`$1` is a file and has no outputs"),
        ("$read.txt", "Did you mean `text`?"),
        ("$read.lines", "refer to its output `text`"),
        ("$all.text.x", "goes deeper"),
        ("$read.text.1", "leave the number out"),
        ({"text": ["a"]}, "takes TEXT"),
        ({"any": "thing"}, "takes TEXT"),
        (0.5, "takes TEXT"),
        (True, "takes TEXT"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_what_was_probably_meant(written: JsonData, words: str) -> None:
    assert words in refused(written)


def test_no_error_has_the_words_of_a_programming_language() -> None:
    odd: list[JsonData] = [[[]], [None], {"a": {"b": []}}, {"output": {}}, {"list": 1}, {"artifact": []}, [["$1"]]]
    for name in ("text", "speed", "language"):
        for written in odd:
            others = {} if name == "text" else {"text": "hi"}
            message = refused(written, name=name, **others)
            assert not any(word in message for word in ("dict", "NoneType", "float object", "Json(", "Value", "str"))
