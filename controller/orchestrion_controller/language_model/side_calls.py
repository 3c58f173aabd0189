"""Calls to an endpoint besides the chat: optional facts, with a short timeout and no retry."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Final

from orchestrion_controller.language_model.failures import explained
from orchestrion_controller.language_model.messages import LanguageModelConfig

if TYPE_CHECKING:
    import openai

_TIMEOUT_S: Final = 3.0


class SideCalls:
    """Gets JSON from an endpoint; None where it does not have it."""

    def __init__(self, client: openai.AsyncOpenAI, config: LanguageModelConfig) -> None:
        """Keeps the client."""
        self._client = client
        self._config = config

    async def get(self, path: str, *, of_api: bool = False) -> object:
        """Gets a path of the server or, `of_api`, one below the URL that ends in `/v1`.

        Raises:
            UnavailableError: The endpoint does not answer now.
        """
        return await self._answer(self._client.get(self._url(path, of_api), cast_to=object, options=self._options))

    async def post(self, path: str, body: Mapping[str, object]) -> object:
        """Posts JSON to a path of the server; errors as `get`."""
        url = self._url(path, of_api=False)
        return await self._answer(self._client.post(url, cast_to=object, body=body, options=self._options))

    @property
    def _options(self) -> openai.RequestOptions:
        return {"timeout": _TIMEOUT_S, "max_retries": 0}

    def _url(self, path: str, of_api: bool) -> str:
        base = str(self._client.base_url).rstrip("/")
        return (base if of_api else base.removesuffix("/v1")) + path

    async def _answer(self, call: Awaitable[object]) -> object:
        import openai

        try:
            answer = await call
            # The client returns a body of another content type as text.
            return json.loads(answer) if isinstance(answer, str) else answer
        except openai.APIConnectionError as error:
            raise explained(error, self._config) from error
        except (openai.OpenAIError, ValueError):
            # No such path, a refusal, or an answer that is no JSON.
            return None
