"""Experts that third parties write in Python: taken in by file or by package, and run in workers."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrion._codec import codec
from orchestrion.errors import InternalError, InvalidArgumentError, UnavailableError
from orchestrion.experts import ExpertState, HostFacts
from orchestrion.inference import InferOutputs, InferProgress, InferText
from orchestrion.values import ArtifactRef, Json, Value
from orchestrion_host.catalogue import runtimes
from orchestrion_host.catalogue.reader import CatalogueError
from tests.rpc.host.hosts import RunningHost, running_host

FILE = Path(__file__).parent / "plugins" / "word_count.py"
RUNTIME = """
from orchestrion_host.plugins import Expert

class Reversed(Expert):
    def __init__(self, spec):
        self.suffix = spec.options["suffix"]

    def predict(self, call):
        return {"words": 1, "echo": call.text("text")[::-1] + self.suffix}

def loader(spec):
    return Reversed
"""


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[RunningHost]:
    async with running_host(tmp_path, profile="none", experts=(f"{FILE}:WordCount", f"{FILE}:Batched")) as running:
        yield running


def install(site: Path, name: str, entry_points: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lays out what an installer would: a package, and metadata with its entry points; gives the package's folder."""
    package = site / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported by the host')\n")
    info = site / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.2\nLicense-Expression: MIT\n")
    (info / "entry_points.txt").write_text(entry_points)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    runtimes.names.cache_clear()
    return package


async def test_its_facts_are_read_from_the_class_and_reported_with_its_task_type_once(host: RunningHost) -> None:
    described = await host.client.host()
    expert = next(expert for expert in described.experts if expert.id == "word-count")

    assert expert.description == "Counts the words of a text."
    assert (expert.runtime, expert.languages, expert.license, expert.max_batch_size) == (
        "python",
        ("en", "de"),
        "MIT",
        4,
    )
    assert len(expert.revision) == 12
    assert [task_type.name for task_type in described.task_types] == ["word-count"]
    await host.client.load("word-count")
    await host.until("word-count", lambda status: status.state is ExpertState.LOADED)
    with_facts = [report for report in host.controller.registry.reports if report.HasField("facts")]
    facts = [codec.decode(report.facts, HostFacts) for report in with_facts]
    assert all(item.task_types == described.task_types for item in facts)
    assert len(with_facts) < len(host.controller.registry.reports)
    assert not [name for name in sys.modules if "word_count" in name]


async def test_it_computes_in_a_worker_tells_how_it_goes_and_gives_typed_outputs(host: RunningHost) -> None:
    page = host.controller.artifacts.put(b"a page")
    inputs: dict[str, Value] = {"text": "one two", "page": ArtifactRef(page)}
    payloads = [payload async for payload in host.client.events("word-count", inputs)]

    assert isinstance(outputs := payloads[-1], InferOutputs)
    assert outputs.outputs == {
        "words": 2.0,
        "echo": "one two",
        "each": Json([{"word": "one"}, {"word": "two"}]),
        "files": (ArtifactRef(page),),
    }
    assert InferProgress(0.5, "counting") in payloads
    assert "".join(payload.text for payload in payloads if isinstance(payload, InferText)) == "one two "
    status = await host.client.status("word-count")
    assert status.memory_bytes > 8_000_000


async def test_a_file_that_it_writes_is_an_artifact(host: RunningHost) -> None:
    outputs = (await host.client.infer("word-count", text="one two", shout=True)).outputs

    assert isinstance(shouted := outputs["shouted"], ArtifactRef)
    assert host.controller.artifacts.contents[shouted.name] == b"ONETWO"
    assert host.controller.artifacts.artifacts[shouted.name].file_name == "shouted.txt"


async def test_calls_that_wait_are_computed_as_one_batch_and_an_error_fails_one_of_them(host: RunningHost) -> None:
    await host.client.load("batched")
    texts = ["even", "odd", "even"]
    results = await asyncio.gather(*(host.client.infer("batched", text=text) for text in texts), return_exceptions=True)

    assert isinstance(results[1], InternalError)
    assert results[1].message == "batched failed: ValueError: this one"
    assert all(isinstance(result, InferOutputs) for result in (results[0], results[2]))


async def test_a_call_that_is_cancelled_ends_in_the_worker(host: RunningHost) -> None:
    call = asyncio.create_task(host.client.infer("word-count", text="wait"))
    await host.when("word-count", lambda status: status.running_count == 1)
    call.cancel()
    await host.when("word-count", lambda status: status.running_count == 0)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("fail", InternalError, "word-count failed: ZeroDivisionError: nothing to count"),
        ("bad", InvalidArgumentError, "Input `text` is bad."),
        ("wrong kind", InternalError, "word-count returned `words`, which must be of the kind number."),
        ("crash", UnavailableError, r"The worker python:word_count.py@cpu ended: it was ended by SIGABRT"),
    ],
)
async def test_what_goes_wrong_in_it_fails_its_call_alone(
    host: RunningHost, text: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        await host.client.infer("word-count", text=text)
    assert (await host.client.infer("word-count", text="one")).outputs["words"] == 1.0


async def test_inputs_are_checked_against_its_task_type(host: RunningHost) -> None:
    with pytest.raises(InvalidArgumentError, match="`txt` is none of word-count"):
        await host.client.infer("word-count", txt="one")


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("missing.py:WordCount", r"there is no file .*missing\.py"),
        (f"{FILE}", r"expected path/to/file\.py:Class"),
        ("surely_not_there:WordCount", "there is no module surely_not_there; install it"),
        (f"{FILE}:Nothing", r"has no Nothing; it has WordCount, Batched, Clash, Undefined, Misspelt"),
        (f"{FILE}:os", r"is no expert; derive the class"),
        (f"{FILE}:Clash", r"word_count\.py: there is an expert 'vader' already; give this one another id"),
        (f"{FILE}:Undefined", r"there is no task type 'never-defined'; define it in .*task_types/never-defined\.yaml"),
        (f"{FILE}:Misspelt", r"word_count\.py: Expected `int`, got `str` - at `\$\.max_batch_size`"),
    ],
)
async def test_an_expert_that_the_operator_names_and_that_cannot_be_taken_is_an_error_with_file_problem_and_cure(
    tmp_path: Path, target: str, problem: str
) -> None:
    with pytest.raises(CatalogueError, match=f"^experts: .*{problem}"):
        async with running_host(tmp_path, experts=(target,)):
            pass


async def test_a_package_brings_experts_with_facts_in_yaml_and_a_runtime_and_broken_ones_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    entry_points = """
[orchestrion.experts]
by-yaml = counting.experts:WordCount
broken-yaml = counting.experts:WordCount
broken-import = broken:Expert
gone = counting.nowhere:Expert
contradicting = contradicting:Expert
[orchestrion.runtimes]
reversing = counting.reversing
"""
    site = tmp_path / "site"
    package = install(site, "counting", entry_points, monkeypatch)
    (package / "__init__.py").write_text("import sys\nassert 'orchestrion_host.server' not in sys.modules\n")
    (package / "experts.py").write_text(FILE.read_text())
    (package / "reversing.py").write_text(RUNTIME)
    (package / "task_types").mkdir()
    definition = (FILE.parent / "task_types" / "word-count.yaml").read_text()
    (package / "task_types" / "word-count.yaml").write_text(definition)
    (package / "by-yaml.yaml").write_text("task_types: [word-count]\ndescription: Counts.\noptions: {separator: ','}\n")
    (package / "broken-yaml.yaml").write_text("task_types: [word-count]\ndescription: Counts.\nbatch_size: 3\n")
    (site / "broken.py").write_text("import surely_not_installed\n")
    (site / "contradicting.py").write_text(
        "import orchestrion_host.plugins as p\nclass Expert(p.Expert):\n  'X.'\n  task_types = ('translation',)\n"
    )
    (site / "task_types").mkdir()
    (site / "task_types" / "translation.yaml").write_text(definition.replace("name: word-count", "name: translation"))
    catalogue = tmp_path / "catalogue"
    catalogue.mkdir()
    (catalogue / "reversed.yaml").write_text(
        "{id: reversed, model: any, runtime: reversing, task_types: [word-count], description: X., "
        "options: {suffix: '!'}}"
    )
    with caplog.at_level(logging.WARNING):
        async with running_host(tmp_path, profile="none", catalogue_paths=(catalogue,)) as host:
            described = await host.client.host()
            by_yaml = await host.client.infer("by-yaml", text="one two,three")
            turned = await host.client.infer("reversed", text="abc")
    runtimes.names.cache_clear()

    assert by_yaml.outputs["words"] == 2.0
    assert turned.outputs["echo"] == "cba!"
    assert {expert.id for expert in described.experts} - {"delay", "delay-one"} >= {"by-yaml", "reversed"}
    expert = next(expert for expert in described.experts if expert.id == "by-yaml")
    assert (expert.revision, expert.license, expert.model) == ("1.2", "MIT", "counting.experts:WordCount")
    left_out = sorted(message for message in caplog.messages if "left out" in message)
    assert [message.partition(" is left out: ")[0] for message in left_out] == [
        f"the expert {name} of the package counting 1.2"
        for name in ("broken-import", "broken-yaml", "contradicting", "gone")
    ]
    assert "ModuleNotFoundError: No module named 'surely_not_installed'" in left_out[0]
    assert "broken-yaml.yaml: Object contains unknown field `batch_size`" in left_out[1]
    assert "translation.yaml: contradicts the project's own of that name" in left_out[2]
    assert "there is no module counting.nowhere" in left_out[3]
