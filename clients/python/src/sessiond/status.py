"""What an error of sessiond tells a client to do, read from its details.

google.rpc's messages are declared here as far as they are needed, in a pool of their own: the package that has them,
googleapis-common-protos, is none that the stubs need.
"""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

_DOMAIN = "sessiond.dev"
_FIELD = descriptor_pb2.FieldDescriptorProto

# Message -> field, number, scalar type or the message that is repeated (Status) or single (RetryInfo).
_LAYOUT: dict[str, list[tuple[str, int, int | str]]] = {
    "Detail": [("type_url", 1, _FIELD.TYPE_STRING), ("value", 2, _FIELD.TYPE_BYTES)],
    "Status": [("details", 3, "Detail")],
    "ErrorInfo": [("reason", 1, _FIELD.TYPE_STRING), ("domain", 2, _FIELD.TYPE_STRING)],
    "Delay": [("seconds", 1, _FIELD.TYPE_INT64), ("nanos", 2, _FIELD.TYPE_INT32)],
    "RetryInfo": [("retry_delay", 1, "Delay")],
}


def error_reason(error: grpc.aio.AioRpcError) -> str:
    """The reason that an error of sessiond carries, such as ``SESSION_NOT_FOUND``; empty where it has none."""
    info = _detail(error, "ErrorInfo")
    # A proxy in between may send an ErrorInfo too, whose reasons mean something else.
    return info.reason if info is not None and info.domain == _DOMAIN else ""


def retry_delay(error: grpc.aio.AioRpcError) -> float | None:
    """Seconds that the server asks to wait before the call is made again; None where it does not say."""
    info = _detail(error, "RetryInfo")
    return None if info is None else max(0.0, info.retry_delay.seconds + info.retry_delay.nanos / 1e9)


def _detail(error: grpc.aio.AioRpcError, name: str) -> Any:
    """The first detail of a google.rpc type, or None."""
    for key, raw in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin" or not isinstance(raw, bytes):
            continue
        try:
            for detail in _MESSAGES["Status"].FromString(raw).details:
                if detail.type_url.rpartition("/")[2] == f"google.rpc.{name}":
                    return _MESSAGES[name].FromString(detail.value)
        except DecodeError:  # a broken detail must not hide the status itself
            return None
    return None


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="sessiond/status.proto", package="sessiond.status", syntax="proto3")
    for name, layout in _LAYOUT.items():
        message = file.message_type.add(name=name)
        for field, number, kind in layout:
            label = _FIELD.LABEL_REPEATED if name == "Status" else _FIELD.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                added.type, added.type_name = _FIELD.TYPE_MESSAGE, f".sessiond.status.{kind}"
            else:
                added.type = kind  # type: ignore[assignment]
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"sessiond.status.{name}")) for name in _LAYOUT
    }


_MESSAGES = _messages()
