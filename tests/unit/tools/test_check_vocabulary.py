"""The lint check reads the glossary's tables, and names what they forbid with its file and line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.check_vocabulary import GLOSSARY, ROOT, check, read_glossary, snake_case

TABLES = """\
# Glossary

## Not this word, but that one

| not | but | in | why |
|---|---|---|---|
| `known` | what it is | | vague |
| `wire`, `*_wire` | `connection` | | two meanings |
| `Pair` | `Replica` | | |
| `*utils.py`, `picture*.py` | what it does | `serving/` | |

## One name in two places

| name | sides |
|---|---|
| `RunServicer` | the real one and the fake one |
"""


def findings(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Checks files, texts by path, against the tables above."""
    (folder / GLOSSARY.parent).mkdir(exist_ok=True)
    (folder / GLOSSARY).write_text(TABLES)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return [str(finding).split(": say", maxsplit=1)[0] for finding in check(folder, list(files))]


@pytest.mark.parametrize(
    "text",
    [
        "known = 1",
        "known: int = 1",
        "self.known = 1",
        "self._known = 1",
        "def known() -> None: ...",
        "def call(known: int) -> None: ...",
        "def call(*, known: int = 0) -> None: ...",
        "call = lambda known: 1",
        "for known in things: pass",
        "[known for known in things]",
        "while known := next(things): pass",
        "with thing() as known: pass",
        "import thing as known",
        "async def _known() -> None: ...",
        "class Known: ...",
        "match thing:\n    case [*known]: pass",
        "match thing:\n    case str() as known: pass",
        "try: pass\nexcept OSError as known: pass",
    ],
)
def test_a_forbidden_name_is_reported_wherever_it_is_given(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, {"serving/module.py": text}) != []


@pytest.mark.parametrize(
    "text",
    ["known_hosts = 1", "unknown = 1", "thing.call(known=1)", "print(thing.known)", "text = 'known'", "pair = 1"],
)
def test_compounds_uses_and_texts_are_left_alone(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, {"serving/module.py": text}) == []


def test_a_finding_has_its_file_and_line(tmp_path: Path) -> None:
    text = "class AioWire:\n    '''Sends.'''\n\n    def call(self, given, known): ...\n"
    assert findings(tmp_path, {"tests/story.py": text}) == ["tests/story.py:1: `AioWire`", "tests/story.py:4: `known`"]


def test_modules_and_folders_have_names_too(tmp_path: Path) -> None:
    paths = [
        "serving/text_utils.py",
        "serving/pictures/__init__.py",
        "serving/wire.py",
        "tests/utils.py",
        "tests/known.py",
    ]
    assert findings(tmp_path, dict.fromkeys(paths, "")) == [
        "serving/pictures/__init__.py:1: `pictures.py`",
        "serving/text_utils.py:1: `text_utils.py`",
        "serving/wire.py:1: `wire`",
        "tests/known.py:1: `known`",
    ]


def test_a_class_name_stands_for_one_idea_in_what_is_shipped(tmp_path: Path) -> None:
    text = "class Call: ...\nclass RunServicer: ...\nclass _Part: ...\n"
    assert findings(tmp_path, dict.fromkeys(["serving/one.py", "controller/two.py", "tests/three.py"], text)) == [
        "controller/two.py:1: another class is called `Call`: serving/one.py:1"
    ]


def test_names_are_compared_in_snake_case() -> None:
    assert [snake_case(name) for name in ("_HostClient", "LLMPlanner", "PATIENCE_S", "plain")] == [
        "host_client",
        "llm_planner",
        "patience_s",
        "plain",
    ]


def test_a_glossary_without_its_tables_is_an_error() -> None:
    with pytest.raises(ValueError, match="Not this word"):
        read_glossary("# Glossary\n")


def test_the_projects_glossary_has_both_tables() -> None:
    glossary = read_glossary((ROOT / GLOSSARY).read_text("utf-8"))
    assert {"known", "told", "found", "given", "asked"} <= {rule.pattern for rule in glossary.rules}
    assert "RunServicer" in glossary.shared
