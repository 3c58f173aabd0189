"""What is made of protos/ beside the stubs is what protos/ says."""

from __future__ import annotations

from protos.generators import api, docstrings
from protos.generators.__main__ import outdated


def test_what_is_made_of_the_protos_is_up_to_date() -> None:
    assert not outdated(api.read()), "run: make protos"


def test_every_field_and_every_member_is_documented() -> None:
    assert not list(docstrings.missing(api.read()))
