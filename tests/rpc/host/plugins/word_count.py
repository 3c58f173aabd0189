"""Experts written in Python, as third parties write them; the tests of plug-ins have hosts take them in."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from orchestrion_host.plugins import Call, Expert, Json, Outputs


class WordCount(Expert):
    """Counts the words of a text.

    This paragraph is not part of the description.
    """

    task_types = ("word-count",)
    languages = ("en", "de")
    license = "MIT"
    max_batch_size = 4
    options = {"separator": None}  # noqa: RUF012 - As an author writes it.

    def load(self) -> None:
        self._separator = self.spec.options["separator"]
        self._process = os.getpid()
        self._table = b"x" * 16_000_000  # So large that it cannot lie in memory that the process has already.

    def predict(self, call: Call) -> Outputs:
        text = call.text("text")
        call.progress("counting", 0.5)
        if text == "wait":
            while True:
                call.wait(0.05)
        if text == "sleep":
            time.sleep(0.3)
        if text == "crash":
            os.abort()
        if text == "fail":
            raise ZeroDivisionError("nothing to count")
        if text == "bad":
            raise call.bad_input("text", "is bad.")
        if text == "wrong kind":
            return {"words": "three"}
        words = text.split(self._separator)
        for word in words:
            call.stream("echo", f"{word} ")
        outputs: Outputs = {
            "words": len(words),
            "echo": " ".join(words),
            "each": Json([{"word": word} for word in words]),
        }
        if call.flag("shout"):
            shouted = call.new_file([word.upper().encode() for word in words], "text/plain", "shouted.txt")
            return {**outputs, "shouted": shouted}
        return {**outputs, "files": [call.file("page")] if "page" in call.inputs else None}


class Batched(Expert):
    """Tells how many calls it was given at once."""

    id = "batched"
    task_types = ("word-count",)
    max_batch_size = 4

    def predict_batch(self, calls: Sequence[Call]) -> Sequence[Outputs | Exception]:
        return [ValueError("this one") if call.text("text") == "odd" else {"words": len(calls)} for call in calls]


class Clash(Expert):
    """Has the id of an expert of the project."""

    id = "vader"
    task_types = ("text-classification",)


class Undefined(Expert):
    """Has a task type that nobody defines."""

    task_types = ("never-defined",)


class Misspelt(Expert):
    """Has a fact of the wrong kind."""

    task_types = ("word-count",)
    max_batch_size = "four"  # type: ignore[assignment]
