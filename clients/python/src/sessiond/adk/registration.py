"""Makes ``sessiond://`` known to ADK's command line and servers."""

from __future__ import annotations

from typing import Any

from google.adk.cli.service_registry import get_service_registry

from .session_service import SessiondSessionService


def register(scheme: str = "sessiond") -> None:
    """Lets ``--session_service_uri=sessiond://host:port`` name a sessiond server.

    To be called from a ``services.py`` in the folder of the agents, which ADK loads at its start, or before
    ``get_fast_api_app``.

    Args:
        scheme: the scheme of the URIs.
    """

    def make(uri: str, **arguments: Any) -> SessiondSessionService:
        rest = uri.partition("://")[2]
        return SessiondSessionService(uri=f"sessiond://{rest}", **arguments)

    get_service_registry().register_session_service(scheme, make)
