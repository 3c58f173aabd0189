"""Words with classes such as `B-PER` and `I-PER`, joined into entities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from orchestrion.values import JsonObject

_BEGINS: Final = ("B", "S", "U")
_GOES_ON: Final = ("I", "E", "L", "M")
_NOTHING: Final = ("O", "[PAD]", "<pad>", "X", "[CLS]", "[SEP]")


@dataclass(frozen=True, slots=True)
class LabelledWord:
    """A word of a text and its likeliest class."""

    start: int
    """Where it begins, in characters from 0."""
    end: int
    """The character after its last."""
    label: str
    """The class, with or without a prefix of the schemes BIO, BIOES or BILOU."""
    score: float
    """How likely the class is, 0 to 1."""


@dataclass(slots=True)
class Entity:
    """What one or more words name together."""

    label: str
    words: list[LabelledWord]

    def plain(self, text: str) -> JsonObject:
        """Describes it as the output `entities` does; its score is the mean of those of its words."""
        start, end = self.words[0].start, self.words[-1].end
        # Some tokenizers count the space in front of a word to the word.
        start += len(text[start:end]) - len(text[start:end].lstrip())
        score = sum(word.score for word in self.words) / len(self.words)
        return {"label": self.label, "text": text[start:end], "score": score, "start": start, "end": end}


def join(words: Iterable[LabelledWord]) -> list[Entity]:
    """Joins words that follow each other and belong together.

    An entity ends where a word of no class, of another class, or with a prefix that begins one follows. Of models
    whose classes have no prefixes, words of one class in a row are one entity.
    """
    entities: list[Entity] = []
    is_open = False
    for word in words:
        if word.label in _NOTHING:
            is_open = False
            continue
        prefix, label = split(word.label)
        if is_open and prefix not in _BEGINS and entities[-1].label == label:
            entities[-1].words.append(word)
        else:
            entities.append(Entity(label, [word]))
        is_open = True
    return entities


def split(label: str) -> tuple[str, str]:
    """Splits `B-PER` into its prefix and what it names; without a prefix, the first is empty."""
    prefix, mark, rest = label.partition("-") if "-" in label else label.partition("_")
    return (prefix, rest) if mark and prefix in (*_BEGINS, *_GOES_ON) else ("", label)
