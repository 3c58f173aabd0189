"""The engine `spacy`: names of people, places, organisations and other things in English texts, on the processor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import spacy
from spacy.language import Language

from orchestrion.values import JsonObject
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one
from orchestrion_host.worker.text import inputs

# The classes of OntoNotes by those that most models of names have; dates, amounts and numbers name nothing.
_LABELS: Final = {
    "PERSON": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC", "NORP": "MISC", "PRODUCT": "MISC",
    "EVENT": "MISC", "WORK_OF_ART": "MISC", "LAW": "MISC", "LANGUAGE": "MISC",
}  # fmt: skip
_UNUSED: Final = ("tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer")
"""Parts of the pipeline that names do not depend on: they are not read."""
_MOST_CHARACTERS: Final = 2_000_000


class SpacyEntities:
    """The part of the pipeline that marks names."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it from its folder, without importing the package that carries it."""
        folder = Path(spec.folder)
        self._pipeline: Language = spacy.load(folder, exclude=_UNUSED)
        self._pipeline.max_length = _MOST_CHARACTERS

    def warm_up(self) -> None:
        """Marks a name."""
        self._pipeline("Ada went to Berlin.")

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Marks the names in each text."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns 0: the growth of the process tells."""
        return 0

    def unload(self) -> None:
        """Lets go of the pipeline."""
        del self._pipeline

    def _compute(self, call: Call) -> Outputs:
        entities: list[JsonObject] = [
            {"label": _LABELS[name.label_], "text": name.text, "start": name.start_char, "end": name.end_char}
            for name in self._pipeline(inputs.text(call, "text")).ents
            if name.label_ in _LABELS
        ]
        summary = ", ".join(f"{item['text']} ({item['label']})" for item in entities)
        return {"text": summary, "entities": {"json": entities}, "count": float(len(entities))}


load = SpacyEntities
