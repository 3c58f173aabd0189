"""An expert that writes a text word by word, as language models do."""

from __future__ import annotations

import re

from orchestrion_host.plugins import Call, Expert, Outputs


class StoryWriter(Expert):
    """Says a text again, word by word."""

    id = "story-writer"
    task_types = ("text-generation",)

    def predict(self, call: Call) -> Outputs:
        for word in re.findall(r"\S+\s*", call.text("text")):
            call.stream("text", word)
        return {"text": call.text("text")}
