"""`orchestrion models show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrion.cli import exits, options
from orchestrion.cli.models import host_access

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrion.experts import Expert, InputLimit
    from orchestrion.listings import Catalogue
    from orchestrion.models import ListedModel


def show(
    expert: host_access.Expert,
    *,
    host: host_access.Host = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """Show a model in detail, and why it cannot be used where it cannot."""
    with exits.handled():
        from orchestrion.cli import views
        from orchestrion.cli.printer import printable

        with host_access.reach(address, host) as client:
            catalogue = client.models.list()
        listed = find(catalogue, expert)
        if json:
            views.print_json(listed)
            return
        belongs = [profile.name for profile in catalogue.profiles if expert in profile.expert_ids]
        for name, text in _facts(listed, belongs).items():
            if text:
                views.say(f"{name:<11}{printable(text)}")


def find(catalogue: Catalogue, expert: str) -> ListedModel:
    """Returns a model of the catalogue.

    Raises:
        NotFoundError: There is none of that id.
    """
    for listed in catalogue.models:
        if listed.expert.id == expert:
            return listed
    from orchestrion.errors import Reason

    same = next((listed.expert.id for listed in catalogue.models if listed.expert.model == expert), "")
    cure = f"did you mean {same}?" if same else "`orchestrion models list --all` lists them."
    if not same and "/" in expert:
        cure = f"`orchestrion models add {expert}` adds it from the Hub."
    raise Reason.EXPERT_NOT_FOUND.error(f"The catalogue has no model {expert!r}; {cure}", expert=expert)


def facts_of(expert: Expert) -> dict[str, str]:
    """Writes what is always true of an expert, by the word that it is told under; empty where it is not known."""
    from orchestrion.cli.models.sizes import size
    from orchestrion.cli.table import gibibytes

    return {
        "does": ", ".join(expert.task_types),
        "takes": "; ".join(f"{item.input}: {_either(item.values)}" for item in expert.accepts),
        "at most": "; ".join(f"{item.input}: {_most(item)}" for item in expert.input_limits),
        "default": ", ".join(expert.default_for),
        "about": " ".join(expert.description.split()),
        "model": f"{expert.model} {expert.revision}".strip(),
        "runtime": expert.runtime,
        "languages": ", ".join(expert.languages),
        "domain": expert.domain,
        "licence": expert.license,
        "download": size(expert.download_bytes),
        "memory": gibibytes(expert.memory_bytes) if expert.memory_bytes else "",
        "batch": str(expert.max_batch_size) if expert.max_batch_size > 1 else "",
        "context": f"{expert.context_token_count:,} tokens" if expert.context_token_count else "",
        "downloads": f"{expert.download_count:,}" if expert.download_count else "",
        "likes": f"{expert.like_count:,}" if expert.like_count else "",
        "accuracy": f"{expert.accuracy:g} {expert.accuracy_measure}".rstrip() if expert.accuracy else "",
    }


def _most(limit: InputLimit) -> str:
    from orchestrion.cli.models.sizes import size

    parts = (
        f"{limit.max_character_count:,} characters" if limit.max_character_count else "",
        f"{limit.max_duration_ms / 1000:g} s" if limit.max_duration_ms else "",
        size(limit.max_size_bytes) if limit.max_size_bytes else "",
    )
    return " and ".join(filter(None, parts))


def _facts(listed: ListedModel, profiles: Iterable[str]) -> dict[str, str]:
    from orchestrion.cli.models.listing import state
    from orchestrion.models import ModelOrigin

    origins = {
        ModelOrigin.BUILT_IN: "the project's catalogue",
        ModelOrigin.OPERATOR: "a folder of the operator's",
        ModelOrigin.ADDED: "added on this host",
        ModelOrigin.EXPORTED: "exported on this machine",
    }
    return {
        "id": listed.expert.id,
        "state": state(listed) + (", offered" if listed.offered else ", not offered"),
        "problem": listed.problem,
        **facts_of(listed.expert),
        "profiles": ", ".join(profiles),
        "from": origins.get(listed.origin, ""),
    }


def _either(values: tuple[str, ...]) -> str:
    return " or ".join(values)
