"""Makes the calls that stdin asks for, with grpcio and the plain generated stubs.

A line in is a JSON object: id, method, kind (unary, stream or cancel), request (the message's bytes in base64),
timeout (seconds or null). Lines out: id with message, or with end, or with error (code, text, details).
"""

import base64
import json
import sys
import threading

import grpc
from google.rpc import error_details_pb2, status_pb2
from sessiond.v1 import session_service_pb2 as pb
from sessiond.v1 import session_service_pb2_grpc

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.enable_retries", 0)]
lock = threading.Lock()
calls = {}


def tell(**line):
    with lock:
        print(json.dumps(line), flush=True)


def details_of(error):
    """Each detail as Python's own message of google.rpc, encoded again."""
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for packed in status_pb2.Status.FromString(value).details:
            name = packed.type_url.rpartition("/")[2]
            message = getattr(error_details_pb2, name.rpartition(".")[2])()
            if not packed.Unpack(message):
                raise ValueError(packed.type_url)
            yield {"type": name, "value": base64.b64encode(message.SerializeToString()).decode()}


def failed(id, error):
    tell(id=id, error={"code": error.code().value[0], "text": error.details(), "details": list(details_of(error))})


def told(id, message):
    tell(id=id, message=base64.b64encode(message.SerializeToString()).decode())


def unary(id, call):
    calls.pop(id, None)
    try:
        told(id, call.result())
    except grpc.RpcError as error:
        failed(id, error)
    except grpc.FutureCancelledError:
        tell(id=id, error={"code": 1, "text": "cancelled here", "details": []})


def stream(id, call):
    try:
        for message in call:
            told(id, message)
        tell(id=id, end=True)
    except grpc.RpcError as error:
        failed(id, error)
    calls.pop(id, None)


def main():
    with grpc.insecure_channel(sys.argv[1], options=UNLIMITED) as channel:
        stub = session_service_pb2_grpc.SessionServiceStub(channel)
        for line in sys.stdin:
            ask = json.loads(line)
            id = ask["id"]
            if ask["kind"] == "cancel":
                call = calls.get(id)
                if call is not None:
                    call.cancel()
                continue
            request = getattr(pb, ask["method"] + "Request").FromString(base64.b64decode(ask["request"]))
            method = getattr(stub, ask["method"])
            metadata = [tuple(pair) for pair in ask["metadata"]]
            if ask["kind"] == "unary":
                call = calls[id] = method.future(request, timeout=ask["timeout"], metadata=metadata)
                call.add_done_callback(lambda call, id=id: unary(id, call))
            else:
                call = calls[id] = method(request, timeout=ask["timeout"], metadata=metadata)
                threading.Thread(target=stream, args=(id, call), daemon=True).start()


main()
