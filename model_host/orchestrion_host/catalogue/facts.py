"""Facts of a model: what the catalogue says about it, checked."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from orchestrion.values import JsonObject
from orchestrion_host.tensor_signatures import TensorSignature


class WeightsSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the files of a model are. None of the three: the engine brings them along."""

    package: str = ""
    """A Python package that carries them."""
    folder: str = ""
    """The folder: inside the package, or an absolute path."""
    hub: str = ""
    """An id on the Hugging Face Hub."""
    gguf: str = ""
    """The file there that is the model, where it is in the format GGUF: it has weights, tokenizer and configuration."""
    parts: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Further checkpoints that it is made of, by what they are to it (`controlnet`, `vocoder`, `speaker_encoder`): ids
    on the Hub or absolute folders."""
    part_revisions: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The revisions of the parts that come from the Hub, by the same names."""
    sha256: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The hashes that files must have, by file name; those of files from the Hub were checked when they were pulled."""
    files: Mapping[str, Mapping[str, int]] = msgspec.field(default_factory=dict)
    """The files that were pulled and their bytes, by the checkpoint's id on the Hub; none before the first pull."""
    sizes: Mapping[str, int] = msgspec.field(default_factory=dict)
    """What each checkpoint takes to download, in bytes, by its id on the Hub; none where that is not known."""


class ModelFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One expert of the catalogue. The fields are those of its YAML file."""

    id: str
    """The expert's id: letters, digits, `-`, `_`, `.` and `/`."""
    model: str
    """The engine's name, the class of an expert written in Python, or the model's id on the Hub."""
    runtime: str
    """`engine`, `transformers`, `diffusers`, `onnx`, `remote`, `python`, or one that a package brings."""
    task_types: tuple[str, ...]
    """The task types that it performs."""
    description: str
    """What it is good at, in one or two sentences."""
    revision: str = ""
    """The revision of the weights or the version of the engine."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags; empty when language does not matter."""
    domain: str = ""
    """What it was made for; empty for general use."""
    license: str = ""
    """An SPDX identifier where there is one."""
    memory_bytes: int = 0
    """An estimate of what it takes, until that is measured; 0 when not known."""
    download_count: int = 0
    """Downloads in the last month on the Hub; 0 when not known."""
    like_count: int = 0
    """Likes on the Hub; 0 when not known."""
    download_bytes: int = 0
    """What its files take to download; 0 when not known."""
    published_bytes: int = 0
    """About what they take to download, by the number and precision of its published weights; it is only told, where a
    command that fetches them is named, until a pull or a refresh has counted them. 0 when not known."""
    default_for: tuple[str, ...] = ()
    """The task types for which it is the project's default model."""
    accepts: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Inputs of which it takes some values only, such as one of a task type's operations; none, of one that it does not
    take."""
    input_limits: Mapping[str, Mapping[str, int]] = msgspec.field(default_factory=dict)
    """How much of an input it takes in before the rest is cut off or refused: by input, `max_character_count` (about
    four to a token), `max_duration_ms` and `max_size_bytes`."""
    accuracy: float = 0.0
    """A published measure of its quality, from 0 to 1, higher is better; 0 when none is known."""
    accuracy_measure: str = ""
    """What `accuracy` measures, such as `F1 on CoNLL-2003`."""
    context_token_count: int = 0
    """How many tokens a language model reads and writes together in one call; 0 when not known, and for experts
    that are no language models."""
    max_batch_size: int = 1
    """How many calls one forward pass takes at most."""
    instances: int = 1
    """How many batches are computed at once."""
    isolation: str = "shared"
    """`shared`: a worker together with others of its device and runtime; `own`: one for itself."""
    devices: tuple[str, ...] = ()
    """The kinds of devices that it can be on, the best first, of `cuda` and `cpu`; empty for those of its runtime."""
    requires: tuple[str, ...] = ()
    """Python packages, by import name, without which it cannot run."""
    extra: str = ""
    """The extra of this project that brings these packages, such as `whisper`; empty where none is named."""
    install: str = ""
    """The command that installs them, where no extra can; empty where one does, or none is named."""
    environment: tuple[str, ...] = ()
    """Environment variables of the host, one of which must be set, such as the key of a hosted endpoint."""
    trusted: tuple[str, ...] = ()
    """What the operator allows it beyond the rule: `pickled-weights`, `remote-code`."""
    source: WeightsSource = msgspec.field(default_factory=WeightsSource)
    """Where its files are."""
    options: JsonObject = msgspec.field(default_factory=dict)
    """Settings of its runtime or engine."""
    tensors: TensorSignature | None = None
    """The tensors that an expert of the task type `tensor-inference` takes and returns; None where its model file says
    so, as ONNX does, and for experts that take values."""
    deterministic: bool = False
    """Whether equal inputs, the seed among them, give equal outputs always, so that results may be kept."""
    test: bool = False
    """Whether it is for tests only, and left out unless the host is told otherwise."""

    @property
    def device_kinds(self) -> tuple[str, ...]:
        """The kinds of devices that it can be on, the best first."""
        if self.devices:
            return self.devices
        return ("cuda", "cpu") if self.runtime in ("transformers", "diffusers") else ("cpu",)

    @property
    def checkpoints(self) -> Mapping[str, str]:
        """The checkpoints on the Hub that it is made of, and the revision of each: its own first, then its parts."""
        source = self.source
        parts = {
            place: source.part_revisions.get(part, "")
            for part, place in source.parts.items()
            if not place.startswith("/")
        }
        return {**({source.hub: self.revision} if source.hub else {}), **parts}
