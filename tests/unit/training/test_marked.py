"""Marked requests: their form, what breaks it, and that whatever varies them keeps the marks on their words."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.planner import libraries, marked
from training.planner.marked import Marked
from training.planner.variation import Variation

FILES = sorted((libraries.DATA / "requests").glob("*.jsonl"))
SOME = [item for path in FILES[::40] for item in marked.read(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_reads(path: Path) -> None:
    requests = list(marked.read(path))
    assert requests
    assert {item.language for item in requests} == {path.name[:2]}


def write(folder: Path, **fields: object) -> Path:
    path = folder / "en-99.jsonl"
    path.write_text("\n" + json.dumps({"files": ["a.wav"], "text": "hi", "steps": []} | fields), "utf-8")
    return path


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": "{1 read {f1 it}"}, "broken"),
        ({"text": "{2 read}", "steps": ["summarization"]}, "step 2"),
        ({"text": "{f2 it}"}, "file that is not there"),
        ({"text": "{1.colour red}", "steps": ["summarization"]}, "colour"),
        ({"steps": ["no-such-type"]}, "no-such-type"),
        ({"steps": ["summarization text"]}, "no `input=value`"),
        ({"steps": ["summarization text=f3"]}, "not there"),
        ({"text": "{1  }", "steps": ["summarization"]}, "on no words"),
    ],
)
def test_a_line_that_breaks_the_form_is_named(tmp_path: Path, fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=rf"en-99.jsonl:2: .*{message}"):
        list(marked.read(write(tmp_path, **fields)))


def test_marks_are_taken_out_and_unworded_steps_are_passed_through(tmp_path: Path) -> None:
    text = "{1 sum up} what {f1 she} says, {? and mail it}"
    steps = ["summarization text=2", "automatic-speech-recognition audio=f1"]
    (request,) = marked.read(write(tmp_path, text=text, steps=steps))
    assert request.text == "sum up what she says, and mail it"
    assert [(item.role, request.text[item.start : item.end]) for item in request.segments] == [
        ("ask", "sum up"),
        ("file", "she"),
        ("unmet", "and mail it"),
    ]
    assert request.steps[0].files == {0}


@given(st.sampled_from(SOME), st.integers(0, 2**32 - 1))
def test_marks_stay_on_their_words(request: Marked, seed: int) -> None:
    varied = Variation(SOME, random.Random(seed)).vary(request)
    places = [(item.start, item.end) for item in varied.segments]
    assert all(0 <= start < end <= len(varied.text) for start, end in places)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(places))
    assert len(varied.segments) >= len(request.segments)
    assert all(item.step < len(varied.steps) for item in varied.segments)
    assert all(number < len(varied.files) for item in varied.segments for number in item.files)
    whole = {word.lower() for item in request.segments for word in [request.text[item.start : item.end]]}
    kept = {varied.text[start:end].lower() for start, end in places}
    # A slip of the finger may change a few of them, and never moves the others.
    assert len(whole - kept) <= 3
