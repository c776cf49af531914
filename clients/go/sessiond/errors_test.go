package sessiond

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// rpcError is what gRPC returns when the server answers so.
func rpcError(code codes.Code, details ...protoadapt.MessageV1) error {
	told, err := grpcstatus.New(code, "words").WithDetails(details...)
	if err != nil {
		panic(err)
	}
	return told.Err()
}

func withReason(code codes.Code, reason string) error {
	if reason == "" {
		return rpcError(code)
	}
	return rpcError(code, &errdetails.ErrorInfo{
		Reason: reason, Domain: "sessiond.dev", Metadata: map[string]string{"key": "value"},
	})
}

func TestKindsOfErrors(t *testing.T) {
	for _, test := range []struct {
		code   codes.Code
		reason string
		kind   error
		text   string
		again  bool
	}{
		{codes.NotFound, "SESSION_NOT_FOUND", ErrSessionNotFound, "session s-1 not found", false},
		{codes.AlreadyExists, "SESSION_ALREADY_EXISTS", ErrSessionAlreadyExists, "session s-1 already exists", false},
		{codes.Aborted, "STALE_SESSION", ErrStaleSession, "stale session error: session s-1 was changed", false},
		{codes.AlreadyExists, "EVENT_ID_CONFLICT", ErrEventIDConflict, "words", false},
		{codes.InvalidArgument, "INVALID_FIELD", ErrInvalidRequest, "words", false},
		{codes.ResourceExhausted, "TOO_LARGE", ErrTooLarge, "words", false},
		{codes.ResourceExhausted, "STORE_FULL", ErrExhausted, "words", false},
		{codes.ResourceExhausted, "SERVER_BUSY", ErrExhausted, "words", true},
		{codes.ResourceExhausted, "", ErrExhausted, "words", true},
		{codes.Aborted, "CONTENTION", nil, "words", true},
		{codes.Unavailable, "STORE_UNAVAILABLE", ErrUnavailable, "words", true},
		{codes.Unavailable, "", ErrUnavailable, "words", true},
		{codes.DeadlineExceeded, "", ErrDeadline, "words", true},
		{codes.Unauthenticated, "", ErrAccess, "words", false},
		{codes.PermissionDenied, "", ErrAccess, "words", false},
		{codes.Aborted, "A_NEW_REASON", nil, "words", false},
		{codes.Internal, "INTERNAL", nil, "words", false},
	} {
		failure := fromRPCError(withReason(test.code, test.reason), "s-1", nil)
		if failure.Code != test.code || failure.Reason != test.reason || !strings.HasPrefix(failure.Error(), test.text) {
			t.Errorf("%v %s: %+v", test.code, test.reason, failure)
		}
		for _, kind := range []error{
			ErrSessionNotFound, ErrSessionAlreadyExists, ErrStaleSession, ErrEventIDConflict, ErrInvalidRequest,
			ErrTooLarge, ErrExhausted, ErrUnavailable, ErrDeadline, ErrAccess, ErrUnreadableEvent,
		} {
			if errors.Is(failure, kind) != (kind == test.kind) {
				t.Errorf("%v %s is %v", test.code, test.reason, kind)
			}
		}
		if grpcstatus.Code(failure) != test.code || (test.reason != "" && failure.Metadata["key"] != "value") {
			t.Errorf("%v %s: %+v", test.code, test.reason, failure)
		}
		pause, again := pauseBeforeRetry(failure, 20)
		if again != test.again || (again && (pause < longestPause/2 || pause > longestPause)) {
			t.Errorf("%v %s: again %v after %v", test.code, test.reason, again, pause)
		}
	}
}

func TestDetailsOfErrors(t *testing.T) {
	failure := fromRPCError(rpcError(codes.ResourceExhausted,
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "key.app_name", Description: "is empty"},
		}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)},
		&errdetails.ErrorInfo{Reason: "SERVER_BUSY", Domain: "sessiond.dev", Metadata: map[string]string{"request_id": "r-1"}},
	), "", nil)
	if failure.Violations["key.app_name"] != "is empty" || failure.RetryDelay != 1500*time.Millisecond ||
		failure.RequestID != "r-1" || failure.Reason != "SERVER_BUSY" {
		t.Errorf("the error is %+v", failure)
	}
	if pause, _ := pauseBeforeRetry(failure, 0); pause != 1500*time.Millisecond {
		t.Errorf("the pause is %v", pause)
	}
	other := rpcError(codes.Aborted, &errdetails.ErrorInfo{Reason: "STALE_SESSION", Domain: "proxy.example"})
	failure = fromRPCError(other, "", metadata.Pairs("x-request-id", "r-2"))
	if failure.Reason != "" || errors.Is(failure, ErrStaleSession) || failure.RequestID != "r-2" {
		t.Errorf("a reason of another's is taken for ours: %+v", failure)
	}
}
