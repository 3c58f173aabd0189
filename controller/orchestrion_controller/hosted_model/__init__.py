"""A language model of the platform's own: a conversational expert on one of its hosts."""

from __future__ import annotations

from orchestrion_controller.hosted_model.model import HostedChatModel

__all__ = ["HostedChatModel"]
