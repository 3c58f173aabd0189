"""A scripted language model that chooses by what it reads in the prompt alone, and by a rule that anybody would follow.

It knows nothing of scores, features or cases: what it gets right shows that the prompt tells what is needed. It is
behind real HTTP, as a language model is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.llm_server import Call, LLMServer, Reply

_TASK: Final = re.compile(r"^Task `([^`]+)`:", re.MULTILINE)
_INPUT: Final = re.compile(r"^  ([a-z_ ]+): (.*)$", re.MULTILINE)
_SIZE: Final = re.compile(r"([\d,]+) (characters|seconds)")
_LANGUAGES: Final = ("spoken_language", "language", "language of its text")
_WORD: Final = re.compile(r"[a-z]{3,}")
_EMPTY: Final = frozenset(
    {"the", "and", "for", "this", "that", "with", "which", "what", "are", "was", "who", "has", "have", "how", "does"}
    | {"did", "our", "you", "your", "please", "text", "english", "from", "into", "not", "its", "one", "sum", "find"}
)


@dataclass(frozen=True, slots=True)
class _Task:
    id: str
    inputs: Mapping[str, str]
    sizes: Mapping[str, int]
    candidates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class ReadingServer(LLMServer):
    """Answers every call for a selection by what the prompt says."""

    def _next_reply(self, call: Call) -> Reply:
        prompt = call.body["messages"][-1]["content"]
        return Reply(json.dumps({"choices": choose(prompt)}))


def choose(prompt: str) -> Mapping[str, Mapping[str, str]]:
    """Chooses for every task of a prompt: fits, speaks the language, is of the domain, asks little, errs little."""
    request = prompt.partition("\n\n")[0] if prompt.startswith("The person's request") else ""
    chosen = {}
    for task in _tasks(prompt):
        words = _words(request + " " + task.inputs.get("domain", ""))
        best = max(task.candidates, key=lambda name: _merit(task, task.candidates[name], words))
        chosen[task.id] = {"reason": f"{best} fits, and is the best of those that do.", "expert": best}
    return chosen


def _merit(task: _Task, facts: Mapping[str, str], words: frozenset[str]) -> tuple[float, ...]:
    domain = facts["domain"]
    about = _words(f"{facts['about']} {domain}")
    wanted = domain == "general use" or bool(words & _words(domain)) or f'"{domain}"' == task.inputs.get("domain")
    licence = facts["licence"].lower()
    seconds = float(facts["now"].rpartition("about ")[2].removesuffix(" s"))
    accuracy = float(facts.get("accuracy", "0.9").split()[0])
    return (
        _fits(task, facts),
        _speaks(task, facts),
        wanted,
        min(2, len(words & about)),
        -1 if "-nc" in licence or licence == "not known" else 0,
        -round((1 - accuracy) * 10) - (1 if seconds > 10 else 0),
        -seconds,
    )


def _fits(task: _Task, facts: Mapping[str, str]) -> int:
    limits = {unit: int(count.replace(",", "")) for count, unit in _SIZE.findall(facts.get("takes at most", ""))}
    return int(all(task.sizes.get(unit, 0) <= most for unit, most in limits.items()))


def _speaks(task: _Task, facts: Mapping[str, str]) -> int:
    listed = facts["languages"].split(", ")
    named = next((task.inputs[name].strip('"') for name in _LANGUAGES if name in task.inputs), "")
    source = task.inputs.get("language of its text", "")
    takes = re.search(r"source_language ([a-z, ]+)", facts.get("takes only", ""))
    if takes and source and source not in takes.group(1):
        return 0
    if named and named in listed:
        return 2
    return int(not named or "any" in listed[0] or listed[-1].endswith(" more"))


def _tasks(prompt: str) -> Sequence[_Task]:
    described, _, listed = prompt.partition("\n\nExperts:\n")
    experts = {}
    for line in filter(None, listed.splitlines()):
        name, _, facts = line.removeprefix("- ").partition(": ")
        about, *rest = facts.split(" | ")
        experts[name] = {"about": about, **dict(fact.split(": ", 1) for fact in rest)}
    starts = [match.start() for match in _TASK.finditer(described)]
    return [
        _task(described[start:end], experts) for start, end in zip(starts, [*starts[1:], len(described)], strict=True)
    ]


def _task(block: str, experts: Mapping[str, Mapping[str, str]]) -> _Task:
    head, _, listed = block.partition("  candidates: ")
    match = _TASK.match(head)
    assert match is not None
    inputs = dict(_INPUT.findall(head))
    sizes = {unit: int(count.replace(",", "")) for count, unit in _SIZE.findall(head)}
    candidates = {}
    for candidate in listed.strip().split("; "):
        name, _, now = candidate.removesuffix(")").partition(" (")
        candidates[name] = {**experts[name], "now": now}
    return _Task(match.group(1), inputs, sizes, candidates)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.rstrip("s") for word in _WORD.findall(text.lower())) - _EMPTY
