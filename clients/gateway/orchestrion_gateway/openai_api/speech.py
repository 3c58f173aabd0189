"""`/v1/audio/speech`: a text, spoken."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from orchestrion import Artifact, ArtifactRef, Reason, Task
from orchestrion.values import Value
from orchestrion_gateway.bodies import unless_left
from orchestrion_gateway.openai_api import audio_files, parameters
from orchestrion_gateway.openai_api.offer import SPEECH, choose
from orchestrion_gateway.openai_api.parameters import Parameters, unsupported
from orchestrion_gateway.openai_api.shared_state import OpenAiState, State
from orchestrion_gateway.openai_api.watched_runs import performed
from orchestrion_gateway.streaming import LiveResponse

router: Final = APIRouter()

_DEFAULT_VOICE: Final = "default"
_MOST_CHARACTERS: Final = 100_000


class SpeechParameters(Parameters):
    """What is used of a call of `/v1/audio/speech`."""

    UNCHANGING: ClassVar[Mapping[str, tuple[object, ...]]] = {"stream_format": ("audio",), "instructions": ("",)}

    model: str
    input: Annotated[str, Field(min_length=1, max_length=_MOST_CHARACTERS)]
    voice: Any = _DEFAULT_VOICE
    response_format: str = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4)] | None = None


@router.post("/audio/speech")
async def speak(request: Request, state: State) -> Response:
    """Speaks a text."""
    wanted = await parameters.read(request, SpeechParameters, state.config)
    audio_files.check_format(wanted.response_format)
    artifact = await unless_left(request, _spoken(wanted, state))
    if wanted.response_format == "wav":
        headers = {"Content-Length": str(artifact.size_bytes)}
        return LiveResponse(state.client.artifacts.stream(artifact), 200, headers, "audio/wav")
    content = await unless_left(request, state.client.artifacts.read(artifact))
    encoded = await asyncio.to_thread(audio_files.encoded, content, wanted.response_format)
    return Response(encoded, media_type=audio_files.FORMATS[wanted.response_format].media_type)


async def _spoken(wanted: SpeechParameters, state: OpenAiState) -> Artifact:
    performer = await choose(state.client, wanted.model, SPEECH, "/v1/audio/speech")
    inputs: dict[str, Value] = {"text": wanted.input}
    if not isinstance(wanted.voice, str):
        raise unsupported("voice", "voice: it must be a name; there are no custom voices here.")
    if wanted.voice != _DEFAULT_VOICE:
        inputs["voice"] = wanted.voice
    if wanted.speed is not None:
        inputs["speed"] = wanted.speed
    (outputs,) = await performed(
        state.client, [Task("speak", performer.task_type, inputs)], performer, {"text": "input"}
    )
    audio = outputs.get("audio")
    if not isinstance(audio, ArtifactRef):
        raise Reason.EXPERT_FAILED.error("The expert returned no sound.")
    return await state.client.artifacts.get(audio.name)
