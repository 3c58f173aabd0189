"""The project's own catalogue: what its entries and profiles promise holds, and holds together."""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
import pytest
import yaml

from orchestrion import task_types
from orchestrion_host import catalogue
from orchestrion_host.catalogue import presence, profiles, reader
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.families import context_limits, table
from orchestrion_host.worker.remote import hosted, language

FOLDER: Final = Path(catalogue.__file__).parent
ENTRIES: Final = reader.read((), test_experts=False)
TASK_TYPES: Final = {name: item for name, item in task_types.load().items() if not name.startswith("test-")}
PROFILES: Final = {
    path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((FOLDER / "profiles").glob("*.yaml"))
}
SENTENCE_END: Final = re.compile(r"[.!?](?:\s|$)")
SOURCE: Final = "# Downloads and likes are those of the Hugging Face Hub in 2023, from hub_models_2023.jsonl."


def performed_together(runtime: str) -> list[frozenset[str]]:
    """Returns the sets of task types, each of which one family of a runtime performs."""
    if runtime != "remote":
        return [frozenset(family.task_types) for family in table.families() if runtime in family.loaders]
    return [hosted.TASK_TYPES, language.TASK_TYPES]


def on(runtime: str) -> list[ModelFacts]:
    return [facts for facts in ENTRIES.values() if facts.runtime == runtime]


def experts_of(profile: str) -> set[str]:
    return set(profiles.read()[profile].experts)


def test_there_are_enough_models_of_the_hub() -> None:
    hub = [facts for facts in ENTRIES.values() if facts.source.hub]
    assert len(hub) >= 85
    assert all(facts.model == facts.source.hub for facts in hub)


def test_files_are_named_like_what_they_tell() -> None:
    """Given two files of one id, the later would replace the earlier without a word."""
    for path in (FOLDER / "models").glob("*.yaml"):
        assert reader.read_file(path).id == path.stem


def test_every_task_type_has_experts_and_one_default() -> None:
    performed = {name for facts in ENTRIES.values() for name in facts.task_types}
    assert performed == set(TASK_TYPES)
    assert Counter(name for facts in ENTRIES.values() for name in facts.default_for) == dict.fromkeys(TASK_TYPES, 1)
    for facts in ENTRIES.values():
        assert set(facts.default_for) <= set(facts.task_types), facts.id


def test_descriptions_are_short_and_their_own() -> None:
    descriptions = [facts.description for facts in ENTRIES.values()]
    assert [text for text in descriptions if not 1 <= len(SENTENCE_END.findall(text)) <= 2] == []
    assert [text for text in descriptions if not text.endswith(".")] == []
    assert [text for text, count in Counter(descriptions).items() if count > 1] == []


@pytest.mark.parametrize("runtime", ["transformers", "diffusers", "onnx", "remote"])
def test_one_family_performs_all_that_a_model_is_said_to_do(runtime: str) -> None:
    together = performed_together(runtime)
    alone = [facts.id for facts in on(runtime) if not any(listed >= set(facts.task_types) for listed in together)]
    assert alone == []


def test_domains_and_accepted_values_are_those_of_the_task_types() -> None:
    inputs = {name: {item.name: item for item in task_type.inputs} for name, task_type in TASK_TYPES.items()}
    for facts in ENTRIES.values():
        # Where a task type has no choice of domains, one says only that the expert is not for general use.
        choices_of = [inputs[name]["domain"].choices for name in facts.task_types if "domain" in inputs[name]]
        assert not choices_of or facts.domain in {"", *(choice for each in choices_of for choice in each)}, facts.id
        for name, values in facts.accepts.items():
            for task_type in facts.task_types:
                choices = inputs[task_type][name].choices if name in inputs[task_type] else values
                assert set(values) <= set(choices or values), f"{facts.id}: accepts: {name}"
            assert any(name in inputs[task_type] for task_type in facts.task_types), f"{facts.id}: accepts: {name}"


def test_figures_name_their_source() -> None:
    for path in (FOLDER / "models").glob("*.yaml"):
        text = path.read_text("utf-8")
        assert ("download_count:" in text) == text.startswith(f"{SOURCE}\n"), path.name


def test_nothing_is_pinned_before_the_first_pull() -> None:
    for facts in ENTRIES.values():
        if facts.source.hub:
            assert (facts.revision, facts.download_bytes, facts.memory_bytes) == ("", 0, 0), facts.id
            assert (facts.source.part_revisions, facts.source.sha256, facts.trusted) == ({}, {}, ()), facts.id


def test_language_models_say_how_much_they_read_and_write_together() -> None:
    for facts in ENTRIES.values():
        family = table.of(facts.runtime, facts.task_types) if facts.runtime == "transformers" else None
        is_language_model = family is not None and family.name == context_limits.FAMILY
        assert bool(facts.context_token_count) == is_language_model, facts.id
        assert facts.context_token_count <= context_limits.MOST_TOKENS, facts.id


def test_profiles_name_experts_and_grow() -> None:
    assert {name: data["name"] for name, data in PROFILES.items()} == {name: name for name in PROFILES}
    assert list(profiles.read()) == ["starter", "remote", "small", "standard", "full"]
    assert {expert for name in PROFILES for expert in experts_of(name)} <= set(ENTRIES)
    assert experts_of("starter") < experts_of("small") < experts_of("standard") < experts_of("full")
    assert {ENTRIES[expert].runtime for expert in experts_of("remote")} == {"remote"}
    named = [expert for data in PROFILES.values() for expert in data["experts"]]
    assert [expert for expert, count in Counter(named).items() if count > 1] == []


def test_the_starter_profile_needs_no_download() -> None:
    assert not any(ENTRIES[expert].source.hub or ENTRIES[expert].environment for expert in experts_of("starter"))


def test_a_gpu_of_24_gb_has_an_expert_for_every_task_type_and_mostly_the_default() -> None:
    """Given the profile `standard`, no task type is without an expert, and defaults are among them."""
    experts = {ENTRIES[expert].id: ENTRIES[expert] for expert in experts_of("standard")}
    assert {name for facts in experts.values() for name in facts.task_types} == set(TASK_TYPES)
    assert {name for facts in experts.values() for name in facts.default_for} == set(TASK_TYPES)


def test_the_catalogue_travels_in_the_package() -> None:
    assert resources.files("orchestrion_host.catalogue").joinpath("profiles/starter.yaml").is_file()


def test_the_penguins_are_told_apart() -> None:
    """Given birds of the first and the last kind, and one whose bill nobody measured, the small example knows them."""
    entry = presence.find(ENTRIES["palmer-penguins"])
    session = onnxruntime.InferenceSession(str(Path(entry.folder) / "model.onnx"), providers=["CPUExecutionProvider"])
    names = session.get_modelmeta().custom_metadata_map["class_names"].split(",")
    birds = np.array([[39.1, 18.7, 181, 3750], [46.1, 13.2, 211, 4500], [np.nan, 13.2, 211, 4500]], dtype=np.float32)
    (shares,) = session.run(None, {"features": birds})
    assert [names[place] for place in shares.argmax(axis=1)] == ["Adelie", "Gentoo", "Gentoo"]
    assert shares.sum(axis=1) == pytest.approx([1, 1, 1])
