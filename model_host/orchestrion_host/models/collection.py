"""All models that a host knows, and which of them it offers; both change while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import AbsentExpert, ExpertState
from orchestrion.models import ModelOrigin
from orchestrion_host.catalogue import presence, profiles, reader
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.catalogue.presence import Presence
from orchestrion_host.config import HostConfig
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.models.absent import absent_expert
from orchestrion_host.models.entries import Entries

_FROM_THE_HUB: Final = (
    "revision",
    "license",
    "memory_bytes",
    "download_count",
    "like_count",
    "download_bytes",
)


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model of the catalogue of this host."""

    facts: ModelFacts
    origin: ModelOrigin


class Collection:
    """The catalogue of a host, and its experts: the part of the catalogue that it offers."""

    def __init__(
        self,
        config: HostConfig,
        make: Callable[[ModelFacts, Presence], HostedExpert],
        plugins: Sequence[ModelFacts] = (),
    ) -> None:
        """Reads the catalogue.

        Args:
            config: The settings.
            make: Makes an expert of the host from what the catalogue says, and whether it can run here.
            plugins: The experts that third parties bring.

        Raises:
            CatalogueError: A file of it is wrong, or there is no such profile.
        """
        self._make = make
        self._profile = profiles.experts_of(config.profile)
        self._fetches_on_demand = config.fetch_on_demand
        self._smallest_profiles = profiles.smallest()
        self._absent: dict[str, AbsentExpert] = {}
        self._ranked_absent: tuple[AbsentExpert, ...] | None = None
        self._entries = Entries(config.models_folder)
        self._base = _read(config, plugins)
        self._own = dict(self._entries.read())
        self.on_change: Callable[[], None] = lambda: None
        """Called when what the host offers has changed."""
        self.on_offer: Callable[[HostedExpert], None] = lambda _expert: None
        """Called with an expert that the host offers from now on."""
        self.experts: dict[str, HostedExpert] = {}
        """What the host offers, by id; the same object for as long as the host runs."""
        for expert_id in {**self._base, **self._own}:
            self._settle(expert_id)

    def find(self, expert_id: str) -> CatalogueEntry | None:
        """Returns a model of the catalogue, offered or not."""
        base, own = self._base.get(expert_id), self._own.get(expert_id)
        if own is None:
            return base
        if base is None:
            return CatalogueEntry(own, ModelOrigin.ADDED)
        # What was only refreshed stays what it was.
        origin = ModelOrigin.ADDED if own.source.files else base.origin
        return CatalogueEntry(_renewed(own, base.facts), origin)

    def get(self, expert_id: str) -> CatalogueEntry:
        """Returns a model of the catalogue.

        Raises:
            NotFoundError: EXPERT_NOT_FOUND.
        """
        model = self.find(expert_id)
        if model is None:
            text = f"This host knows no expert {expert_id[:80]!r}; `orchestrion models list --all` shows what it knows."
            raise Reason.EXPERT_NOT_FOUND.error(text, expert=expert_id[:80])
        return model

    def all(self) -> Mapping[str, CatalogueEntry]:
        """Returns the whole catalogue by id, in the order of the ids."""
        return {expert_id: self.get(expert_id) for expert_id in sorted({**self._base, **self._own})}

    def peek(self, expert_id: str) -> HostedExpert:
        """Returns an expert as it is now; of one that is not offered, as it would be.

        Raises:
            NotFoundError: EXPERT_NOT_FOUND.
        """
        if expert_id in self.experts:
            return self.experts[expert_id]
        facts = self.get(expert_id).facts
        return self._make(facts, presence.find(facts))

    def absent_experts(self) -> tuple[AbsentExpert, ...]:
        """Returns the experts that cannot be given work now and could be brought, those of small profiles first.

        It is the same tuple until something changes.
        """
        if self._ranked_absent is None:
            places = {expert_id: place for place, expert_id in enumerate(self._smallest_profiles)}
            ranked = sorted(self._absent, key=lambda expert_id: (places.get(expert_id, len(places)), expert_id))
            self._ranked_absent = tuple(self._absent[expert_id] for expert_id in ranked)
        return self._ranked_absent

    def put(self, facts: ModelFacts) -> None:
        """Writes a model's entry down, then has everybody see it.

        Raises:
            ResourceExhaustedError: STORAGE_FULL: it cannot be written; nothing has changed.
        """
        self._entries.write(facts)
        self._own[facts.id] = facts
        self._settle(facts.id)

    def adopt(self, facts: ModelFacts) -> None:
        """Takes in a model whose entry somebody else wrote, such as that of an export."""
        self._base[facts.id] = CatalogueEntry(facts, ModelOrigin.EXPORTED)
        self._settle(facts.id)

    def drop(self, expert_id: str) -> None:
        """Deletes the entry of a model on this host; one of the catalogue's own is then as it was at first."""
        self._entries.delete(expert_id)
        self._own.pop(expert_id, None)
        base = self._base.get(expert_id)
        if base is not None and base.origin is ModelOrigin.EXPORTED:
            del self._base[expert_id]
        self._settle(expert_id)

    def look_again(self, expert_id: str) -> None:
        """Has everybody see what has become of the files of a model."""
        self._settle(expert_id)

    def _settle(self, expert_id: str) -> None:
        """Offers an expert, brings one that is offered up to date, or offers it no longer."""
        model = self.find(expert_id)
        hosted = self.experts.get(expert_id)
        if model is not None and self._is_offered(model):
            place = presence.find(model.facts)
            if hosted is None:
                self.experts[expert_id] = self._make(model.facts, place)
                self.on_offer(self.experts[expert_id])
            else:
                hosted.change(model.facts, place)
        elif hosted is not None:
            del self.experts[expert_id]
            hosted.change(hosted.facts, Presence(ExpertState.UNAVAILABLE, f"{expert_id} was removed from this host."))
        self._note_absent(expert_id, model)
        self.on_change()

    def _note_absent(self, expert_id: str, model: CatalogueEntry | None) -> None:
        self._absent.pop(expert_id, None)
        self._ranked_absent = None
        if model is None or model.facts.test:
            return
        hosted = self.experts.get(expert_id)
        place = hosted.presence if hosted else presence.find(model.facts)
        if hosted and (place.state is ExpertState.LOADABLE or self._is_fetched_on_demand(place)):
            return
        profile = "" if hosted else self._smallest_profiles.get(expert_id, "")
        if absent := absent_expert(model.facts, place, profile):
            self._absent[expert_id] = absent

    def _is_fetched_on_demand(self, place: Presence) -> bool:
        return self._fetches_on_demand and place.state is ExpertState.TO_BE_FETCHED

    def _is_offered(self, model: CatalogueEntry) -> bool:
        return model.origin is not ModelOrigin.BUILT_IN or model.facts.test or model.facts.id in self._profile


def not_offered(expert_id: str, model: CatalogueEntry) -> OrchestrionError:
    """Builds the error of a model that is in the catalogue and not among the host's experts."""
    text = f"This host does not offer {expert_id}: its profile is another one."
    if model.facts.checkpoints:
        text += f" `orchestrion models pull {expert_id}` fetches its files, and then it does."
        return Reason.EXPERT_NOT_FETCHED.error(text, expert=expert_id)
    return Reason.EXPERT_NOT_FOUND.error(text, expert=expert_id)


def _renewed(own: ModelFacts, base: ModelFacts) -> ModelFacts:
    """Returns the entry of a model of the catalogue with what this host knows of it.

    The catalogue's own entry may have become another since, as with a new version of the project: what came from the
    Hub is kept, all else is the newer entry's. An entry for another checkpoint replaces it as a whole.
    """
    if own.source.hub != base.source.hub or not base.checkpoints:
        return own
    pins = {name: getattr(own.source, name) for name in ("part_revisions", "sha256", "files", "sizes")}
    source = msgspec.structs.replace(base.source, **pins)
    return msgspec.structs.replace(base, **{name: getattr(own, name) for name in _FROM_THE_HUB}, source=source)


def _read(config: HostConfig, plugins: Sequence[ModelFacts]) -> dict[str, CatalogueEntry]:
    """Reads the project's catalogue, plug-ins, the operator's catalogue and the exports; later ones replace earlier."""
    exports = (config.exports_path,) if config.exports_path.is_dir() else ()
    brought = {facts.id: CatalogueEntry(facts, ModelOrigin.OPERATOR) for facts in plugins}
    return (
        _read_folders((reader.BUILT_IN,), ModelOrigin.BUILT_IN, config)
        | brought
        | _read_folders(config.catalogue_paths, ModelOrigin.OPERATOR, config)
        | _read_folders(exports, ModelOrigin.EXPORTED, config)
    )


def _read_folders(folders: Iterable[Path], origin: ModelOrigin, config: HostConfig) -> dict[str, CatalogueEntry]:
    read = (facts for folder in folders for facts in reader.read_folder(folder, test_experts=config.test_experts))
    return {facts.id: CatalogueEntry(facts, origin) for facts in read}
