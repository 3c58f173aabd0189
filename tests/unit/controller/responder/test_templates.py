from __future__ import annotations

import pytest

from orchestrion_controller import wording
from orchestrion_controller.responder.templates import Name, fill

WORDS = {
    Name("text"): "“Go on.”",
    Name("text", plain=True): "Go on",
    Name("image"): "new.png",
    Name("image", of_input=True): "old.png",
    Name("what"): "it",
    Name("count"): "1",
    Name("many"): "21",
    Name("domain"): "faces",
}


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("No names.", "No names."),
        ("I made {image} from {input.image}.", "I made new.png from old.png."),
        ("It says {text}.", "It says “Go on.”"),
        ("It says {text}, I think.", "It says “Go on.”, I think."),
        ("It says {text:plain}.", "It says Go on."),
        ("{what} is new.", "It is new."),
        ("{image} is new.", "new.png is new."),
        ("Seen: {score|nothing}.", "Seen: nothing."),
        ("Seen: {image|nothing}.", "Seen: new.png."),
        ("Seen: {score|}.", "Seen: ."),
        ("Seen: {score}.", None),
        ("{count} {domain} here", "1 face here"),
        ("{many} {domain} here", "21 faces here"),
        ("{count} {things|objects} here", "1 object here"),
        ("{a b} {} {text!r}", "{a b} {} {text!r}"),
    ],
)
def test_template(template: str, sentence: str | None) -> None:
    assert fill(template, WORDS.get) == sentence


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcde"), "a, b and 3 more"),
    ],
)
def test_enumeration(parts: list[str], joined: str) -> None:
    assert wording.enumerated(parts, most=2 if len(parts) == 5 else 30) == joined
