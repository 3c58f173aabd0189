"""What an alias in a model's answer stands for: a file's name, or the whole of an output."""

from __future__ import annotations

import json
import mimetypes
import re
import unicodedata
from typing import Final

from orchestrion.values import ArtifactRef, Json, Value
from orchestrion_controller import wording
from orchestrion_controller.languages.answer_words import AnswerWords
from orchestrion_controller.plans.kinds import kind_of_media_type
from orchestrion_controller.responder.llm.files import ALIAS_WORDS, RunFiles
from orchestrion_controller.responder.llm.outputs import RunOutputs
from orchestrion_controller.stages import RespondingRequest

_AROUND: Final = " \t\"'`*_\\\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb"
"""What models set around a name."""
_ALIAS_WORD: Final = rf"(?:{'|'.join(ALIAS_WORDS)})s?"
_NUMBERED: Final = re.compile(rf"{_ALIAS_WORD}[\s_#:/.-]*(\d{{1,4}})(?:\s*[:|(=-].*)?", re.IGNORECASE)
"""A number, and perhaps the name or words of the model's own behind it."""
_ANY_WORD_NUMBERED: Final = re.compile(r"([^\W\d_]+)[\s_#:-]*(\d{1,4})")
"""The same in other words: models translate the alias, too."""
_LABELLED: Final = re.compile(rf"{_ALIAS_WORD}\s*[:/]\s*(.+)", re.IGNORECASE)
_BETWEEN_ALIASES: Final = re.compile(r"\s*[,;&+\u3001\uff0c]\s*")
_BETWEEN_TEXTS: Final = "\n\n"


class Aliases:
    """The aliases of one run; keeps which of its files and outputs were named."""

    def __init__(self, request: RespondingRequest, files: RunFiles, words: AnswerWords) -> None:
        """Prepares for one answer.

        Args:
            request: The run.
            files: Its files.
            words: The words of the answer's language.
        """
        self._request = request
        self._files = files
        self._words = words
        self._outputs = RunOutputs(request)
        self._by_name: dict[str, str] = {}
        for name in files.names:
            for own in (files.name(name), wording.file_name(name, request.artifacts), *files.other_names(name)):
                self._by_name.setdefault(_plain(own), name)
        self.used: list[str] = []
        """The artifacts named so far, each once, in order."""
        self.filled: set[tuple[str, str]] = set()
        """The outputs that the answer has whole, by task id and as their aliases have them."""

    @property
    def names_with_brackets(self) -> tuple[str, ...]:
        """Names of files that have brackets in them, the longest first."""
        names = (self._files.name(name) for name in self._files.names)
        return tuple(sorted((name for name in names if re.search(r"[\[\]{}]", name)), key=len, reverse=True))

    def meaning(self, inner: str, *, is_double: bool) -> str | None:
        """Returns what stands in the place of something in brackets.

        Args:
            inner: What stands between the brackets.
            is_double: Whether there are two; one bracket alone stands around other things, too.

        Returns:
            The name or the text; empty for an alias of nothing that there is; None for what is no alias.
        """
        alias = _plain(inner)
        if match := _NUMBERED.fullmatch(alias):
            return self._numbered(int(match[1]))
        if name := self._file_named(alias, is_double=is_double):
            return self._named(name)
        if (filled := self._output(alias, is_double=is_double)) is not None:
            return filled
        if not is_double:
            return None
        if (several := self._several(inner)) is not None:
            return several
        if self._files.names and (match := _ANY_WORD_NUMBERED.fullmatch(alias)):
            return self._numbered(int(match[2]), kind=match[1])
        return "" if mimetypes.guess_type(alias)[0] else None

    def _several(self, inner: str) -> str | None:
        """Returns what stands in the place of several aliases in one pair of brackets; None where not all are some."""
        parts = _BETWEEN_ALIASES.split(inner)
        written = [self.meaning(part, is_double=False) for part in parts] if len(parts) > 1 else [None]
        return None if None in written else ", ".join(text for text in written if text)

    def file_of(self, target: str) -> str | None:
        """Returns the file's name that a link leads to; None where it leads to no file of the run."""
        inner = target.strip().strip("[]")
        alias = _plain(inner)
        if match := _NUMBERED.fullmatch(alias):
            return self._numbered(int(match[1])) or None
        name = self._file_named(alias, is_double=False)
        return self._named(name) if name else None

    def is_file(self, label: str) -> bool:
        """Whether words are the name or the alias of a file of the run, or of none."""
        alias = _plain(label)
        return bool(_NUMBERED.fullmatch(alias) or self._file_named(alias, is_double=False))

    def is_numbered(self, target: str) -> bool:
        """Whether a link leads to an alias, whatever that stands for."""
        return bool(_NUMBERED.fullmatch(_plain(target.strip().strip("[]"))))

    def note(self, text: str) -> None:
        """Takes note of the files that a text names without any alias."""
        for name in self._files.names:
            own = self._files.name(name)
            if name not in self.used and own in text and re.search(rf"(?<!\w){re.escape(own)}(?!\w)", text):
                self.used.append(name)

    def _numbered(self, number: int, kind: str = "") -> str:
        names = self._files.names
        if kind and any(kind == self._kind(name) for name in names):
            # `[[image 2]]` is the second file where that is a picture, and else the second picture.
            of_kind = [name for name in names if self._kind(name) == kind]
            names = names if 0 < number <= len(names) and names[number - 1] in of_kind else tuple(of_kind)
        return self._named(names[number - 1]) if 0 < number <= len(names) else ""

    def _kind(self, name: str) -> str:
        return kind_of_media_type(self._request.artifacts[name].media_type).name.lower()

    def _file_named(self, alias: str, *, is_double: bool) -> str | None:
        match = _LABELLED.fullmatch(alias)
        candidates = [alias, *([match[1]] if match else []), re.split(r"[/\\]", alias)[-1]]
        if name := next((self._by_name[each] for each in candidates if each in self._by_name), None):
            return name
        stems = [name for own, name in self._by_name.items() if own.rpartition(".")[0] == alias]
        return stems[0] if is_double and len(set(stems)) == 1 else None

    def _named(self, name: str) -> str:
        if name not in self.used:
            self.used.append(name)
        return self._files.name(name)

    def _output(self, alias: str, *, is_double: bool) -> str | None:
        """Writes an output as a whole, or one item of it; empty where the task has none; None for no output."""
        output = self._outputs.find(alias, is_double=is_double)
        if output is None or output.value is None:
            return None if output is None else ""
        self.filled.add((output.task_id, output.name))
        return self._whole(output.value)

    def _whole(self, value: Value) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, tuple):
            texts = [self._whole(item) for item in value]
            return _BETWEEN_TEXTS.join(texts) if any(isinstance(item, str) for item in value) else ", ".join(texts)
        if isinstance(value, ArtifactRef):
            return self._named(value.name) if value.name in self._files.names else ""
        if isinstance(value, bool):
            return self._words.word("yes" if value else "no")
        if isinstance(value, Json):
            return json.dumps(value.data, ensure_ascii=False)
        return wording.shown(value, None, {})


def _plain(text: str) -> str:
    """Spells an alias or a name as it is compared: without marks around it, wide letters, and capitals."""
    return " ".join(unicodedata.normalize("NFKC", text).strip(_AROUND).split()).casefold()
