"""Metrics of the servers, fetched at the same time, each with what went wrong where it does not answer."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Final

from orchestrion.cli.top.exposition import Exposition, parse

_TIMEOUT_S: Final = 2.0
_MOST_BYTES: Final = 32 << 20
_MOST_AT_ONCE: Final = 32
# Metrics are of this network: a proxy for the web would not reach them.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Scrape:
    """What a server said of itself at one moment."""

    url: str
    """Where."""
    host: str = ""
    """The name of the host that it is, without `hosts/`; empty for other servers, or where that is not said."""
    exposition: Exposition = field(default_factory=Exposition)
    """What it said."""
    moment_s: float = 0.0
    """When, in seconds of a clock that only counts up."""
    problem: str = ""
    """Why it said nothing; empty where it did."""


class Scraper:
    """Fetches the metrics of a controller, of its hosts, which the controller names, and of further servers."""

    def __init__(self, controller_url: str, urls: Sequence[str] = ()) -> None:
        """Keeps where to ask.

        Args:
            controller_url: Where the controller's metrics port is, such as `http://127.0.0.1:9464`.
            urls: Further servers, with or without the path `/metrics`.
        """
        self._controller_url = controller_url.rstrip("/")
        self._urls = [url if url.rstrip("/").endswith("/metrics") else f"{url.rstrip('/')}/metrics" for url in urls]
        self._pool = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="scrape")

    def close(self) -> None:
        """Ends its threads; what is still being fetched is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def scrape(self) -> list[Scrape]:
        """Fetches once; a server that does not answer has a `problem`."""
        controller = self._pool.submit(_scrape, f"{self._controller_url}/metrics", "")
        addresses, problem = self._discovered()
        targets = {f"http://{address}/metrics": host for address, host in addresses.items()}
        targets.update({url: targets.get(url, "") for url in self._urls})
        targets.pop(f"{self._controller_url}/metrics", None)
        others = [self._pool.submit(_scrape, url, host) for url, host in targets.items()]
        first = controller.result()
        silent = [] if not problem or first.problem else [Scrape(f"{self._controller_url}/sd/hosts", problem=problem)]
        return [first, *silent, *(other.result() for other in others)]

    def _discovered(self) -> tuple[Mapping[str, str], str]:
        """Returns the metrics addresses of the hosts with their names, which Prometheus discovers the same way."""
        try:
            groups = json.loads(_fetched(f"{self._controller_url}/sd/hosts"))
            return {
                str(target): str(group.get("labels", {}).get("host", "")).removeprefix("hosts/")
                for group in groups
                for target in group["targets"]
            }, ""
        except (OSError, HTTPException, ValueError, TypeError, KeyError, AttributeError) as error:
            return {}, _said(error)


def _scrape(url: str, host: str) -> Scrape:
    try:
        return Scrape(url, host, parse(_fetched(url)), time.monotonic())
    except (OSError, HTTPException, ValueError) as error:
        return Scrape(url, host, problem=_said(error))


def _fetched(url: str) -> str:
    with _OPENER.open(url, timeout=_TIMEOUT_S) as response:
        content: bytes = response.read(_MOST_BYTES)
    return content.decode("utf-8", "replace")


def _said(error: Exception) -> str:
    return str(getattr(error, "reason", "")) or str(error) or type(error).__name__
