"""References to artifacts in a streamed answer: `[[artifact 1]]` becomes the file's name; no other file is named."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from orchestrion.runs import Artifact
from orchestrion_controller import wording

_REFERENCE: Final = re.compile(r"\[\[\s*artifact\s+(\d{1,4})\s*\]\]", re.IGNORECASE)
_LONGEST: Final = 24
"""Characters after which two brackets are no reference, however they go on."""


class ReferenceResolver:
    """Replaces references in a text that comes in pieces; holds back only what may become one."""

    def __init__(self, names: Sequence[str], files: Mapping[str, Artifact]) -> None:
        """Prepares for one answer.

        Args:
            names: The artifacts that the answer may name: `[[artifact 1]]` is the first.
            files: The artifacts, by name.
        """
        self._names = names
        self._files = files
        self._held = ""
        self.used: list[str] = []
        """The artifacts named so far, each once, in order."""

    def feed(self, text: str) -> str:
        """Takes a piece and returns the text before any reference that is still open."""
        self._held += text
        start = self._open_reference()
        ready, self._held = self._held[:start], self._held[start:]
        return self._replaced(ready)

    def finish(self) -> str:
        """Returns what was held back."""
        ready, self._held = self._held, ""
        return self._replaced(ready)

    def _open_reference(self) -> int:
        """Finds where a reference begins that is not whole yet; the end of the text where there is none."""
        text = self._held
        start = text.rfind("[[")
        if start < 0:
            return len(text) - 1 if text.endswith("[") else len(text)
        whole = "]]" in text[start:] or len(text) - start > _LONGEST
        return len(text) if whole and not text.endswith("[") else len(text) - 1 if whole else start

    def _replaced(self, text: str) -> str:
        return _REFERENCE.sub(self._named, text)

    def _named(self, match: re.Match[str]) -> str:
        index = int(match.group(1)) - 1
        if not 0 <= index < len(self._names):
            return ""
        name = self._names[index]
        if name not in self.used:
            self.used.append(name)
        return wording.file_name(name, self._files)
