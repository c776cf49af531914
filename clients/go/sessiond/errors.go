package sessiond

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	"google.golang.org/grpc/metadata"

	"sessiond.dev/go/status"
)

// The kinds of failures, for errors.Is. What carries the details is an *Error, for errors.As.
var (
	// ErrSessionNotFound: no session has this key.
	ErrSessionNotFound = errors.New("sessiond: session not found")
	// ErrSessionAlreadyExists: the user has a session of this id in the app already.
	ErrSessionAlreadyExists = errors.New("sessiond: session already exists")
	// ErrStaleSession: the session changed since it was loaded; nothing was stored. Metadata has actual_revision and
	// head_seq.
	ErrStaleSession = errors.New("sessiond: stale session")
	// ErrEventIDConflict: the session has another event of the same id.
	ErrEventIDConflict = errors.New("sessiond: event id conflict")
	// ErrInvalidRequest: an id, a key or a value is not as the contract has it. Violations names the fields.
	ErrInvalidRequest = errors.New("sessiond: invalid request")
	// ErrTooLarge: an event or a request is over a limit of the server's; Metadata["limit_bytes"] has it.
	ErrTooLarge = errors.New("sessiond: too large")
	// ErrExhausted: the server or its database is full; Reason says of what.
	ErrExhausted = errors.New("sessiond: resource exhausted")
	// ErrUnavailable: the server or its database did not answer, through all the retries that the deadline left time
	// for.
	ErrUnavailable = errors.New("sessiond: unavailable")
	// ErrDeadline: the time was up. A write may have happened: append the same event again to learn of it.
	ErrDeadline = errors.New("sessiond: deadline exceeded")
	// ErrAccess: the credentials are missing, wrong or not enough.
	ErrAccess = errors.New("sessiond: access denied")
	// ErrUnreadableEvent: a stored event is no JSON that this version of ADK can read.
	ErrUnreadableEvent = errors.New("sessiond: unreadable event")
)

// Error is what a failed call returns. errors.Is finds its kind (ErrStaleSession and so on) and, where the call's own
// context ended it, context.Canceled or context.DeadlineExceeded.
type Error struct {
	// Code is the gRPC status code; codes.Unknown where the failure is not the server's.
	Code codes.Code
	// Reason is the name of an ErrorReason without its prefix, such as STALE_SESSION; empty where none came.
	Reason string
	// Metadata has facts that belong to the reason, such as actual_revision.
	Metadata map[string]string
	// Violations has, for a bad request, what is wrong with each of its fields.
	Violations map[string]string
	// RetryDelay is how long to wait before another try; 0 where the server named no time.
	RetryDelay time.Duration
	// RequestID names the call in the server's log; empty where none came.
	RequestID string

	message string
	kind    error
	cause   error
}

// Error is the text: ADK's own where it has one for the case, else the server's.
func (e *Error) Error() string { return e.message }

// Is says whether the error is of a kind.
func (e *Error) Is(kind error) bool { return e.kind != nil && e.kind == kind }

// Unwrap is what caused the error: gRPC's, or the context's.
func (e *Error) Unwrap() error { return e.cause }

// GRPCStatus lets google.golang.org/grpc/status read the code and the details.
func (e *Error) GRPCStatus() *grpcstatus.Status {
	if told, ok := grpcstatus.FromError(e.cause); ok && e.cause != nil {
		return told
	}
	return grpcstatus.New(e.Code, e.message)
}

var kindsByReason = map[string]error{
	"SESSION_NOT_FOUND":      ErrSessionNotFound,
	"SESSION_ALREADY_EXISTS": ErrSessionAlreadyExists,
	"STALE_SESSION":          ErrStaleSession,
	"EVENT_ID_CONFLICT":      ErrEventIDConflict,
	"TOO_LARGE":              ErrTooLarge,
}

var kindsByCode = map[codes.Code]error{
	codes.InvalidArgument:   ErrInvalidRequest,
	codes.OutOfRange:        ErrInvalidRequest,
	codes.ResourceExhausted: ErrExhausted,
	codes.Unavailable:       ErrUnavailable,
	codes.DeadlineExceeded:  ErrDeadline,
	codes.Unauthenticated:   ErrAccess,
	codes.PermissionDenied:  ErrAccess,
}

// The texts that ADK's own services begin with, and that programs match.
func adkText(kind error, sessionID string) (string, bool) {
	switch kind {
	case ErrSessionNotFound:
		return fmt.Sprintf("session %s not found", sessionID), true
	case ErrSessionAlreadyExists:
		return fmt.Sprintf("session %s already exists", sessionID), true
	case ErrStaleSession:
		return fmt.Sprintf("stale session error: session %s was changed since it was loaded; "+
			"load it again before appending more events", sessionID), true
	}
	return "", false
}

// fromRPCError reads a failed call: ErrorInfo, BadRequest and RetryInfo of google.rpc, where the server sent them. The
// session is the one that the call was about.
func fromRPCError(err error, sessionID string, trailer metadata.MD) *Error {
	told := grpcstatus.Convert(err)
	failure := &Error{Code: told.Code(), Reason: status.Reason(err), cause: err, message: told.Message()}
	for _, info := range status.Details[*errdetails.ErrorInfo](err) {
		if info.GetDomain() == status.Domain {
			failure.Metadata = info.GetMetadata()
			failure.RequestID = info.GetMetadata()["request_id"]
		}
	}
	for _, bad := range status.Details[*errdetails.BadRequest](err) {
		failure.Violations = make(map[string]string, len(bad.GetFieldViolations()))
		for _, violation := range bad.GetFieldViolations() {
			failure.Violations[violation.GetField()] = violation.GetDescription()
		}
	}
	failure.RetryDelay, _ = status.RetryDelay(err)
	if ids := trailer.Get("x-request-id"); failure.RequestID == "" && len(ids) > 0 {
		failure.RequestID = ids[0]
	}
	failure.kind = kindsByReason[failure.Reason]
	if failure.kind == nil {
		failure.kind = kindsByCode[failure.Code]
	}
	if text, ok := adkText(failure.kind, sessionID); ok {
		failure.message = text
	} else if failure.message == "" {
		failure.message = failure.Code.String()
	}
	return failure
}

// fromContext is the error of a call that its own context ended.
func fromContext(ctx context.Context, what string) *Error {
	failure := &Error{Code: codes.Canceled, cause: ctx.Err(), message: what + ": " + ctx.Err().Error()}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		failure.Code, failure.kind = codes.DeadlineExceeded, ErrDeadline
	}
	return failure
}

// invalid is the error of a request that cannot be sent.
func invalid(format string, arguments ...any) *Error {
	cause := fmt.Errorf(format, arguments...)
	return &Error{Code: codes.InvalidArgument, kind: ErrInvalidRequest, cause: cause, message: cause.Error()}
}

// retryable says whether the same request may be sent again: every write carries an id that makes that safe.
func (e *Error) retryable() bool {
	return e.Code == codes.Unavailable || e.Code == codes.DeadlineExceeded ||
		e.Reason == "CONTENTION" || e.Reason == "SERVER_BUSY" ||
		// A connection that refused another stream never began the call; a proxy's limit ends with time.
		e.Code == codes.ResourceExhausted && e.Reason == "" && !e.overLimitHere()
}

// overLimitHere says whether gRPC made the error in this process, of a message that is over a limit of a dial option's.
// Nothing but the text tells.
func (e *Error) overLimitHere() bool {
	return e.Code == codes.ResourceExhausted &&
		(strings.Contains(e.message, "larger than max") || strings.Contains(e.message, "message too large"))
}

// answered says whether the server sent this status.
func (e *Error) answered() bool {
	switch e.Code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return false
	}
	return !e.overLimitHere()
}
