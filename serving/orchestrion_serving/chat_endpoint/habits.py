"""What was learned about one model at one endpoint."""

from __future__ import annotations

from orchestrion_serving.chat import Abilities, EndpointAddress, ReplyReader


class EndpointHabits:
    """What an endpoint has refused, and how its model thinks; kept from call to call."""

    def __init__(self, address: EndpointAddress) -> None:
        """Begins with what is usual."""
        # Only there does strict mode want a form of its own; others enforce a schema as it is, or not at all.
        self.abilities = Abilities(is_strict=address.is_openai)
        self.thinks_aloud = False
        """Whether the model's thoughts begin without a mark."""

    def learn_abilities(self, abilities: Abilities) -> None:
        """Records what a call that was answered had to leave out."""
        self.abilities = self.abilities.and_(abilities)

    def learn_thoughts(self, reader: ReplyReader, *, is_json: bool) -> None:
        """Records how the model thought in a reply; one of JSON proves nothing, since it may have been forced."""
        if reader.closes_unopened:
            self.thinks_aloud = True
        elif not is_json and reader.has_ended:
            self.thinks_aloud = False
