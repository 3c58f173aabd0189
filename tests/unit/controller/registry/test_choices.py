"""What of a task type is on offer with the experts that there are."""

from __future__ import annotations

from orchestrion import task_types
from orchestrion.experts import AcceptedValues
from orchestrion.plans import Task, TaskType
from orchestrion_controller.registry.choices import limits, with_available_choices
from tests.unit.controller.replicas import expert

TYPES = task_types.load()


def choices(task_type: TaskType, name: str) -> tuple[str, ...]:
    parameter = task_type.input(name)
    assert parameter is not None
    return parameter.choices


def test_choices_that_no_expert_takes_are_gone() -> None:
    careful = expert(accepts=(AcceptedValues("operation", ("upscale", "blur")),))
    other = expert(accepts=(AcceptedValues("operation", ("blur", "redraw")),))
    assert choices(with_available_choices(TYPES["image-to-image"], [careful]), "operation") == ("upscale", "blur")
    assert choices(with_available_choices(TYPES["image-to-image"], [careful, other]), "operation") == (
        "upscale",
        "blur",
        "redraw",
    )
    # One that says nothing takes all.
    every = TYPES["image-to-image"]
    assert with_available_choices(every, [careful, expert()]) == every


def test_domains_are_those_that_an_expert_is_made_for() -> None:
    by_two = with_available_choices(
        TYPES["text-classification"], [expert(domain="sentiment"), expert(domain="language")]
    )
    assert choices(by_two, "domain") == ("sentiment", "language")
    # Text is read, but nobody tells what a picture shows.
    assert with_available_choices(TYPES["image-to-text"], [expert()]).input("domain") is None
    assert (
        with_available_choices(TYPES["image-to-text"], [expert(), expert(domain="caption")]) == TYPES["image-to-text"]
    )


def test_where_all_experts_are_made_for_a_domain_it_has_to_be_named() -> None:
    faces = with_available_choices(TYPES["object-detection"], [expert(domain="faces")]).input("domain")
    assert faces is not None
    assert not faces.optional
    both = with_available_choices(TYPES["object-detection"], [expert(domain="faces"), expert()]).input("domain")
    assert both is not None
    assert both.optional


def test_what_must_be_given_stays_though_nobody_takes_it() -> None:
    assert with_available_choices(TYPES["text-classification"], [expert()]) == TYPES["text-classification"]


def test_an_input_that_no_expert_takes_is_not_there() -> None:
    """Of pictures that are blurred there is nothing to be drawn after a description."""
    classical = expert(accepts=(AcceptedValues("operation", ("blur", "sharpen")), AcceptedValues("prompt", ())))
    painter = expert(accepts=(AcceptedValues("operation", ("redraw",)),))
    assert with_available_choices(TYPES["image-to-image"], [classical]).input("prompt") is None
    assert with_available_choices(TYPES["image-to-image"], [classical, painter]).input("prompt") is not None


def test_languages_are_those_of_all_experts_for_a_domain() -> None:
    """English sentiment, and languages of any text: the one says nothing of the other."""
    limited = limits(
        TYPES["text-classification"],
        [
            expert(domain="sentiment", languages=("en",)),
            expert(domain="sentiment", languages=("de", "en")),
            expert(domain="language"),
        ],
    )
    assert limited.languages == {"sentiment": ("en", "de")}
    assert limited.languages_of(Task("t", "text-classification", {"domain": "sentiment"})) == ("en", "de")
    assert limited.languages_of(Task("t", "text-classification", {"domain": "language"})) == ()


def test_values_are_limited_where_every_expert_takes_some_only() -> None:
    to_german = expert(accepts=(AcceptedValues("language", ("de",)),))
    to_french = expert(accepts=(AcceptedValues("language", ("fr",)),))
    assert limits(TYPES["translation"], [to_german, to_french]).values == {"language": ("de", "fr")}
    assert limits(TYPES["translation"], [to_german, expert()]).values == {}
