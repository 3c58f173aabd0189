"""Has recorded conversations again, with the planner, responder and chooser of today and a scripted endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from benchmarks.llm import candidates
from benchmarks.llm.pairs import ANSWER, PLAN, Replay
from orchestrion.errors import OrchestrionError
from orchestrion.events import AnswerFinished, PlanFinished
from orchestrion.plans import Plan
from orchestrion.refusals import NotDone
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig
from orchestrion_controller.planner.llm import LLMPlanner
from orchestrion_controller.responder.llm import LLMResponder
from orchestrion_controller.selector.llm.chooser import LLMChooser
from orchestrion_controller.stages import PlanningRequest
from tests.llm_server import Beside, Call, LLMServer, Reply

MODEL: Final = "scripted"
_NO_TASKS: Final = '{"tasks":[],"no_task_reason":"-"}'


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a conversation."""

    calls: tuple[Call, ...]
    """What the model was asked."""
    plan: Plan | None = None
    not_done: tuple[NotDone, ...] = ()
    error: OrchestrionError | None = None
    answer: str = ""
    files: tuple[str, ...] = ()
    """The names of the files that the answer names."""
    chosen: Mapping[str, str] | None = None
    """The experts that the model named, by task."""


class ReplayingServer(LLMServer):
    """Says what is next in `replies`, and what a call beyond them is told shows that there was one too many."""

    def __init__(self, context_tokens: int = 0) -> None:
        """Prepares a server that tells a context of so many tokens, and counts none itself; 0 tells nothing."""
        beside: dict[str, Beside] = {"/v1/models": {"data": [{"id": MODEL, "max_model_len": context_tokens}]}}
        super().__init__(beside=beside if context_tokens else None)
        self.replies: list[str] = []

    def _next_reply(self, call: Call) -> Reply:
        return Reply(self.replies.pop(0)) if self.replies else Reply(status=400, error="nothing more was recorded")


class Replayer:
    """An endpoint, and a client of it, for any number of conversations one after another."""

    def __init__(self, server: ReplayingServer, model: LanguageModel) -> None:
        """Keeps both."""
        self._server = server
        self._model = model

    async def again(self, replay: Replay) -> Came:
        """Has a conversation again."""
        self._server.calls.clear()
        self._server.replies[:] = replay.replies
        if replay.stage == PLAN:
            return await self._planned(replay.planning())
        if replay.stage == ANSWER:
            return await self._answered(replay)
        return await self._chosen(replay)

    async def question(self, request: PlanningRequest) -> Call:
        """Returns how a request is put to the model that plans."""
        self._server.calls.clear()
        self._server.replies[:] = [_NO_TASKS]
        return (await self._planned(request)).calls[0]

    def _calls(self) -> tuple[Call, ...]:
        return tuple(self._server.calls)

    async def _planned(self, request: PlanningRequest) -> Came:
        finished: PlanFinished | None = None
        try:
            async with aclosing(LLMPlanner(self._model).plan(request)) as items:
                async for item in items:
                    finished = item if isinstance(item, PlanFinished) else finished
        except OrchestrionError as error:
            return Came(self._calls(), not_done=finished.not_done if finished else (), error=error)
        assert finished is not None
        return Came(self._calls(), finished.plan, finished.not_done)

    async def _answered(self, replay: Replay) -> Came:
        request = replay.responding()
        finished: AnswerFinished | None = None
        try:
            async with aclosing(LLMResponder(self._model).respond(request)) as items:
                async for item in items:
                    finished = item if isinstance(item, AnswerFinished) else finished
        except OrchestrionError as error:
            return Came(self._calls(), error=error)
        assert finished is not None
        files = tuple(request.artifacts[name].file_name for name in finished.artifacts)
        return Came(self._calls(), answer=finished.text, files=files)

    async def _chosen(self, replay: Replay) -> Came:
        questions, context = candidates.questions(replay)
        choices = await LLMChooser(self._model).choose(questions, context)
        on_list = {question.requirements.task.id: question.expert_ids for question in questions}
        named = {
            task: choice.expert_id for task, choice in choices.by_task.items() if choice.expert_id in on_list[task]
        }
        return Came(self._calls(), chosen=named)


@asynccontextmanager
async def replayer(context_tokens: int = 0) -> AsyncIterator[Replayer]:
    """Starts an endpoint; `context_tokens` as that of `ReplayingServer`."""
    async with ReplayingServer(context_tokens) as server:
        model = LanguageModel(LanguageModelConfig(server.base_url, model=MODEL, retry_count=0))
        try:
            yield Replayer(server, model)
        finally:
            await model.aclose()


def said(call: Call, *roles: str) -> Sequence[str]:
    """Returns what a model was told in a call: by messages of these roles, or of all."""
    return [message["content"] for message in call.body["messages"] if not roles or message["role"] in roles]
