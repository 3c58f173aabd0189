"""The files of an answer in a folder: the answer calls them what they are called there."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion.plans import TaskResult


class SavedFiles:
    """Saves the files of answers, under names that are free in a folder, and puts these into the answers' words."""

    def __init__(self, client: Client, folder: Path) -> None:
        """Looks at nothing yet.

        Args:
            client: Where the artifacts are.
            folder: Where they are saved; it is made when something is.
        """
        self._client = client
        self._folder = folder
        self._made: tuple[str, ...] = ()
        self._targets: dict[str, str] = {}
        self._renamed: dict[str, str] = {}

    def worded(self, results: Iterable[TaskResult], text: str) -> str:
        """Returns a text with the names that files get in the folder, where others of their names are there already.

        Args:
            results: The results of the run whose answer the text is from; their files may be named.
            text: The answer, or a piece of it.
        """
        self._plan(results)
        if not self._renamed:
            return text
        names = "|".join(re.escape(name) for name in sorted(self._renamed, key=len, reverse=True))
        pattern = re.compile(rf"(?<![\w./-])(?:{names})(?![\w-]|\.\w)", re.ASCII)
        return pattern.sub(lambda match: self._renamed[match[0]], text)

    def save(self, artifacts: Sequence[str]) -> Generator[Path, None, None]:
        """Saves artifacts into the folder and yields where each is; nothing there is overwritten.

        Raises:
            OrchestrionError: One is not there any more.
            OSError: The folder cannot be made or written to.
        """
        if artifacts:
            self._folder.mkdir(parents=True, exist_ok=True)
        for name in artifacts:
            target = self._targets.get(name)
            path = self._folder / target if target else self._folder
            yield self._client.artifacts.download(name, self._folder if path.is_file() else path)

    def _plan(self, results: Iterable[TaskResult]) -> None:
        """Decides on names, where the folder has files with which those of the results could clash."""
        from orchestrion._net.transfers import safe_file_name
        from orchestrion.errors import OrchestrionError
        from orchestrion.values import artifacts

        made = tuple(
            dict.fromkeys(name for result in results for value in result.outputs.values() for name in artifacts(value))
        )
        if made == self._made:
            return
        self._made, self._targets, self._renamed = made, {}, {}
        taken = {path.name for path in self._folder.iterdir()} if self._folder.is_dir() else set()
        if not taken:
            return
        files = {}
        for name in made:
            with contextlib.suppress(OrchestrionError):  # Saving it says what is wrong.
                artifact = self._client.artifacts.get(name)
                files[name] = safe_file_name(artifact.file_name, artifact.media_type, name)
        taken |= {file_name for file_name in files.values() if file_name not in taken}
        for name, file_name in files.items():
            if not (self._folder / file_name).exists():
                self._targets[name] = file_name
                continue
            path, number, target = Path(file_name), 0, file_name
            stem = re.sub(r"-\d{1,3}$", "", path.stem)
            if f"{stem}{path.suffix}" not in taken:
                stem = path.stem  # What ends it is no number of a copy.
            while target in taken:
                number += 1
                target = f"{stem}-{number}{path.suffix}"
            taken.add(target)
            self._targets[name] = self._renamed[file_name] = target
