"""The tables. Times are milliseconds since the epoch, so that every database orders them alike."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, UniqueConstraint

METADATA = MetaData()

RUNS = Table(
    "runs",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("kind", Integer, nullable=False),
    Column("state", Integer, nullable=False),
    Column("create_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger),
    Column("deadline_ms", BigInteger),
    Column("previous_run", String(80), nullable=False, default=""),
    # The caller's own id for the call; null where none was given, and nulls never collide.
    Column("request_id", String(64)),
    # The serialized request, until the run has ended; null for runs of versions that kept none.
    Column("request", LargeBinary),
    # How often a restarted controller has taken it up again.
    Column("resume_count", Integer, nullable=False, default=0, server_default="0"),
    # What lists show of its messages, as a serialized Run that has nothing else.
    Column("beginnings", LargeBinary),
    UniqueConstraint("request_id"),
    Index("runs_by_time", "create_ms", "name"),
    Index("runs_by_state", "state"),
    Index("runs_by_previous", "previous_run"),
    Index("runs_by_end", "end_ms", "name"),
)

EVENTS = Table(
    "events",
    METADATA,
    Column("run", String(80), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("event", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

RUN_ARTIFACTS = Table(
    "run_artifacts",
    METADATA,
    # Every artifact whose name stands in the run's events or request.
    Column("run", String(80), primary_key=True),
    Column("artifact", String(80), primary_key=True),
    Index("run_artifacts_by_artifact", "artifact"),
    sqlite_with_rowid=False,
)

ARTIFACTS = Table(
    "artifacts",
    METADATA,
    Column("owner", String(64), primary_key=True),
    # The resource name without `artifacts/`.
    Column("id", String(80), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("file_name", String(255), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("create_ms", BigInteger, nullable=False),
    # When it was last stored or asked for, to within some minutes.
    Column("use_ms", BigInteger, nullable=False, default=0, server_default="0"),
    Index("artifacts_by_time", "owner", "create_ms", "id"),
    Index("artifacts_by_hash", "sha256"),
)

# The hosts that were listed when the controller last ran.
HOSTS = Table("hosts", METADATA, Column("name", String(80), primary_key=True))
