"""Models of sounds on the runtime `transformers`: files of any kind, decoded by the host and without ffmpeg."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import pytest_asyncio
import soundfile
import soxr
import yaml

from orchestrion.errors import InvalidArgumentError
from orchestrion.values import ArtifactRef, Json, Value
from tests.rpc.host.hosts import RunningHost, running_host

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPEECH: Final = Path(__file__).parents[2] / "media" / "speech.flac"
SIZES: Final[dict[str, Any]] = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": [8, 8],
    "conv_kernel": [10, 8],
    "conv_stride": [10, 8],
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 8,
    "vocab_size": 6,
}
VOCABULARY: Final = '{"<pad>": 0, "<unk>": 1, "|": 2, "A": 3, "B": 4, "C": 5}'


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def host_with_sounds(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningHost]:
    """A host with a tiny recogniser and a tiny classifier of sounds, both with random weights."""
    # Imported here since it takes seconds, which the collection of other tests need not wait for.
    from transformers import Wav2Vec2Config, Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor
    from transformers import Wav2Vec2ForCTC as Recogniser
    from transformers import Wav2Vec2ForSequenceClassification as Classifier

    folder = tmp_path_factory.mktemp("sounds")
    models: dict[str, Any] = {"automatic-speech-recognition": Recogniser, "audio-classification": Classifier}
    for task_type, model in models.items():
        place = folder / task_type
        model(Wav2Vec2Config(**SIZES)).save_pretrained(place)
        Wav2Vec2FeatureExtractor(sampling_rate=16_000).save_pretrained(place)  # type: ignore[no-untyped-call]  # The library is not typed.
        (place / "vocabulary.json").write_text(VOCABULARY)
        Wav2Vec2CTCTokenizer(str(place / "vocabulary.json")).save_pretrained(place)  # type: ignore[no-untyped-call]  # The library is not typed.
        facts: dict[str, Any] = {
            "id": task_type,
            "model": task_type,
            "runtime": "transformers",
            "task_types": [task_type],
        }
        facts |= {"description": "Tiny.", "max_batch_size": 4, "source": {"folder": str(place)}}
        (folder / f"{task_type}.yaml").write_text(yaml.safe_dump(facts))
    async with running_host(folder / "home", catalogue_paths=(folder,)) as host:
        yield host


async def outputs(host: RunningHost, task_type: str, content: bytes) -> dict[str, Value]:
    audio = ArtifactRef(host.controller.artifacts.put(content))
    return dict((await host.client.infer(task_type, audio=audio)).outputs)


def as_stereo(form: str, rate: int) -> bytes:
    samples, own_rate = soundfile.read(SPEECH)
    voice = soxr.resample(samples, own_rate, rate)
    file = io.BytesIO()
    soundfile.write(file, np.stack([voice, voice], axis=1), rate, format=form)
    return file.getvalue()


async def test_a_recogniser_writes_down_a_recording(host_with_sounds: RunningHost) -> None:
    result = await outputs(host_with_sounds, "automatic-speech-recognition", SPEECH.read_bytes())
    # Random weights say nothing that has a meaning, but they say it in their letters.
    assert isinstance(result["text"], str)
    assert set(result["text"]) <= set("ABC ") | set("<unk>")


async def test_a_classifier_hears_the_same_at_every_rate_and_with_two_channels(host_with_sounds: RunningHost) -> None:
    async def scores(content: bytes) -> dict[str, float]:
        result = (await outputs(host_with_sounds, "audio-classification", content))["scores"]
        assert isinstance(result, Json)
        return {entry["label"]: entry["score"] for entry in result.data}

    wanted = await scores(SPEECH.read_bytes())
    assert len(wanted) == 2
    for form, rate in (("WAV", 44_100), ("FLAC", 96_000), ("OGG", 48_000)):
        assert await scores(as_stereo(form, rate)) == pytest.approx(wanted, abs=0.02)


async def test_what_is_no_sound_is_said_to_be_none(host_with_sounds: RunningHost) -> None:
    with pytest.raises(InvalidArgumentError, match="not a sound in a format") as caught:
        await outputs(host_with_sounds, "automatic-speech-recognition", b"no sound" * 100)
    assert caught.value.field == "inputs.audio"


def page_faults(process_id: int) -> int:
    """Counts the pages that a process was given by the system since it began, without those read from files."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[7])


async def test_a_forward_pass_takes_the_memory_of_the_one_before(host_with_sounds: RunningHost) -> None:
    samples, rate = soundfile.read(SPEECH)
    file = io.BytesIO()
    # A minute, of which each layer makes some 3 MB: 13,000 pages and more in a pass that takes them all anew.
    soundfile.write(file, np.resize(samples, 60 * rate), rate, format="FLAC")
    await outputs(host_with_sounds, "audio-classification", file.getvalue())
    worker = host_with_sounds.worker_pid("transformers@cpu")
    counts = [page_faults(worker)]
    for _ in range(9):
        await outputs(host_with_sounds, "audio-classification", file.getvalue())
        counts.append(page_faults(worker))
    # The heap grows by a layer or two where what is left in it lies badly, so not every pass takes none, but most do.
    assert np.median(np.diff(counts)) < 100
