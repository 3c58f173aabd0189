"""Which lines of the packages ran: each statement writes down its own line before it runs.

A trace function, by which coverage.py watches a program before Python 3.12, slows every line of Python there is, also
those of PyTorch, of pytest and of the tests: most tests took twice the processor time. A mark costs nanoseconds, and in
the measured code alone. Statements are marked as their module is imported: whoever measures installs this before.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from importlib.machinery import SourceFileLoader
from itertools import takewhile
from pathlib import Path
from types import CodeType

_Place = ast.stmt | ast.ExceptHandler | ast.pattern

_RAN = "__lines_that_ran__"
"""A builtin, so that every function reaches it whatever its module's names are: its keys are what ran."""

_LINES_OF_A_FILE = 1_000_000
"""A key is the number of a file times this, plus the line: one integer is found faster than a pair."""


class LineMarks:
    """Marks the statements of packages that are imported from now on, and tells which of them ran."""

    def __init__(self, packages: Iterable[str], omitted: Iterable[str]) -> None:
        """Looks the packages up, without importing them; `omitted` are patterns of paths that are left as they are."""
        self._folders = tuple(f"{folder}{os.sep}" for package in packages for folder in _folders(package))
        self._omitted = list(omitted)
        self._numbers: dict[str, int] = {}
        self._ran: dict[int, None] = {}

    def install(self) -> None:
        """Has every loader of Python sources mark the code of these packages; for the rest of the process."""
        setattr(builtins, _RAN, self._ran)
        plain = SourceFileLoader.get_code

        def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
            path = loader.get_filename(name)
            return self._marked(path, loader.get_data(path)) if self._is_measured(path) else plain(loader, name)

        # Not a finder on `sys.meta_path`: migrations are loaded by their path.
        SourceFileLoader.get_code = get_code  # type: ignore[assignment, method-assign]

    def files(self) -> list[str]:
        """Returns the paths of all that is measured, also of what was never imported."""
        paths = (str(path) for folder in self._folders for path in Path(folder).rglob("*.py"))
        return [path for path in paths if self._is_measured(path)]

    def ran(self) -> dict[str, list[int]]:
        """Returns the lines that ran, by path. Of a statement of many lines it is the first."""
        paths = {number: path for path, number in self._numbers.items()}
        lines: defaultdict[str, list[int]] = defaultdict(list)
        for key in list(self._ran):
            number, line = divmod(key, _LINES_OF_A_FILE)
            lines[paths[number]].append(line)
        return dict(lines)

    def _is_measured(self, path: str) -> bool:
        return path.startswith(self._folders) and not any(fnmatch(path, pattern) for pattern in self._omitted)

    def _marked(self, path: str, source: bytes) -> CodeType:
        tree = ast.parse(source, path)
        _mark(tree, self._numbers.setdefault(path, len(self._numbers)) * _LINES_OF_A_FILE)
        code: CodeType = compile(tree, path, "exec", dont_inherit=True)
        return code


def _folders(package: str) -> list[str]:
    spec = importlib.util.find_spec(package)
    return list(spec.submodule_search_locations or ()) if spec else []


def _mark(tree: ast.Module, first_key: int) -> None:
    """Puts a mark before each statement of a module, however deep it stands."""
    nodes = list(ast.walk(tree))
    for node in nodes:
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            # Of a lambda and of a conditional expression they are an expression.
            if isinstance(block, list):
                setattr(node, name, list(_with_marks(block, first_key)))
    for node in nodes:
        if isinstance(node, ast.Try | ast.TryStar):
            _mark_heads([(handler, handler.body) for handler in node.handlers], first_key)
        elif isinstance(node, ast.Match):
            _mark_heads([(case.pattern, case.body) for case in node.cases], first_key)


def _with_marks(block: list[ast.stmt], first_key: int) -> Iterator[ast.stmt]:
    first = list(takewhile(_may_have_to_be_first, block))
    yield from first
    for statement in block:
        for place in (*getattr(statement, "decorator_list", []), statement):
            yield _mark_of(statement, place.lineno, first_key)
        if statement not in first:
            yield statement


def _may_have_to_be_first(statement: ast.stmt) -> bool:
    """Tells docstrings and imports from the future, which cannot fail: marks may as well follow them."""
    constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return constant or (isinstance(statement, ast.ImportFrom) and statement.module == "__future__")


def _mark_heads(branches: list[tuple[_Place, list[ast.stmt]]], first_key: int) -> None:
    """Marks each `except` or `case`, which are no statements: whoever enters one has tried those above it."""
    for number, (head, block) in enumerate(branches, start=1):
        block[:0] = [_mark_of(head, tried.lineno, first_key) for tried, _ in branches[:number]]


def _mark_of(place: _Place, line: int, first_key: int) -> ast.stmt:
    """Returns `__lines_that_ran__[key] = None`, at the place in the file of what it marks."""
    marks = ast.Name(_RAN, ast.Load())
    mark = ast.Assign([ast.Subscript(marks, ast.Constant(first_key + line), ast.Store())], ast.Constant(None))
    for node in ast.walk(mark):
        ast.copy_location(node, place)
    return mark
