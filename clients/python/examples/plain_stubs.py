"""Nothing but grpcio and the stubs: stores an event and reads the history. python plain_stubs.py [host:port]"""

import sys

import grpc

from sessiond.v1 import event_pb2, session_pb2
from sessiond.v1 import session_service_pb2 as pb
from sessiond.v1.session_service_pb2_grpc import SessionServiceStub

with grpc.insecure_channel(sys.argv[1] if len(sys.argv) > 1 else "localhost:50051") as channel:
    sessions = SessionServiceStub(channel)
    key = session_pb2.SessionKey(app_name="plain", user_id="ann")
    key = sessions.CreateSession(pb.CreateSessionRequest(key=key), timeout=10).session.key
    event = event_pb2.Event(author="user", content='{"role":"user","parts":[{"text":"hello"}]}', state_delta={"n": "1"})
    sessions.AppendEvent(pb.AppendEventRequest(key=key, event=event), timeout=10)
    for frame in sessions.StreamEvents(pb.StreamEventsRequest(key=key)):
        for event in frame.events.events:
            print(event.seq, event.author, event.content, dict(event.state_delta))
