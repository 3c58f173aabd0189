"""An OpenAI-compatible endpoint over HTTP: what controller and workers ask, and `orchestrion_serving.chat` reads."""

from __future__ import annotations

from orchestrion_serving.chat_endpoint.call import ReplyTimeouts
from orchestrion_serving.chat_endpoint.endpoint import ChatEndpoint
from orchestrion_serving.chat_endpoint.habits import EndpointHabits

__all__ = ["ChatEndpoint", "EndpointHabits", "ReplyTimeouts"]
