"""Files by their ids and links, copies under another name included."""

from __future__ import annotations

import pytest

from orchestrion import NotFoundError, names
from orchestrion_gateway.openai_api import artifact_links, file_ids

FIRST = names.artifact("a" * 64)
COPY = names.artifact("a" * 64, "0123456789ab")


@pytest.mark.parametrize("name", [FIRST, COPY])
def test_the_id_and_the_link_of_a_file_lead_back_to_it(name: str) -> None:
    link = f"http://127.0.0.1:7860/api/v1/{name}/content"

    assert file_ids.artifact_of(file_ids.file_id_of(name), "file_id") == name
    assert artifact_links.named_by(link) == name
    assert artifact_links.split(f"Done.\n\n[a.txt]({link})") == ("Done.", (name,))


def test_what_only_looks_like_an_id_is_no_file() -> None:
    with pytest.raises(NotFoundError):
        file_ids.artifact_of(f"file-{'a' * 64}-x", "file_id")
