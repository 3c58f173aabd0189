"""The example clients in Go, C++ and Java, built from the protos with Debian's packages, as their users run them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from orchestrion import Client
from tests.system.test_clients import READ_ALOUD, ROOT, STATION, platform, run, speech_s, start

__all__ = ["platform"]

pytestmark = pytest.mark.timeout(600)  # Building them is most of the time.

CLIENTS = ROOT / "examples" / "clients"
BUILDS = ROOT / "build" / "clients"
NEEDED = {
    "go": ("go", "protoc", "protoc-gen-go", "protoc-gen-go-grpc"),
    "cpp": ("cmake", "c++", "protoc", "grpc_cpp_plugin"),
    "java": ("java", "javac", "protoc", "grpc_java_plugin"),
}
REQUIRED = "ORCHESTRION_REQUIRE_TOOLCHAINS"
"""Set where nothing may be missing."""


def build_go(folder: Path) -> Sequence[Sequence[str]]:
    return [[str(CLIENTS / "go" / "build.sh"), str(folder)]]


def build_cpp(folder: Path) -> Sequence[Sequence[str]]:
    # Compiling takes most of the time, and optimising most of that.
    configure = ["cmake", "-S", str(CLIENTS / "cpp"), "-B", str(folder), "-DCMAKE_CXX_FLAGS=-O0"]
    return [configure, ["cmake", "--build", str(folder), "--parallel", str(os.cpu_count() or 1)]]


def build_java(folder: Path) -> Sequence[Sequence[str]]:
    return [[str(CLIENTS / "java" / "build.sh"), str(folder)]]


BUILD: dict[str, Callable[[Path], Sequence[Sequence[str]]]] = {"go": build_go, "cpp": build_cpp, "java": build_java}


@cache
def program(language: str) -> str:
    """Builds the client in a language, and returns where it is."""
    folder = BUILDS / language
    folder.mkdir(parents=True, exist_ok=True)
    for command in BUILD[language](folder):
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stdout + built.stderr
    return str(folder / "ask")


@pytest.fixture(params=[pytest.param(language, marks=getattr(pytest.mark, language)) for language in NEEDED])
def ask(request: pytest.FixtureRequest) -> str:
    """The client in each language; skipped where there is no toolchain for it, unless that is required."""
    language: str = request.param
    missing = [name for name in NEEDED[language] if shutil.which(name) is None]
    if missing and not os.environ.get(REQUIRED):
        pytest.skip(f"not installed: {', '.join(missing)} (examples/clients/{language})")
    return program(language)


def test_a_client_uploads_asks_and_downloads(platform: Client, tmp_path: Path, ask: str) -> None:
    output = run(platform, tmp_path, ask, READ_ALOUD, str(STATION))
    lines = output.splitlines()
    assert "assigned image-to-text-1 to rapidocr" in lines
    assert any(line.startswith("progress image-to-text-1 ") for line in lines)
    assert "finished text-to-speech-1 TASK_STATE_SUCCEEDED" in lines
    assert "ended    RUN_STATE_SUCCEEDED" in lines
    assert "Mind the gap" in output
    assert lines[-1] == "saved orchestrion-output/speech.wav"
    assert speech_s(tmp_path / "orchestrion-output" / "speech.wav") > 1


def test_a_client_uploads_a_file_of_many_chunks_as_it_is(platform: Client, tmp_path: Path, ask: str) -> None:
    # One chunk is full to its last byte: nothing may follow it, and nothing of it may be sent twice.
    sizes = {"large.txt": 4_400_000, "full.txt": 2 << 20}
    for name, size in sizes.items():
        content = (f"{tmp_path.name}: all work and no play.\n".encode() * 100_000)[:size]
        (tmp_path / name).write_bytes(content)
        start(platform, tmp_path, ask, "Do something with it.", str(tmp_path / name)).communicate(timeout=60)
        newest = platform.artifacts.list().items[0]
        assert newest.file_name == name
        assert platform.artifacts.read(newest.name) == content


WRONG = [
    (["Translate 'hello' into French."], 1, "Error: Understood: translate a text (translation); no expert"),
    (["Read it aloud.", "nobody.png"], 1, "Error: "),
    ([], 2, "usage: ask REQUEST [FILE…]"),
]


def test_a_client_tells_what_went_wrong(platform: Client, tmp_path: Path, ask: str) -> None:
    for arguments, code, message in WRONG:
        process = start(platform, tmp_path, ask, *arguments)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == code
        assert errors.startswith(message)
