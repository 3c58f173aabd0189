"""What can be asked for: each task type by each of its choices, and the options that words can give."""

from __future__ import annotations

from orchestrion import task_types
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_controller.plans.offers import Ability, is_worded, offer

TYPES = task_types.load()


def test_each_choice_is_an_ability_and_none_where_it_may_be_left_out() -> None:
    text = Parameter("text", ParameterKind.TEXT)
    tone = Parameter("tone", ParameterKind.TEXT, choices=("warm", "cold"))
    form = Parameter("form", ParameterKind.TEXT, optional=True, choices=("letter",))
    abilities = offer([TaskType("rewrite", "Rewrites.", (text, tone, form), (text,))]).abilities
    assert [item.choices for item in abilities] == [
        (("tone", "warm"), ("form", "letter")),
        (("tone", "warm"),),
        (("tone", "cold"), ("form", "letter")),
        (("tone", "cold"),),
    ]
    assert abilities[0].name_words == "rewrite warm letter"


def test_media_and_choices_are_no_options() -> None:
    offered = offer([TYPES["image-to-image"], TYPES["text-to-image"]])
    names = {(item.task_type.name, item.parameter.name) for item in offered.options}
    assert ("image-to-image", "strength") in names
    assert ("text-to-image", "prompt") in names
    assert ("image-to-image", "image") not in names
    assert ("image-to-image", "operation") not in names
    assert all(is_worded(item.parameter) for item in offered.options)


def test_options_that_are_alike_share_a_text_and_know_their_task_type() -> None:
    offered = offer(tuple(TYPES.values()))
    assert len(set(offered.option_texts)) == len(offered.option_texts) < len(offered.options)
    for number, option in enumerate(offered.options):
        assert offered.option_texts[offered.text_of[number]] == option.text
        assert offered.abilities[offered.ability_of[number]].task_type == option.task_type
        assert offered.ability_of[number] == offered.first_of(option.task_type)


def test_an_ability_is_among_what_is_offered_with_its_choices_only() -> None:
    whole = TYPES["image-to-image"]
    operation = whole.input("operation")
    assert operation is not None
    blur, upscale = (Ability(whole, (("operation", name),)) for name in ("blur", "upscale"))
    some = Parameter(operation.name, operation.kind, operation.description, choices=("blur",))
    inputs = tuple(some if item.name == "operation" else item for item in whole.inputs)
    offered = {whole.name: TaskType(whole.name, whole.description, inputs, whole.outputs)}
    assert blur.is_among(offered)
    assert not upscale.is_among(offered)
    assert not blur.is_among({})
    # A choice that has to be made there, and was not.
    assert not Ability(whole).is_among(offered)
