"""What aliases become in a streamed answer, however a model spells them, and what is no alias."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.plans import Plan, Task
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, Json
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.responder.llm.alias_stream import AliasStream
from orchestrion_controller.responder.llm.aliases import Aliases
from orchestrion_controller.responder.llm.files import RunFiles, own_texts
from orchestrion_controller.stages import RespondingRequest
from tests.llm_server import Reply
from tests.unit.controller.responder.llm.replies import FILES, REQUEST, SIGN, SPEECH, answer, done, ref, run

FERRY = Artifact("artifacts/" + "c" * 64, "image/png", "ferry.png", 10)
BRACKETED = Artifact("artifacts/" + "d" * 64, "image/png", "scan [1].png", 10)
MENU = "Soup of the day 4.50\nGrilled trout 18.90\n[[file 1]] Apple pie 6.20"
READING = run(
    "What do they say?",
    [Task("read", "image-to-text", {"image": (ref(SIGN), ref(FERRY))}), Task("count", "object-detection", {})],
    [
        done("read", text=("No entry", MENU), lines=(Json([]), Json([]))),
        done("count", text="2 zebras", count=2.0, objects=Json([{"label": "zebra"}]), annotated_image=ref(SPEECH)),
    ],
    [SIGN, FERRY, BRACKETED],
    made=[SPEECH],
)


def resolved(text: str, request: RespondingRequest = REQUEST) -> tuple[str, list[str]]:
    aliases = Aliases(request, RunFiles(request), words_of("en"))
    stream = AliasStream(aliases, own_texts(request))
    return stream.feed(text) + stream.finish(), aliases.used


@pytest.mark.parametrize(
    "alias",
    [
        "[[file 2]]",
        "[[File 2]]",
        "[[ file  2 ]]",
        "[[file2]]",
        "[[file_2]]",
        "[[artifact 2]]",
        "[[Artifact 2]]",
        "[artifact 2]",
        "[file 2]",
        "[[attachments/2]]",
        "[[speech.wav]]",
        "[speech.wav]",
        "[[SPEECH.WAV]]",
        "[[`speech.wav`]]",
        "[[speech]]",
        "[[file: speech.wav]]",
        "[[/mnt/data/speech.wav]]",
        "[speech.wav](artifact 2)",
        "[speech.wav]([[file 2]])",
        "[[speech.wav]](file 2)",
        "[[file 2]](file 2)",
        "[speech.wav](sandbox:/mnt/data/speech.wav)",
        "[speech.wav](https://files.example/speech.wav)",
        "![speech.wav](artifact 2)",
        "![](file 2)",
        "\uff3b\uff3bfile 2\uff3d\uff3d",
        "\uff3b\uff3b\uff46\uff49\uff4c\uff45 \uff12\uff3d\uff3d",
        "【file 2】",
        "【speech.wav】",
        "[[Datei 2]]",
        "[[\u6587\u4ef62]]",
        "[[fichier 2]]",
        "{{file 2}}",
        "[[file #2]]",
        "[[file-2]]",
        "[[file 2: speech.wav]]",
        "[[file 2|speech.wav]]",
        "[[file 2 (speech.wav)]]",
        "〖file 2〗",
        "[[audio 1]]",
        "[[speak.audio]]",
        "[[audio of speak]]",
        "[[speak]]",
        "[[speak.output]]",
    ],
)
def test_a_file_is_named_however_its_alias_is_spelt(alias: str) -> None:
    assert resolved(f"Listen to {alias}, please.") == ("Listen to speech.wav, please.", [SPEECH.name])


@pytest.mark.parametrize(
    ("alias", "text"),
    [
        ("[[read.text 2]]", MENU),
        ("[read.text 2]", MENU),
        ("[[read.text[2]]]", MENU),
        ("[[read.text.2]]", MENU),
        ("[[$read.text 1]]", "No entry"),
        ("[[READ.TEXT 1]]", "No entry"),
        ("[[read.text]]", f"No entry\n\n{MENU}"),
        ("[[read]]", f"No entry\n\n{MENU}"),
        ("[[text of read]]", f"No entry\n\n{MENU}"),
        ("[[read.result]]", f"No entry\n\n{MENU}"),
        ("[[count.count]]", "2"),
        ("[[count.objects]]", '[{"label": "zebra"}]'),
        ("[[count.annotated_image]]", "speech.wav"),
    ],
)
def test_an_output_is_filled_in_exactly_whatever_it_says(alias: str, text: str) -> None:
    # The menu has something like an alias in it, which is a part of the text.
    assert resolved(f"It says: “{alias}”.", READING)[0] == f"It says: “{text}”."


@pytest.mark.parametrize(
    "alias", ["[[file 9]]", "[[artifact 0]]", "[file 7]", "[[ghost.png]]", "[[speak.text 4]]", "[[Datei 12]]"]
)
def test_an_alias_of_nothing_is_left_out_with_its_space(alias: str) -> None:
    assert resolved(f"See {alias} and [[file 1]].")[0] == "See and sign.png."


def test_a_task_that_failed_has_no_text_to_fill_in() -> None:
    request = replace(REQUEST, results={"speak": REQUEST.results["speak"]})
    assert resolved("It says [[read.text]] here.", request)[0] == "It says here."


@pytest.mark.parametrize(
    "text",
    [
        "The matrix [[1, 2], [3, 4]] has a[0] and a[i][j].",
        "In a shell: if [[ -f x ]]; then echo {a,b}; fi",
        "See [the docs](https://docs.example/page) and [Chapter 3].",
        "[ ] buy milk\n[x] sleep",
        'JSON: {"a": [1, {"b": []}]}',
        "\\[ x^2 \\] and [unclosed",
        "It ends! And ends!",
        "【\u7ed3\u679c】: [[1]]",
    ],
)
def test_other_brackets_stay_as_they_are(text: str) -> None:
    assert resolved(text) == (text, [])


def test_the_text_that_a_task_was_given_can_be_filled_in_too() -> None:
    assert resolved("I said “[[speak.text]]”.")[0] == "I said “No entry”."


def test_brackets_in_the_name_of_a_file_are_part_of_it() -> None:
    assert resolved("See [[scan [1].png]] now.", READING) == ("See scan [1].png now.", [BRACKETED.name])
    assert resolved("See [scan [1].png](file 3).", READING) == ("See scan [1].png.", [BRACKETED.name])


def test_a_link_with_words_of_its_own_keeps_them() -> None:
    assert resolved("[Listen here](artifact 2).")[0] == "Listen here (speech.wav)."
    assert resolved("[Listen here](artifact 9).")[0] == "Listen here."


def test_each_of_a_list_is_resolved_and_the_list_stays() -> None:
    assert resolved("[[file 1, file 2]]")[0] == "sign.png, speech.wav"
    assert resolved("[[file 1]][[file 2]]")[0] == "sign.png speech.wav"
    assert resolved("[[[file 1]], [[file 2]]]") == ("[sign.png, speech.wav]", [SIGN.name, SPEECH.name])


def test_what_the_person_wrote_themselves_is_told_as_they_wrote_it() -> None:
    message = Message("what does [[file 1]] mean in my notes?", artifacts=(SIGN.name,))
    request = replace(REQUEST, messages=(message,))
    assert RunFiles(request).alias(SIGN.name) == "[[artifact 1]]"
    assert resolved("[[file 1]] stands for a file, as in [[artifact 2]].", request) == (
        "[[file 1]] stands for a file, as in speech.wav.",
        [SPEECH.name],
    )


def test_files_of_one_name_are_told_apart() -> None:
    sounds = [Artifact(f"artifacts/{place}" + "e" * 63, "audio/wav", "speech.wav", 10) for place in range(3)]
    say = Task("say", "text-to-speech", {"text": ("one", "two", "three")})
    request = run("Say each", [say], [done("say", audio=tuple(map(ref, sounds)))], made=sounds)
    assert resolved("[[file 1]], [[file 2]], [[file 3]]", request)[0] == (
        "speech.wav (1), speech.wav (2), speech.wav (3)"
    )


async def test_a_name_without_brackets_counts_as_named_so_that_no_line_repeats_it() -> None:
    named = await answer("I read it into speech.wav.")
    assert named.text == "I read it into speech.wav."
    assert named.artifacts == (SPEECH.name,)


async def test_an_alias_that_the_end_of_a_cut_answer_halves_is_left_out() -> None:
    many = {f"artifacts/{n:064}": Artifact(f"artifacts/{n:064}", "image/png", f"{n}.png", 10) for n in range(12)}
    request = RespondingRequest((Message("hello", artifacts=tuple(many)),), Plan((), "-"), artifacts=many)
    cut = await answer(Reply("See [[file 12]] and [[file 1", finish_reason="length"), request)
    assert cut.text.startswith("See 11.png and \n\n")


@given(
    st.lists(
        st.sampled_from(
            [
                *("[[", "]]", "[", "]", "(", ")", "!", "【", "】", "![", "](", " ", "\n", "a", "1", "2", "9"),
                *("file ", "artifact ", "speech.wav", "read.text", "scan [1].png"),
            ]
        ),
        max_size=20,
    ),
    st.data(),
)
def test_pieces_make_no_difference(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    expected, used = resolved(text, READING)
    aliases = Aliases(READING, RunFiles(READING), words_of("en"))
    stream = AliasStream(aliases, own_texts(READING))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(map(stream.feed, pieces)) + stream.finish() == expected
    assert aliases.used == used


def test_a_long_text_without_brackets_is_passed_on_at_once() -> None:
    stream = AliasStream(Aliases(REQUEST, RunFiles(REQUEST), words_of("en")))
    assert stream.feed("word " * 1000) == "word " * 1000
    assert stream.feed("[" + "word " * 60) == "[" + "word " * 60


def test_artifacts_of_the_run_alone_are_named() -> None:
    assert set(resolved("[[file 1]] [[file 2]] [[file 3]]")[1]) == set(FILES)
    assert isinstance(REQUEST.plan.tasks[0].inputs["image"], ArtifactRef)
