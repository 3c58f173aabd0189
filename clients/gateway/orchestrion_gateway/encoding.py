"""Responses in proto3 JSON: field for field what the messages of the same names have over gRPC."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from fastapi.responses import Response

from orchestrion import (
    Artifact,
    Assignment,
    Event,
    Expert,
    Host,
    HubModel,
    ListedExpert,
    ListedTaskType,
    ModelProgress,
    Run,
    to_json,
)
from orchestrion.events import PlanFinished
from orchestrion.experts import ExpertStatus
from orchestrion.models import ListedModel, Profile

Thing: TypeAlias = (
    Artifact
    | Assignment
    | Event
    | Expert
    | ExpertStatus
    | Host
    | HubModel
    | ListedExpert
    | ListedModel
    | ListedTaskType
    | ModelProgress
    | PlanFinished
    | Profile
    | Run
)
"""What is written."""


def response_of(thing: Thing, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Makes the response that is one thing."""
    return _json(to_json(thing), status, headers)


def listing(next_page_token: str = "", **lists: Iterable[Thing]) -> Response:
    """Makes the response that has lists of things by their names, and the token of the next page where there is one."""
    members = [f"{json.dumps(name)}: [{', '.join(map(to_json, things))}]" for name, things in lists.items()]
    if next_page_token:
        members.append(f'"nextPageToken": {json.dumps(next_page_token)}')
    return _json(f"{{{', '.join(members)}}}", 200, None)


def _json(text: str, status: int, headers: Mapping[str, str] | None) -> Response:
    # What is listed changes; a browser that goes back must not show what was.
    return Response(text, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")
