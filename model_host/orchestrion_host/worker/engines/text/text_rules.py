"""The engine `text-rules`: picks texts by plain rules."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one


class TextRules:
    """Holds nothing."""

    def warm_up(self) -> None:
        """Does nothing."""

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Picks for each call."""
        return one_by_one(batch, _select)

    def parameter_bytes(self) -> int:
        """Returns 0: there are no weights."""
        return 0

    def unload(self) -> None:
        """Does nothing."""


def load(spec: ipc.Load) -> TextRules:
    """Returns the expert; nothing is loaded."""
    del spec
    return TextRules()


def _select(call: Call) -> Outputs:
    texts = call.inputs.get("texts")
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise call.bad_input("texts", "must hold at least one text, and nothing else.")
    # `max` and `min` both keep the first of equals.
    choose = min if call.text("criterion") == "shortest" else max
    index = choose(range(len(texts)), key=lambda place: len(texts[place]))
    return {"text": texts[index], "index": float(index)}
