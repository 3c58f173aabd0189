"""The calls of one task: embeddings, speech, transcriptions, translations, pictures and moderations."""

from __future__ import annotations

import base64
import io
import warnings
from typing import Any

import httpx2
import openai
import pytest
import soundfile

from orchestrion import ArtifactRef, AsyncClient, Json
from orchestrion.errors import Reason
from tests.rpc.gateway.openai.conftest import StartTalkingHost
from tests.rpc.gateway.openai.talking_host import TalkingHost, fails, returns, says
from tests.rpc.gateway.openai.test_platform_chats import PNG, sound

WORDS = Json(
    [
        {"text": "Mind", "start_s": 0.5, "end_s": 0.75},
        {"text": "the gap.", "start_s": 0.75, "end_s": 1.25},
        {"text": "Thanks", "start_s": 3661.0, "end_s": 3661.5},
    ]
)
TOXIC = Json(
    [
        {"label": "insult", "score": 0.9},
        {"label": "toxic", "score": 0.8},
        {"label": "identity_hate", "score": 0.1},
        {"label": "not toxic", "score": 0.1},
    ]
)
RECORDING = ("speech.wav", sound())


@pytest.fixture
async def host(start_talkers: StartTalkingHost, client: AsyncClient) -> TalkingHost:
    speech = ArtifactRef((await client.artifacts.upload(sound(), file_name="speech.wav")).name)
    picture = ArtifactRef((await client.artifacts.upload(PNG, file_name="picture.png")).name)
    heard = returns(text="Mind the gap. Thanks", words=WORDS, language="en")
    return await start_talkers(
        {
            "embedder": ("feature-extraction", returns(embedding=Json([0.5, -0.25, 1e-3]))),
            "speaker": ("text-to-speech", returns(audio=speech)),
            "whisper": ("automatic-speech-recognition", heard),
            "pocketsphinx": ("automatic-speech-recognition", returns(text="Mind the gap")),
            "painter": ("text-to-image", returns(image=picture, seed=1.0)),
            "style-transfer": ("image-to-image", returns(image=picture)),
            "opencv": ("image-to-image", returns(image=picture)),
            "judge": ("text-classification", returns(label="insult", score=0.9, scores=TOXIC)),
        }
    )


async def test_texts_become_vectors_in_their_order(
    ai: openai.AsyncOpenAI, lenient_ai: openai.AsyncOpenAI, host: TalkingHost
) -> None:
    for model in ("embedder", "orchestrion"):
        answer = await ai.embeddings.create(model=model, input=["a", "b c"], encoding_format="float")
        vector = [0.5, -0.25, 1e-3]
        assert [(item.index, item.embedding) for item in answer.data] == [(0, vector), (1, vector)]
    # Where nothing is said, the package asks for base64 and reads it; what it is sent is none of its own types.
    (item,) = (await lenient_ai.embeddings.create(model="embedder", input="a", dimensions=3)).data
    assert item.embedding == pytest.approx([0.5, -0.25, 1e-3])
    raw: Any = await lenient_ai.embeddings.create(model="embedder", input="a", encoding_format="base64")
    assert len(base64.b64decode(raw.data[0].embedding)) == 12
    assert sorted(str(inputs["text"]) for inputs in host.inputs_of("embedder")) == ["a"] * 4 + ["b c"] * 2
    cases: list[tuple[dict[str, Any], str]] = [
        ({"input": [1, 2]}, "input"),
        ({"input": ""}, "input"),
        ({"dimensions": 2}, "dimensions"),
    ]
    for wrong, param in cases:
        with pytest.raises(openai.BadRequestError) as caught:
            await ai.embeddings.create(**{"model": "embedder", "input": "a", **wrong})
        assert caught.value.param == param


async def test_speech_comes_in_the_format_that_is_asked_for(ai: openai.AsyncOpenAI, host: TalkingHost) -> None:
    types: dict[Any, str] = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac"}
    for form, media_type in types.items():
        speech = await ai.audio.speech.create(
            model="speaker",
            voice="female",
            input="Mind the gap",
            speed=1.5,
            response_format=form,
        )
        assert speech.response.headers["content-type"] == media_type
        described = soundfile.info(io.BytesIO(speech.content))
        assert (described.format, described.samplerate) == (form.upper(), 22_050)
        assert described.duration == pytest.approx(1, abs=0.1)
    assert host.inputs_of("speaker")[0] == {"text": "Mind the gap", "voice": "female", "speed": 1.5}
    # The API's default is MP3; a voice must be named, and `default` is the expert's own.
    usual = await ai.audio.speech.create(model="orchestrion", voice="default", input="Mind the gap")
    assert usual.response.headers["content-type"] == "audio/mpeg"
    assert host.inputs_of("speaker")[-1] == {"text": "Mind the gap"}
    # Opus has no such sample rate, and nothing here makes AAC.
    unmade: list[Any] = ["opus", "aac", "pcm"]
    for form in unmade:
        with pytest.raises(openai.BadRequestError, match=form) as caught:
            await ai.audio.speech.create(model="speaker", voice="default", input="Hello", response_format=form)
        assert caught.value.param == "response_format"
    with pytest.raises(openai.BadRequestError) as caught:
        await ai.audio.speech.create(model="speaker", voice="default", input="Hello", instructions="Whisper.")
    assert caught.value.param == "instructions"


async def test_a_streamed_download_of_speech_is_the_same(ai: openai.AsyncOpenAI, host: TalkingHost) -> None:
    async with ai.audio.speech.with_streaming_response.create(
        model="speaker", voice="default", input="Hello", response_format="wav"
    ) as response:
        assert b"".join([piece async for piece in response.iter_bytes()]) == sound()


async def test_what_is_said_is_written_down_in_every_form(lenient_ai: openai.AsyncOpenAI, host: TalkingHost) -> None:
    ai: Any = lenient_ai.audio.transcriptions
    assert (await ai.create(model="whisper", file=RECORDING, language="en")).text == "Mind the gap. Thanks"
    assert host.inputs_of("whisper")[0]["spoken_language"] == "en"
    assert await ai.create(model="whisper", file=RECORDING, response_format="text") == "Mind the gap. Thanks\n"
    assert await ai.create(model="whisper", file=RECORDING, response_format="srt") == (
        "1\n00:00:00,500 --> 00:00:01,250\nMind the gap.\n\n2\n01:01:01,000 --> 01:01:01,500\nThanks\n\n"
    )
    assert await ai.create(model="whisper", file=RECORDING, response_format="vtt") == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.250\nMind the gap.\n\n01:01:01.000 --> 01:01:01.500\nThanks\n\n"
    )
    verbose = await ai.create(
        model="whisper",
        file=RECORDING,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert (verbose.duration, verbose.language) == (1, "en")
    assert [segment.text for segment in verbose.segments or ()] == ["Mind the gap.", "Thanks"]
    assert [(word.word, word.start) for word in verbose.words or ()][1] == ("the gap.", 0.75)
    unreadable = await ai.create(
        model="whisper", file=("speech.m4a", b"what", "audio/mp4"), response_format="verbose_json"
    )
    assert (unreadable.duration, unreadable.text) == (None, "Mind the gap. Thanks")
    # An expert without times says so; a text without a word needs none.
    with pytest.raises(openai.BadRequestError) as caught:
        await ai.create(model="pocketsphinx", file=RECORDING, response_format="srt")
    assert caught.value.param == "response_format"
    for wrong in ({"prompt": "Names: Tom"}, {"temperature": 0.5}, {"stream": True}, {"response_format": "docx"}):
        with pytest.raises(openai.BadRequestError) as caught:
            await ai.create(**{"model": "whisper", "file": RECORDING, **wrong})
        assert caught.value.param == next(iter(wrong))


async def test_a_recording_is_translated_by_who_translates(ai: openai.AsyncOpenAI, host: TalkingHost) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # OpenAI has deprecated its model, not the call.
        answer = await ai.audio.translations.create(model="orchestrion", file=RECORDING)
        assert answer.text == "Mind the gap. Thanks"
        assert host.inputs_of("whisper")[0]["translate_to"] == "en"
        with pytest.raises(openai.BadRequestError, match="translate_to") as caught:
            await ai.audio.translations.create(model="pocketsphinx", file=RECORDING)
    assert caught.value.param == "model"
    assert host.inputs_of("pocketsphinx") == []


async def test_pictures_are_painted_and_changed(
    ai: openai.AsyncOpenAI, host: TalkingHost, http: httpx2.AsyncClient
) -> None:
    painted = await ai.images.generate(model="painter", prompt="a cat", n=2, size="512x256")
    assert len(painted.data or ()) == 2
    for picture in painted.data or ():
        assert (await http.get(str(picture.url))).content == PNG
    assert host.inputs_of("painter") == [{"prompt": "a cat", "width": 512, "height": 256}] * 2
    inline = await ai.images.generate(model="orchestrion", prompt="a cat", response_format="b64_json")
    assert [picture.b64_json for picture in inline.data or ()] == [base64.b64encode(PNG).decode()]

    changed = await ai.images.edit(model="style-transfer", image=("cat.png", PNG), prompt="mosaic")
    assert len(changed.data or ()) == 1
    (inputs,) = host.inputs_of("style-transfer")
    assert (inputs["operation"], inputs["prompt"]) == ("redraw", "mosaic")
    with pytest.raises(openai.NotFoundError, match="style-transfer"):
        await ai.images.edit(model="opencv", image=("cat.png", PNG), prompt="mosaic")
    with pytest.raises(openai.BadRequestError) as caught:
        await ai.images.edit(model="style-transfer", image=("cat.png", PNG), mask=("m.png", PNG), prompt="mosaic")
    assert caught.value.param == "mask"
    cases: list[dict[str, Any]] = [{"size": "big"}, {"quality": "hd"}, {"output_format": "webp"}, {"n": 11}]
    for wrong in cases:
        with pytest.raises(openai.BadRequestError) as caught:
            await ai.images.generate(**{"model": "painter", "prompt": "a cat", **wrong})
        assert caught.value.param == next(iter(wrong))


async def test_texts_are_judged_in_the_categories_that_the_expert_has(
    lenient_ai: openai.AsyncOpenAI, host: TalkingHost
) -> None:
    answer = await lenient_ai.moderations.create(model="judge", input=["You fool!", "Hello"])
    first, _ = answer.results
    assert first.flagged
    categories = first.categories.model_dump(by_alias=True)
    assert [categories[name] for name in ("harassment", "hate", "toxic", "sexual")] == [True, False, True, None]
    assert first.category_scores.harassment == 0.9
    assert [inputs["domain"] for inputs in host.inputs_of("judge")] == ["toxicity"] * 2
    picture: Any = [{"type": "image_url", "image_url": {"url": "data:,"}}]
    with pytest.raises(openai.BadRequestError) as caught:
        await lenient_ai.moderations.create(input=picture)
    assert caught.value.param == "input"


async def test_what_nobody_here_does_is_an_error_with_the_cure(
    ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost
) -> None:
    await start_talkers({"talker": ("conversational", says("Yes"))})
    with pytest.raises(openai.BadRequestError) as caught:
        await ai.images.generate(model="orchestrion", prompt="a cat")
    assert caught.value.code in {"no_expert", "unknown_task_type"}


async def test_a_full_queue_says_when_to_come_again(ai: openai.AsyncOpenAI, start_talkers: StartTalkingHost) -> None:
    full = Reason.QUEUE_FULL.error("The queue is full.", retry_after_ms=10)
    await start_talkers({"speaker": ("text-to-speech", fails(full))})
    with pytest.raises(openai.RateLimitError) as caught:
        await ai.audio.speech.create(model="speaker", voice="default", input="Hello")
    assert (caught.value.code, caught.value.type) == ("rate_limit_exceeded", "rate_limit_error")
