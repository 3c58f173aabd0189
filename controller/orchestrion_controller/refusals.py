"""What is not done of a request, and the refusal that tells it: short, whole, and in the asker's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.refusals import NotDone, Question
from orchestrion_controller.cures import Cure
from orchestrion_controller.languages import examples, language_names
from orchestrion_controller.languages.messages import joined, message
from orchestrion_controller.languages.widths import rows

MOST_LINES: Final = 6
"""How many rows of a terminal a refusal takes at most."""
_LONGEST_WORDS: Final = 200
"""After how many characters the words of a request are cut in a message; `not_done` has them whole."""
_LONGEST_REQUEST: Final = 1000
"""The same for requests and commands: errors travel in headers, which have 8 KB."""
_NOUNS: Final = {ParameterKind.JSON: "document", ParameterKind.BOOLEAN: "text", ParameterKind.UNSPECIFIED: "document"}
"""The kinds that share the noun of another."""
_MOST_LANGUAGES: Final = 6
"""How many languages of experts are named."""
_NO_CHOICES: Final[Mapping[str, str]] = MappingProxyType({})


def nothing_does(words: str, language: str, nearest_request: str = "") -> NotDone:
    """Describes words that nothing on offer does, and no task type either."""
    return NotDone(words, message(language, "nothing_does"), nearest_request)


def no_setting(words: str, language: str, nearest_request: str = "") -> NotDone:
    """Describes words that ask for an option that the task does not have."""
    return NotDone(words, message(language, "no_setting"), nearest_request)


def no_choice(words: str, choices: Sequence[str], language: str, nearest_request: str = "") -> NotDone:
    """Describes words that ask for another value than an option takes."""
    return NotDone(words, message(language, "no_choice", choices=joined(language, choices)), nearest_request)


def lack(parameter: Parameter, language: str, *, count: int = 1, attached: int = 0) -> str:
    """Says what has to be there before something can be done, and how to give it.

    Args:
        parameter: The input that nothing gives.
        language: The language of the request.
        count: How many of it.
        attached: How many there are.
    """
    kind = parameter.kind
    if kind is ParameterKind.NUMBER or (parameter.repeated and not kind.is_media):
        return message(language, "needs_value", what=f"`{parameter.name}`")
    noun = _NOUNS.get(kind, kind.name.lower())
    if count > 1:
        kinds = message(language, f"kinds_{noun}")
        return message(language, "needs_files", kind=kinds, count=str(count), attached=str(attached))
    if kind is ParameterKind.TEXT:
        return message(language, "needs_text")
    return message(language, "needs_file", kind=message(language, f"kind_{noun}"))


def lack_files(language: str, *, count: int, attached: int) -> str:
    """Says that the words speak of more files than there are."""
    kinds = message(language, "kinds_file")
    return message(language, "needs_files", kind=kinds, count=str(count), attached=str(attached))


def no_expert(
    words: str,
    task_type: TaskType,
    cure: Cure,
    language: str,
    *,
    choices: Mapping[str, str] = _NO_CHOICES,
    nearest_request: str = "",
) -> NotDone:
    """Describes words that are understood, and for which no expert is there.

    Args:
        words: The words of the request.
        task_type: What they ask for.
        cure: What brings an expert.
        language: The language of the request.
        choices: The choices of the task type that they ask for, such as its domain.
        nearest_request: What can be done instead; empty for nothing.
    """
    reason = message(
        language,
        "no_expert",
        what=what_it_does(task_type, language, choices),
        task_type=" ".join([task_type.name, *(f"{name}={value}" for name, value in choices.items())]),
    )
    return NotDone(words, reason, nearest_request, cure.command, cure.download_bytes)


def no_language(
    task_type: TaskType, cure: Cure, language: str, *, lacking: str, spoken: Sequence[str], is_named: bool
) -> NotDone:
    """Describes a task whose language no expert for it has.

    Args:
        task_type: What it is of.
        cure: What brings an expert that has it.
        language: The language of the request.
        lacking: The tag of the task's language.
        spoken: The tags of the languages that the experts for it have.
        is_named: Whether the task names its language, or a text of it only seems to be in it.
    """
    names = [language_names.name_of(tag, language) for tag in spoken[:_MOST_LANGUAGES]]
    if left := len(spoken) - len(names):
        names.append(message(language, "more", count=str(left)).rstrip("。."))
    reason = message(
        language,
        "named_language" if is_named else "text_language",
        what=what_it_does(task_type, language),
        task_type=task_type.name,
        language=language_names.name_of(lacking, language),
        spoken=joined(language, names),
    )
    return NotDone("", reason, "", cure.command, cure.download_bytes)


def what_it_does(task_type: TaskType, language: str, choices: Mapping[str, str] = _NO_CHOICES) -> str:
    """Says in a few words what a task type does; of one that has no example, by its description."""
    example = examples.find(language, task_type.name, choices)
    return example.does if example else task_type.description.rstrip(".")


def refusal(
    not_done: Sequence[NotDone], questions: Sequence[Question], language: str, *, planner: str
) -> OrchestrionError:
    """Builds the error of a run that ends because of what its planner does not do, or asks.

    Args:
        not_done: What it does not do.
        questions: What it asks.
        language: The language of the request.
        planner: The name of the planner.
    """
    metadata = {
        "planner": planner,
        "words": "; ".join(part.words for part in not_done if part.words),
        "nearest_request": next((part.nearest_request for part in not_done if part.nearest_request), ""),
        "command": next((part.command for part in not_done if part.command), ""),
    }
    where = {name: cut(value, _LONGEST_REQUEST) for name, value in metadata.items() if value}
    error = Reason.REQUEST_BEYOND_PLANNER.error("\n".join(lines(not_done, questions, language, MOST_LINES)), where)
    error.not_done, error.questions = tuple(not_done), tuple(questions)
    return error


def lines(
    not_done: Sequence[NotDone], questions: Sequence[Question], language: str, most: int | None = None
) -> list[str]:
    """Writes what is not done and what is asked: why, then what can be done instead, then what is asked.

    Args:
        not_done: What is not done; parts with one reason share a line.
        questions: What is asked.
        language: The language of the request.
        most: How many rows of a terminal there may be; None for any number. The last line counts those left out.
    """
    parts_by_reason: dict[str, list[NotDone]] = {}
    for part in not_done:
        parts_by_reason.setdefault(part.reason, []).append(part)
    written: list[str] = []
    for reason, parts in parts_by_reason.items():
        # What was understood is told with the reason, so that the words would only say it again.
        words = [part.words for part in parts if part.words and not part.command]
        written.append(_why(reason, words, language))
        written += dict.fromkeys(_get(part, language) for part in parts if part.command)
    nearest = dict.fromkeys(part.nearest_request for part in not_done if part.nearest_request)
    written += [message(language, "try", request=f"`{cut(request, _LONGEST_REQUEST)}`") for request in nearest]
    for question in questions:
        written.append(question.text)
        written += [f"{number}. {choice.text}" for number, choice in enumerate(question.choices, start=1)]
    if most is None or sum(map(rows, written)) <= most:
        return written
    # The first line stays, however many rows it takes.
    shown = max([n for n in range(1, len(written)) if sum(map(rows, written[:n])) < most], default=1)
    left_out = len(written) - shown
    return [*written[:shown], *([message(language, "more", count=str(left_out))] if left_out else [])]


def size(count: int) -> str:
    """Writes a number of bytes as people do: `1.2 GB`, `290 MB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


def cut(text: str, most: int) -> str:
    """Writes a text on one line, of so many characters at most."""
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= most else f"{one_line[: most - 1].rstrip()}…"


def _why(reason: str, words: Sequence[str], language: str) -> str:
    named = [f"`{cut(text, _LONGEST_WORDS)}`" for text in dict.fromkeys(words)]
    return message(language, "not_done", words=joined(language, named), reason=reason) if named else reason


def _get(part: NotDone, language: str) -> str:
    command = f"`{cut(part.command, _LONGEST_REQUEST)}`"
    if not part.download_bytes:
        return message(language, "get", command=command)
    return message(language, "get_with_size", command=command, size=size(part.download_bytes))
