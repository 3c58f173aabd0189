"""Long texts in windows that overlap, each short enough for a model, with the places of their tokens in the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrion.errors import OrchestrionError
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.heads.model import HeadExpert, TextModel
from orchestrion_host.worker.library_types import Array, Tokenizer
from orchestrion_host.worker.runtimes import Outputs, Result, read_each
from orchestrion_host.worker.text import token_limits


@dataclass(frozen=True, slots=True)
class TextWindow:
    """A piece of a text as a model reads it."""

    fields: dict[str, list[int]]
    """What the model gets, such as `input_ids`, without padding."""
    places: list[tuple[int, int] | None]
    """For each token where it begins and ends in the text, in characters; None for marks and a question."""
    words: list[int | None]
    """For each token the number of its word in the text; None for marks and a question."""

    @property
    def count(self) -> int:
        """How many tokens it has."""
        return len(self.places)


def check(model: TextModel) -> None:
    """Makes sure that a model's tokenizer tells where its tokens are in a text.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: it does not.
    """
    if not model.tokenizer.is_fast:
        raise model.spec.refused("its tokenizer does not tell places in the text; save it with a tokenizer.json.")


def cut(
    tokenizer: Tokenizer, text: str, most_tokens: int, overlap: int, question: str | None = None
) -> list[TextWindow]:
    """Cuts a text into windows, at least one.

    Args:
        tokenizer: A fast one.
        text: The text.
        most_tokens: How long a window is at most, the question and marks included.
        overlap: How many tokens of a window come again in the next.
        question: What stands in front of each window, where the model answers questions.
    """
    texts = ([text],) if question is None else ([question], [text])
    encoded = tokenizer(
        *texts,
        truncation=True if question is None else "only_second",
        max_length=most_tokens,
        stride=overlap,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    own = 0 if question is None else 1
    names = [name for name in tokenizer.model_input_names if name in encoded]
    windows = []
    for row in range(len(encoded["input_ids"])):
        belongs = encoded.sequence_ids(row)
        offsets, words = encoded["offset_mapping"][row], encoded.word_ids(row)
        windows.append(
            TextWindow(
                {name: list(encoded[name][row]) for name in names},
                [tuple(place) if mine == own else None for place, mine in zip(offsets, belongs, strict=True)],
                [word if mine == own else None for word, mine in zip(words, belongs, strict=True)],
            )
        )
    return windows


def predict(
    expert: HeadExpert,
    batch: Sequence[Call],
    read: Callable[[Call], list[TextWindow]],
    outputs: Sequence[str],
    answer: Callable[[Call, Sequence[TextWindow], Sequence[Sequence[Array]]], Outputs],
) -> list[Result]:
    """Performs a batch of calls, the windows of all texts together.

    Args:
        expert: Reads the windows.
        batch: The calls.
        read: Cuts the text of a call into windows.
        outputs: The names of the model's outputs.
        answer: Makes the outputs of a call of its windows and of the model's outputs for each of them.
    """
    cut_texts, results = read_each(batch, read)
    owned = [(place, window) for place, windows in cut_texts.items() for window in windows]
    arrays = compute(expert, [(batch[place], window) for place, window in owned], outputs)
    for place, windows in cut_texts.items():
        try:
            batch[place].raise_if_cancelled()
            own = [arrays[row] for row, (owner, _) in enumerate(owned) if owner == place]
            results[place] = answer(batch[place], windows, own)
        except OrchestrionError as error:
            results[place] = error
    return [results[place] for place in range(len(batch))]


def compute(
    expert: HeadExpert, windows: Sequence[tuple[Call, TextWindow]], outputs: Sequence[str]
) -> dict[int, list[Array]]:
    """Runs a model over windows of several calls, in as few passes as their size allows.

    Args:
        expert: The model.
        windows: Each with the call that it belongs to; those of cancelled calls are left out.
        outputs: Which outputs of the model are wanted, each of shape (windows, tokens, …).

    Returns:
        For each window that was computed the wanted outputs, as float arrays of shape (tokens, …).
    """
    results: dict[int, list[Array]] = {}
    for places in token_limits.passes([window.count for _, window in windows]):
        wanted = [place for place in places if not windows[place][0].cancelled]
        if not wanted:
            continue
        arrays = expert.run([windows[place][1].fields for place in wanted], outputs)
        for row, place in enumerate(wanted):
            count = windows[place][1].count
            results[place] = [array[row, -count:] if expert.pads_left else array[row, :count] for array in arrays]
    return results
