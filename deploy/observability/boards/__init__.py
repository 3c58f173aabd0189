"""The six dashboards: what an operator asks, and the queries that answer it."""

from __future__ import annotations

from typing import Final

from deploy.observability.boards.errors import ERRORS
from deploy.observability.boards.experts import EXPERTS
from deploy.observability.boards.hosts import HOSTS
from deploy.observability.boards.language_model import LANGUAGE_MODEL
from deploy.observability.boards.overview import OVERVIEW
from deploy.observability.boards.run import RUN

BOARDS: Final = (OVERVIEW, RUN, HOSTS, EXPERTS, LANGUAGE_MODEL, ERRORS)
