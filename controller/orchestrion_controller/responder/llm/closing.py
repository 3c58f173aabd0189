"""What is added to a model's answer in the asker's language: that it was cut, what was not shown, and what it lacks."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrion_controller import wording
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.responder import not_done
from orchestrion_controller.responder.failures import failures, what_it_was
from orchestrion_controller.responder.llm.aliases import Aliases
from orchestrion_controller.responder.llm.extents import LeftOut
from orchestrion_controller.responder.llm.files import RunFiles
from orchestrion_controller.stages import RespondingRequest


def closing_lines(
    request: RespondingRequest,
    files: RunFiles,
    aliases: Aliases,
    left_out: Sequence[LeftOut],
    language: str,
    *,
    is_cut: bool,
) -> list[str]:
    """Writes what follows the model's own words.

    Args:
        request: The run.
        files: Its files.
        aliases: What the answer has named; the files of the plan that it has not are named now.
        left_out: What the model's prompt had no room for.
        language: The tag of the language.
        is_cut: Whether the answer ends before its end.
    """
    words = words_of(language)
    lines = [words.word("cut_off")] if is_cut else []
    unseen = [part for part in left_out if not _has_whole(aliases, part)]
    if unseen:
        shown = list(dict.fromkeys(_shown_in_part(part, request, language) for part in unseen))
        lines.append(words.word("partly_shown", what=words.joined(shown)))
    made = wording.made_by_leaves(request.plan, request.results, request.artifacts)
    unnamed = [name for name in made if name not in aliases.used]
    if unnamed:
        aliases.used.extend(unnamed)
        lines.append(words.word("files", names=", ".join(map(files.name, unnamed))))
    lines += failures(request, language)
    lines += [rest] if (rest := not_done.closing(request, language)) else []
    return lines


def _has_whole(aliases: Aliases, part: LeftOut) -> bool:
    """Whether the answer has an output as a whole, though the model was shown its beginning alone."""
    return any((part.task_id, output) in aliases.filled for output in (part.output, part.output.partition(" ")[0]))


def _shown_in_part(part: LeftOut, request: RespondingRequest, language: str) -> str:
    words = words_of(language)
    counts = {"shown": str(part.shown), "count": str(part.count)}
    if not part.task_id:
        return words.word(f"shown_{part.unit}", **counts)
    task = request.plan.task(part.task_id)
    what = what_it_was(task, request, language) if task else f"`{part.task_id}`"
    return words.word(f"shown_{part.unit}", what=what, **counts)
