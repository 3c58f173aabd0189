"""What the planning language model is told of task types: what the experts here do, in the languages that they know."""

from __future__ import annotations

from orchestrion import task_types
from orchestrion.experts import AcceptedValues, Expert
from orchestrion_controller.planner.llm.tools import Tool
from orchestrion_controller.registry import choices
from tests.unit.controller.replicas import expert

TYPES = task_types.load()


def tool(name: str, *experts: Expert) -> Tool:
    whole = TYPES[name]
    return Tool(choices.with_available_choices(whole, experts), whole, choices.limits(whole, experts))


def test_a_task_type_is_described_whole_where_all_of_it_is_on_offer() -> None:
    both = tool("image-to-text", expert(), expert(domain="caption"))
    assert both.purpose == TYPES["image-to-text"].description
    assert "domain (TEXT?; one of caption): caption for a sentence about what the picture shows" in both.description


def test_a_reader_of_texts_is_not_said_to_describe_pictures() -> None:
    reader = tool("image-to-text", expert())
    assert reader.purpose == "Read the text in a picture."
    assert "sentence" not in reader.inputs
    assert "caption" not in reader.inputs


def test_classical_methods_are_not_said_to_paint() -> None:
    classical = expert(
        accepts=(
            AcceptedValues("operation", ("blur", "sharpen")),
            AcceptedValues("prompt", ()),
            AcceptedValues("seed", ()),
        )
    )
    lines = tool("image-to-image", classical).inputs
    assert lines.startswith("- image-to-image: Sharpen a picture; or blur a picture.")
    assert "operation (TEXT; one of blur, sharpen)" in lines
    assert not {"redraw", "prompt", "seed"} & set(lines.replace(";", " ").replace(",", " ").split())


def test_languages_are_those_that_the_experts_know() -> None:
    praise = expert(domain="sentiment", languages=("en",))
    tongues = expert(domain="language")
    shown = tool("text-classification", praise, tongues)
    assert shown.form.endswith("[sentiment: for en alone]")
    many = expert(languages=tuple(f"x{number}" for number in range(100)))
    assert "x0, x1, x2" in tool("text-to-speech", many).inputs
    assert "and 88 more languages" in tool("text-to-speech", many).inputs
    assert "[" not in tool("text-to-speech", expert()).form


def test_values_are_those_that_some_expert_takes() -> None:
    """Each translator has languages of its own."""
    german, french = (expert(accepts=(AcceptedValues("language", (tag,)),)) for tag in ("de", "fr"))
    assert "language (TEXT; one of de, fr)" in tool("translation", german, french).inputs
