"""The cache of models, in the layout of huggingface_hub, so that other programs find what was pulled, and the reverse.

`models--{id}/blobs/{etag}` holds each content once; `models--{id}/snapshots/{commit}/{path}` links to it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from huggingface_hub import constants, scan_cache_dir
from huggingface_hub.errors import CacheNotFound
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]  # The package lists no names.

from orchestrion_host.hub.repository import RemoteFile, Repository


def folder() -> Path:
    """Returns the folder of the cache."""
    return Path(constants.HF_HUB_CACHE)


class CachedModel:
    """One model's place in the cache."""

    def __init__(self, model: str) -> None:
        """Names its places; makes none."""
        name = repo_folder_name(repo_id=model, repo_type="model")
        self._folder = folder() / name
        self._locks = folder() / ".locks" / name

    def blob(self, file: RemoteFile) -> Path:
        """Returns where the content of a file is."""
        return self._folder / "blobs" / file.etag

    def incomplete(self, file: RemoteFile) -> Path:
        """Returns where the content grows; what is there was fetched before."""
        return self._folder / "blobs" / f"{file.etag}.orchestrion.incomplete"

    def has(self, file: RemoteFile) -> bool:
        """Whether the whole content is there."""
        return _size(self.blob(file)) == file.size_bytes

    def missing_bytes(self, file: RemoteFile) -> int:
        """Returns how many bytes of a file are still to be fetched."""
        if self.has(file):
            return 0
        return max(file.size_bytes - max(_size(self.incomplete(file)), 0), 0)

    @contextlib.contextmanager
    def locked(self, file: RemoteFile) -> Iterator[None]:
        """Keeps other processes from fetching the same content; also those that use huggingface_hub."""
        self._locks.mkdir(parents=True, exist_ok=True)
        self.blob(file).parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(self._locks / f"{file.etag}.lock"):
            yield

    def link(self, repository: Repository, files: Sequence[RemoteFile]) -> None:
        """Makes the snapshot of a commit, once all contents are there."""
        snapshot = self._folder / "snapshots" / repository.commit
        for file in files:
            path = snapshot / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            if _size(path) != file.size_bytes:
                # Made beside and moved, since another process may read or make the same link now.
                temporary = path.with_name(f"{path.name}.{os.getpid()}.link")
                temporary.unlink(missing_ok=True)
                temporary.symlink_to(os.path.relpath(self.blob(file), path.parent))
                temporary.replace(path)

    def discard_rest(self) -> None:
        """Deletes all that there is of a model without a snapshot, and what there is in part of one with some."""
        if any((self._folder / "snapshots").glob("*")):
            for path in (self._folder / "blobs").glob("*.orchestrion.incomplete"):
                path.unlink(missing_ok=True)
        else:
            shutil.rmtree(self._folder, ignore_errors=True)
            shutil.rmtree(self._locks, ignore_errors=True)

    def path(self, repository: Repository, file: RemoteFile) -> Path:
        """Returns where a file is in the snapshot."""
        return self._folder / "snapshots" / repository.commit / file.name


def remove(commits: Mapping[str, str]) -> int:
    """Deletes snapshots, the contents that no other snapshot has, and what was fetched of contents in part.

    Args:
        commits: The commit to delete of each model; an empty one stands for all of them.

    Returns:
        The bytes that the snapshots took.
    """
    try:
        repositories = {repo.repo_id: repo for repo in scan_cache_dir().repos if repo.repo_type == "model"}
    except CacheNotFound:
        return 0
    wanted = [
        item.commit_hash
        for model, commit in commits.items()
        if model in repositories
        for item in repositories[model].revisions
        if commit in ("", item.commit_hash)
    ]
    strategy = scan_cache_dir().delete_revisions(*wanted)
    strategy.execute()
    for model in commits:
        CachedModel(model).discard_rest()
    return int(strategy.expected_freed_size)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
