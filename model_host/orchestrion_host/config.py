"""The settings of a model host."""

from __future__ import annotations

import math
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import platformdirs

from orchestrion import names
from orchestrion.errors import OrchestrionError
from orchestrion.listening import ListenAddress
from orchestrion.logs import FORMATS
from orchestrion_serving.settings import check_address, default_home, default_metrics_host

DEFAULT_HTTP_PORT: Final = 50071
"""The port of the Open Inference Protocol over HTTP, where nothing else is set."""


def _machine_name() -> str:
    """Returns the machine's name in the letters that a host's name may have."""
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in socket.gethostname())
    return kept.strip("-")[:64] or f"host-{os.getpid()}"


def default_exports_path() -> Path:
    """Returns the folder of exported models: they can be made again, so they lie in the user's cache."""
    return Path(platformdirs.user_cache_dir("orchestrion")) / "exports"


_MESSAGE_BOUNDS: Final = ("max_request_parts", "max_result_bytes", "max_result_parts")


@dataclass(frozen=True)
class HostConfig:
    """A model host: runs experts in worker processes and advertises them to a controller."""

    name: str = field(default_factory=_machine_name)
    """The name under which the controller lists this host; unique among live hosts."""
    listen_host: str = "127.0.0.1"
    """The address to listen on: an IP address, a name, or `unix:/path` for a socket that this user alone can reach."""
    port: int = 50061
    """The port of the gRPC server; 0 takes a free one."""
    metrics_host: str = ""
    """The address to listen on for metrics; empty means listen_host, or 127.0.0.1 where that is a socket."""
    metrics_port: int = 9465
    """The port of the metrics over HTTP; 0 takes a free one."""
    http_port: int | None = None
    """The port of the Open Inference Protocol over HTTP, on listen_host (127.0.0.1 where that is a socket); 0 takes a
    free one. When not set, 50071, or a free one where `port` is 0."""
    advertise_address: str = ""
    """The address and port at which the controller reaches this host; empty for those that it listens on."""
    controller: str = "127.0.0.1:50051"
    """The address and port of the controller, where this host advertises itself and keeps artifacts."""
    home: Path = field(default_factory=default_home)
    """The folder of all state."""
    catalogue_paths: tuple[Path, ...] = ()
    """Folders with further models, one YAML file each."""
    experts: tuple[str, ...] = ()
    """Experts written in Python, beside those of installed packages: `path/to/file.py:Class` or `module:Class`."""
    exports_path: Path = field(default_factory=default_exports_path)
    """The folder of models exported to ONNX, which all hosts of a user share; it need not exist."""
    preload: tuple[str, ...] = ()
    """Ids of experts to load when the host starts, in this order, without waiting for them."""
    test_experts: bool = False
    """Whether to offer experts that are for tests only."""
    memory_budget_bytes: int | None = None
    """What experts may take of main memory, in bytes: their weights, and what computing takes beyond them. Not in it:
    what each worker process takes by itself (about 50 MB for engines, 300 MB to 1 GB with PyTorch), which metrics show.
    When not set, experts and workers may take as much as is free."""
    cache_bytes: int = 2 << 30
    """What artifacts that nobody uses may take on disk, in bytes."""
    result_cache_bytes: int = 0
    """What results of experts declared deterministic may take of main memory, in bytes; 0 keeps none."""
    call_memory_bytes: int | None = None
    """What the media of calls may take of main memory in one worker process while they are computed, in bytes: decoded
    pictures and what is made of them, by an estimate from their headers. Calls wait for it, and one that would take
    more is refused. When not set, a quarter of main memory, and 1 GiB at least."""
    max_output_bytes: int = 4 << 30
    """The most bytes of a file that an expert makes."""
    spool_bytes: int | None = None
    """What output files may take until they are stored, in bytes: on shared memory (`/dev/shm`) where there is as much,
    else on disk. When not set, three quarters of what is free when the host starts."""
    max_image_pixels: int = 100_000_000
    """The most pixels of a picture that experts decode."""
    max_audio_seconds: float = 7200.0
    """The longest sound that experts decode, in seconds."""
    max_video_seconds: float = 600.0
    """The longest video that experts decode, in seconds."""
    max_message_bytes: int = 64 << 20
    """The largest message that the gRPC server takes and sends, and the largest body over HTTP, in bytes: tensors and
    files of the Open Inference Protocol are in them whole."""
    allow_shared_memory: bool = False
    """Whether clients of the Open Inference Protocol on this machine may have tensors read from, and written to,
    objects of shared memory that they name."""
    queue_limit: int = 256
    """How many calls may wait for one expert. One caller may have up to three times as many as are free: alone three
    quarters."""
    max_request_parts: int = 20_000
    """How many parts the request of one call may have: values, items of lists, members of JSON. One with more is
    refused with REQUEST_TOO_LARGE. Calls of the Open Inference Protocol are bounded by their bytes alone."""
    max_result_bytes: int = 3 << 20
    """How many bytes the outputs of one call may have; files do not count. A call with more fails with
    RESULT_TOO_LARGE."""
    max_result_parts: int = 50_000
    """How many parts the outputs of one call may have: items of lists, members of JSON; numbers in lists of JSON, such
    as embeddings, count an eighth. A call with more fails with RESULT_TOO_LARGE."""
    max_concurrent_calls: int = 64
    """How many calls this host wants at once from one controller."""
    max_server_calls: int = 4_096
    """How many calls the server may have open at once, streams too; it is shared between callers as queue_limit is."""
    room_wait_s: float = 30.0
    """How long a call without a deadline waits for memory that other experts hold, in seconds."""
    hang_timeout_s: float = 30.0
    """How long a worker may fail to answer before it is killed and replaced, in seconds."""
    drain_grace_s: float = 10.0
    """How long calls may go on after the host was asked to stop, in seconds."""
    profile: str = "starter"
    """The experts to offer: `starter`, `small`, `standard`, `full` or `remote`; `none` for those added here alone."""
    fetch_on_demand: bool = False
    """Whether to fetch the files of an expert when a task needs it, rather than only when somebody pulls it."""
    allow_pickled_weights: bool = False
    """Whether models may be added whose weights are pickles only; reading those can run any code."""
    allow_remote_code: bool = False
    """Whether models may be added that bring code of their own, which then runs in workers."""
    hub_offline: bool = True
    """Whether experts are kept from downloading anything from the Hugging Face Hub while they load and run."""
    exit_with_parent: bool = False
    """Whether to stop when the process that started this one ends."""
    log_level: str = "INFO"
    """The least severe level that is logged: DEBUG, INFO, WARNING or ERROR."""
    log_format: str = "console"
    """How log lines are written: `console` for people, `json` for programs."""
    log_content: bool = False
    """Whether logs and traces may have what people wrote; without it, errors in logs have their classes alone."""
    otlp_endpoint: str = field(
        default="", metadata={"env": ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")}
    )
    """Where traces go by OTLP over gRPC, such as http://127.0.0.1:4317; empty for no tracing."""

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
            ValueError: One of them cannot be; the message names the setting.
        """
        try:
            names.check_host(names.host(self.name))
        except OrchestrionError as error:
            raise ValueError(f"name: {error.message}") from error
        check_address("listen_host", self.listen_host)
        check_address("metrics_host", self.metrics_address)
        for setting in ("port", "metrics_port", "http_port"):
            if not 0 <= (getattr(self, setting) or 0) <= 65535:
                raise ValueError(f"{setting}: expected 0 to 65535; it is {getattr(self, setting)}.")
        if not 8 << 20 <= self.max_message_bytes <= 1 << 30:
            raise ValueError(f"max_message_bytes: expected 8388608 to 1073741824; it is {self.max_message_bytes}.")
        counts = ("max_image_pixels", "queue_limit", "max_output_bytes", "max_concurrent_calls", "max_server_calls")
        for setting in (*counts, *_MESSAGE_BOUNDS):
            if getattr(self, setting) < 1:
                raise ValueError(f"{setting}: expected at least 1; it is {getattr(self, setting)}.")
        for setting in ("max_audio_seconds", "max_video_seconds"):
            if not 0 < getattr(self, setting) < math.inf:
                raise ValueError(f"{setting}: expected more than 0; it is {getattr(self, setting):g}.")
        for setting in ("cache_bytes", "result_cache_bytes", "drain_grace_s", "room_wait_s"):
            if getattr(self, setting) < 0:
                raise ValueError(f"{setting}: expected at least 0; it is {getattr(self, setting)}.")
        if self.listen_host in {"0.0.0.0", "::", "[::]"} and not self.advertise_address:  # noqa: S104
            raise ValueError("advertise_address: must be set where the host listens on all addresses.")
        if self.hang_timeout_s < 0.2:
            raise ValueError(f"hang_timeout_s: expected at least 0.2; it is {self.hang_timeout_s:g}.")
        for setting, least in (("memory_budget_bytes", 0), ("call_memory_bytes", 1 << 20), ("spool_bytes", 1 << 20)):
            value = getattr(self, setting)
            if value is not None and value < least:
                raise ValueError(f"{setting}: expected at least {least}; it is {value}.")
        if self.log_format not in FORMATS:
            raise ValueError(f"log_format: expected {' or '.join(FORMATS)}; it is {self.log_format!r}.")
        if self.log_level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError(f"log_level: expected DEBUG, INFO, WARNING or ERROR; it is {self.log_level!r}.")

    @property
    def http_address(self) -> ListenAddress:
        """Where the Open Inference Protocol is served over HTTP: port 0 takes a free one."""
        port = self.http_port
        if port is None:
            port = DEFAULT_HTTP_PORT if self.port else 0
        return ListenAddress.read(default_metrics_host(self.listen_host), port)

    @property
    def metrics_address(self) -> str:
        """The address to listen on for metrics, with the default filled in."""
        return self.metrics_host or default_metrics_host(self.listen_host)

    @property
    def folder(self) -> Path:
        """The folder of this host's own state."""
        return self.home / "hosts" / self.name

    @property
    def models_folder(self) -> Path:
        """The folder with an entry for each model that was added or pulled on this host."""
        return self.folder / "models"
