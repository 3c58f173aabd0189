from __future__ import annotations

import pytest

from orchestrion_controller.responder.templates import Slot, fill

WORDS = {
    Slot("text"): "“Go on.”",
    Slot("text", form="plain"): "Go on",
    Slot("image"): "new.png",
    Slot("image", "input"): "old.png",
    Slot("text", "most"): "“More.”",
    Slot("what"): "it",
    Slot("count", plurals=("0=no faces", "% face", "% faces")): "no faces",
    Slot("count", plurals=("one", "")): "",
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
        ("{count#0=no faces#% face#% faces} here.", "No faces here."),
        ("Here: {count#0=no faces#% face#% faces}.", "Here: no faces."),
        ("Here:{count#one#}.", "Here:."),
        ("Longest: {most.text}.", "Longest: “More.”"),
        ("{a b} {} {text!r}", "{a b} {} {text!r}"),
    ],
)
def test_template(template: str, sentence: str | None) -> None:
    assert fill(template, WORDS.get, own=["it"]) == sentence


def test_a_quotation_ends_with_the_mark_of_its_language() -> None:
    assert fill("读到{text}。", lambda _: "「可以。」", closing="」") == "读到「可以。」"
    assert fill("Lu : {text}.", lambda _: "« Oui ! »", closing="»") == "Lu : « Oui ! »"
    assert fill("Lu : {text}.", lambda _: "« oui »", closing="»") == "Lu : « oui »."
