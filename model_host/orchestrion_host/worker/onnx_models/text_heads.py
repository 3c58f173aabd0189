"""Models of texts with a head, on onnxruntime. A worker needs no PyTorch for them, which takes seconds to import."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import numpy as np
from transformers import PreTrainedTokenizerFast
from transformers.utils import logging

from orchestrion_host import ipc
from orchestrion_host.families.family import Family
from orchestrion_host.worker import weights
from orchestrion_host.worker.heads import loading
from orchestrion_host.worker.library_types import Array, Config, Session, Tokenizer
from orchestrion_host.worker.onnx_models import sessions
from orchestrion_host.worker.runtimes import LoadedExpert
from orchestrion_host.worker.text import control_tokens

# It tells that the tokenizer was saved from another class, which makes no difference to what it does.
logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # The library is not typed here.

_INPUT_NAMES: Final = ("input_ids", "attention_mask", "token_type_ids")


class OnnxTextModel:
    """A session, the tokenizer that lies beside it, and the fields of `config.json`."""

    def __init__(self, spec: ipc.Load, family: Family) -> None:
        """Loads it; the graph has the head, whatever the family."""
        del family
        folder = Path(spec.folder)
        weights.check(folder, spec.sha256)
        self.spec = spec
        self.config: Config = _configuration(folder)
        self._session: Session = sessions.start(folder, spec.options)
        self._places = {item.name: place for place, item in enumerate(self._session.get_outputs())}
        self._types = sessions.input_types(self._session)
        if others := set(self._types).difference(_INPUT_NAMES):
            raise spec.refused(f"its graph takes {', '.join(sorted(others))}, which does not follow from a text.")
        self.tokenizer: Tokenizer = control_tokens.as_text(PreTrainedTokenizerFast.from_pretrained(folder))
        # What the tokenizer was made for may be more or less than what the graph takes.
        self.tokenizer.model_input_names = [name for name in _INPUT_NAMES if name in self._types]

    def run(self, fields: Mapping[str, Array], names: Sequence[str], at: Sequence[int] | None) -> list[Array]:
        """Computes one forward pass; see `heads.model.TextModel`."""
        nothing = np.zeros_like(fields["input_ids"])
        inputs = {name: fields.get(name, nothing).astype(kind, copy=False) for name, kind in self._types.items()}
        outputs = self._session.run(None, inputs)
        # Graphs made by other programs may call their outputs otherwise; the order is the same.
        wanted = [outputs[self._places.get(name, place)].astype(np.float32) for place, name in enumerate(names)]
        return wanted if at is None else [array[np.arange(len(at)), list(at)] for array in wanted]

    def parameter_bytes(self) -> int:
        """Returns 0: onnxruntime does not tell; the growth of the process does."""
        return 0

    def unload(self) -> None:
        """Lets go of the session."""
        self.__dict__.clear()


def load(spec: ipc.Load) -> LoadedExpert:
    """Loads a model with the head of its family."""
    return loading.load(spec, OnnxTextModel)


def _configuration(folder: Path) -> SimpleNamespace:
    path = folder / "config.json"
    fields = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    names = {int(place): str(name) for place, name in (fields.get("id2label") or {}).items()}
    defaults = {"problem_type": None, "model_type": "", "num_labels": len(names), "pad_token_id": None}
    return SimpleNamespace(**{**defaults, **fields, "id2label": names})
