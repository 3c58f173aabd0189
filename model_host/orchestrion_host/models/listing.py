"""The catalogue of a host as its clients see it: every model, whether it is offered, and the profiles."""

from __future__ import annotations

from orchestrion.errors import Reason
from orchestrion.experts import ExpertState
from orchestrion.models import ListedModel, Profile
from orchestrion_host.catalogue import profiles, snapshots
from orchestrion_host.models.collection import Collection


def models(collection: Collection, task_type: str, profile: str) -> list[ListedModel]:
    """Lists models by id.

    Args:
        collection: The catalogue of the host.
        task_type: What they must perform; empty for anything.
        profile: The profile that they must belong to; empty for any.

    Raises:
        InvalidArgumentError: There is no such profile.
    """
    known_profiles = profiles.read()
    if profile and profile not in known_profiles:
        text = f"profile: there is no profile {profile[:80]!r}; there are {', '.join(known_profiles)}."
        raise Reason.INVALID_FIELD.error(text, field="profile")
    listed = []
    for expert_id, model in collection.all().items():
        if task_type and task_type not in model.facts.task_types:
            continue
        if profile and expert_id not in known_profiles[profile].experts:
            continue
        expert = collection.peek(expert_id)
        listed.append(
            ListedModel(
                expert=expert.describe(),
                state=expert.state,
                offered=expert_id in collection.experts,
                problem=expert.presence.problem if expert.state is ExpertState.UNAVAILABLE else "",
                origin=model.origin,
            )
        )
    return listed


def all_profiles(collection: Collection) -> list[Profile]:
    """Describes all profiles, the smallest first, and what of each is still to be downloaded."""
    described = []
    for profile in profiles.read().values():
        missing: dict[str, int] = {}
        unknown = 0
        for expert_id in profile.experts:
            if collection.find(expert_id) is None:
                continue
            expert = collection.peek(expert_id)
            if expert.state is not ExpertState.TO_BE_FETCHED:
                continue
            facts = expert.facts
            absent = [model for model in facts.checkpoints if snapshots.find(facts, model) is None]
            unknown += any(model not in facts.source.sizes for model in absent)
            # By checkpoint: several experts are made of the same one, which is downloaded once.
            missing |= {model: facts.source.sizes[model] for model in absent if model in facts.source.sizes}
        described.append(Profile(profile.name, profile.description, profile.experts, sum(missing.values()), unknown))
    return described
