"""What a module of the SDK says about itself: signatures, fields and docstrings, read from its source."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a dataclass, a member of an enum, or a property."""

    name: str
    type: str
    default: str
    doc: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function or a method."""

    name: str
    signatures: tuple[str, ...]
    """One, or one for each overload."""
    doc: str


@dataclass(frozen=True, slots=True)
class Class:
    """A class with what it inherits from classes of this project."""

    name: str
    bases: tuple[str, ...]
    doc: str
    fields: tuple[Field, ...]
    methods: tuple[Function, ...]
    constructor: Function | None
    is_enum: bool


def class_of(kind: type) -> Class:
    """Reads a class, with what it has from private classes; public ones have entries of their own."""
    lineage = [kind, *(base for base in kind.__mro__[1:] if _is_private(base))]
    nodes = [_definition(base) for base in lineage]
    fields: dict[str, Field] = {}
    for node in reversed(nodes):
        fields |= {field.name: field for field in _fields(node)}
    methods: dict[str, Function] = {}
    for node in nodes:
        methods = {function.name: function for function in functions(node.body)} | methods
    bases = tuple(ast.unparse(base) for base in nodes[0].bases)
    return Class(
        kind.__name__,
        bases,
        ast.get_docstring(nodes[0]) or "",
        tuple(field for field in fields.values() if not field.name.startswith("_")),
        tuple(function for name, function in methods.items() if not name.startswith("_")),
        methods.get("__init__"),
        any("Enum" in base.__name__ or "Flag" in base.__name__ for base in kind.__mro__),
    )


def functions(body: Sequence[ast.stmt]) -> Iterator[Function]:
    """Reads the functions among statements, but properties, which `_fields` reads."""
    overloads: dict[str, list[str]] = {}
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_property(node):
            continue
        if any(ast.unparse(item).endswith("overload") for item in node.decorator_list):
            overloads.setdefault(node.name, []).append(_signature(node))
            continue
        signatures = overloads.pop(node.name, None) or [_signature(node)]
        yield Function(node.name, tuple(signatures), ast.get_docstring(node) or "")


@cache
def module_of(name: str) -> ast.Module:
    """Parses a module that is imported."""
    return ast.parse(Path(str(sys.modules[name].__file__)).read_text("utf-8"))


def _attributes(constructor: ast.FunctionDef) -> Iterator[Field]:
    """Reads the attributes that a constructor sets to an object and documents: `self.runs = Runs(…)`."""
    for statement, doc in _documented(constructor.body):
        match statement:
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=ast.Call(func=ast.Name(id=kind))) if doc:
                yield Field(name, kind, "", doc)


def _documented(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Yields statements, each with the docstring that stands below it."""
    for statement, after in zip(body, [*body[1:], None], strict=True):
        doc = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            doc = " ".join(after.value.value.split())
        yield statement, doc


def _is_private(kind: type) -> bool:
    return kind.__module__.startswith("orchestrion.") and "._" in f"{kind.__module__}.{kind.__name__}"


def _definition(kind: type) -> ast.ClassDef:
    for node in module_of(kind.__module__).body:
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
            return node
    raise LookupError(f"{kind.__module__} defines no class {kind.__name__} at its top")


def _fields(node: ast.ClassDef) -> Iterator[Field]:
    for statement, doc in _documented(node.body):
        match statement:
            case ast.FunctionDef(name="__init__"):
                yield from _attributes(statement)
            case ast.FunctionDef(name=name, returns=result) if _is_property(statement):
                yield Field(name, ast.unparse(result) if result else "", "", ast.get_docstring(statement) or "")
            case ast.AnnAssign(target=ast.Name(id=name)):
                default = ast.unparse(statement.value) if statement.value else ""
                yield Field(name, ast.unparse(statement.annotation), default, doc)
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield Field(name, "", ast.unparse(statement.value), doc or _last_text(statement.value))


def _last_text(value: ast.expr) -> str:
    """Returns the text that an enum's member ends with, as those of `Reason` do; nothing when there is none."""
    texts = [item.value for item in ast.walk(value) if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return texts[-1] if isinstance(value, ast.Tuple) and texts else ""


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(item).split(".")[-1] in {"property", "cached_property"} for item in node.decorator_list)


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    decorators = [ast.unparse(item) for item in node.decorator_list]
    above = "".join(f"@{name}\n" for name in decorators if not name.endswith("overload"))
    head = f"{'async ' if isinstance(node, ast.AsyncFunctionDef) else ''}def {node.name}"
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    arguments = _without_self(node.args)
    line = f"{head}({ast.unparse(arguments)}){result}"
    if len(line) <= WIDTH:
        return above + line
    parts = "".join(f"    {part},\n" for part in _parameters(arguments))
    return f"{above}{head}(\n{parts}){result}"


def _without_self(arguments: ast.arguments) -> ast.arguments:
    return ast.arguments(
        posonlyargs=[argument for argument in arguments.posonlyargs if argument.arg not in {"self", "cls"}],
        args=[argument for argument in arguments.args if argument.arg not in {"self", "cls"}],
        vararg=arguments.vararg,
        kwonlyargs=arguments.kwonlyargs,
        kw_defaults=arguments.kw_defaults,
        kwarg=arguments.kwarg,
        defaults=arguments.defaults,
    )


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    plain = [*arguments.posonlyargs, *arguments.args]
    bare = [None] * (len(plain) - len(arguments.defaults))
    for number, (argument, default) in enumerate(zip(plain, [*bare, *arguments.defaults], strict=True), 1):
        yield _parameter(argument, default)
        if number == len(arguments.posonlyargs):
            yield "/"
    if arguments.vararg:
        yield f"*{ast.unparse(arguments.vararg)}"
    elif arguments.kwonlyargs:
        yield "*"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(argument, default)
    if arguments.kwarg:
        yield f"**{ast.unparse(arguments.kwarg)}"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    if default is None:
        return ast.unparse(argument)
    return f"{ast.unparse(argument)}{' = ' if argument.annotation else '='}{ast.unparse(default)}"
