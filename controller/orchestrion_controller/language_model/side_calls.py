"""Calls to an endpoint besides the chat: optional facts, with a short timeout and no retry."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrion_controller.language_model.failures import explained
from orchestrion_controller.language_model.messages import LanguageModelConfig
from orchestrion_serving.chat import ChatFailure
from orchestrion_serving.chat_endpoint import ChatEndpoint


class SideCalls:
    """Gets JSON from an endpoint; None where it does not have it."""

    def __init__(self, endpoint: ChatEndpoint, config: LanguageModelConfig) -> None:
        """Keeps the endpoint."""
        self._endpoint = endpoint
        self._config = config

    async def get(self, path: str, *, of_api: bool = False) -> object:
        """Gets a path of the server or, `of_api`, one below the URL that ends in `/v1`.

        Raises:
            UnavailableError: The endpoint does not answer now.
        """
        return await self._ask(path, None, of_api=of_api)

    async def post(self, path: str, body: Mapping[str, object]) -> object:
        """Posts JSON to a path of the server; errors as `get`."""
        return await self._ask(path, body)

    async def _ask(self, path: str, body: Mapping[str, object] | None, *, of_api: bool = False) -> object:
        try:
            return await self._endpoint.side_call(path, body, of_api=of_api)
        except ChatFailure as failure:
            raise explained(failure, self._config) from failure
