"""The task `zero-shot-classification`: labels compared with a text by what their words mean."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_scores
from orchestrion_host.worker.runtimes import Outputs
from orchestrion_host.worker.text import inputs
from orchestrion_host.worker.text.encoding import Vectors

TEMPLATE: Final = "This text is about {}."
"""What is compared with the text for each label; a sentence is nearer to texts than a bare word."""

SCALE: Final = 25.0
"""How much a difference of 1 between cosines counts in the exponent of the scores.

Found on short texts of many kinds, so that scores are about as high as they are often right.
"""

MAX_LABELS: Final = 1000


def classify(call: Call, template: str = TEMPLATE) -> Generator[Sequence[str], Vectors, Outputs]:
    """Compares a text with each label, put into a sentence, and turns the cosines into shares of 1.

    Args:
        call: The call.
        template: The sentence, `{}` for the label.

    Raises:
        InvalidArgumentError: The text is blank or too long, or there are no labels, too many, or blank or equal ones.
    """
    text, names = inputs.text(call, "text"), labels(call)
    rows = yield [text, *(template.format(label) for label in names)]
    return class_scores.from_logits(SCALE * (rows[1:] @ rows[0]), dict(enumerate(names)))


def labels(call: Call) -> list[str]:
    """Returns the labels of a call, in order.

    Raises:
        InvalidArgumentError: There are none, too many, or blank or equal ones.
    """
    option = call.inputs.get("labels")
    if not isinstance(option, list | tuple) or not option or not all(isinstance(label, str) for label in option):
        raise call.bad_input("labels", "must hold at least one label, and texts only.")
    names = [label.strip() for label in option]
    if not all(names):
        raise call.bad_input("labels", "holds a label without any letters.")
    if len(set(names)) < len(names):
        raise call.bad_input("labels", "holds a label twice.")
    if len(names) > MAX_LABELS:
        raise call.bad_input("labels", f"holds {len(names)} labels; at most {MAX_LABELS} are compared at once.")
    return names
