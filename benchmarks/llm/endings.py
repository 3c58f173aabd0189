"""How recorded conversations are to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.llm.values import Turn
from orchestrion.plans import Task


@dataclass(frozen=True, slots=True)
class Wording:
    """What a text has to say."""

    has: tuple[str, ...] = ()
    """Each stands in it."""
    lacks: tuple[str, ...] = ()
    """None stands in it."""
    order: tuple[str, ...] = ()
    """Each stands in it, in this order."""
    once: tuple[str, ...] = ()
    """Each stands in it exactly once."""

    @classmethod
    def of(cls, row: Mapping[str, Sequence[str]]) -> Wording:
        """Reads it."""
        return cls(**{name: tuple(texts) for name, texts in row.items()})

    def problems(self, text: str, what: str) -> Sequence[str]:
        """Lists what is wrong with a text."""
        wrong = [f"{what} lacks {part!r}" for part in self.has if part not in text]
        wrong += [f"{what} has {part!r}" for part in self.lacks if part in text]
        wrong += [f"{what} has {part!r} {text.count(part)} times" for part in self.once if text.count(part) != 1]
        place = 0
        for part in self.order:
            place = text.find(part, place) + len(part)
            if place < len(part):
                return [*wrong, f"{what} lacks {part!r} after those before it"]
        return wrong


@dataclass(frozen=True, slots=True)
class Ending:
    """How a conversation is to end."""

    plan: tuple[Task, ...] | None = None
    """The plan; None where none is wanted."""
    not_done: tuple[str, ...] = ()
    """The words that a plan leaves out; all of the request's where there is no plan."""
    not_done_why: tuple[str, ...] = ()
    """The reasons, where the model names no words."""
    is_refusal: bool = False
    """Whether nothing is planned, because nothing can be done."""
    no_task: str = ""
    """Part of the reason why no task is needed."""
    declined: str = ""
    """The reason of the error by which the planner hands on that the model would not plan."""
    says: Wording = Wording()
    """What the error, or the answer, says."""
    text: str = ""
    """The whole answer."""
    files: tuple[str, ...] | None = None
    """The files that the answer names, in order; None for any."""
    chosen: Mapping[str, str] = field(default_factory=dict)
    """The experts chosen, by task; empty where rank is left to choose."""
    repair: Wording | None = None
    """What the model is told of its first reply; None where that is good."""

    @classmethod
    def of(cls, written: Mapping[str, Any], turn: Turn, plans: Mapping[str, Sequence[Any]]) -> Ending:
        """Reads it.

        Args:
            written: What the data says of it.
            turn: The turn that ends so.
            plans: Plans that have names.
        """
        plan = written.get("plan")
        tasks = plans[plan] if isinstance(plan, str) else plan
        return cls(
            turn.tasks(tasks) if tasks is not None else None,
            tuple(written.get("not_done", ())) or tuple(written.get("refusal", ())),
            tuple(written.get("not_done_why", ())),
            "refusal" in written,
            written.get("no_task", ""),
            written.get("declined", ""),
            Wording(tuple(written.get("says", ())), tuple(written.get("lacks", ()))),
            written.get("text", ""),
            tuple(written["files"]) if "files" in written else None,
            written.get("chosen", {}),
            Wording.of(written["repair"]) if "repair" in written else None,
        )

    @property
    def kind(self) -> str:
        """What it is, in a word or two."""
        if self.plan is not None:
            kind = "partial plan" if self.not_done or self.not_done_why else "plan"
        else:
            others = {"refusal": self.is_refusal, "no task": self.no_task, "declined": self.declined}
            kind = next((name for name, is_so in others.items() if is_so), "choice" if self.chosen else "answer")
        return f"{kind} after a repair" if self.repair else kind
