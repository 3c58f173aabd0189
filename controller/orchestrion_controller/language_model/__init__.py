"""One OpenAI-compatible endpoint: used by the planner, the selection and the responder."""

from __future__ import annotations

from orchestrion_controller.language_model.chat_model import ChatModel
from orchestrion_controller.language_model.fitting import chat_fitting
from orchestrion_controller.language_model.messages import ChatMessage, Ended, LanguageModelConfig, Schema
from orchestrion_controller.language_model.model import LanguageModel

__all__ = ["ChatMessage", "ChatModel", "Ended", "LanguageModel", "LanguageModelConfig", "Schema", "chat_fitting"]
