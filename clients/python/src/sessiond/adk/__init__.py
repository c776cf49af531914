"""Keeps the sessions of Google ADK agents in sessiond.

Give a runner a ``SessiondSessionService("localhost:50051")``, or call ``register()`` for ``adk web`` and the like.
"""

from .conversion import event_from_proto
from .errors import (
    AccessError,
    DeadlineError,
    EventIdConflictError,
    InvalidRequestError,
    SessionAlreadyExistsError,
    SessiondError,
    SessionNotFoundError,
    StaleSessionError,
    TooLargeError,
    UnavailableError,
    UnreadableEventError,
)
from .options import Options
from .registration import register
from .session_service import SessiondSessionService

__all__ = [
    "AccessError",
    "DeadlineError",
    "EventIdConflictError",
    "InvalidRequestError",
    "Options",
    "SessionAlreadyExistsError",
    "SessionNotFoundError",
    "SessiondError",
    "SessiondSessionService",
    "StaleSessionError",
    "TooLargeError",
    "UnavailableError",
    "UnreadableEventError",
    "event_from_proto",
    "register",
]
