"""The words and templates of answers: each language has all of English's, with the same places to fill."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from orchestrion import task_types
from orchestrion.values import JsonObject
from orchestrion_controller.languages import load
from orchestrion_controller.languages.answer_words import AnswerWords
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.languages.messages import ENGLISH, read

BUILT_IN = ("zh", "de", "fr", "es", "ja")
OTHERS = (*BUILT_IN, *sorted(load().keys() - {ENGLISH, *BUILT_IN}))
"""Installed packages bring the last."""
TYPES = {name: task_type for name, task_type in task_types.load().items() if task_type.answer_template}
SLOT = re.compile(r"\{((?:\w+\.)?\w+)")


def answers(language: str) -> JsonObject:
    return dict(read(language, "answers.yaml"))


def places(template: str) -> set[str]:
    return set(SLOT.findall(template))


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_is_there_with_the_same_places(language: str) -> None:
    def shape(tag: str) -> dict[str, set[str]]:
        return {
            key: {name for _, name, _, _ in Formatter().parse(text) if name}
            for key, text in answers(tag)["words"].items()
        }

    assert shape(language) == shape(ENGLISH)
    assert list(answers(language)["scales"]["similarity"]) == list(answers(ENGLISH)["scales"]["similarity"])


@pytest.mark.parametrize("language", OTHERS)
def test_every_task_type_has_the_templates_of_its_own_with_the_same_places(language: str) -> None:
    templates = answers(language)["templates"]
    own = {
        name: {"answer": it.answer_template, "total": it.total_template, "item": it.item_template}
        for name, it in TYPES.items()
    }
    expected = {
        name: {key: places(text) for key, text in texts.items() if text}
        for name, texts in (own | answers(ENGLISH)["templates"]).items()
    }
    written = {name: {key: places(text) for key, text in templates[name].items()} for name in expected}
    assert written == expected


@pytest.mark.parametrize("language", OTHERS)
def test_names_of_classes_things_and_reasons_are_those_of_the_others(language: str) -> None:
    for section in ("labels", "things", "reasons"):
        assert set(answers(language)[section]) == set(answers("de")[section])
    assert set(answers(ENGLISH)["labels"]) <= set(answers(language)["labels"])


@pytest.mark.parametrize("language", [ENGLISH, *OTHERS])
def test_each_word_has_as_many_forms_as_the_language_needs(language: str) -> None:
    data = answers(language)
    needed = len(data.get("plurals", ())) + 1
    assert {len(forms.split(",")) for forms in data["things"].values()} == {needed}
    for templates in data["templates"].values():
        for forms in re.findall(r"\{\w+#([^{}]*)\}", " ".join(templates.values())):
            assert len([form for form in forms.split("#") if not form.startswith("0=")]) == needed


@pytest.mark.parametrize(
    ("language", "counts"),
    [
        (ENGLISH, ["no zebras", "1 zebra", "2 zebras", "3 people", "2 cherries", "2 boxes", "no red cars"]),
        ("de", ["keine Zebras", "1 Zebra", "2 Zebras", "3 Personen", "2 × cherry", "2 × box", "0 × red car"]),
        ("fr", ["0 zèbre", "1 zèbre", "2 zèbres", "3 personnes", "2 × cherry", "2 × box", "0 × red car"]),
        ("zh", ["没有斑马", "1 个斑马", "2 个斑马", "3 个人", "2 个 cherry", "2 个 box", "没有 red car"]),
    ],
)
def test_things_are_counted(language: str, counts: list[str]) -> None:
    things = [("zebra", 0), ("zebra", 1), ("zebra", 2), ("person", 3), ("cherry", 2), ("box", 2), ("red car", 0)]
    assert [words_of(language).things(label, count) for label, count in things] == counts


@pytest.mark.parametrize(
    ("language", "name", "label"),
    [(ENGLISH, "Zebras", "zebra"), (ENGLISH, "people", "person"), ("de", "Hunde", "dog"), ("zh", "斑马", "zebra")],
)
def test_a_thing_is_recognised_by_a_persons_word_for_it(language: str, name: str, label: str) -> None:
    assert words_of(language).names_thing(name, label)
    assert not words_of(language).names_thing(name, "cat")


@pytest.mark.parametrize(
    ("language", "name", "thing"),
    [
        (ENGLISH, "zebras", "zebra"),
        (ENGLISH, "mice", "mouse"),
        (ENGLISH, "cherries", "cherry"),
        (ENGLISH, "wine glasses", "wine glass"),
        (ENGLISH, "horses", "horse"),
        (ENGLISH, "bus", "bus"),
        ("de", "hunde", "dog"),
        ("es", "gatos", "cat"),
        ("de", "Löwen", "Löwen"),
    ],
)
def test_a_persons_word_leads_to_the_name_of_a_class(language: str, name: str, thing: str) -> None:
    assert words_of(language).thing(name) == thing


def test_a_language_with_three_forms_says_them_in_patterns() -> None:
    russian = AnswerWords("ru", {"plurals": ["(.*[^1])?1", "(.*[^1])?[234]"], "words": {"things": "{count} {thing}"}})
    forms = ("% кот", "% кота", "% котов")
    assert [russian.form(count, forms) for count in (1, 3, 5, 11, 12, 21, 22)] == [
        "1 кот",
        "3 кота",
        "5 котов",
        "11 котов",
        "12 котов",
        "21 кот",
        "22 кота",
    ]


def test_a_language_without_a_folder_answers_in_english() -> None:
    assert words_of("xx") is words_of(ENGLISH)


@pytest.mark.parametrize("language", OTHERS)
def test_details_of_each_kind_can_be_asked_for(language: str) -> None:
    assert answers(language)["details"].keys() == answers(ENGLISH)["details"].keys()
    for kind, phrases in answers(language)["details"].items():
        assert all(kind in words_of(language).details(f"({phrase.strip()})") for phrase in phrases.split(","))
