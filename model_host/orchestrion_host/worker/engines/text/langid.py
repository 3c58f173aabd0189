"""The engine `langid`: the language of a text, by the byte sequences in it (py3langid, after Lui and Baldwin, 2012)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from py3langid import langid

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_scores
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one
from orchestrion_host.worker.text import inputs, languages

NO_LANGUAGE: Final = "zxx"
"""The code of what is no language, such as numbers."""

_LEAST_SCORE: Final = 0.001
"""Languages below it are not listed: there are always more than a hundred of them."""

_READ_CHARACTERS: Final = 20_000
"""How much of a text is read: more of it changes nothing."""


class LanguageIdentifier:
    """The model, 140 languages."""

    def __init__(self) -> None:
        """Loads it."""
        self._model = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)

    def warm_up(self) -> None:
        """Identifies two words."""
        self._model.rank("Good morning.")

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Identifies the language of each text."""
        return one_by_one(batch, self._classify)

    def parameter_bytes(self) -> int:
        """Returns 0: the growth of the process tells."""
        return 0

    def unload(self) -> None:
        """Lets go of the model."""
        del self._model

    def _classify(self, call: Call) -> Outputs:
        text = inputs.text(call, "text")[:_READ_CHARACTERS]
        if any(letter.isalpha() for letter in text):
            shares = weighed(dict(self._model.rank(text)))
        else:
            shares = {NO_LANGUAGE: 1.0}
        best = max(shares, key=lambda code: shares[code])
        outputs = class_scores.describe(
            [{"label": languages.name(code), "score": share} for code, share in shares.items() if share >= _LEAST_SCORE]
        )
        return {**outputs, "tag": languages.bcp_47(best)}


def load(spec: ipc.Load) -> LanguageIdentifier:
    """Loads the model."""
    del spec
    return LanguageIdentifier()


def weighed(probabilities: Mapping[str, float]) -> dict[str, float]:
    """Weighs what a model finds by how much is written in each language, and scales the sum to 1.

    To the model all languages are alike before it reads; but of a few letters that might be Russian or Serbian, or
    Chinese or Cantonese, they more often are the former. What it is sure of, in a text of some length, stays sure.
    """
    products = {code: share * languages.weight(code) for code, share in probabilities.items() if code != NO_LANGUAGE}
    total = sum(products.values())
    return {code: product / total for code, product in products.items()}
