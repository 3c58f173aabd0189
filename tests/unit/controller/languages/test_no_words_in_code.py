"""Words of a language stand in its folder, never in the code that reads requests or answers them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import orchestrion_controller
from orchestrion_controller.languages import folders
from orchestrion_controller.languages.phrases import fold

ROOT = Path(orchestrion_controller.__file__).parent
PARTS = ("languages", "planner/builtin", "responder", "selector")
LIST = 3
SENTENCE = 4
"""English words are names of things in code, too; so many together are a list of words."""


def words_of(tag: str) -> frozenset[str]:
    """Collects the phrases of a language's grammar, without its templates and the names of what it has."""

    def phrases(data: object) -> Iterator[str]:
        if isinstance(data, str):
            yield from (fold(phrase.strip().partition("~")[0]) for phrase in data.split(","))
        elif isinstance(data, dict):
            for value in data.values():
                yield from phrases(value)

    grammar = folders.load()[tag].grammar
    listed = phrases(
        {section: data for section, data in grammar.items() if section not in ("templates", "endings", "compounds")}
    )
    return frozenset(listed)


NAMES = {"audio", "kind", "mit", "tag"}
"""Words of other languages that are names of things in code, too."""
ENGLISH = words_of("en")
OTHERS = {word for tag in folders.load() if tag != "en" for word in words_of(tag) if len(word) > 2} - ENGLISH - NAMES


def words_in(code: str) -> Iterator[str]:
    """Yields the literals of a module that are words of a language."""
    tree = ast.parse(code)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(statement.value)
        for node in ast.walk(tree)
        for statement in (node.body if isinstance(node, documented) else [])
        if isinstance(statement, ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            text = node.value
            foreign = any(letter.isalpha() and not letter.isascii() for letter in text) or fold(text).strip() in OTHERS
            if foreign or (len(text.split()) >= SENTENCE and ENGLISH.issuperset(fold(text).split())):
                yield text
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            texts = [item.value for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            if len(texts) >= LIST and all(fold(text) in ENGLISH for text in texts):
                yield ", ".join(texts)


def modules() -> list[str]:
    paths = (str(path.relative_to(ROOT)) for part in PARTS for path in (ROOT / part).rglob("*.py"))
    return sorted(path for path in paths)


@pytest.mark.parametrize("module", modules())
def test_no_module_has_words_of_a_language(module: str) -> None:
    assert list(words_in((ROOT / module).read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    ['x = "größer"', 'if word == "zwei": pass', 'x = {"first", "second", "third"}', 'x = "the of and to"', 'x = "三"'],
)
def test_words_in_code_are_seen(code: str) -> None:
    assert list(words_in(code))


@pytest.mark.parametrize("code", ['"""Größer."""', 'x = "second"', 'raise ValueError("the folder has no grammar")'])
def test_names_and_sentences_for_developers_are_no_such_words(code: str) -> None:
    assert list(words_in(code)) == []
