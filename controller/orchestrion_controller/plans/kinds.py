"""Which value fits which parameter."""

from __future__ import annotations

import math
import mimetypes
from collections.abc import Sequence
from typing import Final

from orchestrion.plans import Parameter, ParameterKind
from orchestrion.values import Json, Value

_WRITTEN: Final = {
    ParameterKind.TEXT: '{"text": "…"}',
    ParameterKind.NUMBER: '{"number": 1.5}',
    ParameterKind.BOOLEAN: '{"boolean": true}',
    ParameterKind.JSON: '{"json": …}',
}

_TEXT_TYPES: Final = frozenset(
    {"application/json", "application/jsonl", "application/toml", "application/xml", "application/yaml"}
)

_KINDS: Final = {"image": ParameterKind.IMAGE, "audio": ParameterKind.AUDIO, "video": ParameterKind.VIDEO}

_EXTENSIONS: Final = {
    "webp": ParameterKind.IMAGE,
    "heic": ParameterKind.IMAGE,
    "flac": ParameterKind.AUDIO,
    "m4a": ParameterKind.AUDIO,
    "ogg": ParameterKind.AUDIO,
    "opus": ParameterKind.AUDIO,
    "mkv": ParameterKind.VIDEO,
    "webm": ParameterKind.VIDEO,
}
"""Endings of files' names that not every machine has a media type for."""


def accepts(input_kind: ParameterKind, output_kind: ParameterKind) -> bool:
    """Whether an input of one kind takes an output of another.

    Kinds are not converted: a number is no text. JSON alone is wider: it takes texts, numbers and truth values as they
    are, since they are structured data too, but no media.
    """
    return input_kind is output_kind or (input_kind is ParameterKind.JSON and not output_kind.is_media)


def kind_of_media_type(media_type: str) -> ParameterKind:
    """Returns the kind of an artifact by its main media type; DOCUMENT for all but image, audio and video."""
    return _KINDS.get(media_type.partition("/")[0].lower(), ParameterKind.DOCUMENT)


def kind_of_file_name(file_name: str) -> ParameterKind | None:
    """Returns the kind of a file by the ending of its name; None where that is unknown."""
    ending = file_name.rpartition(".")[2].lower()
    if ending in _EXTENSIONS:
        return _EXTENSIONS[ending]
    media_type = mimetypes.guess_type(f"x.{ending}")[0] or ""
    return kind_of_media_type(media_type) if media_type and ending not in {"com", "org", "net", "exe"} else None


def reads_as_text(media_type: str) -> bool:
    """Whether an artifact of this media type may be given to a TEXT input, which is then its content."""
    essence = media_type.partition(";")[0].strip().lower()
    return essence.startswith("text/") or essence in _TEXT_TYPES or essence.endswith(("+json", "+yaml"))


def takes(parameter: Parameter, media_type: str) -> bool:
    """Whether an artifact of a media type may be given to an input: its kind fits, or it is text for a TEXT input.

    A file never fits an input with choices.
    """
    if parameter.kind is ParameterKind.TEXT:
        return not parameter.choices and reads_as_text(media_type)
    return accepts(parameter.kind, kind_of_media_type(media_type))


def how_to_write(kind: ParameterKind) -> str:
    """Describes how a value of this kind is written in a plan, for error messages."""
    return _WRITTEN.get(kind, '{"artifact": "attachments/1"} or {"output": {"taskId": "…", "output": "…"}}')


def how_to_attach(parameter: Parameter) -> str:
    """Describes which artifacts fit, for error messages."""
    kind = parameter.kind
    if kind is ParameterKind.TEXT and not parameter.choices:
        return "a text file (text/*, application/json), or the text written out in the plan itself"
    if not kind.is_media:
        return "it written out in the plan itself"
    return (
        "a file that is neither image, sound nor video" if kind is ParameterKind.DOCUMENT else f"{kind.name.lower()}/*"
    )


def fault(parameter: Parameter, value: Value, written: str) -> str | None:
    """Explains why a literal is no value of a parameter; None when it is one.

    Args:
        parameter: An input that is no media.
        value: Text, number, truth value or structured data.
        written: How a value of it is written.
    """
    kind = parameter.kind
    if not _is_of_kind(kind, value):
        return f"it takes {kind.name}, written {written}"
    if isinstance(value, str):
        if not _is_unicode(value):
            return "the text holds half of a surrogate pair; write whole characters"
        if parameter.choices and value not in parameter.choices:
            return f"{value[:40]!r} is none of its choices: {listed(parameter.choices)}"
    if kind is ParameterKind.NUMBER and isinstance(value, int | float):
        return _number_fault(parameter, value)
    return None


def listed(names: Sequence[str], most: int = 30) -> str:
    """Writes names for a message, in quotes, the first ones where there are many."""
    text = ", ".join(f"`{name}`" for name in names[:most])
    return f"{text} and {len(names) - most} more" if len(names) > most else text or "none"


def _is_of_kind(kind: ParameterKind, value: Value) -> bool:
    if kind is ParameterKind.TEXT:
        return isinstance(value, str)
    if kind is ParameterKind.BOOLEAN:
        return isinstance(value, bool)
    if kind is ParameterKind.NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return kind is ParameterKind.JSON and isinstance(value, str | int | float | Json)


def _number_fault(parameter: Parameter, number: float) -> str | None:
    low = -math.inf if parameter.minimum is None else parameter.minimum
    high = math.inf if parameter.maximum is None else parameter.maximum
    if not math.isfinite(number):
        return "it takes a finite number"
    return None if low <= number <= high else f"{number:g} is outside its range, {low:g} to {high:g}"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
