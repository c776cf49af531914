"""Fills a service's database with more than a benchmark could write through the service in its time.

The first row is written by the service itself; the rest are copies of it with other ids and times.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from services import mysql_arguments

_AT_ONCE = 1_000
_SESSIONS = {"sessiond": "adk_sessions", "adk": "sessions", "sqlspec": "adk_session"}
_EVENTS = {"adk": "events", "sqlspec": "adk_event"}


def clone_sessions(kind: str, address: str, app_name: str, sessions: Sequence[tuple[str, str]]) -> None:
    """Copies an app's only session, with its state, to other users and ids."""
    template_of = f"app_name = '{app_name}'"

    def change(at: int, row: dict[str, Any]) -> dict[str, Any]:
        user, session = sessions[at]
        changed = {**row, "user_id": user}
        changed["session_id" if "session_id" in row else "id"] = session
        if "uid" in row:
            changed["uid"] = uuid.uuid4().hex
        for column in ("create_time", "update_time"):
            if column in row:
                changed[column] = _later(row[column], at + 1)
        return changed

    _clone(address, _SESSIONS[kind], template_of, len(sessions), change)
    if kind == "sessiond":
        for at in range(_count(address, "adk_session_states", template_of)):
            key = f"{template_of} AND state_key = 'key_{at}'"
            _clone(address, "adk_session_states", key, len(sessions), change)


def clone_events(kind: str, address: str, session_id: str, count: int) -> None:
    """Copies the only event of a peer's session."""

    def change(at: int, row: dict[str, Any]) -> dict[str, Any]:
        event_id = str(uuid.uuid4())
        data = json.loads(row["event_data"])
        data.update(id=event_id, timestamp=data["timestamp"] + at + 1)
        return {
            **row,
            "id": event_id,
            "timestamp": _later(row["timestamp"], (at + 1) * 1_000_000),
            "event_data": json.dumps(data),
        }

    _clone(address, _EVENTS[kind], f"session_id = '{session_id}'", count, change)


def _later(value: Any, micros: int) -> Any:
    """A stored time and so many microseconds, in the form that it is stored in."""
    if isinstance(value, datetime):
        return value + timedelta(microseconds=micros)
    if isinstance(value, int):
        return value + micros
    if isinstance(value, float):  # SQLSpec on SQLite: Julian days
        return value + micros / 86_400e6
    return (datetime.fromisoformat(value) + timedelta(microseconds=micros)).strftime("%Y-%m-%d %H:%M:%S.%f")


def _clone(
    address: str, table: str, which: str, count: int, change: Callable[[int, dict[str, Any]], dict[str, Any]]
) -> None:
    with closing(_connect(address)) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM {table} WHERE {which}")
        columns = [column[0] for column in cursor.description]
        template = dict(zip(columns, cursor.fetchall()[0], strict=True))
        mark = "?" if isinstance(connection, sqlite3.Connection) else "%s"
        insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"
        for start in range(0, count, _AT_ONCE):
            rows = [change(at, template) for at in range(start, min(count, start + _AT_ONCE))]
            cursor.executemany(insert, [tuple(row[column] for column in columns) for row in rows])
            connection.commit()


def _count(address: str, table: str, which: str) -> int:
    with closing(_connect(address)) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE {which}")
        return int(cursor.fetchone()[0])


def _connect(address: str) -> Any:
    if address.startswith("sqlite:"):
        return sqlite3.connect(address.removeprefix("sqlite:"), timeout=60)
    import pymysql

    return pymysql.connect(**mysql_arguments(address), charset="utf8mb4")
