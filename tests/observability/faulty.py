"""Experts that fail, end their worker or do not load, as they are asked to; hosts take them in by this file."""

from __future__ import annotations

import os

from orchestrion_host.plugins import Call, Expert, Outputs


class Faulty(Expert):
    """Fails at `fail`, ends its worker at `crash`, and repeats anything else."""

    id = "faulty"
    task_types = ("conversational",)
    isolation = "own"

    def predict(self, call: Call) -> Outputs:
        text = call.text("text")
        if text == "fail":
            raise ZeroDivisionError("nothing to say")
        if text == "crash":
            os.abort()
        return {"text": text}


class Looking(Expert):
    """Takes a picture, so that hosts fetch one."""

    id = "looking"
    task_types = ("image-to-text",)

    def predict(self, call: Call) -> Outputs:
        call.file("image")
        return {"text": "a picture"}


class Damaged(Expert):
    """Does not load."""

    id = "damaged"
    task_types = ("translation",)

    def load(self) -> None:
        raise OSError("its weights are damaged")
