"""The session services that are compared, all behind ADK's own interface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from google.adk.sessions.base_session_service import BaseSessionService

#: Connections of a peer's pool: no fewer than sessiond has for reads.
POOL = 16

Close = Callable[[], Awaitable[None]]


async def open_service(kind: str, address: str) -> tuple[BaseSessionService, Close]:
    """Opens a service.

    Args:
        kind: ``sessiond``, ``adk`` or ``sqlspec``.
        address: the gRPC target of sessiond; for the others a ``mysql://`` or ``sqlite:`` URL.
    """
    return await {"sessiond": _sessiond, "adk": _adk, "sqlspec": _sqlspec}[kind](address)


async def _sessiond(address: str) -> tuple[BaseSessionService, Close]:
    from sessiond.adk import SessiondSessionService

    service = SessiondSessionService(address)
    return service, service.close


async def _adk(address: str) -> tuple[BaseSessionService, Close]:
    from google.adk.sessions import DatabaseSessionService

    if address.startswith("sqlite:"):
        service = DatabaseSessionService(f"sqlite+aiosqlite:///{address.removeprefix('sqlite:')}")
    else:
        url = address.replace("mysql://", "mysql+asyncmy://", 1)
        service = DatabaseSessionService(url, pool_size=POOL, max_overflow=0)
    return service, service.close


async def _sqlspec(address: str) -> tuple[BaseSessionService, Close]:
    from sqlspec.extensions.adk import SQLSpecSessionService

    if address.startswith("sqlite:"):
        from sqlspec.adapters.aiosqlite import AiosqliteConfig
        from sqlspec.adapters.aiosqlite.adk import AiosqliteADKStore

        config: Any = AiosqliteConfig(connection_config={"database": address.removeprefix("sqlite:")})
        store: Any = AiosqliteADKStore(config)
    else:
        from sqlspec.adapters.asyncmy import AsyncmyConfig
        from sqlspec.adapters.asyncmy.adk import AsyncmyADKStore

        # With its default of autocommit off, reads leave snapshots open on pooled connections.
        config = AsyncmyConfig(connection_config={**mysql_arguments(address), "maxsize": POOL, "autocommit": True})
        store = AsyncmyADKStore(config)
    await store.ensure_tables()
    return SQLSpecSessionService(store), config.close_pool


def mysql_arguments(address: str) -> dict[str, Any]:
    """What MySQL drivers take, from a ``mysql://`` URL."""
    url = urlsplit(address)
    return {
        "host": url.hostname,
        "port": url.port or 3306,
        "user": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "database": unquote(url.path.lstrip("/")),
    }
