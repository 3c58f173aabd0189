"""Requests made up from a library's phrases: a small graph of tools drawn at random, put into words."""

from __future__ import annotations

import random
from collections.abc import Sequence

from orchestrion.plans import ParameterKind, TaskType
from orchestrion_controller.planner.builtin.reading.features import fits
from training.planner.libraries import Example, Library, Step

_FILES = {
    ParameterKind.IMAGE: ("jpg", "png"),
    ParameterKind.AUDIO: ("wav", "mp3"),
    ParameterKind.VIDEO: ("mp4", "mov"),
    ParameterKind.DOCUMENT: ("pdf", "csv", "docx"),
}
_NOUNS = {
    ParameterKind.IMAGE: ("picture", "photo", "image", "shot", "scan"),
    ParameterKind.AUDIO: ("recording", "audio clip", "sound file", "track", "voice memo"),
    ParameterKind.VIDEO: ("video", "clip", "footage", "film"),
    ParameterKind.TEXT: ("text", "paragraph", "note", "article", "message"),
    ParameterKind.DOCUMENT: ("file", "table", "document", "spreadsheet"),
    ParameterKind.NUMBER: ("number", "figure"),
}
_STORIES = (
    "",
    "",
    "",
    "I'm preparing something for work. ",
    "A friend sent me this yesterday. ",
    "I have a {noun} here, {file}. ",
    "I've got a {noun} named {file}. ",
    "There is this {noun}, {file}, which I came across last week. ",
    "My {noun} {file} needs some attention. ",
    "I recently received {file} and I am not sure what to do with it. ",
    "We're putting together a small project around {file}. ",
    "I've been working on something and have a {noun} {file}. ",
)
_OPENERS = (
    "Could you {}",
    "Can you {}",
    "Please {}",
    "I need you to {}",
    "I'd like you to {}",
    "First, {}",
    "Would you be able to {}",
    "Help me {}",
    "I want to {}",
    "{}",
)
_JOINTS = (
    ", then {}",
    " and {}",
    ", and then {}",
    ". After that, {}",
    ". Then {}",
    ", {}",
    ". Next, {}",
    ". Finally, {}",
)
_NOUN_OPENERS = ("I need {}", "Give me {}", "I'd love {}", "Can I get {}", "Please make {}")
_NOUN_JOINTS = (
    ", then give me {}",
    " and also {}",
    ". I also want {}",
    ", plus {}",
    ". From that, make {}",
    ", and finally {}",
)
_RESULTS = (
    "it",
    "it",
    "it",
    "that",
    "the result",
    "this",
    "what you get",
    "the {noun}",
    "the new {noun}",
    "the resulting {noun}",
)
_WORDS = (
    "the river was quiet that morning",
    "our meeting has been moved to Friday at ten",
    "a small cabin in the snow with smoke from the chimney",
    "thank you for your patience",
    "the old lighthouse keeper counted ships",
    "sales went up by four percent",
    "Where is the nearest station?",
    "Bonjour, comment allez-vous?",
    "a red bicycle",
)


def made_up(library: Library, generator: random.Random) -> Example | None:
    """Draws a graph of one to five tools and writes a request for it; None where nothing came of it."""
    graph = _graph(library.tools, generator)
    if not graph:
        return None
    tools, parents = graph
    things: dict[int, str] = {}
    text = ""
    root_kind = _input_kind(library.tools[tools[0]], generator)
    file = _file(root_kind, generator)
    story = generator.choice(_STORIES)
    text = story.format(noun=generator.choice(_NOUNS.get(root_kind, _NOUNS[ParameterKind.TEXT])), file=file)
    steps: list[Step] = []
    for number, tool in enumerate(tools):
        phrase = generator.choice(library.phrases[tool])
        is_noun = phrase.lower().startswith(("a ", "an ", "the ", "some "))
        parent = parents[number]
        if parent is None:
            thing = things.get(tool) or _thing(library.tools[tool], root_kind, file, text, generator)
        else:
            kinds = [output.kind for output in library.tools[tools[parent]].outputs]
            thing = generator.choice(_RESULTS).format(noun=generator.choice(_NOUNS.get(kinds[0], ("result",))))
            if parent != number - 1:
                thing = f"the {_short(library.tools[tools[parent]], generator)}"
        if number == 0:
            frame = generator.choice(_NOUN_OPENERS if is_noun else _OPENERS)
        else:
            frame = generator.choice(_NOUN_JOINTS if is_noun else _JOINTS)
        before, after = frame.split("{}")
        head, tail = phrase.split("{}")
        start = len(text) + len(before)
        text += before + head + thing + tail + after
        end = start + len(head.rstrip()) if len(head.strip()) >= len(tail.strip()) else len(text) - len(after)
        begin = start if len(head.strip()) >= len(tail.strip()) else start + len(head) + len(thing)
        while begin < end and text[begin] == " ":
            begin += 1
        steps.append(Step(tool, begin, max(end, begin + 1)))
    text += generator.choice((".", "?", ".", ""))
    links = frozenset((parent, number) for number, parent in enumerate(parents) if parent is not None)
    return Example(text, tuple(steps), links, 0.5)


def _graph(tools: Sequence[TaskType], generator: random.Random) -> tuple[list[int], list[int | None]] | None:
    count = generator.choices((1, 2, 3, 4, 5), (3, 3, 3, 2, 1))[0]
    chosen = [generator.randrange(len(tools))]
    parents: list[int | None] = [None]
    while len(chosen) < count:
        sources = [len(chosen) - 1] * 4 + list(range(len(chosen)))
        source = generator.choice(sources)
        targets = [
            number for number, tool in enumerate(tools) if number not in chosen and fits(tools[chosen[source]], tool)
        ]
        if not targets:
            if generator.random() < 0.5:
                break
            free = [number for number in range(len(tools)) if number not in chosen]
            chosen.append(generator.choice(free))
            parents.append(None)
            continue
        chosen.append(generator.choice(targets))
        parents.append(source)
    return chosen, parents


def _input_kind(tool: TaskType, generator: random.Random) -> ParameterKind:
    kinds = [parameter.kind for parameter in tool.inputs] or [ParameterKind.TEXT]
    media = [kind for kind in kinds if kind.is_media]
    return generator.choice(media or kinds)


def _file(kind: ParameterKind, generator: random.Random) -> str:
    if kind in _FILES:
        name = generator.choice(("example", "example", "img_204", "take2", "report", "holiday", "voice-note"))
        return f"'{name}.{generator.choice(_FILES[kind])}'"
    return f"'{generator.choice(_WORDS)}'"


def _thing(tool: TaskType, root_kind: ParameterKind, file: str, text: str, generator: random.Random) -> str:
    kind = _input_kind(tool, generator)
    if kind is root_kind:
        if file in text:
            return generator.choice(
                (
                    "it",
                    "this",
                    f"the {generator.choice(_NOUNS.get(kind, _NOUNS[ParameterKind.TEXT]))}",
                    f"my {generator.choice(_NOUNS.get(kind, _NOUNS[ParameterKind.TEXT]))}",
                )
            )
        return generator.choice(
            (
                file,
                f"the {generator.choice(_NOUNS.get(kind, _NOUNS[ParameterKind.TEXT]))} {file}",
                f"my {generator.choice(_NOUNS.get(kind, _NOUNS[ParameterKind.TEXT]))}",
            )
        )
    return generator.choice(
        (
            _file(kind, generator),
            f"the {generator.choice(_NOUNS.get(kind, _NOUNS[ParameterKind.TEXT]))} {_file(kind, generator)}",
        )
    )


def _short(tool: TaskType, generator: random.Random) -> str:
    nouns = [noun for output in tool.outputs for noun in _NOUNS.get(output.kind, ())]
    return generator.choice(nouns or ["result"])
