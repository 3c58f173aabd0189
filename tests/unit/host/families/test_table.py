"""The table of model families: its entries lead somewhere, and packages add theirs without a line changed here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from orchestrion import task_types
from orchestrion_host import tensor_signatures
from orchestrion_host.families import table
from orchestrion_host.families.family import Family
from orchestrion_host.families.table import FamilyError

PLUGIN = """
- name: bird-songs
  task_types: [audio-classification]
  loaders: {transformers: birds.songs}
  signatures:
    - classes: [BirdNetForAudioClassification]
  hub_tags:
    bird-song-classification: [audio-classification]
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that is installed and brings a family. Importing it fails."""
    (tmp_path / "birds").mkdir()
    (tmp_path / "birds" / "__init__.py").write_text("raise AssertionError('a host imports no code of others')")
    (tmp_path / "birds" / "families.yaml").write_text(PLUGIN)
    facts = tmp_path / "birds-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: birds\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[orchestrion.model_families]\nbirds = birds\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    table.families.cache_clear()
    yield tmp_path / "birds" / "families.yaml"
    table.families.cache_clear()


@pytest.mark.parametrize("family", table.families(), ids=lambda family: family.name)
def test_every_entry_names_modules_that_are_there_and_task_types_that_exist(family: Family) -> None:
    modules = [*family.loaders.values(), *([family.head] if family.head else [])]
    assert all(find_spec(module) is not None for module in modules)
    # Tensors are nothing that a person asks for.
    assert set(family.task_types) <= {*task_types.load(), tensor_signatures.TASK_TYPE}
    mentioned = [*family.hub_tags.values(), *(signature.task_types for signature in family.signatures), family.searches]
    assert all(set(names) <= set(family.task_types) for names in mentioned)


def test_names_are_given_once() -> None:
    names = [family.name for family in table.families()]
    assert len(names) == len(set(names))


def test_the_class_decides_between_an_encoder_and_a_head_for_the_same_task() -> None:
    chosen = {
        architecture: table.of("transformers", ["question-answering"], architecture)
        for architecture in ("BertModel", "BertForQuestionAnswering", "")
    }
    assert [family.name for family in chosen.values() if family] == ["encoder", "extractive-qa", "extractive-qa"]


def test_a_package_brings_a_family_and_the_host_imports_none_of_its_code(plugin: Path) -> None:
    family = table.of("transformers", ["audio-classification"], "BirdNetForAudioClassification")
    assert family is not None
    assert family.loaders == {"transformers": "birds.songs"}
    assert table.from_hub("bird-song-classification") == ("audio-classification",)
    assert "birds" not in sys.modules


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("- {name: a, task_types: [b], loaders: {}, colour: red}", "families.yaml: .*colour"),
        ("- {name: a, loaders: {}}", "families.yaml: .*task_types"),
        ("- {name: a, task_types: b, loaders: {}}", r"families.yaml: .*\$\[0\].task_types"),
        ("- [", "families.yaml"),
    ],
)
def test_an_entry_that_is_wrong_is_named(plugin: Path, entry: str, problem: str) -> None:
    plugin.write_text(entry)
    with pytest.raises(FamilyError, match=problem):
        table.families()
