"""What the author of an expert or of a runtime imports: these names keep from one minor version to the next.

An expert written in Python is a class:

    from orchestrion_host.plugins import Call, Expert, Outputs

    class WordCount(Expert):
        \"\"\"Counts the words of a text.\"\"\"

        task_types = ("word-count",)

        def predict(self, call: Call) -> Outputs:
            return {"words": len(call.text("text").split())}

It runs in a worker, a child process of the host, and nothing of it is imported anywhere else. A host takes it in by its
file, `orchestrion up --expert path/to/word_count.py:WordCount`, or by an entry point of an installed package, whose
name is the expert's id:

    [project.entry-points."orchestrion.experts"]
    word-count = "my_package.experts:WordCount"

A task type that the project does not define is YAML in the folder `task_types` beside the Python file; facts about the
expert are attributes of the class, or YAML beside the file. `docs/extending.md` walks through all of it.
"""

from __future__ import annotations

from orchestrion.values import Json
from orchestrion_host.plugins.call import Call, File, Input, Output, Outputs
from orchestrion_host.plugins.expert import Expert, ModelSpec, RuntimeLoader

__all__ = ["Call", "Expert", "File", "Input", "Json", "ModelSpec", "Output", "Outputs", "RuntimeLoader"]
