"""What is made of protos/ beside the stubs: the codec's types, the methods of RPCs, the docstrings of the domain."""

from __future__ import annotations

from typing import Final

from protos.generators import api, docstrings
from protos.generators.__main__ import outdated

COMMENTS: Final = {"name": "The name.", "deadline_ms": "When it ends, in milliseconds; unset for never."}
API: Final = api.Api(
    messages={"Job": api.Commented("jobs_pb2", COMMENTS, frozenset({"deadline_ms"}))},
    enums={"JobState": api.Commented("jobs_pb2", {"JOB_STATE_LATE": "It is late: " + "very " * 30 + "late."})},
    methods=(),
    files={},
)
BEFORE: Final = '''\
class JobState(enum.IntEnum):
    """Where it is."""

    LATE = 1


@dataclass(frozen=True)
class Job:
    """A job."""

    name: str
    """What stood here before."""
    deadline_ms: int | None = None
    local: str = ""
    """What protos/ does not have."""
'''
AFTER: Final = f'''\
class JobState(enum.IntEnum):
    """Where it is."""

    LATE = 1
    """It is late: {"very " * 19}very
    {"very " * 10}late.
    """


@dataclass(frozen=True)
class Job:
    """A job."""

    name: str
    """The name."""
    deadline_ms: int | None = None
    """When it ends, in milliseconds; None for never."""
    local: str = ""
    """What protos/ does not have."""
'''


def test_what_is_made_of_the_protos_is_up_to_date() -> None:
    assert not outdated(api.read()), "run: make protos"


def test_every_field_and_every_member_is_documented() -> None:
    assert not list(docstrings.missing(api.read()))


def test_comments_are_written_under_fields_and_members_and_what_is_a_persons_own_stays() -> None:
    assert docstrings.documented(BEFORE, API) == AFTER
    assert docstrings.documented(AFTER, API) == AFTER
