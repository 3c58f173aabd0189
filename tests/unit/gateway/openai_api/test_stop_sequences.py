"""Stop sequences in a text that comes in pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrion_gateway.openai_api.stop_sequences import StopSequences


def test_what_might_begin_a_stop_sequence_waits_until_it_is_sure() -> None:
    cases = [
        (("ab",), ("xa", "b", "y"), ["x", "", ""], True, ""),
        (("ab",), ("xa", "a", "c"), ["x", "a", "ac"], False, ""),
        (("END", "N"), ("aE", "N"), ["a", "E"], True, ""),
        (("stop",), ("a st", "o"), ["a ", ""], False, "sto"),
        ((), ("a", "b"), ["a", "b"], False, ""),
    ]
    for sequences, pieces, shown, stopped, rest in cases:
        stops = StopSequences(sequences)
        assert [stops.feed(piece) for piece in pieces] == shown
        assert (stops.stopped, stops.close()) == (stopped, rest)


@given(st.lists(st.text("ab"), max_size=6), st.lists(st.text("ab", min_size=1, max_size=3), max_size=3))
def test_what_is_shown_is_the_text_before_the_first_of_them(pieces: list[str], sequences: list[str]) -> None:
    stops = StopSequences(sequences)
    shown = ""
    for piece in pieces:
        shown += stops.feed(piece)
        if stops.stopped:
            break
    shown += stops.close()
    text = "".join(pieces)
    if stops.stopped:
        # One stands there, whole; none stood whole before it came.
        assert any(text[len(shown) :].startswith(sequence) for sequence in sequences)
    else:
        assert shown == text
        assert not any(sequence in text for sequence in sequences)
