"""Debian's Prometheus as a child process, with the project's own rules, and its answers."""

from __future__ import annotations

import json
import math
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.observability.rules.files import rules_yaml
from deploy.observability.rules.timing import Timing
from deploy.observability.scraping import Targets, prometheus_yaml
from tests.system.processes import eventually

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Series:
    """One series of an answer."""

    labels: Labels
    points: tuple[tuple[float, float], ...]
    """Times in seconds since 1970, and values; NaN is left out."""


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that runs."""

    address: str
    window_s: int
    """What stands for `$__rate_interval`."""

    def between(self, query: str, start: float, end: float, step_s: float = 2) -> list[Series]:
        """Asks for a query of a panel or a rule over a span of time."""
        query = re.sub(r'"\$(host|expert)"', '".*"', query.replace("$__rate_interval", f"{self.window_s}s"))
        answer = self.get("query_range", query=query, start=start, end=end, step=step_s)
        series = []
        for item in answer["result"]:
            points = ((float(at), float(value)) for at, value in item["values"])
            series.append(Series(item["metric"], tuple(point for point in points if not math.isnan(point[1]))))
        return series

    def get(self, path: str, **parameters: object) -> Any:
        """Calls the HTTP API and returns its data."""
        arguments = urllib.parse.urlencode({name: str(value) for name, value in parameters.items()})
        with urllib.request.urlopen(f"http://{self.address}/api/v1/{path}?{arguments}", timeout=20) as page:
            return json.load(page)["data"]

    def targets_up(self) -> int:
        """Counts the targets that were scraped well."""
        return sum(target["health"] == "up" for target in self.get("targets")["activeTargets"])


@contextmanager
def prometheus(folder: Path, targets: Targets, timing: Timing) -> Iterator[Prometheus]:
    """Runs Prometheus with a scrape each second."""
    program = shutil.which("prometheus")
    assert program, "install Prometheus first (Debian, Ubuntu: apt install prometheus)"
    folder.mkdir()
    (folder / "prometheus.yml").write_text(prometheus_yaml(targets, interval="1s"))
    (folder / "rules.yml").write_text(rules_yaml(timing))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    flags = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("w") as log:
        child = subprocess.Popen([program, *flags, f"--web.listen-address={address}"], stdout=log, stderr=log)
        try:
            running = Prometheus(address, window_s=10)
            eventually(lambda: _answers(running))
            yield running
        finally:
            child.terminate()
            child.wait(20)


def _answers(running: Prometheus) -> bool:
    try:
        return bool(running.get("targets"))
    except OSError:
        return False
