"""Each language's folder has sentences with what is to be read in them: all must be right, and the rate is printed."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from orchestrion_controller.languages import amounts, detect, folders, language_names

TAGS = sorted(folders.load())


def notation(text: str, amount: amounts.Amount) -> str:
    return f"{text[amount.start : amount.end]} = {amount.value:.10g} {amount.unit or '-'} {amount.form}"


def check(title: str, wrong: Iterable[str], total: int) -> None:
    listed = list(wrong)
    print(f"\n{title}: {total - len(listed)} of {total} right")
    assert listed == []


@pytest.mark.parametrize("tag", TAGS)
def test_amounts_are_read(tag: str) -> None:
    language = folders.load()[tag]
    sentences = language.read("tests.yaml")["amounts"]
    readings = {text: [notation(text, amount) for amount in amounts.read(text, [language])] for text in sentences}
    check(
        f"amounts {tag}",
        (f"{text}: {readings[text]}" for text in sentences if readings[text] != sentences[text]),
        len(sentences),
    )


@pytest.mark.parametrize("tag", TAGS)
def test_names_of_languages_are_read(tag: str) -> None:
    sentences = folders.load()[tag].read("tests.yaml")["names"]
    readings = {
        text: [f"{text[name.start : name.end]} = {name.tag}" for name in language_names.read(text)]
        for text in sentences
    }
    check(
        f"names {tag}",
        (f"{text}: {readings[text]}" for text in sentences if readings[text] != sentences[text]),
        len(sentences),
    )


@pytest.mark.parametrize("tag", TAGS)
def test_each_language_of_the_cldr_is_read_by_its_name(tag: str) -> None:
    names = folders.load()[tag].names
    readings = {name: [reading.tag for reading in language_names.read(f"x {name}")] for name in names.values()}
    wrong = [f"{name}: {readings[name]}" for language, name in names.items() if readings[name] != [language]]
    check(f"CLDR names {tag}", wrong, len(names))


def test_the_language_of_short_requests_is_told() -> None:
    texts = [(tag, text) for tag in TAGS for text in folders.load()[tag].read("tests.yaml")["detection"]]
    check("languages", (f"{text}: {detect(text)}" for tag, text in texts if detect(text) != tag), len(texts))
