"""The reader of pages with the models that are installed, for experts that have pages read on the way."""

from __future__ import annotations

from pathlib import Path

from orchestrion.errors import Reason
from orchestrion_host.catalogue import presence, reader
from orchestrion_host.worker import weights
from orchestrion_host.worker.engines.image.page_reading.page_reader import PageReader


def page_reader() -> PageReader:
    """Opens it as the catalogue's entry `rapidocr` says.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: the package is not installed, or its files are others.
    """
    facts = reader.read_file(reader.BUILT_IN / "rapidocr.yaml")
    place = presence.find(facts)
    if place.problem:
        raise Reason.EXPERT_LOAD_FAILED.error(place.problem, expert=facts.id)
    folder = Path(place.folder)
    weights.check(folder, facts.source.sha256)
    return PageReader(folder)
