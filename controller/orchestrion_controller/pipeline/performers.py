"""The planners and responders that requests choose among, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestrion.errors import Reason
from orchestrion_controller.stages import Planner, Responder, prepare


@dataclass(frozen=True, slots=True)
class Performers:
    """The planners and responders that are configured, by name, and which are the defaults."""

    planners: Mapping[str, Planner]
    """The planners, by name."""
    responders: Mapping[str, Responder]
    """The responders, by name."""
    default_planner: Callable[[], str]
    """Returns the name of the planner for requests that name none, as things are now."""
    default_responder: Callable[[], str]
    """Returns the name of the responder for requests that name none, as things are now."""

    def prepare(self) -> None:
        """Has the default planner load what its first request needs, where it loads anything."""
        prepare(self.planners[self.default_planner()])

    def planner(self, requested: str) -> Planner:
        """Returns the planner requested, or the default; errors as `choose`."""
        return self.planners[choose("planner", requested, self.default_planner(), self.planners)]

    def responder(self, requested: str) -> Responder:
        """Returns the responder requested, or the default; errors as `choose`."""
        return self.responders[choose("responder", requested, self.default_responder(), self.responders)]

    def answers_by_model(self, requested: str) -> bool:
        """Whether the responder requested, or the default, is a language model."""
        return (requested or self.default_responder()) == "llm"


def choose(kind: str, requested: str, default: str, available: Mapping[str, object]) -> str:
    """Chooses the planner or responder: the one requested, or the default.

    Raises:
        InvalidArgumentError: There is none of that name; the message lists those that there are.
        FailedPreconditionError: It is not configured.
    """
    name = requested or default
    if name in available:
        return name
    if name == "llm":
        message = f"{kind}: no language model is configured; set OPENAI_BASE_URL, OPENAI_API_KEY or llm_expert for the "
        message += "controller."
        raise Reason.NOT_CONFIGURED.error(message, field=kind)
    message = f"{kind}: there is no {name!r}; this server has {', '.join(sorted(available))}."
    raise Reason.INVALID_FIELD.error(message, field=kind)
