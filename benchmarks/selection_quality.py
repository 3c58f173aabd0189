"""Asks both policies for 50 choices in which language, domain, licence or input size decides, and prints the accuracy.

    .venv/bin/python benchmarks/selection_quality.py [--base-url URL --model NAME]

Policy `llm` asks a scripted model, behind real HTTP, that chooses by what it reads in the prompt alone; with --base-url
it asks a real one (the key is taken from OPENAI_API_KEY).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.selection import quality
from benchmarks.selection.reader import ReadingServer
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig


async def measure(base_url: str, model_name: str) -> None:
    """Prints the accuracy of both policies."""
    cases = quality.load()
    print("\n".join(quality.lines("rank", await quality.by_rank(cases))))
    async with ReadingServer() as server:
        key = os.environ.get("OPENAI_API_KEY", "") if base_url else ""
        model = LanguageModel(LanguageModelConfig(base_url=base_url or server.base_url, api_key=key, model=model_name))
        try:
            judged = await quality.by_language_model(cases, model)
        finally:
            await model.aclose()
    print("\n".join(quality.lines("llm", judged)))
    print(f"       (llm: {model_name if base_url else 'a scripted model that reads the prompt'})")


def main() -> int:
    """Measures, prints, and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--base-url", default="", metavar="URL", help="an OpenAI-compatible endpoint to ask instead")
    parser.add_argument("--model", default="gpt-4.1-mini", metavar="NAME", help="the model there")
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.base_url, arguments.model))
    return 0


if __name__ == "__main__":
    sys.exit(main())
