"""An expert that writes down each of its executions, for tests that count them."""

from __future__ import annotations

import os
import time

from orchestrion_host.plugins import Call, Expert, Outputs

NOTES = "ORCHESTRION_TEST_NOTES"
"""The variable with the file that is written to: a line for each execution, with its key, a tab, and when it began."""


class NotingDelay(Expert):
    """Writes a line, waits as long as it is asked to, and returns its text."""

    id = "noting-delay"
    task_types = ("test-delay",)
    instances = 16

    def predict(self, call: Call) -> Outputs:
        line = f"{call.text('other')}\t{time.time()}\n"
        notes = os.open(os.environ[NOTES], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(notes, line.encode())  # One write of a line is whole, whoever else writes.
        finally:
            os.close(notes)
        call.wait(call.number("delay_ms") / 1000)
        return {"text": call.text("text")}
