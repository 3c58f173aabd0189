"""What docs/extending.md shows of experts and runtimes, written into files and taken in by a host."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrion_host.catalogue import runtimes
from tests.doc_blocks import write_files
from tests.rpc.host.hosts import running_host

PAGE = "extending.md"


async def test_the_expert_of_the_page_counts_words(tmp_path: Path) -> None:
    write_files(PAGE, tmp_path / "own", "word_count.py", "task_types/word-count.yaml")
    async with running_host(tmp_path, profile="none", experts=(f"{tmp_path}/own/word_count.py:WordCount",)) as host:
        counted = await host.client.infer("word-count", text="one two three")
    assert counted.outputs == {"words": 3.0}


async def test_the_runtime_of_the_page_loads_the_entry_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    write_files(PAGE, site, "my_package/runtime.py")
    (info := site / "my_package-1.0.dist-info").mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: my_package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[orchestrion.runtimes]\nmy-runtime = my_package.runtime\n")
    write_files(PAGE, tmp_path, "catalogue/mood-table.yaml")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    runtimes.names.cache_clear()
    async with running_host(tmp_path, profile="none", catalogue_paths=(tmp_path / "catalogue",)) as host:
        judged = await host.client.infer("mood-table", text="hurray", domain="sentiment")
    runtimes.names.cache_clear()
    assert judged.outputs["label"] == "positive"
