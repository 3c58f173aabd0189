"""`orchestrion models pull`, and the pulling that other commands do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from orchestrion.cli import exits, options
from orchestrion.cli.models import host_access

if TYPE_CHECKING:
    from orchestrion._sync.host_client import HostClient
    from orchestrion.errors import OrchestrionError
    from orchestrion.listings import Catalogue
    from orchestrion.models import ListedModel

_OF_ONE_MODEL: Final = frozenset(
    {"EXPERT_NOT_FOUND", "MODEL_NOT_FOUND", "UNSAFE_MODEL", "HUB_ACCESS_DENIED", "DOWNLOAD_CORRUPT"}
)
"""Reasons that say nothing of the other models of a pull."""


def pull(
    experts: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="The models to fetch.", autocompletion=host_access.experts),
    ] = None,
    *,
    profile: Annotated[str, host_access.profile("All of this profile that is not there yet.")] = "",
    yes: host_access.Yes = False,
    host: host_access.Host = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """Fetch the files of models; one that was interrupted goes on where it was."""
    with exits.handled():
        from orchestrion.errors import Reason

        if bool(experts) == bool(profile):
            raise Reason.INVALID_FIELD.error("Name the models to fetch, or a profile with --profile.", field="experts")
        with host_access.reach(address, host) as client:
            wanted = missing(client.models.list(), experts or (), profile)
            if not wanted:
                exits.tell("Nothing is to be fetched: all files are there.")
                return
            if not agreed_to(wanted, yes=yes):
                exits.tell("Nothing was fetched.")
                raise typer.Exit(exits.ExitCode.FAILED)
            fetch(client, [listed.expert.id for listed in wanted], json=json)


def missing(catalogue: Catalogue, experts: Sequence[str], profile: str = "") -> list[ListedModel]:
    """Returns the models, named or of a profile, whose files are not on the host yet; tells which cannot run there.

    Raises:
        NotFoundError: There is no such model.
        FailedPreconditionError: One that is named cannot run here.
        InvalidArgumentError: There is no such profile.
    """
    from orchestrion.cli.models.details import find
    from orchestrion.errors import Reason
    from orchestrion.experts import ExpertState

    named = list(dict.fromkeys(experts))
    if profile:
        profiles = {item.name: item.expert_ids for item in catalogue.profiles}
        if profile not in profiles:
            text = f"There is no profile {profile!r}; there are: {', '.join(profiles)}."
            raise Reason.INVALID_FIELD.error(text, field="profile")
        named += profiles[profile]
    entries = [find(catalogue, expert) for expert in named]
    unusable = [listed for listed in entries if listed.state is ExpertState.UNAVAILABLE]
    for listed in unusable:
        if listed.expert.id in experts:
            raise Reason.EXPERT_UNAVAILABLE.error(listed.problem, expert=listed.expert.id)
    if unusable:
        ids = ", ".join(listed.expert.id for listed in unusable)
        exits.tell(f"Left out, since they cannot run here: {ids}. `orchestrion models show ID` says why.")
    return [listed for listed in entries if listed.state is ExpertState.TO_BE_FETCHED]


def agreed_to(models: Sequence[ListedModel], *, yes: bool) -> bool:
    """Tells what is to be downloaded, and asks whether to go on.

    Raises:
        InvalidArgumentError: Nobody can be asked.
    """
    from orchestrion.cli.models.questions import agreed
    from orchestrion.cli.models.sizes import total_of

    what = models[0].expert.id if len(models) == 1 else f"{len(models)} models"
    return agreed(f"To download for {what}: {total_of(models)}; go on?", yes=yes)


def fetch(client: HostClient, experts: Sequence[str], *, json: bool = False) -> None:
    """Pulls models one after the other, with progress; one that cannot be had does not stop the others.

    Raises:
        OrchestrionError: Nothing more can be fetched, or the last of those that could not be had, told before.
        KeyboardInterrupt: Ctrl-C; what is there of the download stays for the next time.
    """
    from orchestrion.cli.models import progress
    from orchestrion.cli.printer import printable
    from orchestrion.errors import OrchestrionError

    failed: list[tuple[str, OrchestrionError]] = []
    current = ""
    try:
        with progress.choose(json=json) as view:
            for current in experts:
                try:
                    progress.follow(view, current, client.models.pull(current))
                except OrchestrionError as error:
                    if error.reason not in _OF_ONE_MODEL:
                        raise
                    failed.append((current, error))
    except KeyboardInterrupt:
        exits.tell(f"Stopped. `orchestrion models pull {current}` goes on from there.")
        raise
    for name, refusal in failed[:-1]:
        exits.tell(f"{name}: {printable(refusal.message)}")
    if failed:
        raise failed[-1][1]
