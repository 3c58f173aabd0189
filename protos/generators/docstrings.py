"""The docstrings under the fields of dataclasses and the members of enums: the comments of protos/, in Python's words.

A field or member that protos/ does not have keeps the docstring that it has; one without any is a mistake.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from protos.generators import domain
from protos.generators.api import Api, Commented

_INDENT: Final = " " * 4
_WIDTH: Final = 120

Attribute: TypeAlias = tuple[str, ast.stmt, ast.Expr | None]
"""A field or member: its name, where it stands, and the docstring under it."""


def generate(api: Api) -> dict[Path, str]:
    """Returns the modules with their docstrings, by path."""
    return {path: documented(path.read_text("utf-8"), api) for path in domain.public_paths()}


def missing(api: Api) -> Iterator[str]:
    """Yields the fields and members that neither protos/ nor a person has documented, as `plans.Plan.tasks`."""
    for path, text in generate(api).items():
        for node in domain.classes(text):
            for name, _, docstring in _attributes(node):
                if docstring is None:
                    yield f"{path.stem}.{node.name}.{name}"


def documented(source: str, api: Api) -> str:
    """Returns a module's text with the docstrings that protos/ has for it."""
    lines = source.splitlines()
    for node in reversed(list(domain.classes(source))):
        comments = _comments(node, api)
        for name, statement, docstring in reversed(list(_attributes(node))):
            if comment := comments.get(name):
                end = statement.end_lineno or statement.lineno
                lines[end : docstring.end_lineno if docstring else end] = _docstring(comment)
    return "\n".join(lines) + "\n"


def _attributes(node: ast.ClassDef) -> Iterator[Attribute]:
    """Yields the fields of a dataclass, or the members of an enum."""
    wanted = ast.AnnAssign if domain.is_dataclass(node) else ast.Assign if domain.is_enum(node) else ()
    for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(statement, wanted):
            target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
            docstring = following if isinstance(following, ast.Expr) else None
            yield ast.unparse(target), statement, docstring


def _comments(node: ast.ClassDef, api: Api) -> Mapping[str, str]:
    if domain.is_dataclass(node) and node.name in api.messages:
        message = api.messages[node.name]
        return {name: _in_python(text, name, message) for name, text in message.comments.items()}
    if domain.is_enum(node) and node.name in api.enums:
        prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).upper() + "_"
        return {name.removeprefix(prefix): text for name, text in api.enums[node.name].comments.items()}
    return {}


def _in_python(comment: str, field: str, message: Commented) -> str:
    """Says None of a field that protos/ calls unset."""
    if field not in message.with_presence:
        return comment
    return re.sub(r"\b[Uu]nset\b", "None", comment)


def _docstring(comment: str) -> list[str]:
    if len(_INDENT) + len(comment) + 6 <= _WIDTH and not comment.endswith('"'):
        return [f'{_INDENT}"""{comment}"""']
    summary, *rest = textwrap.wrap(
        '"""' + comment, _WIDTH - len(_INDENT), break_long_words=False, break_on_hyphens=False
    )
    return [_INDENT + line for line in (summary, *rest, '"""')]
