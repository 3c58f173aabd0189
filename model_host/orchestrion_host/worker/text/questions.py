"""The task `question-answering`: the shortest passage of a text that answers a question, word for word."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Sequence
from typing import Final

import numpy as np

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Outputs
from orchestrion_host.worker.text import answer_types, inputs, sentences, words
from orchestrion_host.worker.text.answer_types import AnswerType, Span
from orchestrion_host.worker.text.encoding import Vectors
from orchestrion_host.worker.text.ranking import Numbers
from orchestrion_host.worker.text.sentences import Sentence

_MEANING: Final = 0.6
_WORDS: Final = 0.2
_KIND: Final = 0.3
_AFTER_SENTENCE: Final = 0.15
_AFTER_HEADING: Final = 0.5
HALF_SURE: Final = 0.65
"""The relevance at which an answer is as likely right as wrong; found on questions with and without an answer."""

_STEEPNESS: Final = 10.0


def answer(call: Call, half_sure: float = HALF_SURE) -> Generator[Sequence[str], Vectors, Outputs]:
    """Ranks the sentences of a text by how well they fit a question, and narrows the best down.

    A sentence fits by its meaning (cosine), by the words that it shares with the question, the rare ones more, and by
    having something of the kind asked for: a name for `who`, a number for `how many`. Where such a piece stands out in
    the best sentence, it is the answer; else the whole sentence is. The score is a logistic function of the fit.

    Args:
        call: The call.
        half_sure: The fit that scores one half.

    Raises:
        InvalidArgumentError: The text or the question is blank or too long.
    """
    text, question = inputs.text(call, "text"), inputs.text(call, "question")
    split = sentences.split(text)
    rows = yield [question, *(sentence.text for sentence in split)]
    kind, question_words = answer_types.of(question), words.stems(question)
    fits = relevance(rows[1:] @ rows[0], split, question_words, kind)
    best = int(np.argmax(fits))
    sentence = split[best]
    span = narrowed(text[sentence.start : sentence.end], question, kind)
    start, end = sentence.start + span.start, sentence.start + span.end
    score = 1.0 / (1.0 + math.exp(-_STEEPNESS * (float(fits[best]) - half_sure)))
    return {"answer": text[start:end], "score": score, "start": float(start), "end": float(end)}


def relevance(
    cosines: Numbers, split: Sequence[Sentence], question_words: frozenset[str], kind: AnswerType | None
) -> Numbers:
    """Says how well each sentence fits a question, about 0 to 1.

    Args:
        cosines: Float array of shape (sentences,): how near each is to the question in meaning.
        split: The sentences.
        question_words: The stems of the question.
        kind: What the question asks for; None where any kind of answer will do.
    """
    stems = [words.stems(sentence.text) for sentence in split]
    frequencies = Counter(stem for item in stems for stem in item)
    rarity = {stem: math.log(1 + len(split) / (1 + frequencies[stem])) + 0.1 for stem in question_words}
    total = sum(rarity.values()) or 1.0
    shared = np.array([sum(rarity[stem] for stem in question_words & item) / total for item in stems])
    # Of a question for anything, such as `what`, it is open whether a sentence has it.
    kinds = np.array([bool(kind.spans(item.text, question_words)) if kind else 0.5 for item in split])
    own = _MEANING * np.maximum(cosines, 0.0) + _WORDS * shared
    # What a sentence speaks of goes on in the next, `It opened in 1932.`, and even more so what a heading announces.
    weights = np.array([_AFTER_SENTENCE if sentence.is_complete else _AFTER_HEADING for sentence in split])
    carried = np.concatenate([[0.0], (weights * own)[:-1]])
    fits: Numbers = own + carried + _KIND * kinds
    return fits


def narrowed(passage: str, question: str, kind: AnswerType | None) -> Span:
    """Finds the piece of a passage that answers by itself: the one of the kind asked for that stands out.

    Of several, it is the one nearest to the words of the question; the whole passage where two are as near.
    """
    question_words = words.stems(question)
    candidates = kind.spans(passage, question_words) if kind else []
    whole = Span(0, len(passage))
    if not candidates:
        return whole
    anchors = [(start, end) for stem, start, end in words.places(passage) if stem in question_words]
    ranked = sorted((_distance(span, anchors), span.start, span) for span in candidates)
    if len(ranked) > 1 and ranked[1][0] - ranked[0][0] < 2:
        return whole
    return ranked[0][2]


def _distance(span: Span, anchors: Sequence[tuple[int, int]]) -> int:
    return min((max(span.start - end, start - span.end, 0) for start, end in anchors), default=0)
