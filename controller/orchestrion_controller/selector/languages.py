"""Whether an expert has the language of a task: the one that it names, or those that its texts may be in. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from orchestrion.experts import Expert
from orchestrion_controller.languages import canonical, detect_any
from orchestrion_controller.selector.requirements import TaskRequirements

SOURCE_LANGUAGE: Final = "source_language"
"""The input that names the language of a text that is to be translated."""
_LEAST_PROBABILITY: Final = 0.3
"""Languages that are less likely are not told to an expert."""


def fits_language(requirements: TaskRequirements, expert: Expert) -> bool:
    """Whether the expert has the language that the task names or else, as far as that is certain, those of its texts.

    One that lists no languages has them all. A text that may be in several languages needs one of them.
    """
    sources = source_languages(expert)
    if sources and SOURCE_LANGUAGE not in requirements.task.inputs and _lacks(sources, requirements):
        return False
    own = listed(expert.languages)
    if not own:
        return True
    return requirements.language in own if requirements.language_named else not _lacks(own, requirements)


def source_languages(expert: Expert) -> frozenset[str]:
    """Returns the languages that the expert translates from, where it takes some only."""
    return frozenset().union(*(listed(item.values) for item in expert.accepts if item.input == SOURCE_LANGUAGE))


def _lacks(tags: frozenset[str], requirements: TaskRequirements) -> bool:
    return any(text.possible.isdisjoint(tags) for text in requirements.text_languages)


def language_of(text: str, expected: str, tags: tuple[str, ...]) -> str:
    """Returns the language of a text, as one of several tags; empty where it is not clear, or none of them is it.

    Args:
        text: The text; a word is enough where little else has its letters.
        expected: The tag of the language that it is in if nothing speaks against that; empty for none.
        tags: The tags that an expert takes.
    """
    detected = detect_any(text, expected)
    likely = detected.tag
    if detected.probability < _LEAST_PROBABILITY:
        likely = expected if expected in detected.possible else ""
    fitting = [tag for tag in tags if likely and canonical(tag) == canonical(likely)]
    return next((tag for tag in (likely, canonical(likely)) if tag in fitting), "".join(fitting[:1]))


@lru_cache(maxsize=4096)
def listed(tags: tuple[str, ...]) -> frozenset[str]:
    """Returns the languages of several tags, as `canonical` has them."""
    return frozenset(canonical(tag) for tag in tags) - {""}
