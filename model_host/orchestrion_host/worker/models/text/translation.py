"""Translation sentence by sentence, as these models were trained, with the layout of the text kept."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Final

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.models.generation.detokenization import OrderedParts
from orchestrion_host.worker.models.text.seq2seq_batches import EncoderInput, Rewriter
from orchestrion_host.worker.models.text.translation_languages import LanguagePair, TranslationLanguages
from orchestrion_host.worker.runtimes import Outputs
from orchestrion_host.worker.text import inputs, sentences

# A translation is seldom more than twice as long as its source, and short ones need room.
_GROWTH: Final = 2
_ROOM: Final = 32


class Translations:
    """How the calls of a translating model are done."""

    def __init__(self, model: Rewriter, languages: TranslationLanguages) -> None:
        """Keeps the model.

        Args:
            model: The expert that it belongs to: its tokenizer and limits.
            languages: The languages of the model.
        """
        self._model = model
        self._languages = languages

    def steps(self, call: Call) -> Generator[Sequence[EncoderInput], Sequence[str], Outputs]:
        """Translates the text of a call.

        Raises:
            InvalidArgumentError: The model does not know a language, or the text is blank or too long.
        """
        text = inputs.text(call, "text")
        pair = self._languages.pair(call)
        pieces: list[tuple[str, list[int]]] = []
        end = 0
        for sentence in sentences.split(text):
            gap = text[end : sentence.start]
            end = sentence.end
            between = gap if "\n" in gap else " " if pair.target.writes_spaces and pieces else ""
            for piece in self._readable(sentence.text, pair):
                pieces.append((between, piece))
                between = " " if pair.target.writes_spaces else ""
        parts = OrderedParts(call, [between for between, _ in pieces])
        longest = self._model.own_lengths[1] or self._model.max_tokens
        written = yield [
            EncoderInput(
                call,
                tokens,
                (*pair.settings, ("max_new_tokens", min(max(longest, 64), _rounded(_GROWTH * len(tokens) + _ROOM)))),
                parts,
                place,
            )
            for place, (_, tokens) in enumerate(pieces)
        ]
        return {"text": "".join(between + piece for (between, _), piece in zip(pieces, written, strict=True))}

    def _readable(self, sentence: str, pair: LanguagePair) -> Iterator[list[int]]:
        """Halves a sentence that is too long for the model, at a space where it has one."""
        with self._model.lock:
            tokens = self._languages.encode(pair, sentence)
        if len(tokens) <= self._model.max_tokens or len(sentence) < 2:
            yield tokens[: self._model.max_tokens]
            return
        middle = len(sentence) // 2
        space = sentence.rfind(" ", 1, middle)
        place = middle if space < 0 else space
        for half in (sentence[:place], sentence[place:].strip()):
            yield from self._readable(half, pair)


def _rounded(count: int) -> int:
    """Rounds up to a multiple of 64, so that sentences of like length share a batch."""
    return -(-count // 64) * 64
