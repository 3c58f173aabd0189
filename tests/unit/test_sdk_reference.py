"""The reference of the SDK has every public name, with its signature and its docstring."""

from __future__ import annotations

import enum
import inspect
from typing import overload

import pytest

import orchestrion
from docs.pages import reference
from docs.pages.source import Field, class_of


class Grade(enum.Enum):
    """How good."""

    HIGH = 1
    """Very
    good."""
    LOW = ("none", "Not good.")


class Conductor:
    """Leads."""

    tempo: float = 1.0
    """Beats a second."""

    def __init__(self, name: str, /, *players: str, seated: bool = True) -> None:
        """Hires players.

        Args:
            name: What it says
                on the door.
            seated: Whether they sit.
        """
        self.score = Field("", "", "", name)
        """What is played."""
        self._players = (*players, seated)

    @property
    def loud(self) -> bool:
        """Whether it is."""
        return True

    @overload
    def play(self, what: str) -> str: ...

    @overload
    def play(self, what: int) -> int: ...

    def play(self, what: str | int) -> str | int:
        """Plays.

        Returns:
            What was played.

        Raises:
            ValueError: There is nothing.
        """
        return what

    def _tune(self) -> None: ...


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: make() for name, make in reference.reference_pages().items()}


def test_every_public_name_has_an_entry_that_the_index_leads_to(pages: dict[str, str]) -> None:
    index = pages["reference/README.md"]
    for name in reference.exported():
        (line,) = [line for line in index.splitlines() if line.startswith(f"| [`{name}`](")]
        page = pages[f"reference/{line.partition('](')[2].partition('#')[0]}"]
        assert f"\n## {name}\n" in page, name
        first = (inspect.getdoc(getattr(orchestrion, name)) or "").splitlines()[0]
        assert first in page


def test_what_a_client_is_made_of_has_entries(pages: dict[str, str]) -> None:
    page = pages["reference/clients.md"]
    for signature in ("def ask(", "def upload(", "async def upload("):
        assert f"\n{signature}" in page


def test_a_class_is_read_with_its_fields_and_overloads() -> None:
    kind = class_of(Conductor)
    assert kind.fields == (
        Field("tempo", "float", "1.0", "Beats a second."),
        Field("score", "Field", "", "What is played."),
        Field("loud", "bool", "", "Whether it is."),
    )
    assert [method.name for method in kind.methods] == ["play"]
    assert kind.methods[0].signatures == ("def play(what: str) -> str", "def play(what: int) -> int")
    assert kind.constructor is not None
    assert kind.constructor.signatures == ("def __init__(name: str, /, *players: str, seated: bool=True) -> None",)


def test_an_enums_members_have_their_meaning() -> None:
    kind = class_of(Grade)
    assert kind.is_enum
    assert [(field.name, field.doc) for field in kind.fields] == [("HIGH", "Very good."), ("LOW", "Not good.")]


def test_sections_of_docstrings_become_lists() -> None:
    text = reference.markdown(inspect.getdoc(Conductor.__init__) or "")
    assert text == (
        "Hires players.\n\n**Args**\n\n* `name`: What it says\n  on the door.\n* `seated`: Whether they sit."
    )
    text = reference.markdown(inspect.getdoc(Conductor.play) or "")
    assert text == "Plays.\n\n**Returns**\n\nWhat was played.\n\n**Raises**\n\n* `ValueError`: There is nothing."
