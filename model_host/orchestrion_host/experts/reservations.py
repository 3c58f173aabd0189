"""Reservations, by which experts stay loaded: soft ones give way when memory is needed, hard ones do not. All end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from orchestrion.errors import Reason
from orchestrion.experts import ExpertState
from orchestrion_host.changes import Changes
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.experts.loader import ExpertLoader


class _Reservation:
    def __init__(self, expert: HostedExpert, timer: asyncio.TimerHandle) -> None:
        self.expert = expert
        self.timer = timer


class GrantedReservations:
    """All reservations on the experts of a host, by their ids."""

    def __init__(self, loader: ExpertLoader, changes: Changes) -> None:
        """Starts with none."""
        self._loader = loader
        self._changes = changes
        self._reservations: dict[str, _Reservation] = {}

    async def take(self, reservation_id: str, expert: HostedExpert, *, ttl_s: float, hard: bool, wait_s: float) -> bool:
        """Takes a reservation, or prolongs it and perhaps makes it hard, and has the expert loaded.

        A soft one returns at once; where only reserved experts could make room, its expert is loaded when it is used.
        A hard one returns when the expert has room, before it is loaded.

        Args:
            reservation_id: The reservation's id, made by the caller.
            expert: The expert.
            ttl_s: How long it lasts, in seconds.
            hard: Whether the expert may not be evicted.
            wait_s: How long a hard one may wait for room, in seconds.

        Returns:
            Whether the reservation is hard now.

        Raises:
            InvalidArgumentError: The id is that of a reservation on another expert.
            OrchestrionError: As `ExpertLoader.admit`; the reservation is not taken then.
        """
        self._check_free(reservation_id, expert)
        was_there = reservation_id in self._reservations
        hard = hard or expert.reservations.get(reservation_id, False)
        self._set(reservation_id, expert, ttl_s, hard)
        try:
            if hard:
                await self._loader.admit(expert, wait_s)
            elif expert.state not in (ExpertState.LOADED, ExpertState.TO_BE_FETCHED):
                expert.check_usable()
                if expert.loading is None and self._loader.has_room(expert):
                    self._loader.start(expert)
        except BaseException:
            if not was_there:
                self.release(reservation_id)
            raise
        return hard

    def release(self, reservation_id: str) -> None:
        """Ends a reservation; one that ended already is no error."""
        reservation = self._reservations.pop(reservation_id, None)
        if reservation is not None:
            reservation.timer.cancel()
            reservation.expert.reservations.pop(reservation_id, None)
            self._changes.notify()

    @contextlib.contextmanager
    def used(self, reservation_id: str, expert: HostedExpert) -> Iterator[None]:
        """Makes a reservation hard for as long as its call lasts, then ends it. One that ended already does not matter.

        Raises:
            InvalidArgumentError: The id is that of a reservation on another expert.
        """
        if not reservation_id:
            yield
            return
        self._check_free(reservation_id, expert)
        reservation = self._reservations.get(reservation_id)
        if reservation is not None:
            reservation.timer.cancel()
            expert.reservations[reservation_id] = True
        try:
            yield
        finally:
            self.release(reservation_id)

    def close(self) -> None:
        """Ends all reservations."""
        for reservation_id in tuple(self._reservations):
            self.release(reservation_id)

    def _check_free(self, reservation_id: str, expert: HostedExpert) -> None:
        reservation = self._reservations.get(reservation_id)
        if reservation is not None and reservation.expert is not expert:
            other = reservation.expert.facts.id
            text = f"reservation: {reservation_id!r} is a reservation of {other}, not of {expert.facts.id}."
            raise Reason.INVALID_FIELD.error(text, field="reservation")

    def _set(self, reservation_id: str, expert: HostedExpert, ttl_s: float, hard: bool) -> None:
        old = self._reservations.get(reservation_id)
        if old is not None:
            old.timer.cancel()
        timer = asyncio.get_running_loop().call_later(ttl_s, self.release, reservation_id)
        self._reservations[reservation_id] = _Reservation(expert, timer)
        expert.was_used = True
        expert.reservations[reservation_id] = hard
        self._changes.notify()
