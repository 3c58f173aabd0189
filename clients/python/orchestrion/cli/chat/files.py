"""The files of a conversation: those that go into it, and those that its answers make."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.filesize import decimal

from orchestrion._sync.client import Client
from orchestrion.cli.objects import file_names
from orchestrion.cli.objects.sending import upload
from orchestrion.cli.objects.sources import Source
from orchestrion.cli.printer import printable
from orchestrion.cli.saved_files import SavedFiles
from orchestrion.runs import Artifact


@dataclass(slots=True)
class _Made:
    """A file that an answer named."""

    artifact: Artifact
    path: Path | None = None
    """Where it was saved."""

    @property
    def file_name(self) -> str:
        """What a person calls it."""
        return self.path.name if self.path else self.artifact.file_name


@dataclass(frozen=True, slots=True)
class _Attached:
    """A file that belongs to the next request."""

    source: Source
    artifact: Artifact


class ConversationFiles:
    """Keeps what was attached, sent and made, and knows it by its names."""

    def __init__(self, client: Client) -> None:
        """Begins with none."""
        self._client = client
        self._attached: list[_Attached] = []
        self._sent: list[Artifact] = []
        self._made: dict[str, _Made] = {}

    @property
    def attached(self) -> list[Artifact]:
        """Returns what belongs to the next request."""
        return [item.artifact for item in self._attached]

    @property
    def sources(self) -> list[Source]:
        """Returns where that came from."""
        return [item.source for item in self._attached]

    @property
    def unsaved(self) -> list[Artifact]:
        """Returns what answers made and nobody saved yet."""
        return [made.artifact for made in self._made.values() if made.path is None]

    def attach(self, sources: Iterable[Source]) -> None:
        """Uploads files and what links lead to, which belong to the next request.

        Raises:
            OrchestrionError: One is empty or too large, a link leads nowhere, or the controller does not answer.
            OSError: One cannot be read.
        """
        for source in sources:
            self._attached.append(_Attached(source, upload(self._client, source)))

    def named(self, text: str) -> dict[str, Artifact]:
        """Returns the files of the conversation that a text names, by these names: what was made, else what was sent.

        What was saved is read again from where it lies: it may have another name there, or have been changed since.
        """
        sent = {artifact.file_name: artifact for artifact in self._sent}
        made = {made.file_name: made for made in self._made.values()}
        others = sent.keys() | made.keys() - {artifact.file_name for artifact in self.attached}
        names = [name for _, name in file_names.find(text, lambda name: name if name in others else None)]
        return {name: self._again(made[name]) if name in made else sent[name] for name in names}

    def next_turn(self, made: Sequence[str]) -> list[Artifact]:
        """Goes on to the next request; returns what the answer made and was not there before.

        Args:
            made: The names of the artifacts of the answer.
        """
        self._sent += self.attached
        self._attached = []
        new = [self._client.artifacts.get(name) for name in made if name not in self._made]
        self._made |= {artifact.name: _Made(artifact) for artifact in new}
        return new

    def begin_anew(self) -> None:
        """Forgets what was attached and sent; what was made can still be saved."""
        self._sent, self._attached = [], []

    def save(self, files: SavedFiles) -> Generator[Path]:
        """Saves what is not saved yet, and yields where each file is.

        Args:
            files: Where to save it.

        Raises:
            OSError: The folder cannot be made or written to.
        """
        unsaved = [artifact.name for artifact in self.unsaved]
        for name, path in zip(unsaved, files.save(unsaved), strict=True):
            self._made[name].path = path
            yield path

    def lines(self) -> Iterator[str]:
        """Yields a line about each."""
        for artifact in self._sent:
            yield f"given     {described(artifact)}"
        for made in self._made.values():
            where = "not saved" if made.path is None else f"saved {printable(str(made.path))}"
            yield f"made      {described(made.artifact)}, {where}"
        for artifact in self.attached:
            yield f"attached  {described(artifact)}, to the next request"

    def _again(self, made: _Made) -> Artifact:
        return self._client.artifacts.upload(made.path) if made.path and made.path.exists() else made.artifact


def described(artifact: Artifact) -> str:
    """Writes what a file is called, and how large it is."""
    return f"{printable(artifact.file_name) or artifact.name[:18]} ({decimal(artifact.size_bytes)})"
