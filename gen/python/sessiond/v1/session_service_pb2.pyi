from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from sessiond.v1 import error_pb2 as _error_pb2
from sessiond.v1 import event_pb2 as _event_pb2
from sessiond.v1 import session_pb2 as _session_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionOrder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_ORDER_UNSPECIFIED: _ClassVar[SessionOrder]
    SESSION_ORDER_UPDATE_TIME_DESC: _ClassVar[SessionOrder]
    SESSION_ORDER_UPDATE_TIME_ASC: _ClassVar[SessionOrder]
    SESSION_ORDER_CREATE_TIME_DESC: _ClassVar[SessionOrder]
    SESSION_ORDER_CREATE_TIME_ASC: _ClassVar[SessionOrder]

class EventScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_SCOPE_UNSPECIFIED: _ClassVar[EventScope]
    EVENT_SCOPE_USER: _ClassVar[EventScope]
    EVENT_SCOPE_APP: _ClassVar[EventScope]

class ClosingReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLOSING_REASON_UNSPECIFIED: _ClassVar[ClosingReason]
    CLOSING_REASON_SHUTTING_DOWN: _ClassVar[ClosingReason]
    CLOSING_REASON_MAX_AGE: _ClassVar[ClosingReason]
    CLOSING_REASON_SESSION_DELETED: _ClassVar[ClosingReason]
    CLOSING_REASON_SESSION_RECREATED: _ClassVar[ClosingReason]
    CLOSING_REASON_SLOW_READER: _ClassVar[ClosingReason]
    CLOSING_REASON_EVENTS_TRIMMED: _ClassVar[ClosingReason]
SESSION_ORDER_UNSPECIFIED: SessionOrder
SESSION_ORDER_UPDATE_TIME_DESC: SessionOrder
SESSION_ORDER_UPDATE_TIME_ASC: SessionOrder
SESSION_ORDER_CREATE_TIME_DESC: SessionOrder
SESSION_ORDER_CREATE_TIME_ASC: SessionOrder
EVENT_SCOPE_UNSPECIFIED: EventScope
EVENT_SCOPE_USER: EventScope
EVENT_SCOPE_APP: EventScope
CLOSING_REASON_UNSPECIFIED: ClosingReason
CLOSING_REASON_SHUTTING_DOWN: ClosingReason
CLOSING_REASON_MAX_AGE: ClosingReason
CLOSING_REASON_SESSION_DELETED: ClosingReason
CLOSING_REASON_SESSION_RECREATED: ClosingReason
CLOSING_REASON_SLOW_READER: ClosingReason
CLOSING_REASON_EVENTS_TRIMMED: ClosingReason

class CreateSessionRequest(_message.Message):
    __slots__ = ("key", "state", "owner_id", "display_name", "labels", "request_id")
    class StateEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    KEY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    state: _containers.ScalarMap[str, str]
    owner_id: str
    display_name: str
    labels: _containers.ScalarMap[str, str]
    request_id: str
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., state: _Optional[_Mapping[str, str]] = ..., owner_id: _Optional[str] = ..., display_name: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateSessionResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: _session_pb2.Session
    def __init__(self, session: _Optional[_Union[_session_pb2.Session, _Mapping]] = ...) -> None: ...

class GetSessionRequest(_message.Message):
    __slots__ = ("key", "session_uid", "as_of_seq", "omit_state", "history")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SESSION_UID_FIELD_NUMBER: _ClassVar[int]
    AS_OF_SEQ_FIELD_NUMBER: _ClassVar[int]
    OMIT_STATE_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    session_uid: str
    as_of_seq: int
    omit_state: bool
    history: HistorySelection
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., session_uid: _Optional[str] = ..., as_of_seq: _Optional[int] = ..., omit_state: bool = ..., history: _Optional[_Union[HistorySelection, _Mapping]] = ...) -> None: ...

class HistorySelection(_message.Message):
    __slots__ = ("after_seq", "num_recent_events")
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    NUM_RECENT_EVENTS_FIELD_NUMBER: _ClassVar[int]
    after_seq: int
    num_recent_events: int
    def __init__(self, after_seq: _Optional[int] = ..., num_recent_events: _Optional[int] = ...) -> None: ...

class GetSessionResponse(_message.Message):
    __slots__ = ("session", "events", "history_complete")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    HISTORY_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    session: _session_pb2.Session
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.Event]
    history_complete: bool
    def __init__(self, session: _Optional[_Union[_session_pb2.Session, _Mapping]] = ..., events: _Optional[_Iterable[_Union[_event_pb2.Event, _Mapping]]] = ..., history_complete: bool = ...) -> None: ...

class UpdateSessionRequest(_message.Message):
    __slots__ = ("key", "session_uid", "expected_revision", "update_mask", "owner_id", "display_name", "labels", "state", "state_delta", "removed_state_keys", "request_id", "omit_state")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class StateEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class StateDeltaEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    KEY_FIELD_NUMBER: _ClassVar[int]
    SESSION_UID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATE_DELTA_FIELD_NUMBER: _ClassVar[int]
    REMOVED_STATE_KEYS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OMIT_STATE_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    session_uid: str
    expected_revision: int
    update_mask: _field_mask_pb2.FieldMask
    owner_id: str
    display_name: str
    labels: _containers.ScalarMap[str, str]
    state: _containers.ScalarMap[str, str]
    state_delta: _containers.ScalarMap[str, str]
    removed_state_keys: _containers.RepeatedScalarFieldContainer[str]
    request_id: str
    omit_state: bool
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., session_uid: _Optional[str] = ..., expected_revision: _Optional[int] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., owner_id: _Optional[str] = ..., display_name: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., state: _Optional[_Mapping[str, str]] = ..., state_delta: _Optional[_Mapping[str, str]] = ..., removed_state_keys: _Optional[_Iterable[str]] = ..., request_id: _Optional[str] = ..., omit_state: bool = ...) -> None: ...

class UpdateSessionResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: _session_pb2.Session
    def __init__(self, session: _Optional[_Union[_session_pb2.Session, _Mapping]] = ...) -> None: ...

class DeleteSessionRequest(_message.Message):
    __slots__ = ("key", "session_uid", "expected_revision", "request_id")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SESSION_UID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    session_uid: str
    expected_revision: int
    request_id: str
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., session_uid: _Optional[str] = ..., expected_revision: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class DeleteSessionResponse(_message.Message):
    __slots__ = ("deleted",)
    DELETED_FIELD_NUMBER: _ClassVar[int]
    deleted: bool
    def __init__(self, deleted: bool = ...) -> None: ...

class ListSessionsRequest(_message.Message):
    __slots__ = ("key", "page_size", "page_token", "order", "owner_id", "labels", "state_equals", "include_state")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class StateEqualsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    KEY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    STATE_EQUALS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_STATE_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    page_size: int
    page_token: str
    order: SessionOrder
    owner_id: str
    labels: _containers.ScalarMap[str, str]
    state_equals: _containers.ScalarMap[str, str]
    include_state: bool
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., order: _Optional[_Union[SessionOrder, str]] = ..., owner_id: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., state_equals: _Optional[_Mapping[str, str]] = ..., include_state: bool = ...) -> None: ...

class ListSessionsResponse(_message.Message):
    __slots__ = ("sessions", "next_page_token")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[_session_pb2.Session]
    next_page_token: str
    def __init__(self, sessions: _Optional[_Iterable[_Union[_session_pb2.Session, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class AppendEventRequest(_message.Message):
    __slots__ = ("key", "session_uid", "expected_revision", "event", "create_session", "owner_id")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SESSION_UID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    CREATE_SESSION_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    session_uid: str
    expected_revision: int
    event: _event_pb2.Event
    create_session: bool
    owner_id: str
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., session_uid: _Optional[str] = ..., expected_revision: _Optional[int] = ..., event: _Optional[_Union[_event_pb2.Event, _Mapping]] = ..., create_session: bool = ..., owner_id: _Optional[str] = ...) -> None: ...

class AppendEventResponse(_message.Message):
    __slots__ = ("event", "session_uid")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    SESSION_UID_FIELD_NUMBER: _ClassVar[int]
    event: _event_pb2.AppendedEvent
    session_uid: str
    def __init__(self, event: _Optional[_Union[_event_pb2.AppendedEvent, _Mapping]] = ..., session_uid: _Optional[str] = ...) -> None: ...

class BatchAppendEventsRequest(_message.Message):
    __slots__ = ("key", "session_uid", "expected_revision", "events", "create_session", "owner_id")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SESSION_UID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CREATE_SESSION_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    session_uid: str
    expected_revision: int
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.Event]
    create_session: bool
    owner_id: str
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., session_uid: _Optional[str] = ..., expected_revision: _Optional[int] = ..., events: _Optional[_Iterable[_Union[_event_pb2.Event, _Mapping]]] = ..., create_session: bool = ..., owner_id: _Optional[str] = ...) -> None: ...

class BatchAppendEventsResponse(_message.Message):
    __slots__ = ("events", "session_uid")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    SESSION_UID_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.AppendedEvent]
    session_uid: str
    def __init__(self, events: _Optional[_Iterable[_Union[_event_pb2.AppendedEvent, _Mapping]]] = ..., session_uid: _Optional[str] = ...) -> None: ...

class AppendToSessionsRequest(_message.Message):
    __slots__ = ("appends",)
    APPENDS_FIELD_NUMBER: _ClassVar[int]
    appends: _containers.RepeatedCompositeFieldContainer[AppendEventRequest]
    def __init__(self, appends: _Optional[_Iterable[_Union[AppendEventRequest, _Mapping]]] = ...) -> None: ...

class AppendToSessionsResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[AppendOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[AppendOutcome, _Mapping]]] = ...) -> None: ...

class AppendOutcome(_message.Message):
    __slots__ = ("appended", "error")
    APPENDED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    appended: AppendEventResponse
    error: AppendError
    def __init__(self, appended: _Optional[_Union[AppendEventResponse, _Mapping]] = ..., error: _Optional[_Union[AppendError, _Mapping]] = ...) -> None: ...

class AppendError(_message.Message):
    __slots__ = ("code", "reason", "message", "status")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: _error_pb2.ErrorReason
    message: str
    status: bytes
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[_Union[_error_pb2.ErrorReason, str]] = ..., message: _Optional[str] = ..., status: _Optional[bytes] = ...) -> None: ...

class ListEventsRequest(_message.Message):
    __slots__ = ("key", "session_uid", "page_size", "page_token", "after_seq", "before_seq", "descending", "after_time", "scope")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SESSION_UID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    BEFORE_SEQ_FIELD_NUMBER: _ClassVar[int]
    DESCENDING_FIELD_NUMBER: _ClassVar[int]
    AFTER_TIME_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    session_uid: str
    page_size: int
    page_token: str
    after_seq: int
    before_seq: int
    descending: bool
    after_time: float
    scope: EventScope
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., session_uid: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., after_seq: _Optional[int] = ..., before_seq: _Optional[int] = ..., descending: bool = ..., after_time: _Optional[float] = ..., scope: _Optional[_Union[EventScope, str]] = ...) -> None: ...

class ListEventsResponse(_message.Message):
    __slots__ = ("events", "next_page_token", "session_uid", "first_seq", "head_seq")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SESSION_UID_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.Event]
    next_page_token: str
    session_uid: str
    first_seq: int
    head_seq: int
    def __init__(self, events: _Optional[_Iterable[_Union[_event_pb2.Event, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., session_uid: _Optional[str] = ..., first_seq: _Optional[int] = ..., head_seq: _Optional[int] = ...) -> None: ...

class StreamEventsRequest(_message.Message):
    __slots__ = ("key", "session_uid", "cursor", "after_seq", "after_time", "num_recent_events", "follow", "heartbeat_interval")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SESSION_UID_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    AFTER_TIME_FIELD_NUMBER: _ClassVar[int]
    NUM_RECENT_EVENTS_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    session_uid: str
    cursor: str
    after_seq: int
    after_time: float
    num_recent_events: int
    follow: bool
    heartbeat_interval: _duration_pb2.Duration
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., session_uid: _Optional[str] = ..., cursor: _Optional[str] = ..., after_seq: _Optional[int] = ..., after_time: _Optional[float] = ..., num_recent_events: _Optional[int] = ..., follow: bool = ..., heartbeat_interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StreamEventsResponse(_message.Message):
    __slots__ = ("cursor", "seq", "server_time", "opened", "events", "caught_up", "heartbeat", "changed", "closing", "state")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CAUGHT_UP_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    seq: int
    server_time: _timestamp_pb2.Timestamp
    opened: OpenedFrame
    events: EventsFrame
    caught_up: CaughtUpFrame
    heartbeat: HeartbeatFrame
    changed: ChangedFrame
    closing: ClosingFrame
    state: StateFrame
    def __init__(self, cursor: _Optional[str] = ..., seq: _Optional[int] = ..., server_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., opened: _Optional[_Union[OpenedFrame, _Mapping]] = ..., events: _Optional[_Union[EventsFrame, _Mapping]] = ..., caught_up: _Optional[_Union[CaughtUpFrame, _Mapping]] = ..., heartbeat: _Optional[_Union[HeartbeatFrame, _Mapping]] = ..., changed: _Optional[_Union[ChangedFrame, _Mapping]] = ..., closing: _Optional[_Union[ClosingFrame, _Mapping]] = ..., state: _Optional[_Union[StateFrame, _Mapping]] = ...) -> None: ...

class OpenedFrame(_message.Message):
    __slots__ = ("session", "heartbeat_interval", "state_continues")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    STATE_CONTINUES_FIELD_NUMBER: _ClassVar[int]
    session: _session_pb2.Session
    heartbeat_interval: _duration_pb2.Duration
    state_continues: bool
    def __init__(self, session: _Optional[_Union[_session_pb2.Session, _Mapping]] = ..., heartbeat_interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., state_continues: bool = ...) -> None: ...

class StateFrame(_message.Message):
    __slots__ = ("state", "continues")
    class StateEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    STATE_FIELD_NUMBER: _ClassVar[int]
    CONTINUES_FIELD_NUMBER: _ClassVar[int]
    state: _containers.ScalarMap[str, str]
    continues: bool
    def __init__(self, state: _Optional[_Mapping[str, str]] = ..., continues: bool = ...) -> None: ...

class EventsFrame(_message.Message):
    __slots__ = ("events", "continues")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CONTINUES_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.Event]
    continues: bool
    def __init__(self, events: _Optional[_Iterable[_Union[_event_pb2.Event, _Mapping]]] = ..., continues: bool = ...) -> None: ...

class CaughtUpFrame(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HeartbeatFrame(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ChangedFrame(_message.Message):
    __slots__ = ("revision", "after_seq", "state_delta", "removed_state_keys", "state_replaced", "changed", "create_time")
    class StateDeltaEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REVISION_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    STATE_DELTA_FIELD_NUMBER: _ClassVar[int]
    REMOVED_STATE_KEYS_FIELD_NUMBER: _ClassVar[int]
    STATE_REPLACED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    revision: int
    after_seq: int
    state_delta: _containers.ScalarMap[str, str]
    removed_state_keys: _containers.RepeatedScalarFieldContainer[str]
    state_replaced: bool
    changed: _field_mask_pb2.FieldMask
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, revision: _Optional[int] = ..., after_seq: _Optional[int] = ..., state_delta: _Optional[_Mapping[str, str]] = ..., removed_state_keys: _Optional[_Iterable[str]] = ..., state_replaced: bool = ..., changed: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ClosingFrame(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: ClosingReason
    def __init__(self, reason: _Optional[_Union[ClosingReason, str]] = ...) -> None: ...

class ListAppsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAppsResponse(_message.Message):
    __slots__ = ("app_names", "next_page_token")
    APP_NAMES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    app_names: _containers.RepeatedScalarFieldContainer[str]
    next_page_token: str
    def __init__(self, app_names: _Optional[_Iterable[str]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListUsersRequest(_message.Message):
    __slots__ = ("key", "page_size", "page_token")
    KEY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    page_size: int
    page_token: str
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListUsersResponse(_message.Message):
    __slots__ = ("user_ids", "next_page_token")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    next_page_token: str
    def __init__(self, user_ids: _Optional[_Iterable[str]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchSessionsRequest(_message.Message):
    __slots__ = ("key", "cursor", "include_state", "heartbeat_interval", "max_listed")
    KEY_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_STATE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    MAX_LISTED_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    cursor: str
    include_state: bool
    heartbeat_interval: _duration_pb2.Duration
    max_listed: int
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., cursor: _Optional[str] = ..., include_state: bool = ..., heartbeat_interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., max_listed: _Optional[int] = ...) -> None: ...

class WatchSessionsResponse(_message.Message):
    __slots__ = ("cursor", "server_time", "opened", "listed", "created", "changed", "deleted", "reset", "caught_up", "heartbeat", "closing")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    LISTED_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    CAUGHT_UP_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    server_time: _timestamp_pb2.Timestamp
    opened: WatchOpenedFrame
    listed: SessionListedFrame
    created: SessionCreatedFrame
    changed: SessionChangedFrame
    deleted: SessionDeletedFrame
    reset: ResetFrame
    caught_up: CaughtUpFrame
    heartbeat: HeartbeatFrame
    closing: ClosingFrame
    def __init__(self, cursor: _Optional[str] = ..., server_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., opened: _Optional[_Union[WatchOpenedFrame, _Mapping]] = ..., listed: _Optional[_Union[SessionListedFrame, _Mapping]] = ..., created: _Optional[_Union[SessionCreatedFrame, _Mapping]] = ..., changed: _Optional[_Union[SessionChangedFrame, _Mapping]] = ..., deleted: _Optional[_Union[SessionDeletedFrame, _Mapping]] = ..., reset: _Optional[_Union[ResetFrame, _Mapping]] = ..., caught_up: _Optional[_Union[CaughtUpFrame, _Mapping]] = ..., heartbeat: _Optional[_Union[HeartbeatFrame, _Mapping]] = ..., closing: _Optional[_Union[ClosingFrame, _Mapping]] = ...) -> None: ...

class WatchOpenedFrame(_message.Message):
    __slots__ = ("heartbeat_interval",)
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    heartbeat_interval: _duration_pb2.Duration
    def __init__(self, heartbeat_interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SessionListedFrame(_message.Message):
    __slots__ = ("sessions",)
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[_session_pb2.Session]
    def __init__(self, sessions: _Optional[_Iterable[_Union[_session_pb2.Session, _Mapping]]] = ...) -> None: ...

class SessionCreatedFrame(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: _session_pb2.Session
    def __init__(self, session: _Optional[_Union[_session_pb2.Session, _Mapping]] = ...) -> None: ...

class SessionChangedFrame(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: _session_pb2.Session
    def __init__(self, session: _Optional[_Union[_session_pb2.Session, _Mapping]] = ...) -> None: ...

class SessionDeletedFrame(_message.Message):
    __slots__ = ("key", "uid", "delete_time")
    KEY_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    DELETE_TIME_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    uid: str
    delete_time: _timestamp_pb2.Timestamp
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., uid: _Optional[str] = ..., delete_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ResetFrame(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetAppStateRequest(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ...) -> None: ...

class GetAppStateResponse(_message.Message):
    __slots__ = ("state",)
    class StateEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: _containers.ScalarMap[str, str]
    def __init__(self, state: _Optional[_Mapping[str, str]] = ...) -> None: ...

class GetUserStateRequest(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ...) -> None: ...

class GetUserStateResponse(_message.Message):
    __slots__ = ("state",)
    class StateEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: _containers.ScalarMap[str, str]
    def __init__(self, state: _Optional[_Mapping[str, str]] = ...) -> None: ...

class UpdateAppStateRequest(_message.Message):
    __slots__ = ("key", "state_delta", "removed_state_keys", "request_id")
    class StateDeltaEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    KEY_FIELD_NUMBER: _ClassVar[int]
    STATE_DELTA_FIELD_NUMBER: _ClassVar[int]
    REMOVED_STATE_KEYS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    state_delta: _containers.ScalarMap[str, str]
    removed_state_keys: _containers.RepeatedScalarFieldContainer[str]
    request_id: str
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., state_delta: _Optional[_Mapping[str, str]] = ..., removed_state_keys: _Optional[_Iterable[str]] = ..., request_id: _Optional[str] = ...) -> None: ...

class UpdateAppStateResponse(_message.Message):
    __slots__ = ("update_time",)
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, update_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UpdateUserStateRequest(_message.Message):
    __slots__ = ("key", "state_delta", "removed_state_keys", "request_id")
    class StateDeltaEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    KEY_FIELD_NUMBER: _ClassVar[int]
    STATE_DELTA_FIELD_NUMBER: _ClassVar[int]
    REMOVED_STATE_KEYS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    key: _session_pb2.SessionKey
    state_delta: _containers.ScalarMap[str, str]
    removed_state_keys: _containers.RepeatedScalarFieldContainer[str]
    request_id: str
    def __init__(self, key: _Optional[_Union[_session_pb2.SessionKey, _Mapping]] = ..., state_delta: _Optional[_Mapping[str, str]] = ..., removed_state_keys: _Optional[_Iterable[str]] = ..., request_id: _Optional[str] = ...) -> None: ...

class UpdateUserStateResponse(_message.Message):
    __slots__ = ("update_time",)
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, update_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
