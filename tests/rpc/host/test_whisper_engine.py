"""Whisper of the extra `whisper` on a real host: the words, their times, the language, and a translation."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import soundfile

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError
from orchestrion.values import Json, Value
from tests.rpc.host.hosts import RunningHost
from tests.rpc.host.vision import put

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.tasks,
    pytest.mark.skipif(importlib.util.find_spec("faster_whisper") is None, reason="the extra whisper is not installed"),
]

MEDIA: Final = Path(__file__).parents[2] / "media"
SPEECH: Final = (MEDIA / "speech.flac").read_bytes()
EXPERT: Final = "faster-whisper-base"


async def hear(host: RunningHost, content: bytes, expert: str = EXPERT, **inputs: Value) -> dict[str, Value]:
    values = {"audio": put(host, content, "speech.flac"), **inputs}
    return dict((await host.client.infer_with(expert, values, task_type="automatic-speech-recognition")).outputs)


def plain(text: Value) -> list[str]:
    assert isinstance(text, str)
    return text.lower().replace(".", "").replace(",", "").replace("10", "ten").split()


async def test_what_is_said_is_written_down_with_times_and_its_language(host: RunningHost) -> None:
    outputs = await hear(host, SPEECH)
    assert plain(outputs["text"]) == ["go", "forward", "ten", "meters"]
    assert outputs["language"] == "en"
    words = outputs["words"]
    assert isinstance(words, Json)
    assert [plain(word["text"])[0] for word in words.data] == plain(outputs["text"])
    times = [time for word in words.data for time in (word["start_s"], word["end_s"])]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= 2.8
    assert all(0 < word["score"] <= 1 for word in words.data)


async def test_another_language_is_written_down_in_it_or_in_english(host: RunningHost) -> None:
    spoken = await host.client.infer_with(
        "espeak-ng",
        {"text": "Guten Morgen. Heute ist das Wetter sehr schön, und wir gehen in den Park.", "language": "de"},
        task_type="text-to-speech",
    )
    inputs = {"audio": spoken.outputs["audio"], "spoken_language": "de-AT"}
    german = (await host.client.infer_with(EXPERT, inputs, task_type="automatic-speech-recognition")).outputs
    inputs["translate_to"] = "en-GB"
    english = (await host.client.infer_with(EXPERT, inputs, task_type="automatic-speech-recognition")).outputs
    assert german["language"] == english["language"] == "de"
    assert plain(german["text"])[:2] == ["guten", "morgen"]
    assert plain(english["text"])[:2] == ["good", "morning"]
    phrases = english["words"]
    assert isinstance(phrases, Json)
    assert " ".join(phrase["text"] for phrase in phrases.data) == english["text"]


async def test_where_nobody_speaks_nothing_is_written(host: RunningHost) -> None:
    for samples in (np.zeros(32_000), np.random.default_rng(1).normal(0, 0.02, 32_000)):
        file = io.BytesIO()
        soundfile.write(file, samples, 16_000, format="WAV")
        outputs = await hear(host, file.getvalue())
        assert outputs["text"] == ""
        assert "words" not in outputs


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("spoken_language", "tlh", "is none that this expert understands: 'tlh'"),
        ("translate_to", "de", "must be `en`, into which alone this expert translates"),
    ],
)
async def test_languages_that_it_lacks_are_refused(host: RunningHost, name: str, value: str, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words) as caught:
        await hear(host, SPEECH, **{name: value})
    assert caught.value.field == f"inputs.{name}"


async def test_a_changed_half_of_its_weights_leaves_it_out(host: RunningHost) -> None:
    with pytest.raises(FailedPreconditionError, match="is not the file that the catalogue names"):
        await hear(host, SPEECH, "torn-faster-whisper-base")
