"""An expert that fails or takes its worker with it when it is asked to; hosts take it in by this file."""

from __future__ import annotations

import os

from orchestrion_host.plugins import Call, Expert, Outputs


class Faulty(Expert):
    """Fails at `fail`, ends its worker at `crash`, and repeats anything else."""

    id = "faulty"
    task_types = ("conversational",)

    def predict(self, call: Call) -> Outputs:
        text = call.text("text")
        if text == "fail":
            raise ZeroDivisionError("nothing to say")
        if text == "crash":
            os.abort()
        return {"text": text}
