"""Parameters of a call: read into a model, and none of them dropped in silence.

OpenAI's API has many parameters that no expert here has an input for. One at the value that changes nothing is fine, a
few may be ignored by what the API itself says of them, and every other one is an error that names it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrion import OrchestrionError, Reason
from orchestrion_gateway.bodies import read_json
from orchestrion_gateway.config import GatewayConfig

P = TypeVar("P", bound="Parameters")

_INLINE_BYTES: Final = 48 << 20
"""How large a body with files in it may be, in bytes; OpenAI takes 50 MB. Larger files are uploaded first."""

_READ_ON_LOOP_BYTES: Final = 1 << 16
"""Bodies up to this size are read on the event loop, since a thread would take longer."""

_IGNORED: Final = frozenset(
    {
        "metadata",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "user",
    }
)
"""What is for the operator of the API and its caches: it changes no answer."""


class Parameters(BaseModel):
    """The parameters of a call that are used; each call derives its own."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True, protected_namespaces=())

    UNCHANGING: ClassVar[Mapping[str, tuple[object, ...]]] = {}
    """Parameters that are not used, with the values at which they ask for nothing."""

    def check_unused(self) -> None:
        """Refuses what is asked for and not used.

        Raises:
            InvalidArgumentError: Such a parameter has a value that would change something.
        """
        for name, value in (self.model_extra or {}).items():
            if value is None or name in _IGNORED:
                continue
            unchanging = self.UNCHANGING.get(name)
            if unchanging is None:
                raise unsupported(name, f"{name}: there is no such parameter here.")
            if value not in unchanging:
                usual = " or ".join(repr(one) for one in unchanging) or "nothing"
                raise unsupported(name, f"{name}: it cannot be honoured here; leave it out, or at {usual}.")


def unsupported(name: str, message: str) -> OrchestrionError:
    """Makes the error of a parameter that cannot be honoured."""
    return Reason.INVALID_FIELD.error(message, field=name)


async def read(request: Request, kind: type[P], config: GatewayConfig) -> P:
    """Reads a body of JSON.

    Raises:
        InvalidArgumentError: It is no JSON, or a parameter cannot be.
        ResourceExhaustedError: It is too large.
        HTTPException: It is said to be something else than JSON.
    """
    text = await read_json(request, min(max(config.max_body_bytes, _INLINE_BYTES), config.max_upload_bytes))
    if len(text) <= _READ_ON_LOOP_BYTES:
        return of_json(text, kind)
    return await asyncio.to_thread(of_json, text, kind)


def of_json(text: str, kind: type[P]) -> P:
    """Reads parameters from JSON; errors as those of `read`."""
    return _checked(kind, lambda: kind.model_validate_json(text or "{}"))


def of_fields(fields: Mapping[str, Any], kind: type[P]) -> P:
    """Reads parameters from the fields of a form; errors as those of `read`."""
    return _checked(kind, lambda: kind.model_validate(fields))


def _checked(kind: type[P], validate: Any) -> P:
    try:
        parameters: P = validate()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = _path(first["loc"])
        raise Reason.INVALID_FIELD.error(f"{field or 'body'}: {first['msg']}.", field=field or "body") from None
    parameters.check_unused()
    return parameters


def _path(places: tuple[int | str, ...]) -> str:
    """Writes a place as OpenAI does: `messages[0].content`."""
    path = ""
    for place in places:
        path += f"[{place}]" if isinstance(place, int) else f".{place}" if path else place
    return path
