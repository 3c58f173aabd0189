"""Languages are folders of data: those built in, and those that other packages bring."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from orchestrion_controller.languages import ENTRY_POINTS, Language, amounts, folders, language_names, lexicon
from orchestrion_controller.languages.answers import words_of


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package whose files are a folder for Italian, and one that cannot be imported."""
    folder = tmp_path / "orchestrion_italian"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "grammar.yaml").write_text(
        'decimal: ","\nnumber: {2: due, 3: tre}\nmeasure: {semitone: "semitono, semitoni"}\n'
        'languages: {names: {nap: "napoletano"}}\n',
        "utf-8",
    )
    (folder / "language_names.yaml").write_text("no: norvegese\n", "utf-8")
    points = [
        EntryPoint("it", "orchestrion_italian", ENTRY_POINTS),
        EntryPoint("nl", "orchestrion_that_is_not_there", ENTRY_POINTS),
    ]
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "orchestrion_italian", raising=False)  # That of another test.
    monkeypatch.setattr(folders, "entry_points", lambda group: points if group == ENTRY_POINTS else [])
    caches = (folders.load, language_names._names, amounts._lexicon, words_of)
    for cached in caches:
        cached.cache_clear()
    yield folder
    for cached in caches:
        cached.cache_clear()


def test_six_languages_are_built_in() -> None:
    languages = folders.load()
    assert set(languages) >= {"en", "zh", "de", "fr", "es", "ja"}
    assert all(language.grammar for language in languages.values())


def test_a_language_without_messages_has_none(package: Path) -> None:
    assert folders.load()["it"].messages == {}


@pytest.mark.usefixtures("package")
def test_a_package_brings_a_language() -> None:
    italian = folders.load()["it"]
    (amount,) = amounts.read("alza di tre semitoni", [italian])
    assert (amount.value, amount.unit, amount.form) == (3.0, "semitone", "exact")
    names = language_names.read("dal norvegese al napoletano")
    assert [name.tag for name in names] == ["no", "nap"]


@pytest.mark.usefixtures("package")
def test_a_package_that_fails_leaves_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        languages = folders.load()
    assert "nl" not in languages
    assert "en" in languages
    assert "language 'nl' of orchestrion_that_is_not_there is left out" in caplog.text


@pytest.mark.parametrize(
    ("grammar", "mistake"),
    [
        ("number: {two: due}", "two"),
        ("ordinal: {1: prim~o}", "'o'"),
        ("templates: {exactly: ['{n} circa']}", "exactly"),
        ("templates: {exact: ['{n circa']}", "n circa"),
    ],
)
def test_a_grammar_with_a_mistake_names_its_language(grammar: str, mistake: str, tmp_path: Path) -> None:
    (tmp_path / "grammar.yaml").write_text(grammar, "utf-8")
    italian = Language("it", tmp_path)
    with pytest.raises(ValueError, match=f"the grammar of 'it'.*{mistake}"):
        lexicon.build(italian)


@pytest.mark.usefixtures("package")
def test_a_package_without_answers_answers_in_english() -> None:
    assert words_of("it") is words_of("en")


def test_a_package_brings_answers_and_english_stands_in_for_what_it_lacks(package: Path) -> None:
    (package / "answers.yaml").write_text(
        'plurals: ["1"]\nwords: {and: "{first} e {second}", things: "{count} {thing}"}\n'
        'things: {dog: "cane, cani"}\ntemplates: {image-to-text: {answer: "In {image} si legge {text}."}}\n',
        "utf-8",
    )
    italian = words_of("it")
    assert italian.joined([italian.things("dog", 1), italian.things("dog", 2)]) == "1 cane e 2 cani"
    assert italian.quoted("Ciao") == "“Ciao”"
    assert italian.has("image-to-text")
    assert not italian.has("translation")
