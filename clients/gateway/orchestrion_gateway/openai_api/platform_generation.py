"""The model `orchestrion`: a request planned, carried out and answered, as something that a model says."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

from orchestrion import AsyncClient, Message, NotFoundError, Role, RunState
from orchestrion.events import AnswerFinished, AnswerText, RunFinished, RunStarted, Stage, StageFinished, StageStarted
from orchestrion_gateway.openai_api import artifact_links, progress
from orchestrion_gateway.openai_api.conversations import Continuation, Conversations
from orchestrion_gateway.openai_api.generation import AnswerPiece, Began, Ending, Generation, GenerationUsage, Thought
from orchestrion_gateway.watching import watched


async def answered(
    client: AsyncClient, conversations: Conversations, messages: Sequence[Message], base: str
) -> Generation:
    """Answers the last message of a conversation, and goes on from the run that answered before where there is one.

    Args:
        client: The client of the controller.
        conversations: Which runs answered which conversations.
        messages: The conversation.
        base: The address of the gateway, for links.

    Raises:
        OrchestrionError: The run failed.
    """
    continuation = conversations.continued(messages)
    if continuation.previous_run and not await _exists(client, continuation.previous_run):
        continuation = Continuation(tuple(messages))
    written: list[str] = []
    run = ""
    async with aclosing(carried_out(client, continuation, base)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Began):
                run = piece.run
            elif isinstance(piece, AnswerPiece):
                written.append(piece.text)
            yield piece
    text, names = artifact_links.split("".join(written))
    conversations.remember(messages, Message(text, Role.ASSISTANT, names), run)


async def carried_out(client: AsyncClient, continuation: Continuation, base: str) -> Generation:
    """Carries a request out; the answer ends with links to the files that it names.

    Raises:
        OrchestrionError: The run failed.
    """
    counts = GenerationUsage(0, 0)
    streamed, again = "", False
    events = watched(client, client.run(continuation.messages, previous_run=continuation.previous_run))
    async with aclosing(events):
        async for event in events:
            match event.payload:
                case RunStarted():
                    yield Began(event.run)
                case StageStarted() if event.stage is Stage.RESPOND:
                    # Begun again after a restart: what was sent cannot be taken back, so the rest waits for the end.
                    again = bool(streamed)
                case AnswerText() if again:
                    pass
                case AnswerText(text):
                    streamed += text
                    yield AnswerPiece(text)
                case AnswerFinished(text, names):
                    rest = text.removeprefix(streamed) if text.startswith(streamed) else f"\n\n{text}" if again else ""
                    artifacts = [await client.artifacts.get(name) for name in names]
                    if ending := rest + artifact_links.written(artifacts, base):
                        yield AnswerPiece(ending)
                case StageFinished() as stage:
                    counts = GenerationUsage(
                        counts.prompt + stage.prompt_token_count,
                        counts.completion + stage.completion_token_count,
                        counts.cached + stage.cached_token_count,
                    )
                case RunFinished(state) if state is RunState.SUCCEEDED:
                    # A model that does not count its tokens says 0, as does a run without one.
                    yield Ending(usage=counts if counts.prompt or counts.completion else None)
                case _:
                    if line := progress.line_of(event):
                        yield Thought(line)


async def _exists(client: AsyncClient, run: str) -> bool:
    """Whether a run is still there: runs can be deleted."""
    try:
        await client.runs.get(run)
    except NotFoundError:
        return False
    return True
