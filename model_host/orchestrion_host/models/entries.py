"""The entries of models that were added, pulled or refreshed on this host: one YAML file each, replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host.catalogue import reader, writer
from orchestrion_host.catalogue.facts import ModelFacts


class Entries:
    """The folder with the entries."""

    def __init__(self, folder: Path) -> None:
        """Names the folder; it is made with the first entry."""
        self._folder = folder

    def read(self) -> Mapping[str, ModelFacts]:
        """Reads all entries by id.

        Raises:
            CatalogueError: A file is wrong.
        """
        read = [reader.read_file(path) for path in sorted(self._folder.glob("*.yaml"))]
        return {facts.id: facts for facts in read}

    def write(self, facts: ModelFacts) -> None:
        """Writes an entry; after a crash there is the old one or the new one, and never a part.

        Raises:
            ResourceExhaustedError: STORAGE_FULL: it cannot be written.
        """
        target = self._path(facts.id)
        temporary = target.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8") as file:
                yaml.safe_dump(writer.plain(facts), file, sort_keys=False, allow_unicode=True)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise _unwritable(target, error) from error

    def delete(self, expert_id: str) -> bool:
        """Deletes an entry; returns whether there was one."""
        path = self._path(expert_id)
        there = path.exists()
        path.unlink(missing_ok=True)
        return there

    def _path(self, expert_id: str) -> Path:
        return self._folder / f"{expert_id.replace('/', '--')}.yaml"


def _unwritable(path: Path, error: OSError) -> OrchestrionError:
    return Reason.STORAGE_FULL.error(f"The entry {path} cannot be written: {error.strerror}.", path=str(path))
