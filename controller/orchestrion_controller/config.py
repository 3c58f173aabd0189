"""The controller's configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from orchestrion_controller.entry_points import PLANNERS, RESPONDERS, plugin_names
from orchestrion_controller.selector.licenses import check as check_licenses
from orchestrion_serving.settings import default_home


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """Plans requests, assigns experts, runs them on model hosts, and answers."""

    listen_host: str = "127.0.0.1"
    """The address to listen on, for gRPC and for metrics. Only this machine can reach the default, and there is no
    authentication yet."""
    port: int = 50051
    """The gRPC port; 0 takes a free one."""
    metrics_port: int = 9464
    """The port of /metrics for Prometheus; 0 takes a free one."""
    home: Path = field(default_factory=default_home)
    """The folder of the database and of the artifacts."""
    database_url: str = ""
    """The SQLAlchemy URL of the database; empty means SQLite in the home folder."""
    synchronous: str = "normal"
    """How SQLite writes: `normal` loses the last commits at a power cut, `full` none, at ten times the cost."""
    max_artifact_bytes: int = 4 << 30
    """The largest artifact taken, in bytes."""
    max_running_runs: int = 256
    """How many runs may go on at once; more are refused with RESOURCE_EXHAUSTED."""
    detach_grace_ms: int = 10_000
    """How long a run without a reader lives where the request does not say, in milliseconds."""
    approval_timeout_ms: int = 3_600_000
    """How long a run waits for approval of its plan where the request does not say, in milliseconds. Runs that wait
    count among those that go on."""
    lease_ms: int = 10_000
    """How long a model host stays listed without a report, in milliseconds."""
    max_attempts: int = 3
    """How often one task is tried, on the same or on other experts."""
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
    """The language model that plans and answers."""
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
    early_dispatch: bool = True
    """Whether a task starts as soon as it has been planned, while the rest of the plan is still being written."""
    shutdown_grace_s: float = 5.0
    """How long calls may go on after SIGTERM, in seconds."""
    log_level: str = "info"
    """What is logged: debug, info, warning or error."""
    exit_with_parent: bool = False
    """Whether to stop when the process that started this one dies."""

    def __post_init__(self) -> None:
        """Checks what can be checked without the machine.

        Raises:
            ValueError: A value cannot be; the message names the setting.
        """
        for name in ("port", "metrics_port"):
            if not 0 <= getattr(self, name) <= 65_535:
                raise ValueError(f"{name}: {getattr(self, name)} is no port; give 0 to 65535.")
        counts = ("max_artifact_bytes", "max_running_runs", "max_attempts", "candidate_count")
        for name in (*counts, "approval_timeout_ms", "lease_ms"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)} is too small; give at least 1.")
        for name in (
            "detach_grace_ms",
            "shutdown_grace_s",
            "llm_retry_count",
            "llm_longest_wait_s",
            "llm_context_tokens",
        ):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: {getattr(self, name)} is too small; give at least 0.")
        for name in ("llm_timeout_s", "llm_idle_timeout_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: {getattr(self, name)} is too small; give more than 0.")
        choices = {
            "synchronous": ("normal", "full"),
            "log_level": ("debug", "info", "warning", "error"),
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
        if "llm" in (self.planner, self.responder) and not self.has_language_model:
            raise ValueError("planner: `llm` needs llm_base_url (OPENAI_BASE_URL) or llm_api_key (OPENAI_API_KEY).")

    @property
    def has_language_model(self) -> bool:
        """Whether an endpoint or a key is configured."""
        return bool(self.llm_base_url or self.llm_api_key)

    @property
    def resolved_database_url(self) -> str:
        """The URL of the database, with the embedded default filled in."""
        return self.database_url or f"sqlite:///{self.home / 'controller.sqlite3'}"
