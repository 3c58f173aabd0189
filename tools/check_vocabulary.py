"""Checks the names of the code against `docs/glossary.md`: `make lint` runs it.

The glossary's tables are the only list. "Not this word" has patterns of names that are not to be given (to variables,
parameters, attributes, functions, classes and modules); "One name in two places" has the public classes that share a
name because they are one idea on two sides.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
GLOSSARY: Final = Path("docs/glossary.md")

PACKAGES: Final = ("clients/python/", "clients/gateway/", "serving/", "controller/", "model_host/", "evaluation/")
"""Folders of what is shipped: there, one class name stands for one idea."""

EXEMPT: Final = ("clients/python/orchestrion/v1/",)
"""Generated stubs."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of "Not this word"."""

    pattern: str
    """What a name must not match, in snake case or as it is written; `*` stands for any letters."""
    instead: str
    """What to say instead, as the glossary has it."""
    folder: str
    """Where the rule holds: a path's beginning, empty for everywhere."""


@dataclass(frozen=True, slots=True)
class Glossary:
    """What the glossary says about names."""

    rules: tuple[Rule, ...]
    shared: frozenset[str]
    """Public classes that may be defined more than once."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A name that the glossary forbids."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def read_glossary(text: str) -> Glossary:
    """Reads the tables; raises ValueError when one is missing."""
    rules = [
        Rule(pattern, instead, folder.strip("`"))
        for words, instead, folder, _ in _rows(text, "Not this word, but that one")
        for pattern in re.findall(r"`([^`]+)`", words)
    ]
    shared = [name for names, *_ in _rows(text, "One name in two places") for name in re.findall(r"`([^`]+)`", names)]
    return Glossary(tuple(rules), frozenset(shared))


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yields the names that a module gives, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, node.lineno


def check_names(path: str, tree: ast.AST, glossary: Glossary) -> Iterator[Finding]:
    """Yields the names of a module, and of its file and folder, that the glossary forbids."""
    rules = [rule for rule in glossary.rules if path.startswith(rule.folder)]
    module = Path(path)
    file = module.parent if module.stem == "__init__" else module
    own = [(file.stem, 1), (f"{file.stem}.py", 1)]
    for name, line in [*own, *names(tree)]:
        said = snake_case(name)
        for rule in rules:
            if fnmatchcase(said, rule.pattern) or fnmatchcase(name, rule.pattern):
                yield Finding(path, line, f"`{name}`: say {rule.instead}")
                break


def check_classes(trees: Iterable[tuple[str, ast.Module]], glossary: Glossary) -> Iterator[Finding]:
    """Yields the public classes of shipped packages that share a name with another one, unless the glossary has it."""
    places = defaultdict(list)
    for path, tree in trees:
        if path.startswith(PACKAGES):
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append((path, node.lineno))
    for name, where in places.items():
        if name not in glossary.shared:
            for path, line in where[1:]:
                yield Finding(path, line, f"another class is called `{name}`: {where[0][0]}:{where[0][1]}")


def snake_case(name: str) -> str:
    """Returns a name in snake case, without underscores around it: `_HostClient` becomes `host_client`."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return parts.strip("_").lower()


def check(root: Path, paths: Sequence[str]) -> list[Finding]:
    """Checks the Python files at `paths`, which are relative to `root`."""
    glossary = read_glossary((root / GLOSSARY).read_text("utf-8"))
    trees = [(path, ast.parse((root / path).read_bytes())) for path in paths if not path.startswith(EXEMPT)]
    findings = [finding for path, tree in trees for finding in check_names(path, tree, glossary)]
    return sorted([*findings, *check_classes(trees, glossary)], key=lambda finding: (finding.path, finding.line))


def main() -> int:
    """Checks the files that git has or would take; returns the exit status."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    paths = [path for path in listed if (ROOT / path).is_file()]
    findings = check(ROOT, paths)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def _rows(text: str, title: str) -> Iterator[list[str]]:
    _, separator, rest = text.partition(f"\n## {title}\n")
    if not separator:
        raise ValueError(f"{GLOSSARY} has no section {title!r}")
    section = rest.partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


if __name__ == "__main__":
    sys.exit(main())
