"""A worker that sees each event of a session at least once, whatever happens to it, to servers or to connections.

python worker.py host:port app user session cursor-file

It handles an event first and stores the cursor after it. Where it dies in between, the events since the stored cursor
come again: a handler does nothing twice by the id of the event.
"""

import asyncio
import os
import sys
from contextlib import aclosing
from pathlib import Path

from sessiond.tail import Ended, Events, tail
from sessiond.v1.event_pb2 import Event
from sessiond.v1.session_pb2 import SessionKey


async def handle(event: Event) -> None:
    print(event.seq, event.id, event.content, flush=True)


def acknowledge(file: Path, cursor: str) -> None:
    """Stores the cursor in one step: a crash leaves the old one or the new one."""
    fresh = file.with_suffix(".new")
    with fresh.open("w") as out:
        out.write(cursor)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def acknowledged(file: Path) -> str:
    return file.read_text() if file.exists() else ""


async def work(target: str, key: SessionKey, file: Path) -> None:
    cursor = acknowledged(file)
    async with aclosing(tail(target, key, cursor=cursor)) as updates:
        async for update in updates:
            match update:
                case Events(events=events, cursor=cursor):
                    for event in events:
                        await handle(event)
                    acknowledge(file, cursor)
                case Ended(reason=reason):
                    print("ended:", reason)


if __name__ == "__main__":
    target, app, user, session, file = sys.argv[1:]
    key = SessionKey(app_name=app, user_id=user, session_id=session)
    asyncio.run(work(target, key, Path(file)))
