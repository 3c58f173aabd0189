"""Which styles a description names, in the languages of the planner, and what it asks for besides."""

from __future__ import annotations

import pytest

from orchestrion_host.worker.engines.image import style_names


def read(text: str) -> tuple[list[str], str]:
    styles = style_names.styles()
    request = styles.read(text)
    return [styles.names[number] for number in request.styles], request.rest


@pytest.mark.parametrize("name", style_names.styles().names)
def test_each_style_is_named_by_its_name(name: str) -> None:
    assert read(name) == ([name], "")
    assert read(f"a {name} picture") == ([name], "")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("in the style of Van Gogh's Starry Night", ["starry night"]),
        ("VAN GOGH", ["starry night"]),
        ("Van Gogh’s style", ["starry night"]),
        ("a Hokusai woodblock print", ["great wave"]),
        ("a stained-glass window", ["stained glass"]),
        ("wie ein Aquarell", ["watercolour"]),
        ("comme une aquarelle", ["watercolour"]),
        ("como una acuarela", ["watercolour"]),
        ("一幅水彩画", ["watercolour"]),
        ("水彩画のように", ["watercolour"]),
        ("梵高风格的油画", ["starry night", "oil painting"]),
        ("à la manière d'une estampe japonaise", ["great wave"]),
        ("ゴッホ風の絵", ["starry night"]),
        ("charcoal with mosaic", ["charcoal", "mosaic"]),
    ],
)
def test_styles_are_named_as_people_name_them_in_the_order_of_their_words(text: str, names: list[str]) -> None:
    assert read(text) == (names, "")


@pytest.mark.parametrize(
    ("text", "names", "rest"),
    [
        ("a mosaic of a dog", ["mosaic"], "dog"),
        ("a Viking", [], "viking"),
        ("inkling", [], "inkling"),
        ("水彩画の犬", ["watercolour"], "犬"),
        ("", [], ""),
    ],
)
def test_what_is_no_style_is_left_over(text: str, names: list[str], rest: str) -> None:
    assert read(text) == (names, rest)


def test_no_phrase_is_that_of_two_styles() -> None:
    patterns = [pattern.pattern for pattern, _ in style_names.styles().words]
    assert len(patterns) == len(set(patterns))
