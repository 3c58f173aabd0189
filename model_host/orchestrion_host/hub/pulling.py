"""Fetches the files of an expert: all checkpoints that it is made of, with room on the disk seen to first."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion.errors import Reason
from orchestrion.values import JsonObject
from orchestrion_host import gguf_files
from orchestrion_host.hub import cache, choosing, failures, precision, repository, transfers
from orchestrion_host.hub.cache import CachedModel
from orchestrion_host.hub.repository import RemoteFile, Repository

_TELL_EVERY_S: Final = 0.1

TellProgress = Callable[[str, int, int], None]
"""Takes what is being done, the bytes done, and the bytes in all."""


@dataclass(frozen=True, slots=True)
class _Planned:
    repository: Repository
    cached: CachedModel
    files: Sequence[RemoteFile]

    @property
    def total_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def missing_bytes(self) -> int:
        return sum(self.cached.missing_bytes(file) for file in self.files)


def plan(model: str, revision: str, runtime: str, trusted: Iterable[str], gguf: str = "") -> _Planned:
    """Asks the Hub what a checkpoint has, and chooses its files.

    Raises:
        OrchestrionError: As the API says of `PullModel`.
    """
    remote = repository.find(model, revision)
    try:
        index = remote.read_json("model_index.json")
    except Exception as error:
        raise failures.explain(error, model, revision) from error
    files = choosing.choose(model, remote.files, runtime=runtime, trusted=trusted, index=index, gguf=gguf)
    return _Planned(remote, CachedModel(model), files)


def pull(
    checkpoints: Mapping[str, str], runtime: str, trusted: Sequence[str], tell: TellProgress, gguf: str = ""
) -> Mapping[str, JsonObject]:
    """Fetches, checks and links the files of some checkpoints.

    Args:
        checkpoints: Their revisions by id; empty for the newest.
        runtime: What they run on.
        trusted: What the operator allows: `pickled-weights`, `remote-code`.
        tell: Takes the progress.
        gguf: The file that is the model, where it is in the format GGUF.

    Returns:
        For each checkpoint what it is now; see `_described`.

    Raises:
        OrchestrionError: As the API says of `PullModel`.
    """
    tell("asking the Hub", 0, 0)
    planned = [plan(model, revision, runtime, trusted, gguf) for model, revision in checkpoints.items()]
    _check_room(planned)
    total = sum(item.total_bytes for item in planned)
    progress = _Progress(tell, total, total - sum(item.missing_bytes for item in planned))
    for item in planned:
        model = item.repository.model
        try:
            for file in item.files:
                progress.begin(f"fetching {model}: {file.name}", file.size_bytes - item.cached.missing_bytes(file))
                transfers.fetch(item.repository, file, item.cached, progress.at)
        except Exception as error:
            raise failures.explain(error, model, item.repository.commit) from error
    for item in planned:
        try:
            item.cached.link(item.repository, item.files)
        except OSError as error:
            raise failures.explain(error, item.repository.model) from error
    tell("checked all files", total, total)
    return {item.repository.model: _described(item) for item in planned}


def _check_room(planned: Sequence[_Planned]) -> None:
    place = cache.folder()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    needed = sum(item.missing_bytes for item in planned)
    if needed > free:
        raise failures.full(" and ".join(item.repository.model for item in planned), needed, free)


def _described(item: _Planned) -> JsonObject:
    """Describes a checkpoint that is there: its commit, files, hashes of weights, and how many numbers it holds."""
    try:
        counted = precision.count_all(item.cached.path(item.repository, file) for file in item.files)
    except gguf_files.GgufError as error:
        text = f"{item.files[0].name} of {item.repository.model} {error}."
        raise Reason.MODEL_NOT_SUPPORTED.error(text, model=item.repository.model) from error
    return {
        **item.repository.facts,
        "commit": item.repository.commit,
        "files": {file.name: file.size_bytes for file in item.files},
        "sha256": {file.name: file.sha256 for file in item.files if file.sha256},
        **counted,
    }


class _Progress:
    """Adds up files; never goes back, and tells no oftener than a person can read."""

    def __init__(self, tell: TellProgress, total_bytes: int, done_bytes: int) -> None:
        self._tell = tell
        self._total = total_bytes
        self._done = done_bytes
        self._others = done_bytes
        self._message = ""
        self._there = 0
        self._next = 0.0

    def begin(self, message: str, there_bytes: int) -> None:
        """Begins a file of which some bytes are there already."""
        self._others = self._done
        self._message, self._there = message, there_bytes

    def at(self, done_bytes: int) -> None:
        """Takes how much of the file is there."""
        self._done = min(max(self._done, self._others + done_bytes - self._there), self._total)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _TELL_EVERY_S
            self._tell(self._message, self._done, self._total)
