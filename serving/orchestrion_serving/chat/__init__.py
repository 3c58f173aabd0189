"""Chat completions as endpoints really answer them: bytes in, pieces of a reply and its end out. Pure, without I/O.

A request is written by `Abilities`, which learn from refusals what to leave out; its answer is read by `ReplyReader`.
"""

from __future__ import annotations

from orchestrion_serving.chat.addresses import OPENAI, EndpointAddress, wrong_key, wrong_url
from orchestrion_serving.chat.complaints import Complaint
from orchestrion_serving.chat.continuing import Joint, continuation
from orchestrion_serving.chat.counts import TokenCounts
from orchestrion_serving.chat.parameters import Abilities, ChatParameters, Format, Message, Schema
from orchestrion_serving.chat.reader import ReplyEnd, ReplyReader
from orchestrion_serving.chat.troubles import ChatFailure, ContextRefusal, Trouble, context_refusal, trouble_of

__all__ = [
    "OPENAI",
    "Abilities",
    "ChatFailure",
    "ChatParameters",
    "Complaint",
    "ContextRefusal",
    "EndpointAddress",
    "Format",
    "Joint",
    "Message",
    "ReplyEnd",
    "ReplyReader",
    "Schema",
    "TokenCounts",
    "Trouble",
    "context_refusal",
    "continuation",
    "trouble_of",
    "wrong_key",
    "wrong_url",
]
