"""What `Infer` adds to the bare pipeline of transformers: the same checkpoint, input and machine, in turns."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import yaml

from benchmarks import processes
from benchmarks.checkpoints import BERT_BASE, Subject, picture_model, sound_model, text_model
from benchmarks.statistic import Median, Spread
from orchestrion import Client
from orchestrion._codec import value_codec
from orchestrion._net.transport import channel_options, error_of
from orchestrion.v1 import model_host_service_pb2 as messages
from orchestrion.v1.model_host_service_pb2_grpc import ModelHostServiceStub
from orchestrion.values import ArtifactRef, Value

_MEDIA: Final = Path(__file__).parents[1] / "tests" / "media"
_SENTENCE: Final = "the bridge freezes before the road and the ice of a long winter night on every river"

SUBJECTS: Final = (
    Subject(
        "text-classification",
        "BERT-base",
        lambda folder: text_model(folder, "BertForSequenceClassification", BERT_BASE),
        text=_SENTENCE,
        inputs={"domain": "sentiment"},
    ),
    Subject(
        "token-classification",
        "BERT-base",
        lambda folder: text_model(folder, "BertForTokenClassification", BERT_BASE),
        text=_SENTENCE,
    ),
    Subject(
        "fill-mask",
        "BERT-base",
        lambda folder: text_model(folder, "BertForMaskedLM", BERT_BASE),
        text=f"{_SENTENCE} in the [MASK]",
    ),
    Subject("image-classification", "ViT-base", picture_model, medium=("image", _MEDIA / "cat.jpg")),
    Subject(
        "audio-classification",
        "Wav2Vec2-base",
        lambda folder: sound_model(folder, "Wav2Vec2ForSequenceClassification"),
        medium=("audio", _MEDIA / "speech.flac"),
    ),
    Subject(
        "automatic-speech-recognition",
        "Wav2Vec2-base",
        lambda folder: sound_model(folder, "Wav2Vec2ForCTC"),
        medium=("audio", _MEDIA / "speech.flac"),
    ),
)
_WARM_UP: Final = 5
_SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "text-classification": {"top_k": None},
    "token-classification": {"aggregation_strategy": "simple"},
    "image-classification": {"top_k": 10},
    "audio-classification": {"top_k": 8},
}


@dataclass(frozen=True, slots=True)
class Overhead:
    """How long one task type takes through `Infer`, and bare."""

    task_type: str
    model: str
    infer: Spread
    bare: Spread
    added: Median
    """What `Infer` adds: the median over pairs of calls that followed each other."""
    around: Median
    """What `Infer` spends outside of the worker's computation, as the host tells it: the way there and back."""

    @property
    def allowed_ms(self) -> float:
        """What it may add: 3 ms or 5 %, whichever is more."""
        return round(max(3.0, 0.05 * self.bare.median_ms), 2)

    @property
    def verdict(self) -> str:
        """Whether it keeps to that: met or missed where the whole interval says so, else open."""
        if self.added.high_ms <= self.allowed_ms:
            return "met"
        return "missed" if self.added.low_ms > self.allowed_ms else "open"


def measure(folder: Path, log: Path, runs: int) -> Generator[Overhead, None, None]:
    """Makes the checkpoints, starts a controller and a host, and measures each task type in turns with its peer.

    Args:
        folder: An empty folder.
        log: Where the servers' logs go.
        runs: How many pairs of calls.
    """
    catalogue = _catalogue(folder)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(log.open("w"))
        running = stack.enter_context(
            processes.servers(folder, [], ["--profile", "none", "--catalogue-paths", str(catalogue)], file)
        )
        client = stack.enter_context(Client(running.controller.grpc_address))
        channel = stack.enter_context(grpc.insecure_channel(running.host.grpc_address, options=channel_options()))
        stub: Any = ModelHostServiceStub(channel)
        for subject in SUBJECTS:
            yield _compare(subject, folder / subject.task_type, client, stub, runs)


def _compare(subject: Subject, folder: Path, client: Client, stub: Any, runs: int) -> Overhead:
    import torch
    from transformers import pipeline

    make: Any = pipeline  # Its overloads know no task that is chosen at run time.
    bare = make(subject.task_type, model=str(folder), device="cpu")
    item: Any = subject.text
    inputs: dict[str, Value] = {"text": subject.text, **subject.inputs}
    if subject.medium:
        name, path = subject.medium
        # As our workers do: a pipeline that is given the path of a sound starts another program to decode it.
        item = str(path)
        inputs = {name: ArtifactRef(client.artifacts.upload(path).name)}
    request = messages.InferRequest(expert_id=subject.task_type)
    value_codec.encode_values(inputs, request.inputs)

    computed: list[float] = []

    def ours() -> None:
        try:
            for event in stub.Infer(request):
                if event.HasField("outputs"):
                    computed.append(event.outputs.compute_ms / 1000)
        except grpc.RpcError as failure:
            raise error_of(failure, "/orchestrion.v1.ModelHostService/Infer") from failure

    def theirs() -> None:
        argument = item
        if subject.medium and subject.medium[0] == "audio":
            import soundfile
            import soxr

            samples, rate = soundfile.read(item, dtype="float32")
            argument = {"raw": soxr.resample(samples, rate, 16_000), "sampling_rate": 16_000}
        with torch.inference_mode():
            bare(argument, **_SETTINGS.get(subject.task_type, {}))

    times: dict[Any, list[float]] = {ours: [], theirs: []}
    for number in range(runs + _WARM_UP):
        # In turns, so that a machine whose speed drifts slows both down; and neither is always the first.
        for call in (ours, theirs) if number % 2 else (theirs, ours):
            started = time.perf_counter()
            call()
            times[call].append(time.perf_counter() - started)
    for series in (times[ours], times[theirs], computed):
        del series[:_WARM_UP]
    stub.UnloadExpert(messages.UnloadExpertRequest(expert_id=subject.task_type))
    added = [one - other for one, other in zip(times[ours], times[theirs], strict=True)]
    around = [one - other for one, other in zip(times[ours], computed, strict=True)]
    spreads = Spread.of(times[ours]), Spread.of(times[theirs])
    return Overhead(subject.task_type, subject.model, *spreads, Median.of(added), Median.of(around))


def _catalogue(folder: Path) -> Path:
    catalogue = folder / "catalogue"
    catalogue.mkdir()
    for subject in SUBJECTS:
        place = folder / subject.task_type
        place.mkdir()
        subject.make(place)
        entry = {
            "id": subject.task_type,
            "model": f"random weights, the size of {subject.model}",
            "runtime": "transformers",
            "task_types": [subject.task_type],
            "description": "Measured.",
            "source": {"folder": str(place)},
        }
        (catalogue / f"{subject.task_type}.yaml").write_text(yaml.safe_dump(entry), "utf-8")
    return catalogue


def lines(overheads: Sequence[Overhead]) -> Generator[str, None, None]:
    """Tells the figures as a table."""
    yield "Infer beside the bare pipeline of transformers, on the CPU, in ms: median / 95th percentile;"
    yield "what it adds, and spends outside of the model: median of the pairs and 95 % interval"
    yield f"  {'task type':<30}{'size of':<16}{'Infer':>18}{'bare':>18}{'adds':>22}{'allowed':>9}{'outside':>18}"
    for item in overheads:
        yield (
            f"  {item.task_type:<30}{item.model:<16}{item.infer!s:>18}{item.bare!s:>18}"
            f"{item.added!s:>22}{item.allowed_ms:>9.1f}{item.around!s:>18}  {item.verdict}"
        )
