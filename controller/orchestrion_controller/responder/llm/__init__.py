"""The responder that asks a language model: what it is shown, what its words become, and what is added to them."""

from __future__ import annotations

from orchestrion_controller.responder.llm.responder import LLMResponder

__all__ = ["LLMResponder"]
