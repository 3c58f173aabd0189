"""Counts the prompt tokens that the language model is sent for a chain of three tasks, beside HuggingGPT's 5,600.

    .venv/bin/python benchmarks/prompts.py

Two calls, the plan and the answer, with the task types of the starter profile and with all of the project's, as the
experts of the catalogue narrow them. Tokens are counted as GPT-4 does (cl100k_base). Exits with 1 when a count is above
the reference's. `make eval-llm` measures the prompts of 35 recorded requests.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.llm import libraries
from benchmarks.llm.libraries import Library
from benchmarks.llm.measuring import prompt_tokens, schema_tokens
from benchmarks.peers import HUGGING_GPT_CHAIN_PROMPT_TOKENS
from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, OutputRef
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig
from orchestrion_controller.planner.llm import LLMPlanner
from orchestrion_controller.planner.llm.notation import PlanNames, written
from orchestrion_controller.responder.llm import LLMResponder
from orchestrion_controller.stages import PlanningRequest, RespondingRequest
from tests.llm_server import Call, LLMServer

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


async def calls(library: Library) -> Sequence[Call]:
    """Plans and answers, and returns the two calls."""
    async with LLMServer([written(PLAN, PlanNames((SIGN,))), "Done: [[file 2]]."]) as server:
        model = LanguageModel(LanguageModelConfig(server.base_url, model="scripted"))
        planning = PlanningRequest(
            (MESSAGE,),
            (SIGN,),
            library.task_types,
            offered=library.offered,
            replaced=False,
            defined=libraries.defined(),
            limits=library.limits,
            answered_by_model=True,
        )
        async for _ in LLMPlanner(model).plan(planning):
            pass
        files = {SIGN.name: SIGN, SPEECH.name: SPEECH}
        responding = RespondingRequest(
            (MESSAGE,), PLAN, RESULTS, library.task_types, files, attachments=(SIGN,), offered=library.offered
        )
        async for _ in LLMResponder(model).respond(responding):
            pass
        await model.aclose()
        return list(server.calls)


def main() -> int:
    """Counts, prints, and returns the exit status."""
    most = 0
    print(f"{'task types':>12} {'call':>8} {'bytes':>8} {'tokens':>8} {'schema':>8}")
    for name in (libraries.STARTER, libraries.ALL):
        library, total = libraries.library(name), 0
        for what, call in zip(("plan", "answer"), asyncio.run(calls(library)), strict=True):
            size = sum(len(message["content"].encode()) for message in call.body["messages"])
            count = prompt_tokens(call)
            total += count
            print(f"{len(library.task_types):>12} {what:>8} {size:>8} {count:>8} {schema_tokens(call):>8}")
        print(f"{name:>12} {'both':>8} {'':>8} {total:>8}   HuggingGPT: {HUGGING_GPT_CHAIN_PROMPT_TOKENS}")
        most = max(most, total)
    return 1 if most > HUGGING_GPT_CHAIN_PROMPT_TOKENS else 0


if __name__ == "__main__":
    sys.exit(main())
