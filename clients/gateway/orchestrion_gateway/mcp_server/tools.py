"""The tools that assistants are shown: one for plain words, and one for each task type on offer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mcp_types import Tool, ToolAnnotations

from orchestrion_gateway.mcp_server.offers import ASK, OfferedTaskType
from orchestrion_gateway.mcp_server.tool_schemas import (
    FILE_SCHEMA,
    JsonSchema,
    file_list,
    input_schema,
    output_schema,
)

_ASK: Final = """\
Carries out a request in plain words with expert AI models: it is planned as tasks, each is given to the best expert, \
and the results are put into an answer. The words may be English, Chinese, German, French, Spanish or Japanese. Use it \
where a request takes several steps, or where no other tool fits; for one step, the tool of its task is quicker."""

_ASK_OUTPUT: Final[JsonSchema] = {
    "type": "object",
    "properties": {
        "answer": {"type": "string", "description": "The answer in words."},
        "run": {"type": "string", "description": "What was carried out; `previous_run` continues it."},
        "files": {"type": "array", "items": FILE_SCHEMA, "description": "The files that the answer names."},
        "failed_tasks": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "task": {"type": "string"},
                    "type": {"type": "string"},
                    "reason": {"type": "string"},
                    "message": {"type": "string"},
                },
                "required": ["task", "type", "reason", "message"],
            },
            "description": "The tasks that did not succeed, and why.",
        },
    },
    "required": ["answer", "run", "files", "failed_tasks"],
}

# Files that are made are added to the store; nothing is changed or taken away.
_ANNOTATIONS: Final = ToolAnnotations(destructive_hint=False)


def ask_schema(*, local_files: bool) -> JsonSchema:
    """Returns the schema of what `ask` takes."""
    return {
        "type": "object",
        "properties": {
            "request": {"type": "string", "description": "What is to be done, in plain words."},
            "files": file_list(local_files=local_files),
            "previous_run": {
                "type": "string",
                "description": "The `run` of an earlier result, to continue that conversation: its words, results and "
                "files are known.",
            },
        },
        "required": ["request"],
        "additionalProperties": False,
    }


def tools_of(offered: Iterable[OfferedTaskType], *, local_files: bool) -> list[Tool]:
    """Returns the tools, `ask` first.

    Args:
        offered: The task types on offer.
        local_files: Whether files may be named by their paths.
    """
    ask = Tool(
        name=ASK,
        title="Ask",
        description=_ASK,
        input_schema=ask_schema(local_files=local_files),
        output_schema=_ASK_OUTPUT,
        annotations=_ANNOTATIONS,
    )
    return [ask, *(_task_tool(offer, local_files=local_files) for offer in offered)]


def _task_tool(offer: OfferedTaskType, *, local_files: bool) -> Tool:
    task_type = offer.task_type
    spoken = f" Languages: {', '.join(offer.languages)}." if offer.languages else ""
    return Tool(
        name=offer.tool_name,
        title=task_type.name.replace("-", " ").capitalize(),
        description=f"{task_type.description}{spoken}",
        input_schema=input_schema(task_type, local_files=local_files),
        output_schema=output_schema(task_type),
        annotations=_ANNOTATIONS,
    )
