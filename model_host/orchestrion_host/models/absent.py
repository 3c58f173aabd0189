"""The experts of the catalogue that cannot be given work on this host now, each with the command that brings it."""

from __future__ import annotations

from orchestrion.experts import AbsentExpert, AcceptedValues, ExpertState
from orchestrion_host.catalogue import presence
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.catalogue.presence import Presence


def absent_expert(facts: ModelFacts, place: Presence, profile: str) -> AbsentExpert | None:
    """Describes an expert that is absent; None where no command would bring it.

    Args:
        facts: What the catalogue says of it.
        place: Whether it can run here, and what is missing.
        profile: The smallest profile that offers it, where the host's own does not; else empty.
    """
    command, download_bytes = "", 0
    if presence.missing_packages(facts):
        command = presence.install_command(facts)
    elif place.state is ExpertState.TO_BE_FETCHED:
        command, download_bytes = f"orchestrion models pull {facts.id}", facts.download_bytes or facts.published_bytes
    elif place.state is ExpertState.LOADABLE and facts.checkpoints:
        # Another program has fetched them; a pull only writes that down.
        command = f"orchestrion models pull {facts.id}"
    elif place.state is ExpertState.LOADABLE and profile:
        command = f"orchestrion up --profile {profile}"
    if not command:
        return None
    return AbsentExpert(
        facts.id,
        facts.task_types,
        languages=facts.languages,
        domain=facts.domain,
        accepts=tuple(AcceptedValues(name, values) for name, values in facts.accepts.items()),
        default_for=facts.default_for,
        command=command,
        download_bytes=download_bytes,
    )
