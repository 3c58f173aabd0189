"""Reads the facts of an expert from its Python class: `python -m orchestrion_host.worker.describing TARGET`.

A program beside the host, as `orchestrion_host.programs` runs them, since the host's own process imports no code of
plug-ins.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from typing import IO

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonData, JsonObject
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.plugins import Expert
from orchestrion_host.worker import python_classes


def main() -> None:
    """Writes `{"result": facts}` or `{"error": …}`; what the module prints goes to stderr."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as output:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        _answer(sys.argv[1], output)


def facts_of(expert_class: type[Expert]) -> JsonObject:
    """Returns what a class says about itself, by the names of the catalogue's fields, as plain data."""
    names = ModelFacts.__struct_fields__
    stated = {name: getattr(expert_class, name) for name in names if hasattr(expert_class, name)}
    # What the base class says is no statement of the author's.
    facts = {name: value for name, value in stated.items() if value != getattr(Expert, name, None)}
    if "description" not in facts and expert_class.__doc__:
        facts["description"] = " ".join(inspect.cleandoc(expert_class.__doc__).split("\n\n")[0].split())
    return {name: _plain(value) for name, value in facts.items()}


def _plain(value: object) -> JsonData:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple | set | frozenset) else value


def _answer(target: str, output: IO[str]) -> None:
    try:
        text = json.dumps({"result": facts_of(python_classes.find(target))})
    except OrchestrionError as error:
        text = json.dumps({"error": {"reason": error.reason, "message": error.message}})
    except SyntaxError as error:
        where = f"{error.filename}, line {error.lineno}"
        text = _failure(f"{where}: {error.msg}")
    except BaseException as error:
        text = _failure(f"{type(error).__name__}: {error}")
    output.write(text + "\n")


def _failure(message: str) -> str:
    return json.dumps({"error": {"reason": Reason.EXPERT_LOAD_FAILED.name, "message": message}})


if __name__ == "__main__":
    main()
