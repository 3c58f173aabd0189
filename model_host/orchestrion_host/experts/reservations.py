"""Claims that experts stay loaded: soft ones give way when memory is needed, hard ones do not. Each ends by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from orchestrion.errors import Reason
from orchestrion.experts import ExpertState
from orchestrion_host.changes import Changes
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.experts.loader import ExpertLoader


class _Claim:
    def __init__(self, expert: HostedExpert, timer: asyncio.TimerHandle) -> None:
        self.expert = expert
        self.timer = timer


class GrantedReservations:
    """All claims on the experts of a host, by their ids."""

    def __init__(self, loader: ExpertLoader, changes: Changes) -> None:
        """Starts with none."""
        self._loader = loader
        self._changes = changes
        self._claims: dict[str, _Claim] = {}

    async def take(self, claim_id: str, expert: HostedExpert, *, ttl_s: float, hard: bool, wait_s: float) -> bool:
        """Takes a claim, or prolongs it and perhaps makes it hard, and has the expert loaded.

        A soft claim returns at once; where only reserved experts could make room, its expert is loaded when it is used.
        A hard one returns when the expert has room, before it is loaded.

        Args:
            claim_id: The claim's id, made by the caller.
            expert: The expert.
            ttl_s: How long it lasts, in seconds.
            hard: Whether the expert may not be evicted.
            wait_s: How long a hard one may wait for room, in seconds.

        Returns:
            Whether the claim is hard now.

        Raises:
            InvalidArgumentError: The id is that of a claim on another expert.
            OrchestrionError: As `ExpertLoader.admit`; the claim is not taken then.
        """
        self._check_free(claim_id, expert)
        was_there = claim_id in self._claims
        hard = hard or expert.reservations.get(claim_id, False)
        self._set(claim_id, expert, ttl_s, hard)
        try:
            if hard:
                await self._loader.admit(expert, wait_s)
            elif expert.state not in (ExpertState.LOADED, ExpertState.TO_BE_FETCHED):
                expert.check_usable()
                if expert.loading is None and self._loader.has_room(expert):
                    self._loader.start(expert)
        except BaseException:
            if not was_there:
                self.release(claim_id)
            raise
        return hard

    def release(self, claim_id: str) -> None:
        """Ends a claim; one that ended already is no error."""
        claim = self._claims.pop(claim_id, None)
        if claim is not None:
            claim.timer.cancel()
            claim.expert.reservations.pop(claim_id, None)
            self._changes.notify()

    @contextlib.contextmanager
    def used(self, claim_id: str, expert: HostedExpert) -> Iterator[None]:
        """Makes a claim hard for as long as its call lasts, then ends it. One that ended already does not matter.

        Raises:
            InvalidArgumentError: The id is that of a claim on another expert.
        """
        if not claim_id:
            yield
            return
        self._check_free(claim_id, expert)
        claim = self._claims.get(claim_id)
        if claim is not None:
            claim.timer.cancel()
            expert.reservations[claim_id] = True
        try:
            yield
        finally:
            self.release(claim_id)

    def close(self) -> None:
        """Ends all claims."""
        for claim_id in tuple(self._claims):
            self.release(claim_id)

    def _check_free(self, claim_id: str, expert: HostedExpert) -> None:
        claim = self._claims.get(claim_id)
        if claim is not None and claim.expert is not expert:
            text = f"reservation: {claim_id!r} is a claim on {claim.expert.facts.id}, not on {expert.facts.id}."
            raise Reason.INVALID_FIELD.error(text, field="reservation")

    def _set(self, claim_id: str, expert: HostedExpert, ttl_s: float, hard: bool) -> None:
        old = self._claims.get(claim_id)
        if old is not None:
            old.timer.cancel()
        timer = asyncio.get_running_loop().call_later(ttl_s, self.release, claim_id)
        self._claims[claim_id] = _Claim(expert, timer)
        expert.reservations[claim_id] = hard
        self._changes.notify()
