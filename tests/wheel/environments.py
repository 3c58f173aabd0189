"""Wheels, and environments of their own to install them into."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def uv(*arguments: str | Path) -> None:
    """Runs .venv's uv with pip's settings, as the scripts in tools/ do."""
    command = 'source tools/pip_settings.sh && exec .venv/bin/uv "$@"'
    subprocess.run(["bash", "-c", command, "uv", *map(str, arguments)], cwd=ROOT, check=True)


def build_wheel(project: Path, folder: Path) -> Path:
    """Builds the wheel of a project into a folder."""
    uv("build", "--quiet", "--wheel", "--out-dir", folder, project)
    (built,) = folder.glob("*.whl")
    return built


def new_environment(folder: Path, *requirements: str | Path) -> Path:
    """Makes an environment of its own with what is required; gives the folder of its programs."""
    uv("venv", "--quiet", "--python", sys.executable, folder)
    uv("pip", "install", "--quiet", "--python", folder / "bin" / "python", *requirements)
    return folder / "bin"
