"""Parses the choices in a language model's reply, also of an unconstrained one. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion.values import JsonObject

_LONGEST_REASON: Final = 500
_NAMES: Final = ("expert", "expert_id", "id", "model")
"""Keys under which models name the expert; the prompt asks for the first."""


@dataclass(frozen=True, slots=True)
class ExpertChoice:
    """What a language model chose for one task."""

    expert_id: str
    """What it named, whether or not there is such a candidate; empty where it named nothing."""
    reason: str
    """Why, in its words; may be empty."""


def read(text: str, task_ids: Sequence[str]) -> Mapping[str, ExpertChoice] | None:
    """Reads a reply.

    Args:
        text: The reply, in which there may be words or a fence around the object.
        task_ids: The tasks of the prompt; where there is one only, a reply may leave its id out.

    Returns:
        The choices by task id, as far as there are any; None where the reply holds no object.
    """
    reply = _object(text)
    if reply is None:
        return None
    choices = reply.get("choices", reply)
    if isinstance(choices, list):
        choices = {str(item.get("task", item.get("task_id"))): item for item in choices if isinstance(item, dict)}
    if not isinstance(choices, dict):
        return {}
    if len(task_ids) == 1 and task_ids[0] not in choices and any(name in choices for name in _NAMES):
        choices = {task_ids[0]: choices}
    return {task_id: _choice(choices[task_id]) for task_id in task_ids if task_id in choices}


def _object(text: str) -> JsonObject | None:
    """Returns the first JSON object in a text; None where there is none that is whole."""
    decoder, start = json.JSONDecoder(), text.find("{")
    while start >= 0:
        try:
            value, _ = decoder.raw_decode(text, start)
        except ValueError:
            start = text.find("{", start + 1)
            continue
        if isinstance(value, dict):
            return value
    return None


def _choice(item: object) -> ExpertChoice:
    if isinstance(item, str):
        return ExpertChoice(item, "")
    if not isinstance(item, dict):
        return ExpertChoice("", "")
    named = next((item[name] for name in _NAMES if isinstance(item.get(name), str)), "")
    reason = item.get("reason")
    reason = " ".join(reason.split()) if isinstance(reason, str) else ""
    return ExpertChoice(named, reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON].rstrip()} …")
