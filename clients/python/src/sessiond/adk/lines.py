"""Who goes next: calls that wait behind others."""

from __future__ import annotations

import asyncio
import math

import grpc

from .errors import DeadlineError, SessiondError, UnavailableError


class Line:
    """Lets so many calls through at a time; the others wait here, first come first served.

    gRPC would queue them as well, with the clock of each running: thousands of calls at once would all run out of time
    together, whatever the server does. Here a call's time begins with its turn.

    Args:
        places: how many calls go at a time.
        patience: seconds without any answer after which those that waited so long are sent away.
    """

    def __init__(self, places: int, patience: float) -> None:
        self._places = asyncio.Semaphore(places)
        self._patience = patience
        self._answered = -math.inf
        self._failure: SessiondError | None = None

    async def enter(self) -> SessiondError | None:
        """Takes a place, which has to be given back with ``leave``.

        Returns:
            None; or, where no place was taken, what others failed with while this one waited and nobody had an answer.
        """
        if not self._places.locked():
            await self._places.acquire()
            return None
        clock = asyncio.get_running_loop().time
        began = clock()
        await self._places.acquire()
        if self._failure is None or clock() - max(began, self._answered) < self._patience:
            return None
        self.leave()
        return self._failure

    def leave(self) -> None:
        """Gives a place back."""
        self._places.release()

    def answered(self) -> None:
        """Tells those who wait that the server answers."""
        self._answered = asyncio.get_running_loop().time()
        self._failure = None

    def failed(self, failure: SessiondError) -> None:
        """Tells those who wait what a call failed with, which may well be an answer."""
        if isinstance(failure, UnavailableError):
            self._failure = failure
        elif isinstance(failure, DeadlineError):
            # Says less than why another call did not come through.
            self._failure = self._failure or failure
        elif failure.code is not grpc.StatusCode.CANCELLED:
            self.answered()


class Turn:
    """A lock, to be held with ``async with`` right where ``Connection.turn`` gives it; first come, first served.

    It is forgotten with its last user: while somebody holds it or waits, the object that it is for is alive, and so no
    other can have that one's address.
    """

    def __init__(self, turns: dict[int, Turn], owner: int) -> None:
        self._turns = turns
        self._owner = owner
        self._lock = asyncio.Lock()
        self._users = 0

    async def __aenter__(self) -> None:
        self._users += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
        self._leave()

    def _leave(self) -> None:
        self._users -= 1
        if self._users == 0:
            del self._turns[self._owner]
