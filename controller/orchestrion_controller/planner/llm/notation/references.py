"""Reads references: texts such as `$1`, `$earlier.2`, `$read.text` and `$read.text.0`."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from orchestrion.errors import Reason
from orchestrion.plans import Parameter, TaskType
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.planner.llm.notation.files import by_resource_name, file
from orchestrion_controller.planner.llm.notation.scope import Scope, UnreadableError, UnresolvedError
from orchestrion_controller.planner.llm.notation.spelling import letters, spelled
from orchestrion_controller.plans.kinds import accepts, listed

_PATH: Final = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*"
_DOTTED: Final = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+"
_ITEM: Final = r"(?:\[([0-9]{1,6})\])?"
_WHOLE: Final = re.compile(
    rf"\s*(?:\$({_PATH}){_ITEM}|\$\{{\s*\$?({_PATH}){_ITEM}\s*\}}|\{{\{{\s*\$?({_PATH}){_ITEM}\s*\}}\}})\s*"
)
_GENERATED: Final = re.compile(r"\s*<GENERATED>-([0-9]{1,4})\s*")
"""How HuggingGPT's plans refer to what a task gives."""
_NAME: Final = r"(?:[0-9]{1,4}|(?:request|earlier)\.[0-9]{1,4})"
_NOTE: Final = re.compile(
    rf"\s*(?:\[\s*\$?((?:request|earlier)\.[0-9]{{1,4}})\s*(?::.*)?\]|\[?\s*\$({_NAME})\s*:.*)\s*", re.DOTALL
)
"""The note that a prompt has in the place of a file or of a long text: `[$1: sign.png, image/png]`."""
_INSIDE: Final = re.compile(rf"(?:\$\{{?|\{{\{{\s*\$?)({_DOTTED})")
_RESOURCE: Final = re.compile(r"\s*\$?(?:attachments?|earlier|request|artifacts)[/.][0-9a-f]+\s*")
_INDEX: Final = re.compile(r"[0-9]{1,6}")
_AMOUNT: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)*")
_COLLECTIONS: Final = ("earlier", "request", "attachments", "attachment")


def looks_like_reference(text: str) -> bool:
    """Whether a text may be read as a reference, or as holding one, depending on what there is to refer to."""
    return any(form.fullmatch(text) for form in (_WHOLE, _GENERATED, _RESOURCE, _NOTE)) or bool(_INSIDE.search(text))


def reference(text: str, parameter: Parameter, scope: Scope) -> Value | None:
    """Reads a text that is exactly one reference; None for a text that is none.

    Raises:
        UnresolvedError: It depends on a task that is still to come.
        UnreadableError: It is one, and refers to nothing.
    """
    if generated := _GENERATED.fullmatch(text):
        output = _output([generated[1]], parameter, scope, text)
        if output is None:
            message = f"`{text.strip()}` refers to nothing. There is: {listed([f'${name}' for name in scope.ids])}"
            raise UnreadableError(Reason.UNKNOWN_REFERENCE, message)
        return output
    note = _NOTE.fullmatch(text)
    if note is not None and (noted := scope.names.value(note[1] or note[2])) is not None:
        return noted
    match = _WHOLE.fullmatch(text)
    if match is None:
        return by_resource_name(text.strip(), scope.names)
    path, item = next((match[at], match[at + 1]) for at in (1, 3, 5) if match[at])
    named = scope.names.value(path) if item is None else None
    if named is None and path.partition(".")[0].startswith("attachment"):
        named = by_resource_name(path.replace(".", "/"), scope.names)
    if named is None and item is None and parameter.kind.is_media:
        named = file(path, scope.names)
    return (
        named if named is not None else _output([*path.split("."), *([item] if item else [])], parameter, scope, text)
    )


def embedded(text: str, scope: Scope) -> str | None:
    """Returns a reference to an output, or the name of a file or text, inside a longer text; None where there is none.

    A reference inside a text would be taken for its words.
    """
    for match in _INSIDE.finditer(text):
        path = match[1]
        head, _, rest = path.partition(".")
        task_type = scope.type_of(head) if head in scope.ids else None
        is_output = task_type is not None and task_type.output(rest.partition(".")[0]) is not None
        if is_output or (rest and scope.names.value(path) is not None):
            return match[0]
    return None


def _output(parts: list[str], parameter: Parameter, scope: Scope, text: str) -> OutputRef | None:
    task_id = spelled(parts[0], scope.ids)
    if task_id not in scope.ids:
        if not scope.is_closed:
            raise UnresolvedError(parts[0])
        _check_text(parts, scope, text)
        return None
    task_type = scope.type_of(task_id)
    rest = parts[1:]
    if task_type and len(rest) > 1 and letters(rest[0]) in {"output", "outputs"} and not task_type.output(rest[0]):
        rest = rest[1:]
    name = "" if not rest or _INDEX.fullmatch(rest[0]) else rest.pop(0)
    index = int(rest.pop(0)) if rest and _INDEX.fullmatch(rest[0]) else None
    if rest:
        message = f"`{text.strip()[:80]}` goes deeper than an output or one item of it; nothing inside can be taken out"
        raise UnreadableError(Reason.UNKNOWN_REFERENCE, message)
    if task_type is None:
        return OutputRef(task_id, name, index)
    name = spelled(name, [output.name for output in task_type.outputs]) if name else ""
    if not name or (letters(name) in {"output", "outputs", "result"} and task_type.output(name) is None):
        name = _only_output(task_id, task_type, parameter, text)
    if index is None:
        return OutputRef(task_id, name)
    gives_list = scope.gives_list(task_id, name)
    if gives_list is None and not scope.is_closed:
        raise UnresolvedError(task_id)
    # The first item of what is no list is all of it.
    return OutputRef(task_id, name, None if index == 0 and gives_list is False else index)


def _only_output(task_id: str, task_type: TaskType, parameter: Parameter, text: str) -> str:
    """Chooses the output of a task that is named alone."""
    fitting = [output.name for output in task_type.outputs if accepts(parameter.kind, output.kind)]
    same = [output.name for output in task_type.outputs if output.kind is parameter.kind]
    for names in (fitting, same, [output.name for output in task_type.outputs]):
        if len(names) == 1:
            return names[0]
    if task_type.outputs and task_type.outputs[0].name in (same or fitting):
        return task_type.outputs[0].name
    listing = listed([f"${task_id}.{output.name}" for output in task_type.outputs])
    raise UnreadableError(
        Reason.UNKNOWN_REFERENCE, f"`{text.strip()[:80]}` leaves open which output is meant: {listing}"
    )


def _check_text(parts: list[str], scope: Scope, text: str) -> None:
    """Refuses a reference to nothing, unless it is a text: an amount or a word after a `$`."""
    stripped = text.strip()
    head = parts[0]
    names = [
        *(f"${name}" for name in (*scope.names.artifacts, *scope.names.texts)),
        *(f"${name}" for name in scope.ids),
    ]
    close = get_close_matches(f"${head}", names, n=1, cutoff=0.7)
    if len(parts) > 1 and isinstance(scope.names.value(head), ArtifactRef) and not _AMOUNT.fullmatch(".".join(parts)):
        message = f"`${head}` is a file and has no outputs: give `${head}` itself, or an output of a task"
        raise UnreadableError(Reason.UNKNOWN_REFERENCE, message)
    is_named = head in _COLLECTIONS
    if not is_named and (_AMOUNT.fullmatch(".".join(parts)) or (len(parts) == 1 and not close)):
        return
    hint = f"Did you mean `{close[0]}`?" if close and not is_named else f"There is: {listed(names)}."
    raise UnreadableError(Reason.UNKNOWN_REFERENCE, f"`{stripped[:80]}` refers to nothing. {hint}")
