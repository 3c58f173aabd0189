"""The files of a run as its answer names them: each has an alias for the model and a name for the person."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from orchestrion.runs import Role
from orchestrion.values import artifacts
from orchestrion_controller import wording
from orchestrion_controller.responder.llm.data_block import one_line, quoted
from orchestrion_controller.stages import RespondingRequest

ALIAS_WORDS: Final = ("file", "artifact", "attachment")
"""What aliases of files begin with: the first that the person's own words do not use so."""

_MOST_IN_A_ROW: Final = 4


def own_texts(request: RespondingRequest) -> list[str]:
    """Lists what the person wrote, in earlier turns and in this one."""
    messages = [message for turn in request.history for message in turn.messages] + list(request.messages)
    return [message.text for message in messages if message.role is not Role.ASSISTANT]


class RunFiles:
    """The files of one run, in the order in which people count them."""

    def __init__(self, request: RespondingRequest) -> None:
        """Counts the files, and gives each an alias."""
        self._request = request
        self.names = wording.files_in_order(request.messages, request.plan, request.results, request.artifacts)
        """The artifacts: `[[file 1]]` is the first."""
        said = "\n".join(own_texts(request)).casefold()
        free = (word for word in ALIAS_WORDS if not re.search(rf"\[\[\s*{word}\s*\d", said))
        self._word = next(free, ALIAS_WORDS[0])
        self._aliases = {name: f"[[{self._word} {place}]]" for place, name in enumerate(self.names, start=1)}
        self._shown = self._names_of_their_own()

    def alias(self, name: str) -> str:
        """Returns what the model writes to name an artifact."""
        return self._aliases.get(name, "a file")

    def aliases(self, names: Sequence[str]) -> str:
        """Lists the aliases of artifacts, of many in a row only the first and the last."""
        places = [self.names.index(name) if name in self._aliases else -1 for name in names]
        in_a_row = places[0] >= 0 and places == list(range(places[0], places[0] + len(places)))
        if len(names) > _MOST_IN_A_ROW and in_a_row:
            return f"{self.alias(names[0])} to {self.alias(names[-1])}"
        return ", ".join(map(self.alias, names))

    def name(self, name: str) -> str:
        """Names an artifact as a person knows it, apart from any other of the same name."""
        return self._shown.get(name) or one_line(wording.file_name(name, self._request.artifacts))

    def other_names(self, name: str) -> tuple[str, ...]:
        """Lists further names under which the person has the same content."""
        own = wording.file_name(name, self._request.artifacts)
        attached = [file.file_name for file in self._request.attachments if file.name == name]
        earlier = [turn.artifacts[name].file_name for turn in self._request.history if name in turn.artifacts]
        return tuple(other for other in dict.fromkeys([*attached, *earlier]) if other and other != own)

    def lines(self) -> Iterator[str]:
        """Describes each file once: alias, names, media type and where it is from."""
        attached = {name for message in self._request.messages for name in message.artifacts}
        makers = self._makers()
        for name in self.names:
            also = "".join(f", also {quoted(other)}" for other in self.other_names(name))
            origin = "attached" if name in attached else makers.get(name, "from an earlier turn")
            media_type = one_line(self._request.artifacts[name].media_type)
            yield f"{self.alias(name)} {quoted(self.name(name))}{also}, {media_type}, {origin}"

    def _makers(self) -> dict[str, str]:
        makers: dict[str, str] = {}
        for task in self._request.plan.tasks:
            result = self._request.results.get(task.id)
            for value in result.outputs.values() if result else ():
                for name in artifacts(value):
                    makers.setdefault(name, f"made by {one_line(task.id)}")
        return makers

    def _names_of_their_own(self) -> dict[str, str]:
        """Numbers the names that several files have."""
        names = {name: one_line(wording.file_name(name, self._request.artifacts)) for name in self.names}
        counts = Counter(own.casefold() for own in names.values())
        used: Counter[str] = Counter()
        shown = {}
        for name, own in names.items():
            used[own.casefold()] += 1
            alone = counts[own.casefold()] == 1
            shown[name] = own if alone else f"{own} ({used[own.casefold()]})"
        return shown
