"""ADK's errors, which moved and grew over its versions.

All of them are subclasses of what the older versions raised, so code written for those goes on catching them.
"""

from __future__ import annotations

from importlib import import_module


def _find(name: str, modules: tuple[str, ...], fallback: type[Exception]) -> type[Exception]:
    for module in modules:
        try:
            found = getattr(import_module(module), name, None)
        except ImportError:
            continue
        if isinstance(found, type) and issubclass(found, Exception):
            return found
    return fallback


AdkAlreadyExistsError = _find("AlreadyExistsError", ("google.adk.errors.already_exists_error",), Exception)
AdkSessionNotFoundError = _find("SessionNotFoundError", ("google.adk.errors.session_not_found_error",), ValueError)
# Private in 2.7, exported later, and a plain ValueError before.
AdkStaleSessionError = _find(
    "StaleSessionError", ("google.adk.errors", "google.adk.errors._stale_session_error"), ValueError
)
