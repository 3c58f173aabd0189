"""The pages of the public SDK, from its signatures and docstrings: one for the clients, one for each public module."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Final

import orchestrion
from docs.pages.source import Class, Field, Function, class_of, functions, module_of
from docs.pages.tables import table

_NO_PAGE: Final = {"cli", "v1", "__main__"}
"""Public, and described elsewhere: the command line by its `--help`, the messages by the protos' comments."""

_CLIENTS: Final = "clients.md"
"""The page of what `orchestrion` exports from private modules."""

_SECTIONS: Final = ("Args", "Attributes", "Returns", "Yields", "Raises")

_INDEX: Final = """\
# The Python SDK

What `orchestrion` exports, and the public modules that it comes from. Modules whose names begin with `_` are private:
they may change in any version ([`upgrading.md`](../upgrading.md)).

{names}

## Modules

{modules}
"""


def reference_pages() -> Mapping[str, Callable[[], str]]:
    """Returns the pages by their paths under `docs/`."""
    modules = {f"reference/{_short(module)}.md": partial(_module_page, module) for module in _modules()}
    return {"reference/README.md": _index, f"reference/{_CLIENTS}": _clients, **modules}


def exported() -> Sequence[str]:
    """Lists the classes and functions that `orchestrion` exports; type aliases have no text of their own."""
    return sorted(name for name in orchestrion.__all__ if hasattr(getattr(orchestrion, name), "__name__"))


def _modules() -> list[ModuleType]:
    names = [info.name for info in pkgutil.iter_modules(orchestrion.__path__)]
    return [import_module(f"orchestrion.{name}") for name in names if name not in _NO_PAGE and not name.startswith("_")]


def _index() -> str:
    rows = []
    for name in exported():
        thing = getattr(orchestrion, name)
        rows.append((f"[`{name}`]({_page_of(thing)}#{name.lower()})", _first_line(inspect.getdoc(thing) or "")))
    modules = [
        (f"[`{module.__name__}`]({_short(module)}.md)", _first_line(inspect.getdoc(module) or ""))
        for module in _modules()
    ]
    return _INDEX.format(
        names=table(("name", "what it is"), rows), modules=table(("module", "what it has"), modules)
    ).removesuffix("\n")


def _clients() -> str:
    things = [getattr(orchestrion, name) for name in exported()]
    private = {_name(thing): thing for thing in things if _page_of(thing) == _CLIENTS}
    for thing in list(private.values()):
        private |= {kind.__name__: kind for kind in _resources(thing)}
    # Those for threads first: the others refer to them.
    names = sorted(private, key=lambda name: (name.lower().startswith("async"), name.lower()))
    head = "# Clients\n\nThe clients, what they are made of, private servers for a program of its own, and JSON.\n\n"
    return head + "\n".join(_entry(private[name]) for name in names).removesuffix("\n")


def _resources(thing: object) -> Iterator[type]:
    """Yields the private classes that the attributes of a client give: `client.runs` and the like."""
    if not isinstance(thing, type):
        return
    module = import_module(thing.__module__)
    for field in class_of(thing).fields:
        kind = getattr(module, field.type.strip("'\""), None)
        if isinstance(kind, type) and kind.__module__.startswith("orchestrion._"):
            yield kind


def _module_page(module: ModuleType) -> str:
    entries = [_entry(getattr(module, name)) for name in _names(module)]
    return f"# `{module.__name__}`\n\n{markdown(inspect.getdoc(module) or '')}\n\n" + "\n".join(entries).removesuffix(
        "\n"
    )


def _names(module: ModuleType) -> Sequence[str]:
    defined = [
        node.name
        for node in module_of(module.__name__).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [name for name in dict.fromkeys(getattr(module, "__all__", defined)) if not name.startswith("_")]


def _entry(thing: object) -> str:
    if isinstance(thing, type):
        return _class_entry(class_of(thing))
    matches = (function for function in functions(module_of(_home(thing)).body) if function.name == _name(thing))
    function = next(matches, None)
    return "" if function is None else f"## {function.name}\n\n{_function_text(function)}\n"


def _class_entry(kind: Class) -> str:
    parts = [f"## {kind.name}\n"]
    if kind.bases:
        parts.append(f"Bases: {', '.join(f'`{base}`' for base in kind.bases)}\n")
    if kind.doc:
        parts.append(f"{markdown(kind.doc)}\n")
    if kind.constructor is not None and kind.constructor.doc:
        signature = "\n".join(kind.constructor.signatures).replace("def __init__", kind.name).removesuffix(" -> None")
        parts.append(f"```python\n{signature}\n```\n")
        parts.append(f"{markdown(kind.constructor.doc)}\n")
    if kind.fields:
        parts.append(f"{_fields_table(kind)}\n")
    parts += [f"### {kind.name}.{method.name}\n\n{_function_text(method)}\n" for method in kind.methods]
    return "\n".join(parts)


def _fields_table(kind: Class) -> str:
    if kind.is_enum:
        members = [(f"`{field.name}`", _inline(field)) for field in kind.fields]
        return table(("member", "meaning"), members)
    rows = [
        (
            f"`{field.name}`",
            f"`{field.type}`" if field.type else "",
            f"`{field.default}`" if field.default else "",
            _inline(field),
        )
        for field in kind.fields
    ]
    return table(("attribute", "type", "default", "meaning"), rows)


def _inline(field: Field) -> str:
    return " ".join(field.doc.split())


def _function_text(function: Function) -> str:
    code = "\n".join(function.signatures)
    return f"```python\n{code}\n```\n" + (f"\n{markdown(function.doc)}\n" if function.doc else "")


def markdown(doc: str) -> str:
    """Turns a Google docstring into Markdown: its sections become lists."""
    lines: list[str] = []
    section = ""
    for line in doc.splitlines():
        if line.endswith(":") and line[:-1] in _SECTIONS:
            section = line[:-1]
            lines += [f"**{section}**", ""]
        elif section and (not line or line.startswith("    ")):
            lines.append(_item(line[4:], section))
        else:
            section = ""
            lines.append(line)
    return "\n".join(lines).strip()


def _item(line: str, section: str) -> str:
    if not line or line.startswith(" "):
        return line and f"  {line.strip()}"
    name, separator, rest = line.partition(": ")
    if section in {"Returns", "Yields"} or not separator or not re.fullmatch(r"[*\w., ]+( \(.+\))?", name):
        return line
    return f"* `{name}`: {rest}"


def _first_line(doc: str) -> str:
    return " ".join(doc.partition("\n\n")[0].split())


def _page_of(thing: object) -> str:
    pages = (f"{_short(module)}.md" for module in _modules() if _name(thing) in _names(module))
    return next(pages, _CLIENTS)


def _home(thing: object) -> str:
    return str(getattr(thing, "__module__", ""))


def _name(thing: object) -> str:
    return str(getattr(thing, "__name__", ""))


def _short(module: ModuleType) -> str:
    return module.__name__.removeprefix("orchestrion.")
