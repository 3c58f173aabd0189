"""The parameters of chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from orchestrion_gateway.openai_api.expert_generation import ExpertSampling, ParameterNames
from orchestrion_gateway.openai_api.parameters import Parameters, unsupported

StopTexts = str | list[str] | None

_MOST_STOPS = 4


class StreamOptions(BaseModel):
    """What a stream has beside the answer."""

    model_config = ConfigDict(extra="forbid")

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class ChatCompletionParameters(Parameters):
    """What is used of a call of `/v1/chat/completions`."""

    UNCHANGING: ClassVar[Mapping[str, tuple[object, ...]]] = {
        "frequency_penalty": (0,),
        "function_call": ("none", "auto"),
        "functions": ([],),
        "logit_bias": ({},),
        "logprobs": (False,),
        "modalities": (["text"],),
        "n": (1,),
        "parallel_tool_calls": (True, False),
        "presence_penalty": (0,),
        "service_tier": ("auto", "default"),
        "store": (False,),
        "tool_choice": ("none", "auto"),
        "tools": ([],),
        "top_logprobs": (0,),
        "top_p": (1,),
        "verbosity": ("medium",),
        # Without a model that reasons there is no effort to choose.
        "reasoning_effort": ("none",),
    }

    model: str
    messages: Any
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    seed: Annotated[int, Field(ge=0, le=4_294_967_295)] | None = None
    stop: StopTexts = None
    response_format: dict[str, Any] | None = None

    @property
    def names(self) -> ParameterNames:
        """Returns what this call names the inputs of the task."""
        limit = "max_completion_tokens" if self.max_completion_tokens is not None else "max_tokens"
        return ParameterNames(limit, "response_format", "messages")

    def sampling(self) -> ExpertSampling:
        """Returns how the model is to write.

        Raises:
            InvalidArgumentError: Parameters contradict each other, or one cannot be.
        """
        if None not in {self.max_tokens, self.max_completion_tokens} and self.max_tokens != self.max_completion_tokens:
            raise unsupported("max_tokens", "max_tokens: it is another number than max_completion_tokens.")
        return ExpertSampling(
            self.max_completion_tokens or self.max_tokens,
            self.temperature,
            self.seed,
            schema_of(self.response_format, "response_format"),
            stop_texts(self.stop),
        )


def check_platform(sampling: ExpertSampling, names: ParameterNames) -> None:
    """Refuses what the pipeline as a whole cannot honour: it has no sampling of its own.

    Raises:
        InvalidArgumentError: Something of it is asked for.
    """
    for name, value in (
        (names.max_tokens, sampling.max_tokens),
        ("temperature", sampling.temperature),
        ("seed", sampling.seed),
        (names.schema, sampling.schema),
        ("stop", sampling.stop or None),
    ):
        if value is not None:
            message = f"{name}: the model orchestrion plans and has experts work, and takes no {name}; leave it out."
            raise unsupported(name, message)


def stop_texts(stop: StopTexts) -> tuple[str, ...]:
    """Reads stop sequences.

    Raises:
        InvalidArgumentError: There are more than four, or one is empty.
    """
    sequences = (stop,) if isinstance(stop, str) else tuple(stop or ())
    if len(sequences) > _MOST_STOPS or "" in sequences:
        raise unsupported("stop", f"stop: at most {_MOST_STOPS} texts are taken, and none may be empty.")
    return sequences


def schema_of(form: Mapping[str, Any] | None, name: str) -> Any:
    """Reads the form that an answer must have: a JSON Schema; None for any text.

    Args:
        form: `{"type": "json_schema", …}` as chat completions or responses have it.
        name: What the call names it.

    Raises:
        InvalidArgumentError: It is none.
    """
    kind = (form or {}).get("type", "text")
    if form is None or kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    described = form.get("json_schema", form)
    schema = described.get("schema") if isinstance(described, Mapping) else None
    if kind != "json_schema" or not isinstance(schema, Mapping):
        raise unsupported(name, f"{name}: its type must be text, json_object, or json_schema with a schema.")
    return schema
