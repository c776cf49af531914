"""A tail, a live list and the reading of an error without ADK, for the oldest grpcio and protobuf.

python minimal_tail.py host:port
"""

import asyncio
import sys
from contextlib import aclosing

import grpc

from sessiond.status import error_reason, retry_delay
from sessiond.tail import CaughtUp, Ended, Events, tail
from sessiond.v1 import event_pb2, session_pb2
from sessiond.v1 import session_service_pb2 as pb
from sessiond.v1.session_service_pb2_grpc import SessionServiceStub
from sessiond.watch import CaughtUp as ListCaughtUp
from sessiond.watch import Created, watch


async def main(target: str) -> None:
    key = session_pb2.SessionKey(app_name="minimal-tail", user_id="u", session_id="s")
    seqs = []
    async with grpc.aio.insecure_channel(target) as channel:
        stub = SessionServiceStub(channel)
        await stub.CreateSession(pb.CreateSessionRequest(key=key))
        async with aclosing(tail(target, key, heartbeat=30)) as updates:
            async for update in updates:
                if isinstance(update, CaughtUp):
                    await stub.AppendEvent(pb.AppendEventRequest(key=key, event=event_pb2.Event(author="u")))
                elif isinstance(update, Events):
                    seqs += [event.seq for event in update.events]
                    await stub.DeleteSession(pb.DeleteSessionRequest(key=key))
                elif isinstance(update, Ended):
                    seqs.append(update.reason)
    assert seqs == [1, "deleted"], seqs
    found = ""
    try:
        await tail(target, key).__anext__()
    except grpc.aio.AioRpcError as error:
        found = f"{error_reason(error)} {retry_delay(error)}"
    assert found == "SESSION_NOT_FOUND None", found
    created = ""
    async with grpc.aio.insecure_channel(target) as channel:
        stub = SessionServiceStub(channel)
        async with aclosing(watch(target, session_pb2.SessionKey(app_name=key.app_name))) as updates:
            async for update in updates:
                if isinstance(update, ListCaughtUp):
                    await stub.CreateSession(pb.CreateSessionRequest(key=key))
                elif isinstance(update, Created):
                    created = update.session.key.session_id
                    break
    assert created == "s", created


asyncio.run(main(sys.argv[1]))
