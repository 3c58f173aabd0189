"""The parameters of responses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from orchestrion import Reason, Role
from orchestrion_gateway.openai_api import turns
from orchestrion_gateway.openai_api.chat_parameters import schema_of
from orchestrion_gateway.openai_api.content_parts import wrong
from orchestrion_gateway.openai_api.expert_generation import ExpertSampling, ParameterNames
from orchestrion_gateway.openai_api.parameters import Parameters, unsupported
from orchestrion_gateway.openai_api.turns import Turn

NAMES: Final = ParameterNames("max_output_tokens", "text.format", "input")
"""What this call names the inputs of a task."""

_ID: Final = re.compile(r"resp_([0-9a-z]{1,64})")


class ResponseParameters(Parameters):
    """What is used of a call of `/v1/responses`."""

    UNCHANGING: ClassVar[Mapping[str, tuple[object, ...]]] = {
        "background": (False,),
        "context_management": ([],),
        "include": ([],),
        "max_tool_calls": (),
        "parallel_tool_calls": (True, False),
        "service_tier": ("auto", "default"),
        "stream_options": ({}, {"include_obfuscation": False}),
        "tool_choice": ("none", "auto"),
        "tools": ([],),
        "top_logprobs": (0,),
        "top_p": (1,),
    }

    model: str
    input: Any
    instructions: str | None = None
    stream: bool | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    truncation: Literal["auto", "disabled"] | None = None
    text: dict[str, Any] | None = None
    reasoning: dict[str, Any] | None = None
    metadata: dict[str, str] | None = None

    def sampling(self) -> ExpertSampling:
        """Returns how the model is to write.

        Raises:
            InvalidArgumentError: A parameter cannot be honoured.
        """
        text = self.text or {}
        if text.get("verbosity") not in {None, "medium"}:
            raise unsupported("text.verbosity", "text.verbosity: it cannot be honoured here; leave it out.")
        if (self.reasoning or {}).get("effort") not in {None, "none"}:
            raise unsupported("reasoning.effort", "reasoning.effort: it cannot be honoured here; leave it out.")
        schema = schema_of(text.get("format"), "text.format")
        return ExpertSampling(self.max_output_tokens, self.temperature, None, schema)

    def turns(self) -> tuple[Turn, ...]:
        """Reads the input, after the instructions.

        Raises:
            InvalidArgumentError: An item of it is none, or cannot be used here.
        """
        if isinstance(self.input, str):
            items: Any = [{"role": "user", "content": self.input}]
        elif isinstance(self.input, list):
            for place, item in enumerate(self.input):
                kind = item.get("type", "message") if isinstance(item, dict) else "message"
                if kind not in {"message", "reasoning"}:
                    raise wrong(f"input[{place}].type", f"{kind!r} is no kind of item that is used here")
            # What was thought before is no part of the conversation.
            items = [item for item in self.input if not (isinstance(item, dict) and item.get("type") == "reasoning")]
        else:
            items = self.input
        begin = (Turn(Role.SYSTEM, self.instructions, path="instructions"),) if self.instructions else ()
        return (*begin, *turns.read(items, "input"))

    @property
    def previous_run(self) -> str:
        """Returns the run that the previous response is; empty for none.

        Raises:
            NotFoundError: It is no id of a response.
        """
        return "" if self.previous_response_id is None else run_of(self.previous_response_id, "previous_response_id")


def run_of(response_id: str, field: str) -> str:
    """Returns the run that a response is.

    Raises:
        NotFoundError: It is no id of a response.
    """
    match = _ID.fullmatch(response_id)
    if match is None:
        raise Reason.RUN_NOT_FOUND.error(f"{field}: no such response: {response_id!r}.", field=field)
    return f"runs/{match[1]}"


def id_of(run: str) -> str:
    """Returns the id of the response that a run is."""
    return f"resp_{run.removeprefix('runs/')}"
