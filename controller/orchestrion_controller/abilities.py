"""What can be done here, in a few lines and in the asker's language, with examples that work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from orchestrion.plans import ParameterKind, TaskType
from orchestrion.refusals import QuestionChoice
from orchestrion.runs import Artifact
from orchestrion_controller.languages import examples
from orchestrion_controller.languages.example_entries import RequestExample
from orchestrion_controller.languages.examples import filled
from orchestrion_controller.languages.messages import ENGLISH, joined, message
from orchestrion_controller.languages.widths import TERMINAL, columns, rows
from orchestrion_controller.plans.offers import Ability

_WIDTH: Final = TERMINAL - 2
_MOST_ROWS: Final = 6
_MOST_EXAMPLES: Final = 3
_GROUPS: Final = ("text", "image", "audio", "video", "document", "other")
_MEDIA: Final = (ParameterKind.VIDEO, ParameterKind.AUDIO, ParameterKind.IMAGE, ParameterKind.DOCUMENT)
"""By which of its kinds a task type is grouped, the first that it has."""
_TEST: Final = "test-"
"""How the names of task types begin that are for tests alone."""


def abilities(offered: Mapping[str, TaskType], language: str, attached: Sequence[Artifact] = ()) -> list[str]:
    """Lists what the experts here do, at most six rows of a terminal: for each kind of thing, and examples.

    Args:
        offered: The task types on offer, with the choices alone that some expert takes now.
        language: The language of the request.
        attached: The files of the request, which examples should work on.
    """
    groups: dict[str, list[RequestExample]] = {name: [] for name in _GROUPS}
    for task_type in offered.values():
        if not task_type.name.startswith(_TEST):
            groups[_group(task_type)] += entries(task_type, language)
    filled_groups = {name: _ranked(entries, language) for name, entries in groups.items() if entries}
    if not filled_groups:
        return [message(language, "abilities_none")]
    requests = example_requests(offered, language, attached)
    closing = [_closing(requests[:count], language) for count in range(len(requests), 0, -1)]
    last = next((line for line in closing if len(filled_groups) + rows(line) <= _MOST_ROWS), "")
    lines = _lines(filled_groups, language, _MOST_ROWS - (rows(last) if last else 0))
    return [*lines, last] if last else lines


def _closing(requests: Sequence[str], language: str) -> str:
    return message(language, "for_example", requests=joined(language, [f"`{text}`" for text in requests]))


def example_requests(
    offered: Mapping[str, TaskType], language: str, attached: Sequence[Artifact] = (), most: int = _MOST_EXAMPLES
) -> list[str]:
    """Returns requests that can be planned here: on the attached files, or else on no file where there are such.

    Args:
        offered: The task types on offer.
        language: The language of the requests.
        attached: The files that they may be about.
        most: How many at most; each of another kind of thing, where that is possible.
    """
    files = _placeholders(attached)
    by_group: dict[str, list[RequestExample]] = {name: [] for name in _GROUPS}
    for task_type in offered.values():
        if not task_type.name.startswith(_TEST):
            by_group[_group(task_type)] += entries(task_type, language)
    rows = [_requests(_ranked(entries, language), files) for entries in by_group.values()]
    # One of each kind before a second of any; those that are about the files, or need none, before all others.
    ranked = sorted(
        ((rank, place, text) for row in rows for place, (rank, text) in enumerate(row)), key=lambda item: item[:2]
    )
    return list(dict.fromkeys(text for _, _, text in ranked if text))[:most]


def choice(ability: Ability, language: str, attached: Sequence[Artifact]) -> QuestionChoice | None:
    """What an ability does, with a request for it on the attached files; None where there is none on these.

    Args:
        ability: The ability.
        language: The language of the words.
        attached: The files.
    """
    entry = examples.find(language, ability.task_type.name, dict(ability.choices))
    files = _placeholders(attached)
    texts = [entry.file_request, entry.request] if entry else []
    fitting = [text for text in texts if examples.placeholders(text) and _covers(files, text)]
    return QuestionChoice(entry.does, filled(fitting[0], files)) if entry and fitting else None


def _requests(entries: Iterable[RequestExample], files: Mapping[str, str]) -> list[tuple[int, str]]:
    """Returns the requests of a group, each with its rank: 0 where it works on what is there, 1 where a file lacks."""
    requests = []
    for entry in entries:
        text = entry.file_request if entry.file_request and _covers(files, entry.file_request) else entry.request
        needed = examples.placeholders(text)
        works = bool(needed) and needed <= files.keys() if files else not needed
        requests.append((0 if works else 1, filled(text, files)))
    return sorted(requests, key=lambda request: request[0])


def _covers(files: Mapping[str, str], text: str) -> bool:
    return examples.placeholders(text) <= files.keys()


def entries(task_type: TaskType, language: str) -> list[RequestExample]:
    """Returns what a task type does as it is on offer: for itself, and for each choice that has an example."""
    listed = examples.examples(language).get(task_type.name) or examples.examples(ENGLISH).get(task_type.name, ())
    if not listed:
        return [RequestExample(task_type.name, {}, f"{task_type.description.rstrip('.')} ({task_type.name})", "")]
    choices = {parameter.name: parameter.choices for parameter in task_type.inputs if parameter.choices}
    needed = {parameter.name for parameter in task_type.inputs if parameter.choices and not parameter.optional}
    return [
        entry
        for entry in listed
        if needed <= entry.choices.keys()
        and all(value in choices.get(name, ()) for name, value in entry.choices.items())
    ]


def _ranked(entries: Iterable[RequestExample], language: str) -> list[RequestExample]:
    """Sorts entries as the file has them: the commonest first."""
    order = {name: place for place, name in enumerate(examples.examples(language) or examples.examples(ENGLISH))}
    return sorted(entries, key=lambda entry: order.get(entry.task_type, len(order)))


def _group(task_type: TaskType) -> str:
    kinds = {parameter.kind for parameter in (*task_type.inputs[:1], *task_type.outputs[:1])}
    if any(parameter.kind is ParameterKind.DOCUMENT for parameter in task_type.inputs):
        kinds = {ParameterKind.DOCUMENT}
    media = next((kind for kind in _MEDIA if kind in kinds), ParameterKind.TEXT)
    return media.name.lower() if examples.examples(ENGLISH).get(task_type.name) else "other"


def _lines(groups: Mapping[str, Sequence[RequestExample]], language: str, room: int) -> list[str]:
    """Writes a line for each group; where there is room for more lines, the groups that are cut most get two."""
    does = {name: list(dict.fromkeys(entry.does for entry in entries)) for name, entries in groups.items()}
    widths = dict.fromkeys(list(does)[:room], _WIDTH)
    for name in sorted(widths, key=lambda name: -len(does[name]))[: room - len(widths)]:
        widths[name] *= 2
    return [_line(name, does[name], language, width) for name, width in widths.items()]


def _line(group: str, does: Sequence[str], language: str, width: int) -> str:
    """Writes as many abilities as there is room for, and counts the others."""
    for shown in range(len(does), 0, -1):
        rest = [message(language, "more", count=str(len(does) - shown)).rstrip("。.")] if shown < len(does) else []
        line = message(language, f"about_{group}", abilities=joined(language, [*does[:shown], *rest]))
        if columns(line) <= width:
            break
    return line


def _placeholders(attached: Sequence[Artifact]) -> dict[str, str]:
    """Names the attached files as examples do: `image` is the first picture, `image2` the second."""
    files: dict[str, str] = {}
    for artifact in attached:
        kind = artifact.media_type.partition("/")[0]
        kind = kind if kind in ("image", "audio", "video") else _document_kind(artifact)
        name = kind if kind not in files else f"{kind}2"
        files.setdefault(name, artifact.file_name or artifact.name)
    return files


def _document_kind(artifact: Artifact) -> str:
    is_table = artifact.media_type in ("text/csv", "text/tab-separated-values")
    return "text" if artifact.media_type.startswith("text/") and not is_table else "document"
