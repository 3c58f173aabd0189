"""Language models that say what a test wants, as experts written in Python: hosts take them in by this file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from orchestrion_host.plugins import Call, Expert, Json, Outputs


class Talker(Expert):
    """Does what a conversation's last message says.

    | message | it |
    |---|---|
    | `hold FILE` | says nothing until the file is there, then what is in it |
    | `begin FILE` | says `Well, ` at once, and goes on when the file is there |
    | `crash` | ends its worker |
    | `at once WORDS` | gives the words without streaming them |
    | `forget` | tells that it read only the end of the conversation |
    | `think` | thinks before it answers |
    | `count` | counts to six, and is cut off in the middle of `four` |
    | anything else | tells all of its inputs but that, as JSON |
    """

    id = "talker"
    task_types = ("conversational",)
    context_token_count = 4096

    def predict(self, call: Call) -> Outputs:
        order, _, rest = call.text("text").partition(" ")
        inputs = {name: value.data if isinstance(value, Json) else value for name, value in call.inputs.items()}
        if "unheard of" in json.dumps(inputs.get("schema")):
            raise call.bad_input("schema", "is beyond me.")
        if order == "crash":
            os.abort()
        said = ""
        if order == "begin":
            call.stream("text", said := "Well, ")
        if order in {"hold", "begin"}:
            while not Path(rest).exists():
                call.wait(0.01)
            rest = Path(rest).read_text()
        elif order == "think":
            rest = "<think>\nThe person wants peace.\n</think>\n\nPeace."
        elif order == "count":
            rest = "one two three fo"
        elif order == "Your":
            # How the rest of a reply is asked for is what the reply of a test shows.
            rest = "three four five six"
        elif order != "at":
            rest = json.dumps({name: value for name, value in inputs.items() if name != "text"})
        if order != "at":
            for start in range(0, len(rest), 8):
                call.stream("text", rest[start : start + 8])
        omitted = {"omitted_turn_count": 2} if order == "forget" else {}
        cut = {"finish_reason": "length"} if order == "count" else {}
        return {**ended(said + rest, 7), **omitted, **cut}


class Planner(Expert):
    """Plans nothing for any request."""

    id = "small-planner"
    task_types = ("conversational",)

    def predict(self, call: Call) -> Outputs:
        del call
        return ended(json.dumps({"tasks": [], "noTaskReason": "It is only talk."}), 11)


class Answerer(Expert):
    """Answers every request alike."""

    id = "large-answerer"
    task_types = ("conversational",)

    def predict(self, call: Call) -> Outputs:
        del call
        return ended("Good morning to you, too.", 13)


class Silent(Expert):
    """Thinks about every request for ever."""

    id = "silent"
    task_types = ("conversational",)

    def predict(self, call: Call) -> Outputs:
        while True:
            call.wait(1.0)


class Rater(Expert):
    """Is no language model."""

    id = "rater"
    task_types = ("text-classification",)

    def predict(self, call: Call) -> Outputs:
        return {"label": call.text("text"), "score": 1.0, "scores": Json([])}


def ended(text: str, prompt_tokens: int) -> Outputs:
    """The outputs of a whole reply."""
    counts = {"prompt_token_count": prompt_tokens, "completion_token_count": len(text.split())}
    return {"text": text, **counts, "finish_reason": "stop"}
