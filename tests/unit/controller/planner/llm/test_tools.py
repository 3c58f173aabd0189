"""What the planning language model is told of task types: what the experts here do, in the languages that they know."""

from __future__ import annotations

import re

from orchestrion import task_types
from orchestrion.experts import AcceptedValues, Expert
from orchestrion_controller.planner.llm.tools import OfferedTool, notes
from orchestrion_controller.registry import choices
from tests.unit.controller.replicas import expert

TYPES = task_types.load()


def tool(name: str, *experts: Expert) -> OfferedTool:
    whole = TYPES[name]
    return OfferedTool(choices.with_available_choices(whole, experts), whole, choices.limits(whole, experts))


def test_a_task_type_is_described_whole_where_all_of_it_is_on_offer() -> None:
    both = tool("image-to-text", expert(), expert(domain="caption"))
    assert both.purpose == TYPES["image-to-text"].description
    assert "image-to-text(image, domain? caption) -> text: " in both.description
    assert "\n  domain: caption for a sentence about what the picture shows" in both.description


def test_a_reader_of_texts_is_not_said_to_describe_pictures() -> None:
    reader = tool("image-to-text", expert())
    assert reader.purpose == "Read the text in a picture."
    assert reader.description == "- image-to-text(image) -> text: Read the text in a picture."


def test_classical_methods_are_not_said_to_paint() -> None:
    classical = expert(
        accepts=(
            AcceptedValues("operation", ("blur", "sharpen")),
            AcceptedValues("prompt", ()),
            AcceptedValues("seed", ()),
        )
    )
    lines = tool("image-to-image", classical).description
    assert lines.startswith(
        "- image-to-image(image, operation blur|sharpen, strength? number, scale? number) -> image: "
    )
    assert "Sharpen a picture; or blur a picture." in lines
    assert not {"redraw", "prompt", "seed"} & set(re.findall(r"\w+", lines))


def test_languages_are_those_that_the_experts_know() -> None:
    praise = expert(domain="sentiment", languages=("en",))
    tongues = expert(domain="language")
    shown = tool("text-classification", praise, tongues)
    assert shown.form.endswith("[for sentiment: en alone]")
    several = expert(languages=("en", "fi", "sv", "da", "nb", "is", "et", "lv"))
    assert tool("text-to-speech", several).form.endswith("[for en fi sv da nb is and 2 more]")
    # Where all that people ask in are among them, and where language does not matter, there is nothing to say.
    many = expert(languages=("en", "zh", "de", "fr", "es", "ja", "sw"))
    assert "[" not in tool("text-to-speech", many).form
    assert "[" not in tool("text-to-speech", expert()).form


def test_values_are_those_that_some_expert_takes() -> None:
    """Each translator has languages of its own."""
    german, french = (expert(accepts=(AcceptedValues("language", (tag,)),)) for tag in ("de", "fr"))
    assert tool("translation", german, french).notes["language"].startswith("one of de fr, ")


def test_what_several_task_types_mean_by_an_input_is_said_once() -> None:
    maps = [tool(name, expert()) for name in ("canny-text-to-image", "depth-text-to-image")]
    lines = notes(maps)
    assert len(lines) == len({line.partition(":")[0] for line in lines})
    assert "steps: 1 to 150, how many steps to take, a whole number" in lines
    # Who asks for a seed knows what it is.
    assert not [line for line in lines if line.startswith("seed")]
