"""The experts that a host could have: which command brings each, and in which order they are described."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from orchestrion.experts import AbsentExpert, ExpertState
from orchestrion_host.catalogue import presence, profiles
from orchestrion_host.catalogue.facts import ModelFacts, WeightsSource
from orchestrion_host.catalogue.presence import Presence
from orchestrion_host.config import HostConfig
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.models.absent import absent_expert
from orchestrion_host.models.collection import Collection

OPTIONAL = {
    "faster-whisper-base": "pip install 'orchestrion[whisper]'",
    "spacy-english": "pip install 'orchestrion[spacy]'",
}
"""Experts of the starter profile that come with extras of their own, and what brings them."""
MODEL = ModelFacts("m", "org/m", "transformers", ("translation",), "Translates.", download_bytes=7)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache of the Hub without any model."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))


def collection(home: Path, **settings: object) -> Collection:
    config = HostConfig(home=home, **settings)  # type: ignore[arg-type]  # Each test gives those it needs.
    return Collection(config, lambda facts, result: HostedExpert(facts, result, 8))


def absent(models: Collection) -> dict[str, AbsentExpert]:
    return {expert.id: expert for expert in models.absent_experts()}


def test_files_that_are_missing_are_pulled() -> None:
    described = absent_expert(MODEL, Presence(ExpertState.TO_BE_FETCHED), "small")
    assert described is not None
    assert (described.command, described.download_bytes) == ("orchestrion models pull m", 7)


def test_an_engine_of_another_profile_comes_with_that() -> None:
    described = absent_expert(MODEL, Presence(ExpertState.LOADABLE), "small")
    assert described is not None
    assert (described.command, described.download_bytes) == ("orchestrion up --profile small", 0)


def test_files_that_another_program_fetched_are_taken_in_by_a_pull() -> None:
    facts = msgspec.structs.replace(MODEL, source=WeightsSource(hub="org/m"))
    described = absent_expert(facts, Presence(ExpertState.LOADABLE), "small")
    assert described is not None
    assert (described.command, described.download_bytes) == ("orchestrion models pull m", 0)


def test_packages_that_no_extra_can_have_come_with_the_command_that_installs_them() -> None:
    facts = msgspec.structs.replace(
        MODEL, requires=("no_such_package",), extra="", install="pip install --no-deps it==1"
    )
    assert "`pip install --no-deps it==1` brings them." in presence.find(facts).problem
    described = absent_expert(facts, presence.find(facts), "")
    assert described is not None
    assert described.command == "pip install --no-deps it==1"


def test_missing_packages_come_with_the_extra_that_has_them() -> None:
    facts = msgspec.structs.replace(MODEL, requires=("no_such_package",), extra="whisper")
    described = absent_expert(facts, Presence(ExpertState.UNAVAILABLE), "")
    assert described is not None
    assert described.command == "pip install 'orchestrion[whisper]'"


@pytest.mark.parametrize("changes", [{"requires": ("no_such_package",)}, {"environment": ("NO_SUCH_VARIABLE",)}])
def test_what_no_command_brings_is_not_told(changes: dict[str, tuple[str, ...]]) -> None:
    facts = msgspec.structs.replace(MODEL, **changes)
    assert absent_expert(facts, Presence(ExpertState.UNAVAILABLE), "small") is None


@pytest.mark.usefixtures("offline")
def test_a_host_of_the_starter_profile_could_have_the_rest(tmp_path: Path) -> None:
    """Given the starter profile, whatever it lacks is told with its command, the models of small machines first."""
    models = collection(tmp_path, profile="starter")
    described = absent(models)
    assert described["blip-vqa-base"].command == "orchestrion models pull blip-vqa-base"
    assert described["blip-vqa-base"].download_bytes == 1_540_000_000
    assert described["opencv-controls"].command == "orchestrion up --profile small"
    assert described.keys() & profiles.experts_of("starter") <= OPTIONAL.keys()
    assert {described[name].command for name in OPTIONAL if name in described} <= set(OPTIONAL.values())
    assert list(described).index("vilt-vqa") < list(described).index("blip-vqa-base")
    assert models.absent_experts() is models.absent_experts()


@pytest.mark.usefixtures("offline")
def test_what_is_fetched_when_a_task_needs_it_is_not_absent(tmp_path: Path) -> None:
    small = absent(collection(tmp_path, profile="small"))
    on_demand = absent(collection(tmp_path, profile="small", fetch_on_demand=True))
    assert "vilt-vqa" in small
    assert "vilt-vqa" not in on_demand
    assert "blip-vqa-base" in on_demand


@pytest.mark.usefixtures("offline")
def test_what_is_pulled_for_a_task_type_has_a_size(tmp_path: Path) -> None:
    """Given a host of the starter profile, the first model for each task type that is pulled says how large it is."""
    experts = collection(tmp_path, profile="starter").absent_experts()
    first = {name: expert for expert in reversed(experts) for name in expert.task_types}
    pulled = [expert for expert in first.values() if "pull" in expert.command]
    assert len(pulled) > 20
    assert [expert.id for expert in pulled if not expert.download_bytes] == []
