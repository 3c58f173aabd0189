"""The controller's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from orchestrion._net.transport import MAX_MESSAGE_BYTES
from orchestrion.logs import FORMATS
from orchestrion_controller.entry_points import PLANNERS, RESPONDERS, plugin_names
from orchestrion_controller.language_model.choices import BY_DEFAULT, ModelChoice, own_or_common
from orchestrion_controller.selector.licenses import check as check_licenses
from orchestrion_serving.settings import check_address, default_home, default_metrics_host

_STAGE_MODELS: Final[Mapping[str, str]] = {
    "planner": "planner_llm",
    "selector": "selector_llm",
    "responder": "responder_llm",
}
"""How the names of the settings of each stage's own language model begin."""
_FALLBACK: Final = "llm_fallback"


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """Plans requests, assigns experts, runs them on model hosts, and answers."""

    listen_host: str = "127.0.0.1"
    """The address to listen on: an IP address, a name, or `unix:/path` for a socket that this user alone can reach.
    Only this machine can reach the default, and there is no authentication yet."""
    port: int = 50051
    """The gRPC port; 0 takes a free one."""
    metrics_host: str = ""
    """The address to listen on for metrics; empty means listen_host, or 127.0.0.1 where that is a socket."""
    metrics_port: int = 9464
    """The port of /metrics for Prometheus; 0 takes a free one."""
    home: Path = field(default_factory=default_home)
    """The folder of the database and of the artifacts."""
    database_url: str = field(default="", repr=False)
    """The URL of the database, `sqlite:////folder/file` or `postgresql://user@host/name` (extra `postgres`); empty
    means SQLite in the home folder. Other users can see flags: a password goes into the variable, `~/.pgpass` or
    PGPASSWORD. One controller uses a database; a second is refused."""
    database_retry_s: float = 30.0
    """How long reads and writes are tried again while the database is away, restarts or is locked by another process,
    in seconds; after that they fail with STORAGE_UNAVAILABLE until it is back."""
    synchronous: str = "normal"
    """How SQLite and the folder of artifacts write: `normal` loses the last commits at a power cut, `full` none, at ten
    times the cost."""
    max_artifact_bytes: int = 4 << 30
    """The largest artifact taken, in bytes."""
    max_running_runs: int = 256
    """How many runs may go on at once; more are refused with RESOURCE_EXHAUSTED. One caller may have up to three times
    as many as are free: alone three quarters."""
    max_running_bytes: int = 256 << 20
    """What requests may take together of runs that go on, or whose call is still read, in bytes; at least 8 MiB, the
    largest request. It is shared between callers as max_running_runs is."""
    max_log_bytes: int = 256 << 20
    """How large the log of one run may grow, in bytes, which is in memory while it goes on; one that goes beyond fails
    with RUN_TOO_LARGE."""
    max_server_calls: int = 4_096
    """How many calls the server may have open at once, streams that are watched too. It is shared between callers as
    max_running_runs is."""
    max_request_bytes: int = 4 << 20
    """The largest request taken, in bytes; a larger one is refused with MESSAGE_TOO_LARGE before it is decoded. No more
    than 8 MiB come through gRPC. Files are uploaded in chunks, and have max_artifact_bytes."""
    max_request_parts: int = 20_000
    """How many parts one request may have: tasks, values (a reference is two), items of lists, members of JSON. One
    with more is refused with REQUEST_TOO_LARGE before anything is made of it, and so is a call of an expert that
    references make as large."""
    max_run_calls: int = 10_000
    """How many calls of experts one run may make, tries again not counted; each item of a list that unfolds is one. A
    task that would make more fails with TOO_MANY_CALLS before the first of them."""
    max_open_calls: int = 256
    """How many items of a run's lists are with hosts at a time; the others wait in the controller."""
    max_result_bytes: int = 3 << 20
    """How many bytes the outputs of one task may have, all its items together; files do not count. A task with more
    fails with RESULT_TOO_LARGE. They are one event, and clients in other languages take messages up to 4 MiB."""
    max_result_parts: int = 50_000
    """How many parts the outputs of one task may have: items of lists, members of JSON; numbers in lists of JSON, such
    as embeddings, count an eighth. A task with more fails with RESULT_TOO_LARGE."""
    detach_grace_ms: int = 10_000
    """How long a run without a reader lives where the request does not say, in milliseconds."""
    approval_timeout_ms: int = 3_600_000
    """How long a run waits for approval of its plan where the request does not say, in milliseconds. Runs that wait
    count among those that go on."""
    max_resumes: int = 5
    """How often a run that the end of its controller broke off is taken up again; after that it ends with
    CONTROLLER_RESTARTED. The bound is for a request that itself brings the controller down: orderly ends do not count.
    With 0, a controller that is stopped cancels what does not end in time."""
    keep_runs_days: float = 0.0
    """How many days an ended run is kept, with the artifacts that it refers to; 0 keeps them for ever. A run stays for
    as long as one that continues its conversation. Artifacts that no kept run refers to go once they were not used for
    that long (a day where only the next two are set)."""
    keep_runs_count: int = 0
    """How many ended runs are kept, the newest; 0 for any number."""
    keep_artifact_bytes: int = 0
    """What artifacts may take on the disk, in bytes; 0 for all that there is. Beyond it go artifacts that no run refers
    to, and then the oldest ended runs with theirs; nothing that was used within the last hour."""
    lease_ms: int = 10_000
    """How long a model host stays listed without a report, and how long runs wait after a restart for hosts that were
    listed before it, in milliseconds."""
    max_attempts: int = 3
    """How often one task is tried, on the same or on other experts."""
    attempt_silence_s: float = 30.0
    """How long an attempt may be silent before the task is tried on another expert or host that can do it, in seconds;
    ten times as long as the call was expected to take where that is longer. It holds once a call was measured there."""
    candidate_count: int = 5
    """How many candidates an assignment keeps, and how many a language model is shown."""
    licenses: tuple[str, ...] = ()
    """The licences that experts may have to get work: SPDX identifiers, patterns such as `BSD-*`, `permissive` (no
    conditions that matter) or `commercial` (commercial use allowed). Empty allows all. Requests can allow fewer."""
    planner: str = ""
    """The default planner: `builtin`, `llm`, or the name of a plug-in; empty means `llm` where a language model is
    configured."""
    responder: str = ""
    """The default responder: `builtin`, `llm`, or the name of a plug-in; empty means `llm` where a language model is
    configured."""
    llm_base_url: str = field(default="", metadata={"env": ("OPENAI_BASE_URL",)})
    """The URL of an OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1; OPENAI_BASE_URL is read too."""
    llm_api_key: str = field(default="", repr=False, metadata={"env": ("OPENAI_API_KEY",), "secret": True})
    """The key for that endpoint. It has no flag, since other users can see a process's flags."""
    llm_model: str = field(default="gpt-4.1-mini", metadata={"env": ("OPENAI_MODEL",)})
    """The language model that plans and answers, as the endpoint calls it."""
    llm_expert: str = ""
    """The id of a conversational expert of the platform's own hosts that plans and answers instead of an endpoint,
    such as qwen2.5-7b-instruct."""
    llm_default_expert: str = ""
    """The conversational expert that plans and answers, once a host can run it, where neither an expert nor an endpoint
    is set; `orchestrion up` sets it to the language model of the host's profile."""
    llm_timeout_s: float = 60.0
    """How long the language model may stay silent before its reply begins, in seconds."""
    llm_idle_timeout_s: float = 30.0
    """How long the language model may stay silent in the middle of a reply, in seconds."""
    llm_retry_count: int = 2
    """How often a call of the language model that failed before its reply began is made again."""
    llm_longest_wait_s: float = 60.0
    """How long a call waits in all when the language model's endpoint asks it to come back later, in seconds; never
    beyond the run's deadline."""
    llm_context_tokens: int = 0
    """How many tokens the language model's context has; 0 asks the endpoint. What does not fit is left out, the oldest
    first, and never the user's own turn."""
    llm_max_tasks: int = 100
    """How many tasks a language model may plan for one request; a longer plan is sent back to it."""
    planner_llm_base_url: str = ""
    """The endpoint of the language model that plans, where it is not llm_base_url."""
    planner_llm_api_key: str = field(default="", repr=False, metadata={"secret": True})
    """The key for that endpoint. It has no flag. The key of llm_base_url goes to no other endpoint."""
    planner_llm_model: str = ""
    """The language model that plans, where it is not llm_model: a small one can plan what a larger one answers."""
    planner_llm_expert: str = ""
    """The conversational expert of the platform's own hosts that plans, where it is not llm_expert."""
    planner_llm_context_tokens: int = 0
    """How many tokens the context of the language model that plans has; 0 asks the endpoint or the host."""
    selector_llm_base_url: str = ""
    """The endpoint of the language model that chooses experts under policy `llm`, where it is not llm_base_url."""
    selector_llm_api_key: str = field(default="", repr=False, metadata={"secret": True})
    """The key for that endpoint. It has no flag."""
    selector_llm_model: str = ""
    """The language model that chooses experts under policy `llm`, where it is not llm_model."""
    selector_llm_expert: str = ""
    """The conversational expert that chooses experts under policy `llm`, where it is not llm_expert."""
    selector_llm_context_tokens: int = 0
    """How many tokens the context of the language model that chooses has; 0 asks the endpoint or the host."""
    responder_llm_base_url: str = ""
    """The endpoint of the language model that answers, where it is not llm_base_url."""
    responder_llm_api_key: str = field(default="", repr=False, metadata={"secret": True})
    """The key for that endpoint. It has no flag."""
    responder_llm_model: str = ""
    """The language model that answers, where it is not llm_model."""
    responder_llm_expert: str = ""
    """The conversational expert of the platform's own hosts that answers, where it is not llm_expert."""
    responder_llm_context_tokens: int = 0
    """How many tokens the context of the language model that answers has; 0 asks the endpoint or the host."""
    llm_fallback_base_url: str = ""
    """The endpoint that is asked where a language model fails before its reply begins: it is away, asks for too long a
    wait, has no credit left, or refuses the key. Empty means llm_base_url where llm_fallback_model is set."""
    llm_fallback_api_key: str = field(default="", repr=False, metadata={"secret": True})
    """The key for that endpoint. It has no flag."""
    llm_fallback_model: str = ""
    """The language model to fall back on; empty means llm_model where another endpoint is set."""
    llm_fallback_expert: str = ""
    """The conversational expert of the platform's own hosts to fall back on, instead of an endpoint."""
    llm_fallback_context_tokens: int = 0
    """How many tokens the context of the language model to fall back on has; 0 asks the endpoint or the host."""
    early_dispatch: bool = True
    """Whether a task starts as soon as it has been planned, while the rest of the plan is still being written."""
    shutdown_grace_s: float = 5.0
    """How long runs and other calls may go on after SIGTERM, in seconds; runs that are left then go on in the next
    controller on the same database."""
    log_level: str = "info"
    """What is logged: debug, info, warning or error."""
    log_format: str = "console"
    """How log lines are written: `console` for people, `json` for programs."""
    log_content: bool = False
    """Whether logs and traces may have what people wrote; without it, errors in logs have their classes alone."""
    otlp_endpoint: str = field(
        default="", metadata={"env": ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")}
    )
    """Where traces go by OTLP over gRPC, such as http://127.0.0.1:4317; empty for no tracing."""
    exit_with_parent: bool = False
    """Whether to stop when the process that started this one dies."""

    def __post_init__(self) -> None:
        """Checks what can be checked without the machine.

        Raises:
            ValueError: A value cannot be; the message names the setting.
        """
        check_address("listen_host", self.listen_host)
        check_address("metrics_host", self.metrics_address)
        for name in ("port", "metrics_port"):
            if not 0 <= getattr(self, name) <= 65_535:
                raise ValueError(f"{name}: {getattr(self, name)} is no port; give 0 to 65535.")
        counts = ("max_artifact_bytes", "max_running_runs", "max_attempts", "candidate_count", "llm_max_tasks")
        requests = ("max_request_bytes", "max_request_parts", "max_run_calls", "max_open_calls", "max_server_calls")
        results = ("max_result_bytes", "max_result_parts", "max_log_bytes")
        for name in (*counts, *requests, *results, "approval_timeout_ms", "lease_ms"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)} is too small; give at least 1.")
        if self.max_running_bytes < MAX_MESSAGE_BYTES:
            raise ValueError(f"max_running_bytes: {self.max_running_bytes} is too small; give {MAX_MESSAGE_BYTES:,}.")
        for name in (
            "detach_grace_ms",
            "max_resumes",
            "shutdown_grace_s",
            "database_retry_s",
            "keep_runs_days",
            "keep_runs_count",
            "keep_artifact_bytes",
            "llm_retry_count",
            "llm_longest_wait_s",
            "llm_context_tokens",
            *(f"{group}_context_tokens" for group in (*_STAGE_MODELS.values(), _FALLBACK)),
        ):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: {getattr(self, name)} is too small; give at least 0.")
        for name in ("attempt_silence_s", "llm_timeout_s", "llm_idle_timeout_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: {getattr(self, name)} is too small; give more than 0.")
        choices = {
            "synchronous": ("normal", "full"),
            "log_level": ("debug", "info", "warning", "error"),
            "log_format": FORMATS,
        }
        for name, allowed in choices.items():
            if getattr(self, name).lower() not in allowed:
                raise ValueError(f"{name}: {getattr(self, name)!r} is none of {', '.join(map(repr, allowed))}.")
        for name, group in (("planner", PLANNERS), ("responder", RESPONDERS)):
            performer, own = getattr(self, name), ("builtin", "llm")
            # Looking for installed entry points takes time, so it is done only for names that are not built in.
            if performer not in ("", *own) and performer not in plugin_names(group):
                choices_text = ", ".join(map(repr, (*own, *plugin_names(group))))
                raise ValueError(f"{name}: {performer!r} is none of {choices_text}.")
        if wrong := check_licenses(self.licenses):
            raise ValueError(f"licenses: {wrong}.")
        models = {stage: self.language_model(stage) for stage in _STAGE_MODELS}
        for stage in ("planner", "responder"):
            if getattr(self, stage) == "llm" and not models[stage].is_some:
                needed = "llm_base_url (OPENAI_BASE_URL), llm_api_key (OPENAI_API_KEY) or llm_expert"
                raise ValueError(f"{stage}: `llm` needs {needed}.")
        if self.fallback_model.is_some and not any(model.is_some for model in models.values()):
            name = self.fallback_model.named("expert" if self.fallback_model.expert else "base_url")
            raise ValueError(f"{name}: there is no language model that it could stand in for; set llm_base_url.")

    @property
    def metrics_address(self) -> str:
        """The address to listen on for metrics, with the default filled in."""
        return self.metrics_host or default_metrics_host(self.listen_host)

    @property
    def common_model(self) -> ModelChoice:
        """The language model of stages that have none of their own: an expert that is set goes before an endpoint."""
        common = self._model_settings("llm")
        if common.expert:
            return ModelChoice("llm", expert=common.expert, context_tokens=common.context_tokens)
        if common.has_endpoint or not self.llm_default_expert:
            return common
        return ModelChoice(BY_DEFAULT, expert=self.llm_default_expert, context_tokens=common.context_tokens)

    @property
    def fallback_model(self) -> ModelChoice:
        """The language model that stands in for others."""
        own, nothing = self._model_settings(_FALLBACK), ModelChoice(_FALLBACK)
        return nothing if own == replace(nothing, context_tokens=own.context_tokens) else self._own_or_common(own)

    def language_model(self, stage: str) -> ModelChoice:
        """Returns the language model of a stage: `planner`, `selector` or `responder`."""
        return self._own_or_common(self._model_settings(_STAGE_MODELS[stage]))

    def _own_or_common(self, own: ModelChoice) -> ModelChoice:
        return own_or_common(own, self.common_model, self._model_settings("llm"))

    def _model_settings(self, group: str) -> ModelChoice:
        names = ("expert", "base_url", "api_key", "model", "context_tokens")
        return ModelChoice(group, **{name: getattr(self, f"{group}_{name}") for name in names})

    @property
    def resolved_database_url(self) -> str:
        """The URL of the database, with the embedded default filled in."""
        return self.database_url or f"sqlite:///{self.home / 'controller.sqlite3'}"
