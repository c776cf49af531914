from google.protobuf import timestamp_pb2 as _timestamp_pb2
from sessiond.v1 import session_pb2 as _session_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Event(_message.Message):
    __slots__ = ("id", "invocation_id", "author", "branch", "timestamp", "partial", "turn_complete", "interrupted", "error_code", "error_message", "long_running_tool_ids", "actions", "state_delta", "removed_state_keys", "content", "grounding_metadata", "custom_metadata", "extra", "writer", "seq", "revision", "create_time", "key")
    class StateDeltaEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    TURN_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    INTERRUPTED_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LONG_RUNNING_TOOL_IDS_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    STATE_DELTA_FIELD_NUMBER: _ClassVar[int]
    REMOVED_STATE_KEYS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    GROUNDING_METADATA_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_METADATA_FIELD_NUMBER: _ClassVar[int]
    EXTRA_FIELD_NUMBER: _ClassVar[int]
    WRITER_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    id: str
    invocation_id: str
    author: str
    branch: str
    timestamp: float
    partial: bool
    turn_complete: bool
    interrupted: bool
    error_code: str
    error_message: str
    long_running_tool_ids: ToolIds
    actions: bytes
    state_delta: _containers.ScalarMap[str, str]
    removed_state_keys: _containers.RepeatedScalarFieldContainer[str]
    content: str
    grounding_metadata: str
    custom_metadata: str
    extra: str
    writer: Writer
    seq: int
    revision: int
    create_time: _timestamp_pb2.Timestamp
    key: _session_pb2.SessionKey
    def __init__(self, id: _Optional[str] = ..., invocation_id: _Optional[str] = ..., author: _Optional[str] = ..., branch: _Optional[str] = ..., timestamp: _Optional[float] = ..., partial: bool = ..., turn_complete: bool = ..., interrupted: bool = ..., error_code: _Optional[str] = ..., error_message: _Optional[str] = ..., long_running_tool_ids: _Optional[_Union[ToolIds, _Mapping]] = ..., actions: _Optional[bytes] = ..., state_delta: _Optional[_Mapping[str, str]] = ..., removed_state_keys: _Optional[_Iterable[str]] = ..., content: _Optional[str] = ..., grounding_metadata: _Optional[str] = ..., custom_metadata: _Optional[str] = ..., extra: _Optional[str] = ..., writer: _Optional[_Union[Writer, _Mapping]] = ..., seq: _Optional[int] = ..., revision: _Optional[int] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ...) -> None: ...

class ToolIds(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids: _Optional[_Iterable[str]] = ...) -> None: ...

class Writer(_message.Message):
    __slots__ = ("language", "adk_version")
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    ADK_VERSION_FIELD_NUMBER: _ClassVar[int]
    language: str
    adk_version: str
    def __init__(self, language: _Optional[str] = ..., adk_version: _Optional[str] = ...) -> None: ...

class AppendedEvent(_message.Message):
    __slots__ = ("id", "timestamp", "seq", "revision", "create_time")
    ID_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    id: str
    timestamp: float
    seq: int
    revision: int
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., timestamp: _Optional[float] = ..., seq: _Optional[int] = ..., revision: _Optional[int] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
