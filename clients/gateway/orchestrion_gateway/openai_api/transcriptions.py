"""`/v1/audio/transcriptions` and `/v1/audio/translations`: what is said in a recording, as text or subtitles."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from orchestrion import ArtifactRef, Json, Task
from orchestrion.values import Value
from orchestrion_gateway.bodies import unless_left
from orchestrion_gateway.openai_api import audio_files, parameters, subtitles
from orchestrion_gateway.openai_api.forms import CallForm, sent_form, stored
from orchestrion_gateway.openai_api.offer import TRANSCRIPTIONS, choose
from orchestrion_gateway.openai_api.parameters import Parameters, unsupported
from orchestrion_gateway.openai_api.shared_state import OpenAiState, State
from orchestrion_gateway.openai_api.subtitles import Cue
from orchestrion_gateway.openai_api.watched_runs import performed

router: Final = APIRouter()

_UNSPACED: Final = frozenset({"zh", "ja", "th", "lo", "km", "my", "yue", "cmn"})
"""Languages that are written without spaces between words."""
_UNDETERMINED: Final = "und"
"""The tag of BCP 47 for a language that nobody tells."""


class TranslationParameters(Parameters):
    """What is used of a call of `/v1/audio/translations`."""

    UNCHANGING: ClassVar[Mapping[str, tuple[object, ...]]] = {"prompt": ("",)}

    model: str
    response_format: Literal["json", "text", "srt", "vtt", "verbose_json"] = "json"
    # 0 is the default of the API, and what experts do.
    temperature: Literal["0", "0.0", 0] = 0


class TranscriptionParameters(TranslationParameters):
    """What is used of a call of `/v1/audio/transcriptions`."""

    UNCHANGING: ClassVar[Mapping[str, tuple[object, ...]]] = {
        "prompt": ("",),
        "chunking_strategy": ("auto",),
        "stream": ("false", False),
    }

    language: str | None = None
    timestamp_granularities: list[Literal["word", "segment"]] | None = None


@dataclass(frozen=True, slots=True)
class HeardSpeech:
    """What was heard."""

    text: str
    """The words."""
    language: str
    """The language that they are in, as a BCP 47 tag."""
    words: tuple[Cue, ...]
    """The words, or phrases, with their times; none where the expert tells no times."""
    duration_s: float | None
    """How long the recording is, in seconds; None where its header cannot be read."""

    @property
    def cues(self) -> tuple[Cue, ...]:
        """Returns the words as subtitles."""
        return subtitles.cues_of(self.words, spaced=self.language.partition("-")[0] not in _UNSPACED)


@router.post("/audio/transcriptions")
async def transcribe(request: Request, state: State) -> Response:
    """Writes down what is said in a recording."""
    async with sent_form(request, state.config) as form:
        wanted = parameters.of_fields(form.fields, TranscriptionParameters)
        inputs: dict[str, Value] = {"spoken_language": wanted.language} if wanted.language else {}
        names = {"audio": "file", "spoken_language": "language"}
        heard = await unless_left(request, _heard(form, wanted, inputs, names, state))
    granularities = wanted.timestamp_granularities or ["segment"]
    return _written(heard, wanted.response_format, "transcribe", granularities)


@router.post("/audio/translations")
async def translate(request: Request, state: State) -> Response:
    """Writes down in English what is said in a recording."""
    async with sent_form(request, state.config) as form:
        wanted = parameters.of_fields(form.fields, TranslationParameters)
        names = {"audio": "file", "translate_to": "model"}
        heard = await unless_left(request, _heard(form, wanted, {"translate_to": "en"}, names, state))
    return _written(heard, wanted.response_format, "translate", ["segment"])


async def _heard(
    form: CallForm,
    wanted: TranslationParameters,
    inputs: Mapping[str, Value],
    names: Mapping[str, str],
    state: OpenAiState,
) -> HeardSpeech:
    form.check_files("file")
    file = form.one_file("file")
    performer = await choose(state.client, wanted.model, TRANSCRIPTIONS, "/v1/audio")
    recording = await stored(state.client, file)
    task = Task("hear", performer.task_type, {"audio": ArtifactRef(recording.name), **inputs})
    (outputs,) = await performed(state.client, [task], performer, names)
    text, words, tag = outputs.get("text", ""), outputs.get("words"), outputs.get("language")
    timed = subtitles.words_of(words.data) if isinstance(words, Json) else ()
    language = inputs.get("translate_to") or tag or inputs.get("spoken_language")
    if language is None and performer.named is not None and len(performer.named.expert.languages) == 1:
        (language,) = performer.named.expert.languages
    duration_s = await asyncio.to_thread(audio_files.duration_s, file.file)
    return HeardSpeech(str(text), str(language or _UNDETERMINED), timed, duration_s)


def _written(heard: HeardSpeech, form: str, task: str, granularities: list[Any]) -> Response:
    if form == "json":
        return JSONResponse({"text": heard.text})
    if form == "text":
        return PlainTextResponse(f"{heard.text}\n")
    if heard.text.strip() and not heard.words:
        message = f"response_format: {form} needs times, which this model does not tell; json and text do without."
        raise unsupported("response_format", message)
    if form == "srt":
        return PlainTextResponse(subtitles.srt(heard.cues))
    if form == "vtt":
        return PlainTextResponse(subtitles.vtt(heard.cues), media_type="text/vtt")
    content: dict[str, Any] = {
        "task": task,
        "language": heard.language,
        "duration": heard.duration_s,
        "text": heard.text,
    }
    if "segment" in granularities:
        content["segments"] = [
            {"id": place, "start": cue.start_s, "end": cue.end_s, "text": cue.text}
            for place, cue in enumerate(heard.cues)
        ]
    if "word" in granularities:
        content["words"] = [{"word": word.text, "start": word.start_s, "end": word.end_s} for word in heard.words]
    return JSONResponse(content)
