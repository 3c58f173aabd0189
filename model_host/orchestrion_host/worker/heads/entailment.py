"""Freely chosen labels by entailment: does `This text is about sports.` follow from the text?

The method of Yin, Hay and Roth (2019): a model of natural language inference judges one hypothesis a label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker.classification import class_scores
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.runtimes import Outputs

_TEMPLATE: Final = "This example is {}."
"""What most of these models are published with."""


class Entailment:
    """Which class of a model says that a hypothesis follows, and how labels become hypotheses."""

    def __init__(self, spec: ipc.Load, names: Mapping[int, str]) -> None:
        """Finds the class.

        Options: `hypothesis_template`, a sentence with `{}` for the label; `entailment_class`, the number of the class
        where its name does not tell.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: there is no such class, or the template has no `{}`.
        """
        self._template = str(spec.options.get("hypothesis_template", _TEMPLATE))
        if self._template.count("{}") != 1:
            raise spec.refused(f"options.hypothesis_template: expected one {{}}; found {self._template!r}.")
        named = [place for place, name in names.items() if name.lower().startswith("entail")]
        label = spec.options.get("entailment_class", named[0] if named else None)
        if label not in names:
            text = (
                f"{spec.expert_id} has no class that is called entailment, as zero-shot-classification needs, but "
                f"{', '.join(names.values())}. Say its number with options.entailment_class."
            )
            raise Reason.EXPERT_LOAD_FAILED.error(text, expert=spec.expert_id)
        self._class = int(label)

    def hypotheses(self, labels: Sequence[str]) -> list[str]:
        """Puts each label into a sentence."""
        return [self._template.replace("{}", label) for label in labels]

    def outputs(self, labels: Sequence[str], logits: Sequence[Array]) -> Outputs:
        """Turns what the model says of each hypothesis into shares of 1.

        Args:
            labels: The labels.
            logits: For each label an array of shape (classes,).
        """
        return class_scores.from_logits([row[self._class] for row in logits], dict(enumerate(labels)))
