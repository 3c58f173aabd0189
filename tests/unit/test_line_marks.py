"""The lines that marks tell are those that coverage.py traces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[2]

CODE = '''\
"""A module with every kind of block, half of which runs."""

from __future__ import annotations

import asyncio
import enum
from dataclasses import dataclass
from functools import (
    cache,
    wraps,
)


@dataclass(
    frozen=True,
)
class Point:
    """A place."""

    x: int
    """Along."""
    y: int = 0


class Colour(enum.Enum):
    RED = 1
    BLUE = 2

    @property
    def warm(self) -> bool:
        return self is Colour.RED


@cache
@wraps(print)
def kinds(value):
    """Branches."""
    match value:
        case Point(x=0):
            return "zero"
        case int() | str():
            return "plain"
        case _:
            return "other"


def failing(value):
    total = 0
    for number in range(value):
        if number > 2:
            break
        elif number > 1:
            continue
        else:
            total += number
    else:
        total = -1
    while total:
        total -= 1
    try:
        with open(
            "/no/such/file",
        ) as file:
            file.read()
    except ValueError:
        return 1
    except (OSError, TypeError):
        total = 3
        raise KeyError(total) from None
    else:
        return 2
    finally:
        total = 4


async def waits():
    async def inner():
        yield 1
        yield 2

    return [number async for number in inner() if number > 1]


def never():
    nothing = lambda: (
        1
    )
    return nothing


if __name__ == "__main__":
    never()
kinds(7)
try:
    failing(9)
except KeyError:
    pass
asyncio.run(waits())
Colour.RED.warm
'''

TRACE = """
import coverage, sys
traced = coverage.Coverage(data_file=sys.argv[1], config_file=False, include=[sys.argv[2]])
traced.start()
import marked_sample.code
traced.stop()
traced.save()
"""

MARK = """
import json
from tests.line_marks import LineMarks
marks = LineMarks(["marked_sample"], ["*/omitted.py"])
marks.install()
import marked_sample.code, marked_sample.omitted
print(json.dumps([marks.files(), marks.ran()]))
"""


def test_marks_and_a_trace_tell_the_same_lines(tmp_path: Path) -> None:
    package = tmp_path / "marked_sample"
    package.mkdir()
    code = package / "code.py"
    code.write_text(CODE)
    for name in ("__init__", "omitted", "never_imported"):
        (package / f"{name}.py").write_text("value = 1\n")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "COVERAGE_CORE": "ctrace"}
    traced = coverage.Coverage(data_file=tmp_path / "traced", config_file=False)
    marked = coverage.Coverage(data_file=tmp_path / "marked", config_file=False)

    subprocess.run([sys.executable, "-c", TRACE, traced.config.data_file, code], env=environment, check=True)
    output = subprocess.run(
        [sys.executable, "-c", MARK], env=environment, check=True, capture_output=True, text=True
    ).stdout
    files, ran = json.loads(output)
    marked.get_data().add_lines(ran)
    traced.load()

    assert {Path(file).name for file in files} == {"__init__.py", "code.py", "never_imported.py"}
    assert marked.analysis2(str(code)) == traced.analysis2(str(code))
    assert {Path(file).name for file in ran} == {"__init__.py", "code.py"}
