"""`orchestrion eval plan`, with a controller of its own: both planners, interruptions, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrion.values import JsonObject
from tests.llm_server import LLMServer, Reply
from tests.unit.client.terminals import Terminal

TOOLS = {
    "nodes": [
        {
            "id": "Image-to-Text",
            "desc": "Reads the text in a picture.",
            "input-type": ["image"],
            "output-type": ["text"],
        },
        {"id": "Translation", "desc": "Translates a text.", "input-type": ["text"], "output-type": ["text"]},
        {"id": "Text-to-Speech", "desc": "Speaks a text.", "input-type": ["text"], "output-type": ["audio"]},
    ]
}
READ = {"task": "Image-to-Text", "arguments": ["sign.jpg"]}
SAMPLES: list[JsonObject] = [
    {
        "id": "one",
        "type": "single",
        "instruction": "Image to text: 'sign.jpg'.",
        "task_nodes": [READ],
        "task_links": [],
    },
    {
        "id": "two",
        "type": "chain",
        "instruction": "Read 'sign.jpg' and translate it.",
        "task_nodes": [READ, {"task": "Translation", "arguments": ["<node-0>"]}],
        "task_links": [{"source": "Image-to-Text", "target": "Translation"}],
    },
    {
        "id": "three",
        "type": "dag",
        "instruction": "Read 'sign.jpg', translate it, and speak the original.",
        "task_nodes": [
            READ,
            {"task": "Translation", "arguments": ["<node-0>"]},
            {"task": "Text-to-Speech", "arguments": ["<node-0>"]},
        ],
        "task_links": [
            {"source": "Image-to-Text", "target": "Translation"},
            {"source": "Image-to-Text", "target": "Text-to-Speech"},
        ],
    },
]


def written(*tasks: tuple[str, str, JsonObject]) -> str:
    """A plan as a language model writes it."""
    return json.dumps(
        {"tasks": [{"id": name, "type": kind, "inputs": inputs} for name, kind, inputs in tasks], "noTaskReason": ""}
    )


FROM_READ = {"text": {"output": {"taskId": "read", "output": "text"}}}
READING = ("read", "image-to-text", {"image": {"artifact": "attachments/1"}})
TRANSLATING = ("translate", "translation", FROM_READ)
SPEAKING = ("speak", "text-to-speech", FROM_READ)
RIGHT = [written(READING), written(READING, TRANSLATING), written(READING, TRANSLATING, SPEAKING)]


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass
class Files:
    """The files of an evaluation."""

    folder: Path

    @property
    def report(self) -> Path:
        return self.folder / "report.json"

    @property
    def journal(self) -> Path:
        return self.folder / "report.json.journal.jsonl"

    @property
    def command(self) -> list[str]:
        files = ["--data", self.folder / "dev.jsonl", "--tools", self.folder / "tools.json", "--output", self.report]
        return [sys.executable, "-m", "orchestrion", "eval", "plan", *map(str, files)]

    def measured(self) -> dict[str, float | None]:
        """The values of the report's measures."""
        measures = json.loads(self.report.read_text())["measures"]
        return {name: estimate["value"] for name, estimate in measures.items()}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "tools.json").write_text(json.dumps(TOOLS))
    (tmp_path / "dev.jsonl").write_text("".join(json.dumps(sample) + "\n" for sample in SAMPLES))
    return Files(tmp_path)


def environment(model: LLMServer | None = None) -> dict[str, str]:
    """An environment in which nothing is configured but the language model given."""
    settings = ("OPENAI_", "ORCHESTRION_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    return own if model is None else own | {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "unused"}


async def started(files: Files, *flags: str, model: LLMServer | None = None) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *files.command,
        *flags,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(model),
    )


async def evaluated(files: Files, *flags: str, model: LLMServer | None = None) -> Done:
    process = await started(files, *flags, model=model)
    out, err = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


@pytest.mark.tasks
async def test_the_built_in_planner_is_measured_without_a_server_or_a_key(files: Files) -> None:
    done = await evaluated(files, "--planner", "builtin", "--published")

    assert done.code == 0, done.err
    assert done.lines[0] == "3 requests (1 single, 1 chain, 1 dag), 3 tools, planner builtin"
    # Which of them it can plan is the planner's matter; that the figures are those of the report is not.
    measured = files.measured()
    node, edge = measured["overall.node_f1"], measured["overall.edge_f1"]
    assert node is not None
    assert edge is not None
    assert f"node F1 {100 * node:.1f}" in done.lines
    assert f"edge F1 {100 * edge:.1f}" in done.lines
    assert any(line.split()[:3] == ["gpt-4", "81.5", "54.7"] for line in done.lines)
    assert not files.journal.exists()
    assert "3 of 3 requests done" in done.err
    report = json.loads(files.report.read_text())
    assert report["performer"] == "builtin"
    assert report["cost"]["llm_calls"] == 0
    assert [sample["id"] for sample in report["samples"]] == ["one", "two", "three"]


async def test_a_language_model_is_measured_with_its_calls_and_tokens(files: Files) -> None:
    # Given one right plan, one that lacks a task, and one that has a wrong reference, mended when it is told.
    cyclic = written(("read", "image-to-text", {"image": {"output": {"taskId": "nobody", "output": "image"}}}))
    async with LLMServer([RIGHT[0], written(READING), cyclic, RIGHT[2]]) as model:
        done = await evaluated(files, "--planner", "llm", "--concurrency", "1", model=model)

    assert done.code == 0, done.err
    assert len(model.calls) == 4
    # 1 of 1, 1 of 2 and 3 of 3 tools; 0 of 1 and 2 of 2 edges.
    assert f"node F1 {100 * 2 * 5 / (5 + 6):.1f}" in done.lines
    assert f"edge F1 {100 * 2 * 2 / (2 + 3):.1f}" in done.lines
    assert f"exact-graph accuracy {100 * 2 / 3:.1f}" in done.lines
    # The file that requests name was attached under its name, so that its value is right.
    measured = files.measured()
    assert measured["single.argument_value_f1"] == 1
    assert measured["chain.edit_distance"] == pytest.approx(1 / 3)
    assert measured["chain.levenshtein"] == pytest.approx(1 / 2)
    assert measured["dag.structural_match"] == 1
    report = json.loads(files.report.read_text())
    assert report["cost"]["llm_calls"] == pytest.approx(4 / 3)
    prompt = sum(sum(len(message["content"]) for message in call.body["messages"]) // 4 for call in model.calls)
    assert report["cost"]["prompt_tokens"] == pytest.approx(prompt / 3)
    assert report["cost"]["completion_tokens"] > 0
    assert report["failures"]["repaired"] == 1
    assert "LLM calls a request 1.33" in done.lines
    assert "sign.jpg, image/jpeg" in model.calls[0].body["messages"][-1]["content"]


async def test_a_plan_that_is_not_repaired_counts_as_invalid_and_a_refusal_does_not(files: Files) -> None:
    unknown = written(("x", "juggling", {}))
    none = json.dumps({"tasks": [], "noTaskReason": "Small talk."})
    async with LLMServer([unknown, unknown, Reply(refusal="No."), none]) as model:
        done = await evaluated(files, "--planner", "llm", "--concurrency", "1", model=model)

    assert done.code == 0, done.err
    failures = json.loads(files.report.read_text())["failures"]
    assert failures["reasons"] == {"PLAN_NOT_REPAIRED": 1, "PLANNER_REFUSED": 1}
    assert (failures["planned"], failures["declined"], failures["invalid"]) == (0, 1, 1)
    assert failures["invalid_rate"] == pytest.approx(1 / 3)
    assert "node F1 0.0" in done.lines
    assert any(line.startswith("invalid plans 33.3 %") for line in done.lines)


@pytest.mark.tasks
async def test_an_evaluation_that_was_killed_goes_on_where_it_was(files: Files) -> None:
    # Given an evaluation that is killed while the model thinks about the third request,
    slow = Reply(RIGHT[2], delay_ms=60_000)
    async with LLMServer([RIGHT[0], RIGHT[1], slow]) as model:
        process = await started(files, "--planner", "llm", "--concurrency", "1", model=model)
        async with asyncio.timeout(60):
            while len(model.calls) < 3:
                model.called.clear()
                await model.called.wait()
        process.kill()
        await process.communicate()
    assert len(files.journal.read_text().splitlines()) == 3
    assert not files.report.exists()

    # when it is started again, then only the third request is planned, and the report has all.
    async with LLMServer([RIGHT[2]]) as model:
        done = await evaluated(files, "--planner", "llm", model=model)
    assert done.code == 0, done.err
    assert len(model.calls) == 1
    assert "2 of 3 requests are planned already; --restart plans them anew." in done.err
    assert "node F1 100.0" in done.lines
    assert "edge F1 100.0" in done.lines
    assert not files.journal.exists()


@pytest.mark.tasks
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_ctrl_c_keeps_what_was_done_and_says_how_to_go_on(files: Files, number: int, code: int) -> None:
    async with LLMServer([RIGHT[0], Reply(RIGHT[1], delay_ms=60_000)]) as model:
        process = await started(files, "--planner", "llm", "--concurrency", "1", model=model)
        async with asyncio.timeout(60):
            while len(model.calls) < 2:
                model.called.clear()
                await model.called.wait()
        process.send_signal(number)
        _, err = await process.communicate()
    assert process.returncode == code
    assert "Stopped after 1 of 3 requests; the same command goes on from there." in err.decode()
    assert "Traceback" not in err.decode()

    # Another evaluation does not take the journal for its own.
    other = await evaluated(files, "--planner", "builtin")
    assert (other.code, "--restart to drop it" in other.err) == (2, True)
    again = await evaluated(files, "--planner", "builtin", "--restart")
    assert again.code == 0


@pytest.mark.tasks
async def test_failures_that_may_pass_are_planned_again_by_the_next_start(files: Files) -> None:
    busy = Reply(status=429, error="slow down", headers={"retry-after": "0"})
    async with LLMServer([RIGHT[0], RIGHT[1], *[busy] * 20]) as model:
        done = await evaluated(files, "--planner", "llm", "--concurrency", "1", model=model)
    assert done.code == 0, done.err
    assert json.loads(files.report.read_text())["failures"]["passing"] == 1
    assert "1 of the failures may pass; the same command plans these requests again." in done.err

    async with LLMServer([RIGHT[2]]) as model:
        done = await evaluated(files, "--planner", "llm", model=model)
    assert len(model.calls) == 1
    assert "node F1 100.0" in done.lines
    assert not files.journal.exists()


async def test_a_controller_that_is_not_there_stops_the_evaluation(files: Files) -> None:
    done = await evaluated(files, "--address", "127.0.0.1:1")
    assert done.code == 3
    assert "127.0.0.1:1" in done.err
    assert "Stopped after 0 of 3 requests" in done.err
    assert not files.report.exists()


async def test_a_planner_that_is_not_configured_stops_the_evaluation(files: Files) -> None:
    done = await evaluated(files, "--planner", "llm")
    assert done.code == 1
    assert "OPENAI" in done.err
    assert "Stopped after 0 of 3 requests" in done.err


async def test_wrong_files_are_told_before_anything_starts(files: Files) -> None:
    (files.folder / "dev.jsonl").write_text('{"id": "1", "task_nodes": []}\n{"id"')
    done = await evaluated(files)
    assert done.code == 2
    assert "Error: dev.jsonl, line 2: this is no JSON" in done.err
    assert "Starting" not in done.err
    done = await evaluated(Files(files.folder), "--output", str(files.folder / "none" / "report.json"))
    assert (done.code, "there is no folder" in done.err) == (2, True)


async def test_tools_of_any_name_and_kind_are_planned(files: Files) -> None:
    # Given a library of the daily-life kind, whose links are an order in time,
    tools = [
        {"id": "book.Flight", "desc": "", "parameters": [{"name": "from", "type": "string", "desc": ""}]},
        {"id": "天气", "desc": "Weather", "parameters": []},
        {"id": "Sum (of two)", "desc": "", "input-type": ["number", "number"], "output-type": []},
    ]
    sample = {
        "id": 9,
        "type": "unheard of",
        "user_request": "Weather, then fly from Rome.",
        "tool_nodes": json.dumps(
            [
                {"task": "天气", "arguments": []},
                {"task": "book.Flight", "arguments": [{"name": "from", "value": "Rome"}]},
            ]
        ),
        "tool_links": json.dumps([{"source": "天气", "target": "book.Flight"}]),
    }
    (files.folder / "tools.json").write_text(json.dumps({"nodes": tools}))
    (files.folder / "dev.jsonl").write_text(json.dumps([sample]))
    # and a plan in that order,
    plan = written(
        ("w", "天气", {}),
        ("f", "book-flight", {"from": {"text": "Rome"}, "after": {"output": {"taskId": "w", "output": "result"}}}),
    )
    async with LLMServer([plan]) as model:
        done = await evaluated(files, "--planner", "llm", model=model)
    # then all of it is right.
    for measure in ("node F1", "edge F1", "argument type F1", "argument value F1", "exact-graph accuracy"):
        assert f"{measure} 100.0" in done.lines, done.err


def test_a_terminal_shows_a_bar_and_tables_that_fit(files: Files) -> None:
    names = (name for name in os.environ if name.startswith(("OPENAI_", "ORCHESTRION_")))
    # A path is never broken, and that of a temporary folder may be wider than any terminal.
    command = [*files.command, "--output", files.report.name]
    with Terminal(command, 80, environment=dict.fromkeys(names, ""), folder=files.folder) as terminal:
        assert terminal.finish() == 0
        assert terminal.restored()
    assert "3/3" in terminal.screen.text
    assert "By structure (95 % intervals)" in terminal.screen.text
    assert f"Wrote {files.report.name}." in terminal.screen.text
    assert terminal.screen.too_wide == []
