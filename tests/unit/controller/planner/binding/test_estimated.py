"""What steps work on: results of others by kind, then what the request gives, letter by letter."""

from __future__ import annotations

import pytest

from orchestrion.errors import InvalidArgumentError
from orchestrion.plans import Parameter, ParameterKind, Task, TaskType
from orchestrion.values import ArtifactRef, OutputRef
from orchestrion_controller import languages
from orchestrion_controller.planner.builtin.binding.estimated import EstimatedTasks
from orchestrion_controller.planner.builtin.reading.graph import Graph, Wanted
from orchestrion_controller.planner.surroundings import Surroundings
from tests.unit.controller.planner.reading.libraries import (
    ASK,
    CLEAN,
    COMPARE,
    LISTEN,
    PAINT,
    SHORTEN,
    SPEAK,
    TRANSLATE,
    artifact,
    request_for,
)


def bound(text: str, *steps: tuple[TaskType, str, tuple[int, ...]], files: tuple[str, ...] = ()) -> tuple[Task, ...]:
    """Binds steps: a task type, the words that ask for it, and the indices of its sources."""
    request = request_for(text, *files)
    graph = Graph(
        tuple(Wanted(number, text.index(words), 0.9) for number, (_, words, _) in enumerate(steps)),
        tuple(sources for _, _, sources in steps),
        (1.0,) * len(steps),
    )
    tasks = EstimatedTasks(Surroundings(request), [languages.load()["en"]])
    return tasks.make(graph, [task_type for task_type, _, _ in steps])


def test_a_step_works_on_what_its_source_gives_and_not_on_the_original() -> None:
    listen, shorten = bound(
        "Write down talk.wav and sum it up", (LISTEN, "Write", ()), (SHORTEN, "sum", (0,)), files=("talk.wav",)
    )
    assert listen.inputs == {"audio": ArtifactRef(artifact("talk.wav").name)}
    assert shorten.inputs == {"text": OutputRef("audio-to-text-1", "result")}


def test_a_text_fed_on_is_the_earlier_output_even_where_the_original_is_quoted() -> None:
    translate, speak = bound(
        "Put 'Good night, moon and all the stars.' into French and read it aloud",
        (TRANSLATE, "into French", ()),
        (SPEAK, "read", (0,)),
    )
    assert translate.inputs == {"text": "Good night, moon and all the stars."}
    assert speak.inputs == {"text": OutputRef("text-translator-1", "result")}


def test_two_results_go_to_two_inputs() -> None:
    *_, compare = bound(
        "Write down a.wav, shorten 'Once upon a time there was a king.', compare both",
        (LISTEN, "Write", ()),
        (SHORTEN, "shorten", ()),
        (COMPARE, "compare", (0, 1)),
        files=("a.wav",),
    )
    assert compare.inputs == {
        "text": OutputRef("audio-to-text-1", "result"),
        "text_2": OutputRef("text-summarizer-1", "result"),
    }


def test_a_result_is_compared_with_what_is_quoted() -> None:
    _, compare = bound(
        "Write down a.wav. How close is that to 'We meet at noon at the gate.'?",
        (LISTEN, "Write", ()),
        (COMPARE, "How close", (0,)),
        files=("a.wav",),
    )
    assert compare.inputs["text_2"] == "We meet at noon at the gate."


def test_files_go_to_the_steps_that_name_them() -> None:
    first, second = bound(
        "Clean up a.wav, and write down what is said in b.wav",
        (CLEAN, "Clean", ()),
        (LISTEN, "write", ()),
        files=("b.wav", "a.wav"),
    )
    assert first.inputs == {"audio": ArtifactRef(artifact("a.wav").name)}
    assert second.inputs == {"audio": ArtifactRef(artifact("b.wav").name)}


def test_what_is_quoted_is_the_text_and_else_the_whole_request_is() -> None:
    (quoted,) = bound("In me.jpg, find out 'What is she holding?'", (ASK, "find out", ()), files=("me.jpg",))
    assert quoted.inputs["question"] == "What is she holding?"
    (unquoted,) = bound("Please paint a lighthouse in a storm.", (PAINT, "paint", ()))
    assert unquoted.inputs == {"text": "Please paint a lighthouse in a storm."}


def test_choices_and_languages_are_taken_from_the_words_for_the_step() -> None:
    speak = TaskType(
        "speech-maker",
        "Speaks.",
        (
            Parameter("text", ParameterKind.TEXT),
            Parameter("language", ParameterKind.TEXT, optional=True),
            Parameter("mood", ParameterKind.TEXT, optional=True, choices=("calm", "happy")),
        ),
        (Parameter("audio", ParameterKind.AUDIO),),
    )
    (task,) = bound("Say 'The snow has come early this year.' in a calm voice, in German", (speak, "Say", ()))
    assert task.inputs == {"text": "The snow has come early this year.", "language": "German", "mood": "calm"}


def test_what_nobody_said_is_left_out_and_not_made_up() -> None:
    names = ("place", "day", "after")
    book = TaskType(
        "book-table",
        "Books a table.",
        tuple(Parameter(name, ParameterKind.TEXT, optional=True) for name in names),
        (Parameter("result", ParameterKind.TEXT),),
    )
    first, second = bound(
        "Book a table at 'The Olive' for us, then one at 'The Vine'", (book, "Book", ()), (book, "one at", (0,))
    )
    assert first.inputs == {"place": "The Olive"}
    # What only comes before is no place.
    assert second.inputs == {"place": "The Vine", "after": OutputRef("book-table-1", "result")}


def test_what_is_missing_is_named_with_the_cure() -> None:
    with pytest.raises(InvalidArgumentError, match="It needs a sound: attach one") as caught:
        bound("Clean up the recording", (CLEAN, "Clean", ()))
    assert caught.value.reason == "MISSING_INPUT"


def test_several_steps_of_one_type_have_ids_of_their_own() -> None:
    tasks = bound(
        "Put 'The first of the two letters.' into French, then shorten, then put it into Dutch",
        (TRANSLATE, "into French", ()),
        (SHORTEN, "shorten", (0,)),
        (TRANSLATE, "into Dutch", (1,)),
    )
    assert [task.id for task in tasks] == ["text-translator-1", "text-summarizer-1", "text-translator-2"]


def test_a_question_is_the_sentence_that_asks_it() -> None:
    text = "I took a photo, garden.jpg. Could you tell me what the animal in it is doing? Thank you."
    (ask,) = bound(text, (ASK, "tell me", ()), files=("garden.jpg",))
    assert ask.inputs["question"] == "Could you tell me what the animal in it is doing?"
